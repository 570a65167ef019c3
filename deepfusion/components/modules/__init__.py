"""Modules: the operations that networks are made of."""

from deepfusion.components.modules.add import Add
from deepfusion.components.modules.batch_matmul import BatchMatMul
from deepfusion.components.modules.concat import Concat
from deepfusion.components.modules.convolution import Conv1D, Conv2D, Conv3D
from deepfusion.components.modules.divide import Divide
from deepfusion.components.modules.embedding import Embedding
from deepfusion.components.modules.exp import Exp
from deepfusion.components.modules.flatten import Flatten
from deepfusion.components.modules.log import Log
from deepfusion.components.modules.matmul import MatMul
from deepfusion.components.modules.max import Max
from deepfusion.components.modules.mean import Mean
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.multiply import Multiply
from deepfusion.components.modules.pad import Pad
from deepfusion.components.modules.pixel_shuffle import PixelShuffle
from deepfusion.components.modules.power import Power
from deepfusion.components.modules.reshape import Reshape
from deepfusion.components.modules.resize import Resize
from deepfusion.components.modules.slice import Slice
from deepfusion.components.modules.stack import Stack
from deepfusion.components.modules.subtract import Subtract
from deepfusion.components.modules.sum import Sum
from deepfusion.components.modules.transpose import Transpose
from deepfusion.components.modules.transposed_convolution import ConvTranspose1D, ConvTranspose2D, ConvTranspose3D

# The classes only: the files sum, max and slice would hide Python's own behind `import *`.
__all__ = [name for name in dir() if name[0].isupper()]
