"""Optimizers: how a derivative becomes a step. A table of names, and the one way to make one."""

from collections.abc import Mapping
from inspect import signature
from typing import Any

from deepfusion.components.optimizers.adagrad import AdaGrad
from deepfusion.components.optimizers.adam import Adam
from deepfusion.components.optimizers.momentum import Momentum
from deepfusion.components.optimizers.optimizer import Optimizer
from deepfusion.components.optimizers.rmsprop import RMSprop
from deepfusion.components.optimizers.sgd import SGD
from deepfusion.errors import OptionError, UnknownNameError
from deepfusion.utils.names import look_up, near_matches

DEFAULT_OPTIMIZER_DETAILS: dict[str, Any] = {'optimizer_name': 'Adam', 'hyperparameters': {}}

_optimizers: dict[str, type[Optimizer]] = {
    'SGD': SGD, 'Momentum': Momentum, 'AdaGrad': AdaGrad, 'RMSprop': RMSprop, 'Adam': Adam}


def get_optimizer(data_shape: tuple[int, ...], optimizer_details: Mapping[str, Any]) -> Optimizer:
    """Make the optimizer that `optimizer_details` describe for a Data of that shape.

    Args:
        data_shape: Shape of the Data.
        optimizer_details: `{'optimizer_name': ..., 'hyperparameters': {...}}`; names SGD, Momentum, AdaGrad,
            RMSprop, Adam.

    Raises:
        UnknownNameError: No optimizer, entry of the details or hyperparameter has that name.
        OptionError: A hyperparameter is outside its range, or the details are no such dictionary.

    Example:
        >>> get_optimizer((1, 3), {'optimizer_name': 'Momentum', 'hyperparameters': {'beta': 0.5}}).beta
        0.5
    """
    if not isinstance(optimizer_details, Mapping) or 'optimizer_name' not in optimizer_details:
        raise OptionError("Expected optimizer_details like {'optimizer_name': 'Adam', 'hyperparameters': {}}; "
                          f'found {optimizer_details!r}.')
    for key in optimizer_details:
        if key not in DEFAULT_OPTIMIZER_DETAILS:
            raise UnknownNameError(f'Optimizer details have no entry {key!r}. '
                                   f'{near_matches(key, DEFAULT_OPTIMIZER_DETAILS)}')
    name = optimizer_details['optimizer_name']
    optimizer = look_up(name, _optimizers, 'optimizer')
    hyperparameters = optimizer_details.get('hyperparameters') or {}
    known = [known for known in signature(optimizer).parameters if known != 'data_shape']
    for key in hyperparameters if isinstance(hyperparameters, Mapping) else ():
        if key not in known:
            raise UnknownNameError(f'{name} does not take the hyperparameter {key!r}. {near_matches(key, known)}'
                                   + (' The learning rate is an option of nodes and nets.'
                                      if key in ('lr', 'learning_rate') else ''))
    try:
        return optimizer(data_shape, **hyperparameters)
    except TypeError as error:
        raise OptionError(f'{name} does not take the hyperparameters {hyperparameters!r}: {error}.') from error
