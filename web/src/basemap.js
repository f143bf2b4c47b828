// Land, water, frontiers and the graticule, drawn tile by tile on canvas from shapes in the file.

import { decodeLine } from './codec.js';
import { density } from './dom.js';

/** Web Mercator to the unit square: x of a longitude, y of a latitude. */
export const unitX = (lon) => (lon + 180) / 360;
export function unitY(lat) {
  const sin = Math.sin((Math.max(-85.05, Math.min(85.05, lat)) * Math.PI) / 180);
  return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI);
}

/** Decodes a ring or line to the unit square, with its box. */
export function project(text) {
  const flat = decodeLine(text, 3);
  const xy = new Float64Array(flat.length);
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < flat.length; i += 2) {
    const x = (xy[i] = unitX(flat[i]));
    const y = (xy[i + 1] = unitY(flat[i + 1]));
    if (x < box[0]) box[0] = x;
    if (y < box[1]) box[1] = y;
    if (x > box[2]) box[2] = x;
    if (y > box[3]) box[3] = y;
  }
  return { xy, box };
}

/** Degrees between the lines of the graticule at a zoom. */
export const gridStep = (zoom) => (zoom < 4 ? 20 : zoom < 6 ? 10 : zoom < 7 ? 5 : zoom < 8 ? 2 : 1);

/**
 * Traces shapes into a path in pixels: what lies outside the tile is skipped as far as that does
 * not change what is seen in it, and so are vertices that fall on the same pixel.
 */
function trace(ctx, shape, scale, ox, oy, size, close) {
  const { xy } = shape;
  const lo = -24;
  const hi = size + 24;
  let px = 0;
  let py = 0;
  let side = 0; // the sides of the tile that all vertices since the last drawn one share
  let waiting = false; // the vertex before has not been drawn
  for (let i = 0; i < xy.length; i += 2) {
    const x = xy[i] * scale - ox;
    const y = xy[i + 1] * scale - oy;
    const now = (x < lo ? 1 : x > hi ? 2 : 0) | (y < lo ? 4 : y > hi ? 8 : 0);
    if (i === 0) {
      ctx.moveTo(x, y);
      side = now;
    } else if (now & side) {
      side &= now;
      waiting = true;
    } else {
      if (waiting) ctx.lineTo(px, py);
      waiting = false;
      if (now === 0 && Math.abs(x - px) + Math.abs(y - py) < 0.5 && i < xy.length - 2) continue;
      ctx.lineTo(x, y);
      side = now;
    }
    px = x;
    py = y;
  }
  if (waiting) ctx.lineTo(px, py);
  if (close) ctx.closePath();
}

/** Returns a Leaflet layer of the base map. */
export function makeBasemap(L, base, palette) {
  const land = base.land.map((rings) => rings.map(project));
  const lakes = base.lake.map((rings) => rings.map(project));
  const borders = base.border.map(project);

  const Basemap = L.GridLayer.extend({
    createTile(coords) {
      const size = this.getTileSize().x;
      const tile = document.createElement('canvas');
      const dense = density.now();
      tile.width = tile.height = (size + 1) * dense;
      const ctx = tile.getContext('2d', { alpha: false });
      ctx.scale(dense, dense);
      draw(ctx, coords, size);
      return tile;
    },
    // a pixel over the edge of the next tile, so that no seam shows between two zooms
    _initTile(tile) {
      L.GridLayer.prototype._initTile.call(this, tile);
      const size = this.getTileSize().x + 1;
      tile.style.width = tile.style.height = `${size}px`;
    },
  });

  function draw(ctx, { x, y, z }, size) {
    const scale = size * 2 ** z;
    const ox = x * size;
    const oy = y * size;
    const margin = 30 / scale;
    const west = ox / scale - margin;
    const north = oy / scale - margin;
    const east = (ox + size) / scale + margin;
    const south = (oy + size) / scale + margin;
    const seen = ({ box }) => box[0] < east && box[2] > west && box[1] < south && box[3] > north;
    // too small to be seen at this zoom
    const big = ({ box }) => Math.max(box[2] - box[0], box[3] - box[1]) * scale > 1.5;

    ctx.fillStyle = palette.water;
    ctx.fillRect(0, 0, size + 1, size + 1);
    ctx.lineJoin = 'round';
    ctx.beginPath();
    for (const rings of land) {
      if (!seen(rings[0]) || !big(rings[0])) continue;
      for (const ring of rings) if (big(ring)) trace(ctx, ring, scale, ox, oy, size, true);
    }
    ctx.fillStyle = palette.land;
    ctx.fill('evenodd');
    ctx.strokeStyle = palette.coast;
    ctx.lineWidth = z < 5 ? 0.6 : 0.9;
    ctx.stroke();

    ctx.beginPath();
    for (const [ring] of lakes) {
      if (seen(ring) && (ring.box[2] - ring.box[0]) * scale > 4) trace(ctx, ring, scale, ox, oy, size, true);
    }
    ctx.fillStyle = palette.water;
    ctx.fill();
    ctx.lineWidth = 0.6;
    ctx.stroke();

    ctx.beginPath();
    for (const line of borders) if (seen(line)) trace(ctx, line, scale, ox, oy, size, false);
    ctx.strokeStyle = palette.border;
    ctx.lineWidth = z < 4 ? 0.7 : z < 6 ? 0.9 : 1.2;
    ctx.setLineDash(z < 5 ? [] : [6, 2.5, 1.5, 2.5]);
    ctx.stroke();
    ctx.setLineDash([]);

    const step = gridStep(z);
    ctx.beginPath();
    for (let lon = -180; lon <= 180; lon += step) {
      const px = unitX(lon) * scale - ox;
      if (px >= -1 && px <= size + 1) {
        ctx.moveTo(px, 0);
        ctx.lineTo(px, size + 1);
      }
    }
    for (let lat = -80; lat <= 80; lat += step) {
      const py = unitY(lat) * scale - oy;
      if (py >= -1 && py <= size + 1) {
        ctx.moveTo(0, py);
        ctx.lineTo(size + 1, py);
      }
    }
    ctx.strokeStyle = palette.graticule;
    ctx.lineWidth = 1;
    ctx.stroke();
  }

  return new Basemap({
    pane: 'tilePane',
    noWrap: true,
    bounds: [[-85.05, -180], [85.05, 180]],
    updateWhenZooming: false,
    keepBuffer: 3,
    className: 'cm-base',
  });
}
