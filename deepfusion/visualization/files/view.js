'use strict';
// What is drawn of the net: groups open or closed, values on edges; then the words on everything.

const NAME_SIZE = 11, DETAIL_SIZE = 9.5, TAG_SIZE = 9, LINE = 1.35, CARD = 4;
const FONT = "'DejaVu Sans', 'Bitstream Vera Sans', Verdana, Helvetica, Arial, sans-serif";

const measure = document.createElement('canvas').getContext('2d');
const widths = new Map();

function textWidth(text, size, bold) {
  const key = `${size}|${bold ? 1 : 0}|${text}`;
  if (!widths.has(key)) {
    measure.font = `${bold ? 'bold ' : ''}${size}px ${FONT}`;
    widths.set(key, measure.measureText(text).width);
  }
  return widths.get(key);
}

// -- The net -------------------------------------------------------------------------------------------------

function prepare(net) {
  net.before = net.nodes.map(() => []);
  net.after = net.nodes.map(() => []);
  for (const [tail, head] of net.edges) { net.before[head].push(tail); net.after[tail].push(head); }
  net.groups = new Map();                                  // path as text -> {path, label, nodes}
  net.nodes.forEach((node, k) => {
    node.index = k;
    for (let length = 1; length <= node.groups.length; length++) {
      const key = keyOf(node.groups.slice(0, length));
      if (!net.groups.has(key)) net.groups.set(key, {key, path: node.groups.slice(0, length), nodes: []});
      net.groups.get(key).nodes.push(k);
    }
  });
  return net;
}

const keyOf = (path) => path.join('/');

function closedGroup(net, state, node) {
  for (let length = 1; length <= node.groups.length; length++) {
    const key = keyOf(node.groups.slice(0, length));
    if (state.closed.has(key)) return net.groups.get(key);
  }
  return null;
}

function isWritten(net, node) {
  return node.kind === 'data' && net.before[node.index].length > 0 && net.after[node.index].length > 0
    && !node.root && node.state !== 'unfrozen' && node.made;
}

function mergedState(notes) {
  let learners = notes.filter((note) => note.parameters.length || (note.kind === 'data' && note.state === 'unfrozen'));
  if (!learners.length) learners = notes.filter((note) => note.kind === 'module');
  if (!learners.length) learners = notes;
  const states = new Set(learners.map((note) => note.state));
  return states.size === 1 ? [...states][0] : 'mixed';
}

function buildView(net, state) {
  const view = {items: [], links: [], frames: []}, itemOf = new Map(), tags = new Map(), groupItem = new Map();
  const frameOf = new Map();
  const frame = (path) => {
    if (!path.length) return -1;
    const key = keyOf(path);
    if (!frameOf.has(key)) {
      const parent = frame(path.slice(0, -1));
      frameOf.set(key, view.frames.push({key, label: path[path.length - 1], parent}) - 1);
    }
    return frameOf.get(key);
  };
  const add = (item) => view.items.push(item) - 1;
  const tag = (node, path) => add({kind: 'tag', name: node.ID, notes: [node.index], frame: frame(path), state: node.state});
  for (const node of net.nodes) {
    const group = closedGroup(net, state, node);
    if (group) {
      const parent = group.path.slice(0, -1);
      if (!groupItem.has(group.key)) {
        groupItem.set(group.key, add({kind: 'group', key: group.key, name: group.path[group.path.length - 1], notes: [], frame: frame(parent)}));
      }
      const item = groupItem.get(group.key);
      view.items[item].notes.push(node.index);
      itemOf.set(node.index, item);
      const leaves = net.after[node.index].some((user) => closedGroup(net, state, net.nodes[user]) !== group);
      if (node.kind === 'data' && net.before[node.index].length && leaves) tags.set(node.index, tag(node, parent));
    } else if (isWritten(net, node)) {
      itemOf.set(node.index, tag(node, node.groups));
    } else {
      itemOf.set(node.index, add({kind: node.kind, name: node.name, notes: [node.index], frame: frame(node.groups), state: node.state}));
    }
  }
  const made = new Map();
  net.edges.forEach(([tail, head, fault], k) => {
    const stop = itemOf.get(head);
    if (itemOf.get(tail) === stop) return;
    const start = tags.has(tail) ? tags.get(tail) : itemOf.get(tail);
    if (start === stop) return;
    const plain = view.items[start].kind !== 'group' && view.items[stop].kind !== 'group';
    const key = `${start},${stop},${plain ? k : ''}`;
    if (!made.has(key)) made.set(key, {tail: start, head: stop, fault: fault || ''});
  });
  view.links = [...made.values()];
  for (const [node, item] of tags) view.links.push({tail: itemOf.get(node), head: item, fault: ''});
  for (const item of view.items) {
    if (item.kind === 'group') item.state = mergedState(item.notes.map((k) => net.nodes[k]));
    item.label = labelOf(net, item);
  }
  return view;
}

// -- Words ---------------------------------------------------------------------------------------------------

const counted = (number, word) => `${number.toLocaleString('en-US')} ${word}${number === 1 ? '' : 's'}`;

function wrapWords(text, length) {
  const lines = [];
  while (text.length > length) {
    let cut = length;
    for (let k = length; k > length / 2; k--) if (' /_-.,:;'.includes(text[k - 1])) { cut = k; break; }
    lines.push(text.slice(0, cut));
    text = text.slice(cut);
  }
  return [...lines, text];
}

function labelOf(net, item) {
  const note = net.nodes[item.notes[0]];
  if (item.kind === 'tag') return sized([{text: note.shape, size: TAG_SIZE, faint: true}], 2, 0, false);
  const lines = wrapWords(item.name, 30).map((text) => ({text, size: NAME_SIZE, bold: true}));
  const detail = (text, faint) => lines.push({text, size: DETAIL_SIZE, faint});
  if (item.kind === 'group') {
    const notes = item.notes.map((k) => net.nodes[k]);
    detail(counted(notes.filter((other) => other.kind === 'module').length, 'module'));
    const count = notes.reduce((sum, other) => sum + other.count, 0);
    if (count) detail(counted(count, 'parameter'), true);
    return sized(lines, 16 + CARD, 12 + CARD, false);
  }
  if (item.kind === 'data') {
    detail(note.shape);
    return sized(lines, 0, 0, true);
  }
  wrapWords(note.type + (note.words ? ` ${note.words}` : ''), 34).slice(0, 3).forEach((text) => detail(text));
  if (note.parameters.length) detail(counted(note.parameters.reduce((sum, p) => sum + p.size, 0), 'parameter'), true);
  if (note.statistics) detail(`statistics ${note.statistics}`, true);
  if (note.fault) detail('could not be made');
  return sized(lines, 16, 10, false);
}

function sized(lines, acrossRoom, alongRoom, isRound) {
  const width = Math.max(...lines.map((line) => textWidth(line.text, line.size, line.bold)));
  const height = lines.reduce((sum, line) => sum + line.size * LINE, 0);
  if (isRound) return {lines, width: Math.max(width * 1.28 + 12, 44), height: height * 1.42 + 6};
  return {lines, width: width + acrossRoom, height: height + alongRoom};
}

function planOf(view) {
  return {
    nodes: view.items.map((item) => ({width: item.label.width, height: item.label.height, frame: item.frame,
                                      isRound: item.kind === 'data', isTag: item.kind === 'tag'})),
    frames: view.frames.map((frame) => ({parent: frame.parent, labelWidth: textWidth(frame.label, DETAIL_SIZE, true)})),
    edges: view.links.map((link) => [link.tail, link.head]),
  };
}

// -- Colours by numbers --------------------------------------------------------------------------------------

function amount(coloring, notes) {
  const sum = (values) => values.length ? values.reduce((a, b) => a + b, 0) : null;
  if (coloring === 'time') return sum(notes.map((note) => note.seconds).filter((value) => value !== null));
  if (coloring === 'size') return sum(notes.map((note) => note.count)) || null;
  const norms = notes.map((note) => coloring === 'values' ? note.valueNorm : note.derivNorm).filter((value) => value !== null);
  return norms.length ? Math.sqrt(sum(norms.map((value) => value * value)) / norms.length) : null;
}

function heatScale(net, view, coloring) {
  const numbers = view.items.filter((item) => item.kind !== 'tag')
    .map((item) => amount(coloring, item.notes.map((k) => net.nodes[k]))).filter((value) => value > 0);
  if (!numbers.length) return null;
  const low = Math.min(...numbers), high = Math.max(...numbers);
  const share = (item) => {
    const value = amount(coloring, item.notes.map((k) => net.nodes[k]));
    if (value === null) return null;
    if (coloring === 'time') return value / high;
    if (value <= 0 || high <= low) return value <= low ? 0 : 1;
    return Math.log(value / low) / Math.log(high / low);
  };
  return {low, high, share};
}

function blend(first, second, share) {
  const part = (color, k) => parseInt(color.slice(1 + 2 * k, 3 + 2 * k), 16);
  return '#' + [0, 1, 2].map((k) => Math.round(part(first, k) * (1 - share) + part(second, k) * share)
    .toString(16).padStart(2, '0')).join('');
}

function heatColor(theme, share) {
  return share < 0.5 ? blend(theme.cold, theme.warm, 2 * share) : blend(theme.warm, theme.hot, 2 * share - 1);
}
