"""Activation functions: element-wise bends between linear maps."""

from deepfusion.components.modules.activation_functions.celu import CELU
from deepfusion.components.modules.activation_functions.elu import ELU
from deepfusion.components.modules.activation_functions.gelu import GELU
from deepfusion.components.modules.activation_functions.glu import GLU
from deepfusion.components.modules.activation_functions.hard_sigmoid import HardSigmoid
from deepfusion.components.modules.activation_functions.hard_swish import HardSwish
from deepfusion.components.modules.activation_functions.hard_tanh import HardTanh
from deepfusion.components.modules.activation_functions.log_softmax import LogSoftmax
from deepfusion.components.modules.activation_functions.lrelu import LRelu
from deepfusion.components.modules.activation_functions.maxout import Maxout
from deepfusion.components.modules.activation_functions.mish import Mish
from deepfusion.components.modules.activation_functions.prelu import PRelu
from deepfusion.components.modules.activation_functions.relu import Relu
from deepfusion.components.modules.activation_functions.relu6 import Relu6
from deepfusion.components.modules.activation_functions.selu import SELU
from deepfusion.components.modules.activation_functions.sigmoid import Sigmoid
from deepfusion.components.modules.activation_functions.silu import SiLU, Swish
from deepfusion.components.modules.activation_functions.softmax import Softmax
from deepfusion.components.modules.activation_functions.softplus import Softplus
from deepfusion.components.modules.activation_functions.softsign import Softsign
from deepfusion.components.modules.activation_functions.tanh import Tanh
