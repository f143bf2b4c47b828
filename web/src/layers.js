// The lines and places of the file on the map, by kind and year.

import { toLatLngs } from './codec.js';
import { card, tooltip } from './details.js';
import { short } from './dom.js';
import { fold } from './fold.js';
import { label } from './format.js';
import { makeSign } from './signs.js';
import { ROUGH, lineStyle, placeStyle, radiusAt, themed, widthAt } from './style.js';
import { stateIn } from './years.js';

/** Kinds in the order of the legend: [{kind, name, style, count, place}]. */
export function kindsOf(payload) {
  const kinds = new Map();
  let turn = 0;
  const add = (record, place) => {
    const key = (place ? 'p:' : 'l:') + record.kind;
    if (!kinds.has(key)) {
      const style = place ? placeStyle(record.kind, turn) : lineStyle(record.kind, turn);
      turn += 1;
      kinds.set(key, { key, kind: record.kind, place, style, name: style.name === record.kind ? label(record.kind) : style.name, count: 0 });
    }
    kinds.get(key).count += 1;
  };
  payload.lines.forEach((r) => add(r, false));
  payload.points.forEach((r) => add(r, true));
  const order = (k) => (k.place ? 100 + k.style.weight : k.style.order);
  return [...kinds.values()].sort((a, b) => order(a) - order(b) || (a.name < b.name ? -1 : 1));
}

/** A name of one kind in the singular, for tooltips: "Gas pipeline". */
export const kindName = (kind) => label(kind);

/** Zoom from which a city is drawn and named, by its rank among the cities of the base map. */
const CITY_ZOOM = [0, 3, 4, 5, 6];

/** Ranks of the cities of the base map that are also places of the atlas. */
function ranks(base) {
  const known = new Map((base?.city ?? []).map(([name, lon, lat, rank]) => [fold(name), { lon, lat, rank }]));
  return (record) => {
    const city = known.get(fold(record.name));
    return city && Math.abs(city.lon - record.x) < 1 && Math.abs(city.lat - record.y) < 1 ? city.rank : 4;
  };
}

export function makeFeatures(L, map, parent, payload, { renderer, theme, palette, kinds }) {
  const rank = ranks(payload.base);
  const Sign = makeSign(L);
  const styles = new Map(kinds.map((k) => [k.key, k.style]));
  const items = [];

  const wire = (layer, item) => {
    const name = kindName(item.record.kind);
    layer.bindTooltip(() => tooltip(item.record, name), { sticky: true, className: 'cm-tooltip', opacity: 1 });
    layer.bindPopup(() => card(item.record, name), { className: 'cm-popup', maxWidth: 340, minWidth: 200, autoPanPadding: [24, 70] });
  };

  payload.lines.forEach((record, i) => {
    const key = 'l:' + record.kind;
    const style = styles.get(key);
    const color = themed(style.color, theme);
    const rough = ROUGH.has(record.precision);
    const parts = record.g.map((g) => toLatLngs(g, record.d ?? 3));
    const item = { record, key, style, rough, id: `l${i}`, place: false, on: null };
    const common = { renderer, lineJoin: 'round', lineCap: 'round', color };
    // a partnership has no course that could be known better
    item.haze = rough && record.kind !== 'city_partnership' ? L.polyline(parts, { ...common, opacity: 0.16, interactive: false }) : null;
    item.line = L.polyline(parts, common);
    wire(item.line, item);
    items.push(item);
  });
  // places over lines, the important ones on top
  const places = payload.points.map((record, i) => ({ record, i }));
  const depth = (record) => (record.kind === 'city' ? 99 : styles.get('p:' + record.kind).weight);
  places.sort((a, b) => depth(b.record) - depth(a.record) || a.i - b.i);
  for (const { record, i } of places) {
    const key = 'p:' + record.kind;
    const style = styles.get(key);
    const item = { record, key, style, rough: ROUGH.has(record.precision), id: `p${i}`, place: true, on: null };
    item.rank = record.kind === 'city' ? rank(record) : 0;
    item.from = item.rank ? CITY_ZOOM[item.rank] : style.from;
    item.named = item.rank ? item.from : style.from + (style.weight >= 4 ? 2 : style.weight >= 2 ? 1.5 : 1);
    item.line = new Sign([record.y, record.x], {
      renderer, sign: style, color: themed(style.color, theme), halo: palette.casing,
      unsure: item.rough || record.confidence === 'low', radius: 4,
    });
    wire(item.line, item);
    items.push(item);
  }
  const byId = new Map(items.map((item) => [item.id, item]));

  const group = L.layerGroup().addTo(parent);
  let strong = null;
  let routed = false; // whether routes are drawn over the lines
  let wanted = new Set(); // ids that are drawn at every zoom
  let shut = new Set(); // ids that are crossed out

  function look(item, zoom) {
    const { style, record, line, haze } = item;
    const isStrong = strong === item;
    if (item.place) {
      const r = radiusAt(zoom) * style.size;
      const radius = isStrong ? Math.max(8, r) + 1 : wanted.has(record.id) ? Math.max(6, r) : r;
      line.options.shut = shut.has(record.id);
      line.options.hollow = item.state === 'planned' || item.state === 'expected';
      line.options.strong = isStrong;
      line.options.opacity = item.state === 'closed' ? 0.5 : 1;
      line.setRadius(radius);
      return;
    }
    // routes stand out from what there is
    const quiet = routed && !isStrong;
    const weight = widthAt(zoom) * style.weight * (quiet ? 0.8 : 1) + (isStrong ? 2.5 : 0);
    const coming = item.state === 'planned' || item.state === 'expected';
    const k = Math.max(weight, 1.5);
    line.setStyle({
      weight,
      lineCap: coming ? 'butt' : 'round',
      dashArray: item.state === 'planned' ? `${k * 2.2} ${k * 1.9}` : item.state === 'expected' ? `${k * 5} ${k * 1.6}` : null,
      opacity: (item.state === 'closed' ? 0.35 : record.confidence === 'low' ? 0.72 : 0.95) * (quiet ? 0.75 : 1),
    });
    haze?.setStyle({ weight: weight + 2 + zoom * 0.9, opacity: isStrong ? 0.3 : quiet ? 0.11 : 0.15 });
  }

  function refresh({ off, year }) {
    const zoom = map.getZoom() ?? 4;
    for (const item of items) {
      item.state = stateIn(item.record, year);
      const far = item.place && zoom < item.from && item !== strong && !wanted.has(item.record.id);
      const on = item.state !== 'hidden' && !off.has(item.key) && !far;
      if (on) look(item, zoom);
      if (on !== item.on) {
        item.on = on;
        if (on) {
          if (item.haze) group.addLayer(item.haze);
          group.addLayer(item.line);
        } else {
          group.removeLayer(item.line);
          if (item.haze) group.removeLayer(item.haze);
        }
      }
    }
  }

  return {
    items,
    byId,
    group,
    refresh,
    /** Draws the lines more quietly while routes are drawn over them. */
    underRoutes(yes, state) {
      if (yes === routed) return;
      routed = yes;
      refresh(state);
    },
    /** Draws these at every zoom, and crosses out those that are shut. */
    insist(ids, closed, state) {
      wanted = new Set([...ids, ...closed]);
      shut = closed;
      refresh(state);
    },
    /** Brings the signs of places over lines and routes. */
    raise() {
      for (const i of items) if (i.place && i.on) i.line.bringToFront();
    },
    /** Keeps popups clear of the panel. */
    keepClear(topLeft, bottomRight) {
      for (const { line } of items) Object.assign(line.getPopup().options, { autoPanPaddingTopLeft: topLeft, autoPanPaddingBottomRight: bottomRight });
    },
    /** Draws one item in strength; null lets it go. */
    select(item, state) {
      strong = item;
      refresh(state);
      item?.line.bringToFront?.();
    },
    /** Places that are drawn, for their names. */
    labels(zoom) {
      return items.filter((i) => i.place && i.on).map((i) => ({
        lat: i.record.y, lon: i.record.x, radius: i.line.getRadius(),
        label: zoom >= i.named || i === strong ? short(i.record.name, 32) : '',
        order: i === strong ? -1 : i.rank ? i.rank * 0.9 : i.style.weight, bold: i === strong,
      })).sort((a, b) => a.order - b.order);
    },
  };
}
