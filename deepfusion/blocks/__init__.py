"""Blocks: functions that take Data, connect modules and return Data. Wiring only, no maths.

Every block takes an ID first; its nodes are named by paths below it ('res1/conv1'), so that drawings group them.
"""

from deepfusion.blocks.bidirectional_pyramid import bidirectional_pyramid
from deepfusion.blocks.cbam import cbam
from deepfusion.blocks.channel_attention import effective_squeeze_excitation, efficient_channel_attention
from deepfusion.blocks.convolution_norm_relu import convolution_norm_relu
from deepfusion.blocks.coordinate_attention import coordinate_attention
from deepfusion.blocks.feature_pyramid import feature_pyramid
from deepfusion.blocks.fusion import (
    adaptive_spatial_fusion,
    add,
    align,
    attentional_fusion,
    bilinear,
    channel_softmax_attention,
    concatenate,
    dynamic_feature_fusion,
    feature_fusion,
    fuse,
    gated_multimodal_unit,
    iterative_attentional_fusion,
    level_attention,
    level_gates,
    maximum,
    multiply,
    selective_kernel,
    weighted_sum,
)
from deepfusion.blocks.non_local import non_local
from deepfusion.blocks.path_aggregation import path_aggregation
from deepfusion.blocks.residual import residual_block
from deepfusion.blocks.separable_convolution import separable_convolution
from deepfusion.blocks.split import split
from deepfusion.blocks.squeeze_excitation import squeeze_excitation
from deepfusion.blocks.three_level_fusion import three_level_fusion
from deepfusion.blocks.transformer import transformer_decoder_layer, transformer_encoder_layer
