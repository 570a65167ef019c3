"""Draw the pictures that README shows, beside this file. Run it after a change of the drawing or of the models."""

from pathlib import Path

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net
from deepfusion.models.fusionnet import fusionnet

FOLDER = Path(__file__).parent


def basic_net() -> Net:
    """The net of README's tour."""
    x, y = Data('x', (1, 3)), Data('y', (1, 1))
    z1, a, z2 = Data('z1', (1, 16)), Data('a', (1, 16)), Data('z2', (1, 1))
    MatMul('Matmul1', [x], z1)
    Relu('ActF', [z1], a)
    MatMul('Matmul2', [a], z2)
    return Net('Net', [MSELoss('LossF', [z2, y], Data('loss', (1, 1))).output])


def main() -> None:
    """Draw them all, by our own layout, so that they come out the same on every machine."""
    net, fusion = basic_net(), fusionnet()
    print(net.visualize(FOLDER / 'basic_net.svg', engine='own'))
    net.freeze()
    net.get_node('x').unfreeze()
    print(net.visualize(FOLDER / 'basic_net_frozen.svg', engine='own'))
    print(fusion.visualize(FOLDER / 'fusionnet_depth1.svg', 'TB', depth=1, engine='own'))
    print(fusion.visualize(FOLDER / 'fusionnet_full.svg', 'TB', engine='own'))


if __name__ == '__main__':
    main()
