"""The nets that are drawn in tests, and what is asked of every layout."""

from functools import cache

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Add, MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import MSELoss, SumLoss
from deepfusion.components.modules.normalizations import BatchNorm
from deepfusion.components.modules.rnn import RNN1
from deepfusion.components.net import Net
from deepfusion.models.f3net import f3net
from deepfusion.models.fusionnet import fusionnet
from deepfusion.visualization.build import build_view
from deepfusion.visualization.describe import describe
from deepfusion.visualization.draw import DEFAULT_SHOW
from deepfusion.visualization.labels import label_of
from deepfusion.visualization.view import ViewOptions

HOSTILE = ['a b', 'say "hi"', "it's", 'back\\slash\\', 'tail"\\', '<script>alert(1)</script>', '&lt;b&gt; & co',
           ']]>', '</script><script>alert(2)</script>', '"><img src=x onerror=alert(3)>', "';alert(4);//",
           '${alert(5)}', 'n0 -> n1; {x}', 'line\nbreak\ttab', 'naïve/Ünï/ßẞ', '日本語/ノード', '🙂 smile',
           '\u202eright to left', '\x01\x7f\x85', '$\\frac{1}{2}$', 'x//y', '/lead', 'trail/', '%s %d {0}',
           '--><!--', 'javascript:alert(6)', '\ufeffbom', '__proto__', 'constructor', '\\N \\G \\l', 'w' * 120]


def basic():
    """x -> MatMul -> Relu -> MatMul -> MSELoss, every Data made by hand."""
    x, z1, a, z2, y, loss = (Data(ID, (1, n)) for ID, n in
                             (('x', 3), ('z1', 16), ('a', 16), ('z2', 1), ('y', 1), ('loss', 1)))
    MatMul('Matmul1', [x], z1)
    Relu('ActF', [z1], a)
    MatMul('Matmul2', [a], z2)
    MSELoss('LossF', [z2, y], loss)
    return Net('Net', [loss])


def residual(blocks=3):
    """Residual blocks in groups res0, res1, ..., whose modules make their outputs."""
    h = Data('x', (1, 8))
    for k in range(blocks):
        z = MatMul(f'res{k}/fc1', [h], out_features=8).output
        z = Relu(f'res{k}/relu', [BatchNorm(f'res{k}/norm', [z]).output]).output
        z = MatMul(f'res{k}/fc2', [z], out_features=8).output
        h = Add(f'res{k}/add', [h, z]).output
    loss = Data('loss', (1, 1))
    MSELoss('LossF', [h, Data('y', (1, 8))], loss)
    return Net('Residual', [loss])


def recurrent(steps=4):
    """A cell per time step, parameters shared."""
    state, cells = Data('a0', (1, 5)), []
    for t in range(1, steps + 1):
        cells.append(RNN1(f'cell{t}', [state, Data(f'x{t}', (1, 2))], Data(f'a{t}', (1, 5))))
        state = cells[-1].output
    net = Net('rnn', [SumLoss('sum', [state]).output])
    net.share_parameters(cells)
    return net


def two_of_each():
    """Two inputs and two losses."""
    a, b = Data('a', (1, 4)), Data('b', (1, 4))
    both = Add('both', [a, b, a], Data('c', (1, 4))).output
    first = SumLoss('first', [MatMul('left', [both], out_features=2).output], Data('loss1', (1, 1))).output
    second = SumLoss('second', [MatMul('right', [both], out_features=2).output], Data('loss2', (1, 1))).output
    return Net('twins', [first, second])


def chain(length):
    """A ribbon of modules."""
    h = Data('x', (1, 2))
    for k in range(length):
        h = (Relu if k % 2 else MatMul)(f'm{k}', [h], Data(f'h{k}', (1, 2))).output
    return Net('chain', [SumLoss('sum', [h]).output])


def hostile():
    """IDs that try to be something else."""
    h = Data('x', (1, 2))
    for ID in HOSTILE:
        h = Relu(ID, [h], Data(f'{ID}!', (1, 2))).output
    return Net('<net "of" & evils>', [SumLoss('</title>', [h]).output])


@cache
def fusion():
    """FusionNet; tests only look at it."""
    return fusionnet()


NETS = {'basic': basic, 'residual': residual, 'recurrent': recurrent, 'twins': two_of_each, 'f3net': f3net,
        'fusionnet': fusion}


def view_and_labels(net, show=DEFAULT_SHOW, **options):
    """What `draw_net` would show of a net."""
    view = build_view(describe(net), ViewOptions(**options))
    return view, [label_of(view, item, frozenset(show)) for item in view.items]


def along(route, samples=12):
    """Points along a route of Bezier curves, its ends included: (points, 2)."""
    route = np.array(route)
    curves = np.stack([route[k:len(route) - 3 + k:3] for k in range(4)])             # (4, curves, 2)
    t = np.linspace(0, 1, samples)[:, None]
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t ** 3])
    return np.einsum('sk,kcx->csx', weights, curves).reshape(-1, 2)


def overlaps(boxes):
    """Pairs of boxes that overlap, found by a sweep from left to right."""
    found, active = [], []
    for number in sorted(range(len(boxes)), key=lambda k: boxes[k].x):
        active = [other for other in active if boxes[other].right > boxes[number].x + 1e-6]
        found += [(other, number) for other in active if boxes[other].overlaps(boxes[number])]
        active.append(number)
    return found


def distance_from_rim(point, box, is_round):
    """How far a point is from the outline of a node."""
    dx, dy = point[0] - box.center.x, point[1] - box.center.y
    if is_round:
        radius = ((2 * dx / box.width) ** 2 + (2 * dy / box.height) ** 2) ** 0.5
        return abs(radius - 1) * min(box.width, box.height) / 2
    across, up = abs(dx) - box.width / 2, abs(dy) - box.height / 2
    return abs(max(across, up))
