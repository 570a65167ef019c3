"""What fusion learns to look at: weights of levels, and maps of gates, drawn for some digits.

A small net reads digits of 32x32 at three depths and fuses these levels in three ways at once: by one weight per level
(softmax), by weight maps that sum to 1 at every place (ASFF), and by free gate maps (dynamic). After some training, the
picture shows what each level counts for, and where.

Run: python demo/18_look_at_fusion_weights.py [FOLDER] (the picture goes to FOLDER, else to a temporary one;
under 40 s on one core; `DEEPFUSION_DEMO_STEPS=30` makes it shorter)
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from deepfusion.blocks import convolution_norm_relu, fuse
from deepfusion.components.data import Data
from deepfusion.components.modules import Concat, Flatten, MatMul
from deepfusion.components.modules.loss_functions import CrossEntropyLoss
from deepfusion.components.modules.pooling import MaxPool
from deepfusion.components.net import Net
from deepfusion.datasets import digits

STEPS = int(os.environ.get('DEEPFUSION_DEMO_STEPS', 200))
BATCH, WIDTH = 32, 16
LEVELS = ('16x16', '8x8', '4x4')


def build():
    """Three levels, fused in three ways; the results, side by side, decide on the class, place by place."""
    x, y = Data('x', (1, 1, 32, 32)), Data('y', (1,))
    z, levels = convolution_norm_relu('stem', x, 8), []
    for i, width in enumerate((8, 16, 32)):
        z = convolution_norm_relu(f'level{i}', MaxPool(f'level{i}/pool', [z], filter_size=2, stride=2).output, width)
        levels.append(z)
    ways = {'softmax': {}, 'asff': {}, 'dynamic': {'reduction': 2}}
    fused = [fuse(way, levels, way=way, width=WIDTH, to='largest', up='bilinear', **options)
             for way, options in ways.items()]
    pooled = [Flatten(f'head/flat{i}', [MaxPool(f'head/pool{i}', [level], filter_size=4, stride=4).output]).output
              for i, level in enumerate(fused)]
    scores, loss = Data('scores', (1, 10)), Data('loss', (1, 1))
    MatMul('head/full', [Concat('head/join', pooled).output], scores, weight_init_type='Xavier')
    CrossEntropyLoss('cost', [scores, y], loss)
    return Net('fusion', [loss])


def train(net, pictures, labels):
    """Adam on random batches, at a rate that falls to 0."""
    net.set_optimizer({'optimizer_name': 'Adam', 'hyperparameters': {}})
    for step in range(STEPS):
        chosen = np.random.choice(len(labels), size=BATCH, replace=False)
        net.get_node('x').val, net.get_node('y').val = pictures[chosen], labels[chosen]
        net.set_learning_rate(2e-3 * (1 - step / STEPS))
        net.forward()
        net.backward(wrt='unfrozen')
        net.update()


def draw(path, pictures, weights, asff, dynamic):
    """Bars for the levels' weights; a row for each digit, with its maps, dark for 0 and bright for 1."""
    figure = Figure(figsize=(10, 7.4), layout='constrained')
    FigureCanvasAgg(figure)
    above, below = figure.subfigures(2, 1, height_ratios=(1, 3.4))
    bars = above.add_subplot()
    bars.barh(LEVELS[::-1], weights[::-1], color='#277cb3')
    bars.bar_label(bars.containers[0], fmt='%.2f', padding=4)
    bars.set_xlim(0, 1)
    bars.set_title('softmax: one weight per level')
    bars.spines[['top', 'right']].set_visible(False)
    axes = below.subplots(len(pictures), 7)
    for row, picture in zip(axes, range(len(pictures)), strict=True):
        row[0].imshow(pictures[picture, 0], cmap='gray')
        for i in range(3):
            for place, maps in ((1 + i, asff), (4 + i, dynamic)):
                image = row[place].imshow(maps[picture, i], cmap='magma', vmin=0, vmax=1)
        for box in row:
            box.set_xticks([])
            box.set_yticks([])
    titles = ['digit', *(f'ASFF {level}' for level in LEVELS), *(f'gate {level}' for level in LEVELS)]
    for box, title in zip(axes[0], titles, strict=True):
        box.set_title(title, fontsize=10)
    below.colorbar(image, ax=axes, shrink=0.6, label='weight of the level at that place')
    figure.savefig(path, dpi=100)


np.random.seed(0)
data = digits(size=32)
net = build()
scores_of_levels = net.get_node('asff/levels').F
scores_of_levels.val = np.zeros(scores_of_levels.shape)      # ASFF starts with equal weights, like softmax
train(net, data.train_pictures / 255.0, data.train_labels)

net.set_mode('test')
net.get_node('x').val, net.get_node('y').val = data.test_pictures / 255.0, data.test_labels
net.forward()
right = (net.get_node('scores').val.argmax(axis=1) == data.test_labels).mean()
print(f'{STEPS} steps of {BATCH} digits: test accuracy {right:.1%}')

# Everything that a net computes has a name: weights and maps are Data like any other.
logits = net.get_node('softmax/weighted').logits.val
weights = np.exp(logits) / np.exp(logits).sum()
asff, dynamic = net.get_node('asff/maps_out').val, net.get_node('dynamic/maps_out').val
for name, values in (('softmax', weights), ('ASFF, mean', asff.mean(axis=(0, 2, 3))),
                     ('gates, mean', dynamic.mean(axis=(0, 2, 3)))):
    print(f'{name:<12}' + '   '.join(f'{level} {value:.2f}' for level, value in zip(LEVELS, values, strict=True)))

chosen = [int(np.flatnonzero(data.test_labels == digit)[0]) for digit in (0, 3, 4, 7)]
with tempfile.TemporaryDirectory() as temporary:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else temporary) / 'fusion_weights.png'
    draw(path, data.test_pictures[chosen], weights, asff[chosen], dynamic[chosen])
    print(f'{path.name}: {path.stat().st_size:,} bytes')
