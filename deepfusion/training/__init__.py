"""Training nets: the loop, its history, and how good the result is."""

from deepfusion.training.evaluation import Evaluation, evaluate
from deepfusion.training.feed import BYTE_PIXELS
from deepfusion.training.history import History
from deepfusion.training.rates import cosine
from deepfusion.training.trainer import Trainer

__all__ = ['BYTE_PIXELS', 'Evaluation', 'History', 'Trainer', 'cosine', 'evaluate']
