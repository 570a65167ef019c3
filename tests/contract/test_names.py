"""Import paths, names, argument orders and defaults of the contract."""

import inspect
from importlib import import_module

import pytest

import deepfusion
from deepfusion.components.data import Data
from deepfusion.components.modules import Module
from deepfusion.components.net import Net
from deepfusion.components.optimizers import DEFAULT_OPTIMIZER_DETAILS

PATHS = {
    'deepfusion.components.net': 'Net',
    'deepfusion.components.data': 'Data',
    'deepfusion.components.modules': 'Module MatMul Add Conv2D Flatten',
    'deepfusion.components.modules.flatten': 'Flatten',
    'deepfusion.components.modules.activation_functions': 'Relu Sigmoid Tanh LRelu PRelu ELU',
    'deepfusion.components.modules.loss_functions': 'MSELoss LogisticLoss CrossEntropyLoss SumLoss',
    'deepfusion.components.modules.normalizations': 'BatchNorm LayerNorm',
    'deepfusion.components.modules.dropout': 'Dropout InvertedDropout',
    'deepfusion.components.modules.pooling': 'MaxPool',
    'deepfusion.components.modules.rnn': 'RNN1 RNN2',
    'deepfusion.components.optimizers': 'get_optimizer DEFAULT_OPTIMIZER_DETAILS',
    'deepfusion.utils.backend': 'Backend use_backend use_precision',
    'deepfusion.utils.grad_check': 'gradient_checker',
    'deepfusion.utils.automate_training': 'automate_training',
    'deepfusion.utils.printing': 'print_net_performance',
    'deepfusion.utils.colors': 'red cyan green yellow blue color_end',
}
EVERY = [(path, name) for path, names in PATHS.items() for name in names.split()]
NEEDED = inspect.Parameter.empty
ADAM = DEFAULT_OPTIMIZER_DETAILS
LEARNING = [('learning_rate', 1e-6), ('is_frozen', False), ('optimizer_details', ADAM)]
REGULARIZED = [*LEARNING, ('is_regularized', False), ('regularizer_details', None), ('weight_init_type', 'He')]
WINDOW = [('padding', 0), ('stride', 1)]

# What stands after `ID, inputs, output` (which may be left out, so that defaults follow); more may come after it
MODULES = {
    'MatMul': REGULARIZED,
    'Conv2D': [('filter_size', None), ('filter_count', None), *WINDOW, *REGULARIZED],
    'Add': [], 'Flatten': [], 'Relu': [], 'Sigmoid': [], 'Tanh': [],
    'LRelu': [('alpha', 0.01)],
    'PRelu': [('alpha', 0.25), *LEARNING],
    'ELU': [('alpha', 1.0), *LEARNING],
    'MSELoss': [], 'LogisticLoss': [], 'CrossEntropyLoss': [], 'SumLoss': [],
    'BatchNorm': LEARNING, 'LayerNorm': LEARNING,
    'Dropout': [('p_keep', 0.5)], 'InvertedDropout': [('p_keep', 0.5)],
    'MaxPool': [('filter_size', None), *WINDOW],
    'RNN1': [*LEARNING, ('weight_init_type', 'He')],
    'RNN2': [*LEARNING, ('weight_init_type', 'He')],
}


def parameters(function):
    """Names and defaults of a function's arguments, `self` left out."""
    found = inspect.signature(function).parameters.values()
    return [(p.name, p.default) for p in found if p.name != 'self']


def the(name):
    """The object of that name, from wherever the contract puts it."""
    return next(getattr(import_module(path), name) for path, known in EVERY if known == name)


@pytest.mark.parametrize(('path', 'name'), EVERY)
def test_import_path(path, name):
    assert hasattr(import_module(path), name)


def test_the_version_is_a_string_and_the_package_is_typed():
    assert isinstance(deepfusion.__version__, str)
    assert deepfusion.__version__ > '0.0.3'
    assert (import_module('pathlib').Path(deepfusion.__file__).parent / 'py.typed').exists()


def test_classes_are_the_same_wherever_they_are_imported_from():
    assert import_module('deepfusion.components.modules.flatten').Flatten is the('Flatten')
    assert all(issubclass(the(name), Module) for name in MODULES)


def test_arguments_of_data():
    assert parameters(Data)[:8] == [
        ('ID', NEEDED), ('shape', NEEDED), ('val', None), ('is_frozen', True), ('optimizer_details', ADAM),
        ('learning_rate', 1e-6), ('is_regularized', False), ('regularizer_details', None)]


def test_arguments_of_module():
    found = parameters(Module.__init__)
    assert [name for name, _ in found[:7]] == [
        'ID', 'inputs', 'output', 'parameter_list', 'learning_rate', 'is_frozen', 'optimizer_details']
    assert found[3:7] == [('parameter_list', None), *LEARNING]


def test_arguments_of_net():
    assert parameters(Net)[:6] == [
        ('ID', NEEDED), ('root_nodes', NEEDED), ('learning_rate', None), ('optimizer_details', None),
        ('is_regularized', False), ('regularizer_details', None)]


@pytest.mark.parametrize('name', MODULES)
def test_arguments_of_every_module(name):
    found = parameters(the(name).__init__)
    assert [argument for argument, _ in found[:3]] == ['ID', 'inputs', 'output']
    assert found[3:3 + len(MODULES[name])] == MODULES[name]
    assert all(default is not NEEDED for _, default in found[3 + len(MODULES[name]):])


@pytest.mark.parametrize(('function', 'expected'), [
    ('get_optimizer', [('data_shape', NEEDED), ('optimizer_details', NEEDED)]),
    ('gradient_checker', [('net', NEEDED), ('data_obj', NEEDED), ('h', 1e-6)]),
    ('print_net_performance', [('epochs', NEEDED), ('epoch', NEEDED), ('J_train', NEEDED), ('J_val', None)]),
    ('automate_training', [('net', NEEDED), ('X_train', NEEDED), ('Y_train', NEEDED), ('X_val', None),
                           ('Y_val', None), ('B', 64), ('epochs', 1000), ('print_cost_every', 100),
                           ('learning_rate', 0.001), ('lr_decay', 0.01)]),
])
def test_arguments_of_functions(function, expected):
    found = parameters(the(function))
    assert found[:len(expected)] == expected
    assert all(default is not NEEDED for _, default in found[len(expected):])


NODE_METHODS = {
    'update': [], 'freeze': [], 'unfreeze': ['optimizer_details'], 'clear_grads': [],
    'set_learning_rate': ['learning_rate'], 'set_optimizer': ['optimizer_details'],
    'set_regularization': ['regularizer_details']}
NET_METHODS = NODE_METHODS | {
    'forward': ['verbose'], 'backward': ['verbose', 'wrt'], 'forward_from_node': ['node'], 'set_mode': ['mode'],
    'get_node': ['ID'], 'visualize': ['filename', 'orientation'], 'save': ['file_path'],
    'load': ['file_path', 'modules'], 'connect': ['root_nodes'], 'disconnect': ['data_obj', 'module_obj'],
    'share_parameters': ['modules'], 'to': ['backend', 'precision'], 'parameters': []}
METHODS = {Data: NODE_METHODS, Module: NODE_METHODS | {'forward': [], 'backward': [], 'set_mode': ['mode']},
           Net: NET_METHODS}


@pytest.mark.parametrize(('cls', 'method', 'names'),
                         [(cls, method, names) for cls, table in METHODS.items() for method, names in table.items()])
def test_methods_and_their_keywords(cls, method, names):
    found = parameters(getattr(cls, method))
    assert [name for name, _ in found][:len(names)] == names
    assert all(default is not NEEDED for name, default in found[len(names):] if name != 'options')


def test_defaults_of_methods():
    assert dict(parameters(Net.visualize))['filename'] == 'Visualization'
    assert dict(parameters(Net.visualize))['orientation'] == 'LR'
    for cls in (Data, Module, Net):
        assert dict(parameters(cls.unfreeze))['optimizer_details'] is not NEEDED


def test_the_default_optimizer_is_adam():
    assert ADAM == {'optimizer_name': 'Adam', 'hyperparameters': {}}


def test_the_base_class_offers_what_writers_of_modules_need():
    assert parameters(Module.add_parameter)[:2] == [('name', NEEDED), ('shape', NEEDED)]
    assert {'init', 'fan_in', 'regularizable'} <= {name for name, _ in parameters(Module.add_parameter)}
    assert all(hasattr(Module, name) for name in ('output_shape', 'compute', 'differentiate'))
    assert Module.different_at_train_test is False
    assert Module.is_regularizable is False
