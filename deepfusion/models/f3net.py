"""F3Net: three convolution levels, fused."""

from deepfusion.blocks import three_level_fusion
from deepfusion.blocks.fusion.fuse import Way
from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D, Flatten, MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import CrossEntropyLoss
from deepfusion.components.net import Net
from deepfusion.models.options import check_classes, check_picture


def f3net(num_classes: int = 10, image_shape: tuple[int, int, int] = (3, 8, 8),
          fusion: str | Way = 'concat') -> Net:
    """A small classifier that fuses its three levels: f1, f2, f3 = relu(conv3) of 32, 64, 128 channels; f1 and f2
    at f3's size; concat (224); relu(conv1, 128); flatten; fully connected.

    Args:
        num_classes: Width of the logits.
        image_shape: Channels, height and width of the pictures.
        fusion: How the levels are fused: any way of `fuse`, by name or as a function of an ID and a list of Data.

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
        y = levels[-1] if levels else x
        y = Conv2D(f'level{i}/conv', [y], filter_size=3, filter_count=filters, padding=1).output
        levels.append(Relu(f'level{i}/relu', [y]).output)
    fused = three_level_fusion('fuse', levels, 128, way=fusion)
    flat = Flatten('head/flatten', [fused]).output
    logits, y = Data('logits', (1, num_classes)), Data('y', (1, num_classes))
    MatMul('head/full', [flat], logits)
    loss = Data('loss', (1, 1))
    CrossEntropyLoss('cross_entropy', [logits, y], loss)
    return Net('F3Net', [loss])

