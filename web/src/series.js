// Time against distance along a route: the points of the chart.

import { figure } from './format.js';

/**
 * @returns {{km: number, h: number, leg: number, kind: string, mode: string}[]} the state after
 *   each leg; the start (0, 0) is not in it.
 */
export function timeDistance(route) {
  let km = 0;
  let h = 0;
  return (route.legs ?? []).map((leg, i) => {
    km += figure(leg.length_km).v ?? 0;
    h += figure(leg.hours).v ?? 0;
    return { km, h, leg: i, kind: leg.kind ?? 'line', mode: leg.mode ?? '' };
  });
}

/** Steps of a scale that a reader can count with: 1, 2 or 5 times a power of ten. */
export function ticks(max, about = 4) {
  if (!(max > 0)) return [0];
  const raw = max / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const out = [];
  for (let i = 0; i * step <= max * 1.0001; i++) out.push(Number((i * step).toPrecision(12)));
  return out;
}

/** Hours of a route by what they go into: under way by mode, at borders, in transfers. */
export function shares(route, key = 'hours') {
  const sums = new Map();
  for (const leg of route.legs ?? []) {
    const name = leg.kind === 'line' || !leg.kind ? leg.mode ?? 'line' : leg.kind;
    sums.set(name, (sums.get(name) ?? 0) + (figure(leg[key]).v ?? 0));
  }
  return [...sums].map(([name, value]) => ({ name, value })).filter((s) => s.value > 0);
}
