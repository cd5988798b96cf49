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
  'certificate',
]);

/** What somebody sees of the device, kept with the administrator: it changes while one looks around. */
const display = new Set(['dashboard', 'dashboard-tabs', 'gui-dashboard']);

/** Lists in which one word is as good a place as another; what is proposed or preferred has an order. */
const withoutOrder = new Set([
  ...['member', 'exclude-member', 'srcaddr', 'dstaddr', 'srcaddr6', 'dstaddr6', 'service', 'srcintf', 'dstintf'],
  ...['interface', 'day', 'allowaccess', 'ip6-allowaccess', 'users', 'groups', 'tcp-portrange', 'udp-portrange'],
]);

/** Whether a setting holds a secret: by its key, or because the device shows it encrypted, anew at every reading. */
export function isSecret(key: string, values: readonly string[]): boolean {
  return values[0] === 'ENC' || secretKeys.test(key);
}

const secretKeys =
  /passwd|password|passphrase|secret|psk|private-key|-pwd$|api-key|token|hash$|^key$|-key$|^key-string$|^community$/;

/** The content of an object in the platform's words, the same for the same content whatever its name. */
export function contentOf(entry: Entry): string {
  const parts: string[] = [];
  for (const { key, values } of entry.settings.values()) {
    if (!values || notContent.has(key) || isSecret(key, values)) continue;
    const words = values.map(wordOf);
    parts.push([key, ...(withoutOrder.has(key) ? words.sort() : words)].join(' '));
  }
  for (const table of entry.tables.values())
    if (!display.has(table.path)) parts.push(`${table.path} {${contentOfTable(table)}}`);
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
