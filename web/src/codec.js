// Lines travel as text: differences of integer degrees in base64 variable-length quantities.
// The other half is src/corridors/maps/encode.py.

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUE = new Int8Array(128).fill(-1);
for (let i = 0; i < DIGITS.length; i++) VALUE[DIGITS.charCodeAt(i)] = i;

/** Returns [lon, lat, lon, lat, ...] in degrees. */
export function decodeLine(text, decimals = 3) {
  const out = [];
  const unit = 10 ** decimals;
  let x = 0;
  let y = 0;
  let odd = false;
  let value = 0;
  let shift = 1;
  for (let i = 0; i < text.length; i++) {
    const digit = VALUE[text.charCodeAt(i)];
    if (digit === undefined || digit < 0) throw new Error('not an encoded line');
    value += (digit & 31) * shift;
    if (digit & 32) {
      shift *= 32;
      continue;
    }
    const step = value % 2 ? -(value - 1) / 2 : value / 2;
    if (odd) {
      y += step;
      out.push(x / unit, y / unit);
    } else {
      x += step;
    }
    odd = !odd;
    value = 0;
    shift = 1;
  }
  return out;
}

/** Returns [[lat, lon], ...] as Leaflet wants it. */
export function toLatLngs(text, decimals = 3) {
  const flat = decodeLine(text, decimals);
  const out = [];
  for (let i = 0; i < flat.length; i += 2) out.push([flat[i + 1], flat[i]]);
  return out;
}
