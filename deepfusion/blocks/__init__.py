"""Blocks: functions that take Data, connect modules and return Data. Wiring only, no maths.

Every block takes an ID first; its nodes are named by paths below it ('res1/conv1'), so that drawings group them.
"""

from deepfusion.blocks.convolution_norm_relu import convolution_norm_relu
from deepfusion.blocks.dynamic_feature_fusion import dynamic_feature_fusion
from deepfusion.blocks.feature_pyramid import feature_pyramid
from deepfusion.blocks.residual import residual_block
from deepfusion.blocks.separable_convolution import separable_convolution
from deepfusion.blocks.split import split
from deepfusion.blocks.squeeze_excitation import squeeze_excitation
