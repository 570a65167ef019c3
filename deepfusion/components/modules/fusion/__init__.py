"""Fusion: several values become one."""

from deepfusion.components.modules.fusion.weighted_sum import WeightedSum
