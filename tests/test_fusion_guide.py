"""The guide to fusion: every way and block has its section and its picture, and the numbers in its table are true."""

import re
from pathlib import Path

import pytest

from deepfusion.blocks import fuse
from deepfusion.blocks.fusion import WAYS
from deepfusion.components.data import Data
from deepfusion.components.net import Net

DOCS = Path(__file__).parents[1] / 'docs'
PAGE = (DOCS / 'fusion.md').read_text()
SECTIONS = dict(re.findall(r'^### (\w+)\n(.*?)(?=^##|\Z)', PAGE, flags=re.DOTALL | re.MULTILINE))
BLOCKS = ['align', 'feature_fusion', 'three_level_fusion', 'squeeze_excitation', 'effective_squeeze_excitation',
          'efficient_channel_attention', 'cbam', 'coordinate_attention', 'non_local', 'feature_pyramid',
          'path_aggregation', 'bidirectional_pyramid']


@pytest.mark.parametrize('name', [*WAYS, *BLOCKS])
def test_every_way_has_its_section(name):
    section = SECTIONS[name]
    assert f'![The graph of {name}](../assets/fusion/{name}.svg)' in section
    assert (DOCS / '..' / 'assets' / 'fusion' / f'{name}.svg').read_text().rstrip().endswith('</svg>')
    assert '```python' in section


def test_there_are_no_sections_of_what_is_not_there():
    assert sorted(SECTIONS) == sorted([*WAYS, *BLOCKS])


def test_parameter_counts_of_the_table():
    rows = dict(re.findall(r'^\| `(\w+)` \|[^|]*\| ([\d,]+) \|', PAGE.split('## Measured')[0], flags=re.MULTILINE))
    assert list(rows) == list(WAYS)
    for way, count in rows.items():
        net = Net('net', [fuse('f', [Data('x', (1, 64, 8, 8)), Data('y', (1, 64, 8, 8))], way=way)])
        assert net.parameter_count == int(count.replace(',', '')), way


def test_every_way_was_measured():
    (measured,) = re.findall(r'^<!-- measured -->$(.+)^<!-- /measured -->$', PAGE, flags=re.DOTALL | re.MULTILINE)
    assert sorted(re.findall(r'^\| `(\w+)` \|', measured, flags=re.MULTILINE)) == sorted(WAYS)
