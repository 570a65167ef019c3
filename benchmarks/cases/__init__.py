"""The cases: each is a function of a peer's name that gives a step to be timed; a step gives its loss, or None."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

OLD, THINC = 'deepfusion-0.0.3', 'thinc'
ELSEWHERE = (OLD, THINC)        # peers that have an environment of their own
PEERS = ('torch', 'torch-channels-last', 'torch-compiled', *ELSEWHERE)


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
    'two-layers-0.0.3': _lazy('demos:two_layers'),
    'convolution-0.0.3': _lazy('demos:convolution'),
    'import': _lazy('importing:run'),
    **{name: _lazy('layers:run', name=name) for name in (
        'conv-3x3-64-channels', 'conv-3x3-256-channels', 'conv-3x3-stride-2', 'conv-7x7-stride-2', 'conv-1x1',
        'conv-depthwise', 'matmul', 'batch-norm', 'layer-norm', 'max-pool', 'relu', 'gelu')},
}


def torch_for(peer: str) -> Any:
    """PyTorch, or Unavailable."""
    if not peer.startswith('torch'):
        raise Unavailable(f'not for {peer}')
    try:
        import torch
    except ImportError as error:
        raise Unavailable('PyTorch is not installed') from error
    return torch


def memory_format(torch: Any, peer: str) -> Any:
    """The order of memory that the peer's name asks for."""
    return torch.contiguous_format if peer == 'torch' else torch.channels_last


def compiled(torch: Any, net: Any, peer: str) -> Any:
    """The net, compiled for the peer that asks for it."""
    return torch.compile(net) if peer == 'torch-compiled' else net
