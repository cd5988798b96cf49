import type { AlarmRecord } from '../record.js';
import { techniquesOf } from './attack.js';
import { epochMs, fieldsBut, PRODUCT } from './fields.js';

const OCSF_VERSION = '1.4.0';
const FINDINGS = 2;
const COMPLIANCE_FINDING = 2003;
const DETECTION_FINDING = 2004;

const severities: Readonly<Record<AlarmRecord['severity'], number>> = {
  critical: 5,
  high: 4,
  medium: 3,
  low: 2,
  info: 1,
};

const CREATE = 1;
const UPDATE = 2;
const CLOSE = 3;

const activities: Readonly<Record<AlarmRecord['kind'], number>> = {
  raise: CREATE,
  update: UPDATE,
  remind: UPDATE,
  escalate: UPDATE,
  resolve: CLOSE,
  answer: CREATE,
  heartbeat: CREATE,
};

/** What became of a window that was to be shut, as the checklist needs it: `2` warns, `3` fails. */
const attestations: Readonly<Record<string, 2 | 3>> = {
  CLOSED_UNSIGNED: 2,
  CLOSURE_REFUSED: 3,
  WINDOW_NOT_CLOSED: 3,
};
const attestationWords = { 1: 'Pass', 2: 'Warning', 3: 'Fail' } as const;

function statusOf(record: AlarmRecord): number {
  if (record.kind === 'resolve') return 4;
  if (record.waivedUntil !== undefined) return 3;
  return record.acknowledgedBy === undefined ? 1 : 2;
}

/** Those that have no place of their own in the schema. */
const own = fieldsBut([
  'key',
  'id',
  'at',
  'code',
  'severity',
  'title',
  'what',
  'device',
  'firstSeen',
  'lastSeen',
  'resolvedAt',
  'count',
  'certainty',
  'undo',
  'remedy',
  'link',
]);

function complianceOf(record: AlarmRecord, fails: 2 | 3): object {
  const status = record.kind === 'resolve' ? 1 : fails;
  return {
    control: 'Everything a change window opened is shut at its end',
    standards: ['Change windows of the hospital'],
    requirements: [record.code],
    status_id: status,
    status: attestationWords[status],
  };
}

export function ocsfText(record: AlarmRecord, { version }: { readonly version: string }): string {
  const fails = attestations[record.code];
  const classId = fails === undefined ? DETECTION_FINDING : COMPLIANCE_FINDING;
  const activity = activities[record.kind];
  const techniques = record.attack === undefined ? [] : techniquesOf(record.code);
  const remedy = record.undo ?? record.remedy;
  const isDetection = classId === DETECTION_FINDING;
  return JSON.stringify({
    class_uid: classId,
    category_uid: FINDINGS,
    activity_id: activity,
    type_uid: classId * 100 + activity,
    time: epochMs(record.at),
    severity_id: severities[record.severity],
    status_id: statusOf(record),
    message: `${record.code} ${record.severity}: ${record.what ?? record.title}`,
    count: record.count,
    metadata: {
      version: OCSF_VERSION,
      product: { name: PRODUCT, vendor_name: PRODUCT, version },
      uid: record.id,
      event_code: record.code,
      log_name: record.stream,
    },
    ...(isDetection && { is_alert: record.stream === 'alert' }),
    ...(isDetection && record.certainty && { confidence_id: record.certainty === 'certain' ? 3 : 2 }),
    finding_info: {
      uid: record.key,
      title: record.title,
      desc: record.what,
      types: [record.code],
      first_seen_time: epochMs(record.firstSeen),
      last_seen_time: epochMs(record.lastSeen),
      created_time: epochMs(record.firstSeen),
      src_url: record.link,
      ...(techniques.length > 0 && {
        attacks: techniques.map(({ id, name, versions }) => ({ technique: { uid: id, name }, version: versions })),
      }),
    },
    ...(fails !== undefined && { compliance: complianceOf(record, fails) }),
    ...(record.resolvedAt !== undefined && { end_time: epochMs(record.resolvedAt) }),
    ...(remedy !== undefined && { remediation: { desc: remedy } }),
    ...(record.device !== undefined && { resources: [{ name: record.device, type: 'firewall or host' }] }),
    unmapped: Object.fromEntries(own.map((field) => [field, record[field]])),
  });
}
