"""The axes of every example in another order."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.axes import check_integers
from deepfusion.components.modules.module import Module

Array = Any


class Transpose(Module):
    """Reorders axes; the batch stays first.

    Forward: axis i of y is axis `axes[i]` of x.
    Backward: the inverse order of axes, applied to `dy`.
    Shapes: x (B, d1, ..., dn), y (B, ...), the sizes in the new order.

    Args:
        axes: The new order, beginning with 0 (the batch). The others in reverse when not given.

    Raises:
        ShapeError: The axes are not an order of those of the input, or do not begin with the batch.

    Reference: `torch.permute`.

    Example:
        >>> t = Transpose('t', [Data('x', (1, 2, 3))], axes=(0, 2, 1))
        >>> t.output.shape
        (1, 3, 2)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None,
                 axes: tuple[int, ...] | None = None) -> None:
        self.axes = axes
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        rank = len(shape)
        self._order = (0, *range(rank - 1, 0, -1)) if self.axes is None else tuple(
            axis + rank if axis < 0 else axis for axis in check_integers(self, 'axes'))
        if sorted(self._order) != list(range(rank)) or self._order[0]:
            raise self.shape_error(f'axes to be an order of {tuple(range(rank))} that begins with 0', self.axes,
                                   f"The shape of '{self.inputs[0].ID}' is {shape}.")
        return tuple(shape[axis] for axis in self._order)

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        return x.transpose(self._order), ()

    def differentiate(self, xp: Any, deriv: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        order = self._order
        return (deriv.transpose(sorted(range(len(order)), key=order.__getitem__)),), {}
