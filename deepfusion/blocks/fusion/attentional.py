"""Attentional feature fusion, once and iterated."""

from collections.abc import Sequence
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.fusion.common import check_inputs, check_same_shape, map_norm, pooled, reduced
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Conv2D
from deepfusion.components.modules.activation_functions import Sigmoid
from deepfusion.components.modules.fusion import Lerp


@block(Conv2D)
def attentional_fusion(ID: str, inputs: Sequence[Data], reduction: int = 4, **options: Any) -> Data:
    """AFF: `2 (w x + (1 - w) y)` with `w = sigmoid(L(x + y) + G(x + y))`; more inputs are fused one after another.

    L and G are `BN(conv1(ReLU(BN(conv1(.)))))` through C / reduction channels, L at each place, G on the average.

    Args:
        ID: Path of the block.
        inputs: Two or more Data of one shape.
        reduction: r; the inner width is c' = C / r.
        options: Further options of the maps.

    Returns:
        Data of that shape. 2 (2 C c' + 3 c' + 3 C) parameters for two inputs.

    Reference: Dai et al., "Attentional feature fusion" (WACV 2021), equation 3; the factor 2 is of their code.

    Example:
        >>> attentional_fusion('aff', [Data('x', (1, 8, 4, 4)), Data('y', (1, 8, 4, 4))])
        Data('aff/fused_out', shape=(1, 8, 4, 4))
    """
    return _fold(ID, inputs, lambda path, x, y: _fuse(path, x, y, reduction, options))


@block(Conv2D)
def iterative_attentional_fusion(ID: str, inputs: Sequence[Data], reduction: int = 4, **options: Any) -> Data:
    """iAFF: AFF whose first result takes the place of the sum x + y that the second attention looks at.

    `z = w1 x + (1 - w1) y`, `w1` from x + y; the result is `w2 x + (1 - w2) y`, `w2` from z, by attention branches of
    their own.

    Args:
        ID: Path of the block.
        inputs: Two or more Data of one shape.
        reduction: r; the inner width is c' = C / r.
        options: Further options of the maps.

    Returns:
        Data of that shape. 4 (2 C c' + 3 c' + 3 C) parameters for two inputs, all of which learn.

    Reference: Dai et al., "Attentional feature fusion" (WACV 2021), equation 4. Their code uses the first global branch
        twice and never the second; here both are used.

    Example:
        >>> iterative_attentional_fusion('iaff', [Data('x', (1, 8, 4, 4)), Data('y', (1, 8, 4, 4))])
        Data('iaff/second/fused_out', shape=(1, 8, 4, 4))
    """
    def fuse(path: str, x: Data, y: Data) -> Data:
        first = Lerp(f'{path}/first/fused', [y, x, _attention(f'{path}/first', _sum(path, x, y), reduction, options)])
        second = _attention(f'{path}/second', first.output, reduction, options)
        return Lerp(f'{path}/second/fused', [y, x, second]).output

    return _fold(ID, inputs, fuse)


def _fold(ID: str, inputs: Sequence[Data], fuse: Any) -> Data:
    inputs = check_inputs(ID, inputs, least=2)
    check_same_shape(ID, inputs)
    fused = inputs[0]
    for i, x in enumerate(inputs[1:]):
        fused = fuse(ID if len(inputs) == 2 else f'{ID}/step{i}', fused, x)
    return fused


def _fuse(ID: str, x: Data, y: Data, reduction: int, options: dict[str, Any]) -> Data:
    return Lerp(f'{ID}/fused', [y, x, _attention(ID, _sum(ID, x, y), reduction, options)], factor=2.0).output


def _sum(ID: str, x: Data, y: Data) -> Data:
    return Add(f'{ID}/sum', [x, y]).output


def _attention(ID: str, x: Data, reduction: int, options: dict[str, Any]) -> Data:
    """The weight of the first input, from local and global context."""
    width = reduced(ID, x.shape[1], reduction)

    def branch(name: str, source: Data) -> Data:
        y = map_norm(f'{ID}/{name}/reduce', source, width, relu=True, **options)
        return map_norm(f'{ID}/{name}/expand', y, x.shape[1], **options)

    both = [branch('local', x), branch('global', pooled(f'{ID}/global/pool', x, keepdims=True))]
    return Sigmoid(f'{ID}/weight', [Add(f'{ID}/context', both).output]).output
