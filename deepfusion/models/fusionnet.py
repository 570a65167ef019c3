"""FusionNet: residual trunk, squeeze-and-excitation, feature pyramid, dynamic fusion, four weighted branches."""

from collections.abc import Mapping, Sequence
from typing import Any

from deepfusion.blocks import convolution_norm_relu, residual_block, squeeze_excitation
from deepfusion.components.data import Data
from deepfusion.components.modules import Concat, MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.dropout import ChannelDropout, InvertedDropout
from deepfusion.components.modules.fusion import WeightedSum
from deepfusion.components.modules.loss_functions import CrossEntropyLoss
from deepfusion.components.modules.pooling import GlobalAvgPool, MaxPool
from deepfusion.components.net import Net
from deepfusion.models import fusionnet_parts, torch_names
from deepfusion.models.fusionnet_parts import DEFAULT, Part, Parts
from deepfusion.models.options import check_classes, check_picture

Array = Any

_XAVIER: dict[str, Any] = {'weight_init_type': 'XavierUniform'}
_KAIMING: dict[str, Any] = {'weight_init_type': 'KaimingUniform'}


def fusionnet(num_classes: int = 10, image_shape: tuple[int, int, int] = (3, 32, 32),
              branch_weights: Sequence[float] = (5, 2, 3, 5), learn_branch_weights: bool = False,
              fusion: str | Part = 'dynamic', channel_attention: str | Part = 'se', pyramid: str | Part = 'fpn') -> Net:
    """A classifier that fuses features of five depths in four branches: 9,063,096 parameters for 10 classes.

    Args:
        num_classes: Width of the logits.
        image_shape: Channels, height and width of the pictures; at least 8x8 pixels.
        branch_weights: Weights of the four branches' logits, divided by their sum.
        learn_branch_weights: Learn them, as a softmax over four logits that start at their logarithms.
        fusion: How branch 4 fuses the pyramid's levels: any way of `fuse`, by name or as a function of an ID and a
            list of Data.
        channel_attention: What follows the third and fourth residual block: 'se', 'ese', 'eca', 'cbam', 'coordinate',
            'none', or a function of an ID and a Data.
        pyramid: 'fpn', 'fpn_before', 'pan', 'bifpn', or a function of an ID and a list of Data that gives a list.

    Returns:
        Net with nodes x (pictures), y (one-hot targets), logits, loss.

    Raises:
        ShapeError: The pictures are too small.
        OptionError: The classes or weights mean nothing, or a part is not known.

    Example:
        >>> net = fusionnet()
        >>> net.parameter_count
        9063096
    """
    check_classes('fusionnet', num_classes)
    x = Data('x', (1, *check_picture('fusionnet', image_shape, smallest=8)))
    parts = fusionnet_parts.choose(fusion, channel_attention, pyramid)
    levels = _trunk(x, parts)
    branches = [_high_level_branch(levels[3:], num_classes), _low_level_branch(levels[:2], num_classes),
                _direct_branch(levels[5], num_classes), _pyramid_branch(levels[1:5], num_classes, parts)]
    logits, y, loss = Data('logits', (1, num_classes)), Data('y', (1, num_classes)), Data('loss', (1, 1))
    WeightedSum('branches', branches, logits, weights=tuple(branch_weights), normalize=not learn_branch_weights,
                learned='softmax' if learn_branch_weights else 'no')
    CrossEntropyLoss('cross_entropy', [logits, y], loss)
    return Net('FusionNet', [loss])


def _trunk(x: Data, parts: Parts) -> list[Data]:
    """The six levels c1p, c2p, c3p, c4, c5, c6 that the branches draw from."""
    c1 = convolution_norm_relu('conv1', x, 32, **DEFAULT)
    c1p = MaxPool('pool1', [c1], filter_size=2, stride=2).output
    c2p = MaxPool('pool2', [residual_block('residual_block1', c1p, 64, **DEFAULT)], filter_size=2, stride=2).output
    c3p = MaxPool('pool3', [residual_block('residual_block2', c2p, 128, **DEFAULT)], filter_size=2, stride=2).output
    c4 = parts.channel_attention('se_block1', residual_block('residual_block3', c3p, 256, **DEFAULT))
    c5 = parts.channel_attention('se_block2', residual_block('residual_block4', c4, 512, **DEFAULT))
    c6 = convolution_norm_relu('conv2', c5, 256, **DEFAULT)
    c6 = ChannelDropout('dropout', [c6], p_keep=0.8).output
    return [c1p, c2p, c3p, c4, c5, c6]


def _pooled(ID: str, levels: Sequence[Data]) -> Data:
    pools = [GlobalAvgPool(f'{ID}/pool{i}', [level]).output for i, level in enumerate(levels)]
    return Concat(f'{ID}/concat', pools, axis=1).output


def _two_layers(ID: str, x: Data, width: int, num_classes: int, p_keep: float = 1.0, **init: Any) -> Data:
    x = MatMul(f'{ID}/fc1', [x], out_features=width, **init).output
    x = Relu(f'{ID}/relu', [x]).output
    if p_keep < 1:
        x = InvertedDropout(f'{ID}/dropout', [x], p_keep=p_keep).output
    return MatMul(f'{ID}/fc2', [x], out_features=num_classes, **init).output


def _high_level_branch(levels: Sequence[Data], num_classes: int) -> Data:
    return _two_layers('branch1', _pooled('branch1', levels), 256, num_classes, **_XAVIER)


def _low_level_branch(levels: Sequence[Data], num_classes: int) -> Data:
    features = _pooled('branch2', levels)
    features = squeeze_excitation('branch2/attention', features, reduction=8, bias=True, **DEFAULT)
    return _two_layers('branch2', features, 128, num_classes, **_KAIMING)


def _direct_branch(level: Data, num_classes: int) -> Data:
    features = GlobalAvgPool('branch3/pool', [level]).output
    return MatMul('branch3/fc', [features], out_features=num_classes, **DEFAULT).output


def _pyramid_branch(levels: Sequence[Data], num_classes: int, parts: Parts) -> Data:
    fused = parts.fusion('dynamic_fusion', parts.pyramid('fpn', list(levels)))
    features = GlobalAvgPool('branch4/pool', [fused]).output if len(fused.shape) > 2 else fused
    return _two_layers('branch4', features, 128, num_classes, p_keep=0.5, **_XAVIER)


def torch_state(net: Net) -> dict[str, Array]:
    """The arrays of a FusionNet under the names that its PyTorch original uses, in its shapes.

    `num_batches_tracked`, which PyTorch counts and does not use here, is 0.

    Example:
        >>> torch_state(fusionnet())['branch3_fc.weight'].shape
        (10, 256)
    """
    return torch_names.read(net)


def load_torch_state(net: Net, state: Mapping[str, Array]) -> None:
    """Give a FusionNet the arrays of its PyTorch original (anything NumPy can read, by PyTorch's names).

    Raises:
        FileFormatError: Names are missing, extra or misshapen; all of them are listed, and nothing is changed.
    """
    torch_names.write(net, state)
