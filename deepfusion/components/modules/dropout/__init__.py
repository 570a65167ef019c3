"""Dropout: noise in training that keeps units from relying on each other."""

from deepfusion.components.modules.dropout.channel_dropout import ChannelDropout
from deepfusion.components.modules.dropout.dropout import Dropout
from deepfusion.components.modules.dropout.gaussian_noise import GaussianNoise
from deepfusion.components.modules.dropout.inverted_dropout import InvertedDropout
from deepfusion.components.modules.dropout.stochastic_depth import StochasticDepth
