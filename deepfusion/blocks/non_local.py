"""The non-local block: every place looks at every other."""

from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.fusion.common import channel_map, check_inputs, reduced
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, BatchMatMul, Conv2D, Reshape, Transpose
from deepfusion.components.modules.activation_functions import Softmax


@block(Conv2D)
def non_local(ID: str, x: Data, reduction: int = 2, context: Data | None = None, **options: Any) -> Data:
    """`x + W softmax(theta(x)^T phi(c)) g(c)` over places (the embedded Gaussian form), c being x or another volume.

    Args:
        ID: Path of the block.
        x: Volume (1, C, ...).
        reduction: The inner width is C / reduction.
        context: Volume to look at, of any size and channels; x itself when not given.
        options: Further options of the 1x1 convolutions.

    Returns:
        Volume of the shape of x. 4 C m + 2 m + C parameters for an inner width m and no context.

    Reference: Wang et al., "Non-local neural networks" (CVPR 2018), equations 1, 4 and 6.

    Example:
        >>> non_local('nl', Data('x', (1, 8, 4, 4)))
        Data('nl/add_out', shape=(1, 8, 4, 4))
    """
    check_inputs(ID, [x])
    context = x if context is None else context
    width, places = reduced(ID, x.shape[1], reduction), x.shape[2:]

    def rows(name: str, source: Data) -> Data:
        # A bias of phi would add one number to a whole row of scores, which the softmax takes away again.
        y = channel_map(f'{ID}/{name}/map', source, width, bias=name != 'phi', **options)
        y = Reshape(f'{ID}/{name}/flat', [y], shape=(width, -1)).output
        return Transpose(f'{ID}/{name}/rows', [y], axes=(0, 2, 1)).output                    # (1, P, m)

    keys = Transpose(f'{ID}/keys', [rows('phi', context)], axes=(0, 2, 1)).output
    scores = BatchMatMul(f'{ID}/scores', [rows('theta', x), keys]).output                    # (1, P, Pc)
    weights = Softmax(f'{ID}/weights', [scores], axis=-1).output
    y = BatchMatMul(f'{ID}/gather', [weights, rows('g', context)]).output
    y = Transpose(f'{ID}/columns', [y], axes=(0, 2, 1)).output
    y = Reshape(f'{ID}/volume', [y], shape=(width, *places)).output
    return Add(f'{ID}/add', [x, channel_map(f'{ID}/out', y, x.shape[1], **options)]).output
