"""Normalizations: values brought to a common scale."""

from deepfusion.components.modules.normalizations.batch_norm import BatchNorm
from deepfusion.components.modules.normalizations.layer_norm import LayerNorm
