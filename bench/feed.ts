import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { alarmRecord, routeTo, startDelivery, syslogSink } from '../agent/alarms/index.js';
import { openStore } from '../agent/store/index.js';
import { aLife } from '../test/alarms/life.js';
import { emptyState } from '../test/store/samples.js';
import { removeLeftovers, tempDir } from '../test/support/machine.js';
import { whyMissing } from '../test/support/needs.js';
import { freePort, rsyslog } from '../test/support/rsyslog.js';
import type { Bench, Row } from './bench.js';
import { quantile } from './bench.js';

const SECONDS = Number(process.env.ECLUSE_BENCH_FEED_SECONDS ?? 30);
/** Over half a minute as many as it takes; longer, a fifth more than a SIEM is asked to take, for as long as it is said. */
const A_MINUTE_MAX = SECONDS > 60 ? 6_000 : Number.POSITIVE_INFINITY;
const EVENTS = 100_000;
/** Whoever makes alarms waits while so many are queued: the figure is what is told, not what is piled up. */
const QUEUED_MAX = 200;

async function run(say: (progress: string) => void): Promise<readonly Row[]> {
  const folder = tempDir();
  const port = await freePort();
  const server = rsyslog(folder, port, {
    before: 'module(load="imrelp")',
    // Each message is on the disk before it is confirmed.
    input: `input(type="imrelp" port="${port}" address="127.0.0.1" ruleset="durable")
ruleset(name="durable" queue.type="Direct") {
  action(type="omfile" file="${folder}/rsyslog.jsonl" template="line" sync="on" flushOnTXEnd="on" asyncWriting="off")
}`,
  });
  await server.start();
  const sink = syslogSink({ id: 'siem', host: '127.0.0.1', port, transport: 'relp' });
  const store = openStore({ path: `${folder}/ecluse.db`, route: routeTo([sink]) });
  if (!store.ok) throw new Error(store.error.message);
  const { judge, outbox, close } = store.value;
  const delivery = startDelivery({ outbox, sinks: [sink], record: (event) => alarmRecord(event) });
  const events = aLife(EVENTS);
  const minutes: number[] = [];
  const startMs = performance.now();
  const endMs = startMs + SECONDS * 1_000;
  let made = 0;
  let markMs = startMs;
  let mark = 0;
  const everyMs = Math.min(60_000, (SECONDS * 1_000) / 3);
  while (performance.now() < endMs) {
    judge.commit({ previous: emptyState, next: emptyState, events: [events[made]!], at: Date.now() });
    made++;
    const ahead = (made / A_MINUTE_MAX) * 60_000 - (performance.now() - startMs);
    if (ahead > 10) await sleep(ahead);
    delivery.wake();
    await new Promise((resolve) => setImmediate(resolve));
    while (made % 20 === 0 && outbox.waiting('siem') > QUEUED_MAX) await sleep(1);
    const now = performance.now();
    if (now - markMs < everyMs) continue;
    const told = made - outbox.waiting('siem');
    minutes.push(((told - mark) / (now - markMs)) * 60_000);
    say(`${told} told, ${Math.round(minutes.at(-1)!)} a minute`);
    [mark, markMs] = [told, now];
  }
  while (outbox.waiting('siem') > 0) await sleep(5);
  const seconds = (performance.now() - startMs) / 1_000;
  await delivery.stop();
  close();
  await server.stop();
  const arrived = server.lines().length;
  if (arrived < made) throw new Error(`${made} were told and ${arrived} arrived`);
  return [
    {
      what: `events told and confirmed, over ${Math.round(seconds)} s`,
      figure: (made / seconds) * 60,
      unit: '/min',
      goal: '≥ 5,000 a minute',
    },
    { what: 'the slowest part of that time', figure: quantile(minutes, 0), unit: '/min', goal: '≥ 5,000 a minute' },
  ];
}

export const bench: Bench = {
  about:
    'Events into a real rsyslog over RELP: each is one transaction on this disk before it is told (WAL, synchronous=full), and rsyslog writes it with sync before it confirms it. ECLUSE_BENCH_FEED_SECONDS=600 for ten minutes.',
  missing: () => whyMissing(['rsyslogd', 'rsyslog-relp']),
  async run(say) {
    try {
      return await run(say);
    } finally {
      removeLeftovers();
    }
  },
};
