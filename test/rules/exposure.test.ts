import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { loadRules } from '../../agent/app/rules.js';
import {
  exampleContext,
  exampleSubject,
  failingExamples,
  findingCodes,
  parseExposureRule,
  riskOf,
  rulesOfExample,
  severityOf,
} from '../../agent/judge/index.js';
import { problemText } from '../../agent/lib/result.js';
import { contextOf, guardOf, subject } from '../support/guard.js';
import { rules, services } from '../support/services.js';

const shipped = rules();
const context = exampleContext(shipped);
const place = { place: () => ({}) };

describe('the rules that come with Écluse', () => {
  test.each(shipped.exposures.map((rule) => [rule.id, rule] as const))('%s says what its examples say', (_id, rule) => {
    const { match, not } = rule.examples;
    const speaks = (list: typeof match) =>
      list.map((example) => rulesOfExample(example, context).some(({ id }) => id === rule.id));
    expect(speaks(match)).toEqual(match.map(() => true));
    expect(speaks(not)).toEqual(not.map(() => false));
  });

  test('have their page in both languages, in different words', () => {
    const same = shipped.exposures.filter(({ title, why, shut }) => [title, why, shut].some(({ en, fr }) => en === fr));
    expect(same.map(({ id }) => id)).toEqual([]);
    expect(shipped.exposures.length).toBeGreaterThanOrEqual(30);
  });

  test('leave every severity of traffic as risk() has it: the semantics of the scenarios are not theirs to change', () => {
    const parties = ['internet', 'any', '198.51.100.7', '198.51.100.0/24', 'vendor-vpn', 'lan-admin', 'wifi-guest'];
    const places = ['web', 'pacs', 'fw', 'srv-clinical', 'backup', 'lan-admin', 'internet', '198.51.100.9'];
    const ports = ['any', '443', '104', '3389', '22', '500', '53', '47808', '50001', '5000-6000'];
    const wrong: string[] = [];
    for (const kind of ['rule', 'listener', 'engine'] as const) {
      for (const src of parties) {
        for (const dst of places) {
          for (const port of ports) {
            for (const proto of ['tcp', 'udp']) {
              const one = exampleSubject({ ...place, kind, src, dst, proto, ports: port });
              const { rules: _, ...rated } = severityOf(one, context);
              const risk = riskOf(one, context);
              if (rated.severity !== risk.severity || rated.because !== risk.because) wrong.push(one.summary);
            }
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('rate each access fact as docs/codes.md says', () => {
    const codes = shipped.exposures.flatMap(({ when }) => when.access ?? []);
    expect(codes).toHaveLength(9);
    for (const code of codes) {
      const rated = severityOf(exampleSubject({ ...place, kind: 'fact', access: code }), context);
      // One code may also stand for an opening, which has a risk of its own.
      const { severity } = findingCodes[code as keyof typeof findingCodes];
      expect([code, rated.severity]).toEqual([code, severity.split(' ').at(-1)]);
    }
  });

  test('stand in docs/rules.md, whose own example is one', () => {
    const page = readFileSync('docs/rules.md', 'utf8');
    const rows = shipped.exposures.map(({ id, title, severity }) => {
      const level = severity.kind === 'risk' ? 'risk' : severity.level;
      return `| \`${id}\` | ${level} | ${title.en} | ${title.fr} |`;
    });
    expect(page.split('\n').filter((line) => line.startsWith('| `') && line.split('|').length === 6)).toEqual(rows);
    const example = /```yaml\n(?<yaml>[^`]*)```/.exec(page)!.groups!.yaml!;
    const source = { file: 'docs/rules.md', name: 'visitors-web', own: true, services: services() };
    const rule = parseExposureRule(example, source);
    if (!rule.ok) throw new Error(problemText(rule.error));
    expect(failingExamples({ ...shipped, exposures: [rule.value] })).toEqual([]);
  });

  test('are named with the finding', () => {
    const guard = guardOf();
    guard.read(1, 'fw', subject({ id: 'viewer', dst: 'pacs', ports: '8042' }));
    expect(guard.finding('fw/viewer')?.rules).toEqual(['exposed-to-internet', 'imaging-web', 'internet-to-clinical']);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'ecluse-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const own = `id: visitors-web
title: {en: Visitors on the web server, fr: Visiteurs sur le serveur web}
severity: at least high
baseline: true
when:
  kind: [rule]
  from: {zones: [wifi-guest]}
  to: {zones: [dmz]}
why: {en: They have a proxy., fr: Ils ont un proxy.}
shut: {en: Delete the rule., fr: Supprimer la règle.}
references: [our own policy]
examples:
  match:
    - {src: wifi-guest, dst: web, proto: tcp, ports: "443"}
  not:
    - {src: lan-admin, dst: web, proto: tcp, ports: "443"}
`;

function ownFolder(files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(folder, 'own-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

describe('rules of the hospital', () => {
  test('are added, rate what they speak of, and judge the baseline where they say so', () => {
    const loaded = loadRules(ownFolder({ 'visitors-web.yaml': own }));
    if (!loaded.ok) throw new Error(problemText(loaded.error));
    expect(failingExamples(loaded.value)).toEqual([]);
    expect(loaded.value.exposures).toHaveLength(shipped.exposures.length + 1);
    const guard = guardOf(loaded.value);
    const flow = subject({ id: 'v', src: 'wifi-guest', srcZone: 'wifi-guest', dst: 'web', ports: '443' });
    guard.observe(1, 'fw', { declared: [flow] });
    expect(guard.rows()).toEqual(['1 BASELINE_EXPOSURE v high']);
    expect(guard.finding('fw/v')?.severityBecause).toMatch(
      /^high: .*internal source −2, rule visitors-web at least high$/,
    );
  });

  test('stand in the place of ours with the same id, and may lower what is accepted here', () => {
    const text = own.replaceAll('visitors-web', 'remote-control-tool').replace('at least high', 'at most low');
    const mine = text
      .replace(/when:\n(?: {2}.*\n)*/, 'when:\n  kind: [rule, listener]\n  remoteTool: true\n')
      .replace(
        /examples:[\s\S]*/,
        'examples:\n  match: [{src: lan-admin, dst: web, ports: "3389"}]\n  not: [{src: lan-admin, dst: web, ports: "22"}]\n',
      );
    const loaded = loadRules(ownFolder({ 'remote-control-tool.yaml': mine.replace('baseline: true\n', '') }));
    if (!loaded.ok) throw new Error(problemText(loaded.error));
    expect(loaded.value.exposures).toHaveLength(shipped.exposures.length);
    const rdp = subject({ src: 'internet', dst: 'web', ports: '3389' });
    expect(severityOf(rdp, contextOf(loaded.value))).toMatchObject({
      severity: 'low',
      because: 'low: Microsoft RDP 3389 critical, from the internet, rule remote-control-tool at most low',
    });
  });

  test('may know services of their own', () => {
    const entry = `- id: our-pacs\n  name: Our PACS\n  proto: tcp\n  ports: "50001"\n  category: imaging\n  risk: critical\n  reason: it is ours\n  reference: our own list\n`;
    const loaded = loadRules(ownFolder({ 'services.yaml': entry }));
    if (!loaded.ok) throw new Error(problemText(loaded.error));
    const rated = severityOf(subject({ ports: '50001' }), contextOf(loaded.value));
    expect(rated.because).toBe('critical: Our PACS 50001 critical, from the internet');
    expect(loaded.value.services.services).toHaveLength(services().services.length + 1);
  });

  test('an example that its rule contradicts is told with its place', () => {
    const path = ownFolder({ 'visitors-web.yaml': own.replace('src: lan-admin', 'src: wifi-guest') });
    const loaded = loadRules(path);
    if (!loaded.ok) throw new Error(problemText(loaded.error));
    expect(failingExamples(loaded.value).map(problemText)).toEqual([
      `${path}/visitors-web.yaml:16:7: the rule visitors-web speaks of an example that it must not match (correct \`when\` or the example)`,
    ]);
  });

  test('a folder that is not there is said', () => {
    const loaded = loadRules(join(folder, 'nowhere'));
    expect(loaded.ok ? 'loaded' : problemText(loaded.error)).toContain('nowhere: cannot be read: ENOENT');
  });
});

describe('a rule that is wrong', () => {
  const source = { file: 'r.yaml', name: 'visitors-web', own: true, services: services() };
  test.each<[string, string, string]>([
    [
      'severity: at least high',
      'severity: grave',
      'r.yaml:3:11: `severity` is wrong or missing (expected `risk`, a severity',
    ],
    ['kind: [rule]', 'kind: [rules]', 'r.yaml:6:10: `when.kind.0` is wrong or missing (expected one of rule, listener'],
    ['zones: [dmz]', 'zone: dmz', 'r.yaml:8:8: there is no `zone` in `when.to` (expected one of trust, zones'],
    ['baseline: true', 'baseline: maybe', 'r.yaml:4:11: `baseline` is wrong or missing (expected `true` or `false`)'],
    [
      'id: visitors-web',
      'id: visitors',
      'r.yaml:1:5: the id `visitors` is not the name of the file (expected visitors-web)',
    ],
    ['  kind: [rule]', '  kind: [rule]\n  services: [dicom]', 'r.yaml:7:14: there is no service `dicom`'],
    [
      '  kind: [rule]',
      '  kind: [rule]\n  categories: [medical]',
      'r.yaml:7:16: there is no category of services `medical`',
    ],
    [
      '{en: They have a proxy., fr: Ils ont un proxy.}',
      '{en: They have a proxy.}',
      'r.yaml:9:6: `why.fr` is wrong or missing (expected the text in French)',
    ],
    [
      'ports: "443"',
      'ports: "70000"',
      'r.yaml:14:54: `examples.match.0.ports` is wrong or missing (expected `any`, or ports',
    ],
    ['references: [our own policy]', 'references: [', 'r.yaml:12:'],
    [
      'src: wifi-guest',
      'from: wifi-guest',
      'r.yaml:14:8: there is no `from` in `examples.match.0` (expected one of kind,',
    ],
  ])('%s → %s is refused at its place', (from, to, words) => {
    const rule = parseExposureRule(own.replace(from, to), source);
    expect(rule.ok ? 'accepted' : problemText(rule.error)).toContain(words);
  });
});
