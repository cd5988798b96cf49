import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { waitFor } from '../support/machine.js';
import { freePort, param, rsyslog } from '../support/rsyslog.js';
import { aLife } from './life.js';

/** Free of jest, so that the soak can use it too. */
export interface Deaths {
  readonly alarms: number;
  readonly kills: number;
  readonly seed: number;
  readonly folder: string;
  /** The longest time a guard has before it is killed; left out, a third of a second. */
  readonly lifeMsMax?: number;
  readonly onKill?: (kill: number, arrived: number) => void;
}

export interface Survived {
  /** Ids of the events as the receiver wrote them, each once, in order of arrival. */
  readonly arrived: readonly string[];
  readonly twice: number;
  /** Deaths at which something was still to be told. */
  readonly underWay: number;
  /** What is wrong: events that did not arrive, or were never told, or came in another order than they happened. */
  readonly wrong: readonly string[];
}

const TELLER = fileURLToPath(new URL('./teller.js', import.meta.url));

/** Numerical Recipes' congruential generator: the same deaths in every run. */
function chances(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Life {
  /** How many there are by then, from the first one of all. */
  readonly alarms: number;
  /** It is there until it is killed. */
  readonly stays: boolean;
}

async function teller(path: string, port: number, { alarms, stays }: Life): Promise<ChildProcess> {
  const child = spawn(process.execPath, [TELLER, path, String(port), String(alarms), stays ? 'stays' : 'ends'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  return child;
}

/** A guard that tells alarms over RELP to a real rsyslog: it is killed again and again, and rsyslog stopped and hung. */
export async function surviveDeaths(deaths: Deaths): Promise<Survived> {
  const { alarms, kills, seed, folder, lifeMsMax = 350, onKill } = deaths;
  const port = await freePort();
  const input = `input(type="imrelp" port="${port}" address="127.0.0.1" ruleset="out")`;
  const server = rsyslog(folder, port, { before: 'module(load="imrelp")', input });
  const store = join(folder, 'ecluse.db');
  const chance = chances(seed);
  let child: ChildProcess | undefined;
  let underWay = 0;
  try {
    await server.start();
    for (let kill = 0; kill < kills; kill++) {
      // Each life has its share of the alarms to tell, and what the one before it left: none dies with nothing to do.
      const share = Math.ceil((alarms * (kill + 1)) / kills);
      child = await teller(store, port, { alarms: share, stays: true });
      const ended = once(child, 'exit');
      await sleep(50 + (lifeMsMax - 50) * chance());
      if (kill % 3 === 1) await server.stop(chance() < 0.5 ? 'SIGKILL' : 'SIGTERM');
      if (kill % 3 === 2) server.signal('SIGSTOP');
      await sleep(50 + 50 * chance());
      // Hung and then killed, it loses what it was sent and never confirmed.
      if (kill % 3 === 2) await server.stop('SIGKILL');
      if (server.lines().length < share) underWay++;
      child.kill('SIGKILL');
      await ended;
      await server.start();
      onKill?.(kill + 1, server.lines().length);
    }
    child = await teller(store, port, { alarms, stays: false });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`the last guard ended with ${code}`);
    await waitFor(() => server.lines().length >= alarms, { timeoutMs: 60_000, what: 'all alarms' });
  } finally {
    server.signal('SIGCONT');
    child?.kill('SIGKILL');
    await server.stop();
  }
  const ids = server.lines().map((line) => param(line, 'id')!);
  const arrived = [...new Set(ids)];
  // Twice with one id is what a receiver can tell; not at all is what nobody can.
  return { arrived, twice: ids.length - arrived.length, underWay, wrong: wrongIn(arrived, alarms) };
}

function wrongIn(arrived: readonly string[], alarms: number): readonly string[] {
  const told = new Set(aLife(alarms).map(({ id }) => id));
  const there = new Set(arrived);
  const orders = new Map<string, number[]>();
  for (const id of arrived) {
    const dot = id.lastIndexOf('.');
    orders.set(id.slice(0, dot), [...(orders.get(id.slice(0, dot)) ?? []), Number(id.slice(dot + 1))]);
  }
  return [
    ...[...told].filter((id) => !there.has(id)).map((id) => `${id} did not arrive`),
    ...arrived.filter((id) => !told.has(id)).map((id) => `${id} was never told`),
    ...[...orders]
      .filter(([, numbers]) => numbers.some((number, index) => number !== index + 1))
      .map(([key, numbers]) => `${key}: ${numbers.join(', ')}`),
  ];
}
