"""The bidirectional feature pyramid, BiFPN: weighted, repeated."""

from collections.abc import Sequence
from typing import Any

from deepfusion.blocks.checks import block, check_count
from deepfusion.blocks.fusion.align import align
from deepfusion.blocks.fusion.common import check_inputs
from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D
from deepfusion.components.modules.activation_functions import SiLU
from deepfusion.components.modules.fusion import WeightedSum
from deepfusion.components.modules.normalizations import BatchNorm


@block(Conv2D)
def bidirectional_pyramid(ID: str, levels: Sequence[Data], filter_count: int = 64, repeats: int = 1,
                          learned: str = 'fast', down: str = 'max_pool', up: str = 'nearest', **options: Any
                          ) -> list[Data]:
    """From the deepest level up and back down, `repeats` times, every node a weighted sum and a separable convolution.

    Up: `t_i = f(w1 p_i + w2 up(t_{i+1}))`; down: `o_i = f(w1 p_i + w2 t_i + w3 down(o_{i-1}))`, the deepest
    `o_n = f(w1 p_n + w2 down(o_{n-1}))` and the shallowest `o_0 = t_0`; `f(z) = BN(conv1(depthwise3(silu(z))))`.

    Args:
        ID: Path of the block.
        levels: Volumes, shallow to deep, at least two.
        filter_count: C, channels of every output.
        repeats: How many such cells follow one another.
        learned: How weights are learnt, see `WeightedSum`.
        down, up: How levels are resized, see `align`.
        options: Further options of the convolutions.

    Returns:
        One volume per level, of its size and C channels. A cell of L levels has 2 (L - 1) nodes of C^2 + 12 C
        parameters each, and 5 L - 6 weights.

    Reference: Tan, Pang and Le, "EfficientDet: scalable and efficient object detection" (CVPR 2020), section 3.

    Example:
        >>> levels = [Data('a', (1, 8, 8, 8)), Data('b', (1, 16, 4, 4))]
        >>> [level.shape for level in bidirectional_pyramid('bifpn', levels, 4, repeats=2)]
        [(1, 4, 8, 8), (1, 4, 4, 4)]
    """
    levels = check_inputs(ID, levels, least=2)
    repeats = check_count(ID, repeats, 'repeats')
    entry = [BatchNorm(f'{ID}/enter{i}/norm', [Conv2D(f'{ID}/enter{i}/conv', [level], filter_size=1,
                                                      filter_count=filter_count, **options).output]).output
             if level.shape[1] != filter_count else level for i, level in enumerate(levels)]
    cell = _Cell(learned, down, up, options)
    for r in range(repeats):
        entry = cell.run(f'{ID}/cell{r}', entry)
    return entry


class _Cell:
    """One pass up and down, with its options."""

    def __init__(self, learned: str, down: str, up: str, options: dict[str, Any]) -> None:
        self.learned, self.down, self.up, self.options = learned, down, up, options

    def run(self, ID: str, levels: list[Data]) -> list[Data]:
        """The levels after one cell."""
        last = len(levels) - 1
        rising = {last: levels[last]}
        for i in range(last - 1, -1, -1):
            rising[i] = self.node(f'{ID}/up{i}', [levels[i], rising[i + 1]])
        outputs = [rising[0]]
        for i in range(1, last + 1):
            sources = [levels[i], outputs[-1]] if i == last else [levels[i], rising[i], outputs[-1]]
            outputs.append(self.node(f'{ID}/down{i}', sources))
        return outputs

    def node(self, ID: str, sources: list[Data]) -> Data:
        """`f` of the weighted sum of sources, at the first one's size."""
        aligned = align(f'{ID}/align', sources, to='first', down=self.down, up=self.up)
        z = WeightedSum(f'{ID}/sum', aligned, learned=self.learned).output
        z = SiLU(f'{ID}/silu', [z]).output
        channels = z.shape[1]
        z = Conv2D(f'{ID}/depthwise', [z], filter_size=3, filter_count=channels, padding=1, groups=channels, bias=False,
                   **self.options).output
        z = Conv2D(f'{ID}/pointwise', [z], filter_size=1, filter_count=channels, **self.options).output
        return BatchNorm(f'{ID}/norm', [z]).output
