"""What the documents show is true: every Python block of a page runs, top to bottom, in an empty folder."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]
NOT_RUN = {'design.md'}     # its example is a scheme


def blocks(page: Path) -> list[str]:
    return re.findall(r'^```python\n(.*?)^```', page.read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize('page', [p for p in PAGES if p.name not in NOT_RUN and blocks(p)], ids=lambda page: page.name)
def test_python_blocks_run(page, tmp_path):
    script = tmp_path / 'page.py'
    script.write_text('\n\n'.join(blocks(page)))
    result = subprocess.run([sys.executable, '-W', 'error', script.name], cwd=tmp_path, capture_output=True, text=True,
                            env={'PYTHONPATH': str(ROOT), 'MPLBACKEND': 'Agg', 'PATH': '/usr/bin:/bin',
                                 'HOME': str(tmp_path)}, timeout=120, check=False)
    assert result.returncode == 0, result.stderr[-3000:]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r'\]\(([^)#]+)\)', page.read_text()):
        if not target.startswith(('http:', 'https:')):
            assert (page.parent / target).exists(), f'{page.name} links to {target}, which is not there'


def test_quick_start_has_its_two_commands():
    section = (ROOT / 'README.md').read_text().split('## Quick start')[1].split('\n## ')[0]
    commands = re.findall(r'^```sh\n(.*?)^```', section, flags=re.DOTALL | re.MULTILINE)
    assert len(commands) == 2
    assert 'deepfusion train fusionnet' in commands[0]
    assert commands[1].rstrip().endswith('pytest')
