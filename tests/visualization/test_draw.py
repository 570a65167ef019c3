"""Files of every form, with and without Graphviz; the contract of `visualize`; words escaped everywhere."""

import json
import os
import subprocess
import sys
import time
import webbrowser
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deepfusion.components.data import Data
from deepfusion.components.modules import MatMul
from deepfusion.components.net import Net
from deepfusion.errors import FileAccessError, OptionError, UnknownNameError
from deepfusion.utils.backend import use_backend
from deepfusion.visualization import draw_net
from deepfusion.visualization.draw import target_file
from deepfusion.visualization.layout import graphviz
from deepfusion.visualization.text import visible, wrapped
from deepfusion.visualization.theme import LIGHT
from tests.visualization.nets import HOSTILE, NETS, basic, chain, fusion, hostile, residual

needs_dot = pytest.mark.skipif(graphviz.find_program() is None, reason='the Graphviz program is not installed')
SVG = '{http://www.w3.org/2000/svg}'
STARTS = {'svg': b'<?xml', 'png': b'\x89PNG', 'pdf': b'%PDF', 'html': b'<!DOCTYPE html>', 'gv': b'digraph',
          'dot': b'digraph'}


@pytest.fixture
def without_graphviz(monkeypatch):
    """A machine on which no program called dot is found."""
    monkeypatch.setenv('PATH', '')


def words_of(path):
    """Every text of an SVG file."""
    return [''.join(element.itertext()) for element in ET.parse(path).iter(f'{SVG}text')]


def bodies_of(path):
    """For each node of an SVG file: its tooltip's first line, and the fills of its shapes."""
    found = {}
    for group in ET.parse(path).iter(f'{SVG}g'):
        if group.get('class') in ('data', 'module', 'group'):
            fills = [shape.get('fill') for shape in group if shape.tag in (f'{SVG}rect', f'{SVG}ellipse', f'{SVG}path')]
            found[group.find(f'{SVG}title').text.split('\n')[0]] = (group, fills)
    return found


# -- Files -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize('form', STARTS)
@pytest.mark.parametrize('name', NETS)
def test_every_form_of_every_net_without_graphviz(name, form, tmp_path, without_graphviz):
    depth = 1 if name == 'fusionnet' and form in ('png', 'pdf') else None
    picture = NETS[name]().visualize(tmp_path / f'net.{form}', depth=depth)
    content = Path(picture).read_bytes()
    assert content.startswith(STARTS[form])
    assert picture.engine in ('own', '')
    assert [path.name for path in tmp_path.iterdir()] == [f'net.{form}']
    if form == 'svg':
        words = ' '.join(words_of(picture))
        assert NETS[name]().topological_order[0].ID in words


@needs_dot
@pytest.mark.parametrize('form', STARTS)
@pytest.mark.parametrize('name', NETS)
def test_every_form_of_every_net_with_graphviz(name, form, tmp_path):
    depth = 1 if name == 'fusionnet' and form in ('png', 'pdf') else None
    picture = NETS[name]().visualize(tmp_path / f'net.{form}', 'BT', depth=depth)
    assert Path(picture).read_bytes().startswith(STARTS[form])
    assert picture.engine == ('' if form == 'html' else 'dot')


@needs_dot
@pytest.mark.parametrize('name', NETS)
def test_both_layouts_say_the_same(name, tmp_path):
    net = NETS[name]()
    texts = [sorted(words_of(net.visualize(tmp_path / f'{engine}.svg', engine=engine, wrap=False)))
             for engine in ('own', 'dot')]
    assert texts[0] == texts[1]


@needs_dot
@pytest.mark.parametrize('make', [basic, fusion, hostile])
def test_graphviz_reads_the_source(make, tmp_path):
    picture = draw_net(make(), tmp_path / 'net.gv')
    done = subprocess.run([graphviz.find_program(), '-Tjson0', picture], capture_output=True, check=True)
    assert not done.stderr
    labels = [thing.get('label', '') for thing in json.loads(done.stdout)['objects'] if thing['name'].startswith('n')]
    assert len(labels) >= len(make().topological_order) / 2


@pytest.mark.parametrize(('filename', 'format', 'expected'), [
    ('Visualization', None, ('Visualization.pdf', 'pdf')), ('a/net.v2', None, ('a/net.v2.pdf', 'pdf')),
    ('net.SVG', None, ('net.SVG', 'svg')), ('net.dot', None, ('net.dot', 'gv')), ('net', 'png', ('net.png', 'png')),
    ('net.svg', 'png', ('net.png', 'png')), ('net.png', '.PNG', ('net.png', 'png')),
    ('net.dot', 'gv', ('net.dot', 'gv')),
    ('net.v2', 'html', ('net.v2.html', 'html')), (Path('b') / 'c.html', None, ('b/c.html', 'html'))])
def test_the_extension_picks_the_form(filename, format, expected):
    path, form = target_file(filename, format)
    assert (path.as_posix(), form) == expected


@pytest.mark.parametrize('filename', ['net.svgg', 'net.jpg', 'net.pgn'])
def test_other_extensions_of_pictures_are_refused(filename):
    with pytest.raises(UnknownNameError, match='No form of picture is called'):
        target_file(filename, None)


def test_a_group_that_is_not_there(tmp_path):
    with pytest.raises(UnknownNameError, match="No group of net '.*' is called 'nothere'"):
        basic().visualize(tmp_path / 'net.svg', collapse=['nothere'])


def test_by_default_a_pdf_is_written_and_nothing_opened(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, 'open', opened.append)
    monkeypatch.chdir(tmp_path)
    picture = basic().visualize()
    assert os.fspath(picture) == str(picture) == 'Visualization.pdf'
    assert [path.name for path in tmp_path.iterdir()] == ['Visualization.pdf']
    assert not opened
    basic().visualize('other.svg', view=True)
    assert opened == [(tmp_path / 'other.svg').as_uri()]


def test_a_picture_shows_itself_in_a_notebook(tmp_path):
    for form, kind in (('svg', 'image/svg+xml'), ('pdf', 'image/svg+xml'), ('png', 'image/png'), ('html', 'text/html')):
        picture = basic().visualize(tmp_path / f'net.{form}')
        bundle = picture._repr_mimebundle_()
        assert bundle['text/plain'] == str(picture)
        assert bundle[kind]
        json.dumps(bundle)
        assert picture == str(tmp_path / f'net.{form}')
    assert '<script' not in bundle['text/html'].replace('srcdoc="', '', 1).split('>')[0]


def test_the_same_net_gives_the_same_file(tmp_path):
    net = residual()
    for form in ('svg', 'pdf', 'html', 'gv'):
        first, second = (Path(net.visualize(tmp_path / f'{k}.{form}')).read_bytes() for k in 'ab')
        assert first == second


# -- What pictures say -----------------------------------------------------------------------------------------

def test_red_is_updated_and_blue_is_frozen(tmp_path):
    net = basic()
    for freeze in (False, True):
        if freeze:
            net.freeze()
            net.get_node('x').unfreeze()
        found = bodies_of(net.visualize(tmp_path / 'net.svg'))
        assert set(found) == {node.ID for node in net.topological_order}
        for node in net.topological_order:
            group, fills = found[node.ID]
            assert fills[-1] == (LIGHT.frozen if node.is_frozen else LIGHT.unfrozen), node.ID
            is_round = group.find(f'{SVG}ellipse') is not None
            assert is_round == isinstance(node, Data)
    words = words_of(tmp_path / 'net.svg')
    for entry in ('will be updated', 'frozen', 'Data', 'module', 'input', 'root'):
        assert entry in words


def test_a_partly_frozen_module_has_both_colours(tmp_path):
    net = basic()
    net.get_node('Matmul1').W.freeze()
    _, fills = bodies_of(net.visualize(tmp_path / 'net.svg'))['Matmul1']
    assert {LIGHT.frozen, LIGHT.unfrozen} <= set(fills)
    assert 'partly frozen' in words_of(tmp_path / 'net.svg')


def test_statistics_of_normalizations(tmp_path):
    net = residual(1)
    assert 'statistics moving' in words_of(net.visualize(tmp_path / 'net.svg'))
    net.freeze()
    words = words_of(net.visualize(tmp_path / 'net.svg'))
    assert 'statistics frozen' in words
    assert 'statistics moving' not in words


def test_inputs_have_two_rims_and_roots_a_thick_one(tmp_path):
    found = bodies_of(NETS['twins']().visualize(tmp_path / 'net.svg'))
    rims = {ID: len(group.findall(f'{SVG}ellipse')) for ID, (group, _) in found.items()}
    assert (rims['a'], rims['b'], rims['c'], rims['loss1']) == (2, 2, 1, 1)
    widths = {ID: float(group.find(f'{SVG}ellipse').get('stroke-width'))
              for ID, (group, _) in found.items() if group.find(f'{SVG}ellipse') is not None}
    assert widths['loss1'] == widths['loss2'] > 2 * widths['c']


def test_shapes_and_batches(tmp_path):
    net = basic()
    assert 'B × 16' in words_of(net.visualize(tmp_path / 'net.svg'))
    net.get_node('x').val, net.get_node('y').val = np.ones((5, 3)), np.ones((5, 1))
    net.forward()
    words = words_of(net.visualize(tmp_path / 'net.svg'))
    assert words.count('5 × 16') == 2
    assert '64 parameters' in words
    assert not any('×' in word or 'param' in word for word in words_of(
        net.visualize(tmp_path / 'net.svg', show=(), legend=False)))


def test_information_on_demand(tmp_path):
    net = residual(1)
    net.get_node('x').val, net.get_node('y').val = np.ones((5, 8)), np.zeros((5, 8))
    net.forward()
    net.backward()
    words = ' | '.join(words_of(net.visualize(tmp_path / 'net.svg', show='all')))
    for piece in ('float32', ' B |', 'operations', ' ms', 'rms', 'derivative', 'mode train', 'optimizer Adam'):
        assert piece in words, piece


@pytest.mark.parametrize('color', ['time', 'size', 'values', 'gradient'])
def test_colours_by_numbers(color, tmp_path):
    net = residual()
    if color != 'size':
        with pytest.raises(OptionError, match='forward'):
            Net('n', [_untouched()]).visualize(tmp_path / 'net.svg', color=color)
    net.get_node('x').val, net.get_node('y').val = np.random.rand(5, 8), np.zeros((5, 8))
    net.forward()
    net.backward()
    bodies = bodies_of(net.visualize(tmp_path / 'net.svg', color=color))
    fills = {fill for _, fills in bodies.values() for fill in fills}
    assert len(fills) >= 3
    assert not fills & {LIGHT.frozen, LIGHT.unfrozen}


def _untouched():
    # Parameters have values from the start, so a net without any.
    from deepfusion.components.modules.activation_functions import Relu
    return Relu('f', [Data('x', (1, 2))]).output


def test_dark_pictures_and_titles(tmp_path):
    picture = basic().visualize(tmp_path / 'net.svg', theme='dark', title='My <net>')
    assert LIGHT.background not in Path(picture).read_text()
    assert 'My <net>' in words_of(picture)


def test_drawing_changes_nothing_in_the_net(tmp_path):
    net = residual()
    net.get_node('x').val, net.get_node('y').val = np.ones((5, 8)), np.zeros((5, 8))
    net.forward()
    net.backward()
    before = [(node.ID, id(node._val), id(node._deriv), node._deriv_holder) for node in net.topological_order
              if isinstance(node, Data)]
    draw_net(net, tmp_path / 'net.html', show='all', color='gradient', histograms=True)
    assert before == [(node.ID, id(node._val), id(node._deriv), node._deriv_holder) for node in net.topological_order
                      if isinstance(node, Data)]


@pytest.mark.parametrize('form', ['svg', 'html'])
def test_values_on_a_device_are_looked_at_there(form, tmp_path, request):
    device = request.config.getoption('--device')
    with use_backend('strict' if device == 'cpu' else device):
        net = residual(1)
        net.get_node('x').val, net.get_node('y').val = np.ones((5, 8)), np.zeros((5, 8))
        net.forward()
        net.backward()
        text = Path(net.visualize(tmp_path / f'net.{form}', show='all', histograms=True, color='gradient')).read_text()
    assert 'rms' in text


# -- Words -----------------------------------------------------------------------------------------------------

def test_hostile_IDs_are_drawn_as_they_are(tmp_path):
    path = hostile().visualize(tmp_path / 'net.svg')
    root = ET.parse(path).getroot()
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        'svg', 'g', 'title', 'text', 'rect', 'ellipse', 'path'}
    assert not [name for element in root.iter() for name in element.attrib if name.startswith('on') or 'href' in name]
    titles = {element.text.split('\n')[0] for element in root.iter(f'{SVG}title') if element.text}
    words = words_of(path)
    for ID in HOSTILE:
        assert visible(ID) in titles
        name = ID.split('/')[-1] if all(ID.split('/')) else ID
        assert all(visible(part) in words for part in wrapped(name)), ID


@pytest.mark.parametrize('form', ['png', 'pdf', 'gv', 'html'])
def test_hostile_IDs_in_every_form(form, tmp_path, without_graphviz):
    assert Path(hostile().visualize(tmp_path / f'net.{form}')).stat().st_size > 3000


def test_no_word_of_a_user_becomes_markup_in_the_page(tmp_path):
    text = Path(hostile().visualize(tmp_path / 'net.html')).read_text()
    for piece in ('<script>alert', '<img', 'onerror=alert(3)>', '<net "of"'):
        assert piece not in text
    assert text.count('</script>') == text.count('<script') == 2
    assert "default-src 'none'" in text


# -- Size and time ---------------------------------------------------------------------------------------------

def test_a_thousand_modules(tmp_path, without_graphviz):
    net = chain(1000)
    start = time.process_time()
    picture = net.visualize(tmp_path / 'net.png')
    assert time.process_time() - start < 10
    with Image.open(picture) as image:
        width, height = image.size
    assert max(width, height) <= 12000
    svg = ET.fromstring(picture._svg)
    scale = width / float(svg.get('width'))
    sizes = [float(element.get('font-size')) for element in svg.iter(f'{SVG}text')]
    assert min(sizes) * scale >= 8
    assert f'm{999}' in words_of_text(picture._svg)


def words_of_text(text):
    return [''.join(element.itertext()) for element in ET.fromstring(text).iter(f'{SVG}text')]


def test_a_thousand_modules_folded(tmp_path):
    words = words_of(chain(1000).visualize(tmp_path / 'net.svg', fold=True))
    assert any('×500' in word for word in words)
    assert len(words) < 40


def test_words_stay_inside_of_the_picture(tmp_path):
    from deepfusion.visualization.text import text_width
    for make in (basic, residual, hostile):
        root = ET.parse(make().visualize(tmp_path / 'net.svg')).getroot()
        for element in root.iter(f'{SVG}text'):
            width = text_width(''.join(element.itertext()), float(element.get('font-size')),
                               element.get('font-weight') == 'bold')
            left = float(element.get('x')) - (width / 2 if element.get('text-anchor') == 'middle' else 0)
            assert left >= 0
            assert left + width <= float(root.get('width'))


def test_a_png_of_the_size_asked_for(tmp_path):
    sizes = []
    for scale in (1, 3):
        with Image.open(basic().visualize(tmp_path / 'net.png', scale=scale)) as image:
            sizes.append(image.size)
    assert np.allclose(np.array(sizes[0]) * 3, sizes[1], atol=3)


def test_text_in_a_pdf_can_be_found(tmp_path):
    content = Path(basic().visualize(tmp_path / 'net.pdf')).read_bytes()
    streams = [piece.split(b'endstream')[0].strip(b'\r\n') for piece in content.split(b'stream')[1::2]]
    assert any(b' Tj' in text or b' TJ' in text for text in map(_inflated, streams))


def _inflated(data):
    try:
        return zlib.decompress(data)
    except zlib.error:
        return b''


# -- Refusals --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(('options', 'error', 'words'), [
    ({'orientation': 'XY'}, UnknownNameError, 'LR'), ({'format': 'bmp'}, UnknownNameError, 'png'),
    ({'format': 3}, UnknownNameError, '3'), ({'depth': 0}, OptionError, 'depth'),
    ({'depth': True}, OptionError, 'depth'), ({'hops': -1}, OptionError, 'hops'),
    ({'deph': 1}, UnknownNameError, 'depth'), ({'color': 'sizes'}, UnknownNameError, 'size'),
    ({'show': 'shape'}, UnknownNameError, 'shapes'), ({'engine': 'neato'}, UnknownNameError, 'layout engine'),
    ({'data': 'some'}, UnknownNameError, 'named'), ({'around': 'Matmul'}, UnknownNameError, 'Matmul1'),
    ({'between': ('x', 'lost')}, UnknownNameError, 'loss'), ({'theme': 'pink'}, UnknownNameError, 'light')])
def test_options_without_meaning_are_refused_in_a_sentence(options, error, words, tmp_path):
    with pytest.raises(error, match=words):
        basic().visualize(tmp_path / 'net.svg', **options)
    assert not list(tmp_path.iterdir())


def test_an_unwritable_path_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(FileAccessError, match='cannot be written'):
        basic().visualize(tmp_path / 'nowhere' / 'net.svg')


def test_graphviz_is_asked_for_but_missing(tmp_path, without_graphviz):
    with pytest.raises(OptionError, match='Graphviz'):
        basic().visualize(tmp_path / 'net.svg', engine='dot')


def test_a_net_of_a_single_input(tmp_path):
    assert 'x' in words_of(Net('n', [Data('x', (1, 2))]).visualize(tmp_path / 'net.svg'))


def test_a_module_with_two_wires_from_one_value(tmp_path):
    net = NETS['twins']()
    groups = ET.parse(net.visualize(tmp_path / 'net.svg')).iter(f'{SVG}g')
    edges = [group for group in groups if group.get('class') == 'edge']
    titles = [edge.find(f'{SVG}title').text for edge in edges]
    assert titles.count('a → both') == 2
    assert len({edge.find(f'{SVG}path').get('d') for edge in edges}) == len(edges)


def test_MatMul_is_in_the_picture_by_its_settings(tmp_path):
    net = Net('n', [MatMul('m', [Data('x', (1, 2))], out_features=3, bias=False).output])
    assert 'MatMul no bias, to 3' in words_of(net.visualize(tmp_path / 'net.svg'))


def test_drawing_svg_loads_nothing_heavy(tmp_path):
    program = ('import sys; from tests.visualization.nets import basic; basic().visualize("net.svg"); '
               'basic().visualize("net.html"); '
               'print([m for m in ("matplotlib", "rich", "graphviz") if m in sys.modules])')
    environment = os.environ | {'PYTHONPATH': str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, '-c', program], cwd=tmp_path, env=environment, capture_output=True,
                          text=True, check=True)
    assert done.stdout.strip() == '[]'
