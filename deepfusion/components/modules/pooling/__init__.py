"""Pooling: fewer places, by maximum, average or norm."""

from deepfusion.components.modules.pooling.adaptive_pool import AdaptiveAvgPool, AdaptiveMaxPool
from deepfusion.components.modules.pooling.average_pool import AvgPool1D, AvgPool2D, AvgPool3D
from deepfusion.components.modules.pooling.global_pool import GlobalAvgPool, GlobalMaxPool
from deepfusion.components.modules.pooling.lp_pool import LPPool2D
from deepfusion.components.modules.pooling.max_pool import MaxPool, MaxPool1D, MaxPool3D
