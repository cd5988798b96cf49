import type { Entry, Table } from './tables.js';

/** Names, notes and what the device makes anew at every reading: no part of what an object is. */
const notContent = new Set([
  'uuid',
  'comment',
  'comments',
  'color',
  'visibility',
  'description',
  'fabric-object',
  'global-object',
  'associated-interface',
  'snmp-index',
  'password',
  'passwd',
  'private-key',
  'certificate',
]);

/** The content of an object in the platform's words, the same for the same content whatever its name. */
export function contentOf(entry: Entry): string {
  const parts: string[] = [];
  for (const { key, values } of entry.settings.values()) {
    // An encrypted value is another one each time it is shown.
    if (!values || notContent.has(key) || values[0] === 'ENC') continue;
    parts.push([key, ...values.map(wordOf)].join(' '));
  }
  for (const table of entry.tables.values()) parts.push(`${table.path} {${contentOfTable(table)}}`);
  return parts.sort().join(', ') || '(default)';
}

function contentOfTable({ own, entries }: Table): string {
  const self = own.settings.size + own.tables.size > 0 ? [contentOf(own)] : [];
  return [...self, ...entries.map((entry) => `${wordOf(entry.name)}: ${contentOf(entry)}`)].join('; ');
}

/** A word as FortiOS would read it back: bare where that is safe, else in double quotes. */
export function wordOf(word: string): string {
  return /^[\w.:,/+@%*-]+$/.test(word) ? word : `"${word.replace(/[\\"]/g, '\\$&')}"`;
}
