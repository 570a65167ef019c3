"""Two language models, letter by letter: an LSTM and a small transformer learn to write like this package's docstrings.

A guess without knowledge costs about 4.4 a letter; after 300 steps the LSTM comes to about 1.2 and the transformer to
about 1.3 on text they have not seen. About half a minute each; `DEEPFUSION_DEMO_STEPS=50` makes it shorter.
"""

import inspect
import os
import time

import numpy as np

from deepfusion.blocks import transformer_encoder_layer
from deepfusion.components import modules
from deepfusion.components.data import Data
from deepfusion.components.modules import (
    Embedding,
    MatMul,
    activation_functions,
    attention,
    loss_functions,
    normalizations,
    rnn,
)
from deepfusion.components.net import Net

STEPS = int(os.environ.get('DEEPFUSION_DEMO_STEPS', 300))
BATCH, LENGTH, WIDTH = 32, 64, 96
np.random.seed(0)

# -- The text: what every module says of itself; its last tenth is kept for testing --------------------------------
packages = (modules, activation_functions, attention, loss_functions, normalizations, rnn)
classes = {member for package in packages for member in vars(package).values() if inspect.isclass(member)}
text = '\n\n'.join(inspect.getdoc(cls) or '' for cls in sorted(classes, key=lambda cls: cls.__name__))
letters = sorted(set(text))
codes = np.array([letters.index(letter) for letter in text])
training, testing = np.split(codes, [len(codes) * 9 // 10])
print(f'{len(text):,} characters, {len(letters)} different ones; a guess without knowledge costs '
      f'{np.log(len(letters)):.2f}')


def lstm(x):
    """Embedding, two layers of long short-term memory, and a score for every letter."""
    h = Embedding('embedding', [x], count=len(letters), width=WIDTH).output
    h = rnn.LSTM('lstm', [h], hidden_size=192, layers=2).output
    return MatMul('scores', [h], out_features=len(letters), weight_init_type='Xavier').output


def transformer(x):
    """Embedding, two causal layers of attention that are told places by rotation, and a score for every letter."""
    h = Embedding('embedding', [x], count=len(letters), width=WIDTH).output
    for i in range(2):
        h = transformer_encoder_layer(f'layer{i}', h, heads=4, hidden=4 * WIDTH, p_keep=1, norm_first=True,
                                      activation=activation_functions.GELU, causal=True, rotary_base=1e4)
    h = normalizations.LayerNorm('norm', [h], axes=-1).output
    return MatMul('scores', [h], out_features=len(letters), weight_init_type='Xavier').output


def pieces(source):
    """Stretches of the text, and the same moved on by one letter: what is to be foretold."""
    starts = np.random.randint(len(source) - LENGTH, size=BATCH)
    stretches = source[starts[:, None] + np.arange(LENGTH + 1)]
    return stretches[:, :-1], stretches[:, 1:]


def write(x, scores, net, start='Forward: ', count=120):
    """Let the net go on from a few letters, one likely letter after the other."""
    written = [letters.index(letter) for letter in start]
    for _ in range(count):
        seen = written[-LENGTH:]
        x.val = np.array([seen + [0] * (LENGTH - len(seen))])       # nothing looks at what comes after
        net.forward()
        z = scores.val[0, len(seen) - 1] / 0.5
        p = np.exp(z - z.max())
        written.append(int(np.random.choice(len(letters), p=p / p.sum())))
    return ''.join(letters[code] for code in written)


for model in (lstm, transformer):
    x, y = Data('x', (1, LENGTH)), Data('y', (1, LENGTH))
    scores = model(x)
    loss = loss_functions.CrossEntropyLoss('cost', [scores, y], Data('loss', (1, 1)), axis=-1).output
    net = Net(model.__name__, [loss], learning_rate=3e-3)
    print(f'\n{model.__name__}: {net.parameter_count:,} parameters')
    began = time.perf_counter()
    for step in range(1, STEPS + 1):
        net.set_learning_rate(3e-3 * min(1, step / 20) * (1 - 0.9 * step / STEPS))
        x.val, y.val = pieces(training)
        net.forward()
        net.backward(wrt='unfrozen')
        net.update()
        if step in {1, STEPS // 4, STEPS // 2, STEPS}:
            print(f'  step {step:4}   training loss {loss.val:.3f}   {time.perf_counter() - began:5.1f} s')
    losses = []
    for _ in range(8):
        x.val, y.val = pieces(testing)
        net.forward()
        losses.append(float(loss.val))
    print(f'  on text it has not seen: loss {np.mean(losses):.3f}')
    speaker = Net('speaker', [scores])
    print('  it writes: ' + write(x, scores, speaker, count=min(120, STEPS)).replace('\n', '\n    '))
