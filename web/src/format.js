// Numbers as a reader wants them, with units.

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** A figure may be a number or {expected, p10, p90}. Returns {v, lo, hi}; v null if there is none. */
export function figure(value) {
  if (value === null || value === undefined) return { v: null, lo: null, hi: null };
  if (typeof value === 'object') {
    const ok = (n) => (typeof n === 'number' && Number.isFinite(n) ? n : null);
    return { v: ok(value.expected), lo: ok(value.p10), hi: ok(value.p90) };
  }
  return { v: typeof value === 'number' && Number.isFinite(value) ? value : null, lo: null, hi: null };
}

export function number(v) {
  if (v === null || v === undefined || !Number.isFinite(v)) return '–';
  return Math.abs(v) < 10 && v !== Math.round(v) ? tenth.format(v) : whole.format(v);
}

export const UNITS = { km: 'km', h: 'h', usd: 'USD', kg: 'kg CO₂e' };

/** "1,234 km"; "–" when unknown. */
export function quantity(v, unit) {
  const n = number(v);
  if (n === '–') return n;
  return unit === 'usd' ? `USD ${n}` : `${n} ${UNITS[unit] ?? unit}`;
}

/** "98–160 h", or '' where there is no range. */
export function range({ lo, hi }, unit) {
  if (lo === null || hi === null || lo === undefined || hi === undefined) return '';
  const text = `${number(lo)}–${number(hi)}`;
  return unit === 'usd' ? `USD ${text}` : `${text} ${UNITS[unit] ?? unit}`;
}

/** Hours in days, for what takes more than two. */
export function days(h) {
  return h !== null && h >= 48 ? `${tenth.format(h / 24)} days` : '';
}

/** "+120 (+8 %)", "=": a difference to the first of several; "" where one is not known. */
export function difference(v, base) {
  if (v === null || base === null) return '';
  const d = v - base;
  if (Math.abs(d) < 0.05) return '=';
  const sign = d > 0 ? '+' : '−';
  const share = base ? ` (${sign}${whole.format(Math.abs((d / base) * 100))} %)` : '';
  return `${sign}${number(Math.abs(d))}${share}`;
}

const COUNTRIES = typeof Intl.DisplayNames === 'function' ? new Intl.DisplayNames(['en'], { type: 'region' }) : null;

/** The name of a country by its ISO code; the code itself where there is none. */
export function country(code) {
  if (!code || !/^[A-Za-z]{2}$/.test(code)) return code ? String(code) : '';
  try {
    return COUNTRIES?.of(code.toUpperCase()) ?? code;
  } catch {
    return code;
  }
}

/** "break_of_gauge" -> "Break of gauge". */
export function label(kind) {
  const text = String(kind ?? '').replace(/_/g, ' ').trim();
  return text ? text[0].toUpperCase() + text.slice(1) : '';
}
