// Routes on the map: each leg in the colour of its mode, each route in a casing of its own.

import { toLatLngs } from './codec.js';
import { h, bdi, short } from './dom.js';
import { country, figure, label, quantity, range } from './format.js';
import { makeSign } from './signs.js';
import { MODES, PLACES, ROUTES, themed, widthAt } from './style.js';

export const modeOf = (leg) => (leg.kind === 'line' || !leg.kind ? leg.mode : leg.kind);
export const modeStyle = (leg) => MODES[modeOf(leg)] ?? { color: '#6d675f', name: label(modeOf(leg)) };

/** "Rail 1520 mm", "Border China → Kazakhstan", "Break of gauge 1435 → 1520 mm". */
export function legName(leg) {
  if (leg.kind === 'border') return leg.to_country ? `Border ${country(leg.country)} → ${country(leg.to_country)}` : 'Border';
  if (leg.kind === 'transfer') return label(leg.transfer ?? 'transfer');
  return modeStyle(leg).name + (leg.mode === 'rail' && leg.gauge_mm ? ` ${leg.gauge_mm} mm` : '');
}

/** The sign of a stop: a border, a break of gauge, a port. */
export function stopSign(leg) {
  if (leg.kind === 'border') return PLACES.border_crossing;
  const words = `${leg.transfer ?? ''} ${leg.facility ?? ''}`.toLowerCase();
  if (/gauge/.test(words)) return PLACES.break_of_gauge;
  return /sea|ferry|port/.test(words) ? PLACES.port : PLACES.dry_port;
}

export const routeName = (route) => route.label ?? `${route.origin?.name ?? '?'} → ${route.destination?.name ?? '?'}`;

export function legTip(leg) {
  const hours = figure(leg.hours);
  const r = range({ lo: leg.hours_p10 ?? hours.lo, hi: leg.hours_p90 ?? hours.hi }, 'h');
  return h('div', { class: 'cm-tip' },
    h('strong', null, bdi(short(leg.from ?? '')), ' → ', bdi(short(leg.to ?? ''))),
    h('div', null, [legName(leg), leg.kind === 'border' ? '' : country(leg.country)].filter(Boolean).join(' · ')),
    h('div', null, [leg.length_km ? quantity(figure(leg.length_km).v, 'km') : '', quantity(hours.v, 'h') + (r ? ` (P10–P90 ${r})` : '')].filter(Boolean).join(' · ')),
    leg.confidence === 'low' && h('div', { class: 'cm-warn' }, 'low confidence in these figures'));
}

/**
 * @param {object} on hover(route, leg|null), click(route, leg), stacked() after all is drawn anew
 */
export function makeRoutes(L, map, parent, { renderer, theme, palette, on }) {
  const Sign = makeSign(L);
  const group = L.layerGroup().addTo(parent);
  let drawn = []; // {route, index, legs: [{leg, casing, line, marks}]}
  let strong = null; // [route index, leg index]
  let hidden = new Set();

  /** Draws a list of routes in place of those before. */
  function set(routes) {
    group.clearLayers();
    drawn = routes.map((route, index) => {
      const tint = themed(route.color ?? ROUTES[index % ROUTES.length], theme);
      let end = null;
      const legs = route.legs.map((leg, i) => {
        const color = themed(modeStyle(leg).color, theme);
        const made = { leg, casing: null, inner: null, line: null };
        if (leg.g?.length || leg.straight) {
          const parts = leg.straight ? [leg.straight] : leg.g.map((g) => toLatLngs(g, leg.d ?? 3));
          const last = parts[parts.length - 1];
          end = last[last.length - 1];
          const common = { renderer, lineJoin: 'round', lineCap: 'round' };
          made.casing = L.polyline(parts, { ...common, color: tint, interactive: false });
          made.inner = L.polyline(parts, { ...common, color: palette.casing, interactive: false });
          made.line = L.polyline(parts, { ...common, color, lineCap: 'butt' });
        } else {
          const at = leg.y !== undefined ? [leg.y, leg.x] : end ?? (route.origin?.lat !== undefined ? [route.origin.lat, route.origin.lon] : null);
          if (at) {
            const sign = stopSign(leg);
            made.line = new Sign(at, { renderer, sign, color: themed(sign.color, theme), halo: palette.casing, radius: 6 });
            made.sign = true;
          }
        }
        if (made.line) {
          made.line.bindTooltip(() => legTip(leg), { sticky: true, className: 'cm-tooltip', opacity: 1 });
          made.line.on('mouseover', () => on.hover(index, i));
          made.line.on('mouseout', () => on.hover(index, null));
          made.line.on('click', (e) => {
            L.DomEvent.stopPropagation(e);
            on.click(index, i);
          });
        }
        return made;
      });
      const ends = [route.origin, route.destination].filter((e) => e && Number.isFinite(e.lat)).map((e, k) => {
        const sign = new Sign([e.lat, e.lon], { renderer, sign: { shape: k ? 'square' : 'circle' }, color: tint, halo: palette.casing, radius: 6 });
        sign.bindTooltip(() => h('div', { class: 'cm-tip' }, h('strong', null, bdi(short(e.name))),
          h('div', null, k ? 'Destination' : 'Origin'), e.snap_km !== undefined && h('div', null, `${quantity(e.snap_km, 'km')} from the network`)), { className: 'cm-tooltip', opacity: 1 });
        return sign;
      });
      return { route, index, legs, ends };
    });
    restack();
  }

  // casings under lines under signs, for all routes together
  function restack() {
    group.clearLayers();
    const seen = drawn.filter((d) => !hidden.has(d.index)).reverse();
    for (const d of seen) for (const l of d.legs) if (l.casing) group.addLayer(l.casing);
    for (const d of seen) for (const l of d.legs) if (l.inner) group.addLayer(l.inner);
    for (const d of seen) for (const l of d.legs) if (l.line && !l.sign) group.addLayer(l.line);
    for (const d of seen) for (const l of d.legs) if (l.line && l.sign) group.addLayer(l.line);
    for (const d of seen) for (const e of d.ends) group.addLayer(e);
    on.stacked();
    look();
  }

  function look() {
    const base = widthAt(map.getZoom() ?? 4) + 0.8;
    for (const d of drawn) {
      d.legs.forEach((l, i) => {
        const isStrong = strong !== null && strong[0] === d.index && strong[1] === i;
        const weight = base + (isStrong ? 2.5 : 0);
        if (l.sign) {
          l.line.options.strong = isStrong;
          l.line.setRadius((isStrong ? 7 : 4.2) + Math.max(0, base - 2));
          return;
        }
        l.casing?.setStyle({ weight: weight + (isStrong ? 7 : 4.4), color: isStrong ? '#e8a200' : themed(d.route.color ?? ROUTES[d.index % ROUTES.length], theme), opacity: 1 });
        l.inner?.setStyle({ weight: weight + 2 });
        l.line?.setStyle({ weight, opacity: l.leg.confidence === 'low' ? 0.8 : 1 });
      });
      for (const e of d.ends) {
        e.setRadius(4.5 + base / 2);
        if (group.hasLayer(e)) e.bringToFront();
      }
    }
  }

  return {
    group,
    set,
    look,
    show(hide) {
      hidden = hide;
      restack();
    },
    /** Marks one leg on the map; null lets it go. */
    mark(route, leg) {
      const next = leg === null ? null : [route, leg];
      if (String(next) === String(strong)) return;
      strong = next;
      look();
    },
    bounds(index, leg = null) {
      const d = drawn[index];
      const box = L.latLngBounds([]);
      d?.legs.forEach((l, i) => {
        if (leg !== null && leg !== i) return;
        if (l.sign) box.extend(l.line.getLatLng());
        else if (l.line) box.extend(l.line.getBounds());
      });
      return box;
    },
    ends: () => drawn.filter((d) => !hidden.has(d.index)).flatMap((d) => [d.route.origin, d.route.destination])
      .filter((e) => e && Number.isFinite(e.lat)),
  };
}
