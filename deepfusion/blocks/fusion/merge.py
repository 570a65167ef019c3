"""Merging inputs of one size, in any way by name."""

from collections.abc import Callable, Sequence
from typing import Any

from deepfusion.blocks.checks import block, made_by
from deepfusion.blocks.fusion.common import channel_map, check_inputs, check_same_shape
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Concat, Conv2D, Multiply, activation_functions
from deepfusion.components.modules.fusion import BilinearFusion, Maximum, WeightedSum
from deepfusion.errors import OptionError
from deepfusion.utils.names import look_up

Then = str | Callable[[str, Data], Data] | None


def finish(ID: str, x: Data, then: Then) -> Data:
    """phi of `phi(w1 F1 + ... + wn Fn)`: nothing, an activation by its class's name, or a function of ID and Data."""
    if then is None:
        return x
    if callable(then):
        return made_by(ID, 'then', then, f'{ID}/then', x)
    known = {name: item for name, item in vars(activation_functions).items() if isinstance(item, type)}
    return look_up(then, known, f"activation in block '{ID}'")(f'{ID}/then', [x]).output


@block(Conv2D)
def concatenate(ID: str, inputs: Sequence[Data], width: int | None = None, axis: int = 1, then: Then = None,
                **options: Any) -> Data:
    """Inputs side by side on the channels (or another axis), then mapped to `width` channels when that is given.

    Args:
        ID: Path of the block.
        inputs: Data of one size; channels may differ (axis 1).
        width: Channels behind a 1x1 convolution (for vectors, a MatMul): n C width + width parameters.
        axis: 1 for channels, 2 and more for space.
        then: What follows: the name of an activation, or a function of an ID and a Data.
        options: Further options of the map.

    Example:
        >>> concatenate('cat', [Data('x', (1, 8, 4, 4)), Data('y', (1, 4, 4, 4))], width=6)
        Data('cat/map_out', shape=(1, 6, 4, 4))
    """
    y = Concat(f'{ID}/concat', check_inputs(ID, inputs), axis=axis).output
    return finish(ID, y if width is None else channel_map(f'{ID}/map', y, width, **options), then)


@block()
def add(ID: str, inputs: Sequence[Data], then: Then = None) -> Data:
    """`phi(x1 + ... + xn)`.

    Args:
        ID: Path of the block.
        inputs: Data of one shape.
        then: phi, see `concatenate`.

    Example:
        >>> add('sum', [Data('x', (1, 8, 4, 4)), Data('y', (1, 8, 4, 4))], then='Relu')
        Data('sum/then_out', shape=(1, 8, 4, 4))
    """
    check_same_shape(ID, check_inputs(ID, inputs))
    return finish(ID, Add(f'{ID}/add', list(inputs)).output, then)


@block(WeightedSum)
def weighted_sum(ID: str, inputs: Sequence[Data], learned: str = 'softmax', weights: Sequence[float] | None = None,
                 then: Then = None, **options: Any) -> Data:
    """`phi(w1 x1 + ... + wn xn)` with one number per input.

    Args:
        ID: Path of the block.
        inputs: Data of one shape.
        learned: 'no' (as given), 'free', 'softmax', or 'fast' (BiFPN's fast normalized weights).
        weights: Where they start, or stay; all 1 when not given.
        then: phi, see `concatenate`.
        options: Further options of WeightedSum.

    Reference: Tan, Pang and Le, "EfficientDet" (CVPR 2020), section 3.3.

    Example:
        >>> weighted_sum('w', [Data('x', (1, 8, 4, 4)), Data('y', (1, 8, 4, 4))], learned='fast')
        Data('w/weighted_out', shape=(1, 8, 4, 4))
    """
    check_same_shape(ID, check_inputs(ID, inputs))
    _check_weights(ID, weights)
    y = WeightedSum(f'{ID}/weighted', list(inputs), weights=weights, learned=learned, **options).output
    return finish(ID, y, then)


def _check_weights(ID: str, weights: Sequence[float] | None) -> None:
    try:
        [float(weight) for weight in (() if weights is None else weights)]
    except (TypeError, ValueError):
        raise OptionError(f"Block '{ID}': expected weights to be a list of numbers, one for each input; found "
                          f'{weights!r:.60}. Write weights=[1, 2].') from None


@block()
def multiply(ID: str, inputs: Sequence[Data], then: Then = None) -> Data:
    """`phi(x1 * ... * xn)`, entry by entry.

    Args:
        ID: Path of the block.
        inputs: Data of one shape.
        then: phi, see `concatenate`.

    Example:
        >>> multiply('product', [Data('x', (1, 8)), Data('y', (1, 8))])
        Data('product/multiply_out', shape=(1, 8))
    """
    check_same_shape(ID, check_inputs(ID, inputs))
    return finish(ID, Multiply(f'{ID}/multiply', list(inputs)).output, then)


@block()
def maximum(ID: str, inputs: Sequence[Data], then: Then = None) -> Data:
    """`phi(max(x1, ..., xn))`, entry by entry.

    Args:
        ID: Path of the block.
        inputs: Data of one shape.
        then: phi, see `concatenate`.

    Example:
        >>> maximum('max', [Data('x', (1, 8)), Data('y', (1, 8))])
        Data('max/maximum_out', shape=(1, 8))
    """
    check_same_shape(ID, check_inputs(ID, inputs))
    return finish(ID, Maximum(f'{ID}/maximum', list(inputs)).output, then)


@block()
def bilinear(ID: str, inputs: Sequence[Data], compact: int | None = None, then: Then = None) -> Data:
    """The outer product of two inputs' channels, averaged over places: a vector.

    Args:
        ID: Path of the block.
        inputs: Two Data of one size; channels may differ.
        compact: Width of a random sketch in place of all products.
        then: What follows, see `concatenate`.

    Returns:
        Vector (1, C1 C2), or (1, compact).

    Reference: see `BilinearFusion`.

    Example:
        >>> bilinear('b', [Data('x', (1, 8, 4, 4)), Data('y', (1, 3, 4, 4))])
        Data('b/bilinear_out', shape=(1, 24))
    """
    inputs = check_inputs(ID, inputs, least=2, most=2)
    return finish(ID, BilinearFusion(f'{ID}/bilinear', inputs, compact=compact).output, then)
