import { type Condition, not, type Unknown } from '../../model/index.js';
import type { Extension, OptionUse } from './extract.js';
import { statefulMatches } from './modules.js';
import { boundsOfTime } from './times.js';

/** The words of an extension, the same for the same content: what an unknown condition is identified by. */
export function extensionText({ name, options }: Extension): string {
  return [name, ...options.map(optionText)].join(' ');
}

export function optionText({ name, inverted, values }: OptionUse): string {
  return [...(inverted ? ['!'] : []), `--${name}`, ...values.map(quoteWhereNeeded)].join(' ');
}

function quoteWhereNeeded(value: string): string {
  return /^[\w.:,/+@%=-]+$/.test(value) ? value : JSON.stringify(value);
}

/**
 * A match that a packet does not decide. A single negated option is the negation of the plain one, so that a rule
 * and its opposite stay opposites.
 */
export function unknownMatch(extension: Extension): Condition {
  const [only, ...others] = extension.options;
  if (only?.inverted && others.length === 0) {
    return not(unknownMatch({ ...extension, options: [{ ...only, inverted: false }] }));
  }
  const alike = asNft(extension);
  const text = extensionText(extension);
  const stateful = statefulMatches.has(extension.name) ? { stateful: true } : {};
  if (alike) {
    const one: Condition = { kind: 'unknown', id: alike.id, text, ...stateful };
    return alike.negated ? not(one) : one;
  }
  const times = extension.name === 'time' ? boundsOfTime(extension) : undefined;
  const unrecognized = !extension.known || extension.options.some(({ known }) => !known);
  return {
    kind: 'unknown',
    id: `iptables match ${text}`,
    text,
    ...stateful,
    ...(unrecognized ? { unrecognized: true } : {}),
    ...(times && { times }),
    ...(asksBridge(extension) && { frame: { side: 'in', of: 'bridge', names: [] } }),
  };
}

/** A packet that came by no bridge has no port of one, and none of these holds (physdev_mt of xt_physdev.c). */
function asksBridge({ name, options }: Extension): boolean {
  return name === 'physdev' && options.every(({ known, inverted }) => known && !inverted);
}

/** What nft has the same question for, in its words: one condition in both languages is one unknown. */
function asNft({ name, options }: Extension): { readonly id: string; readonly negated?: true } | undefined {
  if (options.some(({ known, inverted }) => !known || inverted)) return undefined;
  const has = (word: string): boolean => options.some((option) => option.name === word);
  const value = (word: string): string => options.find((option) => option.name === word)?.values[0] ?? '';
  const only = options.length === 1 ? options[0]! : undefined;
  switch (name) {
    case 'owner': {
      const word = only && { 'uid-owner': 'skuid', 'gid-owner': 'skgid' }[only.name];
      return word && /^\d+$/.test(value(only.name)) ? { id: `meta ${word} ${value(only.name)}` } : undefined;
    }
    case 'limit': {
      const rate = /^(?<count>\d+)\/(?<unit>sec|second|min|minute|hour|day)/.exec(value('limit'))?.groups;
      const unit = { sec: 'second', min: 'minute' }[rate?.unit ?? ''] ?? rate?.unit;
      // Five where nothing is said (xt_limit.h).
      const burst = value('limit-burst') || '5';
      return rate ? { id: `limit rate ${rate.count}/${unit} burst ${burst} packets` } : undefined;
    }
    case 'pkttype': {
      const type = value('pkt-type') === 'host' ? 'unicast' : value('pkt-type');
      return only && /^(?:unicast|broadcast|multicast)$/.test(type) ? { id: `meta pkttype ${type}` } : undefined;
    }
    case 'rpfilter': {
      // What it lets through besides, nft asks in another question.
      if (has('accept-local')) return undefined;
      const keys = ['saddr', ...(has('validmark') ? ['mark'] : []), ...(has('loose') ? [] : ['iif'])];
      return { id: `fib ${keys.join(' . ')} oif missing`, ...(has('invert') ? {} : { negated: true }) };
    }
    default:
      return undefined;
  }
}

/** Words that were not understood within an extension that is known. */
export function unreadableMatch(extension: Extension): Condition {
  const text = extensionText(extension);
  return { kind: 'unknown', id: `iptables match ${text}`, text, unrecognized: true };
}

/** Every unknown within these conditions, in order. */
export function unknownsOf(conditions: readonly Condition[]): readonly Unknown[] {
  const found: Unknown[] = [];
  for (const condition of conditions) collectUnknowns(condition, found);
  return found;
}

function collectUnknowns(condition: Condition, found: Unknown[]): void {
  switch (condition.kind) {
    case 'unknown':
      found.push(condition);
      return;
    case 'not':
      collectUnknowns(condition.of, found);
      return;
    case 'all':
    case 'any':
      for (const part of condition.of) collectUnknowns(part, found);
      return;
    default:
  }
}
