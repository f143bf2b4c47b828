// The legend is the layer control: what is drawn, how it looks, and a box to take it off.

import { h, bdi, short } from './dom.js';
import { lineSvg, signSvg } from './signs.js';
import { themed } from './style.js';

/**
 * @param {object} on toggle(keys, shown), pick(item)
 */
export function makeLegend(kinds, items, { theme, on }) {
  const boxes = new Map();
  const row = (kind) => {
    const color = themed(kind.style.color, theme);
    const box = h('input', { type: 'checkbox', 'data-kind': kind.key, onchange: () => on.toggle([kind.key], box.checked) });
    box.checked = true;
    boxes.set(kind.key, box);
    const list = h('ul', { class: 'cm-list' });
    const details = h('details', { class: 'cm-kind-row' },
      h('summary', { 'aria-label': `${kind.name}: list of ${kind.count}` }, h('span', { class: 'cm-count' }, kind.count)), list);
    details.addEventListener('toggle', () => {
      if (!details.open || list.childElementCount) return;
      const mine = items.filter((i) => i.key === kind.key).sort((a, b) => a.record.name.localeCompare(b.record.name, 'en'));
      list.append(...mine.map((item) => h('li', null, h('button', { type: 'button', onclick: () => on.pick(item) }, bdi(short(item.record.name, 60))))));
    });
    return h('li', null,
      h('label', { class: 'cm-check' }, box, kind.place ? signSvg(kind.style, color) : lineSvg(color), h('span', { class: 'cm-name' }, bdi(short(kind.name, 40)))),
      details);
  };
  const section = (title, mine) => {
    if (!mine.length) return null;
    const all = h('button', { type: 'button', class: 'cm-link', onclick: () => on.toggle(mine.map((k) => k.key), true) }, 'all');
    const none = h('button', { type: 'button', class: 'cm-link', onclick: () => on.toggle(mine.map((k) => k.key), false) }, 'none');
    all.setAttribute('aria-label', `Show all: ${title}`);
    none.setAttribute('aria-label', `Show none: ${title}`);
    return h('section', null, h('div', { class: 'cm-head' }, h('h3', null, title), h('span', null, all, ' · ', none)), h('ul', { class: 'cm-legend' }, mine.map(row)));
  };
  const grey = 'var(--cm-soft)';
  const hollow = { shape: 'circle', glyph: null };
  const marks = h('section', null, h('h3', null, 'How it is drawn'), h('ul', { class: 'cm-marks' },
    h('li', null, lineSvg(grey), 'in service'),
    h('li', null, lineSvg(grey, { dash: '5 4' }), 'planned, under construction or stalled'),
    h('li', null, lineSvg(grey, { dash: '11 3' }), 'planned, and due by the chosen year'),
    h('li', null, lineSvg(grey, { rough: true }), 'course not known: runs within the pale band'),
    h('li', null, signSvg(hollow, grey, { hollow: true }), 'planned place'),
    h('li', null, dashedRing(grey), 'approximate position or low confidence')));
  const node = h('div', null,
    section('Lines', kinds.filter((k) => !k.place)), section('Places', kinds.filter((k) => k.place)), marks);
  return {
    node,
    update(off) {
      for (const [key, box] of boxes) box.checked = !off.has(key);
    },
  };
}

function dashedRing(color) {
  const svg = signSvg({ shape: 'circle' }, color, { hollow: true });
  svg.firstChild.setAttribute('stroke-dasharray', '3.2 2.4');
  return svg;
}
