import { createServer } from 'node:net';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { openGuard, type Reading } from '../agent/app/guard/index.js';
import { realParts } from '../agent/app/guard/parts.js';
import type { DeviceSettings, Settings } from '../agent/config/index.js';
import { problemText } from '../agent/lib/result.js';
import { formatIp4 } from '../agent/model/index.js';
import { removeLeftovers, tempDir } from '../test/support/machine.js';
import type { Bench, Row } from './bench.js';
import { quantile } from './bench.js';

/** So many rules that overlap as rules seldom do: all of them replaced is more than any comparison lists in its time. */
const RULES = 3_000;
const EVERY_MS = 1_000;
const CHANGES_MAX = 30;

function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}

function save(rules: readonly string[]): string {
  return ['*filter', ':INPUT DROP [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT DROP [0:0]', ...rules, 'COMMIT', ''].join(
    '\n',
  );
}

function wideRules(seed: number): readonly string[] {
  const below = numbers(seed);
  const network = (): string => {
    const length = 6 + below(6);
    return `${formatIp4(((1 + below(222)) * 2 ** 24 + below(2 ** 24)) & ((-1 << (32 - length)) >>> 0))}/${length}`;
  };
  return Array.from({ length: RULES }, () => {
    const port = below(60_000);
    const ports = `${port}:${port + 1 + below(5_000)}`;
    const verdict = below(2) === 0 ? 'ACCEPT' : 'DROP';
    return `-A FORWARD -s ${network()} -d ${network()} -p tcp --dport ${ports} -j ${verdict}`;
  });
}

const quiet = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {}, with: () => quiet };

async function run(say: (progress: string) => void): Promise<readonly Row[]> {
  const folder = tempDir();
  const heard: (() => void)[] = [];
  const server = createServer((socket) => {
    socket.on('data', (bytes) => {
      if (bytes.includes('small')) heard.shift()?.();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { readonly port: number };
  const device = (id: string): DeviceSettings => ({
    id,
    kind: 'fw',
    interfaceZones: {},
    source: { kind: 'local' },
    drivers: ['iptables'],
  });
  const settings: Settings = {
    stateFolder: folder,
    devices: [device('large'), device('small')],
    pollSeconds: 3_600,
    graceMinutes: 15,
    approvedHosts: [],
    sinks: [{ kind: 'syslog', id: 'siem', host: '127.0.0.1', port, transport: 'tcp' }],
  };
  const texts = new Map([
    ['large', save(wideRules(1))],
    ['small', save([])],
  ]);
  const wakes = new Map<string, () => void>();
  const judged: string[] = [];
  const opened = await openGuard(settings, {
    log: quiet,
    parts: (place) => {
      const { readChange: _, sessions: __, ...real } = realParts(place);
      const read = ({ id }: DeviceSettings): Reading => {
        const section = { name: 'iptables-save', source: 'iptables-save', text: texts.get(id)! };
        return real.readingOf(device(id), [{ driver: 'iptables', device: id, sections: [section] }], Date.now());
      };
      return {
        ...real,
        read: (one) => Promise.resolve(read(one)),
        watch: ({ id }, { wake }) => {
          wakes.set(id, wake);
          return { stop: () => {} };
        },
      };
    },
  });
  if (!opened.ok) throw new Error(problemText(opened.error));
  const guard = opened.value;
  try {
    await guard.run({ onReading: (id) => judged.push(id) }).firstReadings;
    judged.length = 0;
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    texts.set('large', save(wideRules(2)));
    const startMs = performance.now();
    wakes.get('large')!();
    const left: number[] = [];
    for (let change = 0; change < CHANGES_MAX && !judged.includes('large'); change += 1) {
      await sleep(EVERY_MS);
      if (judged.includes('large')) break;
      texts.set('small', save([`-A FORWARD -p tcp --dport ${1000 + change} -j ACCEPT`]));
      const changedMs = performance.now();
      const told = new Promise<void>((resolve) => {
        heard.push(resolve);
      });
      wakes.get('small')!();
      await told;
      left.push(performance.now() - changedMs);
      say(`alarm of the small device after ${Math.round(left.at(-1)!)} ms`);
    }
    const comparedMs = performance.now() - startMs;
    delay.disable();
    return [
      { what: `a change of ${RULES} rules is compared (a second thread)`, figure: comparedMs / 1_000, unit: 's' },
      {
        what: `meanwhile: a rule of another device → its alarm at a syslog server, median of ${left.length}`,
        figure: quantile(left, 0.5),
        unit: 'ms',
      },
      { what: 'the longest of them', figure: quantile(left, 1), unit: 'ms', goal: '< 1,000 ms' },
      { what: 'meanwhile: longest time in which the guard did nothing else', figure: delay.max / 1e6, unit: 'ms' },
    ];
  } finally {
    await guard.close();
    server.close();
    removeLeftovers();
  }
}

/** What a change that takes long to compare means for everything else that is watched. */
export const bench: Bench = {
  about:
    'A guard of two devices. On the one all of 3,000 rules are replaced that overlap as rules seldom do: the comparison takes all the time that it has. Every second a rule is added to the other one, and its alarm waited for at a syslog server over TCP.',
  run,
};
