"""A small classifier with everything that training must look after, and points for it to learn."""

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.dropout import InvertedDropout
from deepfusion.components.modules.loss_functions import CrossEntropyLoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.net import Net


def classifier(seed: int = 0, p_keep: float = 0.8) -> Net:
    """Four numbers to three classes; running statistics, dropout, Adam."""
    np.random.seed(seed)
    x, y = Data('x', (1, 4)), Data('y', (1, 3))
    hidden = BatchNorm('norm', [MatMul('first', [x], Data('hidden', (1, 16))).output]).output
    hidden = InvertedDropout('drop', [Relu('relu', [hidden]).output], p_keep=p_keep).output
    logits = MatMul('second', [hidden], Data('logits', (1, 3))).output
    loss = CrossEntropyLoss('cross_entropy', [logits, y], Data('loss', (1, 1))).output
    return Net('classifier', [loss])


def points(count: int = 90, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three clouds of points, and the number of the cloud each belongs to."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    return random.normal(size=(count, 4)) + 2.5 * np.eye(3, 4)[labels], labels


def values(net: Net) -> list[np.ndarray]:
    """Copies of everything that training changes."""
    norm = net.get_node('norm')
    return [np.array(array) for array in (*(p.val for p in net.parameters()), norm.running_mean, norm.running_var)]


def same(first: list[np.ndarray], second: list[np.ndarray]) -> bool:
    """Whether all values are equal, bit for bit."""
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
