"""Importing every public path, against importing PyTorch, each in a fresh interpreter.

Byte code may be written, and is there from the second import on, as in what pip has installed.
"""

import os
import subprocess
import sys

from benchmarks.cases import Step, Unavailable, torch_for

OURS = """
from deepfusion.components.net import Net
from deepfusion.components.data import Data
from deepfusion.components.modules import Module, MatMul, Add, Conv2D, Flatten
from deepfusion.components.modules.activation_functions import Relu, Sigmoid, Tanh, LRelu, PRelu, ELU
from deepfusion.components.modules.loss_functions import MSELoss, LogisticLoss, CrossEntropyLoss, SumLoss
from deepfusion.components.modules.normalizations import BatchNorm, LayerNorm
from deepfusion.components.modules.dropout import Dropout, InvertedDropout
from deepfusion.components.modules.pooling import MaxPool
from deepfusion.components.modules.rnn import RNN1, RNN2
from deepfusion.components.optimizers import get_optimizer, DEFAULT_OPTIMIZER_DETAILS
from deepfusion.utils.backend import Backend
from deepfusion.utils.grad_check import gradient_checker
from deepfusion.utils.automate_training import automate_training
from deepfusion.utils.printing import print_net_performance
from deepfusion.utils.colors import red
"""


def run(peer: str) -> Step:
    """A fresh interpreter that imports."""
    if peer not in ('deepfusion', 'torch'):
        raise Unavailable('imports have no memory format')
    if peer == 'torch':
        torch_for(peer)
    code = OURS if peer == 'deepfusion' else 'import torch'
    environment = {name: value for name, value in os.environ.items() if name != 'PYTHONDONTWRITEBYTECODE'}

    def step() -> None:
        subprocess.run([sys.executable, '-c', code], check=True, env=environment)

    return step
