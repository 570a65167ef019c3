"""Scaled dot-product attention without parameters."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.attention.options import attend, attend_backward, check_masks, check_options
from deepfusion.components.modules.module import Module

Array = Any


class ScaledDotProductAttention(Module):
    """Each query takes the mean of the values, weighted by how well their keys fit it; inputs [q, k, v, masks ...].

    Forward: `S = scale q k^T + masks`, `P = softmax(S)` over the keys, `y = P v`.
    Backward: `dv = P^T dy`, `dS = P (dy v^T - sum dy y)`, `dq = scale dS k`, `dk = scale dS^T q`, `dmask = dS`.
    Shapes: q (B, Tq, d), k (B, Tk, d), v (B, Tk, e), y (B, Tq, e); or all with heads, (B, heads, T, d). Masks
    (B, Tk) hide keys, (B, Tq, Tk) keys from queries, (B, heads, Tq, Tk) from those of a head; axes may be 1.

    Args:
        causal: Whether query i sees keys 0 to i only.
        p_keep: In training, weights are kept with this probability and divided by it, else 0.
        block_size: Take that many queries and keys at a time, so that memory grows with the length and not with
            its square; slower. None takes all at once.
        scale: Factor of the scores, `1 / sqrt(d)` when None.

    Booleans (or integers) in a mask are true where a key may be seen; floats are added to the scores and get a
    derivative. A query that may see no key gives 0.

    Raises:
        ShapeError: The inputs do not fit one another.
        OptionError: p_keep or block_size is out of range.

    Reference: `torch.nn.functional.scaled_dot_product_attention`; Vaswani et al. 2017, "Attention is all you need",
    equation 1; in blocks Dao et al. 2022, "FlashAttention".

    Example:
        >>> x = Data('x', (1, 2, 1), val=[[[1.], [3.]]])
        >>> a = ScaledDotProductAttention('a', [x, x, x], causal=True)
        >>> a.forward()
        >>> a.output.val.round(3)
        array([[[1.   ],
                [2.995]]], dtype=float32)
    """

    different_at_train_test = True

    def __init__(self, ID: str, inputs: list[Data], output: Data | None = None, causal: bool = False,
                 p_keep: float = 1.0, block_size: int | None = None, scale: float | None = None) -> None:
        self.causal, self.p_keep, self.block_size, self.scale = causal, p_keep, block_size, scale
        super().__init__(ID, inputs, output)
        self.index_inputs = tuple(range(3, len(inputs)))

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        check_options(self)
        q, k, v = shapes[:3] if len(shapes) >= 3 else ((), (), ())
        if len(q) not in (3, 4) or not len(q) == len(k) == len(v) or q[-1] != k[-1] or k[-2] != v[-2] \
                or not q[1:-2] == k[1:-2] == v[1:-2]:
            raise self.shape_error('q (1, Tq, d), k (1, Tk, d), v (1, Tk, e), or all with an axis of heads after the '
                                   'first', f'shapes {list(shapes)}', 'Write inputs=[q, k, v].')
        check_masks(self, shapes, q[1] if len(q) == 4 else 1, q[-2], k[-2])
        return (*q[:-1], v[-1])

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        heads = values[0].ndim == 4
        q, k, v = (value if heads else value[:, None] for value in values[:3])
        scale = float(q.shape[-1] ** -0.5 if self.scale is None else self.scale)
        y, saved = attend(self, xp, q * scale, k, v, values[3:])
        return y if heads else y[:, 0], (saved, scale, heads)

    def differentiate(self, xp: Any, deriv: Array, *saved: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        inner, scale, heads = saved
        dq, dk, dv, d_masks = attend_backward(self, xp, deriv if heads else deriv[:, None], inner)
        dq *= scale
        derivs = (dq, dk, dv) if heads else (dq[:, 0], dk[:, 0], dv[:, 0])
        return (*derivs, *d_masks), {}
