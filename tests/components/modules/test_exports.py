"""What `from deepfusion.components.modules import *` brings."""

import builtins

from deepfusion.components import modules


def test_only_classes_are_brought_and_nothing_of_python_is_hidden():
    assert {'Conv2D', 'MatMul', 'Module', 'Sum'} <= set(modules.__all__)
    assert all(isinstance(getattr(modules, name), type) for name in modules.__all__)
    assert not set(modules.__all__) & set(dir(builtins))
