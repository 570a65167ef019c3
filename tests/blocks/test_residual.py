"""The residual block and its steps against their formulas in PyTorch."""

from deepfusion.blocks import convolution_norm_relu, residual_block
from tests.support.blocks import Block, BlockTests


def step(torch, x, w, path, stride=1):
    """BN(conv(x)), padded so that stride 1 keeps the size."""
    filters = w(f'{path}/conv', 'F')
    y = torch.nn.functional.conv2d(x, filters, w(f'{path}/conv', 'b')[:, 0], stride, filters.shape[2] // 2)
    return torch.nn.functional.batch_norm(y, None, None, w(f'{path}/norm', 'gamma').flatten(),
                                          w(f'{path}/norm', 'beta').flatten(), True)


def residual(torch, x, w, stride=1, shortcut=False):
    y = step(torch, step(torch, x[0], w, 'r/first', stride).relu(), w, 'r/second')
    return (y + (step(torch, x[0], w, 'r/shortcut', stride) if shortcut else x[0])).relu()


class TestResidual(BlockTests):
    blocks = (
        Block('step', lambda x: convolution_norm_relu('s', x[0], 4), [(1, 3, 5, 6)], 3 * 4 * 9 + 4 + 8,
              lambda t, x, w: step(t, x[0], w, 's').relu()),
        Block('strided_step', lambda x: convolution_norm_relu('s', x[0], 4, filter_size=5, stride=2, relu=False),
              [(1, 3, 5, 6)], 3 * 4 * 25 + 4 + 8, lambda t, x, w: step(t, x[0], w, 's', 2)),
        Block('identity', lambda x: residual_block('r', x[0], 3), [(1, 3, 5, 6)], 2 * (3 * 3 * 9 + 3 + 6), residual),
        Block('wider', lambda x: residual_block('r', x[0], 4), [(1, 3, 5, 6)],
              (3 + 4) * 4 * 9 + 3 * 4 + 3 * (4 + 8), lambda t, x, w: residual(t, x, w, shortcut=True)),
        Block('strided', lambda x: residual_block('r', x[0], 3, stride=2), [(1, 3, 5, 6)],
              2 * 3 * 3 * 9 + 9 + 3 * (3 + 6), lambda t, x, w: residual(t, x, w, 2, True)),
    )
