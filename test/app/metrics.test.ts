import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { freePort } from '../support/rsyslog.js';
import { systemTest, waitFor } from '../support/system.js';
import { fakeWorld, must, startGuard } from './fakes.js';

/** What Prometheus' own library for Python reads: every sample with its labels. */
const READ = `import json, sys
from prometheus_client.parser import text_string_to_metric_families as families
print(json.dumps([[s.name, s.labels, s.value, f.type, f.documentation] for f in families(sys.stdin.read()) for s in f.samples]))`;

type Sample = readonly [
  name: string,
  labels: Readonly<Record<string, string>>,
  value: number,
  type: string,
  help: string,
];

function samples(text: string): readonly Sample[] {
  const read = spawnSync('/usr/bin/python3', ['-c', READ], { input: text, encoding: 'utf8' });
  if (read.status !== 0) throw new Error(read.stderr);
  return JSON.parse(read.stdout) as readonly Sample[];
}

async function scrape(port: number, path = '/metrics', method = 'GET'): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { connection: 'close' } });
}

async function guarded() {
  const port = await freePort();
  const world = fakeWorld(['fw', 'web'], {
    metrics: { listen: { host: '127.0.0.1', port } },
    sinks: [{ kind: 'syslog', id: 'siem', host: '127.0.0.1', port: await freePort(), transport: 'relp' }],
  });
  world.devices.fw!.open = [{ id: 'rdp', ports: '3389' }];
  world.devices.web!.blind = ['no rights'];
  return { port, world };
}

const isServed = (logged: readonly string[]) => () => logged.some((line) => line.includes('figures are served'));

describe('figures', () => {
  systemTest(['python3-prometheus-client'], 'say how the guard is, and Prometheus’ own reader reads them', async () => {
    const { port, world } = await guarded();
    const { guard } = await startGuard(world);
    await waitFor(isServed(world.logged), { timeoutMs: 20_000, what: 'the port' });
    const response = await scrape(port);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const read = samples(await response.text());
    await guard.close();
    const value = (name: string, labels: object = {}) =>
      read.find(([one, its]) => one === name && JSON.stringify(its) === JSON.stringify(labels))?.[2];
    expect(value('ecluse_devices')).toBe(2);
    expect(value('ecluse_device_blind', { device: 'fw' })).toBe(0);
    expect(value('ecluse_device_blind', { device: 'web' })).toBe(1);
    expect(value('ecluse_device_last_complete_timestamp_seconds', { device: 'fw' })).toBe(world.clock.now() / 1000);
    expect(value('ecluse_device_last_complete_timestamp_seconds', { device: 'web' })).toBeUndefined();
    expect(value('ecluse_findings_open', { severity: 'critical' })).toBe(1);
    expect(value('ecluse_findings_open', { severity: 'low' })).toBe(0);
    expect(value('ecluse_sink_waiting', { sink: 'siem' })).toBe(1);
    expect(value('ecluse_windows', { state: 'open' })).toBe(0);
    expect(value('ecluse_store_refusing')).toBe(0);
    expect(value('ecluse_start_time_seconds')).toBeGreaterThan(0);
    expect(value('ecluse_last_judgement_timestamp_seconds')).toBe(world.clock.now() / 1000);
    expect(read.every(([, , , type, help]) => type === 'gauge' && help.length > 10)).toBe(true);
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    expect(value('ecluse_info', { version })).toBe(1);
  });

  test('are found under their own path alone, and end with the guard', async () => {
    const { port, world } = await guarded();
    const { guard } = await startGuard(world);
    await waitFor(isServed(world.logged), { timeoutMs: 20_000, what: 'the port' });
    expect((await scrape(port, '/')).status).toBe(404);
    expect((await scrape(port, '/metrics', 'POST')).status).toBe(405);
    const head = await scrape(port, '/metrics?x=1', 'HEAD');
    expect([head.status, await head.text()]).toEqual([200, '']);
    await guard.close();
    await expect(scrape(port)).rejects.toThrow();
  });

  test('wait for a port that is taken, and the guard guards meanwhile', async () => {
    const { port, world } = await guarded();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    const { guard } = await startGuard(world);
    await waitFor(() => world.logged.some((line) => line.includes('figures are not served')), { what: 'the log' });
    expect(must(await guard.findings({ all: false })).findings.map(({ code }) => code)).toContain('BASELINE_EXPOSURE');
    await new Promise((resolve) => other.close(resolve));
    world.clock.advanceTo(world.clock.now() + 31_000);
    await waitFor(isServed(world.logged), { timeoutMs: 20_000, what: 'the port' });
    expect((await scrape(port)).status).toBe(200);
    await guard.close();
  });
});

describe('docs/metrics.md', () => {
  const page = readFileSync('docs/metrics.md', 'utf8');
  const named = new Set([...page.matchAll(/\becluse_\w+/g)].map(([name]) => name));

  test('its rules are of the form that Prometheus reads, and ask for figures that there are', async () => {
    const { port, world } = await guarded();
    const { guard } = await startGuard(world);
    await waitFor(isServed(world.logged), { timeoutMs: 20_000, what: 'the port' });
    const text = await (await scrape(port)).text();
    await guard.close();
    const helped = new Set([...text.matchAll(/^# HELP (?<name>\S+)/gm)].map(({ groups }) => groups!.name!));
    expect([...named].sort()).toEqual([...helped].sort());
    const yaml = /```yaml alerts\n(?<text>[\s\S]*?)```/.exec(page)!.groups!.text!;
    const { groups } = parse(yaml) as {
      readonly groups: readonly {
        readonly name: string;
        readonly rules: readonly Readonly<Record<string, unknown>>[];
      }[];
    };
    expect(groups.map(({ name }) => name)).toEqual(['ecluse']);
    for (const rule of groups[0]!.rules) {
      expect(Object.keys(rule)).toEqual(['alert', 'expr', 'for', 'labels', 'annotations']);
      expect(String(rule.for)).toMatch(/^\d+[smhd]$/);
    }
    expect(groups[0]!.rules[0]).toMatchObject({ alert: 'EcluseSilent' });
  });
});
