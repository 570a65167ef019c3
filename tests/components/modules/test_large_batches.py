"""Modules that take large arrays in blocks, on all cores, give what they give for a few examples at a time."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules.activation_functions import (
    CELU,
    ELU,
    GELU,
    GLU,
    SELU,
    LogSoftmax,
    LRelu,
    PRelu,
    Softmax,
)
from deepfusion.components.modules.fusion import Lerp
from deepfusion.components.modules.loss_functions import (
    CrossEntropyLoss,
    FocalLoss,
    HuberLoss,
    LogCoshLoss,
    LogisticLoss,
    MAELoss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from deepfusion.components.modules.normalizations import GroupNorm, LayerNorm, RMSNorm
from deepfusion.functional.elementwise import STEP
from deepfusion.functional.softmax import log_softmax, log_softmax_derivative
from tests.support.cases import close, run

BATCH, FEW = 16, 2
SHAPE = (6, STEP // 64)

KINDS = {
    'softmax': (1, lambda x: Softmax('m', [x])),
    'softmax of channels': (1, lambda x: Softmax('m', [x], axis=1)),
    'log softmax': (1, lambda x: LogSoftmax('m', [x])),
    'elu': (1, lambda x: ELU('m', [x], alpha=0.7)),
    'celu': (1, lambda x: CELU('m', [x], alpha=0.7)),
    'selu': (1, lambda x: SELU('m', [x])),
    'gelu': (1, lambda x: GELU('m', [x])),
    'glu': (1, lambda x: GLU('m', [x])),
    'glu of channels': (1, lambda x: GLU('m', [x], axis=1)),
    'leaky': (1, lambda x: LRelu('m', [x], alpha=0.2)),
    'prelu': (1, lambda x: PRelu('m', [x])),
    'prelu of channels': (1, lambda x: PRelu('m', [x], per_channel=True)),
    'layer norm': (1, lambda x: LayerNorm('m', [x])),
    'rms norm': (1, lambda x: RMSNorm('m', [x])),
    'group norm': (1, lambda x: GroupNorm('m', [x], groups=2)),
    'lerp': (3, lambda *inputs: Lerp('m', list(inputs), factor=2)),
    'cross entropy': (2, lambda *inputs: CrossEntropyLoss('m', list(inputs), reduction='sum')),
    'cross entropies': (2, lambda *inputs: CrossEntropyLoss('m', list(inputs), reduction='none')),
    'squared': (2, lambda *inputs: MSELoss('m', list(inputs), reduction='sum')),
    'absolute': (2, lambda *inputs: MAELoss('m', list(inputs), reduction='sum')),
    'huber': (2, lambda *inputs: HuberLoss('m', list(inputs), delta=0.7, reduction='sum')),
    'smooth': (2, lambda *inputs: SmoothL1Loss('m', list(inputs), beta=0.7, reduction='sum')),
    'log cosh': (2, lambda *inputs: LogCoshLoss('m', list(inputs), reduction='sum')),
    'logistic': (2, lambda *inputs: LogisticLoss('m', list(inputs), reduction='sum', label_smoothing=0.1,
                                                 weight=np.linspace(0, 1, 6)[:, None], pos_weight=2.0)),
    'logistics': (2, lambda *inputs: LogisticLoss('m', list(inputs), reduction='none')),
    'focal': (2, lambda *inputs: FocalLoss('m', list(inputs), reduction='sum')),
    'focal softmax': (2, lambda *inputs: FocalLoss('m', list(inputs), activation='softmax', reduction='sum')),
    'log coshs': (2, lambda *inputs: LogCoshLoss('m', list(inputs), reduction='none')),
}


@pytest.mark.parametrize('order', ['as written', 'channels last'])
@pytest.mark.parametrize('kind', KINDS)
def test_a_large_batch_is_as_many_small_ones(kind, order):
    count, make = KINDS[kind]
    values = np.random.default_rng(0).standard_normal((count, BATCH, *SHAPE), np.float32)
    if order == 'channels last':
        values = np.ascontiguousarray(values.swapaxes(2, 3)).swapaxes(2, 3)
    module = make(*(Data(f'x{k}', (1, *SHAPE)) for k in range(count)))
    large = run(module, list(values))
    pieces = [slice(first, first + FEW) for first in range(0, BATCH, FEW)]
    small = [run(module, list(values[:, piece]), large.seed[piece] if large.seed.ndim else large.seed)
             for piece in pieces]
    join = np.concatenate if large.value.ndim else sum
    close(large.value, join([part.value for part in small]), 1e-5, 'value')
    for k, found in enumerate(large.inputs):
        close(found, np.concatenate([part.inputs[k] for part in small]), 1e-5, f'input {k}')
    for name, found in large.parameters.items():
        close(found, sum(part.parameters[name] for part in small), 1e-4, name)


@pytest.mark.parametrize('axis', [1, 2])
@pytest.mark.parametrize('options', [{}, {'weight': True}, {'label_smoothing': 0.1},
                                     {'weight': True, 'label_smoothing': 0.1},
                                     {'weight': True, 'label_smoothing': 0.1, 'reduction': 'none'}], ids=str)
def test_class_indices_are_ones_among_zeros(axis, options):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, *SHAPE), np.float32)
    classes = x.shape[axis]
    options = {'axis': axis, 'reduction': 'sum'} | options
    if 'weight' in options:
        options['weight'] = rng.random(classes)
    index = rng.integers(0, classes, x.shape[:axis] + x.shape[axis + 1:])
    ones = np.moveaxis(np.eye(classes, dtype=np.float32)[index], -1, axis)
    found, expected = (run(CrossEntropyLoss('m', [Data('x', (1, *SHAPE)), Data('y', (1, *y.shape[1:]))], **options),
                           [x, y]) for y in (index, ones))
    close(found.value, expected.value, 1e-5, 'value')
    close(found.inputs[0], expected.inputs[0], 1e-5, 'logits')
    if 'label_smoothing' not in options:
        log_p = log_softmax(x, axis)
        likelihood = run(NLLLoss('m', [Data('x', (1, *SHAPE)), Data('y', (1, *index.shape[1:]))], **options),
                         [log_p, index], found.seed)
        close(likelihood.value, found.value, 1e-5, 'likelihood')
        close(log_softmax_derivative(likelihood.inputs[0], log_p, axis), found.inputs[0], 1e-5, 'scores')
