"""Data: the nodes that hold values and derivatives."""

from deepfusion.components.data.data import Data
