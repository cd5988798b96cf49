import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type AlarmRecord, type Format, formats, formatted } from '../../agent/alarms/index.js';
import { syslogMessage } from '../../agent/alarms/sinks/syslog/index.js';
import { parseSettings } from '../../agent/config/index.js';
import { certificates } from '../support/certificates.js';
import { findProgram } from '../support/needs.js';
import { systemTest, tempDir } from '../support/system.js';
import { told } from './told.js';

/** What the pages for SIEMs show is what the encoders say, and what they tell the SIEM to do with it works on that. */
const FOLDER = 'docs/siem';
const pages = readdirSync(FOLDER);
const version = '0.1.0';
/** Set, the samples are written anew. */
const rewrite = process.env.ECLUSE_GOLDEN === 'write';

const encoding = {
  facility: 'local4',
  enterprise: 32473,
  hostname: 'ecluse.example.org',
  appName: 'ecluse',
  processId: '42',
  byteOrderMark: true,
  version,
} as const;

/** `cef`: the record alone; `syslog-cef`: with its header, as a receiver gets it; `rfc5424`: the format of no name. */
function encoded(kind: string, record: AlarmRecord): string {
  if (kind === 'rfc5424') return syslogMessage(record, encoding).toString('utf8');
  const format = kind.replace(/^syslog-/, '') as Format;
  if (!formats.includes(format)) throw new Error(`no format ${kind}`);
  if (!kind.startsWith('syslog-')) return formatted(record, format, { version });
  return syslogMessage(record, { ...encoding, format }).toString('utf8');
}

function page(name: string): string {
  return readFileSync(join(FOLDER, name), 'utf8');
}

/** A fenced block by the words behind its fence, such as `rsyslog relp`. */
function block(name: string, info: string): string {
  const text = new RegExp(`^\`\`\`${info}\\n(?<text>[\\s\\S]*?)^\`\`\``, 'm').exec(page(name))?.groups?.text;
  if (text === undefined) throw new Error(`${name} has no block ${info}`);
  return text;
}

describe('samples', () => {
  const sample = /<!-- sample: (?<kind>\S+) (?<record>\w+) -->\n```(?<language>\w+)\n(?<text>[\s\S]*?)```/g;

  test.each(pages)('%s shows what the encoders say', (name) => {
    const text = page(name);
    const truth = text.replaceAll(sample, (...found) => {
      const { kind, record, language } = found.at(-1) as Readonly<Record<'kind' | 'record' | 'language', string>>;
      const line = encoded(kind, told[record as keyof typeof told]);
      return `<!-- sample: ${kind} ${record} -->\n\`\`\`${language}\n${line}\n\`\`\``;
    });
    if (rewrite) writeFileSync(join(FOLDER, name), truth);
    expect(page(name)).toBe(truth);
    expect([...text.matchAll(sample)].length).toBeGreaterThan(0);
  });

  test.each(pages)('%s configures a sink that there is', (name) => {
    const settings = parseSettings(block(name, 'yaml'), 'config.yaml');
    if (!settings.ok) throw new Error(settings.error.message);
    expect(settings.value.sinks).toHaveLength(1);
  });
});

describe('rsyslog', () => {
  for (const [name, info, needs] of [
    ['rsyslog.md', 'rsyslog relp', ['rsyslog-relp']],
    ['rsyslog.md', 'rsyslog tls', ['rsyslog-gnutls']],
    ['sekoia.md', 'rsyslog forward', ['rsyslog-relp']],
  ] as const) {
    systemTest(['rsyslogd', 'openssl', ...needs], `${name}, ${info}: rsyslog takes it`, () => {
      const folder = tempDir();
      certificates(folder);
      const configuration = join(folder, 'rsyslog.conf');
      const text = block(name, info)
        .replaceAll('/etc/ecluse/', `${folder}/`)
        .replaceAll('/var/spool/rsyslog', folder)
        .replaceAll('/var/log/', `${folder}/`);
      writeFileSync(configuration, text);
      const checked = spawnSync(findProgram('rsyslogd')!, ['-N1', '-f', configuration], { encoding: 'utf8' });
      expect(checked.stderr.replaceAll(/^rsyslogd: (?:version|End of config).*\n/gm, '')).toBe('');
      expect(checked.status).toBe(0);
    });
  }
});

function inside(text: string, tag: string): string {
  return new RegExp(`<${tag}[^>]*>(?<text>[\\s\\S]*?)</${tag}>`).exec(text)?.groups?.text ?? '';
}

describe('Wazuh', () => {
  const decoders = block('wazuh.md', 'xml decoder')
    .split('</decoder>')
    .filter((text) => text.includes('<decoder'));
  const rules = block('wazuh.md', 'xml rules')
    .split('</rule>')
    .filter((text) => text.includes('<rule'));

  /** As Wazuh's decoders of the type pcre2: the parent's prematch, then every child, each for its own fields. */
  function decode(line: string): Readonly<Record<string, string>> | undefined {
    const [parent, ...children] = decoders;
    const prematch = new RegExp(inside(parent!, 'prematch')).exec(line);
    if (!prematch) return undefined;
    const fields: Record<string, string> = {};
    for (const child of children) {
      const isBehind = child.includes('offset="after_parent"');
      const found = new RegExp(inside(child, 'regex')).exec(
        isBehind ? line.slice(prematch.index + prematch[0].length) : line,
      );
      const names = inside(child, 'order').split(', ');
      if (found) for (const [index, name] of names.entries()) fields[name] = found[index + 1]!;
    }
    return fields;
  }

  /** Ids of the rules below the first one that a record satisfies. */
  function matching(record: AlarmRecord): readonly string[] {
    const fields = decode(encoded('syslog-cef', record))!;
    return rules.slice(1).flatMap((rule) => {
      const conditions = [...rule.matchAll(/<field name="(?<name>[^"]+)" type="pcre2">(?<wanted>[^<]+)<\/field>/g)];
      const isMatch = conditions.every(({ groups }) => new RegExp(groups!.wanted!).test(fields[groups!.name!] ?? ''));
      return isMatch ? [/<rule id="(?<id>\d+)"/.exec(rule)!.groups!.id!] : [];
    });
  }

  test('the decoder reads what is told', () => {
    expect(decode(encoded('syslog-cef', told.raise))).toEqual({
      'ecluse.code': 'LEFT_OPEN',
      'ecluse.title': told.raise.title,
      'ecluse.severity': '10',
      'ecluse.id': told.raise.id,
      'ecluse.stream': 'alert',
      'ecluse.kind': 'raise',
      'ecluse.device': 'fw1',
      'ecluse.what': told.raise.what,
      'ecluse.key': told.raise.key,
      'ecluse.undo': told.raise.undo,
    });
    expect(decode(encoded('syslog-cef', told.hard))).toMatchObject({
      'ecluse.title': 'Resté ouvert \\| après = une \\\\ intervention ^ "fw1"',
      'ecluse.what': 'internet → « PACS » ] [ ^ \\= | \\\\ " 門',
    });
    expect(decode('<13>1 - - something else')).toBeUndefined();
  });

  test('each record satisfies the rule it should, and no other', () => {
    expect(matching(told.raise)).toEqual(['100501']);
    expect(matching({ ...told.hard, severity: 'high' })).toEqual(['100502']);
    expect(matching({ ...told.raise, severity: 'medium' })).toEqual(['100503']);
    expect(matching({ ...told.raise, severity: 'low' })).toEqual(['100504']);
    expect(matching(told.flood)).toEqual(['100501']);
    expect(matching(told.resolve)).toEqual(['100505']);
    expect(matching(told.remind)).toEqual(['100506']);
    expect(matching(told.refused)).toEqual([]);
  });

  test('rule ids are of those that Wazuh leaves to its users', () => {
    const ids = rules.map((rule) => Number(/id="(?<id>\d+)"/.exec(rule)!.groups!.id));
    expect(ids.every((id) => id >= 100_000 && id <= 120_000)).toBe(true);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('Splunk', () => {
  function setting(info: string, section: string, name: string): string {
    const part = block('splunk.md', info)
      .split(/^\[/m)
      .find((text) => text.startsWith(`${section}]`));
    return new RegExp(`^${name} = (?<value>.*)$`, 'm').exec(part ?? '')!.groups!.value!;
  }

  test('the time of a record is found where it stands', () => {
    const line = encoded('syslog-cef', told.raise);
    const prefix = new RegExp(setting('ini props', 'ecluse:cef', 'TIME_PREFIX')).exec(line)!;
    expect(line.slice(prefix[0].length).split(' ')[0]).toBe(told.raise.at);
    const aheadMax = Number(setting('ini props', 'ecluse:cef', 'MAX_TIMESTAMP_LOOKAHEAD'));
    expect(told.raise.at.length).toBeLessThanOrEqual(aheadMax);
  });

  test.each(Object.values(told))('the fields of $id are found', (record) => {
    const line = encoded('syslog-cef', record);
    const header = new RegExp(setting('ini transforms', 'ecluse_cef_header', 'REGEX')).exec(line)!;
    expect(header[2]).toBe(record.code);
    const pairs = line.matchAll(new RegExp(setting('ini transforms', 'ecluse_cef_pairs', 'REGEX'), 'g'));
    const fields = Object.fromEntries([...pairs].map((found) => [found[1], found[2]]));
    expect(fields).toMatchObject({ externalId: record.id, cat: record.stream, act: record.kind, cs1: record.key });
  });
});

test('Elastic: the pipeline is JSON, and names fields that there are', () => {
  const { processors } = JSON.parse(block('elastic.md', 'json pipeline')) as {
    readonly processors: readonly Readonly<Record<string, { readonly field?: string; readonly value?: string }>>[];
  };
  expect(processors.map((one) => Object.keys(one)[0])).toEqual(['date', 'set', 'set']);
  const record = JSON.parse(encoded('ecs', told.raise)) as { readonly '@timestamp': string; readonly event: object };
  expect(record).toMatchObject({
    '@timestamp': told.raise.at,
    event: { id: told.raise.id, kind: 'alert', module: 'ecluse' },
  });
});
