"""Every module and block is documented in parts, tested by a declaration, and stands on docs/modules.md."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import deepfusion.blocks
from deepfusion.catalogue import GROUPS, LEARNING_OPTIONS, entries, page
from deepfusion.cli import cli
from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D, Module
from tests.checking.every_module import every_case

ROOT = Path(__file__).parents[1]
ENTRIES = entries()
MODULES = [entry for entry in ENTRIES if entry.group != 'blocks']
BLOCKS = [entry for entry in ENTRIES if entry.group == 'blocks']


def name(entry):
    return f'{entry.group}.{entry.name}'


def test_every_exported_module_and_block_is_listed():
    places = [import_module('deepfusion.components.modules'),
              *(import_module(f'deepfusion.components.modules.{group}') for group in GROUPS
                if group not in ('modules', 'blocks'))]
    exported = {item for place in places for item in vars(place).values()
                if inspect.isclass(item) and issubclass(item, Module)} - {Module}
    assert {entry.item for entry in MODULES} == exported
    assert {entry.name for entry in MODULES} >= {'MatMul', 'Conv2D', 'Relu', 'LSTM', 'BatchNorm', 'CrossEntropyLoss'}
    wiring = {item for item in vars(deepfusion.blocks).values() if inspect.isfunction(item)}
    assert {entry.item for entry in BLOCKS} == wiring
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES), 'a name should lead to one entry'


@pytest.mark.parametrize('entry', ENTRIES, ids=name)
def test_docstring_has_its_parts(entry):
    needed = ['Args', 'Example'] if entry.group == 'blocks' else [
        'Forward', 'Backward', 'Shapes', *(['Args'] if entry.options else []), 'Reference', 'Example']
    assert entry.summary, 'the first sentence is missing'
    assert [part for part in needed if not entry.parts.get(part)] == []
    assert '>>> ' in entry.parts['Example']


@pytest.mark.parametrize('entry', ENTRIES, ids=name)
def test_every_option_is_explained(entry):
    explained = {word for line in re.sub(r'\n\s+', ' ', entry.parts.get('Args', '')).splitlines()
                 for word in line.partition(':')[0].split(', ')}
    assert [option for option in entry.options if option not in explained] == [] or entry.group == 'blocks'
    given = set(entry.options) | LEARNING_OPTIONS | {'ID', 'inputs', 'output'}
    assert explained <= given, 'an option is explained that it does not take'


def built_classes():
    state = np.random.get_state()
    built = {type(case.build([Data(f'x{i}', shape) for i, shape in enumerate(case.shapes)]))
             for _, case in every_case()}
    np.random.set_state(state)
    return built


def test_every_module_has_a_test_declaration():
    built = built_classes()
    assert [name(entry) for entry in MODULES if entry.item not in built] == []


def test_every_block_is_built_by_a_test():
    called = {node.func.id for path in (ROOT / 'tests' / 'blocks').glob('test_*.py')
              for node in ast.walk(ast.parse(path.read_text()))
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert [entry.name for entry in BLOCKS if entry.name not in called] == []


def test_the_page_is_up_to_date():
    there = (ROOT / 'docs' / 'modules.md').read_text()
    assert there == page(), 'docs/modules.md is old: run `deepfusion modules --page > docs/modules.md`'
    assert [entry.name for entry in ENTRIES if f'\n### {entry.name}\n' not in there] == []


def test_the_pages_links_lead_to_its_headings():
    """By GitHub's rule: lower case, and numbers for those that are there already."""
    headings, anchors = re.findall(r'^#+ (.*)$', page(), flags=re.MULTILINE), []
    for heading in headings:
        slug = re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-')
        earlier = sum(re.fullmatch(re.escape(slug) + r'(-\d+)?', other) is not None for other in anchors)
        anchors.append(f'{slug}-{earlier}' if earlier else slug)
    links = re.findall(r'\]\(#([^)]*)\)', page())
    assert len(set(links)) == len(links) == len(ENTRIES)
    assert set(links) <= set(anchors)


def test_calls_show_options_and_leave_those_of_learning_away():
    calls = {entry.name: entry.call for entry in ENTRIES}
    assert calls['Relu'] == 'Relu(ID, inputs, output=None)'
    assert calls['MatMul'].startswith("MatMul(ID, inputs, output=None, weight_init_type='He'")
    assert 'learning_rate' not in calls['MatMul']
    assert calls['fuse'].endswith(', **options)')
    assert 'hidden_size=0, layers=1' in calls['LSTM'], 'options that a base class takes belong to the call'
    assert 'cells=False' in calls['LSTM']
    assert 'activation=Relu' in calls['transformer_encoder_layer']


def test_options_of_a_family_are_told_for_each_member():
    entry = next(entry for entry in ENTRIES if entry.item is Conv2D)
    assert inspect.getdoc(Conv2D).count('Args: see `Convolution`.') == 1
    assert entry.parts['Args'].startswith('filter_size: ')


def run(*arguments):
    return CliRunner().invoke(cli, ['modules', *arguments], env={'COLUMNS': '120'})


def test_the_command_lists_everything():
    result = run()
    assert result.exit_code == 0
    first_words = {line.split()[0] for line in result.output.splitlines() if line.strip()}
    assert {entry.name for entry in ENTRIES} <= first_words
    assert 'Inputs joined along an axis' in result.output


def test_the_command_shows_one():
    result = run('Concat')
    assert result.exit_code == 0
    for words in ('Concat(ID, inputs, output=None, axis=1)', 'from deepfusion.components.modules import Concat',
                  'y = [x1, x2, ..., xn]', 'ShapeError', 'torch.cat', ">>> c = Concat('c'"):
        assert words in result.output
    blocks = run('fuse')
    assert 'from deepfusion.blocks import fuse' in blocks.output


def test_unknown_names_are_answered_with_near_ones():
    result = run('Conv2d')
    assert result.exit_code == 2
    assert "No module or block is called 'Conv2d'. Did you mean 'Conv2D'" in result.output


def test_the_command_prints_the_page():
    assert run('--page').output == page()
