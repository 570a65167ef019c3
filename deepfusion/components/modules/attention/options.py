"""What attention modules share: options, masks, and the choice between all weights at once and blocks of them."""

from typing import Any

from deepfusion.components.modules.dropout.options import check_p_keep
from deepfusion.components.modules.windowed import check_count
from deepfusion.functional.attention import as_bias, attention_backward, attention_forward, causal_bias
from deepfusion.functional.attention_blocks import Blocks, blockwise_backward, blockwise_forward
from deepfusion.functional.random import scaled_mask, seed

Array = Any
Shape = tuple[int, ...]


def check_options(module: Any) -> None:
    """Refuse a `p_keep` or `block_size` out of range."""
    check_p_keep(module)
    if module.block_size is not None:
        check_count(module, module.block_size, 'block_size')


def check_masks(module: Any, shapes: tuple[Shape, ...], heads: int, queries: int, keys: int) -> None:
    """Refuse masks that do not fit scores (B, heads, queries, keys); `shapes` are those of all inputs."""
    for data, shape in zip(module.inputs[3:], shapes[3:], strict=True):
        whole = (1, heads, queries, keys)
        fits = {2: (1, keys), 3: (1, queries, keys), 4: whole}.get(len(shape), ())
        if not fits or any(n not in (1, m) for n, m in zip(shape, fits, strict=True)):
            raise module.shape_error(f'masks of shape (1, {keys}) for keys, {(1, queries, keys)} for queries and keys, '
                                     f'or {whole} for each head', f"'{data.ID}' of shape {shape}",
                                     'Booleans are true where a key may be seen; floats are added to the scores.')


def attend(module: Any, xp: Any, q: Array, k: Array, v: Array, masks: tuple[Array, ...], out: Array = None
           ) -> tuple[Array, tuple[Any, ...]]:
    """Attention with the module's options; q (B, heads, Tq, d) comes scaled. Masks are those of the inputs."""
    biases = [_four_axes(as_bias(xp, mask, q.dtype)) for mask in masks]
    dropping = module.mode == 'train' and module.p_keep < 1
    if module.block_size is not None:
        blocks = Blocks(module.block_size, module.causal, module.p_keep if dropping else 1.0,
                        seed() if dropping else 0)
        result, saved = blockwise_forward(xp, q, k, v, biases, blocks, out)
        return result, (blockwise_backward, saved, masks)
    if module.causal:
        biases.append(causal_bias(xp, q.shape[2], k.shape[2], q.dtype))
    factor = None
    if dropping:
        batch = max(len(array) for array in (q, k, v, *masks))
        factor = scaled_mask(xp, q, (batch, *q.shape[1:3], k.shape[2]), module.p_keep)
    result, saved = attention_forward(xp, q, k, v, biases, factor, out)
    return result, (attention_backward, saved, masks)


def attend_backward(module: Any, xp: Any, deriv: Array, saved: tuple[Any, ...],
                    into: tuple[Array, ...] | None = None) -> tuple[Array, Array, Array, list[Array | None]]:
    """Derivatives of q, k, v and of every mask: None for those of booleans and those nobody needs."""
    backward, inner, masks = saved
    wanted = [i for i, mask in enumerate(masks) if mask.dtype.kind == 'f' and module.needs_input(3 + i)]
    dq, dk, dv, found = backward(xp, deriv, inner, wanted, into)
    d_masks: list[Array | None] = [None] * len(masks)
    for i, d in zip(wanted, found, strict=True):
        d_masks[i] = d.reshape(masks[i].shape)
    return dq, dk, dv, d_masks


def _four_axes(bias: Array) -> Array:
    if bias.ndim == 2:
        return bias[:, None, None]
    return bias[:, None] if bias.ndim == 3 else bias
