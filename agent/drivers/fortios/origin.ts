import type { Origin } from '../../model/index.js';
import { isSecret, wordOf } from './content.js';
import type { Domain } from './network.js';
import type { Entry } from './tables.js';

/** Where an entry stands; its text is what would make it again, in one line, without what the device adds by itself. */
export function originOf(file: string, domain: Pick<Domain, 'name' | 'prefix'>, path: string, entry: Entry): Origin {
  return {
    file,
    line: entry.line,
    lastLine: entry.lastLine,
    rule: `${domain.prefix}${path} ${entry.name}`,
    text: textOf(entry),
  };
}

/** Entries of the same text share their settings, and have the same name. */
const texts = new WeakMap<Entry['settings'], string>();

function textOf(entry: Entry): string {
  if (entry.spansFrom === 0) return madeText(entry);
  let text = texts.get(entry.settings);
  if (text === undefined) {
    text = madeText(entry);
    texts.set(entry.settings, text);
  }
  return text;
}

function madeText(entry: Entry): string {
  const settings = [...entry.settings.values()]
    .filter(({ key, values }) => values !== undefined && key !== 'uuid' && !isSecret(key, values))
    .map(({ key, values = [] }) => `set ${[key, ...values.map(wordOf)].join(' ')}`);
  return [`edit ${wordOf(entry.name)}`, ...settings, 'next'].join('; ');
}
