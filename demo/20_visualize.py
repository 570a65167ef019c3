"""Pictures of nets in every form, of the values in them, and a table; all into a folder that is thrown away."""

import tempfile
from pathlib import Path

import numpy as np

from deepfusion.components.data import Data
from deepfusion.components.modules import Conv2D
from deepfusion.datasets import digits
from deepfusion.errors import ShapeError
from deepfusion.models.f3net import f3net
from deepfusion.visualization import draw_partial, visualize_activations, visualize_filters, visualize_saliency

np.random.seed(0)
data = digits(channels=3)
pictures = data.test_pictures[:32] / 255
labels = np.eye(10)[data.test_labels[:32]]

net = f3net()
net.get_node('x').val, net.get_node('y').val = pictures, labels
net.forward()
net.backward()
net.summary(width=100)

with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    for form in ('svg', 'png', 'pdf', 'html', 'gv'):
        print('drawn to', net.visualize(folder / f'net.{form}', orientation='TB').path.name)

    # What will be updated is red, what is frozen is blue.
    net.freeze()
    net.get_node('x').unfreeze()
    net.visualize(folder / 'frozen.svg')
    net.unfreeze()
    net.get_node('x').freeze()

    # Colours can show numbers instead.
    net.visualize(folder / 'time.svg', color='time', show=['time', 'memory'])

    # A net that does not fit together, with the fault in its place.
    x = Data('picture', (1, 3, 8, 8))
    try:
        Conv2D('too_large', [Conv2D('fine', [x], filter_size=3, filter_count=4).output], filter_size=9, filter_count=4)
    except ShapeError as error:
        draw_partial(x, folder / 'fault.svg', error=error)
        print('drawn with its fault:', error)

    # What is inside.
    first = next(node.ID for node in net.topological_order if isinstance(node, Conv2D))
    print(visualize_filters(net, first, folder / 'filters.png').path.name)
    print(visualize_activations(net, first, pictures[0], folder / 'activations.png').path.name)
    print(visualize_saliency(net, pictures[0], filename=folder / 'saliency.png').path.name)
