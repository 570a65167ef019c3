"""Losses: what training makes small. Their values are 0-d, their shape is (1, 1)."""

from deepfusion.components.modules.loss_functions.cosine_embedding import CosineEmbeddingLoss
from deepfusion.components.modules.loss_functions.cross_entropy import CrossEntropyLoss
from deepfusion.components.modules.loss_functions.ctc import CTCLoss
from deepfusion.components.modules.loss_functions.dice import DiceLoss
from deepfusion.components.modules.loss_functions.focal import FocalLoss
from deepfusion.components.modules.loss_functions.hinge import HingeLoss
from deepfusion.components.modules.loss_functions.huber import HuberLoss
from deepfusion.components.modules.loss_functions.info_nce import InfoNCELoss
from deepfusion.components.modules.loss_functions.kl_div import KLDivLoss
from deepfusion.components.modules.loss_functions.log_cosh import LogCoshLoss
from deepfusion.components.modules.loss_functions.logistic import LogisticLoss
from deepfusion.components.modules.loss_functions.mae import MAELoss
from deepfusion.components.modules.loss_functions.mse import MSELoss
from deepfusion.components.modules.loss_functions.multi_margin import MultiMarginLoss
from deepfusion.components.modules.loss_functions.nll import NLLLoss
from deepfusion.components.modules.loss_functions.smooth_l1 import SmoothL1Loss
from deepfusion.components.modules.loss_functions.sum_loss import SumLoss
from deepfusion.components.modules.loss_functions.triplet import TripletLoss
from deepfusion.components.modules.loss_functions.tversky import TverskyLoss
