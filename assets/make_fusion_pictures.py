"""Draw the graphs of docs/fusion.md, one small SVG for each way to fuse and each block, with the framework itself.

Run: python assets/make_fusion_pictures.py
"""

from collections.abc import Callable
from pathlib import Path

from deepfusion import blocks
from deepfusion.blocks.fusion import WAYS
from deepfusion.components.data import Data
from deepfusion.components.net import Net

FOLDER = Path(__file__).parent / 'fusion'
PAIRS = {'bilinear', 'compact_bilinear'}
LONG = {'cbam', 'coordinate_attention', 'selective_kernel', 'non_local', 'attention', 'channel_softmax',
        'path_aggregation'}                             # these are broken into rows
# Branches that are all alike are closed: what happens between them is what matters.
CLOSED = {'aff': ('aff/local', 'aff/global'),
          'iaff': ('iaff/first/local', 'iaff/first/global', 'iaff/second/local', 'iaff/second/global'),
          'path_aggregation': ('pan/fpn',)}


def levels() -> list[Data]:
    """Three levels of a backbone."""
    return [Data('c3', (1, 64, 16, 16)), Data('c4', (1, 128, 8, 8)), Data('c5', (1, 256, 4, 4))]


def alike(count: int = 2) -> list[Data]:
    """Inputs of one shape, so that a way is seen without the alignment in front of it."""
    return [Data('xyz'[i], (1, 64, 8, 8)) for i in range(count)]


BLOCKS: dict[str, Callable[[], Data | list[Data]]] = {
    'align': lambda: blocks.align('align', levels(), width=64, to='smallest', down='max_pool', relu=True),
    'feature_fusion': lambda: blocks.feature_fusion('fuse', alike(), 32, strides=(1,)),
    'three_level_fusion': lambda: blocks.three_level_fusion('fuse', levels()),
    'squeeze_excitation': lambda: blocks.squeeze_excitation('se', alike()[0]),
    'effective_squeeze_excitation': lambda: blocks.effective_squeeze_excitation('ese', alike()[0]),
    'efficient_channel_attention': lambda: blocks.efficient_channel_attention('eca', alike()[0]),
    'cbam': lambda: blocks.cbam('cbam', alike()[0]),
    'coordinate_attention': lambda: blocks.coordinate_attention('ca', alike()[0]),
    'non_local': lambda: blocks.non_local('nl', alike()[0]),
    'feature_pyramid': lambda: blocks.feature_pyramid('fpn', levels(), 64, flow='before'),
    'path_aggregation': lambda: blocks.path_aggregation('pan', levels(), 64),
    'bidirectional_pyramid': lambda: blocks.bidirectional_pyramid('bifpn', levels(), 64),
}


def way(name: str) -> Callable[[], Data]:
    """How a way of `fuse` is built: two inputs where it is a matter of pairs, or where three would be a thicket."""
    few = name in PAIRS | {'aff', 'iaff', 'gmu', 'attention', 'selective_kernel'}
    return lambda: blocks.fuse(name, alike(2 if few else 3), way=name)


def main() -> None:
    """Draw everything."""
    FOLDER.mkdir(exist_ok=True)
    for name, build in ({name: way(name) for name in WAYS} | BLOCKS).items():
        result = build()
        roots = result if isinstance(result, list) else [result]
        Net(name, roots).visualize(FOLDER / f'{name}.svg', show=('shapes',), legend=False, engine='own',
                                   wrap=True if name in LONG else None, collapse=CLOSED.get(name, ()),
                                   depth=3 if name == 'bidirectional_pyramid' else None)


if __name__ == '__main__':
    main()
