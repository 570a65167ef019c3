"""Layers of transformers: attention and a small net for each place, each with a way round it."""

from collections.abc import Callable, Sequence
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul, Module
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.attention import MultiHeadAttention
from deepfusion.components.modules.dropout import InvertedDropout
from deepfusion.components.modules.normalizations import LayerNorm

_LINEAR = {'weight_init_type': 'FanInUniform', 'bias_init_type': 'FanInUniform'}
_LEARNING = {'learning_rate', 'is_frozen', 'optimizer_details'}     # what LayerNorm takes of the options


@block(MultiHeadAttention, MatMul)
def transformer_encoder_layer(ID: str, x: Data, heads: int, hidden: int = 2048, p_keep: float = 0.9,
                              activation: type[Module] = Relu, norm_first: bool = False, masks: Sequence[Data] = (),
                              causal: bool = False, block_size: int | None = None, rotary_base: float | None = None,
                              **options: Any) -> Data:
    """`x = LN(x + attention(x))`, `y = LN(x + net(x))`; with `norm_first` `x + attention(LN(x))` and `x + net(LN(x))`.

    The net for each place is `W2 activation(W1 x + b1) + b2`. In training, weights of the attention, the net's inner
    values and both branches are dropped with probability `1 - p_keep`. `causal=True` makes the layer of a language
    model.

    Args:
        ID: Path of the block.
        x: Sequence (1, T, E).
        heads: Of the attention.
        hidden: Inner width of the net.
        p_keep: Probability of keeping, see above.
        activation: Class of the activation function, Relu or GELU as a rule.
        norm_first: Where the normalizations stand. Stacks of such layers want a LayerNorm after the last.
        masks: For the attention, see `MultiHeadAttention`.
        causal, block_size, rotary_base: As for `MultiHeadAttention`.
        options: Further options of all modules with parameters, such as learning_rate.

    Returns:
        Sequence (1, T, E).

    Reference: Vaswani et al. 2017, "Attention is all you need", section 3; Xiong et al. 2020, "On layer normalization
    in the transformer architecture", for `norm_first`; `torch.nn.TransformerEncoderLayer` with batch_first.

    Example:
        >>> transformer_encoder_layer('layer1', Data('x', (1, 5, 8)), heads=2, hidden=16)
        Data('layer1/net/norm_out', shape=(1, 5, 8))
    """
    def attention(y: Data) -> Data:
        return MultiHeadAttention(f'{ID}/attention/heads', [y, y, y, *masks], heads=heads, causal=causal,
                                  p_keep=p_keep, block_size=block_size, rotary_base=rotary_base, **options).output

    x = _with_way_round(f'{ID}/attention', x, attention, p_keep, norm_first, options)
    return _net(f'{ID}/net', x, hidden, p_keep, activation, norm_first, options)


@block(MultiHeadAttention, MatMul)
def transformer_decoder_layer(ID: str, x: Data, memory: Data, heads: int, hidden: int = 2048, p_keep: float = 0.9,
                              activation: type[Module] = Relu, norm_first: bool = False, masks: Sequence[Data] = (),
                              memory_masks: Sequence[Data] = (), causal: bool = True, block_size: int | None = None,
                              rotary_base: float | None = None, **options: Any) -> Data:
    """As `transformer_encoder_layer`, with attention to another sequence between the two parts.

    Args:
        ID: Path of the block.
        x: Sequence (1, T, E).
        memory: What an encoder made of another sequence, (1, S, n).
        heads, hidden, p_keep, activation, norm_first, block_size, options: As for `transformer_encoder_layer`.
        masks: For the attention to x itself.
        memory_masks: For the attention to the memory.
        causal, rotary_base: For the attention to x itself.

    Returns:
        Sequence (1, T, E).

    Reference: Vaswani et al. 2017, "Attention is all you need", section 3; `torch.nn.TransformerDecoderLayer` with
    batch_first.

    Example:
        >>> x, memory = Data('x', (1, 5, 8)), Data('memory', (1, 7, 8))
        >>> transformer_decoder_layer('layer1', x, memory, heads=2, hidden=16, norm_first=True)
        Data('layer1/net/add_out', shape=(1, 5, 8))
    """
    shared = {'heads': heads, 'p_keep': p_keep, 'block_size': block_size} | options

    def to_itself(y: Data) -> Data:
        return MultiHeadAttention(f'{ID}/attention/heads', [y, y, y, *masks], causal=causal, rotary_base=rotary_base,
                                  **shared).output

    def to_memory(y: Data) -> Data:
        return MultiHeadAttention(f'{ID}/memory/heads', [y, memory, memory, *memory_masks], **shared).output

    x = _with_way_round(f'{ID}/attention', x, to_itself, p_keep, norm_first, options)
    x = _with_way_round(f'{ID}/memory', x, to_memory, p_keep, norm_first, options)
    return _net(f'{ID}/net', x, hidden, p_keep, activation, norm_first, options)


def _net(ID: str, x: Data, hidden: int, p_keep: float, activation: type[Module], norm_first: bool,
         options: dict[str, Any]) -> Data:
    def each_place(y: Data) -> Data:
        y = MatMul(f'{ID}/widen', [y], out_features=hidden, **_LINEAR | options).output
        y = _dropped(f'{ID}/inner_dropout', activation(f'{ID}/activation', [y]).output, p_keep)
        return MatMul(f'{ID}/narrow', [y], out_features=x.shape[2], **_LINEAR | options).output

    return _with_way_round(ID, x, each_place, p_keep, norm_first, options)


def _with_way_round(ID: str, x: Data, branch: Callable[[Data], Data], p_keep: float, norm_first: bool,
                    options: dict[str, Any]) -> Data:
    def norm(y: Data) -> Data:
        learning = {name: options[name] for name in _LEARNING & options.keys()}
        return LayerNorm(f'{ID}/norm', [y], axes=-1, **learning).output

    y = _dropped(f'{ID}/dropout', branch(norm(x) if norm_first else x), p_keep)
    y = Add(f'{ID}/add', [x, y]).output
    return y if norm_first else norm(y)


def _dropped(ID: str, x: Data, p_keep: float) -> Data:
    return x if p_keep == 1 else InvertedDropout(ID, [x], p_keep=p_keep).output
