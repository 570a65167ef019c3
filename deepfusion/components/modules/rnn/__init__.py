"""Recurrent modules: whole sequences in one module, and single steps to be wired by hand."""

from deepfusion.components.modules.rnn.rnn1 import RNN1
from deepfusion.components.modules.rnn.rnn2 import RNN2
