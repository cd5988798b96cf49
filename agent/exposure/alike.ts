import type { Rule } from '../model/index.js';

/** Rules that have at least this share of their words in common are one rule that was changed. */
const ALIKE = 0.5;
/** In a larger place than this not each is compared with each: only those that share a word that few have, or stand near. */
const PAIRS_MAX = 100_000;
const RARE_MAX = 16;
const NEAR = 4;

/** A rule that was put in, and its number in its list. */
export interface Added {
  readonly index: number;
  readonly rule: Rule;
}

interface Pair {
  readonly index: number;
  readonly was: Rule;
  readonly score: number;
}

/** Which of the rules that stood at one place each of those that stand there now was, the most alike first. */
export function pairAlike(added: readonly Added[], gone: readonly Rule[]): ReadonlyMap<number, Rule> {
  const alone = added.length === 1 && gone.length === 1;
  const words = rememberedWords();
  const candidates = added.length * gone.length > PAIRS_MAX ? likely(added, gone, words) : () => gone;
  const scored = added.flatMap((one, at) =>
    candidates(one, at).flatMap((was): readonly Pair[] => {
      const score = likeness(was, one.rule, words);
      return score < ALIKE && !alone ? [] : [{ index: one.index, was, score }];
    }),
  );
  const pairs = new Map<number, Rule>();
  const taken = new Set<Rule>();
  // Stable: of equally alike ones the first of each stand together.
  for (const { index, was } of scored.sort((one, other) => other.score - one.score)) {
    if (pairs.has(index) || taken.has(was)) continue;
    pairs.set(index, was);
    taken.add(was);
  }
  return pairs;
}

type Words = (rule: Rule) => ReadonlySet<string>;

function rememberedWords(): Words {
  const known = new Map<Rule, ReadonlySet<string>>();
  return (rule) => {
    let words = known.get(rule);
    if (words === undefined) {
      words = valuesIn(rule.origin.text);
      known.set(rule, words);
    }
    return words;
  };
}

/** The words of a rule; of iptables without the names of its chain, options and extensions, which any two rules share. */
function valuesIn(text: string): ReadonlySet<string> {
  const words = text.split(/\s+/);
  if (words[0] !== '-A') return new Set(words);
  return new Set(words.filter((word, at) => at > 1 && !word.startsWith('-') && words[at - 1] !== '-m'));
}

/** The share of words that two rules have in common; 1 where the text is the same (with other members of a set). */
function likeness(a: Rule, b: Rule, words: Words): number {
  if (a.origin.text === b.origin.text) return 1;
  const [one, other] = [words(a), words(b)];
  let shared = 0;
  for (const word of one) if (other.has(word)) shared += 1;
  return Math.min(0.99, shared / (one.size + other.size - shared));
}

function likely(added: readonly Added[], gone: readonly Rule[], words: Words) {
  const places = new Map<string, number[]>();
  const note = (key: string, at: number): void => {
    const known = places.get(key);
    if (known) known.push(at);
    else places.set(key, [at]);
  };
  gone.forEach((rule, at) => {
    // No word has a space in it.
    note(` ${rule.origin.text}`, at);
    for (const word of words(rule)) note(word, at);
  });
  return ({ rule }: Added, at: number): readonly Rule[] => {
    const found = new Set(places.get(` ${rule.origin.text}`)?.slice(0, RARE_MAX));
    for (const word of words(rule)) {
      const those = places.get(word);
      if (those && those.length <= RARE_MAX) for (const one of those) found.add(one);
    }
    const beside = Math.floor((at * gone.length) / added.length);
    for (let near = Math.max(0, beside - NEAR); near <= beside + NEAR && near < gone.length; near += 1) found.add(near);
    return [...found].sort((one, other) => one - other).map((place) => gone[place]!);
  };
}
