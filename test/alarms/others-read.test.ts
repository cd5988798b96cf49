import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { EcsFlat } from '@elastic/ecs';
import { describe, expect, test } from '@jest/globals';
import { withAttack } from '../../agent/alarms/formats/index.js';
import type { AlarmRecord } from '../../agent/alarms/index.js';
import { findProgram } from '../support/needs.js';
import { freePort, rsyslog } from '../support/rsyslog.js';
import { systemTest, tempDir, waitFor } from '../support/system.js';
import { told } from './told.js';

/**
 * The golden files, read by programs that we did not write: rsyslog's parser of RFC 5424 and its mmpstrucdata, liblognorm's
 * parser of CEF, the Elastic Common Schema as Elastic publishes it. For LEEF neither Debian nor the npm registry has a
 * parser: liblognorm reads it by its general ones. Of OCSF neither has the schema (there is no package `ocsf-schema`); what
 * its published class definitions require is looked at by hand.
 */
const records: readonly AlarmRecord[] = [...Object.values(told), withAttack(told.raise)];

function golden(name: string): readonly string[] {
  return readFileSync(`test/alarms/golden/${name}.txt`, 'utf8').split('\n').slice(0, -1);
}

/** Field by field what a record holds, as text. */
function fieldsOf(record: AlarmRecord): Readonly<Record<string, string>> {
  const entries = Object.entries(record).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(',') : `${value}`,
  ]);
  return Object.fromEntries(entries) as Readonly<Record<string, string>>;
}

systemTest(['rsyslogd'], 'RFC 5424: rsyslog reads the header, and every parameter of the structured data', async () => {
  const folder = tempDir();
  const port = await freePort();
  const output = join(folder, 'structured.jsonl');
  const server = rsyslog(folder, port, {
    before: `module(load="imtcp") module(load="mmpstrucdata")
template(name="read" type="list") { property(name="$!all-json") constant(value="\\n") }`,
    input: `input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="read")
ruleset(name="read" queue.type="Direct") {
  action(type="mmpstrucdata")
  action(type="omfile" file="${output}" template="read")
  call out
}`,
  });
  await server.start();
  const socket = connect(port, '127.0.0.1');
  for (const line of golden('rfc5424')) socket.write(`${Buffer.byteLength(line)} ${line}`);
  try {
    await waitFor(() => server.lines().length === records.length, { timeoutMs: 30_000, what: 'every message' });
  } finally {
    socket.destroy();
    await server.stop();
  }
  const read = readFileSync(output, 'utf8').split('\n').slice(0, -1);
  expect(read).toHaveLength(records.length);
  for (const [index, record] of records.entries()) {
    const header = server.lines()[index]!;
    expect(header).toMatchObject({ time: record.at, host: 'garde.example', app: 'ecluse', msgid: record.code });
    const { 'rfc5424-sd': data } = JSON.parse(read[index]!) as { readonly 'rfc5424-sd': Record<string, object> };
    // mmpstrucdata writes names in small letters.
    const { at: _, ...fields } = fieldsOf(record);
    const lower = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
    expect(data['ecluse@32473']).toEqual(lower);
  }
});

function normalized<T>(rule: string, lines: readonly string[]): readonly T[] {
  const rulebase = join(tempDir(), 'rules.rb');
  writeFileSync(rulebase, `version=2\nrule=:${rule}\n`);
  const input = lines.map((line) => `${line}\n`).join('');
  const read = spawnSync(findProgram('lognormalizer')!, ['-r', rulebase, '-e', 'json'], { input, encoding: 'utf8' });
  expect(read.stderr).toBe('');
  return read.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T);
}

systemTest(['lognormalizer'], 'CEF: liblognorm reads the header and every extension', () => {
  interface Read {
    readonly f: Readonly<Record<string, string>> & { readonly Extensions: Readonly<Record<string, string>> };
  }
  const read = normalized<Read>('%f:cef%', golden('cef'));
  expect(read).toHaveLength(records.length);
  for (const [index, { f }] of read.entries()) {
    const record = records[index]!;
    expect(f).toMatchObject({
      DeviceVendor: 'Ecluse',
      DeviceProduct: 'Ecluse',
      SignatureID: record.code,
      Name: record.title,
    });
    const { Extensions: extensions } = f;
    expect(extensions).toMatchObject({
      externalId: record.id,
      cat: record.stream,
      act: record.kind,
      msg: record.what ?? record.title,
      cs1: record.key,
      cs1Label: 'ecluseKey',
    });
    const values = new Set(Object.values(extensions));
    const { at, code, severity, title, firstSeen, lastSeen, resolvedAt, ...others } = fieldsOf(record);
    expect(Object.values(others).filter((value) => !values.has(value))).toEqual([]);
    expect(values.has(String(Date.parse(at ?? '')))).toBe(true);
  }
});

systemTest(['lognormalizer'], 'LEEF: liblognorm reads five header fields, the delimiter, and pairs', () => {
  interface Read {
    readonly event: string;
    readonly delimiter: string;
    readonly pairs: readonly { readonly name: string; readonly value: string }[];
  }
  const until = (name: string) => `%${name}:char-to:|%|`;
  const pair = [
    { type: 'char-to', name: 'name', extradata: '=' },
    { type: 'literal', text: '=' },
    { type: 'char-sep', name: 'value', extradata: '^' },
  ];
  const pairs = JSON.stringify({ parser: pair, while: [{ type: 'literal', text: '^' }] });
  const header = `LEEF:2.0|${['vendor', 'product', 'version', 'event', 'delimiter'].map(until).join('')}`;
  const read = normalized<Read>(`${header}%pairs:repeat${pairs}%`, golden('leef'));
  expect(read).toHaveLength(records.length);
  for (const [index, { event, delimiter, pairs: found }] of read.entries()) {
    const record = records[index]!;
    expect([event, delimiter]).toEqual([record.code, '^']);
    const values = Object.fromEntries(found.map(({ name, value }) => [name, value]));
    expect(values).toMatchObject({ cat: 'drift', externalId: record.id, devTime: String(Date.parse(record.at)) });
    const { at: _, id: __, code: ___, severity: ____, ...others } = fieldsOf(record);
    const written = Object.entries(others).map(([name, value]) => [name, value.replaceAll('^', '%5E')]);
    expect(values).toMatchObject(Object.fromEntries(written));
  }
});

interface Field {
  readonly type: string;
  readonly normalize: readonly string[];
  readonly allowed_values?: readonly { readonly name: string }[];
}

const schema = EcsFlat as unknown as Readonly<Record<string, Field>>;

/** Every value with its path; what stands under our own name is ours. */
function leaves(value: object, path = ''): readonly (readonly [string, unknown])[] {
  return Object.entries(value).flatMap(([name, one]: [string, unknown]) => {
    const place = path === '' ? name : `${path}.${name}`;
    if (place === 'ecluse') return [];
    return typeof one === 'object' && one !== null && !Array.isArray(one)
      ? leaves(one, place)
      : [[place, one] as const];
  });
}

const fits: Readonly<Record<string, (value: unknown) => boolean>> = {
  keyword: (value) => typeof value === 'string' && value.length <= 1024,
  wildcard: (value) => typeof value === 'string',
  match_only_text: (value) => typeof value === 'string',
  long: (value) => Number.isInteger(value),
  date: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
};

describe('ECS', () => {
  test.each(golden('ecs').map((line, index) => [records[index]!.kind, records[index]!.id, line]))(
    '%s %s: every field is one that Elastic publishes, of its type, with a value that it allows',
    (_kind, _id, line) => {
      const wrong = leaves(JSON.parse(line) as object).flatMap(([path, value]) => {
        const field = schema[path];
        if (!field) return [`${path}: no such field`];
        const values: readonly unknown[] = Array.isArray(value) ? value : [value];
        const allowed = field.allowed_values?.map(({ name }) => name);
        return [
          ...(field.normalize.includes('array') === Array.isArray(value) ? [] : [`${path}: a list, or not`]),
          ...values.filter((one) => !fits[field.type]?.(one)).map((one) => `${path}: ${one} is no ${field.type}`),
          ...values.filter((one) => allowed && !allowed.includes(String(one))).map((one) => `${path}: ${one}`),
        ];
      });
      expect(wrong).toEqual([]);
    },
  );
});

test.each(golden('ocsf').map((line, index) => [records[index]!.kind, records[index]!.id, line]))(
  'OCSF %s %s: what the published classes require is there',
  (_kind, _id, line) => {
    const event = JSON.parse(line) as Readonly<Record<string, unknown>> & {
      readonly class_uid: number;
      readonly activity_id: number;
      readonly finding_info: object;
      readonly metadata: object;
      readonly compliance?: object;
    };
    // Required of every event, then of findings, then of their parts (ocsf-schema: base_event, finding, metadata, compliance).
    const required = ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'];
    expect(Object.keys(event)).toEqual(expect.arrayContaining([...required, 'finding_info']));
    expect(Object.keys(event.finding_info)).toEqual(expect.arrayContaining(['title', 'uid']));
    expect(Object.keys(event.metadata)).toEqual(expect.arrayContaining(['product', 'version']));
    expect([2003, 2004]).toContain(event.class_uid);
    if (event.class_uid === 2003) expect(Object.keys(event.compliance!)).toContain('standards');
    expect([1, 2, 3]).toContain(event.activity_id);
    expect(event).toMatchObject({ category_uid: 2, type_uid: event.class_uid * 100 + event.activity_id });
    expect([1, 2, 3, 4]).toContain(event.status_id);
    expect([1, 2, 3, 4, 5]).toContain(event.severity_id);
  },
);
