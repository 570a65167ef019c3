'use strict';
// The page: draws the view, moves it, and answers mouse and keys. Words only ever enter as text nodes.

const net = prepare(JSON.parse(document.getElementById('net').textContent));
const byId = (id) => document.getElementById(id);
const canvas = byId('canvas'), world = byId('world'), details = byId('details');
const state = {closed: new Set(), orientation: net.orientation, coloring: net.coloring, dark: net.theme === 'dark', selected: null,
               x: 0, y: 0, scale: 1, isMoved: false};
const LEAST_SCALE = 0.45, READABLE_SCALE = 0.8;     // where all of a net is too small to read, its beginning is shown
let view, layout, elements = [], frameElements = new Map();

const theme = () => net.themes[state.dark ? 'dark' : 'light'];

function make(tag, attributes, children, parent) {
  const isShape = ['g', 'path', 'rect', 'ellipse', 'text', 'title', 'svg'].includes(tag);
  const element = isShape ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
  for (const child of [].concat(children === undefined ? [] : children)) element.append(child);
  if (parent) parent.append(element);
  return element;
}

// -- Drawing -------------------------------------------------------------------------------------------------

function redraw(anchor) {
  const before = anchor && placeOf(anchor);
  view = buildView(net, state);
  layout = layOut(planOf(view), state.orientation);
  const after = anchor && placeOf(anchor);
  if (before && after) {
    state.x += (before.x - after.x) * state.scale;
    state.y += (before.y - after.y) * state.scale;
  }
  paint();
}

// Where a node or group is, or the box of what it is hidden in.
function placeOf(notes) {
  if (!view) return null;
  const item = view.items.findIndex((other) => other.kind !== 'tag' && notes.some((k) => other.notes.includes(k)));
  return item < 0 ? null : layout.boxes[item];
}

function paint() {
  const colors = theme(), heat = state.coloring === 'frozen' ? null : heatScale(net, view, state.coloring);
  document.documentElement.classList.toggle('dark', state.dark);
  byId('theme').textContent = state.dark ? 'light' : 'dark';
  world.replaceChildren();
  frameElements = new Map();
  for (const [k, box] of layout.frames) paintFrame(k, box, colors);
  view.links.forEach((link, k) => paintLink(link, layout.routes[k], colors));
  elements = view.items.map((item, k) => paintItem(item, layout.boxes[k], colors, heat));
  for (const [k, box] of layout.frames) paintFrameName(k, box, colors);
  paintLegend(colors, heat);
  select(state.selected);
  place(state.isMoved);
}

const depthOf = (frame) => frame < 0 ? -1 : 1 + depthOf(view.frames[frame].parent);
const frameFill = (k, colors) => blend(colors.frame, colors.frame_line, Math.min(0.4, 0.14 * depthOf(k)));

function paintFrame(k, box, colors) {
  make('rect', {...box, rx: 6, fill: frameFill(k, colors), stroke: colors.frame_line, class: 'frame'}, [], world);
}

function paintFrameName(k, box, colors) {
  const frame = view.frames[k], width = textWidth(frame.label, DETAIL_SIZE, true);
  const group = make('g', {class: 'frame-name', tabindex: 0, role: 'button', 'aria-label': `close group ${frame.key}`}, [], world);
  make('title', {}, `${frame.key}\nclick to close`, group);
  make('rect', {x: box.x + 3, y: box.y + 3, width: width + 8, height: 15, rx: 3, fill: frameFill(k, colors)}, [], group);
  make('rect', {x: box.x + 3, y: box.y + 3, width: width + 8, height: 15, rx: 3, class: 'focus'}, [], group);
  make('text', {x: box.x + 7, y: box.y + 14, 'font-size': DETAIL_SIZE, 'font-weight': 'bold', fill: colors.faint}, frame.label, group);
  group.addEventListener('click', () => toggle(frame.key));
  group.addEventListener('keydown', (event) => { if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); toggle(frame.key); } });
  frameElements.set(frame.key, group);
}

function paintLink(link, route, colors) {
  if (!route.length) return;
  const color = link.fault ? colors.fault : colors.edge, ends = [link.tail, link.head].map((k) => view.items[k].name);
  const group = make('g', {class: 'edge'}, [], world), hasArrow = view.items[link.head].kind !== 'tag';
  make('title', {}, ends.join(' → ') + (link.fault ? `\n${link.fault}` : ''), group);
  let points = route;
  if (hasArrow) {
    const tip = route[route.length - 1];
    const before = route.slice(0, -1).reverse().find((p) => Math.abs(p.x - tip.x) + Math.abs(p.y - tip.y) > 1e-6) || tip;
    const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1, dx = (tip.x - before.x) / length, dy = (tip.y - before.y) / length;
    const base = {x: tip.x - 7 * dx, y: tip.y - 7 * dy};
    make('path', {d: `M${tip.x} ${tip.y}L${base.x - 2.75 * dy} ${base.y + 2.75 * dx}L${base.x + 2.75 * dy} ${base.y - 2.75 * dx}Z`, fill: color}, [], group);
    points = [...route.slice(0, -1), {x: tip.x - 4 * dx, y: tip.y - 4 * dy}];
  }
  const words = points.map((p) => `${p.x.toFixed(1)} ${p.y.toFixed(1)}`);
  make('path', {d: `M${words[0]}C${words.slice(1).join(' ')}`, fill: 'none', stroke: color, 'stroke-width': link.fault ? 2 : 1.1,
                'stroke-dasharray': link.fault ? '5 3' : 'none'}, [], group);
}

function fillOf(item, colors, heat) {
  if (heat) {
    const share = heat.share(item);
    return [share === null ? colors.background : heatColor(colors, share), ''];
  }
  if (item.state === 'mixed') return [colors.unfrozen, colors.frozen];
  return [item.state === 'unfrozen' ? colors.unfrozen : colors.frozen, ''];
}

const lineOf = (item, colors) => ({unfrozen: colors.unfrozen_line, frozen: colors.frozen_line, mixed: colors.mixed_line})[item.state];

function paintItem(item, box, colors, heat) {
  const note = net.nodes[item.notes[0]], [fill, second] = fillOf(item, colors, heat), isTag = item.kind === 'tag';
  const group = make('g', {class: `item ${item.kind}`, 'data-state': item.state}, [], world);
  const name = item.kind === 'group' ? item.key : note.ID;
  if (!isTag) {
    group.classList.add('selectable');
    for (const [key, value] of Object.entries({tabindex: 0, role: 'button', 'aria-label': `${name}, ${item.state}`})) group.setAttribute(key, value);
    paintBody(item, note, box, fill, second, heat, colors, group);
    group.addEventListener('click', () => select(item));
    group.addEventListener('dblclick', () => { if (item.kind === 'group') toggle(item.key); });
    group.addEventListener('keydown', (event) => itemKey(event, item));
  }
  make('title', {}, item.kind === 'group' ? `${name}\ndouble click to open` : name, group);
  const center = {x: box.x + (box.width - (item.kind === 'group' ? CARD : 0)) / 2, y: box.y + (box.height - (item.kind === 'group' ? CARD : 0)) / 2};
  let cursor = center.y - item.label.lines.reduce((sum, line) => sum + line.size * LINE, 0) / 2;
  for (const line of item.label.lines) {
    const color = line.faint ? (isTag ? colors.faint : blend(colors.text, fill, 0.25)) : colors.text;
    make('text', {x: center.x, y: cursor + line.size * (LINE + 0.72) / 2, 'font-size': line.size, fill: color, 'text-anchor': 'middle',
                  'font-weight': line.bold ? 'bold' : 'normal'}, line.text, group);
    cursor += line.size * LINE;
  }
  return group;
}

function paintBody(item, note, box, fill, second, heat, colors, group) {
  const line = lineOf(item, colors), width = item.kind === 'data' && note.root ? 2.6 : heat ? 1.8 : 1.1;
  const rect = (given, rx, color, stroke) => make('rect', {...given, rx, fill: color, stroke, 'stroke-width': width}, [], group);
  if (item.kind === 'data') {
    const oval = (inset, color) => make('ellipse', {cx: box.x + box.width / 2, cy: box.y + box.height / 2, rx: box.width / 2 - inset,
      ry: box.height / 2 - inset, fill: color, stroke: line, 'stroke-width': width}, [], group);
    if (note.input) oval(0, colors.background);
    oval(note.input ? 3 : 0, fill);
  } else if (note.fault) {
    rect(box, 3, colors.background, colors.fault).setAttribute('stroke-dasharray', '5 3');
  } else if (item.kind === 'group') {
    const front = {x: box.x, y: box.y, width: box.width - CARD, height: box.height - CARD};
    rect({...front, x: box.x + CARD, y: box.y + CARD}, 5, fill, line);
    paintHalves(front, 5, fill, second, rect, line, group);
  } else {
    paintHalves(box, 3, fill, second, rect, line, group);
  }
  make('rect', {x: box.x - 4, y: box.y - 4, width: box.width + 8, height: box.height + 8, rx: 7, class: 'focus'}, [], group);
}

function paintHalves(box, radius, fill, second, rect, line, group) {
  rect(box, radius, fill, line);
  if (second) make('rect', {x: box.x + box.width / 2, y: box.y + 1, width: box.width / 2 - 1, height: box.height - 2, rx: radius - 1, fill: second}, [], group);
}

function paintLegend(colors, heat) {
  const legend = byId('legend');
  legend.replaceChildren();
  const entry = (words, ...shapes) => {
    const box = make('svg', {width: 26, height: 14});
    for (const [tag, attributes] of shapes) make(tag, attributes, [], box);
    make('span', {}, shapes.length ? [box, words] : [words], legend);
  };
  const rect = (fill, stroke, more) => ['rect', {x: 1, y: 1, width: 24, height: 12, rx: 3, fill, stroke, ...more}];
  const oval = (rx, ry, more) => ['ellipse', {cx: 13, cy: 7, rx, ry, fill: 'none', stroke: colors.edge, ...more}];
  if (heat) {
    const words = {time: 'seconds in the last passes', size: 'parameters', values: 'root mean square of values', gradient: 'root mean square of derivatives'};
    [0, 0.5, 1].forEach((share) => entry(share === 0 ? number(state.coloring === 'time' ? 0 : heat.low) : share === 1 ? `${number(heat.high)} ${words[state.coloring]}` : '…',
                                         rect(heatColor(colors, share), heatColor(colors, share))));
  } else if (state.coloring !== 'frozen') entry(`no ${state.coloring} known: ${state.coloring === 'size' ? 'no parameters' : 'run the passes before drawing'}`);
  entry('will be updated', rect(heat ? 'none' : colors.unfrozen, colors.unfrozen_line));
  entry('frozen', rect(heat ? 'none' : colors.frozen, colors.frozen_line));
  entry('Data', oval(12, 6));
  entry('module', rect('none', colors.edge));
  entry('input', oval(12, 6), oval(9, 4));
  entry('root', oval(11, 5, {'stroke-width': 2.6}));
  entry(net.counts);
  if (net.error) make('span', {class: 'fault'}, net.error, legend);
}

const number = (value) => value === 0 ? '0' : Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3 ? value.toExponential(2) : String(+value.toPrecision(3));

const duration = (seconds) => seconds === null ? '' : seconds < 1 ? `${number(1000 * seconds)} ms` : `${number(seconds)} s`;

// -- Moving about ----------------------------------------------------------------------------------------------

function place(isMoved = true) {
  state.isMoved = isMoved;
  world.setAttribute('transform', `translate(${state.x} ${state.y}) scale(${state.scale})`);
}

function zoom(factor, x, y) {
  const box = canvas.getBoundingClientRect(), cx = x === undefined ? box.width / 2 : x, cy = y === undefined ? box.height / 2 : y;
  const scale = Math.min(8, Math.max(0.02, state.scale * factor));
  state.x = cx - (cx - state.x) * scale / state.scale;
  state.y = cy - (cy - state.y) * scale / state.scale;
  state.scale = scale;
  place();
}

function fit(least) {
  const box = canvas.getBoundingClientRect(), margin = 24;
  const scale = Math.min(2, (box.width - 2 * margin) / layout.width, (box.height - 2 * margin) / layout.height);
  state.scale = scale < (least || 0) ? READABLE_SCALE : Math.max(0.02, scale);
  const fits = state.scale <= scale;
  state.x = fits || layout.width * state.scale < box.width ? (box.width - layout.width * state.scale) / 2
    : state.orientation === 'RL' ? box.width - margin - layout.width * state.scale : margin;
  state.y = fits || layout.height * state.scale < box.height ? (box.height - layout.height * state.scale) / 2
    : state.orientation === 'BT' ? box.height - margin - layout.height * state.scale : margin;
  place(false);
}

function reveal(k) {
  const box = layout.boxes[k], area = canvas.getBoundingClientRect();
  if (state.scale < 0.6) state.scale = 1;
  state.x = area.width / 2 - (box.x + box.width / 2) * state.scale;
  state.y = area.height / 2 - (box.y + box.height / 2) * state.scale;
  place();
}

function setDepth(depth) {
  state.closed = new Set([...net.groups.values()].filter((group) => group.path.length >= depth).map((group) => group.key));
}

function toggle(key) {
  const group = net.groups.get(key), isClosed = state.closed.has(key);
  if (isClosed) state.closed.delete(key); else state.closed.add(key);
  redraw(group.nodes);
  byId('depth').value = '';
  if (isClosed) {
    select(null);
    const name = frameElements.get(key);
    if (name) name.focus({preventScroll: true});
  } else {
    const item = view.items.find((other) => other.key === key);
    if (item) { select(item); elements[view.items.indexOf(item)].focus({preventScroll: true}); }
  }
}

// Open every group around a node, so that it is seen.
function show(index) {
  const node = net.nodes[index];
  for (let length = 1; length <= node.groups.length; length++) state.closed.delete(keyOf(node.groups.slice(0, length)));
  redraw();
  let k = view.items.findIndex((item) => item.notes.includes(index));
  if (view.items[k].kind === 'tag') k = view.items.findIndex((item) => item.notes.includes(net.before[index][0]));
  select(view.items[k]);
  reveal(k);
  elements[k].focus({preventScroll: true});
}

// -- Details -----------------------------------------------------------------------------------------------------

function select(item) {
  // After a change of the drawing the same node may be another item.
  const current = item && view.items.find((other) => other.kind === item.kind && other.kind !== 'tag'
    && (other.key ? other.key === item.key : other.notes[0] === item.notes[0]));
  state.selected = current || null;
  elements.forEach((element, k) => element.classList.toggle('selected', view.items[k] === state.selected));
  details.hidden = !state.selected;
  if (!state.selected) return;
  details.replaceChildren();
  const close = make('button', {class: 'close', 'aria-label': 'Close details'}, '×', details);
  close.addEventListener('click', () => select(null));
  if (state.selected.kind === 'group') groupDetails(state.selected); else nodeDetails(net.nodes[state.selected.notes[0]]);
}

function rows(parent, pairs) {
  const table = make('table', {}, [], parent);
  for (const [name, value] of pairs) {
    if (value === null || value === undefined || value === '') continue;
    const row = make('tr', {}, [], table);
    make('th', {scope: 'row'}, name, row);
    make('td', {}, String(value), row);
  }
  return table;
}

const stateWords = {unfrozen: 'will be updated', frozen: 'frozen', mixed: 'partly frozen'};

function groupDetails(item) {
  const notes = item.notes.map((k) => net.nodes[k]);
  make('h2', {}, item.key, details);
  const open = make('button', {id: 'open-group'}, 'open this group', details);
  open.addEventListener('click', () => toggle(item.key));
  const time = amount('time', notes);
  rows(details, [['state', stateWords[item.state]], ['modules', notes.filter((note) => note.kind === 'module').length],
                 ['parameters', notes.reduce((sum, note) => sum + note.count, 0).toLocaleString('en-US')],
                 ['operations', notes.reduce((sum, note) => sum + note.operations, 0).toLocaleString('en-US')],
                 ['time', duration(time)]]);
  make('h3', {}, 'Nodes', details);
  for (const note of notes) if (note.kind === 'module') link(note.index, details);
}

function link(index, parent) {
  const button = make('button', {class: 'link'}, net.nodes[index].ID, parent);
  button.addEventListener('click', () => show(index));
}

function nodeDetails(note) {
  make('h2', {}, note.ID, details);
  make('p', {}, note.type, details);
  if (note.fault) make('p', {class: 'fault'}, note.fault, details);
  rows(details, [['state', stateWords[note.state]], ['role', [note.input && 'input', note.root && 'root'].filter(Boolean).join(', ')],
                 ['shape', note.shape], ['values of type', note.dtype], ['memory', note.bytes ? `${note.bytes.toLocaleString('en-US')} bytes` : ''],
                 ['mode', note.mode], ['statistics', note.statistics], ['operations', note.operations ? note.operations.toLocaleString('en-US') : ''],
                 ['time', duration(note.seconds)],
                 ['rms of values', note.valueNorm === null ? '' : number(note.valueNorm)],
                 ['rms of derivatives', note.derivNorm === null ? '' : number(note.derivNorm)], ...Object.entries(note.learning)]);
  if (Object.keys(note.settings).length) {
    make('h3', {}, 'Settings', details);
    rows(details, Object.entries(note.settings));
  }
  for (const parameter of note.parameters) parameterDetails(parameter);
  for (const [title, others] of [['Comes from', net.before[note.index]], ['Goes to', net.after[note.index]]]) {
    if (!others.length) continue;
    make('h3', {}, title, details);
    for (const other of others) link(other, details);
  }
}

function parameterDetails(parameter) {
  make('h3', {}, `${parameter.name}: ${parameter.shape}`, details);
  const notes = [parameter.frozen ? 'frozen' : 'will be updated'];
  if (parameter.shared) notes.push('shared');
  rows(details, [['state', notes.join(', ')], ['numbers', parameter.size.toLocaleString('en-US')],
                 ...Object.entries(parameter.statistics).map(([name, value]) => [name, number(value)])]);
  if (parameter.histogram.length) histogram(parameter.histogram);
}

function histogram(counts) {
  const most = Math.max(...counts), picture = make('svg', {width: 240, height: 44, class: 'histogram', role: 'img', 'aria-label': 'histogram'}, [], details);
  counts.forEach((count, k) => make('rect', {x: k * 240 / counts.length, y: 44 - 42 * count / most, width: 240 / counts.length - 1,
                                             height: 42 * count / most, fill: theme().frozen_line}, [], picture));
}

function helpDetails() {
  state.selected = null;
  details.hidden = false;
  details.replaceChildren();
  make('button', {class: 'close', 'aria-label': 'Close details'}, '×', details).addEventListener('click', () => { details.hidden = true; });
  make('h2', {}, 'Keys', details);
  rows(details, [['/', 'find a node'], ['Tab', 'next node or group'], ['arrows', 'on a node: to its neighbours; elsewhere: move the picture'],
                 ['Enter', 'details; on a group: open or close'], ['Space', 'open or close the group; on a node: close the group around it'],
                 ['+ −', 'larger, smaller'], ['0', 'all of it'], ['1 … 9', 'open groups to this depth'], ['a', 'open all groups'],
                 ['t', 'light or dark'], ['Esc', 'close the details'],
                 ['mouse', 'drag to move, wheel to zoom, click for details, double click to open a group, click a group\'s name to close it']]);
}

// -- Mouse and keys ------------------------------------------------------------------------------------------------

function itemKey(event, item) {
  const note = net.nodes[item.notes[0]];
  if (event.key === 'Enter') {
    if (item.kind === 'group') toggle(item.key); else select(item);
  } else if (event.key === ' ') {
    if (item.kind === 'group') toggle(item.key);
    else if (note.groups.length) toggle(keyOf(note.groups));
  } else if (event.key.startsWith('Arrow')) {
    const k = nearest(view.items.indexOf(item), event.key);
    if (k < 0) return;
    elements[k].focus({preventScroll: true});
    select(view.items[k]);
    reveal(k);
  } else return;
  event.preventDefault();
  event.stopPropagation();
}

// The neighbour along the edges that lies most in the direction of an arrow key; words on edges are passed.
function nearest(k, key) {
  const [dx, dy] = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[key], near = new Set();
  const pass = (from, forwards) => {
    for (const link of view.links) {
      const other = forwards ? (link.tail === from ? link.head : -1) : (link.head === from ? link.tail : -1);
      if (other < 0) continue;
      if (view.items[other].kind === 'tag') pass(other, forwards); else near.add(other);
    }
  };
  pass(k, true);
  pass(k, false);
  const middle = (index) => { const box = layout.boxes[index]; return {x: box.x + box.width / 2, y: box.y + box.height / 2}; };
  const here = middle(k);
  let best = -1, most = 0.2;
  for (const other of near) {
    const there = middle(other), length = Math.hypot(there.x - here.x, there.y - here.y) || 1;
    const along = ((there.x - here.x) * dx + (there.y - here.y) * dy) / length;
    if (along > most) { most = along; best = other; }
  }
  return best;
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || ['INPUT', 'SELECT'].includes(event.target.tagName)) return;
  const step = 60, moves = {ArrowLeft: [step, 0], ArrowRight: [-step, 0], ArrowUp: [0, step], ArrowDown: [0, -step]}[event.key];
  if (moves) { state.x += moves[0]; state.y += moves[1]; place(); }
  else if (event.key === '/') byId('search').focus();
  else if (event.key === '+' || event.key === '=') zoom(1.25);
  else if (event.key === '-') zoom(0.8);
  else if (event.key === '0') fit();
  else if (event.key === 'a') changeDepth(maxDepth + 1);
  else if (/^[1-9]$/.test(event.key)) changeDepth(+event.key);
  else if (event.key === 't') { state.dark = !state.dark; paint(); }
  else if (event.key === '?') helpDetails();
  else if (event.key === 'Escape') { select(null); details.hidden = true; }
  else return;
  event.preventDefault();
});

canvas.addEventListener('wheel', (event) => {
  event.preventDefault();
  const box = canvas.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - box.left, event.clientY - box.top);
}, {passive: false});

const pointers = new Map();
canvas.addEventListener('pointerdown', (event) => { pointers.set(event.pointerId, {x: event.clientX, y: event.clientY, moved: false}); });
canvas.addEventListener('pointermove', (event) => {
  const last = pointers.get(event.pointerId);
  if (!last) return;
  const dx = event.clientX - last.x, dy = event.clientY - last.y;
  if (!last.moved && Math.hypot(dx, dy) < 4) return;
  if (!last.moved) { canvas.setPointerCapture(event.pointerId); canvas.classList.add('moving'); }
  if (pointers.size === 2) {
    const other = [...pointers].find(([id]) => id !== event.pointerId)[1], box = canvas.getBoundingClientRect();
    const old = Math.hypot(last.x - other.x, last.y - other.y) || 1, now = Math.hypot(event.clientX - other.x, event.clientY - other.y);
    zoom(now / old, (event.clientX + other.x) / 2 - box.left, (event.clientY + other.y) / 2 - box.top);
  } else {
    state.x += dx;
    state.y += dy;
    place();
  }
  Object.assign(last, {x: event.clientX, y: event.clientY, moved: true});
});
for (const name of ['pointerup', 'pointercancel']) {
  canvas.addEventListener(name, (event) => { pointers.delete(event.pointerId); canvas.classList.remove('moving'); });
}

// -- Search --------------------------------------------------------------------------------------------------------

const search = byId('search'), found = byId('found');
let hits = [], current = 0;

function findNodes() {
  const words = search.value.trim().toLowerCase();
  const rank = (node) => { const ID = node.ID.toLowerCase(); return ID === words ? 0 : ID.startsWith(words) ? 1 : ID.includes(words) ? 2 : 3; };
  hits = words ? net.nodes.filter((node) => rank(node) < 3).sort((a, b) => rank(a) - rank(b) || a.index - b.index).slice(0, 30) : [];
  current = 0;
  found.replaceChildren();
  hits.forEach((node, k) => {
    const line = make('li', {role: 'option', 'aria-selected': k === 0}, `${node.ID}   ${node.type}`, found);
    line.addEventListener('pointerdown', (event) => { event.preventDefault(); choose(k); });
  });
  if (words && !hits.length) make('li', {}, 'no such node', found);
  found.hidden = !words;
  search.setAttribute('aria-expanded', String(!found.hidden));
  mark();
}

function mark() {
  [...found.children].forEach((line, k) => {
    line.classList.toggle('current', hits.length > 0 && k === current);
    line.setAttribute('aria-selected', String(k === current));
    if (k === current) line.scrollIntoView({block: 'nearest'});
  });
}

function choose(k) {
  if (!hits[k]) return;
  found.hidden = true;
  show(hits[k].index);
}

search.addEventListener('input', findNodes);
search.addEventListener('focus', findNodes);
search.addEventListener('blur', () => { found.hidden = true; });
search.addEventListener('keydown', (event) => {
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    current = Math.min(hits.length - 1, Math.max(0, current + (event.key === 'ArrowDown' ? 1 : -1)));
    mark();
  } else if (event.key === 'Enter') choose(current);
  else if (event.key === 'Escape') { search.value = ''; findNodes(); canvas.focus(); }
  else return;
  event.preventDefault();
});

// -- Start ---------------------------------------------------------------------------------------------------------

const maxDepth = Math.max(0, ...[...net.groups.values()].map((group) => group.path.length));

function changeDepth(depth) {
  setDepth(depth);
  byId('depth').value = String(Math.min(depth, maxDepth + 1));
  redraw();
  fit();
}

byId('title').textContent = net.name;
make('option', {value: '', disabled: '', hidden: ''}, 'some', byId('depth'));
for (let depth = 1; depth <= maxDepth + 1; depth++) {
  make('option', {value: depth}, depth > maxDepth ? 'all open' : depth === 1 ? 'all closed' : `open to ${depth - 1}`, byId('depth'));
}
byId('orientation').value = state.orientation;
byId('coloring').value = state.coloring;
byId('depth').addEventListener('change', (event) => changeDepth(+event.target.value));
byId('orientation').addEventListener('change', (event) => { state.orientation = event.target.value; redraw(); fit(); });
byId('coloring').addEventListener('change', (event) => { state.coloring = event.target.value; paint(); });
byId('zoom-in').addEventListener('click', () => zoom(1.25));
byId('zoom-out').addEventListener('click', () => zoom(0.8));
byId('fit').addEventListener('click', () => fit());
byId('theme').addEventListener('click', () => { state.dark = !state.dark; paint(); });
byId('help').addEventListener('click', helpDetails);
setDepth(net.depth);
for (const key of net.collapse) if (net.groups.has(key)) state.closed.add(key);
byId('depth').value = net.collapse.length ? '' : String(Math.min(net.depth, maxDepth + 1));
redraw();
fit(LEAST_SCALE);
// Until someone moves the picture it fits itself to the window; opening the details moves nothing.
window.addEventListener('resize', () => { if (!state.isMoved) fit(LEAST_SCALE); });
document.documentElement.dataset.ready = 'true';
