import type { AlarmRecord } from '../record.js';
import { epochMs, fieldsBut, fieldText, PRODUCT, tenths } from './fields.js';

/** CEF 0: in the header `|` and `\` are escaped, in the extension `=` and `\`; nothing else is, in either. */
function headerField(text: string): string {
  return text.replaceAll(/[\\|]/g, '\\$&');
}

function extensionValue(text: string): string {
  return text.replaceAll(/[\\=]/g, '\\$&');
}

/** The dictionary's numbered custom fields, each with its label, in the order of their numbers. */
const custom = [
  ['cs1', 'key'],
  ['cs2', 'site'],
  ['cs3', 'window'],
  ['cs4', 'vendor'],
  ['cs5', 'ticket'],
  ['cs6', 'witness'],
  ['cn1', 'minutesOpen'],
  ['cn2', 'minutesSinceWindowEnd'],
  ['cn3', 'reminder'],
  ['flexString1', 'place'],
  ['flexString2', 'undo'],
] as const satisfies readonly (readonly [string, keyof AlarmRecord])[];

/** For these the dictionary has no field; a producer's own names begin with its product's. */
const own = fieldsBut([
  ...custom.map(([, field]) => field),
  'id',
  'kind',
  'stream',
  'at',
  'code',
  'severity',
  'title',
  'what',
  'device',
  'firstSeen',
  'lastSeen',
  'count',
  'severityBecause',
]);

function ownName(field: string): string {
  return `ecluse${field.charAt(0).toUpperCase()}${field.slice(1)}`;
}

export function cefText(record: AlarmRecord, { version }: { readonly version: string }): string {
  const header = ['CEF:0', PRODUCT, PRODUCT, version, record.code, record.title].map(headerField);
  const pairs: (readonly [string, string | number | undefined])[] = [
    ['rt', epochMs(record.at)],
    ['start', epochMs(record.firstSeen)],
    ['end', epochMs(record.resolvedAt ?? record.lastSeen)],
    ['externalId', record.id],
    ['cat', record.stream],
    ['act', record.kind],
    ['cnt', record.count],
    // The device that is watched; the reporting product is in the header.
    ['dvchost', record.device],
    ['msg', record.what ?? record.title],
    ['reason', record.severityBecause],
    ...custom.flatMap(([name, field]) =>
      record[field] === undefined
        ? []
        : [[name, fieldText(record[field])] as const, [`${name}Label`, ownName(field)] as const],
    ),
    ...own.map((field) => [ownName(field), fieldText(record[field])] as const),
  ];
  const extension = pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${extensionValue(String(value))}`],
  );
  return `${[...header, tenths[record.severity]].join('|')}|${extension.join(' ')}`;
}
