"""Activation functions: element-wise bends between linear maps."""

from deepfusion.components.modules.activation_functions.relu import Relu
from deepfusion.components.modules.activation_functions.sigmoid import Sigmoid
from deepfusion.components.modules.activation_functions.tanh import Tanh
