/** What rules remember of packets: lists of `-m recent`, and sets that `-j SET` fills. */
import { createHash } from 'node:crypto';
import type { TableSource } from './convert.js';
import type { Extension, RuleParts } from './extract.js';
import { extensionText, optionText } from './unknowns.js';

export const DEFAULT_LIST = 'DEFAULT';

/** The list that `-m recent` is about; `-j SET` names its sets itself. */
export function recentList({ options }: Extension): string {
  return options.find(({ name }) => name === 'name')?.values[0] ?? DEFAULT_LIST;
}

/** What rules let into a list or set: its identity, and a few words for people. */
export interface Filler {
  readonly id: string;
  readonly text: string;
}

/**
 * By `recent NAME` and `set NAME`, what puts packets' addresses there: whoever asks for them asks for what these rules
 * let in. Their own names, and where they stand, are no part of it.
 */
export function fillersOf(sources: readonly TableSource[]): ReadonlyMap<string, Filler> {
  const rules = new Map<string, Map<string, string>>();
  const note = (place: string, text: string, shown: string): void => {
    const known = rules.get(place) ?? new Map<string, string>();
    rules.set(place, known.set(text, shown));
  };
  for (const { family, chains } of sources) {
    for (const chain of chains) {
      for (const { extracted, text: shown } of chain.rules) {
        if (extracted?.kind !== 'rule') continue;
        const { matches, target } = extracted.tail;
        const text = (): string => `${family} ${fillerText(extracted)}`;
        for (const match of matches) {
          if (match.name === 'recent' && match.options.some(({ name }) => /^(?:set|update|remove)$/.test(name)))
            note(`recent ${recentList(match)}`, text(), shown);
        }
        if (target?.name !== 'SET') continue;
        for (const { name, values } of target.options)
          if (/^(?:add|del)-set$/.test(name)) note(`set ${values[0]!}`, text(), shown);
      }
    }
  }
  return new Map([...rules].map(([place, texts]) => [place, fillerOf(texts)]));
}

function fillerText({ leads, tail }: RuleParts): string {
  const { core, matches, target } = tail;
  const asked = matches
    .filter(({ name }) => name !== 'comment')
    .map((match) => extensionText({ ...match, options: match.options.filter(({ name }) => name !== 'name') }));
  const done = target?.name === 'SET' ? target.options.map(({ name, values }) => `${name} ${values[1] ?? ''}`) : [];
  const first = leads.map(({ name, inverted, value }) => optionText({ name, inverted, values: [value], known: true }));
  return [...first, ...core.map(optionText), ...asked, ...done].join(' ');
}

const SHOWN_MAX = 80;

function fillerOf(rules: ReadonlyMap<string, string>): Filler {
  const texts = [...rules.keys()].sort();
  const first = rules.get(texts[0]!)!;
  const shown = first.length > SHOWN_MAX ? `${first.slice(0, SHOWN_MAX - 1)}…` : first;
  const more = texts.length > 1 ? ` and ${texts.length - 1} more` : '';
  return { id: digest(texts.join('\n')), text: `filled by “${shown}”${more}` };
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 20);
