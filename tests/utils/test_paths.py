"""What is no name of a file is refused wherever one is asked for."""

import pytest

from deepfusion.components.net import Net
from deepfusion.errors import FileAccessError
from deepfusion.training import Trainer
from tests.support.nets import two_layers
from tests.training.nets import classifier


@pytest.mark.parametrize('name', ['', '.', None, 5])
@pytest.mark.parametrize('use', [lambda name: two_layers().save(name), lambda name: Net.load(name),
                                 lambda name: two_layers().visualize(name)])
def test_names_of_files(use, name):
    with pytest.raises(FileAccessError, match='Expected the name of a file; found .* such as '):
        use(name)


@pytest.mark.parametrize('name', ['', 5])
def test_names_of_checkpoints(name):
    with pytest.raises(FileAccessError, match='Expected the name of a file; found .* such as '):
        Trainer(classifier(), checkpoint=name)
