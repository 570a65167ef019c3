"""The wheel is built, installed into a fresh environment, and used from elsewhere."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / 'deepfusion'
CACHES = ('__pycache__', '.mypy_cache', '.ruff_cache')


def run(*command, cwd):
    """Standard output of a command that must succeed, run with nothing of ours on the path."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(('PYTHON', 'DEEPFUSION'))}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """The wheel, built from a copy of the sources so that nothing is left among them."""
    folder = tmp_path_factory.mktemp('build')
    source = folder / 'source'
    shutil.copytree(PACKAGE, source / 'deepfusion', ignore=shutil.ignore_patterns(*CACHES))
    for name in ('setup.cfg', 'pyproject.toml', 'README.md', 'LICENSE', 'MANIFEST.in'):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source)
    # Without isolation where a setuptools is there that makes wheels by itself: quicker, and without the network
    is_new = importlib.util.find_spec('setuptools') and int(metadata.version('setuptools').split('.')[0]) > 70
    here = ['--no-build-isolation'] if is_new else []
    run(sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps', *here, '-w', folder, source, cwd=folder)
    built, = folder.glob('deepfusion-*.whl')
    return built


@pytest.fixture(scope='module')
def python(wheel, tmp_path_factory):
    """The interpreter of a fresh environment that holds the wheel and, by reference, what it depends on."""
    folder = tmp_path_factory.mktemp('fresh')
    venv.create(folder, with_pip=False)
    interpreter = folder / ('Scripts' if os.name == 'nt' else 'bin') / 'python'
    site, = [Path(line) for line in run(interpreter, '-c', 'import site; print(*site.getsitepackages(), sep="\\n")',
                                        cwd=folder).split('\n') if line]
    (site / 'dependencies.pth').write_text('\n'.join({sysconfig.get_path('purelib'), sysconfig.get_path('platlib'),
                                                      str(Path(np.__file__).parent.parent)}))
    run(sys.executable, '-m', 'pip', '--python', interpreter, 'install', '--quiet', '--no-deps', '--no-index', wheel,
        cwd=folder)
    return interpreter


def test_the_wheel_holds_every_file_of_the_package_and_no_other(wheel):
    ours = {str(path.relative_to(ROOT)) for path in PACKAGE.rglob('*')
            if path.is_file() and not set(CACHES) & set(path.parts)}
    with zipfile.ZipFile(wheel) as content:
        held = {name for name in content.namelist() if '.dist-info/' not in name}
    assert held == ours
    assert 'deepfusion/py.typed' in held
    assert any(name.startswith('deepfusion/datasets/files/') for name in held)


def test_the_wheel_names_its_dependencies_without_exact_pins(wheel):
    with zipfile.ZipFile(wheel) as content:
        metadata, = (content.read(name).decode() for name in content.namelist() if name.endswith('/METADATA'))
    wanted = [line.removeprefix('Requires-Dist: ') for line in metadata.splitlines()
              if line.startswith('Requires-Dist')]
    assert any(line.startswith('numpy') for line in wanted)
    assert not [line for line in wanted if '==' in line.split(';')[0]]
    extras = {line.removeprefix('Provides-Extra: ') for line in metadata.splitlines()
              if line.startswith('Provides-Extra')}
    assert {'gpu', 'visualization', 'test', 'dev', 'all'} <= extras
    assert 'Requires-Python: >=3.11' in metadata


def test_the_installed_package_works_elsewhere(python, tmp_path):
    program = '''
import deepfusion, pathlib, sys
from deepfusion.datasets import digits
home = pathlib.Path(deepfusion.__file__).parent
print(home.is_relative_to(sys.prefix), (home / 'py.typed').exists(), digits())
'''
    inside, typed, _ = run(python, '-W', 'error', '-c', program, cwd=tmp_path).split(maxsplit=2)
    assert (inside, typed) == ('True', 'True')
    assert list(tmp_path.iterdir()) == []


def test_the_command_line_is_installed(python, tmp_path):
    said = run(python.parent / 'deepfusion', '--help', cwd=tmp_path)
    assert 'train' in said
    assert run(python, '-m', 'deepfusion', '--help', cwd=tmp_path).count('train') == said.count('train')
