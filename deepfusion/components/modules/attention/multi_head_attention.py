"""Multi-head attention."""

from typing import Any

from deepfusion.components.data.data import Data
from deepfusion.components.modules.attention.options import attend, attend_backward, check_masks, check_options
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.windowed import check_count
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS
from deepfusion.errors import OptionError
from deepfusion.functional.linear import linear, linear_gradient
from deepfusion.functional.rotary import angles, rotate
from deepfusion.functional.workspace import empty

Array = Any


class MultiHeadAttention(Module):
    """Attention by several heads, each with projections of its own; inputs [query, key, value, masks ...].

    Forward: `q = query Wq + bq`, `k = key Wk + bk`, `v = value Wv + bv`, cut into heads of d = E / heads columns;
    for each head `softmax(q k^T / sqrt(d) + masks) v`; side by side, these make `y = o Wo + bo`.
    Backward: that of each product, and for each head with P = softmax(.) and do = dy Wo^T: `dv = P^T do`,
    `dS = P (do v^T - sum do o)`, `dq = dS k / sqrt(d)`, `dk = dS^T q / sqrt(d)`, `dmask = dS`.
    Shapes: query and y (B, Tq, E), key (B, Tk, n), value (B, Tk, m); Wq (E, E), Wk (n, E), Wv (m, E), Wo (E, E),
    biases (1, E). Masks (B, Tk) hide keys, (B, Tq, Tk) keys from queries, (B, heads, Tq, Tk) from those of a
    head; axes may be 1.

    Args:
        heads: Number of heads; divides E.
        causal: Whether query i sees keys 0 to i only.
        p_keep: In training, weights are kept with this probability and divided by it, else 0.
        block_size: Take that many queries and keys at a time, so that memory grows with the length and not with
            its square; slower. None takes all at once.
        rotary_base: Rotate q and k by their places, as `RotaryEncoding` with that base does; None for not.
        bias: Whether the biases exist.
        weight_init_type: How Wq, Wk and Wv start, see `initial_value`.
        output_init_type: How Wo starts.

    Booleans (or integers) in a mask are true where a key may be seen; floats are added to the scores and get a
    derivative. A query that may see no key gets `y = bo`. Self-attention is `[x, x, x]`; inputs that are the same
    Data are projected by one product.

    Raises:
        ShapeError: The inputs do not fit one another, or heads does not divide E.
        OptionError: An option is out of range.

    Reference: `torch.nn.MultiheadAttention` with batch_first, its weights transposed and taken apart, its boolean
    masks the other way round; Vaswani et al. 2017, "Attention is all you need", section 3.2.2.

    Example:
        >>> x = Data('x', (1, 5, 8), val=[[[0.] * 8] * 5])
        >>> a = MultiHeadAttention('a', [x, x, x], heads=2, causal=True)
        >>> a.forward()
        >>> a.output.val.shape
        (1, 5, 8)
    """

    different_at_train_test = True
    is_regularizable = True
    Wq: Data
    Wk: Data
    Wv: Data
    Wo: Data
    bq: Data
    bk: Data
    bv: Data
    bo: Data

    def __init__(
        self,
        ID: str,
        inputs: list[Data],
        output: Data | None = None,
        heads: int = 0,
        causal: bool = False,
        p_keep: float = 1.0,
        block_size: int | None = None,
        rotary_base: float | None = None,
        bias: bool = True,
        weight_init_type: Any = 'XavierUniform',
        output_init_type: Any = 'FanInUniform',
        learning_rate: float = 1e-6,
        is_frozen: bool = False,
        optimizer_details: dict[str, Any] = DEFAULT_OPTIMIZER_DETAILS,
        is_regularized: bool = False,
        regularizer_details: dict[str, Any] | None = None,
    ) -> None:
        self.heads, self.causal, self.p_keep, self.block_size = heads, causal, p_keep, block_size
        self.rotary_base, self.bias = rotary_base, bias
        self.weight_init_type, self.output_init_type = weight_init_type, output_init_type
        super().__init__(ID, inputs, output, learning_rate=learning_rate, is_frozen=is_frozen,
                         optimizer_details=optimizer_details, is_regularized=is_regularized,
                         regularizer_details=regularizer_details)
        self.index_inputs = tuple(range(3, len(inputs)))

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        check_options(self)
        check_count(self, self.heads, 'heads')
        query, key, value = shapes[:3] if len(shapes) >= 3 else ((), (), ())
        if not len(query) == len(key) == len(value) == 3 or key[1] != value[1]:
            raise self.shape_error('query (1, Tq, E), key (1, Tk, n), value (1, Tk, m)', f'shapes {list(shapes)}',
                                   'Write inputs=[query, key, value].')
        if query[2] % self.heads:
            raise self.shape_error(f'a query whose width is a multiple of heads={self.heads}',
                                   f"'{self.inputs[0].ID}' of shape {query}", 'Choose heads that divide it.')
        if self.rotary_base is not None and query[2] // self.heads % 2:
            raise OptionError(f'{self!r}: expected heads of even width with rotary_base; found '
                              f'{query[2] // self.heads}. Choose other heads, or leave out rotary_base.')
        check_masks(self, shapes, self.heads, query[1], key[1])
        return query

    def declare_parameters(self, *shapes: tuple[int, ...]) -> None:
        width = shapes[0][2]
        widths = [shape[2] for shape in shapes[:3]]
        fan_out = 3 * width if set(widths) == {width} else width       # PyTorch draws them as one matrix, then
        for name, rows in zip('qkv', widths, strict=True):
            self.add_parameter(f'W{name}', (rows, width), init=self.weight_init_type, fan_out=fan_out,
                               regularizable=True)
        self.add_parameter('Wo', (width, width), init=self.output_init_type, regularizable=True)
        for name in 'qkvo' if self.bias else ():
            self.add_parameter(f'b{name}', (1, width))

    def _packs(self) -> list[tuple[int, str]]:
        """Which input makes which of q, k, v: one entry for each Data among the first three."""
        found: dict[int, tuple[int, str]] = {}
        for i, (data, name) in enumerate(zip(self.inputs[:3], 'qkv', strict=True)):
            first, names = found.get(id(data), (i, ''))
            found[id(data)] = first, names + name
        return list(found.values())

    def _weights(self, xp: Any, names: str, scale: float) -> Array:
        """The weights of some projections side by side, that of q scaled, their biases as a last row."""
        columns = []
        for name in names:
            parts = [self.parameter_lookup[kind + name].val for kind in ('Wb' if self.bias else 'W')]
            whole = xp.concatenate(parts) if self.bias else parts[0]
            columns.append(whole * scale if name == 'q' else whole)
        return columns[0] if len(columns) == 1 else xp.concatenate(columns, axis=1)

    def compute(self, xp: Any, *values: Array) -> tuple[Array, tuple[Any, ...]]:
        width = values[0].shape[2]
        scale = float((width // self.heads) ** -0.5)
        heads: dict[str, Array] = {}
        packs = []
        for i, names in self._packs():
            x = self._with_ones(xp, values[i].shape, values[i])
            W = self._weights(xp, names, scale)
            packs.append((i, names, x, W))
            heads |= self._heads(linear(xp, x, W), names)
        self._turn(xp, heads)
        batch = max(len(value) for value in values)
        o = self._with_ones(xp, (batch, *values[0].shape[1:]))
        _, inner = attend(self, xp, heads['q'], heads['k'], heads['v'], values[3:],
                          out=self._heads(o[..., :width], 'o')['o'])
        Wo = self._weights(xp, 'o', 1)
        return linear(xp, o, Wo), (packs, inner, o, Wo, scale)

    def _with_ones(self, xp: Any, shape: tuple[int, ...], x: Array = None) -> Array:
        """Room for (B, T, E), holding x if given, with a column of ones: it takes biases into the product."""
        room = empty(xp, (*shape[:2], shape[2] + bool(self.bias)), self.Wo.val.dtype)
        room[..., shape[2]:] = 1
        if x is not None:
            room[..., :shape[2]] = x
        return room

    def _heads(self, packed: Array, names: str) -> dict[str, Array]:
        """Views (B, heads, T, d) of a pack (B, T, len(names) x E)."""
        batch, steps = packed.shape[:2]
        width = packed.shape[2] // len(names)
        split = batch, steps, self.heads, width // self.heads
        return {name: packed[..., i * width:(i + 1) * width].reshape(split).transpose(0, 2, 1, 3)
                for i, name in enumerate(names)}

    def _turn(self, xp: Any, heads: dict[str, Array], back: bool = False) -> None:
        """Rotate q and k by their places where told so."""
        if self.rotary_base is None:
            return
        for name in 'qk':
            x = heads[name]
            rotate(xp, x, angles(xp, x.shape[2], x.shape[3], self.rotary_base, x.dtype), out=x, back=back)

    def differentiate(self, xp: Any, deriv: Array, *saved: Any) -> tuple[tuple[Array | None, ...], dict[str, Array]]:
        packs, inner, o, Wo, scale = saved
        width = deriv.shape[2]
        parameters = self._parameter_derivs(xp, o, deriv, 'o', 1)
        heads: dict[str, Array] = {}
        room = {}
        for i, names, x, _ in packs:
            room[i] = empty(xp, (len(o), x.shape[1], len(names) * width), deriv.dtype)
            heads |= self._heads(room[i], names)
        do = self._heads(linear(xp, deriv, Wo[:width].T), 'o')['o']
        *_, d_masks = attend_backward(self, xp, do, inner, into=(heads['q'], heads['k'], heads['v']))
        self._turn(xp, heads, back=True)
        inputs: list[Array | None] = [None] * 3
        for i, names, x, W in packs:
            d = room[i] if len(x) == len(o) else room[i].sum(axis=0, keepdims=True)
            parameters |= self._parameter_derivs(xp, x, d, names, scale)
            if self.needs_input(i):
                inputs[i] = linear(xp, d, W[:W.shape[0] - bool(self.bias)].T)
        return (*inputs, *d_masks), parameters

    def _parameter_derivs(self, xp: Any, x: Array, d: Array, names: str, scale: float) -> dict[str, Array]:
        if not any(self.needs_parameter(kind + name) for kind in 'Wb' for name in names):
            return {}
        both = linear_gradient(xp, x, d)
        width = d.shape[2] // len(names)
        found = {}
        for i, name in enumerate(names):
            part = both[:, i * width:(i + 1) * width]
            part = part * scale if name == 'q' else part
            found[f'W{name}'] = part[:-1] if self.bias else part
            if self.bias:
                found[f'b{name}'] = part[-1:]
        return found
