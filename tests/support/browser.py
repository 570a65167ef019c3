"""A headless Chromium driven over a pipe by its DevTools protocol: enough to open a page, click, type and look."""

from __future__ import annotations

import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

PROGRAMS = ('chromium', 'chromium-browser', 'google-chrome', 'chrome')
TIME_LIMIT = 30.0


def find_browser() -> str | None:
    """The path of a Chromium, or None."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


class Browser:
    """One browser with one page. Everything it asks the network for, and every message, is kept.

    Attributes:
        requests: the addresses that pages asked for.
        complaints: console errors, warnings and uncaught exceptions.
        dialogs: what alert, confirm or prompt said; nothing should.
    """

    def __init__(self, folder: Path) -> None:
        program = find_browser()
        if program is None:
            raise RuntimeError('no Chromium here')
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        self.commands, self.answers = -1, -1
        arguments = [program, '--headless=new', '--no-sandbox', '--disable-gpu', '--remote-debugging-pipe',
                     f'--user-data-dir={folder / "profile"}', '--no-first-run', '--disable-background-networking',
                     '--disable-component-update', '--disable-dev-shm-usage', '--window-size=1200,900', 'about:blank']
        self.process = self._start(arguments)
        self.buffer, self.count, self.loaded = b'', 0, 0
        self.session: str | None = None
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _start(self, arguments: list[str]) -> subprocess.Popen[bytes]:
        """Start the program with pipes at its descriptors 3 and 4, where it expects commands and gives answers."""
        read_commands, self.commands = os.pipe()
        self.answers, write_answers = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (read_commands, write_answers)]
        launch = ('import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); '
                  'os.execv(sys.argv[3], sys.argv[3:])')
        process = subprocess.Popen([sys.executable, '-c', launch, *map(str, ends), *arguments], pass_fds=ends,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in (*ends, read_commands, write_answers):
            os.close(end)
        return process

    def _attach(self) -> None:
        target = next(info for info in self.call('Target.getTargets')['targetInfos'] if info['type'] == 'page')
        self.session = self.call('Target.attachToTarget', targetId=target['targetId'], flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Network', 'Log'):
            self.call(f'{domain}.enable')

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the browser."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.commands)
        os.close(self.answers)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self.count += 1
        message: dict[str, Any] = {'id': self.count, 'method': method, 'params': parameters}
        if self.session is not None:
            message['sessionId'] = self.session
        os.write(self.commands, json.dumps(message).encode() + b'\0')
        number = self.count
        while True:
            answer = self._next()
            if answer.get('id') == number:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + TIME_LIMIT
        while b'\0' not in self.buffer:
            if not select.select([self.answers], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError('the browser does not answer')
            chunk = os.read(self.answers, 1 << 16)
            if not chunk:
                raise RuntimeError('the browser has ended')
            self.buffer += chunk
        text, self.buffer = self.buffer.split(b'\0', 1)
        message = json.loads(text)
        self._note(message)
        return message

    def _note(self, message: dict[str, Any]) -> None:
        method, details = message.get('method'), message.get('params', {})
        if method == 'Network.requestWillBeSent':
            self.requests.append(details['request']['url'])
        elif method == 'Runtime.exceptionThrown':
            self.complaints.append(json.dumps(details['exceptionDetails']))
        elif method == 'Runtime.consoleAPICalled' and details['type'] in ('error', 'warning', 'assert'):
            self.complaints.append(json.dumps(details['args']))
        elif method == 'Log.entryAdded' and details['entry']['level'] in ('error', 'warning'):
            self.complaints.append(details['entry']['text'])
        elif method == 'Page.javascriptDialogOpening':
            self.dialogs.append(details['message'])
        elif method == 'Page.loadEventFired':
            self.loaded += 1

    # -- What a person does --------------------------------------------------------------------------------------

    def open(self, path: Path) -> float:
        """Open a file and wait until it is ready; returns the seconds that took."""
        start, before = time.monotonic(), self.loaded
        self.call('Page.navigate', url=path.resolve().as_uri())
        while self.loaded == before:
            self._next()
        while self.evaluate('document.documentElement.dataset.ready') != 'true':
            if time.monotonic() - start > TIME_LIMIT:
                raise TimeoutError(f'the page is not ready: {self.complaints}')
            time.sleep(0.02)
        return time.monotonic() - start

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True)
        if 'exceptionDetails' in answer:
            raise RuntimeError(json.dumps(answer['exceptionDetails']))
        return answer['result'].get('value')

    def click(self, x: float, y: float, count: int = 1) -> None:
        """Press and release the mouse, once or twice."""
        for number in range(1, count + 1):
            for kind in ('mousePressed', 'mouseReleased'):
                self.call('Input.dispatchMouseEvent', type=kind, x=x, y=y, button='left', clickCount=number)

    def click_on(self, selector: str, count: int = 1) -> None:
        """Click in the middle of the first element that a selector finds."""
        element = f'document.querySelector({json.dumps(selector)})'
        box = self.evaluate(f'(() => {{ const b = {element}.getBoundingClientRect();'
                            ' return [b.x + b.width / 2, b.y + b.height / 2]; })()')
        self.click(*box, count)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call('Input.insertText', text=text)

    def press(self, key: str) -> None:
        """Press a key by its name: 'Enter', 'ArrowDown', '/', ..."""
        text = {'Enter': '\r'}.get(key, key if len(key) == 1 else '')
        code = {'Enter': 13, 'Escape': 27, 'Tab': 9}.get(key, 0)
        for kind in ('keyDown', 'keyUp'):
            self.call('Input.dispatchKeyEvent', type=kind, key=key, text=text if kind == 'keyDown' else '',
                      windowsVirtualKeyCode=code)
