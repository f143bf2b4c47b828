// The best path over the hub graph: Dijkstra over the same edges as the library's, with the same
// sums, so that both answer alike.

const CRITERIA = { hours: 'hours', cost: 'cost_usd', co2e: 'co2e_kg', distance: 'length_km' };
export const CRITERION_NAMES = { hours: 'Time', cost: 'Cost', co2e: 'CO₂e', distance: 'Distance' };

/** Unfolds the columns that travel in the file (src/corridors/maps/hubs.py) into edges, one per way. */
export function unfold({ nodes, edges: c, words, sets, shapes, more }) {
  const edges = [];
  for (let i = 0; i < c.u.length; i++) {
    const edge = {
      u: c.u[i], v: c.v[i], kind: words.kind[c.kind[i]] || 'line', mode: words.mode[c.mode[i]], country: words.country[c.country[i]],
      hours: c.hours[i], cost_usd: c.cost_usd[i], co2e_kg: c.co2e_kg[i], length_km: c.length_km[i],
      facilities: sets[c.facilities[i]], from_year: c.from_year[i], to_year: c.to_year[i], g: c.g[i], ...more[i],
    };
    edges.push(edge);
    if (c.both[i]) edges.push({ ...edge, u: edge.v, v: edge.u });
  }
  return { nodes, edges, shapes };
}

/**
 * @param {{nodes: object[], edges: object[]}} hubs nodes carry the id of their place; one place may
 *   be several nodes (a port's quay and its rail yard).
 */
export function makeGraph(hubs) {
  const out = hubs.nodes.map(() => []);
  hubs.edges.forEach((edge, i) => out[edge.u].push(i));
  const places = new Map();
  hubs.nodes.forEach((node, i) => {
    const id = node.place ?? node.id;
    if (!places.has(id)) places.set(id, { id, name: node.name, kind: node.kind, country: node.country, nodes: [] });
    const place = places.get(id);
    place.nodes.push(i);
    if (node.kind === 'city') Object.assign(place, { name: node.name, kind: 'city' });
  });
  return { ...hubs, out, places };
}

/** Whether an edge may be used in a year (both its first and its last included), with closures. */
export function usable(edge, year, closed) {
  if (year !== null && year !== undefined) {
    if (edge.from_year && year < edge.from_year) return false;
    if (edge.to_year && year > edge.to_year) return false;
  }
  if (closed && closed.size && edge.facilities) {
    for (const f of edge.facilities) if (closed.has(f)) return false;
  }
  return true;
}

/**
 * @param {object} graph of makeGraph
 * @param {number[]|number} from, to positions of nodes; of several, the best is taken
 * @param {{by?: string, year?: number|null, closed?: Set<string>}} ask
 * @returns {null | {edges: number[], weight: number}} null when there is no path
 */
export function shortest(graph, from, to, { by = 'hours', year = null, closed = null } = {}) {
  const key = CRITERIA[by] ?? by;
  const n = graph.nodes.length;
  const best = new Float64Array(n).fill(Infinity);
  const via = new Int32Array(n).fill(-1);
  const done = new Uint8Array(n);
  const goals = new Set([to].flat());
  const heap = new Heap();
  for (const start of [from].flat()) {
    best[start] = 0;
    heap.push(0, start);
  }
  let end = -1;
  while (heap.size) {
    const [d, u] = heap.pop();
    if (done[u]) continue;
    done[u] = 1;
    if (goals.has(u)) {
      end = u;
      break;
    }
    for (const i of graph.out[u]) {
      const edge = graph.edges[i];
      if (done[edge.v] || !usable(edge, year, closed)) continue;
      const next = d + edge[key];
      if (next < best[edge.v]) {
        best[edge.v] = next;
        via[edge.v] = i;
        heap.push(next, edge.v);
      }
    }
  }
  if (end < 0) return null;
  const edges = [];
  for (let v = end; via[v] >= 0; v = graph.edges[via[v]].u) edges.push(via[v]);
  return { edges: edges.reverse(), weight: best[end] };
}

/** A binary heap of (weight, value). */
class Heap {
  constructor() {
    this.weights = [];
    this.values = [];
  }

  get size() {
    return this.weights.length;
  }

  push(weight, value) {
    const { weights, values } = this;
    let i = weights.length;
    weights.push(weight);
    values.push(value);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (weights[parent] <= weight) break;
      weights[i] = weights[parent];
      values[i] = values[parent];
      i = parent;
    }
    weights[i] = weight;
    values[i] = value;
  }

  pop() {
    const { weights, values } = this;
    const top = [weights[0], values[0]];
    const weight = weights.pop();
    const value = values.pop();
    const n = weights.length;
    if (n > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= n) break;
        if (child + 1 < n && weights[child + 1] < weights[child]) child++;
        if (weights[child] >= weight) break;
        weights[i] = weights[child];
        values[i] = values[child];
        i = child;
      }
      weights[i] = weight;
      values[i] = value;
    }
    return top;
  }
}
