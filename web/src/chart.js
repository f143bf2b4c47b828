// Charts of routes: time against distance, and what time, cost and emissions go into.

import { s } from './dom.js';
import { figure, number, quantity, range } from './format.js';
import { modeStyle, routeName } from './routes.js';
import { MODES, themed } from './style.js';
import { shares, ticks, timeDistance } from './series.js';

const W = 372;
const H = 214;
const PAD = { left: 40, right: 16, top: 12, bottom: 34 };

/**
 * Time (up) against distance (right). The chosen route is drawn by mode, the others in their tint.
 * @param {{route: object, index: number, letter: string, tint: string}[]} shown
 * @param {object} on hover(index, leg|null)
 */
export function timeChart(shown, chosen, { theme, on }) {
  const series = shown.map((r) => ({ ...r, points: timeDistance(r.route), total: figure(r.route.hours) }));
  const maxKm = Math.max(1, ...series.map((r) => r.points.at(-1)?.km ?? 0));
  const maxH = Math.max(1, ...series.map((r) => Math.max(r.points.at(-1)?.h ?? 0, r.total.hi ?? 0)));
  const xt = ticks(maxKm, 4);
  const yt = ticks(maxH, 4);
  const x = (km) => PAD.left + (km / maxKm) * (W - PAD.left - PAD.right);
  const y = (h) => H - PAD.bottom - (h / maxH) * (H - PAD.top - PAD.bottom);
  const words = series.map((r) => `${routeName(r.route)}: ${quantity(r.points.at(-1)?.km ?? null, 'km')}, ${quantity(r.total.v, 'h')}`).join('; ');
  const svg = s('svg', { viewBox: `0 0 ${W} ${H}`, class: 'cm-chart', role: 'img', 'aria-label': `Time against distance. ${words}` });
  for (const t of xt) {
    svg.append(s('path', { d: `M${x(t)} ${PAD.top}V${H - PAD.bottom}`, class: 'cm-grid' }),
      s('text', { x: x(t), y: H - PAD.bottom + 13, 'text-anchor': 'middle' }, number(t)));
  }
  for (const t of yt) {
    svg.append(s('path', { d: `M${PAD.left} ${y(t)}H${W - PAD.right}`, class: 'cm-grid' }),
      s('text', { x: PAD.left - 5, y: y(t) + 3.5, 'text-anchor': 'end' }, number(t)));
  }
  svg.append(s('text', { x: W - PAD.right, y: H - 5, 'text-anchor': 'end', class: 'cm-axis' }, 'km from the origin'),
    s('text', { x: PAD.left + 5, y: PAD.top + 9, class: 'cm-axis' }, 'hours'));
  const letters = []; // where they stand, so that none is over another
  const order = [...series].sort((a, b) => (a.index === chosen ? 1 : 0) - (b.index === chosen ? 1 : 0));
  for (const r of order) {
    const main = r.index === chosen;
    const tint = themed(r.tint, theme);
    const end = r.points.at(-1) ?? { km: 0, h: 0 };
    if (r.total.lo !== null && r.total.hi !== null) {
      svg.append(s('path', { d: `M${x(end.km)} ${y(r.total.lo)}V${y(r.total.hi)}M${x(end.km) - 4} ${y(r.total.lo)}h8M${x(end.km) - 4} ${y(r.total.hi)}h8`, stroke: tint, 'stroke-width': 1.5, opacity: 0.7 },
        s('title', null, `P10–P90 ${range(r.total, 'h')}`)));
    }
    let before = { km: 0, h: 0 };
    if (!main) {
      const d = 'M' + [before, ...r.points].map((p) => `${x(p.km).toFixed(1)} ${y(p.h).toFixed(1)}`).join('L');
      svg.append(s('path', { d, stroke: tint, 'stroke-width': 2, 'stroke-dasharray': '5 3', fill: 'none' }));
    } else {
      for (const p of r.points) {
        const leg = r.route.legs[p.leg];
        const d = `M${x(before.km).toFixed(1)} ${y(before.h).toFixed(1)}L${x(p.km).toFixed(1)} ${y(p.h).toFixed(1)}`;
        const color = themed(modeStyle(leg).color, theme);
        const g = s('g', { class: 'cm-seg', 'data-leg': p.leg },
          s('path', { d, stroke: color, 'stroke-width': 3.4, 'stroke-linecap': 'round' }),
          s('path', { d, stroke: 'transparent', 'stroke-width': 14 }),
          s('title', null, `${leg.from ?? ''} → ${leg.to ?? ''}: ${quantity(figure(leg.hours).v, 'h')}`));
        g.addEventListener('mouseenter', () => on.hover(r.index, p.leg));
        g.addEventListener('mouseleave', () => on.hover(r.index, null));
        svg.append(g);
        before = p;
      }
    }
    if (series.length > 1) {
      let lx = Math.min(x(end.km) + 9, W - 6);
      const ly = y(end.h) + 4;
      while (letters.some(([a, b]) => Math.abs(a - lx) < 9 && Math.abs(b - ly) < 10)) lx -= 10;
      letters.push([lx, ly]);
      svg.append(s('text', { x: lx, y: ly, 'text-anchor': 'middle', fill: tint, class: 'cm-letter' }, r.letter));
    }
  }
  return svg;
}

/** One bar per route: what its hours, cost or emissions go into. */
export function shareBars(shown, key, { theme }) {
  const unit = { hours: 'h', cost_usd: 'usd', co2e_kg: 'kg' }[key];
  const rows = shown.map((r) => ({ ...r, parts: shares(r.route, key) }));
  const max = Math.max(...rows.map((r) => r.parts.reduce((a, p) => a + p.value, 0)), 0);
  if (!(max > 0)) return null;
  const bar = 15;
  const left = rows.length > 1 ? 20 : 2;
  const height = rows.length * (bar + 7);
  const words = rows.map((r) => `${routeName(r.route)}: ${r.parts.map((p) => `${name(p.name)} ${quantity(p.value, unit)}`).join(', ')}`).join('; ');
  const svg = s('svg', { viewBox: `0 0 ${W} ${height}`, class: 'cm-chart', role: 'img', 'aria-label': words });
  rows.forEach((r, i) => {
    const y = i * (bar + 7) + 3;
    if (rows.length > 1) svg.append(s('text', { x: 7, y: y + 11.5, 'text-anchor': 'middle', class: 'cm-letter', fill: themed(r.tint, theme) }, r.letter));
    let x = left;
    for (const p of r.parts) {
      const w = (p.value / max) * (W - left - 2);
      svg.append(s('rect', { x, y, width: Math.max(0.5, w - 1), height: bar, rx: 2, fill: themed(MODES[p.name]?.color ?? '#6d675f', theme) },
        s('title', null, `${name(p.name)}: ${quantity(p.value, unit)}`)));
      const text = quantity(p.value, unit);
      if (w > text.length * 6 + 6) svg.append(s('text', { x: x + 5, y: y + 11.3, class: 'cm-bar' }, text));
      x += w;
    }
  });
  const names = [...new Set(rows.flatMap((r) => r.parts.map((p) => p.name)))];
  return { svg, keys: names.map((n) => ({ name: name(n), color: themed(MODES[n]?.color ?? '#6d675f', theme) })) };
}

const name = (part) => ({ border: 'Borders', transfer: 'Transfers' })[part] ?? MODES[part]?.name ?? part;
