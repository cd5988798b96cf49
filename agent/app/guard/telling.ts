import {
  alarmRecord,
  type Delivery,
  heartbeatRecord,
  type Sink,
  startDelivery,
  watchSinks,
} from '../../alarms/index.js';
import { placeOf, type Settings } from '../../config/index.js';
import {
  anyPort,
  codeText,
  type FindingEvent,
  type JudgeState,
  type ServiceTable,
  type Subject,
  servicesReached,
} from '../../judge/index.js';
import { answersFor } from '../../windows/index.js';
import { type Bench, isOpenFinding } from './bench.js';
import type { Room } from './room.js';

const HEARTBEAT_MS = 300_000;

export interface Telling {
  readonly room: Room;
  readonly sinks: readonly Sink[];
  readonly services: ServiceTable;
  readonly startedAt: number;
  readonly onSink: (sink: string, lastError: string | undefined) => void;
}

/** Delivery to every sink, with an eye on the sinks themselves: what fails is told through the others. */
export function startTelling({ room, sinks, services, startedAt, onSink }: Telling): Delivery {
  const { store, bench, clock, log, settings } = room;
  let delivery: Delivery | undefined;
  const watch = watchSinks({
    outbox: store.outbox,
    sinks,
    clock,
    lastTold: (key) => store.events.list({ finding: key, limit: 1 }).at(-1),
    onTold: () => delivery?.wake(),
    onShed: (sink, records) => log.warn('records gave way in a full queue', { sink, records }),
  });
  const started = startDelivery({
    outbox: store.outbox,
    sinks,
    clock,
    record: (event) => alarmRecord(event, recordContext(event, settings, bench, services)),
    heartbeat: { everyMs: HEARTBEAT_MS, record: () => heartbeatRecord(pulse(room, startedAt), placeOf(settings, [])) },
    failingSince: watch.failingSince,
    onState: (state) => {
      const { sink, lastError } = state;
      if (lastError === undefined) log.info('a sink takes records again', { sink });
      else log.warn('a sink does not take records', { sink, lastError });
      watch.onState(state);
      onSink(sink, lastError);
    },
    onFault: (error) => log.error('the queue of alarms cannot be read', { error }),
  });
  delivery = started;
  const look = (): void => {
    try {
      watch.look();
    } catch (error) {
      // A store that refuses must not hold up what was queued before.
      log.error('the queue of alarms cannot be read', { error });
    }
  };
  look();
  return {
    ...started,
    wake() {
      look();
      started.wake();
    },
  };
}

function pulse({ bench, clock, devices, store }: Room, startedAt: number) {
  const state = bench.state();
  return {
    at: clock.now(),
    startedAt,
    devices: devices.size,
    blind: state.devices.filter(({ blindReasons, removedAt }) => removedAt === undefined && blindReasons.length > 0)
      .length,
    openFindings: state.findings.filter(isOpenFinding).length,
    waiting: store.outbox.waiting(),
  };
}

/** The devices it is about: its own, those that are told together, or those of its window. */
export function devicesOf({ finding }: FindingEvent, state: JudgeState): readonly string[] {
  if (finding.device !== undefined) return [finding.device];
  if (finding.group) return finding.group.members;
  return state.windows.find(({ id }) => finding.windows.includes(id))?.devices ?? [];
}

function recordContext(
  event: FindingEvent,
  settings: Settings,
  bench: Bench,
  services: ServiceTable,
): Parameters<typeof alarmRecord>[1] {
  const { site, ...place } = placeOf(settings, devicesOf(event, bench.state()));
  // Those of a group come and go; its key stays.
  const { group, grouped } = event.finding;
  const keySite = group || grouped ? settings.site : site;
  return {
    ...place,
    ...(keySite !== undefined && { site: keySite }),
    window: (id) => {
      const window = bench.state().windows.find((one) => one.id === id);
      const owner = window && answersFor(window);
      return window && { ...window, ...(owner !== undefined && { owner }) };
    },
    services: ({ finding: { subject } }) => servicesOf(subject, services),
    code: (code) => codeText(code, 'en'),
  };
}

/** A flow that leaves the port open reaches every service: naming them all would say less than the port. */
function servicesOf(subject: Subject | undefined, table: ServiceTable): readonly string[] {
  if (!subject || anyPort(subject.flow.ports) || subject.flow.ports === 'any') return [];
  const { reached } = servicesReached(table, subject.flow.proto, subject.flow.ports);
  return reached.map(({ service }) => service.id);
}
