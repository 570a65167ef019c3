"""Inputs that hold indices."""

from typing import Any

from deepfusion.components.modules.module import Module
from deepfusion.errors import OptionError

Array = Any


def check_indices(module: Module, position: int, indices: Array, count: int) -> None:
    """Refuse an input whose values are no integers from 0 to count - 1."""
    name = module.inputs[position].ID
    if indices.dtype.kind not in 'iu':
        raise OptionError(f"{module!r}: expected whole numbers from 0 to {count - 1} in '{name}'; found values of "
                          f'type {indices.dtype}. Give indices as integers.')
    if indices.size and (indices.min() < 0 or indices.max() >= count):
        raise OptionError(f"{module!r}: expected whole numbers from 0 to {count - 1} in '{name}'; found some from "
                          f'{int(indices.min())} to {int(indices.max())}. Check how the indices are made.')
