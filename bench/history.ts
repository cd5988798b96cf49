import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { openGuard, type Parts } from '../agent/app/guard/index.js';
import type { Settings } from '../agent/config/index.js';
import type { Finding, FindingEvent, JudgeState } from '../agent/judge/index.js';
import { openLog } from '../agent/lib/log.js';
import { openStore, type Store } from '../agent/store/index.js';
import type { MaintenanceWindow } from '../agent/windows/index.js';
import { removeLeftovers, tempDir } from '../test/support/machine.js';
import { type Bench, quantile, type Row } from './bench.js';
import { opening } from './judge.js';
import { ruleset } from './ruleset.js';

const DEVICES = 1_000;
const DAYS = 365;
const INTERVENTIONS = 20;
const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 1);
/** One before each intervention and one after it; a reading without news takes no room. */
const SNAPSHOTS = 2 * DAYS * INTERVENTIONS;
const RULES = 1_000;
const OPEN_NOW = 200;
const BATCH = 500;

/** What one intervention leaves behind: its window, two findings and what was told of them. */
function intervention(number: number): {
  readonly window: MaintenanceWindow;
  readonly findings: readonly Finding[];
  readonly events: readonly FindingEvent[];
} {
  const start = START + Math.floor((number / INTERVENTIONS) * DAY_MS);
  const end = start + 2 * 3_600_000;
  const device = `fw${number % DEVICES}`;
  const id = `W${number}`;
  const isLast = number >= DAYS * INTERVENTIONS - OPEN_NOW;
  const window: MaintenanceWindow = {
    ...{ id, vendor: `vendor ${number % 40}`, technician: 'technicien 7', ticket: `CHG-${number}`, devices: [device] },
    ...{ start, end, scope: [{ kind: 'rule', ports: '443' }], state: isLast ? 'refused' : 'closed' },
    ...{ openedAt: start, firstCloseAt: end, ...(!isLast && { closedAt: end }), deadlineJudged: true },
    before: { [device]: { snapshot: `S-${number}`, takenAt: start, fresh: true } },
  };
  const events: FindingEvent[] = [];
  const findings = [0, 1].map((which) => {
    const subject = opening(device, (number * 2 + which) % 60_000);
    const base: Finding = {
      ...{ key: `${device}/${subject.id}`, generation: 1, subjectId: subject.id, device, subject, windows: [id] },
      ...{ code: 'IN_WINDOW_CHANGE', severity: 'info', severityBecause: 'info: as declared' },
      ...{ firstSeen: start + 60_000, lastSeen: end, count: 3, remindersSent: 0, sequence: 1, raisedAt: start },
    };
    const tell = (kind: FindingEvent['kind'], finding: Finding, at: number): void => {
      const code = kind === 'resolve' ? 'RESOLVED' : finding.code;
      const told = { id: `${base.key}#${number}.${finding.sequence}`, kind, at, code, severity: finding.severity };
      events.push({ ...told, finding, row: true });
    };
    tell('raise', base, start + 60_000);
    const left: Finding = { ...base, code: 'LEFT_OPEN', severity: 'high', sequence: 2 };
    tell('raise', left, end + 900_000);
    if (isLast) return left;
    const shut: Finding = { ...left, sequence: 3, resolvedAt: end + 3_600_000 };
    tell('resolve', shut, end + 3_600_000);
    return shut;
  });
  return { window, findings, events };
}

function snapshots(store: Store, say: (progress: string) => void): void {
  const text = ruleset(RULES);
  for (let number = 0; number < SNAPSHOTS; number++) {
    const changed = text.replace('dport 1007', `dport ${20_000 + number} counter`);
    const hash = createHash('sha256').update(changed).digest('hex');
    store.snapshots.save({
      ...{ device: `fw${number % DEVICES}`, takenAt: START + number * 1_000, complete: true, blind: [], hash },
      captures: [
        { driver: 'nftables', sections: [{ name: 'ruleset', source: 'nft list ruleset', text: changed }] } as never,
      ],
    });
    if (number % 2_000 === 1_999) say(`${number + 1} of ${SNAPSHOTS} snapshots`);
  }
}

/** Every record was taken when it was told. */
function deliver(store: Store): void {
  for (;;) {
    const due = store.outbox.due('siem', START, BATCH);
    if (due.length === 0) return;
    for (const { sequence } of due) store.outbox.delivered(sequence, START);
  }
}

function sizeOf(path: string): number {
  return statSync(path).size;
}

async function median(ask: () => Promise<{ readonly ok: boolean }>): Promise<number> {
  const samples: number[] = [];
  for (let run = 0; run < 9; run++) {
    const startMs = performance.now();
    const answer = await ask();
    samples.push(performance.now() - startMs);
    if (!answer.ok) throw new Error('the guard did not answer');
  }
  return quantile(samples, 0.5);
}

async function historyRows(say: (progress: string) => void): Promise<readonly Row[]> {
  const folder = join(tempDir(), 'state');
  mkdirSync(folder, { mode: 0o700 });
  const path = join(folder, 'ecluse.db');
  const opened = openStore({ path, route: () => ['siem'], now: () => START });
  if (!opened.ok) throw new Error(opened.error.message);
  const store = opened.value;
  const all = Array.from({ length: DAYS * INTERVENTIONS }, (_, number) => intervention(number));
  const memory = { missedReadings: 0, blindReasons: [], lastCompleteAt: START + DAYS * DAY_MS };
  const state: JudgeState = {
    present: all.slice(-OPEN_NOW).flatMap(({ findings }, index) =>
      findings.map(({ subject, firstSeen, lastSeen }, which) => ({
        ...{ subject: subject!, declared: false, firstSeen, lastSeen, order: index * 2 + which },
      })),
    ),
    findings: all.flatMap(({ findings }) => findings),
    windows: all.map(({ window }) => window),
    waivers: [],
    devices: Array.from({ length: DEVICES }, (_, index) => ({ device: `fw${index}`, ...memory })),
    judgedUpTo: START + DAYS * DAY_MS,
  };
  const events = all.flatMap((one) => one.events);
  say('making a year');
  const at = START;
  store.judge.commit({ previous: state, next: state, events: [], at });
  for (let from = 0; from < events.length; from += BATCH)
    store.judge.commit({ previous: state, next: state, events: events.slice(from, from + BATCH), at });
  deliver(store);
  say(`${events.length} events, ${state.findings.length} findings, ${state.windows.length} windows`);
  snapshots(store, say);
  store.vacuum();
  store.close();
  const size = sizeOf(path);

  const settings: Settings = {
    stateFolder: folder,
    devices: state.devices.map(({ device }) => ({
      ...{ id: device, kind: 'fw', interfaceZones: {}, source: { kind: 'local' }, drivers: ['nftables'] },
    })),
    ...{ pollSeconds: 3_600, wholeReadingSeconds: 3_600, graceMinutes: 15, approvedHosts: [], sinks: [] },
  };
  const nobody = (): never => {
    throw new Error('nothing is read here');
  };
  const parts: Parts = {
    ...{ read: nobody, readingOf: nobody, compose: nobody, learn: nobody, watch: () => ({ stop: () => {} }) },
    ...{ declaredKey: () => '', drivers: [] },
  };
  const log = openLog({ level: 'error' });
  const startMs = performance.now();
  const guard = await openGuard(settings, { parts: () => parts, log });
  if (!guard.ok) throw new Error(guard.error.message);
  const openMs = performance.now() - startMs;
  const rows: Row[] = [
    { what: 'a year of history on disk', figure: size / 2 ** 30, unit: 'GB', goal: '< 5 GB' },
    {
      what: 'findings that are open',
      figure: await median(() => guard.value.findings({ all: false })),
      unit: 'ms',
      goal: '< 300 ms',
    },
    {
      what: 'window list',
      figure: await median(() => guard.value.windows({ all: false })),
      unit: 'ms',
      goal: '< 300 ms',
    },
    {
      what: 'findings of the year (--all)',
      figure: await median(() => guard.value.findings({ all: true })),
      unit: 'ms',
    },
    {
      what: 'window list of the year (--all)',
      figure: await median(() => guard.value.windows({ all: true })),
      unit: 'ms',
    },
    { what: 'the guard opens this store', figure: openMs, unit: 'ms' },
  ];
  await guard.value.close();
  await log.closeLog();
  return rows;
}

export const bench: Bench = {
  about:
    'A year of a hospital with 1,000 devices that are read every hour and 20 interventions a day, as a guard leaves it: ' +
    'every window, finding, event, record and snapshot (two for each intervention, of a firewall with 1,000 rules) is ' +
    'written through the store; a reading without news takes no room. Then a guard is asked about it, in this process.',
  async run(say) {
    try {
      return await historyRows(say);
    } finally {
      removeLeftovers();
    }
  },
};
