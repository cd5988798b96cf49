import type { AlarmRecord } from '../record.js';
import { techniquesOf } from './attack.js';
import { fieldsBut, PRODUCT, tenths } from './fields.js';

const ECS_VERSION = '8.17.0';

const types: Readonly<Record<AlarmRecord['kind'], string>> = {
  raise: 'creation',
  update: 'change',
  remind: 'info',
  escalate: 'info',
  resolve: 'deletion',
  answer: 'info',
  heartbeat: 'info',
};

/** Those that have no place of their own in the Elastic Common Schema stand under our name. */
const own = fieldsBut([
  'id',
  'at',
  'code',
  'title',
  'what',
  'site',
  'device',
  'firstSeen',
  'resolvedAt',
  'severityBecause',
  'link',
]);

export function ecsText(record: AlarmRecord, { version }: { readonly version: string }): string {
  const techniques = record.attack === undefined ? [] : techniquesOf(record.code);
  return JSON.stringify({
    '@timestamp': record.at,
    message: `${record.code} ${record.severity}: ${record.what ?? record.title}`,
    ecs: { version: ECS_VERSION },
    event: {
      // Whatever is no alert must not stand in a queue of alerts.
      kind: record.stream === 'alert' ? 'alert' : 'event',
      category: ['configuration'],
      type: [types[record.kind]],
      module: 'ecluse',
      dataset: `ecluse.${record.stream}`,
      id: record.id,
      code: record.code,
      severity: tenths[record.severity],
      reason: record.severityBecause,
      start: record.firstSeen,
      end: record.resolvedAt,
      url: record.link,
    },
    rule: { id: record.code, name: record.title },
    observer: { vendor: PRODUCT, product: PRODUCT, type: 'drift-guard', version },
    ...(record.device !== undefined && { host: { name: record.device } }),
    ...(record.site !== undefined && { organization: { name: record.site } }),
    ...(techniques.length > 0 && {
      threat: {
        framework: 'MITRE ATT&CK',
        technique: { id: techniques.map(({ id }) => id), name: techniques.map(({ name }) => name) },
      },
    }),
    ecluse: Object.fromEntries(own.map((field) => [field, record[field]])),
  });
}
