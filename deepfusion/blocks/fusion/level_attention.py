"""Self-attention within each level, then cross-attention from one level to the others."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.fusion.common import channel_map, check_inputs
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Concat, Reshape, Transpose
from deepfusion.components.modules.attention import MultiHeadAttention
from deepfusion.errors import ShapeError


@block(MultiHeadAttention)
def level_attention(ID: str, levels: Sequence[Data], query: int = 0, heads: int = 1, width: int | None = None,
                    self_attention: bool = True, **options: Any) -> Data:
    """`s_i = x_i + MHA(x_i, x_i)` within each level, then `s_q + MHA(s_q, [s_i of all others])`: places are tokens.

    Args:
        ID: Path of the block.
        levels: Two or more volumes of one rank, of any sizes.
        query: Index of the level that asks; the result has its size.
        heads: Heads of every attention; they divide the width.
        width: Channels that levels are brought to; None where they agree.
        self_attention: Whether levels attend to themselves first.
        options: Further options of MultiHeadAttention.

    Returns:
        Volume of the query's size. An attention has 4 C^2 + 4 C parameters.

    Raises:
        ShapeError: The channels differ and no width is given, or there is no such query.

    Reference: Vaswani et al., "Attention is all you need" (NeurIPS 2017), section 3.2; over the places of feature maps.

    Example:
        >>> levels = [Data('x', (1, 8, 4, 4)), Data('y', (1, 8, 2, 2))]
        >>> level_attention('attend', levels, query=1)
        Data('attend/volume_out', shape=(1, 8, 2, 2))
    """
    levels = check_inputs(ID, levels, least=2)
    if not isinstance(query, Integral) or not -len(levels) <= query < len(levels):
        raise ShapeError(f"Block '{ID}': expected query to be the index of one of {len(levels)} levels; found "
                         f'{query!r}. Count from 0.')
    if width is None and len({level.shape[1] for level in levels}) > 1:
        raise ShapeError(f"Block '{ID}': expected levels of one channel count; found {[x.shape[1] for x in levels]}. "
                         'Give width=..., to bring them to one.')
    tokens = [_tokens(f'{ID}/level{i}', level, width, heads, self_attention, options) for i, level in enumerate(levels)]
    asking = tokens.pop(query)
    others = Concat(f'{ID}/others', tokens, axis=1).output if len(tokens) > 1 else tokens[0]
    answer = MultiHeadAttention(f'{ID}/cross', [asking, others, others], heads=heads, **options).output
    fused = Add(f'{ID}/add', [asking, answer]).output
    return _volume(ID, fused, levels[query].shape[2:])


def _tokens(ID: str, level: Data, width: int | None, heads: int, self_attention: bool, options: dict[str, Any]) -> Data:
    """(1, C, ...) -> (1, P, C), after attention to itself."""
    if width is not None and level.shape[1] != width:
        level = channel_map(f'{ID}/reduce', level, width)
    channels = level.shape[1]
    rows = Reshape(f'{ID}/flat', [level], shape=(channels, -1)).output
    rows = Transpose(f'{ID}/tokens', [rows], axes=(0, 2, 1)).output
    if not self_attention:
        return rows
    seen = MultiHeadAttention(f'{ID}/self', [rows, rows, rows], heads=heads, **options).output
    return Add(f'{ID}/add', [rows, seen]).output


def _volume(ID: str, tokens: Data, places: tuple[int, ...]) -> Data:
    columns = Transpose(f'{ID}/columns', [tokens], axes=(0, 2, 1)).output
    return Reshape(f'{ID}/volume', [columns], shape=(tokens.shape[2], *places)).output
