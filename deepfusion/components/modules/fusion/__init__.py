"""Fusion: several inputs become one, by mathematics of their own. Ways that are wiring are in `deepfusion.blocks`."""

from deepfusion.components.modules.fusion.bilinear_fusion import BilinearFusion
from deepfusion.components.modules.fusion.lerp import Lerp
from deepfusion.components.modules.fusion.maximum import Maximum
from deepfusion.components.modules.fusion.weighted_sum import WeightedSum
