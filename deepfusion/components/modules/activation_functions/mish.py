"""Mish."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.functional.elementwise import elementwise

Array = Any

FAR = 40.0            # from here on tanh is 1 to all digits, while the square of the exponential is still finite


class Mish(Module):
    """Element-wise product of a number and the hyperbolic tangent of its softplus.

    Forward: `y = x tanh(log(1 + exp(x))) = x n / (n + 2)`, with `e = exp(x)` and `n = e (e + 2)`.
    Backward: `dx = dy (n / (n + 2) + 4 x e (1 + e) / (n + 2)^2)`.
    Shapes: y has the shape of x.

    Reference: Misra 2019, "Mish: a self regularized non-monotonic activation function", equation 1; `torch.nn.Mish`.

    Example:
        >>> m = Mish('m', [Data('x', (1, 2), val=[[-1e4, 1.]])])
        >>> m.forward()
        >>> m.output.val.round(4)
        array([[-0.    ,  0.8651]], dtype=float32)
    """

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None) -> None:
        super().__init__(ID, inputs, output)

    def output_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape

    def compute(self, xp: Any, x: Array) -> tuple[Array, tuple[Any, ...]]:
        def value(x: Array) -> Array:
            e = xp.exp(xp.minimum(x, FAR))
            n = e * (e + 2)
            return x * (n / (n + 2))

        return elementwise(value, x), (x,)

    def differentiate(self, xp: Any, deriv: Array, x: Array) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        def slope(d: Array, x: Array) -> Array:
            x = xp.minimum(x, FAR)
            e = xp.exp(x)
            n = e * (e + 2)
            r = 1 / (n + 2)
            return d * (n * r + x * (4 * (e * r) * ((1 + e) * r)))

        return (elementwise(slope, deriv, x),), {}
