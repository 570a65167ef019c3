"""`deepfusion draw` and `deepfusion summary`."""

import pytest
from click.testing import CliRunner

from deepfusion.cli import cli
from tests.visualization.nets import residual


@pytest.fixture
def model(tmp_path):
    residual().save(tmp_path / 'net.df')
    return tmp_path / 'net.df'


def run(*words):
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_draw(model):
    result = run('draw', model)
    assert result.exit_code == 0, result.output
    assert result.output.strip() == str(model.with_suffix('.svg'))
    assert 'res0' in model.with_suffix('.svg').read_text()


def test_draw_with_options(model, tmp_path):
    result = run('draw', model, '-o', tmp_path / 'out.html', '--depth', 1, '--orientation', 'TB', '--histograms')
    assert result.exit_code == 0, result.output
    assert '"depth":1' in (tmp_path / 'out.html').read_text()
    result = run('draw', model, '-o', tmp_path / 'part.svg', '--around', 'res1/relu', '--hops', 1, '--show', 'dtype',
                 '--between', 'x', 'loss', '--fold', '--theme', 'dark', '--color', 'size', '--engine', 'own')
    assert result.exit_code == 0, result.output
    assert 'res0' not in (tmp_path / 'part.svg').read_text()


def test_summary(model):
    result = run('summary', model, '--depth', 1, '--width', 90)
    assert result.exit_code == 0, result.output
    assert '480 parameters' in result.output
    assert 'res1' in result.output


def test_mistakes_are_answered_in_a_sentence(model, tmp_path):
    for words in (['draw', tmp_path / 'none.df'], ['draw', model, '--around', 'res9'],
                  ['draw', model, '-o', tmp_path / 'none' / 'a.svg'], ['summary', tmp_path / 'none.df']):
        result = run(*words)
        assert result.exit_code == 2
        assert result.output.startswith('Error: ')
        assert len(result.output.strip().splitlines()) == 1
