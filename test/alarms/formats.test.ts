import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { withAttack } from '../../agent/alarms/formats/index.js';
import { type AlarmRecord, formats, formatted } from '../../agent/alarms/index.js';
import { syslogMessage } from '../../agent/alarms/sinks/syslog/index.js';
import { told } from './told.js';

const version = '0.1.0';
const records: readonly AlarmRecord[] = Object.values(told);

/** Set, the files are written anew; what changed is then seen in the difference. */
const rewrite = process.env.ECLUSE_GOLDEN === 'write';

function expectGolden(name: string, lines: readonly string[]): void {
  const path = `test/alarms/golden/${name}.txt`;
  const text = lines.map((line) => `${line}\n`).join('');
  if (rewrite) writeFileSync(path, text);
  expect(text).toBe(readFileSync(path, 'utf8'));
}

const encoding = {
  facility: 'local4',
  enterprise: 32473,
  hostname: 'garde.example',
  appName: 'ecluse',
  processId: '42',
  byteOrderMark: false,
  version,
} as const;

describe('golden files', () => {
  test.each(formats)('%s', (format) => {
    expectGolden(
      format,
      [...records, withAttack(told.raise)].map((record) => formatted(record, format, { version })),
    );
  });

  test('rfc5424', () => {
    expectGolden(
      'rfc5424',
      [...records, withAttack(told.raise)].map((record) => syslogMessage(record, encoding).toString('utf8')),
    );
  });
});

/** Keys and values of a CEF extension, read as its specification says: a value ends where the next key begins. */
function cefFields(line: string): Readonly<Record<string, string>> {
  const header = line.split(/(?<!\\)(?:\\\\)*\|/).slice(0, 7);
  const extension = line.slice(header.join('|').length + 1);
  const found = [...extension.matchAll(/(?<key>\w+)=(?<value>(?:[^\\=]|\\.)*?)(?= \w+=|$)/g)];
  return Object.fromEntries(
    found.map(({ groups }) => [groups!.key!, groups!.value!.replaceAll(/\\(?<char>[\\=])/g, '$<char>')]),
  );
}

describe('CEF', () => {
  test('has seven header fields, and values that read back as they were', () => {
    for (const record of records) {
      const line = formatted(record, 'cef', { version });
      const header = line.split(/(?<!\\)\|/).slice(0, 7);
      expect(header.slice(0, 5)).toEqual(['CEF:0', 'Ecluse', 'Ecluse', '0.1.0', record.code]);
      const fields = cefFields(line);
      expect(fields.cs1Label).toBe('ecluseKey');
      expect(fields).toMatchObject({ cs1: record.key, externalId: record.id, msg: record.what ?? record.title });
      expect(Number(fields.rt)).toBe(Date.parse(record.at));
    }
  });

  test.each([
    ['critical', '10'],
    ['high', '8'],
    ['medium', '6'],
    ['low', '3'],
    ['info', '1'],
  ] as const)('says %s as %s', (severity, number) => {
    expect(formatted({ ...told.raise, severity }, 'cef', { version }).split('|')[6]).toBe(number);
  });
});

describe('LEEF', () => {
  test('names its delimiter, which no value holds', () => {
    const line = formatted(told.hard, 'leef', { version });
    expect(line.split('|').slice(0, 6)).toEqual(['LEEF:2.0', 'Ecluse', 'Ecluse', '0.1.0', 'LEFT_OPEN', '^']);
    const attributes = line.split('|').slice(6).join('|').split('^');
    expect(attributes.every((one) => /^\w+=/.test(one))).toBe(true);
    expect(attributes).toContain('cat=drift');
    expect(attributes).toContain('what=internet → « PACS » ] [ %5E = | \\ " 門');
  });
});

describe('ECS', () => {
  const ecs = (record: AlarmRecord) => JSON.parse(formatted(record, 'ecs', { version })) as Record<string, unknown>;

  test('only an alert is an alert', () => {
    expect(records.map((record) => (ecs(record).event as { readonly kind: string }).kind)).toEqual([
      'alert',
      'alert',
      'event',
      'alert',
      'alert',
      'event',
      'alert',
      'event',
    ]);
  });

  test('names techniques only where it is asked to', () => {
    expect(ecs(told.raise).threat).toBeUndefined();
    expect(ecs(withAttack(told.raise)).threat).toMatchObject({
      technique: { id: ['T1562.004', 'T1686.002', 'T1133'] },
    });
  });
});

describe('OCSF', () => {
  const ocsf = (record: AlarmRecord) => JSON.parse(formatted(record, 'ocsf', { version })) as Record<string, unknown>;

  test('an alarm is a Detection Finding through its life, an answer to a checklist a Compliance Finding', () => {
    const seen = records.map((record) => {
      const { class_uid, activity_id, type_uid, status_id } = ocsf(record);
      return { class_uid, activity_id, type_uid, status_id };
    });
    expect(seen).toEqual([
      { class_uid: 2004, activity_id: 1, type_uid: 200401, status_id: 1 },
      { class_uid: 2004, activity_id: 2, type_uid: 200402, status_id: 2 },
      { class_uid: 2004, activity_id: 2, type_uid: 200402, status_id: 1 },
      { class_uid: 2004, activity_id: 3, type_uid: 200403, status_id: 4 },
      { class_uid: 2004, activity_id: 2, type_uid: 200402, status_id: 3 },
      { class_uid: 2004, activity_id: 2, type_uid: 200402, status_id: 1 },
      { class_uid: 2004, activity_id: 2, type_uid: 200402, status_id: 1 },
      { class_uid: 2003, activity_id: 1, type_uid: 200301, status_id: 1 },
    ]);
    expect(ocsf(told.refused).compliance).toMatchObject({ status_id: 3, status: 'Fail' });
  });

  test('a waived alarm is suppressed', () => {
    expect(ocsf({ ...told.hard, waivedUntil: '2026-12-24T00:00:00.000+01:00' }).status_id).toBe(3);
  });
});

/** Where each format keeps addresses that a SIEM compares with lists of attackers. */
const hunted =
  /(?:^|[ ^|{,"])(?:src|dst|sourceAddress|destinationAddress|source|destination|src_endpoint|dst_endpoint)["]?[=:]/;

test.each(formats)('%s: the witness stands in a field of our own and nowhere else', (format) => {
  const line = formatted(told.raise, format, { version });
  expect(line.split('198.51.100.10')).toHaveLength(2);
  expect(line).not.toMatch(hunted);
});
