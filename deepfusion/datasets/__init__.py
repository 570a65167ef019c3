"""Labelled pictures to train and test on."""

from deepfusion.datasets.cifar10 import cifar10
from deepfusion.datasets.dataset import Dataset
from deepfusion.datasets.digits import digits

__all__ = ['Dataset', 'cifar10', 'digits']
