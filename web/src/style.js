// What things look like: colours told apart by readers with any colour vision, and a sign of its
// own for each kind of place. Colours of lines keep a contrast of 3:1 on land.

export const LINES = {
  railway: { color: '#1d5fa8', name: 'Railways', weight: 1.25, order: 1 },
  road: { color: '#c4541a', name: 'Roads', weight: 1.1, order: 2 },
  gas_pipeline: { color: '#0a8466', name: 'Gas pipelines', weight: 1.1, order: 3 },
  oil_pipeline: { color: '#3d3a36', name: 'Oil pipelines', weight: 1.1, order: 4 },
  ferry: { color: '#1688b8', name: 'Ferries', weight: 1.1, order: 5 },
  sea_link: { color: '#4a86a8', name: 'Sea links', weight: 1, order: 6 },
  sea: { color: '#0f7f94', name: 'Sea', weight: 1, order: 6 },
  fibre_cable: { color: '#b8327c', name: 'Fibre cables', weight: 0.8, order: 7 },
  charging_route: { color: '#8a6d00', name: 'Charging routes', weight: 1.1, order: 8 },
  city_partnership: { color: '#8560b8', name: 'City partnerships', weight: 0.6, order: 9 },
};

// The network under the routes, where a frame of it is given: quiet.
const QUIET = { color: '#8f9aa6', name: '', weight: 0.45, order: 20 };
const OTHERS = ['#6b4fa0', '#9b4a2f', '#2e6f6b', '#7a3b63', '#5c6b1f', '#30507a'];

export const MODES = {
  rail: { color: LINES.railway.color, name: 'Rail' },
  road: { color: LINES.road.color, name: 'Road' },
  sea: { color: LINES.sea.color, name: 'Sea' },
  ferry: { color: LINES.ferry.color, name: 'Ferry' },
  pipeline: { color: LINES.gas_pipeline.color, name: 'Pipeline' },
  border: { color: '#8c1d5a', name: 'Border' },
  transfer: { color: '#6d675f', name: 'Transfer' },
};

/** The colours that tell routes apart, beside the colours of their modes. */
export const ROUTES = ['#20242a', '#b0851f', '#7a3b8f', '#2f7d4f', '#a33a3a', '#4a6fa5'];

const GLYPH = {
  anchor: 'M8 3.1a1.2 1.2 0 1 0 .01 0M8 5.6V13M5.6 7.6h4.8M3.5 9.6C4 11.8 5.7 13 8 13s4-1.2 4.5-3.4',
  boat: 'M3.3 9.6h9.4l-1.5 2.9H4.8ZM8 3.2v6M8 3.6l3.2 4.6H8',
  box: 'M3.4 5.2h9.2v5.8H3.4ZM5.7 5.2V11M8 5.2V11M10.3 5.2V11',
  barrier: 'M4.4 12.6V5.4M4.4 7.4l7.6-2M4.4 10h0',
  gauges: 'M3 6.4h4.4M3 9.6h4.4M8.6 4.6H13M8.6 11.4H13M8 3.6v8.8',
  train: 'M5 3.6h6v6.6H5ZM5 7h6M6.4 10.2l-1.2 2.4M9.6 10.2l1.2 2.4',
  flame: 'M8 3.4c.6 2 2.8 3 2.8 5.8A2.8 2.8 0 0 1 8 12.2a2.8 2.8 0 0 1-2.8-3C5.2 7 7.4 5.6 8 3.4Z',
  drop: 'M8 3.2c1.6 2.4 2.8 3.9 2.8 5.7a2.8 2.8 0 0 1-5.6 0C5.2 7.1 6.4 5.6 8 3.2Z',
  play: 'M5.8 4.6 11.4 8l-5.6 3.4Z',
  meter: 'M3.6 10.6a4.6 4.6 0 0 1 8.8 0M8 10.6l2-3.4',
  blades: 'M8 8V3M8 8l4.2 2.5M8 8l-4.2 2.5M8 8v5.4',
  star: 'M8 3.2 9.4 6.4l3.5.3-2.7 2.3.9 3.4L8 10.6l-3.1 1.8.9-3.4-2.7-2.3 3.5-.3Z',
  flag: 'M5.2 13V3.4M5.2 4h6l-1.6 2.2L11.2 8.4h-6',
  zone: 'M4.4 4.4h7.2v7.2H4.4Z',
  crane: 'M5 13V3.6h7.4M5 6h4M10.6 3.6v3.8M8.8 7.4h3.6v2.6H8.8Z',
  pick: 'M4 12 9.6 6.4M5 4.8c3-1.6 5.5-.6 6.8 3.4',
  sun: 'M8 5.7a2.3 2.3 0 1 0 .01 0M8 2.6v1.2M8 12.2v1.2M2.6 8h1.2M12.2 8h1.2M4.2 4.2l.8.8M11 11l.8.8M11.8 4.2l-.8.8M5 11l-.8.8',
  wave: 'M3 6.6c1.7-1.8 3.3-1.8 5 0s3.3 1.8 5 0M3 10c1.7-1.8 3.3-1.8 5 0s3.3 1.8 5 0',
  tank: 'M4 6.2v4.4c0 1 1.8 1.8 4 1.8s4-.8 4-1.8V6.2M4 6.2c0-1 1.8-1.8 4-1.8s4 .8 4 1.8-1.8 1.8-4 1.8-4-.8-4-1.8',
  house: 'M4 12.6V6.2L8 3.6l4 2.6v6.4M6.6 12.6V9h2.8v3.6',
  bolt: 'M9 2.8 4.8 9h3l-.8 4.4L11.2 7h-3Z',
};

/** shape, colour, glyph, zoom from which it is drawn, size, weight in lists (small first). */
export const PLACES = {
  city: { name: 'Cities', shape: 'dot', color: '#3f3a34', from: 3, size: 0.85, weight: 1 },
  port: { name: 'Ports', shape: 'circle', color: '#0b5688', glyph: 'anchor', from: 4.5, size: 1, weight: 2 },
  ferry_terminal: { name: 'Ferry terminals', shape: 'circle', color: '#1688b8', glyph: 'boat', from: 6, size: 0.9, weight: 3 },
  dry_port: { name: 'Dry ports', shape: 'square', color: '#a8491a', glyph: 'box', from: 5, size: 1, weight: 2 },
  border_crossing: { name: 'Border crossings', shape: 'diamond', color: '#8c1d5a', glyph: 'barrier', from: 6, size: 0.9, weight: 3 },
  break_of_gauge: { name: 'Breaks of gauge', shape: 'circle', color: '#1f1d1a', glyph: 'gauges', from: 5, size: 1, weight: 3 },
  rail_terminal: { name: 'Rail terminals', shape: 'square', color: '#1d5fa8', glyph: 'train', from: 6, size: 0.9, weight: 4 },
  terminal: { name: 'Terminals', shape: 'square', color: '#4b5f73', glyph: 'crane', from: 6, size: 0.9, weight: 4 },
  station: { name: 'Stations', shape: 'ring', color: '#1d5fa8', from: 6, size: 0.6, weight: 5 },
  logistics_base: { name: 'Logistics bases', shape: 'square', color: '#7a5a2e', glyph: 'crane', from: 5, size: 0.95, weight: 4 },
  free_zone: { name: 'Free zones', shape: 'hexagon', color: '#7a5a2e', glyph: 'zone', from: 5, size: 0.95, weight: 4 },
  gas_field: { name: 'Gas fields', shape: 'triangle', color: '#0a8466', glyph: 'flame', from: 5, size: 1.1, weight: 5 },
  oil_field: { name: 'Oil fields', shape: 'triangle', color: '#3d3a36', glyph: 'drop', from: 5, size: 1.1, weight: 5 },
  compressor_station: { name: 'Compressor stations', shape: 'hexagon', color: '#0a8466', glyph: 'play', from: 6, size: 0.85, weight: 6 },
  metering_station: { name: 'Metering stations', shape: 'hexagon', color: '#56786d', glyph: 'meter', from: 7, size: 0.85, weight: 6 },
  wind_farm: { name: 'Wind farms', shape: 'circle', color: '#2c7c74', glyph: 'blades', from: 5, size: 1, weight: 5 },
  charging_station: { name: 'Charging stations', shape: 'circle', color: '#8a6d00', glyph: 'bolt', from: 6, size: 0.9, weight: 6 },
  oil_gas_terminal: { name: 'Oil and gas terminals', shape: 'square', color: '#3d3a36', glyph: 'tank', from: 5, size: 0.95, weight: 5 },
  pumping_station: { name: 'Pumping stations', shape: 'hexagon', color: '#3d3a36', glyph: 'play', from: 6, size: 0.85, weight: 6 },
  gas_plant: { name: 'Gas plants', shape: 'square', color: '#0a8466', glyph: 'flame', from: 6, size: 0.95, weight: 6 },
  mine: { name: 'Mines', shape: 'square', color: '#7b4b6b', glyph: 'pick', from: 5, size: 0.9, weight: 6 },
  solar_farm: { name: 'Solar farms', shape: 'circle', color: '#8a6d00', glyph: 'sun', from: 5, size: 1, weight: 5 },
  hydro_plant: { name: 'Hydropower plants', shape: 'circle', color: '#2b6ea8', glyph: 'wave', from: 5, size: 1, weight: 5 },
  strait: { name: 'Straits', shape: 'diamond', color: '#0b5688', glyph: 'wave', from: 4, size: 0.9, weight: 5 },
  organisation: { name: 'Organisations', shape: 'square', color: '#7549ab', glyph: 'house', from: 5, size: 0.9, weight: 6 },
  cooperation_centre: { name: 'Cooperation centres', shape: 'circle', color: '#7549ab', glyph: 'star', from: 4, size: 1, weight: 4 },
  summit: { name: 'Summits', shape: 'circle', color: '#a3262b', glyph: 'flag', from: 4, size: 1, weight: 4 },
};

export const glyphPath = (name) => GLYPH[name] ?? '';

/** Outline of a sign in a box of 16 by 16. */
export const SHAPES = {
  dot: 'M8 4a4 4 0 1 0 .01 0Z',
  ring: 'M8 3.5a4.5 4.5 0 1 0 .01 0Z',
  circle: 'M8 .6a7.4 7.4 0 1 0 .01 0Z',
  square: 'M2.6 1.2h10.8a1.4 1.4 0 0 1 1.4 1.4v10.8a1.4 1.4 0 0 1-1.4 1.4H2.6a1.4 1.4 0 0 1-1.4-1.4V2.6a1.4 1.4 0 0 1 1.4-1.4Z',
  diamond: 'M8 -.4 16.4 8 8 16.4-.4 8Z',
  triangle: 'M8 -.6 16.2 14.2H-.2Z',
  hexagon: 'M4.2 1.2h7.6L15.6 8l-3.8 6.8H4.2L.4 8Z',
};

export const THEMES = {
  light: {
    water: '#d7e5ec', land: '#f8f6f1', coast: '#9db6c4', border: '#a99d8f', graticule: 'rgba(60,95,125,.13)',
    country: '#7c7468', city: '#4c463f', place: '#1f1c19', waterName: '#5f8aa3', halo: 'rgba(252,251,248,.92)',
    casing: '#ffffff', grid: '#6f93a8',
  },
  dark: {
    water: '#14202a', land: '#232e38', coast: '#40566a', border: '#5d6873', graticule: 'rgba(170,200,225,.10)',
    country: '#93a0ab', city: '#b3bec8', place: '#eef2f5', waterName: '#6d9ab8', halo: 'rgba(24,33,42,.9)',
    casing: '#10171d', grid: '#5f8098',
  },
};

/** Colours on dark land: the same hues, lighter. */
export function themed(color, theme) {
  if (theme !== 'dark') return color;
  const n = parseInt(color.slice(1), 16);
  const mix = (c) => Math.round(c + (255 - c) * 0.42);
  const [r, g, b] = [mix(n >> 16), mix((n >> 8) & 255), mix(n & 255)];
  return '#' + ((1 << 24) | (r << 16) | (g << 8) | b).toString(16).slice(1);
}

/** Style of a kind of line; kinds that the map does not know get a colour by their turn. */
export function lineStyle(kind, turn = 0) {
  if (Object.hasOwn(LINES, kind)) return LINES[kind];
  if (/network/.test(kind)) return { ...QUIET, name: kind };
  return { color: OTHERS[turn % OTHERS.length], name: kind, weight: 1, order: 10 };
}

export function placeStyle(kind, turn = 0) {
  if (Object.hasOwn(PLACES, kind)) return PLACES[kind];
  return { name: kind, shape: 'dot', color: OTHERS[turn % OTHERS.length], from: 3, size: 0.8, weight: 7 };
}

/** Width of a line in pixels at a zoom. */
export const widthAt = (zoom) => Math.max(1.1, Math.min(4.2, 0.62 * zoom - 0.7));

/** Radius of a sign in pixels at a zoom; under 5 it is drawn without its glyph. */
export const radiusAt = (zoom) => Math.max(2.6, Math.min(9.5, 1.75 * zoom - 2.6));

export const ROUGH = new Set(['schematic', 'approximate']);

export const PRECISION = {
  surveyed: 'surveyed',
  station: 'position of the station itself',
  settlement: 'centre of the settlement, not the facility itself',
  traced: 'follows mapped track',
  chord: 'straight pieces between mapped points',
  schematic: 'drawn between known places; its course between them is not known',
  approximate: 'position is approximate',
};
