"""The table of a net."""

import io

import numpy as np
import pytest

from deepfusion.components.data import Data
from deepfusion.components.modules import Add
from deepfusion.components.modules.activation_functions import Relu
from deepfusion.components.net import Net
from deepfusion.errors import OptionError
from tests.visualization.nets import basic, chain, fusion, hostile, recurrent, residual


def summarize(net, *args, **options):
    """The summary, and what was printed."""
    file = io.StringIO()
    return net.summary(*args, file=file, **options), file.getvalue()


def test_rows_are_in_topological_order():
    net = basic()
    result, text = summarize(net)
    assert [(row.ID, row.kind, row.output_shape, row.parameters, row.is_frozen, row.connected_to)
            for row in result.rows] == [
        ('x', 'Data (input)', 'B×3', 0, 'yes', []), ('Matmul1', 'MatMul', 'B×16', 64, 'no', ['x']),
        ('ActF', 'Relu', 'B×16', 0, 'yes', ['Matmul1']), ('Matmul2', 'MatMul', 'B×1', 17, 'no', ['ActF']),
        ('y', 'Data (input)', 'B×1', 0, 'yes', []), ('LossF', 'MSELoss', 'number', 0, 'yes', ['Matmul2', 'y'])]
    assert 'Matmul1' in text
    assert '81 parameters' in text


def test_totals():
    net = residual()
    net.get_node('res0/fc1').freeze()
    result, text = summarize(net)
    assert (result.parameters, result.frozen_parameters, result.parameter_bytes) == (480, 72, 480 * 4)
    assert '408 will be updated, 72 are frozen' in text
    assert result.seconds is None
    net.get_node('x').val, net.get_node('y').val = np.ones((5, 8)), np.ones((5, 8))
    net.forward()
    result, text = summarize(net)
    assert result.seconds > 0
    assert result.rows[1].output_shape == '5×8'
    assert ' ms' in text


def test_shared_parameters_count_once():
    net = recurrent()
    result, _ = summarize(net)
    assert result.parameters == net.parameter_count == sum(row.parameters for row in result.rows)


@pytest.mark.parametrize('width', [60, 80, 120, 200])
def test_it_fits_the_width(width):
    for net, depth in ((fusion(), None), (fusion(), 1), (hostile(), None)):
        _, text = summarize(net, depth, width=width)
        assert max(map(len, text.splitlines())) <= width
        assert 'connected' in text or width == 60


def test_groups_fold_by_depth():
    result, _ = summarize(fusion(), depth=1)
    rows = {row.ID: row for row in result.rows}
    assert rows['fpn'].parameters == 2_607_104
    assert rows['fpn'].connected_to == ['pool2', 'pool3', 'se_block1', 'se_block2']
    assert rows['fpn'].kind == '14 modules'
    assert sum(row.parameters for row in result.rows) == result.parameters == 9_063_096
    assert len(result.rows) < 30
    order = [row.ID for row in result.rows]
    assert all(order.index(source) < order.index(row.ID) for row in result.rows for source in row.connected_to)
    assert len(summarize(fusion())[0].rows) == 110


def test_equal_blocks_fold_with_their_number():
    result, text = summarize(residual(4), fold=True)
    assert [row.ID for row in result.rows][1:3] == ['res0/fc1 ×4', 'res0/norm ×4']
    assert len(summarize(chain(1000), fold=True)[0].rows) == 4
    assert '×4' in text


def test_it_prints_once_and_returns_what_prints(capsys):
    result = basic().summary()
    printed = capsys.readouterr().out
    assert printed.count('Matmul1') == 2            # its row, and what ActF is connected to
    assert 'Matmul1' in str(result)
    assert repr(result) == "Summary of net 'Net': 6 rows, 81 parameters"


def test_an_impossible_depth_is_refused():
    with pytest.raises(OptionError, match='depth'):
        basic().summary(depth=0)


def test_printing_a_net_stays_short():
    assert len(str(fusion()).splitlines()) == 1


def test_batch_sizes_are_told_when_they_agree():
    net = basic()
    x, y = net.get_node('x'), net.get_node('y')
    x.val, y.val = np.ones((5, 3)), np.ones((5, 1))
    net.forward()
    assert [row.output_shape for row in summarize(net)[0].rows[:2]] == ['5×3', '5×16']
    x.val = np.ones((2, 3))                                  # forward has not run with it
    assert [row.output_shape for row in summarize(net)[0].rows[:2]] == ['B×3', 'B×16']


@pytest.mark.parametrize('width', [80, 90, 120])
def test_IDs_are_broken_behind_slashes(width):
    x = Data('picture', (1, 8, 6, 6))
    a = Relu('stage/first_block/activation', [x]).output
    b = Relu('stage/second_block/activation', [a]).output
    net = Net('net', [Add('stage/second_block/addition', [a, b, x]).output])
    text = io.StringIO()
    net.summary(width=width, file=text)
    for word in ('stage', 'first_block', 'second_block', 'activation', 'addition', 'picture'):
        assert word in text.getvalue()
    assert '…/\n' not in text.getvalue().replace(' ', '')
