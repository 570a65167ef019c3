"""Modules: the operations that networks are made of."""

from deepfusion.components.modules.add import Add
from deepfusion.components.modules.convolution import Conv1D, Conv2D, Conv3D
from deepfusion.components.modules.matmul import MatMul
from deepfusion.components.modules.module import Module
