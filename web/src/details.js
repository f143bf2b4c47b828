// What is said about a thing: a few lines when it is pointed at, everything when it is asked.

import { h, bdi, short } from './dom.js';
import { country, label, number, quantity } from './format.js';
import { PRECISION } from './style.js';
import { PLANNED } from './years.js';

/** Columns that the map reads and need no line of their own, or that another line tells. */
const OWN = new Set(['g', 'd', 'x', 'y', 'name', 'kind', 'id', 'from_y', 'to_y', 'weight', 'status',
  'opened', 'closed', 'from_year', 'to_year', 'capacity_unit', 'published_km_note', 'precision', 'confidence', 'source', 'note', 'aliases']);

const NAMES = {
  length_km: ['Length as drawn', 'km'], published_km: ['Length as published', 'km'], gauge_mm: ['Gauge', 'mm'],
  gauges_mm: ['Gauges', 'mm'], gauge_a_mm: ['Gauge, first side', 'mm'], gauge_b_mm: ['Gauge, second side', 'mm'],
  diameter_mm: ['Diameter', 'mm'], unlocode: ['UN/LOCODE'], countries: ['Countries'], country: ['Country'],
  country_a: ['Country, first side'], country_b: ['Country, second side'], transfer_at: ['Transfer at'],
  hours_ab: ['Hours to cross, first to second', 'h'], hours_ba: ['Hours to cross, second to first', 'h'],
  cost_usd_ab: ['Cost, first to second', 'usd'], cost_usd_ba: ['Cost, second to first', 'usd'],
  capacity: ['Capacity'], sailing_h: ['Sailing', 'h'], headway_h: ['Time between sailings', 'h'],
};

function value(record, key) {
  const v = record[key];
  if (key === 'capacity') return `${typeof v === 'number' ? number(v) : v} ${record.capacity_unit ?? ''}`.trim();
  if (/^countr(y|ies)(_[ab])?$/.test(key)) return (Array.isArray(v) ? v : String(v).split('|')).map(country).join(', ');
  const unit = NAMES[key]?.[1];
  if (key === 'gauges_mm') return String(v).replace(/\|/g, ' / ') + ' mm';
  if (typeof v === 'number') return unit ? (unit === 'mm' ? `${v} mm` : quantity(v, unit)) : String(v);
  if (Array.isArray(v)) return v.map(String).join(', ');
  if (v && typeof v === 'object') return JSON.stringify(v);
  return String(v).includes('|') && !/source|note/.test(key) ? String(v).split('|').join(', ') : String(v);
}

/** "under construction, expected 2030", "in service since 2009". */
export function statusText(record) {
  const status = String(record.status ?? '').toLowerCase();
  const { from_y: from, to_y: to } = record;
  if (PLANNED.has(status)) return `${status === 'construction' ? 'under construction' : status}${from ? `, expected ${from}` : ''}`;
  if (status === 'closed') return `closed${to ? ` ${to}` : ''}`;
  const words = status || (from ? 'in service' : '');
  return `${words}${from ? ` since ${from}` : ''}${to ? `, until ${to}` : ''}`;
}

/** What a reader must know before trusting the position or the facts. */
export function warnings(record) {
  const out = [];
  const p = String(record.precision ?? '');
  if (p === 'schematic' || p === 'approximate' || p === 'settlement') out.push(PRECISION[p]);
  if (record.confidence === 'low') out.push('low confidence in these facts');
  return out;
}

/** A few lines beside the pointer. */
export function tooltip(record, kindName) {
  const facts = [kindName, statusText(record)].filter(Boolean).join(' · ');
  const size = [];
  if (record.length_km !== undefined) size.push(quantity(record.length_km, 'km'));
  else if (record.published_km !== undefined) size.push(`${quantity(record.published_km, 'km')} as published`);
  if (record.capacity !== undefined) size.push(value(record, 'capacity'));
  if (record.gauge_mm !== undefined) size.push(`${record.gauge_mm} mm`);
  if (record.gauges_mm !== undefined) size.push(value(record, 'gauges_mm'));
  return h('div', { class: 'cm-tip' },
    h('strong', null, bdi(short(record.name))),
    h('div', null, short(facts, 120)),
    size.length > 0 && h('div', null, short(size.join(' · '), 120)),
    warnings(record).map((w) => h('div', { class: 'cm-warn' }, w)),
    record.source && h('div', { class: 'cm-src' }, 'Source: ', bdi(short(record.source, 80))));
}

/** Everything that is known, as a list of terms. */
export function card(record, kindName) {
  const rows = [];
  const row = (term, text, cls) => text !== '' && text !== undefined && text !== null
    && rows.push(h('dt', null, term), h('dd', { class: cls }, bdi(text)));
  row('Status', statusText(record));
  const aliases = Array.isArray(record.aliases) ? record.aliases : String(record.aliases ?? '').split('|');
  row('Also', aliases.filter(Boolean).join(' · '));
  for (const key of Object.keys(record)) {
    if (OWN.has(key)) continue;
    row(NAMES[key]?.[0] ?? label(key), value(record, key));
    if (key === 'published_km') row('', record.published_km_note);
  }
  const precision = record.precision ? PRECISION[record.precision] ?? record.precision : '';
  row('Precision', precision);
  row('Confidence', record.confidence, record.confidence === 'low' ? 'cm-warn' : null);
  row('Source', record.source);
  row('Note', record.note);
  return h('div', { class: 'cm-card-body' },
    h('h2', null, bdi(record.name)),
    h('p', { class: 'cm-kind' }, kindName),
    h('dl', null, rows));
}
