"""Two modalities tell more than one: half a picture of a digit, fused with numbers about the other half.

The picture lacks its left or its right half, at random; the vector holds sums over the columns and rows of the half
that is missing, and which half it is. Each alone is trained first, then both together, fused in several ways.

Run: python demo/17_fuse_two_modalities.py (under 40 s on one core; `DEEPFUSION_DEMO_STEPS=50` makes it shorter)
"""

import os

import numpy as np

from deepfusion.blocks import convolution_norm_relu, fuse
from deepfusion.components.data import Data
from deepfusion.components.modules import Flatten, MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import CrossEntropyLoss
from deepfusion.components.modules.pooling import MaxPool
from deepfusion.components.net import Net
from deepfusion.datasets import digits

STEPS = int(os.environ.get('DEEPFUSION_DEMO_STEPS', 250))
BATCH, WIDTH = 64, 48
WAYS = ['concat', 'concat_map', 'sum', 'softmax', 'maximum', 'gates', 'gmu', 'aff']


def modalities(pictures):
    """Pictures (N, 1, 8, 8) without one half, and vectors (N, 13) of the other."""
    pictures = pictures / 255.0
    left = np.random.rand(len(pictures)) < 0.5
    seen = np.arange(8) < 4                                                         # columns of the left half
    gone = seen == left[:, None]                                                    # (N, 8)
    hidden = pictures[:, 0] * gone[:, None]
    half = np.where(left[:, None], hidden.sum(axis=1)[:, :4], hidden.sum(axis=1)[:, 4:])    # its 4 column sums
    return pictures * ~gone[:, None, None], np.concatenate([half, hidden.sum(axis=2), left[:, None]], axis=1)


def build(way):
    """A net of the picture's features, the vector's, or both fused in that way."""
    picture, vector = Data('picture', (1, 1, 8, 8)), Data('vector', (1, 13))
    seen = convolution_norm_relu('picture/second', convolution_norm_relu('picture/first', picture, 16), 16)
    seen = Flatten('picture/flat', [MaxPool('picture/pool', [seen], filter_size=2, stride=2).output]).output
    seen = Relu('picture/relu', [MatMul('picture/features', [seen], out_features=WIDTH).output]).output
    told = Relu('vector/relu', [MatMul('vector/first', [vector], out_features=WIDTH).output]).output
    told = Relu('vector/relu2', [MatMul('vector/features', [told], out_features=WIDTH).output]).output
    alone = {'picture alone': seen, 'vector alone': told}
    features = alone[way] if way in alone else fuse('fused', [seen, told], way=way)
    scores, y, loss = Data('scores', (1, 10)), Data('y', (1,)), Data('loss', (1, 1))
    MatMul('head', [features], scores, weight_init_type='Xavier')
    CrossEntropyLoss('cost', [scores, y], loss)
    return Net(way, [loss])


def feed(net, picture, vector, labels):
    """Set what the net has of the inputs."""
    for ID, value in (('picture', picture), ('vector', vector), ('y', labels)):
        if ID in net.node_lookup:
            net.get_node(ID).val = value


def accuracy(way, train, test):
    """Test accuracy after training; every way sees the same batches and starts at the same seed."""
    np.random.seed(0)
    net = build(way)
    net.set_optimizer({'optimizer_name': 'Adam', 'hyperparameters': {}})
    for step in range(STEPS):
        chosen = np.random.default_rng(step).choice(len(train[2]), size=BATCH, replace=False)
        feed(net, *(part[chosen] for part in train))
        net.set_learning_rate(3e-3 * (1 - step / STEPS))
        net.forward()
        net.backward(wrt='unfrozen')
        net.update()
    net.set_mode('test')
    feed(net, *test)
    net.forward()
    return (net.get_node('scores').val.argmax(axis=1) == test[2]).mean(), net.parameter_count


np.random.seed(0)
data = digits()
train = (*modalities(data.train_pictures), data.train_labels)
test = (*modalities(data.test_pictures), data.test_labels)
print(f'{"features":<16}{"test accuracy":>14}{"parameters":>12}')
for way in ['picture alone', 'vector alone', *WAYS]:
    right, parameters = accuracy(way, train, test)
    print(f'{way:<16}{right:>14.1%}{parameters:>12,}')
