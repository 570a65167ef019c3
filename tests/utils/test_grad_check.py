"""`gradient_checker`, as scripts of 0.0.3 call it."""

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.modules.dropout import Dropout
from deepfusion.components.modules.loss_functions import MSELoss
from deepfusion.components.net import Net
from deepfusion.utils.grad_check import gradient_checker


def net_of_0_0_3():
    np.random.seed(0)
    x = Data(ID='x', shape=(1, 3))
    z1, a, d, z2 = (Data(ID=ID, shape=(1, n)) for ID, n in (('z1', 5), ('a', 5), ('d', 5), ('z2', 1)))
    MatMul(ID='Matmul1', inputs=[x], output=z1)
    Relu(ID='ActF', inputs=[z1], output=a)
    Dropout(ID='Drop', inputs=[a], output=d, p_keep=0.7)
    MatMul(ID='Matmul2', inputs=[d], output=z2)
    y, loss = Data(ID='y', shape=(1, 1)), Data(ID='loss', shape=(1, 1))
    MSELoss(ID='LossF', inputs=[z2, y], output=loss)
    x.val, y.val = np.random.randn(6, 3), np.random.randn(6, 1)
    return Net(ID='Net', root_nodes=[loss])


@pytest.mark.parametrize('mode', ['train', 'test'])
def test_data_and_parameters(mode, capsys):
    net = net_of_0_0_3()
    net.set_mode(mode)
    for data_obj in (net.get_node('x'), net.get_node('a'), net.get_node('Matmul1').W, net.get_node('Matmul2').b):
        report = gradient_checker(net, data_obj=data_obj, h=1e-6)
        assert report
        assert report.tensors[0].checked == (6 * data_obj.shape[1] if data_obj.ID in 'xa' else data_obj.val.size)
    assert capsys.readouterr().out.count('Gradients of') == 4


def test_positional_arguments():
    net = net_of_0_0_3()
    assert gradient_checker(net, net.get_node('x'), 1e-5)
