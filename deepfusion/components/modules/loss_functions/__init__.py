"""Losses: what training makes small. Their values are 0-d, their shape is (1, 1)."""

from deepfusion.components.modules.loss_functions.cross_entropy import CrossEntropyLoss
from deepfusion.components.modules.loss_functions.logistic import LogisticLoss
from deepfusion.components.modules.loss_functions.mse import MSELoss
from deepfusion.components.modules.loss_functions.sum_loss import SumLoss
