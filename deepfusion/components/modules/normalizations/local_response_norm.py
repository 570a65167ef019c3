"""Local response normalization."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.normalizations.options import check_channels
from deepfusion.components.modules.numbers import check_number
from deepfusion.errors import OptionError
from deepfusion.functional.local_response import neighbour_sum

Array = Any


class LocalResponseNorm(Module):
    """Divides each channel by a power of the mean square of the channels around it, at the same place.

    Forward: `y_c = x_c / d_c^beta`, `d_c = k + alpha / size sum_j x_j^2`, j running over the `size` channels from
    c - size // 2 on; channels that are not there count as 0.
    Backward: `dx_c = dy_c / d_c^beta - 2 alpha beta / size x_c sum_i dy_i y_i / d_i`, over the i whose sums hold c.
    Shapes: x and y (B, C), (B, C, L), (B, C, H, W) or (B, C, D, H, W).

    Args:
        size: How many neighbouring channels are summed.
        alpha, beta, k: The constants of the formula.

    Raises:
        OptionError: size is no whole number of at least 1, or k is not positive.
        ShapeError: The input's rank is not 2 to 5.

    Reference: Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural
    networks", section 3.3; `torch.nn.LocalResponseNorm`.

    Example:
        >>> norm = LocalResponseNorm('n', [Data('x', (1, 3), val=[[1., 2., 3.]])], size=1, alpha=1., beta=1.)
        >>> norm.forward()
        >>> norm.output.val
        array([[0.5, 0.4, 0.3]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, size: int = 5, alpha: float = 1e-4,
                 beta: float = 0.75, k: float = 1.0) -> None:
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise OptionError(f'{self!r}: expected size to be an integer of at least 1; found {self.size!r}. '
                              'The usual 5 is the default.')
        check_number(self, 'k', 'The usual 1.0 is the default.', above=0)
        check_number(self, 'alpha', 'The usual 1e-4 is the default.', least=0)
        check_number(self, 'beta', 'The usual 0.75 is the default.')
        check_channels(self, shape, most=5)
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        ratio, before = self.alpha / self.size, self.size // 2
        divisor = self.k + ratio * neighbour_sum(x * x, before, self.size - 1 - before)
        factor = divisor ** -self.beta
        return x * factor, (x, factor, divisor)

    def differentiate(self, xp: Any, deriv: Array, x: Array, factor: Array, divisor: Array
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        before, direct = self.size // 2, deriv * factor
        met = neighbour_sum(direct * x / divisor, self.size - 1 - before, before)
        return (direct - (2 * self.alpha * self.beta / self.size) * x * met,), {}
