"""Ways to fuse features. `fuse` does any of them in one line, on features of any sizes and channels."""

from deepfusion.blocks.fusion.adaptive_spatial import adaptive_spatial_fusion
from deepfusion.blocks.fusion.align import align
from deepfusion.blocks.fusion.attentional import attentional_fusion, iterative_attentional_fusion
from deepfusion.blocks.fusion.dynamic import dynamic_feature_fusion
from deepfusion.blocks.fusion.feature_fusion import feature_fusion
from deepfusion.blocks.fusion.fuse import WAYS, fuse
from deepfusion.blocks.fusion.gates import channel_softmax_attention, gated_multimodal_unit, level_gates
from deepfusion.blocks.fusion.level_attention import level_attention
from deepfusion.blocks.fusion.merge import add, bilinear, concatenate, maximum, multiply, weighted_sum
from deepfusion.blocks.fusion.selective_kernel import selective_kernel
