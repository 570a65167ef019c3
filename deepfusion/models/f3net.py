"""F3Net: three convolution levels, fused by concatenation."""

from typing import Any

from deepfusion.components.data import Data
from deepfusion.components.modules import Concat, Conv2D, Flatten, MatMul, Resize
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import CrossEntropyLoss
from deepfusion.components.net import Net
from deepfusion.models.options import check_classes, check_picture


def f3net(num_classes: int = 10, image_shape: tuple[int, int, int] = (3, 8, 8)) -> Net:
    """A small classifier that fuses its three levels: f1, f2, f3 = relu(conv3) of 32, 64, 128 channels; f1 and f2
    at f3's size; concat (224); relu(conv1, 128); flatten; fully connected.

    Args:
        num_classes: Width of the logits.
        image_shape: Channels, height and width of the pictures.

    Returns:
        Net with nodes x, y, logits, loss.

    Example:
        >>> f3net().get_node('fuse/concat_out').shape
        (1, 224, 8, 8)
    """
    check_classes('f3net', num_classes)
    x = Data('x', (1, *check_picture('f3net', image_shape, smallest=1)))
    levels: list[Data] = []
    for i, filters in enumerate((32, 64, 128), start=1):
        levels.append(_conv_relu(f'level{i}', levels[-1] if levels else x, filters, filter_size=3, padding=1))
    size = levels[-1].shape[2:]
    aligned = [level if level.shape[2:] == size else Resize(f'fuse/resize{i}', [level], size=size).output
               for i, level in enumerate(levels, start=1)]
    fused = Concat('fuse/concat', aligned, axis=1).output
    fused = _conv_relu('fuse', fused, 128, filter_size=1)
    flat = Flatten('head/flatten', [fused]).output
    logits, y = Data('logits', (1, num_classes)), Data('y', (1, num_classes))
    MatMul('head/full', [flat], logits)
    loss = Data('loss', (1, 1))
    CrossEntropyLoss('cross_entropy', [logits, y], loss)
    return Net('F3Net', [loss])


def _conv_relu(ID: str, x: Data, filters: int, **options: Any) -> Data:
    y = Conv2D(f'{ID}/conv', [x], filter_count=filters, **options).output
    return Relu(f'{ID}/relu', [y]).output
