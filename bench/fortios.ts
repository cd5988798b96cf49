import { drivers } from '../agent/drivers/registry.js';
import { compare } from '../agent/exposure/index.js';
import type { Device } from '../agent/model/index.js';
import { type Bench, mainThreadMs, quantile, type Row } from './bench.js';

/** Numbers that look like chance and are the same at every run (mulberry32). */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const SEED = 20_160_216;
const POLICIES = 10_000;
const OBJECTS = 4_000;
const GROUPS = 600;
const SERVICES = 300;
const ZONES = 12;

function table(path: string, entries: readonly (readonly [name: string, lines: readonly string[]])[]): string {
  const text = entries.map(
    ([name, lines]) => `    edit ${name}\n${lines.map((line) => `        set ${line}`).join('\n')}\n    next`,
  );
  return `config ${path}\n${text.join('\n')}\nend\n`;
}

function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** A hospital's FortiGate as it grows in fifteen years: many objects, groups of them, and policies between zones. */
export function fortiConfiguration(): string {
  const pick = chance(SEED);
  const some = (from: number, most: number, name: (index: number) => string): string =>
    [...new Set(numbers(1 + pick(most)).map(() => name(pick(from))))].join(' ');
  const interfaces = numbers(ZONES * 4);
  const address = (): string => {
    const kind = pick(20);
    return kind === 0
      ? '"all"'
      : kind < 8
        ? some(GROUPS, 2, (at) => `"group-${at}"`)
        : some(OBJECTS, 3, (at) => `"host-${at}"`);
  };
  return [
    '#config-version=FG2H0F-7.4.3-FW-build2573-240201:opmode=0:vdom=0:user=reader\n',
    table('system global', []).replace('\n\n', '\n'),
    table(
      'system interface',
      interfaces.map((at) => [`"port${at + 1}"`, ['vdom "root"', `ip 10.${at}.0.1 255.255.0.0`, 'type physical']]),
    ),
    table('system admin', [['"admin"', ['accprofile "super_admin"']]]),
    table(
      'system zone',
      numbers(ZONES).map((at) => [
        `"zone-${at}"`,
        [
          `interface ${numbers(4)
            .map((part) => `"port${at * 4 + part + 1}"`)
            .join(' ')}`,
        ],
      ]),
    ),
    table('firewall address', [
      ['"all"', ['uuid 0c9f2f0e-0000-0000-0000-000000000000']],
      ...numbers(OBJECTS).map((at) => {
        const [net, host, size] = [pick(ZONES * 4), pick(65_536), pick(8)];
        const [a, b] = [host >> 8, host & 255];
        const lines =
          size === 0
            ? [`subnet 10.${net}.${a}.0 255.255.255.0`]
            : size === 1
              ? ['type iprange', `start-ip 10.${net}.${a}.${b >> 1}`, `end-ip 10.${net}.${a}.${128 + (b >> 1)}`]
              : [`subnet 10.${net}.${a}.${b} 255.255.255.255`];
        return [`"host-${at}"`, lines] as const;
      }),
    ]),
    table(
      'firewall addrgrp',
      numbers(GROUPS).map((at) => [`"group-${at}"`, [`member ${some(OBJECTS, 24, (one) => `"host-${one}"`)}`]]),
    ),
    table('firewall service custom', [
      ['"ALL"', ['protocol IP']],
      ...numbers(SERVICES).map((at) => {
        const port = 1 + pick(60_000);
        const range = pick(5) === 0 ? `${port}-${port + pick(200)}` : String(port);
        return [`"service-${at}"`, [`${pick(4) === 0 ? 'udp' : 'tcp'}-portrange ${range}`]] as const;
      }),
    ]),
    table('firewall schedule recurring', [
      ['"always"', ['day sunday monday tuesday wednesday thursday friday saturday']],
    ]),
    table(
      'firewall policy',
      numbers(POLICIES).map((at) => [
        String(at + 1),
        [
          `name "rule ${at + 1}"`,
          `srcintf "zone-${pick(ZONES)}"`,
          `dstintf "zone-${pick(ZONES)}"`,
          ...(pick(12) === 0 ? [] : ['action accept']),
          `srcaddr ${address()}`,
          `dstaddr ${address()}`,
          'schedule "always"',
          `service ${pick(25) === 0 ? '"ALL"' : some(SERVICES, 4, (one) => `"service-${one}"`)}`,
          ...(pick(6) === 0 ? ['nat enable'] : []),
        ],
      ]),
    ),
    'config router static\nend\n',
  ].join('');
}

/** What a vendor leaves behind: one policy, somewhere in the middle. */
export function withVendor(text: string, place = 5000): string {
  const rule =
    '    edit 20001\n        set name "vendor-test"\n        set srcintf "zone-0"\n        set dstintf "zone-1"\n        set action accept\n' +
    '        set srcaddr "all"\n        set dstaddr "host-7"\n        set schedule "always"\n        set service "ALL"\n    next\n';
  return text.replace(`    edit ${place}\n        set name`, (found) => `${rule}${found}`);
}

/** An address that many policies name, in groups too, and that is another one now. */
function withAddress(text: string, at: number): string {
  return text.replace(
    new RegExp(`(?<head>edit "host-${at}"\\n)(?:        set .*\\n)+`),
    `$<head>        set subnet 10.1.${at}.0 255.255.255.0\n`,
  );
}

function deviceOf(text: string): Device {
  const driver = drivers.find(({ id }) => id === 'fortios')!;
  const sections = [{ name: 'configuration', source: 'show full-configuration', text }];
  const read = driver.read({ driver: 'fortios', device: 'fw', sections }, { device: 'fw' });
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

const RUNS = 3;

/** On a busy machine the wall clock shows the others as well. */
function timed<T>(action: () => T): { readonly result: T; readonly ms: number } {
  const startMs = mainThreadMs();
  const result = action();
  return { result, ms: mainThreadMs() - startMs };
}

interface Reading {
  readonly readMs: number;
  readonly compareMs: number;
  readonly ms: number;
  readonly opened: number;
}

const readMs = (one: Reading): number => one.readMs;
const compareMs = (one: Reading): number => one.compareMs;

/** A text that was not read before, beside a reading that is there or is to be read too. */
function newReading(before: Device | string, text: string): Reading {
  const reading = timed(() => [typeof before === 'string' ? deviceOf(before) : before, deviceOf(text)] as const);
  const [old, now] = reading.result;
  const comparing = timed(() => compare(now.pipeline, { pipeline: old.pipeline }));
  if (!comparing.result.complete) throw new Error(`not complete: ${comparing.result.reasons.join()}`);
  const ms = reading.ms + comparing.ms;
  return { readMs: reading.ms, compareMs: comparing.ms, ms, opened: comparing.result.undeclared.length };
}

export const bench: Bench = {
  about: `A configuration of ${POLICIES.toLocaleString('en')} FortiGate policies over ${OBJECTS.toLocaleString('en')} addresses, made from a seed; a vendor's policy is put in the middle, or an address is edited, and both are parsed, modelled and compared exactly: first from cold, then as the guard does it, which has the reading before at hand, ${RUNS} times with an edit that it has not seen. Times are what the main thread had of the processor, medians.`,
  run(say) {
    const before = fortiConfiguration();
    const lines = before.split('\n').length;
    say('cold');
    const cold = newReading(before, withVendor(before));
    const memory = process.resourceUsage().maxRSS / 1024;
    const first = timed(() => deviceOf(before));
    const [added, changed]: [Reading[], Reading[]] = [[], []];
    for (let run = 1; run <= RUNS; run++) {
      say(`run ${run}`);
      added.push(newReading(first.result, withVendor(before, 5000 + run)));
      changed.push(newReading(first.result, withAddress(before, run)));
    }
    const median = (samples: readonly number[]): number => quantile(samples, 0.5);
    const rows: readonly Row[] = [
      {
        what: `both files of ${lines.toLocaleString('en')} lines from cold, in a new process`,
        figure: cold.ms,
        unit: 'ms',
      },
      { what: 'memory of that process at its highest', figure: memory, unit: 'MB', goal: '< 300 MB' },
      { what: 'a new reading with one policy more: parse and model', figure: median(added.map(readMs)), unit: 'ms' },
      {
        what: `… compare it with the one before (${added[0]!.opened} opening)`,
        figure: median(added.map(compareMs)),
        unit: 'ms',
      },
      { what: '… all of it', figure: median(added.map(({ ms }) => ms)), unit: 'ms', goal: '< 1,000 ms' },
      { what: 'a new reading with another address: parse and model', figure: median(changed.map(readMs)), unit: 'ms' },
      {
        what: `… compare it with the one before (${changed.map(({ opened }) => opened).join(', ')} openings)`,
        figure: median(changed.map(compareMs)),
        unit: 'ms',
      },
      { what: '… all of it', figure: median(changed.map(({ ms }) => ms)), unit: 'ms', goal: '< 1,000 ms' },
    ];
    return Promise.resolve(rows);
  },
};
