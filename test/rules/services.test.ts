import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { namedAnew, portNames } from '../../agent/app/port-names.js';
import { portNamesText, shippedRulesText } from '../../agent/app/rules-generate.js';
import { anyPort, parseServices, reachesRemoteTool, readRulesYaml, servicesReached } from '../../agent/judge/index.js';
import { digestOf } from '../../agent/lib/digest.js';
import { parsePorts } from '../../agent/lib/ports.js';
import { problemLines, problemText } from '../../agent/lib/result.js';
import { services } from '../support/services.js';

const ports = (text: string) => parsePorts(text)!;

describe('rules/read.json', () => {
  test('is as `npm run generate` makes it of the files beside it', () => {
    expect(readFileSync('rules/read.json', 'utf8')).toBe(shippedRulesText());
  });

  test('changes nothing: what is wrong is said at the same place', () => {
    const text = readFileSync('rules/services.yaml', 'utf8');
    for (const wrong of [
      text.replace('risk: critical', 'risk: awful'),
      `${text}${text.slice(text.indexOf('- id:'))}`,
    ]) {
      const read = readRulesYaml(wrong, 'services.yaml');
      if (!read.ok) throw new Error(read.error.message);
      const anew = parseServices(wrong, 'services.yaml');
      expect(anew).toMatchObject({ ok: false, error: { file: 'services.yaml', line: expect.any(Number) } });
      expect(parseServices(wrong, 'services.yaml', new Map([[digestOf(wrong), read.value.value]]))).toEqual(anew);
    }
    expect(parseServices(text, 'services.yaml', new Map())).toEqual(parseServices(text, 'services.yaml'));
  });
});

describe('rules/ports.json', () => {
  test('is as `npm run generate` makes it of the services, and says the same', async () => {
    expect(readFileSync('rules/ports.json', 'utf8')).toBe(await portNamesText());
    expect(await portNames()).toEqual(await namedAnew());
    expect((await portNames()).get('6 443')).toBe('HTTPS');
  });
});

describe('rules/services.yaml', () => {
  test('is read whole: as many services as entries', () => {
    const text = readFileSync('rules/services.yaml', 'utf8');
    expect(services().services).toHaveLength(text.match(/^- id:/gm)!.length);
    expect(services().services.length).toBeGreaterThan(140);
  });

  test('says for each where it was read', () => {
    expect(services().services.filter((service) => /memory|unknown/i.test(service.reference))).toEqual([]);
  });

  test.each([
    ['tcp', '104', 'critical'],
    ['tcp', '11112', 'critical'],
    ['tcp', '2762', 'high'],
    ['tcp', '8042', 'critical'],
    ['tcp', '8787', 'critical'],
    ['tcp', '5938', 'critical'],
    ['tcp', '445', 'critical'],
    ['tcp', '22', 'high'],
    ['tcp', '80', 'high'],
    ['tcp', '443', 'medium'],
    ['tcp', '21', 'high'],
    ['udp', '5060', 'high'],
  ])('rates %s %s %s', (proto, text, risk) => {
    const { reached, unknown } = servicesReached(services(), proto, ports(text) as readonly number[]);
    expect(unknown).toBe(false);
    expect(reached.map(({ service }) => service.risk)).toContain(risk);
  });
});

describe('what a flow reaches', () => {
  test('each service with the ports they share, and whether some are in no list', () => {
    const { reached, unknown } = servicesReached(services(), 'tcp', ports('5938,49999') as readonly number[]);
    expect(reached.map(({ service, ports: shared }) => [service.id, shared])).toEqual([['teamviewer', [5938, 5938]]]);
    expect(unknown).toBe(true);
    expect(servicesReached(services(), 'udp', [104, 104])).toEqual({ reached: [], unknown: true });
  });

  test.each<[string, boolean]>([
    ['any', true],
    ['0-65535', true],
    ['1-65535', true],
    ['1-65534', false],
    ['443', false],
  ])('%s leaves the port open: %s', (text, expected) => expect(anyPort(ports(text))).toBe(expected));

  test.each<[string, string, boolean]>([
    ['tcp', '5938', true],
    ['udp', '5938', true],
    ['any', '5938', true],
    ['tcp', '80,5938', true],
    ['tcp', '5900-5909', true],
    ['tcp', '443', false],
    ['tcp', '5000-6000', false],
    ['tcp', 'any', false],
    ['udp', '22', false],
  ])('%s %s is a remote-control tool: %s', (proto, text, expected) => {
    expect(reachesRemoteTool(services(), proto, ports(text))).toBe(expected);
  });
});

describe('a table that is wrong', () => {
  const good = `- id: one
  name: One
  proto: tcp
  ports: "104"
  category: imaging
  risk: critical
  reason: because
  reference: somewhere
`;
  test.each<[string, string, string]>([
    ['proto: tcp', 'proto: tpc', 't.yaml:3:10: `0.proto` is wrong or missing (expected '],
    ['risk: critical', 'risk: grave', 't.yaml:6:9: `0.risk` is wrong or missing (expected '],
    ['"104"', '"70000"', 't.yaml:4:10: `0.ports` is wrong or missing (expected port numbers and ranges'],
    ['"104"', 'site-defined', 't.yaml:4:10: `0.ports` is wrong or missing (expected port numbers and ranges'],
    ['  reference: somewhere\n', '', 't.yaml:1:3: `0.reference` is wrong or missing (expected '],
    ['reference:', 'referenz:', 't.yaml:1:3: `0.reference` is wrong or missing (expected '],
    ['id: one', 'id: One!', 't.yaml:1:7: `0.id` is wrong or missing (expected lower-case'],
    ['reason: because', 'reason: [', 't.yaml:8:'],
  ])('%s → %s is refused at its place', (from, to, words) => {
    const table = parseServices(good.replace(from, to), 't.yaml');
    expect(table.ok ? 'accepted' : problemText(table.error)).toContain(words);
  });

  test('everything that is wrong is said at once; what is no list, in words', () => {
    const table = parseServices(good.replace('tcp', 'tpc').replace('critical', 'grave'), 't.yaml');
    expect(table.ok ? [] : problemLines(table.error)).toEqual([
      't.yaml:3:10: `0.proto` is wrong or missing (expected tcp, udp or any)',
      't.yaml:6:9: `0.risk` is wrong or missing (expected critical, high, medium, low or info)',
    ]);
    const map = parseServices('services: []\n', 't.yaml');
    expect(map.ok ? 'accepted' : problemText(map.error)).toBe(
      't.yaml:1:1: this is no list of services (expected services, each as `- id: …`)',
    );
  });

  test('an id used twice is refused at the second', () => {
    const table = parseServices(good + good, 't.yaml');
    expect(table.ok ? 'accepted' : problemText(table.error)).toBe('t.yaml:9:7: 1.id: one is used twice');
  });

  test('an unknown key is refused, not dropped', () => {
    const table = parseServices(`${good}  extra: 1\n`, 't.yaml');
    expect(table.ok ? 'accepted' : problemText(table.error)).toContain('extra');
  });
});
