"""The feature fusion block: several kernels and strides for each input, brought together and refined."""

from collections.abc import Sequence
from typing import Any

from deepfusion.blocks.checks import block, check_count, check_odd, check_several
from deepfusion.blocks.fusion.align import align
from deepfusion.blocks.fusion.common import CONVOLUTIONS, check_inputs
from deepfusion.blocks.fusion.merge import Then, finish
from deepfusion.components.data import Data
from deepfusion.components.modules import Add, Concat, Conv2D
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.errors import OptionError


@block(Conv2D)
def feature_fusion(ID: str, inputs: Sequence[Data], width: int, filter_sizes: Sequence[int] = (1, 3),
                   strides: Sequence[int] = (1,), merge: str = 'concat', refine: int = 1, to: str = 'smallest',
                   down: str = 'nearest', up: str = 'nearest', then: Then = 'Relu', **options: Any) -> Data:
    """Each input convolved with every kernel size at every stride, results brought to one size, concatenated or
    summed, refined by 3x3 convolutions, activated.

    Args:
        ID: Path of the block.
        inputs: Any number of volumes of one rank, of any channels and sizes.
        width: Channels of every convolution and of the result.
        filter_sizes: Odd sizes of the kernels; padded so that stride 1 keeps the size.
        strides: Strides of the convolutions.
        merge: 'concat' (then a 1x1 convolution to `width`) or 'sum'.
        refine: Number of 3x3 convolutions behind the merging, with ReLUs between them.
        to, down, up: Whose size to take and how to resize, see `align`.
        then: What ends the block, see `concatenate`.
        options: Further options of the convolutions.

    Returns:
        Volume of `width` channels.

    Raises:
        OptionError: A kernel size is even, or the merging is not known.

    Reference: kernels of several sizes: Szegedy et al., "Going deeper with convolutions" (CVPR 2015), section 4.

    Example:
        >>> inputs = [Data('x', (1, 3, 16, 16)), Data('y', (1, 5, 8, 8))]
        >>> feature_fusion('fuse', inputs, width=8, strides=(1, 2))
        Data('fuse/then_out', shape=(1, 8, 4, 4))
    """
    inputs = check_inputs(ID, inputs)
    filter_sizes = [check_odd(ID, n, 'each of filter_sizes') for n in check_several(ID, filter_sizes, 'filter_sizes')]
    strides, refine = check_several(ID, strides, 'strides'), check_count(ID, refine, 'refine', least=0)
    if merge not in ('concat', 'sum'):
        raise OptionError(f"Block '{ID}': expected merge to be 'concat' or 'sum'; found {merge!r}.")
    convolution = CONVOLUTIONS.get(len(inputs[0].shape))
    if convolution is None:
        raise OptionError(f"Block '{ID}': expected volumes, which can be convolved; found {inputs[0].shape}. "
                          'Fuse vectors with `fuse`.')
    branches = []
    for i, x in enumerate(inputs):
        for size in filter_sizes:
            for stride in strides:
                path = f'{ID}/input{i}/kernel{size}_stride{stride}'
                y = convolution(f'{path}/conv', [x], filter_size=size, filter_count=width, stride=stride,
                                padding=size // 2, **options).output
                branches.append(Relu(f'{path}/relu', [y]).output)
    aligned = align(f'{ID}/align', branches, to=to, down=down, up=up)
    y = aligned[0]
    if merge == 'sum' and len(aligned) > 1:
        y = Add(f'{ID}/sum', aligned).output
    elif merge == 'concat':
        y = Concat(f'{ID}/concat', aligned, axis=1).output
        y = convolution(f'{ID}/mix', [y], filter_size=1, filter_count=width, **options).output
    for i in range(refine):
        y = Relu(f'{ID}/refine{i}/relu', [y]).output
        y = convolution(f'{ID}/refine{i}/conv', [y], filter_size=3, filter_count=width, padding=1, **options).output
    return finish(ID, y, then)
