import type { AlarmRecord } from '../record.js';
import { epochMs, fieldsBut, fieldText, PRODUCT, tenths } from './fields.js';

/**
 * The sixth field of LEEF 2.0 names the delimiter. A tab would be turned into `#011` by most syslog receivers on the
 * way, so it is a caret; LEEF has no escape for it, and a value's own caret is written as in an address.
 */
const DELIMITER = '^';

function attribute(text: string): string {
  return text.replaceAll(DELIMITER, '%5E');
}

const own = fieldsBut(['id', 'at', 'code', 'severity']);

export function leefText(record: AlarmRecord, { version }: { readonly version: string }): string {
  const header = ['LEEF:2.0', PRODUCT, PRODUCT, version, record.code].map((text) => text.replaceAll('|', '_'));
  const pairs: (readonly [string, string | number | undefined])[] = [
    // QRadar maps events by `cat` beside the event id: it stays one word, whatever language the texts are in.
    ['cat', 'drift'],
    ['sev', tenths[record.severity]],
    ['devTime', epochMs(record.at)],
    ['externalId', record.id],
    ...own.map((field) => [field, fieldText(record[field])] as const),
  ];
  const attributes = pairs.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${attribute(String(value))}`],
  );
  return `${header.join('|')}|${DELIMITER}|${attributes.join(DELIMITER)}`;
}
