import { type TimeBounds, ZONE_MS_MAX } from '../../model/index.js';
import type { Extension, OptionUse } from './extract.js';

const DATE = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?)?$/;

/**
 * When `-m time` begins and ends, to the second and with the last one. The dates are those of UTC unless an option says
 * that they go by the kernel's zone (`--kerneltz`, `--localtz` of old versions), which no listing shows. Hours and days
 * come again, and are asked between these bounds (time_mt in net/netfilter/xt_time.c).
 */
export function boundsOfTime({ options }: Extension): TimeBounds | undefined {
  if (options.some(({ known, name, inverted }) => !known || (inverted && name.startsWith('date')))) return undefined;
  const [from, last] = [instantOf(options, 'datestart'), instantOf(options, 'datestop')];
  if (from === 'unclear' || last === 'unclear' || (from === undefined && last === undefined)) return undefined;
  const isLocal = options.some(({ name }) => name === 'kerneltz' || name === 'localtz');
  const asksMore = options.some(({ name }) => !/^(?:datestart|datestop|utc|kerneltz|localtz|contiguous)$/.test(name));
  return {
    ...(from !== undefined && { fromMs: from }),
    ...(last !== undefined && { untilMs: last + 1000 }),
    ...(isLocal && { zoneMs: ZONE_MS_MAX }),
    ...(asksMore && { asksMore }),
  };
}

function instantOf(options: readonly OptionUse[], name: string): number | 'unclear' | undefined {
  const found = options.filter((option) => option.name === name);
  if (found.length === 0) return undefined;
  const text = found[0]!.values[0] ?? '';
  const at = DATE.test(text) ? Date.parse(text.includes('T') ? `${text}Z` : text) : Number.NaN;
  return found.length === 1 && Number.isFinite(at) ? at : 'unclear';
}
