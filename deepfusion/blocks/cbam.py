"""The convolutional block attention module: channels, then places."""

from typing import Any

from deepfusion.blocks.checks import block, check_odd
from deepfusion.blocks.fusion.common import per_channel, reduced
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Concat, Conv2D, MatMul, Max, Mean, Multiply
from deepfusion.components.modules.activation_functions import Relu, Sigmoid
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.modules.pooling import GlobalAvgPool, GlobalMaxPool
from deepfusion.components.net.sharing import share_parameters


@block(MatMul, Conv2D)
def cbam(ID: str, x: Data, reduction: int = 16, filter_size: int = 7, **options: Any) -> Data:
    """`x' = x * sigmoid(MLP(GAP(x)) + MLP(GMP(x)))`, then `x' * sigmoid(BN(conv_k([max_c x'; mean_c x'])))`.

    Args:
        ID: Path of the block.
        x: Volume (1, C, H, W).
        reduction: r; the MLP's inner width is C / r. Both branches share its parameters.
        filter_size: k, odd.
        options: Further options of the layers.

    Returns:
        Volume of the shape of x. 2 C^2 / r + C / r + C + 2 k^2 + 2 parameters.

    Reference: Woo et al., "CBAM: convolutional block attention module" (ECCV 2018), equations 2 and 3.

    Example:
        >>> cbam('cbam', Data('x', (1, 16, 8, 8)))
        Data('cbam/places/scale_out', shape=(1, 16, 8, 8))
    """
    filter_size = check_odd(ID, filter_size, 'filter_size')
    return _places(f'{ID}/places', _channels(f'{ID}/channels', x, reduction, options), filter_size, options)


def _channels(ID: str, x: Data, reduction: int, options: dict[str, Any]) -> Data:
    width = reduced(ID, x.shape[1], reduction)
    scores, layers = [], []
    for name, pool in (('average', GlobalAvgPool), ('maximum', GlobalMaxPool)):
        h = pool(f'{ID}/{name}/pool', [x]).output
        first = MatMul(f'{ID}/{name}/reduce', [h], out_features=width, **options)
        second = MatMul(f'{ID}/{name}/expand', [Relu(f'{ID}/{name}/relu', [first.output]).output],
                        out_features=x.shape[1], **options)
        layers.append((first, second))
        scores.append(second.output)
    for shared in zip(*layers, strict=True):
        share_parameters(shared)
    gate = Sigmoid(f'{ID}/gate', [Add(f'{ID}/add', scores).output]).output
    return Multiply(f'{ID}/scale', [x, per_channel(f'{ID}/per_channel', gate, len(x.shape))]).output


def _places(ID: str, x: Data, filter_size: int, options: dict[str, Any]) -> Data:
    views = [pool(f'{ID}/{name}', [x], axis=1, keepdims=True).output
             for name, pool in (('maximum', Max), ('mean', Mean))]
    both = Concat(f'{ID}/concat', views, axis=1).output
    score = Conv2D(f'{ID}/conv', [both], filter_size=filter_size, filter_count=1, padding=filter_size // 2, bias=False,
                   **options).output
    gate = Sigmoid(f'{ID}/gate', [BatchNorm(f'{ID}/norm', [score]).output]).output
    return Multiply(f'{ID}/scale', [x, gate]).output
