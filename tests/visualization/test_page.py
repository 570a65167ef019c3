"""The interactive page: its text anywhere, its behaviour in a headless Chromium where there is one."""

import json
from pathlib import Path

import numpy as np
import pytest

from deepfusion.visualization.layout import layered
from deepfusion.visualization.layout.model import Rect
from deepfusion.visualization.page import safe_json
from deepfusion.visualization.plan import plan_of
from deepfusion.visualization.text import visible
from deepfusion.visualization.theme import DARK, LIGHT
from tests.support.browser import Browser, find_browser
from tests.visualization.nets import HOSTILE, basic, fusion, hostile, overlaps, residual, view_and_labels

needs_browser = pytest.mark.skipif(find_browser() is None, reason='no Chromium is installed')
ITEMS = 'elements.map((g, k) => view.items[k].kind === "tag" ? null : g.getAttribute("aria-label")).filter(Boolean)'


@pytest.fixture(scope='module')
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp('browser')) as running:
        yield running


def opened(browser, net, folder, **options):
    """Draw a net as a page, open it, and return its path and the seconds until it was ready."""
    picture = net.visualize(folder / 'net.html', options.pop('orientation', 'TB'), **options)
    browser.complaints.clear()
    browser.requests.clear()
    return picture.path, browser.open(picture.path)


def names(browser):
    """The nodes and closed groups that are drawn."""
    return [label.rpartition(', ')[0] for label in browser.evaluate(ITEMS)]


# -- Its text ----------------------------------------------------------------------------------------------------

def test_json_cannot_end_its_script_element():
    for text in ('</script><script>alert(1)</script>', '<!--', ']]>', '&amp;', 'é\u2028\u2029'):
        safe = safe_json({text: text})
        assert not set('<>&\u2028\u2029') & set(safe)
        assert json.loads(safe) == {text: text}


def test_one_small_file_that_names_no_other(tmp_path):
    path = fusion().visualize(tmp_path / 'net.html', histograms=True).path
    text = path.read_text()
    assert path.stat().st_size < 1e6
    assert [entry.name for entry in tmp_path.iterdir()] == ['net.html']
    assert 'http' not in text.replace('http-equiv', '').replace('http://www.w3.org/2000/svg', '')
    for attribute in ('src=', 'href=', 'onclick', 'innerHTML', 'eval(', 'document.write'):
        assert attribute not in text


# -- In a browser ------------------------------------------------------------------------------------------------

@needs_browser
def test_fusionnet_opens_quickly_offline_and_without_complaints(browser, tmp_path):
    path, seconds = opened(browser, fusion(), tmp_path)
    assert browser.complaints == []
    assert browser.requests == [path.as_uri()]
    assert min(seconds, browser.open(path)) < 2            # the first time of two may wait for other processes
    assert {'conv1', 'fpn', 'dynamic_fusion', 'branch4', 'loss', 'x'} <= set(names(browser))
    assert browser.evaluate('document.title') == 'FusionNet'


@needs_browser
def test_search_finds_a_node_and_shows_its_details(browser, tmp_path):
    opened(browser, fusion(), tmp_path, histograms=True)
    assert 'fpn/level2/lateral' not in names(browser)
    browser.press('/')
    browser.type('fpn/LEVEL2/lat')
    assert browser.evaluate('found.children[0].textContent').startswith('fpn/level2/lateral')
    browser.press('Enter')
    assert {'fpn/level2/lateral', 'fpn/level3'} <= set(names(browser))
    assert browser.evaluate('document.activeElement.getAttribute("aria-label")') == 'fpn/level2/lateral, unfrozen'
    words = browser.evaluate('details.textContent')
    for piece in ('fpn/level2/lateral', 'Conv2D', 'will be updated', 'B × 256 × 4 × 4', 'filter_count',
                  '256 × 256 × 1 × 1'):
        assert piece in words
    assert browser.evaluate('details.querySelectorAll("svg.histogram rect").length') == 48
    box, area = browser.evaluate('[document.activeElement, canvas].map((e) => e.getBoundingClientRect())'
                                 '.map((r) => [r.x, r.y, r.right, r.bottom])')
    assert area[0] <= box[0]
    assert area[1] <= box[1]
    assert box[2] <= area[2]
    assert box[3] <= area[3]
    browser.press('/')
    browser.evaluate('search.select()')
    browser.type('nothing of that name')
    assert browser.evaluate('found.textContent') == 'no such node'
    assert browser.complaints == []


@needs_browser
def test_a_click_shows_details(browser, tmp_path):
    opened(browser, basic(), tmp_path, orientation='LR')
    assert browser.evaluate('details.hidden')
    browser.click_on('g.item[aria-label^="Matmul1"]')
    assert not browser.evaluate('details.hidden')
    assert browser.evaluate('details.querySelector("h2").textContent') == 'Matmul1'
    browser.evaluate('[...details.querySelectorAll(".link")].find((link) => link.textContent === "z1").click()')
    assert browser.evaluate('details.querySelector("h2").textContent') == 'z1'
    browser.press('Escape')
    assert browser.evaluate('details.hidden')
    assert browser.complaints == []


@needs_browser
def test_groups_open_and_close(browser, tmp_path):
    opened(browser, residual(), tmp_path)
    everything = names(browser)
    drawing = browser.evaluate('world.textContent')
    assert 'res1/fc1' in everything
    browser.evaluate('frameElements.get("res1").dispatchEvent(new MouseEvent("click", {bubbles: true}))')
    assert 'res1' in names(browser)
    assert 'res1/fc1' not in names(browser)
    assert browser.evaluate('world.textContent') != drawing
    browser.press(' ')                                              # the group has the focus
    assert names(browser) == everything
    browser.press('1')
    assert names(browser) == ['x', 'res0', 'res1', 'res2', 'y', 'LossF', 'loss']
    browser.click_on('g.item[aria-label^="res2"]', count=2)
    assert 'res2/add' in names(browser)
    browser.press('a')
    assert sorted(names(browser)) == sorted(everything)
    assert browser.complaints == []


@needs_browser
@pytest.mark.parametrize('freeze', [False, True])
def test_colours_are_those_of_the_net(browser, tmp_path, freeze):
    net = basic()
    if freeze:
        net.freeze()
        net.get_node('x').unfreeze()
        net.get_node('Matmul2').b.unfreeze()
    opened(browser, net, tmp_path)
    for theme, press in ((LIGHT, None), (DARK, 't')):
        if press:
            browser.press(press)
        fills = browser.evaluate('Object.fromEntries(elements.map((g, k) => [net.nodes[view.items[k].notes[0]].ID, '
                                 '[...g.querySelectorAll("rect, ellipse")].map((s) => s.getAttribute("fill"))]))')
        for node in net.topological_order:
            expected = theme.frozen if node.is_frozen else theme.unfrozen
            if freeze and node.ID == 'Matmul2':
                assert {theme.frozen, theme.unfrozen} <= set(fills[node.ID])
            else:
                assert expected in fills[node.ID], node.ID
                assert (theme.unfrozen if node.is_frozen else theme.frozen) not in fills[node.ID]
    assert browser.evaluate('getComputedStyle(document.body).backgroundColor') == 'rgb(22, 25, 29)'


@needs_browser
def test_colours_by_numbers(browser, tmp_path):
    net = residual()
    net.get_node('x').val, net.get_node('y').val = np.random.rand(5, 8), np.zeros((5, 8))
    net.forward()
    net.backward()
    opened(browser, net, tmp_path)
    fill = 'elements.map((g) => (g.querySelector("rect, ellipse") || g).getAttribute("fill"))'
    seen = [browser.evaluate(fill)]
    for coloring in ('time', 'size', 'values', 'gradient'):
        browser.evaluate(f'byId("coloring").value = "{coloring}"; byId("coloring").dispatchEvent(new Event("change"))')
        seen.append(browser.evaluate(fill))
        assert len(set(seen[-1])) >= 4
    assert len({json.dumps(fills) for fills in seen}) == 5
    assert browser.complaints == []


@needs_browser
def test_it_moves_zooms_and_walks_by_keys(browser, tmp_path):
    opened(browser, basic(), tmp_path, orientation='LR')
    where = '[state.x, state.y, state.scale]'
    x, y, scale = browser.evaluate(where)
    browser.press('+')
    assert browser.evaluate(where)[2] == pytest.approx(scale * 1.25)
    browser.press('0')
    assert browser.evaluate(where) == pytest.approx([x, y, scale])
    for kind, px in (('mousePressed', 100), ('mouseMoved', 150), ('mouseReleased', 150)):
        browser.call('Input.dispatchMouseEvent', type=kind, x=px, y=600, button='left', clickCount=1)
    assert browser.evaluate(where) == pytest.approx([x + 50, y, scale])
    browser.call('Input.dispatchMouseEvent', type='mouseWheel', x=100, y=300, deltaX=0, deltaY=-200)
    assert browser.evaluate(where)[2] > scale
    browser.evaluate('elements[0].focus()')
    visited = []
    for _ in range(3):
        browser.press('ArrowRight')
        visited.append(browser.evaluate('document.activeElement.getAttribute("aria-label")').split(',')[0])
    assert visited == ['Matmul1', 'z1', 'ActF']


@needs_browser
@pytest.mark.parametrize('orientation', ['TB', 'LR', 'RL', 'BT'])
def test_the_layout_is_the_one_of_the_package(browser, tmp_path, orientation):
    opened(browser, residual(), tmp_path)
    view, labels = view_and_labels(residual())
    plan = plan_of(view, labels)
    given = {'nodes': [{'width': n.width, 'height': n.height, 'frame': n.frame, 'isRound': n.is_round,
                        'isTag': n.is_tag} for n in plan.nodes],
             'frames': [{'parent': f.parent, 'labelWidth': f.label_width} for f in plan.frames], 'edges': plan.edges}
    found = browser.evaluate(f'(() => {{ const l = layOut({json.dumps(given)}, "{orientation}"); '
                             'const numbers = (b) => [b.x, b.y, b.width, b.height]; '
                             'return [l.boxes.map(numbers), [...l.frames.values()].map(numbers), '
                             'l.routes.map((r) => r.map((p) => [p.x, p.y]))]; })()')
    layout = layered.lay_out(plan, orientation)
    np.testing.assert_allclose(found[0], layout.nodes, atol=1e-3)
    np.testing.assert_allclose(sorted(found[1]), sorted(part.box for part in layout.frames), atol=1e-3)
    for theirs, ours in zip(found[2], layout.routes, strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-3)


@needs_browser
def test_boxes_do_not_overlap_in_the_page(browser, tmp_path):
    opened(browser, fusion(), tmp_path, depth=9)
    boxes = [Rect(*box) for box in browser.evaluate('layout.boxes.map((b) => [b.x, b.y, b.width, b.height])')]
    assert len(boxes) > 200
    assert not overlaps(boxes)


@needs_browser
def test_hostile_IDs_run_nothing_and_are_shown_as_they_are(browser, tmp_path):
    opened(browser, hostile(), tmp_path, depth=9)
    for ID in HOSTILE:
        if any(sign in ID for sign in '<>&"'):
            browser.evaluate(f'show(net.nodes.findIndex((node) => node.ID === {json.dumps(visible(ID))}))')
    browser.press('/')
    browser.type('alert')
    assert browser.evaluate('found.children.length') > 3
    browser.press('1')
    assert browser.dialogs == []
    assert browser.complaints == []
    assert browser.requests == [(tmp_path / 'net.html').as_uri()]
    assert browser.evaluate('document.querySelectorAll("img, iframe, script:not([type])").length') == 1
    assert browser.evaluate('net.nodes.map((node) => node.ID)')[1::2][:len(HOSTILE)] == [visible(ID) for ID in HOSTILE]
    browser.press('Escape')
    browser.evaluate('changeDepth(9)')
    assert {visible(ID) for ID in HOSTILE} <= set(names(browser))


@needs_browser
def test_an_unfinished_net_says_what_is_wrong(browser, tmp_path):
    from deepfusion.visualization import draw_partial
    from tests.visualization.test_unfinished import build
    x, error = build()
    path = Path(draw_partial(x, tmp_path / 'net.html', error=error))
    browser.complaints.clear()
    browser.open(path)
    assert str(error) in browser.evaluate('byId("legend").textContent')
    assert browser.evaluate('world.querySelectorAll("[stroke-dasharray=\'5 3\']").length') == 4
    assert browser.complaints == []
