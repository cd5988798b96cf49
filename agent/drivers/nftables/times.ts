import { type TimeBounds, ZONE_MS_MAX } from '../../model/index.js';
import type { Comparison, Expression } from './ast.js';

const DATE = /^(?<day>\d{4}-\d{2}-\d{2}) (?<time>\d{2}:\d{2}:\d{2})$/;

/**
 * Between which instants `meta time` holds. nft shows them in the time zone of its own process and does not say which
 * that is (date_type_print in src/meta.c), in JSON too and whatever `-T` says. `meta hour` and `meta day` come again.
 */
export function boundsOfTime(left: Expression, operator: Comparison, right: Expression): TimeBounds | undefined {
  if (left.kind !== 'selector' || left.name !== 'meta time') return undefined;
  const zone = { zoneMs: ZONE_MS_MAX };
  if (right.kind === 'range') {
    const [fromMs, last] = [instantOf(right.first), instantOf(right.last)];
    const equal = operator === '==' || operator === 'implicit';
    return equal && fromMs !== undefined && last !== undefined ? { fromMs, untilMs: last + 1, ...zone } : undefined;
  }
  const at = right.kind === 'value' ? instantOf(right.text) : undefined;
  if (at === undefined) return undefined;
  switch (operator) {
    case '>':
    case '>=':
      return { fromMs: at, ...zone };
    case '<':
      return { untilMs: at, ...zone };
    case '<=':
      return { untilMs: at + 1, ...zone };
    default:
      return undefined;
  }
}

/** As if the zone were UTC. */
function instantOf(text: string): number | undefined {
  const found = DATE.exec(text)?.groups;
  const at = found ? Date.parse(`${found.day}T${found.time}Z`) : Number.NaN;
  return Number.isFinite(at) ? at : undefined;
}
