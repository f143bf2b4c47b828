// Signs of places: drawn on the map's canvas, and the same sign as SVG for the legend.

import { SHAPES, glyphPath } from './style.js';
import { s } from './dom.js';

const paths = new Map();
function path2d(d) {
  if (!paths.has(d)) paths.set(d, new Path2D(d));
  return paths.get(d);
}

/** Adds the drawing of signs to Leaflet and returns the class of their layer. */
export function makeSign(L) {
  if (L.Canvas.prototype._updateSign) return L.CircleMarker.extend({ _updatePath: signPath });
  L.Canvas.include({
    _updateSign(layer) {
      if (!this._drawing || layer._empty()) return;
      const ctx = this._ctx;
      const { sign, halo, hollow, unsure, strong, shut } = layer.options;
      const r = layer._radius;
      const p = layer._point;
      const k = r / 8;
      ctx.save();
      ctx.translate(p.x - r, p.y - r);
      ctx.scale(k, k);
      ctx.globalAlpha = layer.options.opacity ?? 1;
      const outline = path2d(SHAPES[sign.shape]);
      ctx.lineJoin = 'round';
      ctx.lineCap = 'round';
      ctx.lineWidth = (strong ? 5 : 2.4) / k;
      ctx.strokeStyle = strong ? '#e8a200' : halo;
      ctx.stroke(outline);
      const empty = hollow || sign.shape === 'ring';
      ctx.fillStyle = empty ? halo : layer.options.color;
      ctx.fill(outline);
      if (empty || unsure) {
        ctx.lineWidth = Math.max(1.4, 1.3 / k);
        ctx.strokeStyle = layer.options.color;
        if (unsure) ctx.setLineDash([3.2, 2.4]);
        ctx.stroke(outline);
        ctx.setLineDash([]);
      }
      if (sign.glyph && r >= 5.5) {
        ctx.lineWidth = 1.35;
        ctx.strokeStyle = empty ? layer.options.color : halo;
        if (sign.shape === 'triangle') ctx.translate(0, 1.6);
        ctx.stroke(path2d(glyphPath(sign.glyph)));
      }
      if (shut) {
        for (const [width, color] of [[5.5, halo], [3, '#c02020']]) {
          ctx.lineWidth = width;
          ctx.strokeStyle = color;
          ctx.stroke(path2d('M1 1 15 15M15 1 1 15'));
        }
      }
      ctx.restore();
    },
  });
  return L.CircleMarker.extend({ _updatePath: signPath });
}

function signPath() {
  if (this._renderer._updateSign) this._renderer._updateSign(this);
}

/** The sign as an SVG element for legend and lists. */
export function signSvg(style, color, { hollow = false, size = 18 } = {}) {
  const empty = hollow || style.shape === 'ring';
  return s('svg', { viewBox: '-1 -1 18 18', width: size, height: size, 'aria-hidden': 'true', class: 'cm-sign' },
    s('path', { d: SHAPES[style.shape], fill: empty ? 'var(--cm-card)' : color, stroke: empty ? color : 'none', 'stroke-width': 2 }),
    style.glyph && s('path', {
      d: glyphPath(style.glyph), fill: 'none', stroke: empty ? color : 'var(--cm-card)', 'stroke-width': 1.35,
      'stroke-linecap': 'round', 'stroke-linejoin': 'round',
      transform: style.shape === 'triangle' ? 'translate(0 1.6)' : null,
    }));
}

/** A piece of a line as SVG. */
export function lineSvg(color, { dash = null, rough = false, width = 3 } = {}) {
  return s('svg', { viewBox: '0 0 26 14', width: 26, height: 14, 'aria-hidden': 'true', class: 'cm-sign' },
    rough && s('path', { d: 'M2 7h22', stroke: color, 'stroke-width': 10, opacity: 0.22, 'stroke-linecap': 'round' }),
    s('path', { d: 'M2 7h22', stroke: color, 'stroke-width': width, 'stroke-dasharray': dash, 'stroke-linecap': dash ? 'butt' : 'round' }));
}
