// The planner: pick two hubs, a criterion and a year, close what you like, and see the best way.

import { h, bdi, put, short } from './dom.js';
import { label } from './format.js';
import { CRITERION_NAMES, makeGraph, shortest, unfold } from './planner.js';
import { makeSearch } from './searchbox.js';

/** Turns a path over the hub graph into a route as the panel and the map know it. */
export function planToRoute(graph, path, { by, year, names }) {
  const edges = path.edges.map((i) => graph.edges[i]);
  const first = graph.nodes[edges[0].u];
  const last = graph.nodes[edges.at(-1).v];
  const end = (n) => ({ name: n.name, lat: n.y, lon: n.x });
  const sum = (k) => edges.reduce((a, e) => a + e[k], 0);
  const legs = [];
  for (const e of edges) {
    const before = legs.at(-1);
    const line = (e.kind ?? 'line') === 'line';
    if (line && before?.kind === 'line' && before.mode === e.mode && before.country === e.country && e.mode !== 'ferry') extend(before, graph, e);
    else legs.push(legOf(graph, e, names));
  }
  const borders = legs.filter((l) => l.kind === 'border').map((l) => ({
    crossing: l.facilities.map((f) => names.get(f)?.name ?? f).join(', ') || l.from, from: l.country, to: l.to_country, hours: l.hours,
  }));
  return {
    label: `${first.name} → ${last.name}`, origin: end(first), destination: end(last), by: CRITERION_NAMES[by]?.toLowerCase(), year,
    length_km: sum('length_km'), hours: { expected: sum('hours') }, cost_usd: { expected: sum('cost_usd') }, co2e_kg: { expected: sum('co2e_kg') },
    legs, borders, color: '#5b3fa3',
  };
}

const SUMS = ['length_km', 'hours', 'cost_usd', 'co2e_kg'];

function legOf(graph, e, names) {
  const u = graph.nodes[e.u];
  const v = graph.nodes[e.v];
  const facilities = e.facilities ?? [];
  const leg = {
    kind: e.kind ?? 'line', mode: e.mode, gauge_mm: e.gauge_mm, country: e.country || u.country, to_country: v.country,
    from: u.name, to: v.name, confidence: e.confidence, facilities: [...facilities],
  };
  for (const k of SUMS) leg[k] = e[k];
  if (leg.kind === 'line') {
    leg.g = shapeOf(graph, e);
    leg.d = 2;
    if (!leg.g) leg.straight = [[u.y, u.x], [v.y, v.x]];
  } else {
    Object.assign(leg, { x: u.x, y: u.y });
    if (facilities.length) leg.from = leg.to = names.get(facilities[0])?.name ?? u.name;
    if (leg.kind === 'transfer') {
      leg.transfer = e.to_gauge_mm ? `break of gauge ${e.gauge_mm} → ${e.to_gauge_mm} mm` : `transfer ${e.mode ?? ''} → ${e.to_mode ?? ''}`;
    }
  }
  return leg;
}

/** Goes on with a leg over another edge of the same mode in the same country. */
function extend(leg, graph, e) {
  const v = graph.nodes[e.v];
  leg.to = v.name;
  leg.to_country = v.country;
  for (const k of SUMS) leg[k] += e[k];
  leg.facilities.push(...(e.facilities ?? []));
  const shape = shapeOf(graph, e);
  if (leg.g && shape) leg.g = [...leg.g, ...shape];
  else if (leg.straight) leg.straight = [...leg.straight, [v.y, v.x]];
}

const shapeOf = (graph, e) => graph.shapes[e.g] ?? null;

/**
 * @param {object} hubs of the file
 * @param {object} opt names (facility id -> {name, kind}), on.change(route|null, state)
 */
export function makePlanner(hubs, { names, on }) {
  const graph = makeGraph(unfold(hubs));
  const state = { from: null, to: null, by: 'hours', closed: new Set(), year: null };
  const message = h('p', { class: 'cm-empty', role: 'status' }, 'Choose where from and where to.');
  const closedList = h('ul', { class: 'cm-closed' });
  const things = [...graph.places.values()].filter((p) => !['frontier', 'strait', 'ferry'].includes(p.kind)).map((p) => ({
    name: p.name, aliases: names.get(p.id)?.aliases, unlocode: names.get(p.id)?.unlocode, id: p.id,
    hint: label(names.get(p.id)?.kind ?? p.kind), weight: p.kind === 'city' ? 1 : 3, place: p,
  }));
  const pick = (end) => (thing) => {
    state[end] = thing.place;
    run();
  };
  const from = makeSearch(things, { label: 'From', placeholder: 'From: a city, port or crossing', pick: pick('from'), keep: true });
  const to = makeSearch(things, { label: 'To', placeholder: 'To', pick: pick('to'), keep: true });
  const criteria = Object.entries(CRITERION_NAMES).map(([k, name]) => h('button', {
    type: 'button', 'data-by': k, 'aria-pressed': String(k === state.by), onclick: () => {
      state.by = k;
      criteria.forEach((b) => b.setAttribute('aria-pressed', String(b.dataset.by === k)));
      run();
    },
  }, name));
  const facilities = [...new Set(hubs.sets.flat())].sort();
  const closer = makeSearch(facilities.map((f) => ({ name: names.get(f)?.name ?? f, id: f, aliases: names.get(f)?.aliases, hint: label(names.get(f)?.kind ?? 'facility') })), {
    label: 'Close a crossing, port or strait', placeholder: 'Close a crossing, port or strait', pick: (t) => close(t.id),
  });
  const swap = h('button', { type: 'button', class: 'cm-link', onclick: () => {
    [state.from, state.to] = [state.to, state.from];
    [from.input.value, to.input.value] = [to.input.value, from.input.value];
    run();
  } }, 'swap');

  const node = h('div', { class: 'cm-plan' },
    h('div', { class: 'cm-ends' }, from.node, to.node, swap),
    h('div', { class: 'cm-segmented', role: 'group', 'aria-label': 'Best by' }, criteria),
    closer.node, closedList, message);

  function close(id, shut = true) {
    if (shut) state.closed.add(id);
    else state.closed.delete(id);
    run();
  }

  function run() {
    put(closedList, [...state.closed].map((id) => h('li', null,
      h('span', null, 'closed: ', bdi(short(names.get(id)?.name ?? id, 50))),
      h('button', { type: 'button', class: 'cm-link', 'aria-label': `Open ${short(names.get(id)?.name ?? id, 50)} again`, onclick: () => close(id, false) }, 'open again'))));
    const { from: a, to: b } = state;
    let route = null;
    if (a === null || b === null) message.textContent = 'Choose where from and where to.';
    else if (a.id === b.id) message.textContent = 'Origin and destination are the same place.';
    else {
      const path = shortest(graph, a.nodes, b.nodes, state);
      if (!path?.edges.length) message.textContent = `No way from ${short(a.name, 60)} to ${short(b.name, 60)}${state.closed.size ? ' with what is closed' : ''}${state.year === null ? '' : ` in ${state.year}`}.`;
      else {
        route = planToRoute(graph, path, { by: state.by, year: state.year, names });
        message.textContent = `The best way over the hubs${state.year === null ? '' : ` in ${state.year}`}; click a crossing or a port on the map to close it.`;
      }
    }
    on.change(route, snapshot());
  }

  const snapshot = () => (state.from === null || state.to === null ? null : {
    from: state.from.id, to: state.to.id, by: state.by, closed: [...state.closed].sort(),
  });

  return {
    node,
    graph,
    state,
    snapshot,
    facilities: new Set(facilities),
    toggle(id) {
      close(id, !state.closed.has(id));
    },
    setYear(year) {
      if (state.year === year) return;
      state.year = year;
      run();
    },
    restore(plan) {
      const a = graph.places.get(plan.from);
      const b = graph.places.get(plan.to);
      if (a === undefined || b === undefined) return;
      Object.assign(state, { from: a, to: b, by: Object.hasOwn(CRITERION_NAMES, plan.by) ? plan.by : 'hours', closed: new Set(plan.closed.filter((f) => facilities.includes(f))) });
      from.input.value = a.name;
      to.input.value = b.name;
      criteria.forEach((x) => x.setAttribute('aria-pressed', String(x.dataset.by === state.by)));
      run();
    },
  };
}

