"""Gates: how much of each input passes, told by the inputs themselves."""

from collections.abc import Sequence
from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.blocks.fusion.common import channel_map, check_inputs, check_same_shape, per_channel, pooled, reduced
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Concat, Conv2D, MatMul, Multiply, Sum
from deepfusion.components.modules.activation_functions import Relu, Sigmoid, Softmax, Tanh
from deepfusion.components.modules.fusion import Lerp, WeightedSum


@block(Conv2D)
def gated_multimodal_unit(ID: str, inputs: Sequence[Data], width: int | None = None, **options: Any) -> Data:
    """Two inputs: `z tanh(W1 x1) + (1 - z) tanh(W2 x2)` with `z = sigmoid(W [h1, h2])`, h the two tanh. More: each has
    a gate of its own, `sum_i z_i h_i`.

    Args:
        ID: Path of the block.
        inputs: Vectors, or volumes of one size, of any channels.
        width: H, channels of the result; the first input's when not given.
        options: Further options of the maps.

    Returns:
        Data of H channels. d1 H + d2 H + 2 H^2 parameters for two inputs of d1 and d2 channels.

    Reference: Arevalo et al., "Gated multimodal units for information fusion" (2017), section 3.1.

    Example:
        >>> gated_multimodal_unit('gmu', [Data('x', (1, 8)), Data('y', (1, 5))], width=4)
        Data('gmu/fused_out', shape=(1, 4))
    """
    inputs = check_inputs(ID, inputs, least=2)
    width = width or inputs[0].shape[1]
    hidden = [Tanh(f'{ID}/hidden{i}', [channel_map(f'{ID}/map{i}', x, width, bias=False, **options)]).output
              for i, x in enumerate(inputs)]
    joined = Concat(f'{ID}/concat', hidden, axis=1).output

    def gate(name: str) -> Data:
        logits = channel_map(f'{ID}/{name}/map', joined, width, bias=False, **options)
        return Sigmoid(f'{ID}/{name}/sigmoid', [logits]).output

    if len(inputs) == 2:
        return Lerp(f'{ID}/fused', [hidden[1], hidden[0], gate('gate')]).output
    passed = [Multiply(f'{ID}/passed{i}', [h, gate(f'gate{i}')]).output for i, h in enumerate(hidden)]
    return Add(f'{ID}/fused', passed).output


@block(MatMul)
def level_gates(ID: str, inputs: Sequence[Data], **options: Any) -> Data:
    """`sum_i sigmoid(w_i . GAP(x_i) + b_i) x_i`: one number per input, told by its own pooled features.

    Args:
        ID: Path of the block.
        inputs: Data of one shape.
        options: Further options of the maps.

    Returns:
        Data of that shape. n (C + 1) parameters.

    Reference: the gate of Hu, Shen and Sun, "Squeeze-and-excitation networks" (CVPR 2018), taken over levels.

    Example:
        >>> level_gates('gates', [Data('x', (1, 8, 4, 4)), Data('y', (1, 8, 4, 4))])
        Data('gates/sum_out', shape=(1, 8, 4, 4))
    """
    inputs = check_inputs(ID, inputs)
    check_same_shape(ID, inputs)
    gates = [channel_map(f'{ID}/gate{i}', pooled(f'{ID}/pool{i}', x), 1, **options) for i, x in enumerate(inputs)]
    joined = Concat(f'{ID}/concat', gates, axis=1).output if len(gates) > 1 else gates[0]
    weights = Sigmoid(f'{ID}/sigmoid', [joined]).output                  # (1, n): a map of one place per input
    weights = per_channel(f'{ID}/weights', weights, len(inputs[0].shape))
    return WeightedSum(f'{ID}/sum', [*inputs, weights], weight_map=True).output


@block(MatMul)
def channel_softmax_attention(ID: str, inputs: Sequence[Data], reduction: int = 4, single_map: bool = False,
                              **options: Any) -> Data:
    """`x * C softmax(W2 ReLU(W1 GAP(x)))` over the channels of the concatenation x of all inputs.

    Args:
        ID: Path of the block.
        inputs: Data of one size; channels may differ.
        reduction: The inner width is the C channels of the concatenation over it.
        single_map: False scales the channels (by C times the softmax, which leaves equal weights as they are);
            True sums them, weighted by the softmax, to a single map.
        options: Further options of the maps.

    Returns:
        Data of C channels, or of one.

    Reference: softmax over channels as in Li et al., "Selective kernel networks" (CVPR 2019), equation 5, on the
        concatenation.

    Example:
        >>> inputs = [Data('x', (1, 8, 4, 4)), Data('y', (1, 4, 4, 4))]
        >>> channel_softmax_attention('attention', inputs, single_map=True)
        Data('attention/sum_out', shape=(1, 1, 4, 4))
    """
    inputs = check_inputs(ID, inputs)
    x = Concat(f'{ID}/concat', inputs, axis=1).output if len(inputs) > 1 else inputs[0]
    channels, rank = x.shape[1], len(x.shape)
    hidden = channel_map(f'{ID}/reduce', pooled(f'{ID}/pool', x), reduced(ID, channels, reduction), **options)
    hidden = Relu(f'{ID}/relu', [hidden]).output
    scores = channel_map(f'{ID}/expand', hidden, channels, **options)
    weights = per_channel(f'{ID}/weights', Softmax(f'{ID}/softmax', [scores], axis=1).output, rank)
    scaled = Multiply(f'{ID}/scale', [x, weights]).output
    if single_map:
        return Sum(f'{ID}/sum', [scaled], axis=1, keepdims=True).output
    return WeightedSum(f'{ID}/times_channels', [scaled], weights=[channels]).output
