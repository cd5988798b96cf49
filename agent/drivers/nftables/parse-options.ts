/** Reads the statements that carry options of their own: log, limit, quota, reject, queue. */
import type { Statement, Verdict } from './ast.js';
import { parseComputed } from './parse-expression.js';
import {
  isWord,
  Misread,
  needName,
  needSymbol,
  needWord,
  next,
  peek,
  type Reader,
  takeSymbol,
  takeWord,
} from './reader.js';
import { expressionText } from './render.js';

export function parseLog(reader: Reader): Statement {
  const words = [next(reader).text];
  for (;;) {
    const option = takeWord(reader, 'prefix', 'level', 'group', 'snaplen', 'queue-threshold', 'flags');
    if (!option) return { kind: 'sideEffect', text: words.join(' ') };
    words.push(option);
    if (option !== 'flags') {
      const argument = peek(reader);
      words.push(argument.kind === 'string' ? `"${next(reader).text}"` : needName(reader, 'an argument'));
      continue;
    }
    const flag = needWord(reader, 'a log flag', 'tcp', 'ip', 'skuid', 'ether', 'all');
    words.push(flag);
    if (flag === 'ip') words.push(needWord(reader, '“options”', 'options'));
    if (flag === 'tcp') {
      do words.push(needWord(reader, 'sequence or options', 'sequence', 'options'));
      while (takeSymbol(reader, ','));
    }
  }
}

const bytes: Readonly<Record<string, number>> = { bytes: 1, kbytes: 1024, mbytes: 1024 ** 2, gbytes: 1024 ** 3 };

/** A number of packets, or of bytes in any unit. */
function amount(reader: Reader): { readonly count: number; readonly unit: 'packets' | 'bytes' } {
  const token = peek(reader);
  const word = needWord(reader, 'a number');
  // nft also takes the unit without a blank: `10mbytes`.
  const parts = /^(?<count>\d{1,15})(?<unit>[a-z]*)$/.exec(word)?.groups;
  if (!parts) throw new Misread(token, 'a number');
  const unit = parts.unit || takeUnit(reader) || 'packets';
  const factor = Object.hasOwn(bytes, unit) ? bytes[unit] : undefined;
  return factor
    ? { count: Number(parts.count) * factor, unit: 'bytes' }
    : { count: Number(parts.count), unit: 'packets' };
}

/** The lexer takes `mbytes/second` for one name; the slash goes back as the separator it is. */
function takeUnit(reader: Reader): string | undefined {
  const unit = takeWord(reader, 'packets', ...Object.keys(bytes));
  if (unit) return unit;
  const parts = /^(?<unit>[kmg]?bytes|packets)\/(?<per>\w+)$/.exec(peek(reader).text)?.groups;
  if (!parts || !isWord(peek(reader))) return undefined;
  const token = next(reader);
  reader.lex.expand([
    { ...token, kind: 'symbol', text: '/' },
    { ...token, text: parts.per! },
  ]);
  return parts.unit;
}

export interface Rate {
  readonly over: boolean;
  readonly count: number;
  readonly unit: 'packets' | 'bytes';
  readonly per: string;
  readonly burst: number;
}

/** One spelling for both forms. The kernel's default burst, 5 packets or none in bytes, is not printed by all versions. */
export function rateText(rate: Rate): string {
  const unit = rate.unit === 'bytes' ? ' bytes' : '';
  return `limit rate ${rate.over ? 'over ' : ''}${rate.count}${unit}/${rate.per} burst ${rate.burst} ${rate.unit}`;
}

export function quotaText(over: boolean, count: number): string {
  return `quota ${over ? 'over ' : ''}${count} bytes`;
}

/** What stands behind `limit`: `rate over 10/second burst 5 packets`. */
export function parseRate(reader: Reader): string {
  needWord(reader, '“rate”', 'rate');
  const over = takeWord(reader, 'over', 'until') === 'over';
  const rate = amount(reader);
  needSymbol(reader, '/');
  const per = needWord(reader, 'a time', 'second', 'minute', 'hour', 'day', 'week');
  const burst = takeWord(reader, 'burst') ? amount(reader).count : rate.unit === 'packets' ? 5 : 0;
  return rateText({ over, ...rate, per, burst });
}

export function parseQuotaAmount(reader: Reader): string {
  const over = takeWord(reader, 'over', 'until') === 'over';
  const { count } = amount(reader);
  if (takeWord(reader, 'used')) amount(reader);
  return quotaText(over, count);
}

export function parseLimit(reader: Reader): Statement {
  next(reader);
  if (takeWord(reader, 'name'))
    return { kind: 'meter', text: 'limit', object: { kind: 'limit', name: parseComputed(reader) } };
  return { kind: 'meter', text: parseRate(reader) };
}

export function parseQuota(reader: Reader): Statement {
  next(reader);
  if (takeWord(reader, 'name'))
    return { kind: 'meter', text: 'quota', object: { kind: 'quota', name: parseComputed(reader) } };
  return { kind: 'meter', text: parseQuotaAmount(reader) };
}

export function parseReject(reader: Reader): Statement {
  next(reader);
  if (!takeWord(reader, 'with')) return { kind: 'reject' };
  const type = needWord(reader, 'an answer', 'icmp', 'icmpv6', 'icmpx', 'tcp');
  if (type === 'tcp') return { kind: 'reject', answer: `tcp ${needWord(reader, '“reset”', 'reset')}` };
  takeWord(reader, 'type');
  return { kind: 'reject', answer: `${type} ${needWord(reader, 'an ICMP code')}` };
}

/** `queue num 1-3 bypass,fanout` (to nft 0.9) and `queue flags bypass,fanout to 1-3`, spelt as the second. */
export function parseQueue(reader: Reader): Verdict {
  next(reader);
  const flags: string[] = [];
  let to = '';
  for (;;) {
    if (takeWord(reader, 'flags') || isWord(peek(reader), 'bypass', 'fanout')) {
      do flags.push(needWord(reader, 'a queue flag', 'bypass', 'fanout'));
      while (takeSymbol(reader, ','));
    } else if (takeWord(reader, 'num', 'to')) to = expressionText(parseComputed(reader));
    else return { kind: 'queue', text: queueText(flags, to) };
  }
}

export function queueText(flags: readonly string[], to: string): string {
  return ['queue', ...(flags.length > 0 ? ['flags', flags.join(',')] : []), ...(to === '' ? [] : ['to', to])].join(' ');
}
