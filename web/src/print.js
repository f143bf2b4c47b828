// One page of paper: the part of the map that is on the screen, the routes beside it, the legend
// and the credits under it. The page is laid out when the browser says that it will print, and
// undone when it has: paper has another shape than the window, so the map is fitted to it anew.

import { timeChart } from './chart.js';
import { bdi, density, h, put, short } from './dom.js';
import { days, figure, number } from './format.js';
import { cargoText, letter } from './routepanel.js';
import { legName, modeStyle, routeName, stopSign } from './routes.js';
import { lineSvg, signSvg } from './signs.js';
import { ROUTES, themed } from './style.js';

const COLUMNS = 4; // routes side by side
const ROWS = [['Length, km', 'length_km'], ['Time, h', 'hours'], ['Cost, USD', 'cost_usd'], ['Emissions, kg CO₂e', 'co2e_kg']];
const DOTS = 2; // of a canvas for each pixel, which are 192 to the inch
const PANES = ['tilePane', 'cm-features', 'cm-labels']; // lowest first
const NOTHING = { hover() {} };

/**
 * @param {object} now seen() -> the bounds that the reader sees, legend() -> kinds that are drawn,
 *   routes() -> [{route, index}], chosen() -> index, year() -> number or null, redraw()
 */
export function makePrint(L, map, renderer, { title, attribution, theme, now }) {
  const host = map.getContainer();
  const node = h('div', { class: 'cm-print', 'aria-hidden': 'true' });
  let before = null;

  function side(routes) {
    const shown = routes.slice(0, COLUMNS).map(({ route, index }) => ({ route, index, letter: letter(index), tint: route.color ?? ROUTES[index % ROUTES.length] }));
    const main = shown.find((r) => r.index === now.chosen()) ?? shown[0];
    const badge = (r) => h('span', { class: 'cm-badge', style: { background: themed(r.tint, theme) } }, r.letter);
    const { route } = main;
    const legs = route.legs ?? [];
    const what = [route.by && `by ${route.by}`, Array.isArray(route.modes) && route.modes.join(', '), route.year && `year ${route.year}`, cargoText(route.cargo)].filter(Boolean).join(' · ');
    const cell = (f) => h('td', null, h('b', null, number(f.v)), f.lo !== null && f.hi !== null && h('small', null, `${number(f.lo)}–${number(f.hi)}`));
    return h('div', { class: 'cm-print-side' },
      shown.map((r) => h('h2', null, badge(r), ' ', bdi(short(routeName(r.route), 60)))),
      h('p', null, bdi(short(what, 120))),
      h('table', null,
        shown.length > 1 && h('thead', null, h('tr', null, h('th'), shown.map((r) => h('th', null, badge(r))))),
        h('tbody', null,
          ROWS.map(([name, key]) => h('tr', null, h('th', null, name), shown.map((r) => cell(figure(r.route[key]))))),
          h('tr', null, h('th', null, 'Days'), shown.map((r) => h('td', null, days(figure(r.route.hours).v).replace(' days', '') || '–'))),
          h('tr', null, h('th', null, 'Borders'), shown.map((r) => h('td', null, (r.route.borders ?? []).length))))),
      h('p', null, h('small', null, 'expected value; under it one journey in ten is below the first number, one in ten over the second')),
      timeChart(shown, main.index, { theme, on: NOTHING }),
      h('h3', null, shown.length > 1 && [badge(main), ' '], `${legs.length} legs`),
      h('table', { class: 'cm-print-legs' },
        h('thead', null, h('tr', null, ['', 'km', 'h'].map((t) => h('th', null, t)))),
        h('tbody', null, legs.map(leg))));
  }

  /** Takes off the last legs that the column has no room for, and says how many. */
  function fitLegs(column) {
    const rows = [...column.querySelectorAll('.cm-print-legs tbody tr')];
    const more = h('p');
    let gone = 0;
    while (rows.length > 1 && column.scrollHeight > column.clientHeight) {
      rows.pop().remove();
      gone += 1;
      more.textContent = `and ${gone} more leg${gone === 1 ? '' : 's'}`;
      if (gone === 1) column.append(more);
    }
  }

  function leg(l) {
    const point = l.kind === 'border' || l.kind === 'transfer';
    const sign = point ? signSvg(stopSign(l), themed(stopSign(l).color, theme), { size: 11 }) : lineSvg(themed(modeStyle(l).color, theme), { width: 4 });
    const ends = l.from === l.to || !l.to ? short(l.from ?? '?', 34) : `${short(l.from ?? '?', 30)} → ${short(l.to, 30)}`;
    return h('tr', null, h('th', null, sign, h('span', null, bdi(ends), h('small', null, legName(l)))),
      h('td', null, l.length_km ? number(figure(l.length_km).v) : ''), h('td', null, number(figure(l.hours).v)));
  }

  function foot() {
    const year = now.year();
    return h('div', { class: 'cm-print-foot' },
      h('h2', null, bdi(short(title, 120)), year === null ? null : ` · ${year}`),
      h('ul', null,
        now.legend().map((k) => h('li', null, k.place ? signSvg(k.style, themed(k.style.color, theme), { size: 13 }) : lineSvg(themed(k.style.color, theme)), bdi(short(k.name, 28)))),
        h('li', null, lineSvg('#777', { dash: '5 4' }), 'planned'), h('li', null, lineSvg('#777', { rough: true }), 'course not known')),
      h('p', null, attribution.join(' · ')));
  }

  /** What waits for the next frame would come too late for the printer. */
  function drawNow() {
    now.redraw();
    if (!renderer._ctx) return;
    L.Util.cancelAnimFrame(renderer._redrawRequest);
    renderer._redrawBounds = null;
    renderer._redraw();
  }

  /**
   * All canvases as one: a printer replays what was drawn on a canvas for it, and the empty ground
   * of one that lies over another comes out white.
   */
  function together() {
    const { width, height, left, top } = host.getBoundingClientRect();
    const sheet = h('canvas', { class: 'cm-print-map', width: Math.round(width * DOTS), height: Math.round(height * DOTS) });
    Object.assign(sheet.style, { width: `${width}px`, height: `${height}px` });
    const ctx = sheet.getContext('2d', { alpha: false });
    ctx.fillStyle = getComputedStyle(host).backgroundColor;
    ctx.fillRect(0, 0, sheet.width, sheet.height);
    for (const name of PANES) {
      for (const picture of map.getPane(name)?.querySelectorAll('canvas, img') ?? []) {
        const r = picture.getBoundingClientRect();
        if (picture.complete !== false && r.width) ctx.drawImage(picture, (r.left - left) * DOTS, (r.top - top) * DOTS, r.width * DOTS, r.height * DOTS);
      }
    }
    L.DomUtil.setPosition(sheet, map.containerPointToLayerPoint([0, 0]));
    map.getPanes().mapPane.append(sheet);
    return sheet;
  }

  function lay() {
    if (before) return;
    const bounds = now.seen();
    before = { centre: map.getCenter(), zoom: map.getZoom(), snap: map.options.zoomSnap, retina: L.Browser.retina };
    host.classList.add('cm-printing');
    const routes = now.routes();
    const last = foot();
    put(node, routes.length ? side(routes) : null, last);
    const below = last.offsetHeight;
    host.style.setProperty('--cm-foot', `${below + 6}px`);
    const left = routes.length ? node.firstChild.offsetWidth : 0;
    if (left) fitLegs(node.firstChild);
    map.options.zoomSnap = 0.1;
    L.Browser.retina = true; // Leaflet's word for a canvas of two dots per pixel
    density.asked = DOTS;
    map.invalidateSize({ pan: false });
    map.fitBounds(bounds, { animate: false, paddingTopLeft: [left + 8, 8], paddingBottomRight: [8, below + 8] });
    drawNow();
    before.sheet = together();
  }

  function undo() {
    if (!before) return;
    const { centre, zoom, snap, retina, sheet } = before;
    before = null;
    sheet.remove();
    host.classList.remove('cm-printing');
    host.style.removeProperty('--cm-foot');
    put(node);
    map.options.zoomSnap = snap;
    L.Browser.retina = retina;
    density.asked = null;
    map.invalidateSize({ pan: false });
    map.setView(centre, zoom, { animate: false });
    now.redraw();
  }

  window.addEventListener('beforeprint', lay);
  window.addEventListener('afterprint', undo);
  return node;
}
