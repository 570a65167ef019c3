"""Bilinear fusion: every product of a channel of one input with a channel of another."""

from typing import Any

import numpy as np

from deepfusion.components.data.data import Data
from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError
from deepfusion.utils.backend import as_array

Array = Any


class BilinearFusion(Module):
    """The outer product of two inputs' channels, averaged over places; or a compact sketch of it.

    Forward: `y = 1/P sum_p vec(a_p b_p^T)` over the P places of a volume (P = 1 for vectors). Compact, with fixed
        random signs R and S: `y_k = 1/(P sqrt(n)) sum_p (R a_p)_k (S b_p)_k`, whose inner products estimate those of
        the full form without bias.
    Backward: `da_p = 1/P dY b_p`, `db_p = 1/P dY^T a_p` with dY the derivative as a matrix; compact,
        `da_p = 1/(P sqrt(n)) R^T (dy * S b_p)`, and likewise db.
    Shapes: inputs [a, b], a (B, Ca, ...), b (B, Cb, ...) of one size; y (B, Ca Cb), compact (B, n).

    Args:
        compact: n, the width of the sketch; None for all Ca Cb products.
        seed: Fixes the random signs, which are neither learnt nor drawn from NumPy's global generator.

    Raises:
        ShapeError: The inputs are not two of one size.
        OptionError: The width is no whole number of at least 1.

    Reference: Lin, RoyChowdhury and Maji, "Bilinear CNN models for fine-grained visual recognition" (ICCV 2015),
        equation 1; Gao et al., "Compact bilinear pooling" (CVPR 2016), algorithm 1 (random Maclaurin).

    Example:
        >>> a, b = Data('a', (1, 2), val=[[1., 2.]]), Data('b', (1, 2), val=[[3., 4.]])
        >>> m = BilinearFusion('m', [a, b])
        >>> m.forward()
        >>> m.output.val
        array([[3., 4., 6., 8.]], dtype=float32)
    """

    state_names = ('R', 'S')

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, compact: int | None = None,
                 seed: int = 0) -> None:
        self.compact, self.seed = compact, seed
        super().__init__(ID, inputs, output)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        if len(shapes) != 2 or any(len(s) < 2 for s in shapes) or shapes[0][2:] != shapes[1][2:]:
            raise self.shape_error('two inputs (B, C, ...) of one size', list(shapes), 'Resize one of them first.')
        if self.compact is not None and (not isinstance(self.compact, int) or self.compact < 1):
            raise OptionError(f'{self!r}: expected compact to be a whole number of at least 1, or None; '
                              f'found {self.compact!r}.')
        return (1, self.compact or shapes[0][1] * shapes[1][1])

    def declare_parameters(self, *shapes: tuple[int, ...]) -> None:
        self.R: Array = None
        self.S: Array = None
        if self.compact is not None:
            rng = np.random.default_rng(self.seed)
            self.R, self.S = (as_array(rng.choice([-1.0, 1.0], (shape[1], self.compact))) for shape in shapes)

    def compute(self, xp: Any, a: Array, b: Array) -> tuple[Array, tuple[Any, ...]]:
        a, b, shapes = *(self._rows(x) for x in (a, b)), (a.shape, b.shape)         # (B, P, C)
        if self.R is None:
            y = a.swapaxes(1, 2) @ b / a.shape[1]
            return y.reshape(y.shape[0], -1), (a, b, shapes)
        a, b = a @ self.R, b @ self.S
        return (a * b).sum(axis=1) * self._scale(a), (a, b, shapes)

    def differentiate(self, xp: Any, deriv: Array, a: Array, b: Array, shapes: tuple[tuple[int, ...], ...]
                      ) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        if self.R is None:
            dY = deriv.reshape(deriv.shape[0], a.shape[2], b.shape[2]) / a.shape[1]
            da, db = b @ dY.swapaxes(1, 2), a @ dY
        else:
            deriv = deriv[:, None] * self._scale(a)
            da, db = (deriv * b) @ self.R.T, (deriv * a) @ self.S.T
        return tuple(self._volume(d, shape) for d, shape in zip((da, db), shapes, strict=True)), {}

    def _scale(self, rows: Array) -> float:
        return 1 / (rows.shape[1] * (self.compact or 1) ** 0.5)

    @staticmethod
    def _rows(x: Array) -> Array:
        return x.reshape(x.shape[0], x.shape[1], -1).swapaxes(1, 2)                # (B, C, ...) -> (B, P, C)

    @staticmethod
    def _volume(rows: Array, shape: tuple[int, ...]) -> Array:
        return rows.swapaxes(1, 2).reshape(rows.shape[0], *shape[1:])
