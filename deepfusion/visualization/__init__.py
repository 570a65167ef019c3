"""Pictures of nets and of what is in them. Heavy libraries are imported where they are used."""

from importlib import import_module
from typing import Any

_WHERE = {
    'draw_net': 'draw', 'draw_partial': 'draw', 'Picture': 'picture', 'summary': 'summary', 'describe': 'describe',
    'visualize_filters': 'filters', 'visualize_activations': 'activations', 'visualize_attention': 'overlays',
    'visualize_fusion_weights': 'overlays', 'saliency_map': 'saliency', 'visualize_saliency': 'saliency',
}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(f'{__name__}.{_WHERE[name]}'), name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def __dir__() -> list[str]:
    return __all__
