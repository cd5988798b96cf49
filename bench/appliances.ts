import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readDevice } from '../agent/app/reading.js';
import { hostKeyOf } from '../agent/collect/ssh/host-keys.js';
import { sshRunner } from '../agent/collect/ssh/index.js';
import { drivers } from '../agent/drivers/registry.js';
import { removeLeftovers, tempDir } from '../test/support/machine.js';
import { type Bench, type Row, spent } from './bench.js';

/** `ECLUSE_BENCH_HOSTS` makes it smaller, for a look at whether it works at all. */
const HOSTS = Number(process.env.ECLUSE_BENCH_HOSTS ?? 200);
const PARALLEL = 50;
const host = fileURLToPath(new URL('./appliance-host.js', import.meta.url));

interface Served {
  readonly ports: Readonly<Record<string, number>>;
  /** The host key that all of them show. */
  readonly blob: string;
}

async function withAppliances<T>(work: (served: Served) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [host], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    for await (const line of createInterface({ input: child.stdout })) return await work(JSON.parse(line) as Served);
    throw new Error('the appliances did not begin to listen');
  } finally {
    child.kill();
  }
}

async function measure(say: (progress: string) => void): Promise<readonly Row[]> {
  return withAppliances(async ({ ports, blob }) => {
    const folder = tempDir();
    const password = join(folder, 'password');
    writeFileSync(password, 'only for this bench', { mode: 0o600 });
    const { fingerprint } = hostKeyOf(Buffer.from(blob, 'base64'));
    const platforms = Object.keys(ports);
    const devices = Array.from({ length: HOSTS }, (_, at) => {
      const platform = platforms[at % platforms.length]!;
      const source = {
        kind: 'ssh' as const,
        host: '127.0.0.1',
        port: ports[platform]!,
        user: 'reader',
        hostKeys: [fingerprint],
        password: { kind: 'file' as const, place: password },
        legacyAlgorithms: [],
      };
      return { id: `${platform}-${at}`, kind: 'fw' as const, interfaceZones: {}, source, drivers: [platform] };
    });
    const key = randomBytes(32);
    const knownKeys = join(folder, 'known-keys.json');
    const slowest: number[] = [];
    const read = async (device: (typeof devices)[number]): Promise<void> => {
      const runner = sshRunner({ device: device.id, ...device.source }, { knownKeys });
      const from = performance.now();
      try {
        const reading = await readDevice(device, { runner, drivers, key });
        if (!reading.complete || reading.rules === 0) throw new Error(`${device.id}: ${reading.blind.join('; ')}`);
        slowest.push(performance.now() - from);
      } finally {
        runner.close();
      }
    };
    say(`${HOSTS} appliances, ${PARALLEL} at a time`);
    const all = await spent(async () => {
      const left = [...devices];
      const worker = async (): Promise<void> => {
        for (let next = left.shift(); next; next = left.shift()) await read(next);
      };
      await Promise.all(Array.from({ length: PARALLEL }, worker));
    });
    return [
      {
        what: `${HOSTS} appliances read twice over and understood, with the login`,
        figure: all.ms / 1000,
        unit: 's',
        goal: '< 30 s on 2 cores',
      },
      { what: 'the slowest of them', figure: Math.max(...slowest) / 1000, unit: 's' },
      { what: 'CPU time of Écluse for one', figure: all.cpuMs / HOSTS, unit: 'ms' },
    ];
  });
}

export const bench: Bench = {
  about: `Appliances read over SSH by their own command line: ASA, FortiOS and PAN-OS in equal parts, spoken by servers of ssh2
from the recordings of the tests, with echo, pager and prompt, in a process of its own on the same cores. Each device has
its own connection, login and shell; ${PARALLEL} at a time; every reading is taken twice, redacted and understood.`,
  async run(say) {
    try {
      return await measure(say);
    } finally {
      removeLeftovers();
    }
  },
};
