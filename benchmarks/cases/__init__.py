"""The cases: each is a function of a peer's name that gives a step to be timed; a step gives its loss, or None."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

PEERS = ('torch', 'torch-channels-last')


class Unavailable(Exception):
    """The peer cannot do the case, or is not installed."""


Step = Callable[[], float | None]


def _lazy(place: str, **options: Any) -> Callable[[str], Step]:
    module, _, function = place.partition(':')

    def make(peer: str) -> Step:
        return getattr(import_module(f'benchmarks.cases.{module}'), function)(peer, **options)

    return make


CASES: dict[str, Callable[[str], Step]] = {
    'fusionnet-train-64': _lazy('fusionnet:train', batch=64),
    'fusionnet-train-256': _lazy('fusionnet:train', batch=256),
    'fusionnet-inference-64': _lazy('fusionnet:inference', batch=64),
    'fusionnet-inference-256': _lazy('fusionnet:inference', batch=256),
    'fusionnet-input': _lazy('fusionnet:optimize_input', batch=64),
    'residual-train': _lazy('residual:train'),
    'attention': _lazy('sequences:attention'),
    'lstm': _lazy('sequences:lstm'),
    'two-layers': _lazy('two_layers:train'),
    'import': _lazy('importing:run'),
}


def torch_for(peer: str) -> Any:
    """PyTorch, or Unavailable."""
    try:
        import torch
    except ImportError as error:
        raise Unavailable('PyTorch is not installed') from error
    return torch


def memory_format(torch: Any, peer: str) -> Any:
    """The order of memory that the peer's name asks for."""
    return torch.channels_last if peer == 'torch-channels-last' else torch.contiguous_format
