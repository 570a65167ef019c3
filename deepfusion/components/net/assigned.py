"""What a net says of its nodes, and tells them when it is assigned."""

from collections.abc import Callable
from typing import Any


class Assigned:
    """An attribute of a net that a method sets: `net.mode = 'test'` calls `net.set_mode('test')`, and would otherwise
    change no node. There is no `__get__`, so what is read is the entry of that name in `vars(net)`, which the method
    writes."""

    def __init__(self, method: Callable[[Any, Any], None]) -> None:
        self._method = method

    def __set__(self, net: Any, value: Any) -> None:
        self._method(net, value)
