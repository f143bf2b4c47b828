// Names on the map: one canvas, drawn again after each move, the important names first and none
// over another.

import { gridStep } from './basemap.js';
import { density } from './dom.js';

const FONT = '"Inter","Segoe UI",system-ui,-apple-system,"Noto Sans","Helvetica Neue",Arial,"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif';

/** Boxes that are taken, in cells, so that a new one is checked against its neighbours only. */
export class Taken {
  constructor(cell = 64) {
    this.cell = cell;
    this.cells = new Map();
  }

  /** Takes the box if it is free. Returns whether it was. */
  take(x1, y1, x2, y2, force = false) {
    const { cell, cells } = this;
    const keys = [];
    for (let i = Math.floor(x1 / cell); i <= Math.floor(x2 / cell); i++) {
      for (let j = Math.floor(y1 / cell); j <= Math.floor(y2 / cell); j++) keys.push(i * 100003 + j);
    }
    if (!force) {
      for (const key of keys) {
        for (const [a1, b1, a2, b2] of cells.get(key) ?? []) {
          if (x1 < a2 && x2 > a1 && y1 < b2 && y2 > b1) return false;
        }
      }
    }
    for (const key of keys) {
      if (!cells.has(key)) cells.set(key, []);
      cells.get(key).push([x1, y1, x2, y2]);
    }
    return true;
  }
}

const COUNTRY_FROM = [0, 3, 4, 5, 6];
const CITY_FROM = [0, 4, 5, 6.5];
const WATER_FROM = [0, 2, 3, 5];

/**
 * A Leaflet layer of names.
 * @param {object} opt base (names of the base map, may be null), palette, places() -> the places
 *   that are drawn now: [{lat, lon, name, radius, order, bold}], lowest order first.
 */
export function makeLabels(L, opt) {
  const Labels = L.Renderer.extend({
    options: { pane: 'cm-labels', padding: 0.12 },
    _initContainer() {
      this._container = document.createElement('canvas');
      this._container.className = 'cm-labels';
      this._container.setAttribute('aria-hidden', 'true');
      this._ctx = this._container.getContext('2d');
    },
    _destroyContainer() {
      this._container.remove();
      delete this._container;
      delete this._ctx;
    },
    _updatePaths() {},
    _onZoomEnd() {},
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const { min } = this._bounds;
      const size = this._bounds.getSize();
      const dense = density.now();
      const c = this._container;
      L.DomUtil.setPosition(c, min);
      c.width = dense * size.x;
      c.height = dense * size.y;
      c.style.width = size.x + 'px';
      c.style.height = size.y + 'px';
      this._ctx.setTransform(dense, 0, 0, dense, -min.x * dense, -min.y * dense);
      this._draw(size, min);
    },
    redraw() {
      if (this._map) this._update();
    },
    _draw(size, min) {
      const map = this._map;
      const ctx = this._ctx;
      const zoom = map.getZoom();
      const taken = new Taken();
      const { palette } = opt;
      const shown = (p) => p.x > min.x - 50 && p.y > min.y - 20 && p.x < min.x + size.x + 50 && p.y < min.y + size.y + 20;
      ctx.lineJoin = 'round';
      ctx.textBaseline = 'middle';

      const text = (words, x, y, { font, color, halo = 3, align = 'left', spacing = '0px' }) => {
        ctx.font = font;
        if ('letterSpacing' in ctx) ctx.letterSpacing = spacing;
        ctx.textAlign = align;
        ctx.lineWidth = halo;
        ctx.strokeStyle = palette.halo;
        ctx.strokeText(words, x, y);
        ctx.fillStyle = color;
        ctx.fillText(words, x, y);
      };
      const width = (words, font, spacing = '0px') => {
        ctx.font = font;
        if ('letterSpacing' in ctx) ctx.letterSpacing = spacing;
        return ctx.measureText(words).width;
      };

      // beside a place: right, left, above, below
      const beside = (p, r, words, style) => {
        const w = width(words, style.font);
        const hh = style.size * 0.62;
        const gap = r + 4;
        for (const [dx, dy, align] of [[gap, 0, 'left'], [-gap, 0, 'right'], [0, -gap - hh, 'center'], [0, gap + hh, 'center']]) {
          const left = p.x + dx - (align === 'left' ? 0 : align === 'right' ? w : w / 2);
          if (!taken.take(left - 2, p.y + dy - hh, left + w + 2, p.y + dy + hh)) continue;
          text(words, p.x + dx, p.y + dy, { ...style, align });
          return true;
        }
        return false;
      };

      const places = opt.places(zoom).map((place) => ({ place, p: map.latLngToLayerPoint([place.lat, place.lon]) }))
        .filter(({ p }) => shown(p));
      // signs keep their ground before any name is set
      for (const { place, p } of places) {
        const r = place.radius;
        taken.take(p.x - r, p.y - r, p.x + r, p.y + r, true);
      }
      const named = new Set();
      for (const { place, p } of places) {
        if (!place.label) continue;
        const px = place.bold ? 13 : zoom >= 7 ? 12 : 11.5;
        const style = { font: `${place.bold ? 650 : 500} ${px}px ${FONT}`, size: px, color: palette.place };
        if (beside(p, place.radius, place.label, style)) named.add(place.label);
      }

      if (opt.base) {
        const { base } = opt;
        for (const [name, lon, lat, rank] of base.city) {
          if (zoom < CITY_FROM[rank] || named.has(name)) continue;
          const p = map.latLngToLayerPoint([lat, lon]);
          if (!shown(p)) continue;
          if (opt.near?.(lat, lon, zoom)) continue;
          const px = rank === 1 ? 12 : 11;
          const style = { font: `400 ${px}px ${FONT}`, size: px, color: palette.city };
          if (!taken.take(p.x - 2, p.y - 2, p.x + 2, p.y + 2)) continue;
          ctx.beginPath();
          ctx.arc(p.x, p.y, rank === 1 ? 2.2 : 1.8, 0, 7);
          ctx.fillStyle = palette.city;
          ctx.fill();
          beside(p, 1, name, style);
        }
        for (const [name, lon, lat, rank] of base.country) {
          if (zoom < COUNTRY_FROM[rank] || zoom > 8) continue;
          const p = map.latLngToLayerPoint([lat, lon]);
          if (!shown(p)) continue;
          const px = Math.min(15, [0, 11.5, 10.5, 10, 9.5][rank] + Math.max(0, zoom - 4));
          const style = { font: `600 ${px}px ${FONT}`, color: palette.country, align: 'center', spacing: '1.5px' };
          const words = name.toUpperCase();
          const w = width(words, style.font, style.spacing);
          if (taken.take(p.x - w / 2 - 3, p.y - px * 0.7, p.x + w / 2 + 3, p.y + px * 0.7)) text(words, p.x, p.y, style);
        }
        for (const [name, lon, lat, rank] of base.water) {
          if (zoom < WATER_FROM[rank] || zoom > 9) continue;
          const p = map.latLngToLayerPoint([lat, lon]);
          if (!shown(p)) continue;
          const px = [0, 13, 12, 11][rank] + Math.max(0, Math.min(3, zoom - 5));
          const style = { font: `italic 400 ${px}px Georgia,"Noto Serif","Liberation Serif",serif`, color: palette.waterName, halo: 0.01, align: 'center', spacing: '1px' };
          // long names stand in two lines: seas are often narrow
          const rows = name.length > 11 ? splitInTwo(name) : [name];
          const w = Math.max(...rows.map((r) => width(r, style.font, style.spacing)));
          const tall = px * 0.62 * rows.length;
          if (!taken.take(p.x - w / 2, p.y - tall, p.x + w / 2, p.y + tall)) continue;
          rows.forEach((r, i) => text(r, p.x, p.y + (i - (rows.length - 1) / 2) * px * 1.2, style));
        }
      }
      if (opt.graticule) this._gridLabels(text, taken, zoom);
    },
    _gridLabels(text, taken, zoom) {
      const map = this._map;
      const step = gridStep(Math.round(zoom));
      const view = map.getSize();
      const at = (x, y) => map.containerPointToLayerPoint([x, y]);
      const style = { font: `400 9.5px ${FONT}`, color: opt.palette.grid, halo: 2.5 };
      const bounds = map.getBounds();
      const first = (v) => Math.ceil(v / step) * step;
      const right = opt.inset?.() ?? 0;
      for (let lat = first(bounds.getSouth()); lat <= Math.min(80, bounds.getNorth()); lat += step) {
        const y = map.latLngToContainerPoint([lat, 0]).y;
        if (y < 60 || y > view.y - 60) continue;
        const p = at(view.x - 4 - right, y - 7);
        const words = `${Math.abs(lat)}°${lat < 0 ? 'S' : lat > 0 ? 'N' : ''}`;
        if (taken.take(p.x - 26, p.y - 6, p.x, p.y + 6)) text(words, p.x, p.y, { ...style, align: 'right' });
      }
      for (let lon = first(bounds.getWest()); lon <= bounds.getEast(); lon += step) {
        if (lon < -180 || lon > 180) continue;
        const x = map.latLngToContainerPoint([0, lon]).x;
        if (x < 20 || x > view.x - 60) continue;
        const p = at(x + 3, 9);
        const words = `${Math.abs(lon)}°${lon < 0 ? 'W' : lon > 0 ? 'E' : ''}`;
        if (taken.take(p.x, p.y - 6, p.x + 28, p.y + 6)) text(words, p.x, p.y, { ...style, align: 'left' });
      }
    },
  });
  return new Labels();
}

function splitInTwo(name) {
  const words = name.split(' ');
  if (words.length < 2) return [name];
  let best = 1;
  const cost = (k) => Math.abs(words.slice(0, k).join(' ').length - words.slice(k).join(' ').length);
  for (let k = 2; k < words.length; k++) if (cost(k) < cost(best)) best = k;
  return [words.slice(0, best).join(' '), words.slice(best).join(' ')];
}
