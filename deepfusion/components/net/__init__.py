"""Net: a graph of Data and modules, and what can be done with it as a whole."""

from deepfusion.components.net.net import Net
