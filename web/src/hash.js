// The view as a hash, so that a link brings a reader to the same picture.

/**
 * @param {{lat:number,lon:number,zoom:number,off:string[],year:number|null,routes:number[]|null,
 *   plan:null|{from:string,to:string,by:string,closed:string[]}}} state
 */
export function writeHash(state) {
  const parts = [`v=${state.zoom}/${state.lat.toFixed(3)}/${state.lon.toFixed(3)}`];
  if (state.off.length) parts.push(`off=${state.off.map(encodeURIComponent).sort().join(',')}`);
  if (state.year !== null) parts.push(`y=${state.year}`);
  if (state.routes) parts.push(`r=${state.routes.join(',')}`);
  if (state.plan) {
    const { from, to, by, closed } = state.plan;
    parts.push(`plan=${[from, to, by, ...closed].map(encodeURIComponent).join(',')}`);
  }
  return '#' + parts.join('&');
}

/** Returns what a hash says; what it does not say, or says wrongly, is left out. */
export function readHash(hash) {
  const out = {};
  for (const part of String(hash).replace(/^#/, '').split('&')) {
    const at = part.indexOf('=');
    const key = part.slice(0, at);
    const value = part.slice(at + 1);
    if (at < 1) continue;
    if (key === 'v') {
      const [zoom, lat, lon] = value.split('/').map(Number);
      const fine = [zoom, lat, lon].every(Number.isFinite);
      if (fine && Math.abs(lat) <= 90 && Math.abs(lon) <= 360 && zoom >= 0 && zoom <= 20) {
        Object.assign(out, { zoom, lat, lon });
      }
    } else if (key === 'off') {
      out.off = value.split(',').filter(Boolean).map(safely);
    } else if (key === 'y' && /^\d{4}$/.test(value)) {
      out.year = Number(value);
    } else if (key === 'r') {
      out.routes = value === '' ? [] : value.split(',').map(Number).filter(Number.isInteger);
    } else if (key === 'plan') {
      const [from, to, by, ...closed] = value.split(',').map(safely);
      out.plan = { from: from ?? '', to: to ?? '', by: by || 'hours', closed: closed.filter(Boolean) };
    }
  }
  return out;
}

function safely(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
