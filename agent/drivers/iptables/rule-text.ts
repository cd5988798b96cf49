import { recollection } from '../../lib/memo.js';
import { type Extracted, extractTail, type Lead, type Tail } from './extract.js';
import { quoting, splitWords, type Word } from './words.js';

/** A rule as it is read from its line; `broken`: the line is two that have run into each other. */
export type RuleRead =
  | { readonly kind: 'rule'; readonly extracted: Extracted; readonly counted: boolean }
  | { readonly kind: 'broken' | 'lost'; readonly reason: string };

type TailRead =
  | { readonly kind: 'tail'; readonly tail: Tail | string; readonly counted: boolean }
  | { readonly kind: 'broken' | 'lost'; readonly reason: string };

/** Of a rule set of a hundred thousand rules about five hundred differ behind the addresses. */
const TAILS_MAX = 4_096;
const tails = { plain: recollection<TailRead>(TAILS_MAX), shell: recollection<TailRead>(TAILS_MAX) } as const;

const LEADS_MAX = 16_384;
/** By their text, from the blank before them. */
const leads = recollection<Lead>(LEADS_MAX);
const none: readonly Lead[] = [];

/**
 * Reads what stands behind `-A CHAIN` in `text`, from the blank at `from`. The options at its beginning that nothing
 * else in a rule depends on (where the packet comes from and goes to) are cut off: what follows them is the same in
 * many rules, is read once and is shared by them.
 */
export function readRule(text: string, from: number, shell: boolean): RuleRead {
  let found: Lead[] | undefined;
  let at = from;
  for (let end = leadEnd(text, at); end > 0; end = leadEnd(text, at)) {
    const lead = leadOf(text.slice(at, end));
    if (lead === undefined) break;
    if (found === undefined) found = [lead];
    else found.push(lead);
    at = end;
  }
  const rest = text.slice(at);
  const known = shell ? tails.shell : tails.plain;
  let read = known.get(rest);
  if (read === undefined) {
    const words = splitWords(rest, shell);
    read = words ? readTail(rest, words) : { kind: 'lost', reason: 'a quote that is not closed' };
    known.set(rest, read);
  }
  return ruleOf(found ?? none, read);
}

/** The same of words that were cut already. */
export function readRuleWords(text: string, words: readonly Word[]): RuleRead {
  return ruleOf(none, readTail(text, words));
}

function ruleOf(found: readonly Lead[], read: TailRead): RuleRead {
  if (read.kind !== 'tail') return read;
  const { tail, counted } = read;
  const extracted: Extracted =
    typeof tail === 'string'
      ? { kind: 'lost', reason: tail }
      : { kind: 'rule', leads: found, tail, ip4: undefined, ip6: undefined };
  return { kind: 'rule', extracted, counted };
}

const BLANK = 32;
const BANG = 33;
const DASH = 45;
const LETTERS: ReadonlySet<number> = new Set([...'sdio'].map((letter) => letter.charCodeAt(0)));

/** Where an option such as ` -s 192.0.2.1` or ` ! -i eth0` ends that begins at `at`; 0 where none does. */
function leadEnd(text: string, at: number): number {
  let next = at + 1;
  if (text.charCodeAt(next) === BANG && text.charCodeAt(next + 1) === BLANK) next += 2;
  if (text.charCodeAt(at) !== BLANK || text.charCodeAt(next) !== DASH) return 0;
  if (!LETTERS.has(text.charCodeAt(next + 1)) || text.charCodeAt(next + 2) !== BLANK) return 0;
  const value = text.charCodeAt(next + 3);
  // The end (NaN), a second blank, a negation at its old place, or something odd: for who reads all words.
  if (!(value > BANG) || value === DASH) return 0;
  const end = text.indexOf(' ', next + 3);
  return end < 0 ? text.length : end;
}

function leadOf(text: string): Lead | undefined {
  const known = leads.get(text);
  if (known !== undefined) return known;
  // Quotes may go on behind the blank, and what looks like two lines is judged where all words are.
  if (quoting.test(text) || perhapsTwo.test(text)) return undefined;
  const inverted = text.charCodeAt(1) === BANG;
  const start = inverted ? 3 : 1;
  const name = leadNames[text.slice(start, start + 2) as keyof typeof leadNames];
  const lead: Lead = { name, inverted, value: text.slice(start + 3), ip4: undefined, ip6: undefined };
  leads.set(text, lead);
  return lead;
}

const leadNames = { '-s': 'source', '-d': 'destination', '-i': 'in-interface', '-o': 'out-interface' } as const;

/** Holds for every line in which one of the words below is; asked first, because nearly no line has one. */
const perhapsTwo = /[ \t]-[AINPXFDR](?:[ \t]|$)|[ \t]--(?:append|insert)|\[\d+:\d+\]|COMMIT|\*filter/;

function readTail(text: string, words: readonly Word[]): TailRead {
  // A second command within the line is two lines that have run into each other.
  if (
    perhapsTwo.test(text) &&
    words.some(
      ({ text: word, quoted }) =>
        !quoted &&
        (/^(?:-[AINPXFDR]|--append|--insert)$/.test(word) || /(?:^|\S)(?:\[\d+:\d+\]|COMMIT|\*filter)$/.test(word)),
    )
  ) {
    return { kind: 'broken', reason: 'two lines have run into each other' };
  }
  return { kind: 'tail', tail: extractTail(words), counted: / (?:-c|--set-counters) /.test(text) };
}
