"""Separable convolution: first over places, channel by channel, then over channels, place by place."""

from typing import Any

from deepfusion.blocks.checks import block
from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D
from deepfusion.functional.windows import per_axis


@block(Conv2D)
def separable_convolution(ID: str, x: Data, filter_count: int, filter_size: Any = 3, stride: Any = 1,
                          padding: Any = 'same', dilation: Any = 1, depth_multiplier: int = 1, **options: Any) -> Data:
    """`conv1x1(depthwise(x))`: nearly a convolution of `filter_size`, for about 1 / filter_count of the work.

    Args:
        ID: Path of the block; its nodes are `<ID>/depthwise` and `<ID>/pointwise`.
        x: Volume (1, C, H, W).
        filter_count: Channels of the result.
        filter_size, stride, padding, dilation: As for Conv2D, for the depthwise part. 'same' keeps the size where the
            stride is 1 and halves it, rounded up, where it is 2.
        depth_multiplier: Filters for each channel of x in the depthwise part.
        options: Further options of both convolutions.

    Returns:
        Volume (1, filter_count, H', W').

    Reference: F. Chollet, Xception: deep learning with depthwise separable convolutions, CVPR 2017.

    Example:
        >>> separable_convolution('sep', Data('x', (1, 8, 6, 6)), 16)
        Data('sep/pointwise_out', shape=(1, 16, 6, 6))
    """
    if padding == 'same' and stride != 1:
        size, gaps = per_axis(filter_size, 2, 'filter_size'), per_axis(dilation, 2, 'dilation')
        padding = tuple(d * (k - 1) // 2 for k, d in zip(size, gaps, strict=True))
    y = Conv2D(f'{ID}/depthwise', [x], filter_size=filter_size, filter_count=x.shape[1] * depth_multiplier,
               stride=stride, padding=padding, dilation=dilation, groups=x.shape[1], **options).output
    return Conv2D(f'{ID}/pointwise', [y], filter_size=1, filter_count=filter_count, **options).output
