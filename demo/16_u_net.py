"""A U-Net finds discs and squares that noise nearly hides, pixel by pixel.

Levels go down by max pooling and come back up by transposed convolutions; at every size, what comes up is joined with
what was there on the way down. Two losses train it: cross-entropy per pixel, and Dice, which looks at whole regions.

Run: python demo/16_u_net.py (under 40 s on one core; `DEEPFUSION_DEMO_STEPS=50` makes it shorter)
"""

import os
import time

import numpy as np

from deepfusion.blocks import convolution_norm_relu
from deepfusion.components.data import Data
from deepfusion.components.modules import Concat, Conv2D, ConvTranspose2D
from deepfusion.components.modules.loss_functions import CrossEntropyLoss, DiceLoss
from deepfusion.components.modules.pooling import MaxPool
from deepfusion.components.net import Net

STEPS = int(os.environ.get('DEEPFUSION_DEMO_STEPS', 200))
SIZE, BATCH, CLASSES = 32, 16, ('background', 'disc', 'square')
np.random.seed(0)


def draw(count):
    """Pictures (count, 1, SIZE, SIZE) of two shapes and noise, and the class of every pixel (count, SIZE, SIZE)."""
    rows, columns = np.mgrid[:SIZE, :SIZE]
    classes = np.zeros((count, SIZE, SIZE), dtype=np.int64)
    for kind in (1, 2):
        y, x = np.random.uniform(6, SIZE - 6, (2, count, 1, 1))
        radius = np.random.uniform(4, 8, (count, 1, 1))
        down, across = abs(rows - y), abs(columns - x)
        inside = np.hypot(down, across) < radius if kind == 1 else np.maximum(down, across) < radius * 0.89
        classes[inside] = kind                              # as many pixels in a square as in a disc
    pictures = (classes > 0) + 0.6 * np.random.randn(count, SIZE, SIZE)
    return pictures[:, None], classes


def twice(ID, x, width):
    """Two steps of convolution, batch norm and ReLU."""
    return convolution_norm_relu(f'{ID}/b', convolution_norm_relu(f'{ID}/a', x, width), width)


def u_net(widths=(12, 24, 48)):
    """Down, up, and a score for each class at every pixel."""
    x, y = Data('x', (1, 1, SIZE, SIZE)), Data('y', (1, SIZE, SIZE))
    levels = [twice('down0', x, widths[0])]
    for i, width in enumerate(widths[1:], start=1):
        smaller = MaxPool(f'down{i}/pool', [levels[-1]], filter_size=2, stride=2).output
        levels.append(twice(f'down{i}', smaller, width))
    rising = levels.pop()
    for i, level in reversed(list(enumerate(levels))):
        grown = ConvTranspose2D(f'up{i}/grow', [rising], filter_size=2, filter_count=widths[i], stride=2).output
        rising = twice(f'up{i}', Concat(f'up{i}/join', [grown, level]).output, widths[i])
    scores = Data('scores', (1, len(CLASSES), SIZE, SIZE))
    Conv2D('head', [rising], scores, filter_size=1, filter_count=len(CLASSES), weight_init_type='Xavier')
    losses = [Data('pixel_loss', (1, 1)), Data('region_loss', (1, 1))]
    CrossEntropyLoss('pixels', [scores, y], losses[0])
    DiceLoss('regions', [scores, y], losses[1], activation='softmax')
    return Net('u_net', losses)                             # the net's gradient is that of the sum of its losses


def test(net, pictures, classes):
    """The loss, and for each class intersection over union of the pixels found and those that are there."""
    net.set_mode('test')
    net.get_node('x').val, net.get_node('y').val = pictures, classes
    net.forward()
    found = net.get_node('scores').val.argmax(axis=1)
    overlap = [((found == c) & (classes == c)).sum() / ((found == c) | (classes == c)).sum()
               for c in range(len(CLASSES))]
    return sum(float(loss.val) for loss in net.root_nodes), overlap


def report(when, loss, overlap):
    print(f'{when:<9} loss {loss:.3f}   intersection over union: '
          + ', '.join(f'{name} {value:.1%}' for name, value in zip(CLASSES, overlap, strict=True)))


net = u_net()
net.set_optimizer({'optimizer_name': 'Adam', 'hyperparameters': {}})
test_set = draw(64)
print(net)
report('untrained', *test(net, *test_set))

start = time.perf_counter()
for step in range(STEPS):
    net.set_mode('train')
    net.get_node('x').val, net.get_node('y').val = draw(BATCH)
    net.set_learning_rate(1e-2 * (1 - step / STEPS))
    net.forward()
    net.backward(wrt='unfrozen')
    net.update()
    if step % 50 == 0:
        loss = sum(float(root.val) for root in net.root_nodes)
        print(f'step {step:>4}   loss {loss:.3f}   {time.perf_counter() - start:.0f} s')

report('trained', *test(net, *test_set))
