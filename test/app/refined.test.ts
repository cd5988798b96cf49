import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type DeviceTools, deviceMemory } from '../../agent/app/guard/device-memory.js';
import type { ComposeRequest } from '../../agent/app/guard/ports.js';
import { diffFiles, drivers, readDevice, readingOf } from '../../agent/app/index.js';
import { refinedOf } from '../../agent/app/refined.js';
import { localRunner } from '../../agent/collect/index.js';
import type { DeviceSettings } from '../../agent/config/index.js';
import type { Capture } from '../../agent/drivers/contract.js';
import { emptyState } from '../store/samples.js';
import { systemTest, tempDir, withNamespaces } from '../support/system.js';

const folder = join('test', 'recordings', 'nftables', 'as-in-the-kernel');
const section = (name: string) => ({ name, source: name, text: readFileSync(join(folder, name), 'utf8') });
const plainly: Capture = { driver: 'nftables', device: 'fw-01', sections: [section('nft-text')] };
const refined: Capture = { ...plainly, sections: [section('nft-text'), section('nft-bytecode')] };
const settings: DeviceSettings = {
  id: 'fw-01',
  kind: 'fw',
  interfaceZones: {},
  source: { kind: 'local' },
  drivers: ['nftables'],
};
const key = new TextEncoder().encode('sixteen bytes or more');

describe('what only refines', () => {
  test('is known by its step, and counts where it could be read', () => {
    expect(refinedOf([plainly], drivers)).toEqual({ key: '', without: [plainly] });
    expect(refinedOf([refined], drivers)).toEqual({ key: 'nftables/nft-bytecode', without: [plainly] });
    const failure = { kind: 'timeout' as const, problem: { code: 'TIMEOUT', message: 'too slow' } };
    const failed = { ...plainly, sections: [plainly.sections[0]!, { ...section('nft-bytecode'), text: '', failure }] };
    expect(refinedOf([failed], drivers)).toEqual({ key: '', without: [plainly] });
  });

  test('makes no difference between two captures of which one lacks it', async () => {
    const place = tempDir();
    for (const [name, { sections }] of Object.entries({ plainly, refined })) {
      mkdirSync(join(place, name));
      for (const one of sections) writeFileSync(join(place, name, one.name), one.text);
    }
    for (const [before, after] of [
      ['plainly', 'refined'],
      ['refined', 'plainly'],
    ] as const) {
      const { answer, exit } = await diffFiles(join(place, before), join(place, after), {});
      expect([answer?.opened, answer?.closed, exit]).toEqual([[], [], 0]);
    }
  });

  test('makes none between a reading and what was approved before there was such a step', async () => {
    const asked: ComposeRequest[] = [];
    const stored = { captures: [plainly], takenAt: 1 };
    const header = { id: 'S-1', hash: 'x', lastSeen: 1, complete: true };
    const tools = {
      parts: {
        readingOf: (_: DeviceSettings, captures: readonly Capture[], at: number) =>
          readingOf(captures, 'fw-01', drivers, at),
        refined: (captures: readonly Capture[]) => refinedOf(captures, drivers),
        declaredKey: () => '',
        compose: (request: ComposeRequest) => {
          asked.push(request);
          return { device: 'fw-01', at: 2, undeclared: [], declared: [], missing: [], blind: [] };
        },
      },
      bench: { state: () => emptyState },
      snapshots: { approved: () => header, get: () => stored, list: () => [] },
      signal: new AbortController().signal,
    } as unknown as DeviceTools;
    const memory = deviceMemory(settings, tools);
    const reading = readingOf([refined], 'fw-01', drivers, 2);
    await memory.compose(reading, undefined, { told: false });
    const asPrinted = readingOf([plainly], 'fw-01', drivers, 2).model?.pipeline;
    expect(reading.model?.pipeline).not.toEqual(asPrinted);
    expect(asked[0]?.reading.model.pipeline).toEqual(asPrinted);
    expect(asked[0]?.approved?.pipeline).toEqual(asPrinted);
    // Where both have it, it counts.
    stored.captures = [refined];
    await deviceMemory(settings, tools).compose(reading, undefined, { told: false });
    expect(asked[1]?.reading.model.pipeline).toEqual(reading.model?.pipeline);
    expect(asked[1]?.approved?.pipeline).toEqual(reading.model?.pipeline);
  });
});

systemTest(
  ['root', 'netns', 'nft', 'ip'],
  'a rule in the place of another of the same words is another state',
  async () => {
    await withNamespaces(['fw'], async ({ fw }) => {
      const runner = localRunner({ prefix: fw.inside([]) });
      const read = async () => readDevice(settings, { runner, drivers, key });
      const rules = (first: string): string =>
        `flush ruleset\ntable inet f {\nset s { type ipv4_addr; flags timeout; elements = { 192.0.2.7 timeout 1h }\n}\nchain c {\ntype filter hook input priority 0; policy drop;\n${first} accept\ntcp dport { 22, 80-90 } counter accept\nip saddr @s jump { tcp dport 5 accept; }\nquota 5 mbytes accept\n}\n}\n`;
      const load = (first: string) => fw.must(['nft', '-f', '-'], { input: rules(first) });
      const words = (reading: Awaited<ReturnType<typeof read>>): readonly string[] =>
        reading.model?.pipeline.lists.find(({ id }) => id === 'inet/f/c')?.rules.map(({ origin }) => origin.text) ?? [];
      await load('tcp sport >= 1024 tcp dport <= 2047');
      const two = await read();
      expect([two.complete, words(two)[0]]).toEqual([true, 'tcp sport >= 1024 tcp dport <= 2047 accept']);
      // Loaded again it has other handles, other numbers of its sets, and is the same.
      await load('tcp sport >= 1024 tcp dport <= 2047');
      expect((await read()).hash).toBe(two.hash);
      const listing = await fw.must(['nft', '-s', '-a', 'list', 'ruleset']);
      const handle = /1024-2047 accept # handle (?<handle>\d+)/.exec(listing)!.groups!.handle!;
      await fw.must([
        'nft',
        'replace',
        'rule',
        'inet',
        'f',
        'c',
        'handle',
        handle,
        'tcp',
        'dport',
        '1024-2047',
        'accept',
      ]);
      const one = await read();
      expect(one.hash).not.toBe(two.hash);
      expect([one.complete, words(one)[0]]).toEqual([true, 'tcp dport 1024-2047 accept']);
    });
  },
);
