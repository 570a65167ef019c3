"""Activation functions: element-wise bends between linear maps."""

from deepfusion.components.modules.activation_functions.relu import Relu
