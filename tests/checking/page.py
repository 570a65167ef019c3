"""The blocks of docs/writing_a_module.md, what they print, and the page with that put in.

Run as a script it writes the outputs into the page.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs' / 'writing_a_module.md'
MARK = '-- end of block --'
BLOCK = re.compile(r'^```(python|text)\n(.*?)^```', flags=re.DOTALL | re.MULTILINE)


def outputs(folder):
    """What each Python block prints, when all run in turn as `gate.py`."""
    blocks = [body for language, body in BLOCK.findall(PAGE.read_text()) if language == 'python']
    # On one line with a block's last one, so that line numbers are those of the blocks joined.
    (folder / 'gate.py').write_text('\n\n'.join(body.rstrip('\n') + f"\nprint('{MARK}')" for body in blocks))
    # Which rounding error is the largest depends on the order in which products add up, and that on the processor: so
    # OpenBLAS is to multiply as on one that all are at least.
    done = subprocess.run([sys.executable, '-W', 'error', 'gate.py'], cwd=folder, capture_output=True, text=True,
                          env={'PYTHONPATH': str(ROOT), 'PATH': '/usr/bin:/bin', 'OPENBLAS_CORETYPE': 'Nehalem'},
                          check=True, timeout=100)
    return [part.strip('\n') for part in done.stdout.split(MARK + '\n')[:-1]]


def shown():
    """What the page shows for each Python block: the next text block before any other Python block."""
    found = []
    for language, body in BLOCK.findall(PAGE.read_text()):
        if language == 'python':
            found.append('')
        else:
            found[-1] = body.strip('\n')
    return found


def write(folder):
    """Put the true outputs into the page."""
    left, block = outputs(folder), iter(())

    def fill(match):
        nonlocal block
        if match[1] == 'python':
            block = iter([left.pop(0)])
            return match[0]
        return f'```text\n{next(block)}\n```'

    PAGE.write_text(BLOCK.sub(fill, PAGE.read_text()))


if __name__ == '__main__':
    import tempfile
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
