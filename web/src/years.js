// What a thing is in a year: in service, expected, not yet there, gone.

/** Statuses that are not (yet) in service. */
export const PLANNED = new Set(['planned', 'proposed', 'construction', 'under construction', 'stalled']);

/**
 * Years of service count from the first to the last, both included.
 * @returns {'operating'|'planned'|'expected'|'closed'|'hidden'}
 *   planned: said to come, drawn dashed; expected: its year has come by the plan, drawn dashed too;
 *   closed: shown only when no year is asked; hidden: not drawn.
 */
export function stateIn(thing, year) {
  const status = String(thing.status ?? 'operating').toLowerCase();
  const planned = PLANNED.has(status);
  if (year === null || year === undefined) {
    if (planned) return 'planned';
    return status === 'closed' ? 'closed' : 'operating';
  }
  if (thing.to_y !== undefined && year > thing.to_y) return 'hidden';
  if (planned) return thing.from_y !== undefined && year >= thing.from_y ? 'expected' : 'planned';
  if (thing.from_y !== undefined && year < thing.from_y) return 'hidden';
  if (status === 'closed' && thing.to_y === undefined) return 'hidden';
  return 'operating';
}
