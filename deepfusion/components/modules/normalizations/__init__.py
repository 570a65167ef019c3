"""Normalizations: values brought to a common scale."""

from deepfusion.components.modules.normalizations.batch_norm import BatchNorm
from deepfusion.components.modules.normalizations.group_norm import GroupNorm
from deepfusion.components.modules.normalizations.instance_norm import InstanceNorm
from deepfusion.components.modules.normalizations.l2_norm import L2Norm
from deepfusion.components.modules.normalizations.layer_norm import LayerNorm
from deepfusion.components.modules.normalizations.local_response_norm import LocalResponseNorm
from deepfusion.components.modules.normalizations.rms_norm import RMSNorm
