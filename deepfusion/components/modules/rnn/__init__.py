"""Recurrent modules: whole sequences in one module, and single steps to be wired by hand."""

from deepfusion.components.modules.rnn.gru import GRU
from deepfusion.components.modules.rnn.gru_cell import GRUCell
from deepfusion.components.modules.rnn.last_state import LastState
from deepfusion.components.modules.rnn.lstm import LSTM
from deepfusion.components.modules.rnn.lstm_cell import LSTMCell
from deepfusion.components.modules.rnn.rnn import RNN
from deepfusion.components.modules.rnn.rnn1 import RNN1
from deepfusion.components.modules.rnn.rnn2 import RNN2
