import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { wayTo } from '../../agent/app/guard/way.js';
import type { Settings } from '../../agent/config/index.js';
import { parseAddressSet } from '../../agent/model/index.js';
import { minute } from '../support/guard.js';
import { waitFor } from '../support/system.js';
import { type FakeWorld, fakeWorld, must, startGuard } from './fakes.js';

const sites: NonNullable<Settings['sites']> = {
  nord: { name: 'Hôpital Nord' },
  sud: {
    name: 'Hôpital Sud',
    timeZone: 'Indian/Reunion',
    contact: 'Astreinte réseau, poste 4242',
    networks: parseAddressSet('203.0.113.64/27')!,
  },
};

/** Two firewalls and a host, one at home and two in the south. */
function group(overrides: Partial<Settings> = {}): FakeWorld {
  const world = fakeWorld(['fw', 'fw2', 'pacs2'], { site: 'nord', timeZone: 'Europe/Paris', sites, ...overrides });
  const devices = world.settings.devices.map((one) => (one.id === 'fw' ? one : { ...one, site: 'sud' }));
  return { ...world, settings: { ...world.settings, devices } };
}

interface Told {
  readonly records: () => readonly Record<string, string>[];
  readonly world: FakeWorld;
}

/** What a sink was told, record by record. */
function listening(world: FakeWorld): Told {
  const output = new PassThrough();
  let text = '';
  output.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  const settings = {
    ...world.settings,
    sinks: [{ kind: 'jsonl' as const, id: 'out', to: '-', streams: ['alert', 'heartbeat'] as const }],
  };
  return {
    world: { ...world, settings, tools: { ...world.tools, output } },
    records: () =>
      text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, string>),
  };
}

describe('sites of a hospital group', () => {
  test('are in the alarms by their names, with their clock and whom to call; keys keep the id', async () => {
    const { world, records } = listening(group());
    const { guard, until } = await startGuard(world);
    world.devices.fw!.open = [{ id: 'a', ports: '22' }];
    world.devices.fw2!.open = [{ id: 'b', ports: '22' }];
    for (const name of ['fw', 'fw2']) world.devices[name]!.wake();
    let at = 1;
    await waitFor(async () => {
      await until(++at);
      const codes = records().map(({ code }) => code);
      return codes.filter((code) => code === 'UNPLANNED_OPENING').length >= 2 && codes.includes('HEARTBEAT');
    });
    const of = (key: string) => records().find((one) => one.key === key);
    expect(of('nord/fw/a')).toMatchObject({ site: 'Hôpital Nord', at: expect.stringMatching(/\+01:00$/) });
    expect(of('nord/fw/a')).not.toHaveProperty('contact');
    expect(of('sud/fw2/b')).toMatchObject({
      site: 'Hôpital Sud',
      contact: 'Astreinte réseau, poste 4242',
      at: expect.stringMatching(/\+04:00$/),
      firstSeen: expect.stringMatching(/\+04:00$/),
    });
    expect(of('nord/heartbeat')).toMatchObject({ site: 'Hôpital Nord' });
    // The name under which a sink told it is one that commands understand, whatever the site.
    expect(must(await guard.acknowledge('sud/fw2/b', 'Responsable A')).acknowledgedBy).toBe('Responsable A');
    await guard.close();
  });

  test('a flood keeps its key when it reaches another site, and is resolved under it', async () => {
    const { world, records } = listening(group());
    const { guard, until } = await startGuard(world);
    const many = Array.from({ length: 25 }, (_, index) => ({ id: `r${index}`, ports: `${2000 + index}` }));
    const opens = { fw2: many, fw: many, none: [] };
    const kinds = () => records().filter(({ key }) => key!.endsWith('/flood/UNPLANNED_OPENING'));
    let at = 0;
    for (const [fw2, fw] of [
      [opens.fw2, opens.none],
      [opens.fw2, opens.fw],
      [opens.none, opens.none],
    ] as const) {
      const before = kinds().length;
      world.devices.fw2!.open = fw2;
      world.devices.fw!.open = fw;
      for (const name of ['fw', 'fw2']) world.devices[name]!.wake();
      await waitFor(async () => {
        at += 2;
        await until(at);
        return kinds().length > before;
      });
    }
    await waitFor(async () => {
      await until(++at);
      return kinds().at(-1)?.kind === 'resolve';
    });
    expect(new Set(kinds().map(({ key }) => key))).toEqual(new Set(['nord/flood/UNPLANNED_OPENING']));
    await guard.close();
  });

  test('their networks are the hospital’s own on every device, and their ids stand for them in a scope', async () => {
    const flow = { src: '203.0.113.66', dst: '10.20.0.5', ports: '3389' };
    const severities = async (world: FakeWorld) => {
      const { guard, until, rows } = await startGuard(world);
      world.devices.fw!.open = [{ id: 'rdp', ...flow }];
      world.devices.fw!.wake();
      await until(2);
      const found = must(await guard.findings({ all: false })).findings.map(({ severity }) => severity);
      const codes = rows().map((row) => row.split(' ')[1]);
      await guard.close();
      return { found, codes };
    };
    const elsewhere = { ...sites, sud: { name: 'Sud' } };
    expect((await severities(group())).found).toEqual(['medium']);
    expect((await severities(group({ sites: elsewhere }))).found).toEqual(['high']);
    const scope = [{ src: 'sud', proto: 'tcp', ports: '3389' }];
    const window = { id: 'W', vendor: 'V', devices: ['fw'], start: minute(0), end: minute(60), scope };
    expect((await severities(group({ windows: [window] }))).codes).toEqual(['IN_WINDOW_CHANGE']);
    expect((await severities(group({ sites: elsewhere, windows: [window] }))).codes).toEqual(['OUT_OF_SCOPE_OPENING']);
  });

  test('what cannot be reached in one is told by its name', () => {
    const over = {
      kind: 'ssh' as const,
      host: 'fw2.example.org',
      port: 22,
      user: 'e',
      hostKeys: [],
      legacyAlgorithms: [],
    };
    const device = { id: 'fw2', kind: 'fw' as const, site: 'sud', interfaceZones: {}, source: over, drivers: [] };
    expect(wayTo(device, sites)).toEqual(['site Hôpital Sud']);
    expect(wayTo(device)).toEqual(['site sud']);
  });
});
