'use strict';
// The layered layout of deepfusion/visualization/layout, in JavaScript: the same steps under the same names.

const PAD = 10, HEADER = 18, GAP = 20, WAY_GAP = 9, FRAME_GAP = 12, RANK_GAP = 24, TAG_GAP = 7;
const FRAME_WEIGHT = 2, PORT_SPACING = 14, COLUMN_WEIGHT = 40, TAG_WEIGHT = 3, MANY = 4, BESIDE = 7, SEARCH_SIZE = 30;

// -- Network simplex: positions of least total weighted length ------------------------------------------------

class Tree {
  constructor(count, arcs, start) {
    Object.assign(this, {count, arcs, position: start, next: 0});
    this.leaving = Array.from({length: count}, () => []);
    this.entering = Array.from({length: count}, () => []);
    arcs.forEach((arc, k) => { this.leaving[arc.tail].push(k); this.entering[arc.head].push(k); });
    this.parent = new Int32Array(count).fill(-1);
    this.parentArc = new Int32Array(count).fill(-1);
    this.children = Array.from({length: count}, () => new Set());
    this.weigh(this.grow());
  }

  grow() {
    const root = this.count - 1, order = [root], inside = new Uint8Array(this.count);
    const outward = new Heap(), inward = new Heap();
    let shift = 0;
    const offer = (point) => {
      for (const k of this.leaving[point]) {
        const arc = this.arcs[k];
        if (!inside[arc.head]) outward.push(this.position[arc.head] - this.position[point] - arc.length, k);
      }
      for (const k of this.entering[point]) {
        const arc = this.arcs[k];
        if (!inside[arc.tail]) inward.push(this.position[point] - this.position[arc.tail] - arc.length, k);
      }
    };
    inside[root] = 1;
    offer(root);
    while (order.length < this.count) {
      while (outward.size && inside[this.arcs[outward.value].head]) outward.pop();
      while (inward.size && inside[this.arcs[inward.value].tail]) inward.pop();
      const down = outward.size ? outward.key + shift : Infinity, up = inward.size ? inward.key - shift : Infinity;
      const k = down <= up ? outward.value : inward.value, arc = this.arcs[k];
      shift += down <= up ? -down : up;
      const [point, neighbour] = down <= up ? [arc.head, arc.tail] : [arc.tail, arc.head];
      this.position[point] += shift;
      inside[point] = 1;
      order.push(point);
      this.parent[point] = neighbour;
      this.parentArc[point] = k;
      this.children[neighbour].add(point);
      offer(point);
    }
    return order;
  }

  weigh(order) {
    this.surplus = new Float64Array(this.count);
    for (const arc of this.arcs) { this.surplus[arc.tail] += arc.weight; this.surplus[arc.head] -= arc.weight; }
    for (const point of order.slice().reverse()) {
      if (this.parent[point] >= 0) this.surplus[this.parent[point]] += this.surplus[point];
    }
  }

  improve(pivots) {
    for (let k = 0; k < pivots; k++) {
      const point = this.leavingPoint();
      if (point < 0) return;
      this.exchange(point);
    }
  }

  leavingPoint() {
    let worst = -1e-9, found = 0, best = -1;
    for (let step = 0; step < this.count && found < SEARCH_SIZE; step++) {
      const point = (this.next + step) % this.count, k = this.parentArc[point];
      if (k < 0) continue;
      const cut = this.arcs[k].tail === point ? this.surplus[point] : -this.surplus[point];
      if (cut < -1e-9) {
        found++;
        if (cut < worst) { worst = cut; best = point; }
      }
    }
    this.next = best >= 0 ? (best + 1) % this.count : 0;
    return best;
  }

  exchange(point) {
    const subtree = [point];
    for (let k = 0; k < subtree.length; k++) subtree.push(...this.children[subtree[k]]);
    const inside = new Set(subtree), movesDown = this.arcs[this.parentArc[point]].head === point;
    let best = Infinity, chosen = -1;
    for (const member of subtree) {
      for (const k of movesDown ? this.leaving[member] : this.entering[member]) {
        const arc = this.arcs[k];
        if (inside.has(movesDown ? arc.head : arc.tail)) continue;
        const slack = this.position[arc.head] - this.position[arc.tail] - arc.length;
        if (slack < best) { best = slack; chosen = k; }
      }
    }
    if (chosen < 0) { this.surplus[point] = 0; return; }
    const shift = movesDown ? best : -best;
    for (const member of subtree) this.position[member] += shift;
    const arc = this.arcs[chosen];
    this.rehang(point, movesDown ? arc.tail : arc.head, movesDown ? arc.head : arc.tail, chosen);
  }

  rehang(point, near, far, k) {
    const total = this.surplus[point];
    this.addUpwards(this.parent[point], -total);
    this.children[this.parent[point]].delete(point);
    const path = [near];
    while (path[path.length - 1] !== point) path.push(this.parent[path[path.length - 1]]);
    const old = path.map((member) => this.surplus[member]), oldArc = path.map((member) => this.parentArc[member]);
    for (let step = 0; step + 1 < path.length; step++) {
      const lower = path[step], upper = path[step + 1];
      this.children[upper].delete(lower);
      this.children[lower].add(upper);
      this.parent[upper] = lower;
      this.parentArc[upper] = oldArc[step];
      this.surplus[upper] = total - old[step];
    }
    this.surplus[near] = total;
    this.parent[near] = far;
    this.parentArc[near] = k;
    this.children[far].add(near);
    this.addUpwards(far, total);
  }

  addUpwards(point, amount) {
    for (; point >= 0; point = this.parent[point]) this.surplus[point] += amount;
  }
}

class Heap {
  constructor() { this.keys = []; this.values = []; }
  get size() { return this.keys.length; }
  get key() { return this.keys[0]; }
  get value() { return this.values[0]; }

  push(key, value) {
    let k = this.keys.push(key) - 1;
    this.values.push(value);
    for (let up = (k - 1) >> 1; k > 0 && this.keys[up] > this.keys[k]; k = up, up = (k - 1) >> 1) this.swap(k, up);
  }

  pop() {
    this.swap(0, this.size - 1);
    this.keys.pop();
    this.values.pop();
    for (let k = 0; ;) {
      let least = k;
      for (const child of [2 * k + 1, 2 * k + 2]) if (child < this.size && this.keys[child] < this.keys[least]) least = child;
      if (least === k) return;
      this.swap(k, least);
      k = least;
    }
  }

  swap(a, b) {
    [this.keys[a], this.keys[b]] = [this.keys[b], this.keys[a]];
    [this.values[a], this.values[b]] = [this.values[b], this.values[a]];
  }
}

function minimize(count, arcs, start) {
  if (!count) return [];
  const leader = Array.from({length: count}, (_, k) => k);
  const find = (k) => { while (leader[k] !== k) { leader[k] = leader[leader[k]]; k = leader[k]; } return k; };
  for (const arc of arcs) leader[find(arc.tail)] = find(arc.head);
  const bridged = arcs.slice();
  for (let k = 0; k < count; k++) if (find(k) === k) bridged.push({tail: count, head: k, length: -1e6, weight: 0});
  const tree = new Tree(count + 1, bridged, [...(start || longestPaths(count, arcs)), 0]);
  tree.improve(20000);
  const positions = tree.position.slice(0, count), least = positions.reduce((a, b) => Math.min(a, b), Infinity);
  return positions.map((value) => value - least);
}

function longestPaths(count, arcs) {
  const leaving = Array.from({length: count}, () => []), waiting = new Int32Array(count), position = new Array(count).fill(0);
  for (const arc of arcs) { leaving[arc.tail].push(arc); waiting[arc.head]++; }
  const ready = [];
  for (let k = 0; k < count; k++) if (!waiting[k]) ready.push(k);
  for (let k = 0; k < ready.length; k++) {
    for (const arc of leaving[ready[k]]) {
      position[arc.head] = Math.max(position[arc.head], position[ready[k]] + arc.length);
      if (!--waiting[arc.head]) ready.push(arc.head);
    }
  }
  return position;
}

// -- Ranks ----------------------------------------------------------------------------------------------------

function ancestors(plan, frame) {
  const chain = [];
  for (; frame >= 0; frame = plan.frames[frame].parent) chain.unshift(frame);
  return chain;
}

function rankPlan(plan) {
  const backwards = againstTheFlow(plan);
  const path = plan.nodes.map((node) => ancestors(plan, node.frame));
  const ranked = {plan, rank: nodeRanks(plan, backwards), path, chains: [], isReversed: backwards, steps: [],
                  nodeCount: plan.nodes.length};
  const pairs = plan.edges.map(([tail, head], k) => backwards[k] ? [head, tail] : [tail, head]);
  const longEdges = new Map(), shared = new Map(), steps = new Map();
  for (const [upper, lower] of pairs) {
    if (ranked.rank[lower] - ranked.rank[upper] > 1) longEdges.set(upper, (longEdges.get(upper) || 0) + 1);
  }
  for (const [upper, lower] of pairs) {
    const chain = chainOf(ranked, (longEdges.get(upper) || 0) > MANY ? shared : new Map(), upper, lower);
    ranked.chains.push(chain);
    for (let k = 0; k + 1 < chain.length; k++) steps.set(`${chain[k]},${chain[k + 1]}`, [chain[k], chain[k + 1]]);
  }
  ranked.steps = [...steps.values()];
  ranked.rankCount = ranked.rank.reduce((a, b) => Math.max(a, b), -1) + 1;
  return ranked;
}

function againstTheFlow(plan) {
  const leaving = plan.nodes.map(() => []), state = new Uint8Array(plan.nodes.length);
  const backwards = plan.edges.map(() => false);
  plan.edges.forEach(([tail, head], k) => leaving[tail].push([k, head]));
  for (let start = 0; start < plan.nodes.length; start++) {
    if (state[start]) continue;
    const stack = [[start, 0]];
    state[start] = 1;
    while (stack.length) {
      const top = stack[stack.length - 1];
      if (top[1] >= leaving[top[0]].length) { state[top[0]] = 2; stack.pop(); continue; }
      const [k, head] = leaving[top[0]][top[1]++];
      if (state[head] === 1) backwards[k] = true;
      else if (!state[head]) { state[head] = 1; stack.push([head, 0]); }
    }
  }
  return backwards;
}

function nodeRanks(plan, backwards) {
  const count = plan.nodes.length, arcs = [];
  plan.edges.forEach(([tail, head], k) => {
    const [upper, lower] = backwards[k] ? [head, tail] : [tail, head];
    if (upper !== lower) arcs.push({tail: upper, head: lower, length: 1, weight: plan.nodes[head].isTag ? TAG_WEIGHT : 1});
  });
  plan.frames.forEach((frame, k) => {
    const top = count + 2 * k, bottom = top + 1, outer = count + 2 * frame.parent;
    arcs.push({tail: top, head: bottom, length: 0, weight: 1});
    if (frame.parent >= 0) {
      arcs.push({tail: outer, head: top, length: 0, weight: 0}, {tail: bottom, head: outer + 1, length: 0, weight: 0});
    }
  });
  plan.nodes.forEach((node, k) => {
    if (node.frame < 0) return;
    const top = count + 2 * node.frame;
    arcs.push({tail: top, head: k, length: 0, weight: 0}, {tail: k, head: top + 1, length: 0, weight: 0});
  });
  const ranks = minimize(count + 2 * plan.frames.length, arcs).slice(0, count).map(Math.round);
  const used = new Map([...new Set(ranks)].sort((a, b) => a - b).map((rank, place) => [rank, place]));
  return ranks.map((rank) => used.get(rank));
}

function chainOf(ranked, shared, upper, lower) {
  if (upper === lower) return [upper];
  const common = [], first = ranked.path[upper], second = ranked.path[lower], chain = [upper];
  for (let k = 0; k < first.length && first[k] === second[k]; k++) common.push(first[k]);
  for (let rank = ranked.rank[upper] + 1; rank < ranked.rank[lower]; rank++) {
    const key = `${upper},${rank},${common.join('.')}`;
    if (!shared.has(key)) {
      shared.set(key, ranked.rank.length);
      ranked.rank.push(rank);
      ranked.path.push(common);
    }
    chain.push(shared.get(key));
  }
  return [...chain, lower];
}

// -- Crossings ------------------------------------------------------------------------------------------------

function reduceCrossings(table) {
  const loose = [];
  table.rows.forEach((row, k) => { if (row.length - table.left[k] - table.right[k] > 1) loose.push(k); });
  if (!loose.length) return;
  const start = table.rows.map((row) => row.slice());
  const fewest = searchOrder(table, loose);
  if (!fewest) return;
  const found = table.rows;
  table.rows = start;
  for (const k of loose) {
    const row = table.rows[k], stop = row.length - table.right[k];
    row.splice(table.left[k], stop - table.left[k], ...row.slice(table.left[k], stop).reverse());
  }
  if (searchOrder(table, loose) >= fewest) table.rows = found;
}

function searchOrder(table, loose) {
  let best = table.rows.map((row) => row.slice()), fewest = countCrossings(table), waited = 0;
  for (let sweep = 0; sweep < 24 && fewest && waited <= 4; sweep++) {
    const downwards = sweep % 2 === 0;
    for (const k of downwards ? loose : loose.slice().reverse()) sortRow(table, k, downwards);
    transpose(table, loose);
    const crossings = countCrossings(table);
    waited++;
    if (crossings < fewest) { best = table.rows.map((row) => row.slice()); fewest = crossings; waited = 0; }
  }
  table.rows = best;
  return fewest;
}

const placesOf = (row) => new Map((row || []).map((entry, k) => [entry, k]));

function countCrossings(table) {
  let total = 0;
  for (let k = 0; k + 1 < table.rows.length; k++) {
    const place = placesOf(table.rows[k + 1]), size = place.size, tree = new Float64Array(size + 1);
    let passed = 0;
    for (const entry of table.rows[k]) {
      const links = (table.down.get(entry) || []).filter(([other]) => place.has(other));
      for (const [other, weight] of links) {
        let before = 0;
        for (let cursor = place.get(other) + 1; cursor; cursor &= cursor - 1) before += tree[cursor];
        total += weight * (passed - before);
      }
      for (const [other, weight] of links) {
        passed += weight;
        for (let cursor = place.get(other) + 1; cursor <= size; cursor += cursor & -cursor) tree[cursor] += weight;
      }
    }
  }
  return total;
}

function sortRow(table, k, downwards) {
  const other = downwards ? k - 1 : k + 1;
  if (other < 0 || other >= table.rows.length) return;
  const place = placesOf(table.rows[other]), links = downwards ? table.up : table.down, row = table.rows[k];
  const start = table.left[k], stop = row.length - table.right[k];
  const keyed = row.slice(start, stop).map((entry) => {
    let sum = 0, weight = 0;
    for (const [end, share] of links.get(entry) || []) {
      if (place.has(end)) { sum += place.get(end) * share; weight += share; }
    }
    return {entry, key: weight ? sum / weight : null};
  });
  const ordered = keyed.filter((item) => item.key !== null).sort((a, b) => a.key - b.key);
  keyed.forEach((item, index) => { row[start + index] = item.key === null ? item.entry : ordered.shift().entry; });
}

function transpose(table, loose) {
  for (let round = 0, improved = true; round < 8 && improved; round++) {
    improved = false;
    for (const k of loose) {
      const row = table.rows[k], above = placesOf(table.rows[k - 1]), below = placesOf(table.rows[k + 1]);
      for (let index = table.left[k]; index + 1 < row.length - table.right[k]; index++) {
        const [first, second] = [row[index], row[index + 1]];
        const gain = pairCrossings(table.up, above, first, second) - pairCrossings(table.up, above, second, first)
          + pairCrossings(table.down, below, first, second) - pairCrossings(table.down, below, second, first);
        if (gain > 1e-9) { row[index] = second; row[index + 1] = first; improved = true; }
      }
    }
  }
}

function pairCrossings(links, place, first, second) {
  let total = 0;
  for (const [end, weight] of links.get(first) || []) {
    if (!place.has(end)) continue;
    for (const [other, share] of links.get(second) || []) {
      if (place.has(other) && place.get(other) < place.get(end)) total += weight * share;
    }
  }
  return total;
}

// -- The order within ranks, frame by frame ---------------------------------------------------------------------

class Ordering {
  constructor(ranked) {
    this.ranked = ranked;
    this.itemCount = ranked.rank.length;
    this.rows = Array.from({length: ranked.rankCount}, () => []);
    this.members = new Map();
    this.low = new Map();
    this.high = new Map();
    this.openFrames = new Set();
    for (const item of discovery(ranked)) {
      const path = ranked.path[item], rank = ranked.rank[item], owner = path.length ? path[path.length - 1] : -1;
      if (!this.members.has(owner)) this.members.set(owner, []);
      this.members.get(owner).push(item);
      for (const frame of path) {
        this.low.set(frame, Math.min(this.low.has(frame) ? this.low.get(frame) : rank, rank));
        this.high.set(frame, Math.max(this.high.has(frame) ? this.high.get(frame) : rank, rank));
      }
    }
    this.marks = this.itemCount + ranked.plan.frames.length * ranked.rankCount;
  }

  placeholder(frame, rank) { return this.itemCount + frame * this.ranked.rankCount + rank; }

  token(entry) {
    if (entry < this.itemCount) return ['item', entry];
    const mark = entry - this.marks;
    return [mark % 2 ? 'close' : 'open', mark >> 1];
  }

  expand(frame) {
    this.openFrames.add(frame);
    const inside = this.ranked.plan.frames.map((_, k) => k)
      .filter((k) => this.ranked.plan.frames[k].parent === frame && this.low.has(k));
    const low = frame < 0 ? 0 : this.low.get(frame), high = frame < 0 ? this.rows.length - 1 : this.high.get(frame);
    const content = this.rows.map(() => []);
    for (const item of this.members.get(frame) || []) content[this.ranked.rank[item]].push(item);
    for (const child of inside) {
      for (let rank = this.low.get(child); rank <= this.high.get(child); rank++) content[rank].push(this.placeholder(child, rank));
    }
    const table = this.table(frame, content, low, high);
    reduceCrossings(table);
    this.agree(table, inside);
    table.rows.forEach((row, k) => {
      if (frame >= 0) {
        const stop = row.length - table.right[k], mark = this.marks + 2 * frame;
        row = [...row.slice(0, table.left[k]), mark, ...row.slice(table.left[k], stop), mark + 1, ...row.slice(stop)];
      }
      this.rows[low + k] = row;
    });
    return inside;
  }

  table(frame, content, low, high) {
    const rows = [], left = [], right = [];
    for (let rank = low; rank <= high; rank++) {
      const row = this.rows[rank], hole = frame < 0 ? 0 : row.indexOf(this.placeholder(frame, rank));
      const before = frame < 0 ? [] : row.slice(0, hole), after = frame < 0 ? [] : row.slice(hole + 1);
      rows.push([...before, ...content[rank], ...after]);
      left.push(before.length);
      right.push(after.length);
    }
    const weights = new Map(), up = new Map(), down = new Map();
    const add = (upper, lower, weight, replace) => {
      const key = upper * (this.marks + 1) + lower, old = weights.get(key);
      weights.set(key, {upper, lower, weight: old && !replace ? old.weight + weight : weight});
    };
    for (const [upper, lower] of this.ranked.steps) {
      if (this.ranked.rank[upper] >= low && this.ranked.rank[upper] < high) add(this.shown(upper), this.shown(lower), 1);
    }
    for (const [other, start] of this.low) {
      if (this.openFrames.has(other)) continue;
      for (let rank = Math.max(low, start); rank < Math.min(high, this.high.get(other)); rank++) {
        add(this.placeholder(other, rank), this.placeholder(other, rank + 1), COLUMN_WEIGHT, true);
      }
    }
    for (const {upper, lower, weight} of weights.values()) {
      if (!down.has(upper)) down.set(upper, []);
      if (!up.has(lower)) up.set(lower, []);
      down.get(upper).push([lower, weight]);
      up.get(lower).push([upper, weight]);
    }
    return {rows, left, right, up, down};
  }

  shown(item) {
    for (const frame of this.ranked.path[item]) {
      if (!this.openFrames.has(frame)) return this.placeholder(frame, this.ranked.rank[item]);
    }
    return item;
  }

  agree(table, inside) {
    const frameOf = new Map(), orders = [], places = new Map();
    for (const child of inside) {
      for (let rank = this.low.get(child); rank <= this.high.get(child); rank++) frameOf.set(this.placeholder(child, rank), child);
    }
    for (const row of table.rows) {
      orders.push(row.filter((entry) => frameOf.has(entry)).map((entry) => frameOf.get(entry)));
      row.forEach((entry, k) => {
        if (!frameOf.has(entry)) return;
        const child = frameOf.get(entry);
        if (!places.has(child)) places.set(child, []);
        places.get(child).push(k / row.length);
      });
    }
    if (isConsistent(orders)) return;
    const mean = (child) => places.get(child).reduce((a, b) => a + b, 0) / places.get(child).length;
    for (const row of table.rows) {
      const column = row.filter((entry) => frameOf.has(entry))
        .sort((a, b) => mean(frameOf.get(a)) - mean(frameOf.get(b)) || frameOf.get(a) - frameOf.get(b));
      row.forEach((entry, k) => { if (frameOf.has(entry)) row[k] = column.shift(); });
    }
  }
}

function isConsistent(orders) {
  const followers = new Map(), waiting = new Map();
  for (const order of orders) order.forEach((frame) => { followers.set(frame, followers.get(frame) || new Set()); waiting.set(frame, 0); });
  for (const order of orders) for (let k = 0; k + 1 < order.length; k++) followers.get(order[k]).add(order[k + 1]);
  for (const seconds of followers.values()) for (const second of seconds) waiting.set(second, waiting.get(second) + 1);
  const ready = [...waiting.keys()].filter((frame) => !waiting.get(frame));
  for (let k = 0; k < ready.length; k++) {
    for (const second of followers.get(ready[k])) {
      waiting.set(second, waiting.get(second) - 1);
      if (!waiting.get(second)) ready.push(second);
    }
  }
  return ready.length === waiting.size;
}

function discovery(ranked) {
  const below = ranked.rank.map(() => []), hasAbove = new Uint8Array(ranked.rank.length), found = new Set(), stack = [];
  for (const [upper, lower] of ranked.steps) { below[upper].push(lower); hasAbove[lower] = 1; }
  for (let item = ranked.rank.length - 1; item >= 0; item--) if (!hasAbove[item]) stack.push(item);
  while (stack.length) {
    const item = stack.pop();
    if (found.has(item)) continue;
    found.add(item);
    stack.push(...below[item].slice().reverse());
  }
  return [...found];
}

function orderRanks(ranked) {
  const ordering = new Ordering(ranked), waiting = [-1];
  for (let k = 0; k < waiting.length; k++) waiting.push(...ordering.expand(waiting[k]));
  return ordering.rows.map((row) => row.map((entry) => ordering.token(entry)));
}

// -- Coordinates ----------------------------------------------------------------------------------------------

const isWay = (ranked, item) => item >= ranked.nodeCount;
const halfOf = (ranked, item) => isWay(ranked, item) ? 0 : ranked.plan.nodes[item].width / 2;

function spread(ranked, item, count) {
  if (isWay(ranked, item) || ranked.plan.nodes[item].isTag || count === 1) return new Array(count).fill(0);
  const node = ranked.plan.nodes[item], room = node.width * (node.isRound ? 0.5 : 1) - 16;
  const spacing = Math.max(0, Math.min(PORT_SPACING, room / (count - 1)));
  return Array.from({length: count}, (_, k) => (k - (count - 1) / 2) * spacing);
}

function ports(ranked, orders) {
  const index = new Map(), below = new Map(), above = new Map(), leave = new Map(), enter = new Map();
  for (const row of orders) row.forEach(([kind, k], place) => { if (kind === 'item') index.set(k, place); });
  for (const [upper, lower] of ranked.steps) {
    below.set(upper, [...(below.get(upper) || []), lower]);
    above.set(lower, [...(above.get(lower) || []), upper]);
  }
  const byPlace = (a, b) => index.get(a) - index.get(b);
  for (const [item, others] of below) {
    const offsets = spread(ranked, item, others.length);
    others.sort(byPlace).forEach((other, k) => leave.set(`${item},${other}`, offsets[k]));
  }
  for (const [item, others] of above) {
    const offsets = spread(ranked, item, others.length);
    others.sort(byPlace).forEach((other, k) => enter.set(`${other},${item}`, offsets[k]));
  }
  return [leave, enter];
}

function spansOf(ranked) {
  const low = new Map(), high = new Map();
  ranked.path.forEach((path, item) => {
    const rank = ranked.rank[item];
    for (const frame of path) {
      low.set(frame, Math.min(low.has(frame) ? low.get(frame) : rank, rank));
      high.set(frame, Math.max(high.has(frame) ? high.get(frame) : rank, rank));
    }
  });
  return [low, high];
}

function across(ranked, orders, margins, leave, enter, labelsLieAcross) {
  const items = ranked.rank.length, frames = ranked.plan.frames, separations = new Map(), used = new Set();
  const pointOf = ([kind, k]) => kind === 'item' ? k : items + 2 * k + (kind === 'close' ? 1 : 0);
  const separate = (tail, head, length) => {
    const key = `${tail},${head}`, old = separations.get(key);
    if (!old || old.length < length) separations.set(key, {tail, head, length});
  };
  for (const row of orders) {
    for (const [kind, k] of row) if (kind === 'open') used.add(k);
    for (let k = 0; k + 1 < row.length; k++) {
      separate(pointOf(row[k]), pointOf(row[k + 1]), separation(ranked, margins, row[k], row[k + 1]));
    }
  }
  for (const k of used) separate(items + 2 * k, items + 2 * k + 1, labelsLieAcross ? frames[k].labelWidth + 12 : 2 * PAD);
  if (labelsLieAcross) clearNames(ranked, margins, items, leave, enter, separate);
  const arcs = [...separations.values()].map(({tail, head, length}) =>
    ({tail, head, length, weight: tail >= items && head === tail + 1 && (tail - items) % 2 === 0 ? FRAME_WEIGHT : 0}));
  const count = items + 2 * frames.length, start = longestPaths(count, arcs);
  ranked.steps.forEach(([upper, lower], k) => {
    const key = `${upper},${lower}`, shift = leave.get(key) - enter.get(key), weight = straightness(ranked, upper, lower);
    arcs.push({tail: count + k, head: upper, length: Math.max(0, -shift), weight},
              {tail: count + k, head: lower, length: Math.max(0, shift), weight});
    start.push(Math.min(start[upper] - Math.max(0, -shift), start[lower] - Math.max(0, shift)));
  });
  const x = minimize(start.length, arcs, start);
  let least = Infinity;
  for (let item = 0; item < items; item++) least = Math.min(least, x[item] - halfOf(ranked, item));
  for (const k of used) least = Math.min(least, x[items + 2 * k]);
  const sides = new Map([...used].map((k) => [k, [x[items + 2 * k] - least, x[items + 2 * k + 1] - least]]));
  return [x.slice(0, items).map((value) => value - least), sides];
}

function clearNames(ranked, margins, items, leave, enter, separate) {
  const [low, high] = spansOf(ranked), atStart = margins.start > margins.end;
  for (const [upper, lower] of ranked.steps) {
    const item = atStart ? lower : upper, offset = (atStart ? enter : leave).get(`${upper},${lower}`);
    for (const frame of ranked.path[item]) {
      if (ranked.rank[item] === (atStart ? low : high).get(frame)) {
        separate(items + 2 * frame, item, ranked.plan.frames[frame].labelWidth + 14 - offset);
      }
    }
  }
}

function separation(ranked, margins, first, second) {
  const half = ([kind, k]) => kind === 'item' ? halfOf(ranked, k) : 0;
  if (first[0] === 'item' && second[0] === 'item') {
    const ways = isWay(ranked, first[1]) + isWay(ranked, second[1]);
    return half(first) + half(second) + (ways === 2 ? WAY_GAP : GAP - 6 * ways);
  }
  if (first[0] === 'open') return margins.left + half(second);
  if (second[0] === 'close') return margins.right + half(first);
  return FRAME_GAP + half(first) + half(second);
}

function straightness(ranked, upper, lower) {
  const ways = isWay(ranked, upper) + isWay(ranked, lower);
  if (ways) return ways === 2 ? 8 : 2;
  return ranked.plan.nodes[upper].isTag || ranked.plan.nodes[lower].isTag ? 6 : 4;
}

function nesting(ranked, edge, margin) {
  const room = new Map();
  for (const frame of [...edge.keys()].sort((a, b) => b - a)) {
    let inner = 0;
    for (const [child, size] of room) {
      if (ranked.plan.frames[child].parent === frame && edge.get(child) === edge.get(frame)) inner = Math.max(inner, size);
    }
    room.set(frame, margin + inner);
  }
  return room;
}

function along(ranked, margins, x, labelsLieAlong) {
  const ranks = ranked.rankCount, height = new Array(ranks).fill(0);
  ranked.plan.nodes.forEach((node, item) => { height[ranked.rank[item]] = Math.max(height[ranked.rank[item]], node.height); });
  const [low, high] = spansOf(ranked);
  const opening = nesting(ranked, low, margins.start), closing = nesting(ranked, high, margins.end);
  const gaps = new Array(ranks).fill(TAG_GAP), top = [], bottom = [], floor = [], spans = new Map();
  for (const [upper, lower] of ranked.steps) {
    const rank = ranked.rank[upper], endsHere = !isWay(ranked, lower) && !ranked.plan.nodes[lower].isTag;
    const aside = Math.min(36, 0.07 * Math.abs(x[upper] - x[lower]));
    gaps[rank] = Math.max(gaps[rank], (endsHere ? RANK_GAP : TAG_GAP) + aside);
  }
  let cursor = 0;
  for (let rank = 0; rank < ranks; rank++) {
    let room = 0;
    for (const [frame, size] of opening) if (low.get(frame) === rank) room = Math.max(room, size);
    cursor += room;
    top.push(cursor);
    bottom.push(cursor + height[rank]);
    let end = bottom[rank];
    for (const frame of [...closing.keys()].sort((a, b) => b - a)) {
      if (high.get(frame) !== rank) continue;
      const begin = top[low.get(frame)] - opening.get(frame);
      let finish = Math.max(bottom[rank] + closing.get(frame), begin + (labelsLieAlong ? ranked.plan.frames[frame].labelWidth + 12 : 0));
      for (const [child, span] of spans) {
        if (ranked.plan.frames[child].parent === frame && high.get(child) === rank) finish = Math.max(finish, span[1] + margins.end);
      }
      spans.set(frame, [begin, finish]);
      end = Math.max(end, finish);
    }
    floor.push(end);
    cursor = end + gaps[rank];
  }
  return {top, bottom, floor, ceiling: floor.map((value, k) => value + gaps[k]), spans};
}

// -- Routes and the whole -----------------------------------------------------------------------------------------

function routeOf(ranked, placed, boxes, chain, aside) {
  if (chain.length === 1) return [];
  const end = (item, offset, sign) => {
    const rank = ranked.rank[item];
    if (isWay(ranked, item)) return {x: placed.x[item], y: sign > 0 ? placed.bottom[rank] : placed.top[rank]};
    const box = boxes[item];
    offset = Math.max(-box.width / 2, Math.min(box.width / 2, offset + aside));
    let rise = box.height / 2;
    if (ranked.plan.nodes[item].isRound) rise *= Math.sqrt(Math.max(0, 1 - (2 * offset / box.width) ** 2));
    return {x: placed.x[item] + offset, y: box.y + box.height / 2 + sign * rise};
  };
  const route = [];
  for (let k = 0; k + 1 < chain.length; k++) {
    const key = `${chain[k]},${chain[k + 1]}`, rank = ranked.rank[chain[k]];
    const start = end(chain[k], placed.leave.get(key), 1), stop = end(chain[k + 1], placed.enter.get(key), -1);
    if (route.length) route.push(route[route.length - 1], start, start); else route.push(start);
    const high = {x: start.x, y: Math.max(start.y, placed.floor[rank])}, low = {x: stop.x, y: Math.min(stop.y, placed.ceiling[rank])};
    if (high.y > start.y) route.push(start, high, high);
    const half = (low.y - high.y) / 2;
    route.push({x: high.x, y: high.y + half}, {x: low.x, y: low.y - half}, low);
    if (stop.y > low.y) route.push(low, stop, stop);
  }
  return route;
}

// plan: {nodes: [{width, height, frame, isRound, isTag}], frames: [{parent, labelWidth}], edges: [[tail, head]]}
function layOut(plan, orientation) {
  const sideways = orientation === 'LR' || orientation === 'RL', backwards = orientation === 'RL' || orientation === 'BT';
  const flowing = {...plan, nodes: plan.nodes.map((node) => sideways ? {...node, width: node.height, height: node.width} : node)};
  const margins = {left: PAD, right: PAD, start: PAD, end: PAD};
  margins[sideways ? 'left' : orientation === 'BT' ? 'end' : 'start'] += HEADER;
  const ranked = rankPlan(flowing), orders = orderRanks(ranked), [leave, enter] = ports(ranked, orders);
  const [x, sides] = across(ranked, orders, margins, leave, enter, !sideways);
  const placed = {x, leave, enter, ...along(ranked, margins, x, sideways)};
  const boxes = flowing.nodes.map((node, k) => {
    const rank = ranked.rank[k], middle = (placed.top[rank] + placed.bottom[rank]) / 2;
    return {x: x[k] - node.width / 2, y: middle - node.height / 2, width: node.width, height: node.height};
  });
  const frames = new Map([...sides].map(([frame, [left, right]]) => {
    const [top, bottom] = placed.spans.get(frame);
    return [frame, {x: left, y: top, width: right - left, height: bottom - top}];
  }));
  const drawn = new Map();
  const routes = ranked.chains.map((chain, k) => {
    const twins = drawn.get(chain.join()) || 0, route = routeOf(ranked, placed, boxes, chain, BESIDE * twins);
    drawn.set(chain.join(), twins + 1);
    return ranked.isReversed[k] ? route.reverse() : route;
  });
  return turn({boxes, frames, routes}, sideways, backwards);
}

function turn({boxes, frames, routes}, sideways, backwards) {
  let width = 0, height = 0;
  for (const box of [...boxes, ...frames.values()]) { width = Math.max(width, box.x + box.width); height = Math.max(height, box.y + box.height); }
  for (const route of routes) for (const point of route) width = Math.max(width, point.x);
  const point = ({x, y}) => { const along = backwards ? height - y : y; return sideways ? {x: along, y: x} : {x, y: along}; };
  const box = (given) => {
    const corner = point({x: given.x, y: backwards ? given.y + given.height : given.y});
    return sideways ? {...corner, width: given.height, height: given.width} : {...corner, width: given.width, height: given.height};
  };
  return {boxes: boxes.map(box), frames: new Map([...frames].map(([k, given]) => [k, box(given)])),
          routes: routes.map((route) => route.map(point)),
          width: sideways ? height : width, height: sideways ? width : height};
}
