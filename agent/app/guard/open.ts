import type { Writable } from 'node:stream';
import { type Delivery, routeTo, type Sink } from '../../alarms/index.js';
import type { Baseline } from '../../baseline/index.js';
import type { DeviceSettings, Settings } from '../../config/index.js';
import {
  type FindingEvent,
  heldBackNow,
  type JudgeContext,
  type JudgeState,
  memoryOf,
  nextDue,
  onboardingOf,
  type Rules,
} from '../../judge/index.js';
import { type Clock, systemClock } from '../../lib/clock.js';
import type { Log } from '../../lib/log.js';
import { failure, type Problem, problemText, type Result, success } from '../../lib/result.js';
import { openStore } from '../../store/index.js';
import { readBaseline } from '../baseline-file.js';
import { loadRules } from '../rules.js';
import { type BaselineWatch, sealBaseline, watchBaseline } from './baseline-watch.js';
import { type Bench, isOpenFinding, openBench } from './bench.js';
import { type Cron, startClockwork, systemCron } from './clockwork.js';
import type { Guard, GuardStatus } from './contract.js';
import { type Seen, type WatchedDevice, watchedDevice } from './device.js';
import { findingAnswers } from './findings.js';
import { type Heartbeat, startHeartbeat } from './heartbeat.js';
import { judgeContextOf, outerZonesOf } from './judge-context.js';
import { type Listening, startListening } from './listening.js';
import { type Metrics, startMetrics } from './metrics.js';
import { type Place, placeOf, redactionKey } from './place.js';
import { takeWindows } from './planned.js';
import type { Parts, PartsPlace } from './ports.js';
import { everyAnswer } from './relay.js';
import { removedUnderWork, withRemoved } from './removed.js';
import { tellReport } from './report.js';
import { startRetention } from './retention.js';
import { answering, type Room } from './room.js';
import { type Schedule, startSchedule } from './schedule.js';
import { sinksOf } from './sinks.js';
import { snapshotAnswers } from './snapshots.js';
import { endRemoved, takeWaivers } from './taken.js';
import { startTelling } from './telling.js';
import { version } from './version.js';
import { iso } from './views.js';
import { windowAnswers } from './windows.js';

/** What a guard is given besides its settings. */
export interface GuardTools {
  readonly parts: (place: PartsPlace) => Parts;
  /** Read already; left out, they are read from where they lie. */
  readonly rules?: Rules;
  readonly log: Log;
  /** Read already; left out, it is read from the file that the settings name. */
  readonly baseline?: Baseline;
  readonly clock?: Clock;
  /** How often, in real time, it is looked whether the clock was set back. */
  readonly heartbeatMs?: number;
  /** What runs things by the clock on the wall; left out, node-cron. */
  readonly cron?: Cron;
  /** Where the sink `-` writes. */
  readonly output?: Writable;
}

/** What a running guard says besides its alarms. */
export interface GuardListener {
  /** Stored already. */
  readonly onEvents?: (events: readonly FindingEvent[]) => void;
  /** A sentence for the person at the terminal. */
  readonly onSay?: (text: string) => void;
  readonly onReading?: (device: string, seen: Seen | undefined) => void;
  readonly onSink?: (sink: string, lastError: string | undefined) => void;
}

export interface Running {
  /** Resolves once every device has been read for the first time. */
  readonly firstReadings: Promise<void>;
  /** Resolves once no reading and no judgement is under way. */
  settled(): Promise<void>;
}

export interface OpenGuard extends Guard {
  readonly place: Place;
  /** Starts to watch: readings, due instants, delivery. */
  run(listener?: GuardListener): Running;
  /** Says by whose word the baseline files are taken as they are; before `run`. */
  takeBaseline(by: string): void;
  /** The last reading of a device since the start. */
  seen(device: string): Seen | undefined;
  /** Ends everything within two seconds; what was not delivered stays queued. Safe to call twice. */
  close(): Promise<void>;
}

const CLOSE_MS_MAX = 1_000;

/** Opens the state folder and everything in it. Nothing is read from a device before `run`, or before it is asked. */
export async function openGuard(configured: Settings, tools: GuardTools): Promise<Result<OpenGuard>> {
  const { clock = systemClock, log } = tools;
  const place = placeOf(configured.stateFolder);
  const baseline = tools.baseline ? success(tools.baseline) : readBaseline(configured.baselineFiles);
  if (!baseline.ok) return baseline;
  const rules = tools.rules ? success(tools.rules) : loadRules(configured.rulesFolder);
  if (!rules.ok) return rules;
  const named = sinksOf(configured.sinks, tools.output ?? process.stdout);
  if (!named.ok) return named;
  const sinks = named.value;
  const store = openStore({ path: place.database, route: routeTo(sinks), now: clock.now });
  if (!store.ok) return store;
  const key = redactionKey(place.key);
  if (!key.ok) {
    store.value.close();
    return key;
  }
  const removed = removedUnderWork(store.value.judge.load(), configured.devices);
  const settings: Settings = { ...configured, devices: [...configured.devices, ...removed] };
  const { wholeReadingSeconds: whole } = configured;
  const own = tools.parts({
    key: key.value,
    baseline: baseline.value,
    clock,
    folder: place.folder,
    outerZones: outerZonesOf(settings),
    ...(whole !== undefined && { wholeReadingSeconds: whole }),
  });
  const parts = withRemoved(own, removed, clock);
  const context = judgeContextOf(settings, rules.value);
  const opened = { settings, store: store.value, parts, baseline: baseline.value, clock, log, redact: key.value };
  const devices = configured.devices.map(({ id }) => id);
  const { heartbeatMs, cron = systemCron } = tools;
  return success(assemble(opened, { context, place, sinks, devices, heartbeatMs, cron }));
}

type Opened = Omit<Room, 'bench' | 'devices'>;

interface Assembly {
  readonly context: JudgeContext;
  readonly place: Place;
  readonly sinks: readonly Sink[];
  /** Those that the configuration names. */
  readonly devices: readonly string[];
  readonly heartbeatMs: number | undefined;
  readonly cron: Cron;
}

function assemble(opened: Opened, { context, place, sinks, devices: named, heartbeatMs, cron }: Assembly): OpenGuard {
  const { settings, store, parts, clock, log } = opened;
  const stopping = new AbortController();
  const startedAt = clock.now();
  let listener: GuardListener = {};
  let schedule: Schedule | undefined;
  let delivery: Delivery | undefined;
  let monitors: readonly { stop(): void }[] = [];
  let closing: Promise<void> | undefined;
  let heartbeat: Heartbeat | undefined;
  let retention: { stop(): void } | undefined;
  let listening: Listening | undefined;
  const wakes: Wakes = new Map();
  let metrics: Metrics | undefined;
  let clockwork: { stop(): void } | undefined;
  let baselineWatch: BaselineWatch | undefined;

  const onStep = (events: readonly FindingEvent[]): void => {
    schedule?.refresh();
    if (events.length === 0) return;
    delivery?.wake();
    heard(() => listener.onEvents?.(events));
  };
  // Whoever listens must not be able to break what is watched.
  const heard = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      log.error('what happened could not be shown', { error });
    }
  };
  const bench: Bench = openBench({ store, context, log, onStep });
  const devices = new Map<string, WatchedDevice>();
  const onboarded = onboardedEver(settings.devices, bench.state());
  for (const one of settings.devices) {
    const device = watchedDevice(one, {
      parts,
      bench,
      snapshots: store.snapshots,
      clock,
      log,
      signal: stopping.signal,
      version: version(),
      learns: settings.baselineFiles === undefined && !onboarded.has(one.id),
      say: (text) => heard(() => listener.onSay?.(text)),
      afterReading: (id) => {
        schedule?.refresh();
        heard(() => listener.onReading?.(id, devices.get(id)?.last()));
      },
    });
    devices.set(one.id, device);
  }
  const room: Room = { ...opened, bench, devices };
  const planned = takeWindows(room);

  const idle = async (): Promise<void> => {
    const all = [...devices.values()];
    do {
      await Promise.all(all.map((device) => device.idle()));
      // A due instant is judged in the turn after its last reading.
      await Promise.resolve();
    } while (schedule?.waiting() || all.some((device) => device.busy()));
  };

  const onSetBack = (from: number, to: number): void => {
    log.warn('the clock was set back', { from: iso(from), to: iso(to) });
    for (const monitor of monitors) monitor.stop();
    monitors = watchAll(room, wakes);
    schedule?.setBack();
  };

  const stop = async (): Promise<void> => {
    heartbeat?.stop();
    retention?.stop();
    listening?.stop();
    metrics?.stop();
    clockwork?.stop();
    baselineWatch?.stop();
    schedule?.stop();
    for (const monitor of monitors) monitor.stop();
    stopping.abort();
    const readings = [...devices.values()].map((device) => device.idle());
    const limit = after(CLOSE_MS_MAX);
    await Promise.race([Promise.allSettled([delivery?.stop(), ...readings]), limit.over]);
    limit.cancel();
    parts.close?.();
    store.close();
  };

  return {
    ...closable(
      answersOf(room, { startedAt, delivery: () => delivery, sinks, listening: () => listening, wakes }),
      stopping.signal,
    ),
    place,
    takeBaseline: (by) => sealBaseline(room, by),
    seen: (device) => devices.get(device)?.last(),
    run(hears = {}) {
      listener = hears;
      for (const text of planned) heard(() => listener.onSay?.(text));
      takeWaivers(room);
      const due = nextDue(bench.state(), context);
      // What fell due while nothing was running is judged on the first readings, before anything is taken away.
      const isLate = due !== undefined && due < clock.now();
      if (!isLate) endRemoved(room, named);
      delivery = startTelling({
        ...{ room, sinks, services: context.services, startedAt },
        onSink: (sink, lastError) => heard(() => listener.onSink?.(sink, lastError)),
      });
      schedule = startSchedule({
        bench,
        devices: [...devices.values()],
        clock,
        pollSeconds: settings.pollSeconds,
        onFault: (error) => log.error('a judgement failed; it is tried again', { error }),
      });
      monitors = watchAll(room, wakes);
      if (settings.listen) listening = startListening(room, settings.listen.syslog);
      if (settings.metrics)
        metrics = startMetrics(room, { ...settings.metrics, sinks, delivery: () => delivery, startedAt });
      heartbeat = startHeartbeat(clock, onSetBack, heartbeatMs);
      retention = startRetention({ store, bench, clock, days: () => settings.retentionDays, log });
      baselineWatch = watchBaseline(room);
      clockwork = startClockwork({
        ...{ schedules: settings.schedules ?? [], devices, cron, log },
        report: (wanted) => tellReport(room, wanted, () => delivery?.wake()),
      });
      const firstReadings = Promise.all([...devices.values()].map((device) => device.idle())).then(() => {
        if (isLate && !stopping.signal.aborted) endRemoved(room, named);
      });
      return { firstReadings, settled: idle };
    },
    close() {
      closing ??= stop();
      return closing;
    },
  };
}

/** Where an onboarding is or was, a person approves: what is open at its end must not become declared by itself. */
function onboardedEver(devices: readonly DeviceSettings[], { findings }: JudgeState): ReadonlySet<string> {
  const told = new Set(findings.map(({ key }) => key));
  return new Set(
    devices.flatMap(({ id, onboardingUntil }) =>
      onboardingUntil !== undefined || told.has(`onboarding/${id}`) ? [id] : [],
    ),
  );
}

/** In real time, whatever clock the guard runs on: the one who stops it waits for real. */
function after(ms: number): { readonly over: Promise<void>; readonly cancel: () => void } {
  let cancel = (): void => {};
  const over = new Promise<void>((resolve) => {
    cancel = systemClock.at(systemClock.now() + ms, resolve);
  });
  return { over, cancel };
}

/** By device: what wakes a reading of it, and why what does not does not. */
type Wakes = Map<string, Map<string, string | undefined>>;

function watchAll(room: Room, wakes: Wakes): readonly { stop(): void }[] {
  return [...room.devices.values()].map((device) =>
    room.parts.watch(device.settings, {
      onWake(source, why) {
        const { id } = device.settings;
        wakes.set(id, (wakes.get(id) ?? new Map()).set(source, why));
        room.log.info('a source of wakes', { device: id, source, ...(why === undefined ? { works: true } : { why }) });
      },
      wake: () => device.changed(),
      say: (problem) => room.log.warn('changes are noticed later', { device: device.settings.id, ...problem }),
    }),
  );
}

interface StatusSources {
  readonly startedAt: number;
  readonly delivery: () => Delivery | undefined;
  readonly listening: () => Listening | undefined;
  readonly wakes: Wakes;
  readonly sinks: readonly Sink[];
}

function answersOf(room: Room, sources: StatusSources): Guard {
  return {
    status: async () => success(statusOf(room, sources)),
    ...snapshotAnswers(room),
    ...windowAnswers(room),
    ...findingAnswers(room),
  };
}

function statusOf(
  { bench, clock, devices, store }: Room,
  { startedAt, delivery, listening, sinks, wakes }: StatusSources,
): GuardStatus {
  const state = bench.state();
  const states = delivery()?.states() ?? [];
  const heard = listening()?.view();
  const waiting = heldBackNow(state, bench.context);
  const held = (id: string): number => waiting.filter(({ present }) => present.subject.device === id).length;
  const refused = bench.refused();
  return {
    version: version(),
    pid: process.pid,
    startedAt: iso(startedAt),
    devices: [...devices.keys()].map((id) => {
      const memory = memoryOf(state, id);
      const approved = store.snapshots.approved(id);
      const until = onboardingOf(id, bench.context, clock.now());
      const sources = [...(wakes.get(id) ?? [])];
      return {
        id,
        ...(memory?.lastCompleteAt !== undefined && { lastComplete: iso(memory.lastCompleteAt) }),
        blind: memory?.blindReasons ?? [],
        ...(approved && { approved: approved.id }),
        ...(sources.length > 0 && {
          wakes: sources.map(([source, why]) => ({ source, ...(why !== undefined && { why }) })),
        }),
        ...(until !== undefined && { onboarding: { until: iso(until), heldBack: held(id) } }),
      };
    }),
    openFindings: state.findings.filter(isOpenFinding).length,
    ...(refused && { refused: `${refused.code}: ${problemText(refused)}` }),
    sinks: sinks.map(({ id }) => {
      const lastError = states.find((one) => one.sink === id)?.lastError;
      return {
        id,
        queued: store.outbox.waiting(id),
        ...(lastError !== undefined && { lastError }),
      };
    }),
    ...(heard && { listening: heard }),
  };
}

const closed: Problem = {
  code: 'GUARD_CLOSED',
  message: 'this guard is being stopped',
  remedy: 'ask again once it runs',
};

/** The same answers, where the disk's refusals are problems and a stopped guard says that it is. */
function closable(guard: Guard, signal: AbortSignal): Guard {
  return everyAnswer(
    () => guard,
    (method) =>
      (...args) =>
        signal.aborted ? Promise.resolve(failure(closed)) : answering(() => method(...args)),
  );
}
