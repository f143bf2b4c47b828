// The panel of the routes: totals side by side, charts, and every leg of the chosen one.

import { shareBars, timeChart } from './chart.js';
import { h, bdi, put, short } from './dom.js';
import { country, days, difference, figure, number, quantity, range } from './format.js';
import { legName, modeStyle, routeName, stopSign } from './routes.js';
import { signSvg, lineSvg } from './signs.js';
import { PLACES, ROUTES, themed } from './style.js';

export const letter = (i) => String.fromCharCode(65 + (i % 26));

const METRICS = [
  ['Length', 'length_km', 'km'],
  ['Time', 'hours', 'h'],
  ['Cost', 'cost_usd', 'USD'],
  ['Emissions', 'co2e_kg', 'kg CO₂e'],
];
const SHARES = [['hours', 'Time'], ['cost_usd', 'Cost'], ['co2e_kg', 'CO₂e']];

/** "1 TEU of 10 t": what the costs and emissions are for. */
export function cargoText(cargo) {
  if (!cargo || typeof cargo !== 'object') return cargo ?? '';
  const { amount, unit, payload_t_per_teu: load } = cargo;
  if (amount !== undefined && unit) return `${number(amount)} ${unit}${load ? `, ${number(load)} t per TEU` : ''}`;
  return Object.entries(cargo).map(([k, v]) => `${v} ${k}`).join(', ');
}

/**
 * @param {object} on hover(route, leg|null), pick(route, leg), hide(route, hidden), choose(route)
 */
export function makeRoutePanel({ theme, on, title = 'Routes' }) {
  const node = h('div', { class: 'cm-routes' });
  let routes = [];
  let hidden = new Set();
  let chosen = 0;
  let key = 'hours';
  let rows = [];
  let chart = null;

  const tint = (i) => routes[i].color ?? ROUTES[i % ROUTES.length];
  const badge = (i) => h('span', { class: 'cm-badge', style: { background: themed(tint(i), theme) } }, letter(i));

  function totals() {
    const base = routes[0];
    const head = routes.map((r, i) => h('th', { scope: 'col' },
      routes.length > 1
        ? h('label', { class: 'cm-check' }, h('input', {
          type: 'checkbox', checked: !hidden.has(i), 'aria-label': `Show route ${letter(i)}: ${short(routeName(r), 60)}`,
          onchange: (e) => on.hide(i, !e.target.checked),
        }), badge(i))
        : null));
    const cell = (i, k, unit) => {
      const f = figure(routes[i][k]);
      return h('td', null, h('b', null, number(f.v)),
        f.lo !== null && f.hi !== null && h('small', { title: 'one journey in ten is under the first, one in ten over the second' }, `${number(f.lo)}–${number(f.hi)}`),
        unit === 'h' && days(f.v) && h('small', null, days(f.v)),
        i > 0 && f.v !== null && h('small', { class: 'cm-diff' }, difference(f.v, figure(base[k]).v)));
    };
    const counts = (i) => {
      const r = routes[i];
      const stops = (r.borders ?? []).length;
      const transfers = (r.legs ?? []).filter((l) => l.kind === 'transfer').length;
      return h('td', null, h('b', null, stops), h('small', null, `${transfers} transfer${transfers === 1 ? '' : 's'}`));
    };
    return h('table', { class: 'cm-totals' + (routes.length === 1 ? ' cm-one' : '') },
      h('caption', { class: 'cm-sr' }, 'Totals of the routes'),
      routes.length > 1 && h('thead', null, h('tr', null, h('td', null), head)),
      h('tbody', null,
        METRICS.map(([name, k, unit]) => h('tr', null, h('th', { scope: 'row' }, name, h('small', null, unit, routes.some((r) => figure(r[k]).lo !== null) ? ', P10–P90' : '')), routes.map((_, i) => cell(i, k, unit)))),
        h('tr', null, h('th', { scope: 'row' }, 'Borders'), routes.map((_, i) => counts(i)))));
  }

  function legRow(leg, i) {
    const style = modeStyle(leg);
    const color = themed(style.color, theme);
    const point = leg.kind === 'border' || leg.kind === 'transfer';
    const hours = figure(leg.hours);
    const r = range({ lo: leg.hours_p10 ?? hours.lo, hi: leg.hours_p90 ?? hours.hi }, 'h');
    const sign = point ? signSvg(stopSign(leg), themed(stopSign(leg).color, theme), { size: 15 }) : lineSvg(color, { width: 4 });
    const same = leg.from === leg.to || !leg.to;
    const go = h('button', { type: 'button', class: 'cm-leg', onclick: () => on.pick(chosen, i) },
      h('span', null, sign),
      h('span', null,
        bdi(short(leg.from ?? '?', 40)), same ? null : [' → ', bdi(short(leg.to, 40))],
        h('small', null, [legName(leg), leg.kind === 'border' ? '' : country(leg.country), leg.confidence === 'low' ? 'low confidence' : ''].filter(Boolean).join(' · '))));
    const tr = h('tr', { class: point ? 'cm-point' : null, 'data-leg': i,
      onmouseenter: () => on.hover(chosen, i), onmouseleave: () => on.hover(chosen, null),
      onfocusin: () => on.hover(chosen, i), onfocusout: () => on.hover(chosen, null) },
    h('th', { scope: 'row' }, go),
    h('td', null, leg.length_km ? number(figure(leg.length_km).v) : ''),
    h('td', null, number(hours.v), r && h('small', null, r.replace(' h', ''))),
    h('td', null, number(figure(leg.cost_usd).v)),
    h('td', null, number(figure(leg.co2e_kg).v)));
    return tr;
  }

  function render() {
    rows = [];
    if (!routes.length) {
      put(node, h('p', { class: 'cm-empty' }, 'No route is drawn.'));
      return;
    }
    const route = routes[chosen];
    const shown = routes.map((r, index) => ({ route: r, index, letter: letter(index), tint: tint(index) })).filter((r) => !hidden.has(r.index));
    chart = shown.length ? timeChart(shown, chosen, { theme, on }) : null;
    const bars = shown.length ? shareBars(shown, key, { theme }) : null;
    rows = (route.legs ?? []).map(legRow);
    const what = [route.by && `by ${route.by}`, Array.isArray(route.modes) && route.modes.join(', '), route.year && `year ${route.year}`, cargoText(route.cargo)].filter(Boolean).join(' · ');
    const borders = route.borders ?? [];
    put(node,
      routes.length > 1
        ? h('div', { class: 'cm-choose', role: 'group', 'aria-label': 'Route in detail' }, routes.map((r, i) => h('button', {
          type: 'button', 'aria-pressed': String(i === chosen), onclick: () => on.choose(i),
        }, badge(i), bdi(short(routeName(r), 44)))))
        : h('h2', null, bdi(short(routeName(route), 90))),
      what ? h('p', { class: 'cm-what' }, bdi(short(what, 160))) : null,
      totals(),
      h('h3', null, 'Time against distance'), chart,
      h('div', { class: 'cm-head' }, h('h3', null, 'What it goes into'),
        h('span', { class: 'cm-segmented', role: 'group', 'aria-label': 'What it goes into' }, SHARES.map(([k, name]) => h('button', {
          type: 'button', 'aria-pressed': String(k === key), onclick: () => { key = k; render(); },
        }, name)))),
      bars ? [bars.svg, h('ul', { class: 'cm-keys' }, bars.keys.map((k) => h('li', null, h('i', { style: { background: k.color } }), k.name)))] : h('p', { class: 'cm-empty' }, 'Not known.'),
      h('h3', null, routes.length > 1 ? [badge(chosen), ' '] : null, `${rows.length} legs`),
      h('table', { class: 'cm-legs' },
        h('caption', { class: 'cm-sr' }, `Legs of ${short(routeName(route), 90)}`),
        h('thead', null, h('tr', null, ['Leg', 'km', 'h', 'USD', 'kg CO₂e'].map((t) => h('th', { scope: 'col' }, t)))),
        h('tbody', null, rows)),
      borders.length ? [h('h3', null, 'Borders'), h('ul', { class: 'cm-borders' }, borders.map((b) => h('li', null,
        signSvg(PLACES.border_crossing, themed(PLACES.border_crossing.color, theme), { size: 15 }),
        h('span', null, bdi(short(b.crossing ?? '?', 60)), h('small', null, `${country(b.from)} → ${country(b.to)}`)),
        h('span', { class: 'cm-num' }, quantity(figure(b.hours).v, 'h')))))] : null,
      route.countries?.length ? [h('h3', null, 'Countries'), h('ul', { class: 'cm-borders' }, route.countries.map((c) => h('li', null,
        h('span', null, country(c.country) || 'at sea'), h('span', { class: 'cm-num' }, quantity(figure(c.length_km).v, 'km'), ' · ', quantity(figure(c.hours).v, 'h')))))] : null,
      route.notes?.length ? [h('h3', null, 'Notes'), h('ul', { class: 'cm-notes' }, route.notes.map((n) => h('li', null, bdi(n))))] : null);
  }

  return {
    node,
    title,
    set(list, state = {}) {
      routes = list;
      hidden = state.hidden ?? hidden;
      chosen = Math.max(0, Math.min(state.chosen ?? chosen, list.length - 1));
      render();
    },
    get chosen() {
      return chosen;
    },
    /** Marks the row and the piece of the chart of a leg. */
    mark(route, leg, scroll = false) {
      rows.forEach((tr, i) => tr.classList.toggle('cm-on', leg === i && route === chosen));
      chart?.querySelectorAll('.cm-seg').forEach((g) => g.classList.toggle('cm-on', Number(g.dataset.leg) === leg && route === chosen));
      if (scroll && leg !== null && route === chosen) rows[leg]?.scrollIntoView({ block: 'nearest' });
    },
  };
}
