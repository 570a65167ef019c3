"""Modules: the operations that networks are made of."""

from deepfusion.components.modules.add import Add
from deepfusion.components.modules.concat import Concat
from deepfusion.components.modules.convolution import Conv1D, Conv2D, Conv3D
from deepfusion.components.modules.flatten import Flatten
from deepfusion.components.modules.matmul import MatMul
from deepfusion.components.modules.module import Module
from deepfusion.components.modules.multiply import Multiply
from deepfusion.components.modules.reshape import Reshape
from deepfusion.components.modules.resize import Resize
from deepfusion.components.modules.slice import Slice
from deepfusion.components.modules.stack import Stack
from deepfusion.components.modules.transpose import Transpose
