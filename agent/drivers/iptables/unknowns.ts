import { type Condition, not, type Unknown } from '../../model/index.js';
import type { Extension, OptionUse } from './extract.js';
import { statefulMatches } from './modules.js';

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
  const alike = only && others.length === 0 ? asNft(extension.name, only) : undefined;
  if (alike !== undefined) return { kind: 'unknown', id: alike, text: extensionText(extension) };
  const text = extensionText(extension);
  const unrecognized = !extension.known || extension.options.some(({ known }) => !known);
  return {
    kind: 'unknown',
    id: `iptables match ${text}`,
    text,
    ...(statefulMatches.has(extension.name) ? { stateful: true } : {}),
    ...(unrecognized ? { unrecognized: true } : {}),
  };
}

/** What nft has the same question for, in its words: one condition in both languages is one unknown. */
function asNft(extension: string, { name, values, known }: OptionUse): string | undefined {
  const [value = ''] = values;
  if (!known || values.length !== 1) return undefined;
  if (extension === 'owner' && /^\d+$/.test(value))
    return name === 'uid-owner' ? `meta skuid ${value}` : name === 'gid-owner' ? `meta skgid ${value}` : undefined;
  if (extension !== 'pkttype' || name !== 'pkt-type') return undefined;
  const type = value === 'host' ? 'unicast' : value;
  return /^(?:unicast|broadcast|multicast)$/.test(type) ? `meta pkttype ${type}` : undefined;
}

/** Words that were not understood within an extension that is known. */
export function unreadableMatch(extension: Extension): Condition {
  const text = extensionText(extension);
  return { kind: 'unknown', id: `iptables match ${text}`, text, unrecognized: true };
}

/** Every unknown within a condition, in order. */
export function unknownsOf(condition: Condition): readonly Unknown[] {
  switch (condition.kind) {
    case 'unknown':
      return [condition];
    case 'not':
      return unknownsOf(condition.of);
    case 'all':
    case 'any':
      return condition.of.flatMap(unknownsOf);
    default:
      return [];
  }
}
