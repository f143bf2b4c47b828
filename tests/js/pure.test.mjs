// What of the map's scripts needs no browser. Run by `npm test` in web/.

import assert from 'node:assert/strict';
import test from 'node:test';

import { gridStep, project, unitX, unitY } from '../../web/src/basemap.js';
import { decodeLine, toLatLngs } from '../../web/src/codec.js';
import { fold, makeIndex, search } from '../../web/src/fold.js';
import { country, days, difference, figure, label, number, quantity, range } from '../../web/src/format.js';
import { readHash, writeHash } from '../../web/src/hash.js';
import { Taken } from '../../web/src/labels.js';
import { makeGraph, shortest, unfold, usable } from '../../web/src/planner.js';
import { shares, ticks, timeDistance } from '../../web/src/series.js';
import { LINES, PLACES, glyphPath, lineStyle, placeStyle, themed } from '../../web/src/style.js';
import { stateIn } from '../../web/src/years.js';

test('a line is decoded', () => {
  assert.deepEqual(decodeLine('CD', 0), [1, -1]);
  assert.deepEqual(decodeLine('CDAC', 0), [1, -1, 1, 0]);
  assert.deepEqual(toLatLngs('CD', 1), [[-0.1, 0.1]]);
  assert.throws(() => decodeLine('<b>'), /not an encoded line/);
});

test('names fold to what people type', () => {
  assert.equal(fold('Türkmenbaşy'), 'turkmenbasy');
  assert.equal(fold('Xi’an'), fold("Xi'an"));
  assert.equal(fold('ÜRÜMQI'), 'urumqi');
  assert.equal(fold('Ақтау'), fold('Актау'));
  assert.equal(fold('\u202eAktau\u200f'), 'aktau');
  assert.equal(fold('Bakı'), 'baki');
  assert.equal(fold('Алтынкөл'), 'алтынкол');
});

test('search finds by name and alias, best first', () => {
  const things = [
    { name: 'Port of Aktau', aliases: 'Aktau Port|Ақтау' },
    { name: 'Aktau', aliases: ['Aqtau', 'Шевченко', 'Актау'] },
    { name: 'Khorgos', aliases: '霍尔果斯|Horgos' },
    { name: 'Aktogay' },
  ];
  const index = makeIndex(things);
  assert.equal(search(index, 'aktau')[0].thing.name, 'Aktau');
  assert.equal(search(index, '霍尔')[0].thing.name, 'Khorgos');
  assert.equal(search(index, 'horgos')[0].name, 'Horgos');
  assert.equal(search(index, 'шевч')[0].thing.name, 'Aktau');
  assert.deepEqual(search(index, '  '), []);
  assert.deepEqual(search(index, 'atlantis'), []);
  assert.equal(search(index, 'akt', 2).length, 2);
});

test('a very long name is searched by its start and does no harm', () => {
  const index = makeIndex([{ name: 'a'.repeat(10000) }]);
  assert.equal(search(index, 'aaa').length, 1);
});

test('what a thing is in a year', () => {
  const opened = { status: 'operating', from_y: 2014 };
  assert.equal(stateIn(opened, null), 'operating');
  assert.equal(stateIn(opened, 2013), 'hidden');
  assert.equal(stateIn(opened, 2014), 'operating');
  const coming = { status: 'construction', from_y: 2030 };
  assert.equal(stateIn(coming, null), 'planned');
  assert.equal(stateIn(coming, 2025), 'planned');
  assert.equal(stateIn(coming, 2030), 'expected');
  assert.equal(stateIn({ status: 'stalled' }, 2035), 'planned');
  assert.equal(stateIn({ status: 'operating', to_y: 2020 }, 2020), 'operating');
  assert.equal(stateIn({ status: 'operating', to_y: 2020 }, 2021), 'hidden');
  assert.equal(stateIn({ status: 'closed' }, null), 'closed');
  assert.equal(stateIn({ status: 'closed' }, 2025), 'hidden');
  assert.equal(stateIn({}, 2025), 'operating');
});

test('figures carry units, and what is not known is a dash', () => {
  assert.equal(number(1234.4), '1,234');
  assert.equal(number(3.25), '3.3');
  assert.equal(number(null), '–');
  assert.equal(quantity(671.2, 'km'), '671 km');
  assert.equal(quantity(99.6, 'usd'), 'USD 100');
  assert.equal(quantity(undefined, 'h'), '–');
  assert.deepEqual(figure({ expected: 10, p10: 8, p90: 15 }), { v: 10, lo: 8, hi: 15 });
  assert.deepEqual(figure(NaN), { v: null, lo: null, hi: null });
  assert.equal(range({ lo: 8, hi: 15 }, 'h'), '8–15 h');
  assert.equal(range({ lo: null, hi: 15 }, 'h'), '');
  assert.equal(days(36), '');
  assert.equal(days(120), '5 days');
  assert.equal(difference(110, 100), '+10 (+10 %)');
  assert.equal(difference(90, 100), '−10 (−10 %)');
  assert.equal(difference(100, 100), '=');
  assert.equal(difference(null, 100), '');
  assert.equal(country('KZ'), 'Kazakhstan');
  assert.equal(country('<b>'), '<b>');
  assert.equal(label('break_of_gauge'), 'Break of gauge');
});

test('a view goes into a hash and comes back', () => {
  const state = {
    lat: 43.25, lon: 76.912, zoom: 6.5, off: ['l:road', 'p:a,b=c&d'], year: 2030, routes: [0, 2],
    plan: { from: 'urumqi', to: 'poti', by: 'cost_usd', closed: ['rail:khorgos-altynkol', 'x,y'] },
  };
  const back = readHash(writeHash(state));
  assert.deepEqual(new Set(back.off), new Set(state.off));
  assert.deepEqual({ ...back, off: 0 }, { ...state, off: 0 });
  assert.deepEqual(readHash('#v=99/0/0&y=20x&off=%E0%A4%A&plan'), { off: [''] });
  assert.deepEqual(readHash(''), {});
  assert.deepEqual(readHash('#r='), { routes: [] });
});

test('time against distance adds up leg by leg', () => {
  const route = { legs: [
    { kind: 'line', mode: 'rail', length_km: 100, hours: 4 },
    { kind: 'border', mode: 'rail', length_km: 0, hours: 30 },
    { kind: 'line', mode: 'rail', length_km: 50, hours: { expected: 2 } },
  ] };
  assert.deepEqual(timeDistance(route).map((p) => [p.km, p.h]), [[100, 4], [100, 34], [150, 36]]);
  assert.deepEqual(shares(route), [{ name: 'rail', value: 6 }, { name: 'border', value: 30 }]);
  assert.deepEqual(timeDistance({}), []);
  assert.deepEqual(ticks(950, 4), [0, 500]);
  assert.deepEqual(ticks(0), [0]);
  assert.deepEqual(ticks(0.4, 4), [0, 0.1, 0.2, 0.3, 0.4]);
});

test('the planner finds the best path, and another when it is closed or not yet open', () => {
  const edge = (u, v, hours, more = {}) => ({ u, v, hours, cost_usd: 100 - hours, co2e_kg: 1, length_km: hours * 40, ...more });
  const graph = makeGraph({
    nodes: ['a', 'b', 'c', 'd'].map((id) => ({ id })),
    edges: [edge(0, 1, 1), edge(1, 3, 1, { facilities: ['rail:x'] }), edge(0, 2, 2), edge(2, 3, 2), edge(0, 3, 1.5, { from_year: 2030 }), edge(0, 3, 9, { to_year: 2020 })],
  });
  assert.deepEqual(shortest(graph, 0, 3).edges, [4]);
  assert.deepEqual(shortest(graph, 0, 3, { year: 2025 }).edges, [0, 1]);
  assert.equal(shortest(graph, 0, 3, { year: 2025 }).weight, 2);
  assert.deepEqual(shortest(graph, 0, 3, { year: 2025, closed: new Set(['rail:x']) }).edges, [2, 3]);
  assert.equal(shortest(graph, 3, 0), null);
  assert.deepEqual(shortest(graph, 0, 0).edges, []);
  assert.equal(usable({ to_year: 2020 }, 2020, null), true);
  assert.equal(usable({ to_year: 2020 }, 2021, null), false);
  assert.deepEqual(shortest(graph, [1, 2], [0, 3], { year: 2025 }).edges, [1]);
  assert.equal(usable({}, 2020, new Set(['x'])), true);
});

test('an edge that is the same both ways travels once', () => {
  const { edges } = unfold({
    nodes: [{}, {}], words: { kind: ['line', 'border'], mode: ['rail'], country: ['', 'KZ'] }, sets: [[], ['x']], shapes: [['CD']], more: { 1: { to_mode: 'sea' } },
    edges: { u: [0, 1], v: [1, 0], both: [1, 0], kind: [0, 1], mode: [0, 0], country: [1, 0], hours: [2, 3], cost_usd: [1, 1], co2e_kg: [1, 1], length_km: [9, 0], facilities: [0, 1], from_year: [0, 2030], to_year: [0, 0], g: [0, -1] },
  });
  assert.deepEqual(edges.map((e) => [e.u, e.v, e.kind, e.hours, e.from_year]), [[0, 1, 'line', 2, 0], [1, 0, 'line', 2, 0], [1, 0, 'border', 3, 2030]]);
  assert.deepEqual(edges[2].facilities, ['x']);
  assert.equal(edges[2].to_mode, 'sea');
});

test('labels do not take ground that is taken', () => {
  const taken = new Taken(64);
  assert.equal(taken.take(0, 0, 100, 20), true);
  assert.equal(taken.take(90, 10, 150, 30), false);
  assert.equal(taken.take(101, 0, 150, 20), true);
  assert.equal(taken.take(-500, -500, -400, -480), true);
  assert.equal(taken.take(0, 0, 5, 5, true), true);
});

test('the projection is Web Mercator', () => {
  assert.equal(unitX(0), 0.5);
  assert.ok(Math.abs(unitY(0) - 0.5) < 1e-12);
  assert.ok(Math.abs(unitY(85.05112878) - 0) < 1e-3);
  const { xy, box } = project('CDAC');
  assert.equal(xy.length, 4);
  assert.equal(box[0], Math.min(xy[0], xy[2]));
  assert.ok(gridStep(3) > gridStep(9));
});

test('every kind has a colour that can be seen on land, and places a sign', () => {
  const land = luminance('#f8f6f1');
  for (const [kind, style] of [...Object.entries(LINES), ...Object.entries(PLACES)]) {
    const contrast = (land + 0.05) / (luminance(style.color) + 0.05);
    assert.ok(contrast >= 3, `${kind} ${style.color} has a contrast of ${contrast.toFixed(1)}`);
    if (style.glyph) assert.notEqual(glyphPath(style.glyph), '', kind);
  }
  assert.equal(lineStyle('constructor').name, 'constructor');
  assert.match(placeStyle('toString', 3).color, /^#/);
  assert.match(themed('#1d5fa8', 'dark'), /^#[0-9a-f]{6}$/);
});

function luminance(hex) {
  const n = parseInt(hex.slice(1), 16);
  const [r, g, b] = [n >> 16, (n >> 8) & 255, n & 255].map((c) => {
    const x = c / 255;
    return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
