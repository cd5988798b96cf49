import { type Parties, partyProblem, placeOf } from '../../config/index.js';
import { protocolName } from '../../exposure/index.js';
import { type AnnouncedPorts, announced, windowExists, withoutBefore } from '../../judge/index.js';
import { occurrencesOf } from '../../lib/recurrence.js';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import { answersFor, type MaintenanceWindow, type ScopeEntry, type WindowPlan } from '../../windows/index.js';
import type {
  BeforeView,
  CloseAnswerView,
  ExtensionRequest,
  Guard,
  OpenAnswerView,
  ScopeRequest,
  WindowRequest,
  WindowView,
} from './contract.js';
import { openBeside } from './findings.js';
import { chosen, coverage, instantOf, type Room, readNow } from './room.js';
import { outlived } from './sessions.js';
import { beforeView, closeView, waysOut, windowView } from './views.js';

/** A device that has not answered by then is unreachable for this purpose. */
const OPEN_WAIT_MS = 15_000;
const CLOSE_WAIT_MS = 60_000;

type WindowAnswers = Pick<
  Guard,
  | 'windows'
  | 'window'
  | 'planWindow'
  | 'openWindow'
  | 'closeWindow'
  | 'extendWindow'
  | 'cancelWindow'
  | 'resumeWindow'
  | 'handOverWindow'
>;

/** Change windows: planned, opened with a reading before, closed by a reading after. */
export function windowAnswers(room: Room): WindowAnswers {
  const { bench, clock } = room;

  const find = (id: string): Result<MaintenanceWindow> => {
    const window = bench.state().windows.find((one) => one.id === id);
    if (window) return success(window);
    return failure({ code: 'NO_WINDOW', message: `there is no window ${id}`, remedy: 'ecluse window list' });
  };

  const view = (id: string): Result<WindowView> => {
    const window = find(id);
    return window.ok ? success(windowView(window.value, bench.state(), bench.context, clock.now())) : window;
  };

  const feed = (event: Parameters<typeof bench.feed>[0], id: string): Result<WindowView> => {
    const step = bench.feed(event);
    if (!step.ok) return step;
    return step.value.problem ? failure(step.value.problem) : view(id);
  };

  const plan = (request: WindowRequest, startMin?: number): Result<WindowView> => {
    const planned = planOf(room, request);
    if (!planned.ok) return planned;
    const window = { ...planned.value, start: Math.max(planned.value.start, startMin ?? planned.value.start) };
    return feed({ kind: 'windowPlanned', at: clock.now(), window }, window.id);
  };

  const open = async (id: string, request?: WindowRequest): Promise<Result<OpenAnswerView>> => {
    if (request?.recurs) {
      const message = 'what recurs is planned, and opened when its time comes';
      return failure({ code: 'BAD_CALL', message, remedy: 'ecluse window plan' });
    }
    const named = request && { ...request, ...(id !== '' && { id }) };
    const checked = named ? planOf(room, named) : find(id);
    if (!checked.ok) return checked;
    const wanted = checked.value;
    const known = find(wanted.id);
    if (named && known.ok) return failure(windowExists(known.value));
    if (named && wanted.end < clock.now()) return failure(overAlready(wanted));
    const devices = chosen(room, wanted.devices);
    if (!devices.ok) return devices;
    const readings = await readNow(room, devices.value, OPEN_WAIT_MS);
    const now = clock.now();
    const before = wanted.devices.map((device) => beforeView(device, readings.get(device), room.store.snapshots, now));
    if (named) {
      // Begins after the reading: what was open before the work is not the vendor's. Only an emergency may say that
      // it began before anybody was asked.
      const fromNow = wanted.start <= now && named.emergency?.late !== true;
      const planned = plan({ ...named, id: wanted.id }, fromNow ? now : undefined);
      if (!planned.ok) return planned;
    }
    const opened = feed(
      { kind: 'windowOpened', at: clock.now(), window: wanted.id, before: rememberedBefore(before) },
      wanted.id,
    );
    if (!opened.ok) return opened;
    return success({ window: opened.value, before });
  };

  /** Of a window that is closed: which connections outlive it still. */
  const lookAgain = async (window: MaintenanceWindow): Promise<Result<CloseAnswerView>> => {
    const devices = window.devices.flatMap((device) => room.devices.get(device) ?? []);
    const readings = await readNow(room, devices, CLOSE_WAIT_MS);
    const sessions = (await outlived(room, window, readings)) ?? { left: [], notCovered: [] };
    const step = bench.feed({ kind: 'windowSessions', at: clock.now(), window: window.id, sessions });
    if (!step.ok) return step;
    if (step.value.problem) return failure(step.value.problem);
    const statement = coverage(room, window.devices);
    const notCovered = [...statement.notCovered, ...sessions.notCovered];
    const isRead = devices.every((device) => readings.get(device.settings.id)?.observation.blind.length === 0);
    const attested = isRead && devices.length === window.devices.length;
    const answer = { window: window.id, state: 'closed' as const, openings: [], coverage: statement };
    const alsoOpen = openBeside(room, window, []);
    return success(closeView(answer, { attested, alsoOpen, coverage: { ...statement, notCovered }, sessions }));
  };

  const close = async (id: string): Promise<Result<CloseAnswerView>> => {
    const window = find(id);
    if (!window.ok) return window;
    if (window.value.state === 'closed' && window.value.sessions) return lookAgain(window.value);
    // Those that are known: no name at all would mean every device.
    const devices = window.value.devices.flatMap((device) => room.devices.get(device) ?? []);
    const readings = await readNow(room, devices, CLOSE_WAIT_MS);
    // Blind readings were judged when they were made; only a complete one may speak for its device here.
    const observations = [...readings.values()].map((seen) => seen.observation).filter((one) => one.blind.length === 0);
    const sessions = await outlived(room, window.value, readings);
    const at = Math.max(clock.now(), ...observations.map((one) => one.at));
    const step = bench.feed({ kind: 'windowClose', at, window: id, observations, ...(sessions && { sessions }) });
    if (!step.ok) return step;
    if (step.value.problem) return failure(step.value.problem);
    const attested = observations.length === window.value.devices.length;
    const statement = coverage(room, window.value.devices);
    const unseen = [...withoutBefore(window.value, step.value.state), ...(sessions?.notCovered ?? [])];
    const notCovered = [...statement.notCovered, ...unseen];
    const answer = step.value.answer!;
    const alsoOpen = openBeside(room, window.value, answer.openings);
    const told = closeView(answer, { attested, alsoOpen, coverage: { ...statement, notCovered }, sessions });
    if (told.state === 'closed') return success(told);
    const refused = find(id);
    const place = placeOf(room.settings, window.value.devices);
    const named = refused.ok ? answersFor(refused.value) : undefined;
    const owner = named ?? place.contact ?? place.siteName ?? 'whoever runs Écluse';
    return success({ ...told, waysOut: waysOut(window.value, answer, clock.now()), owner });
  };

  return {
    windows: async ({ all }) =>
      success(
        bench
          .state()
          .windows.filter((window) => all || !isOver(window))
          .map((window) => windowView(window, bench.state(), bench.context, clock.now())),
      ),
    window: async (id) => view(id),
    planWindow: async (request) => (request.recurs ? planSeries(room, request, feed) : plan(request)),
    openWindow: open,
    closeWindow: close,
    extendWindow: async (id, request) => extend(room, id, request, feed),
    cancelWindow: async (id) => {
      const window = find(id);
      return window.ok ? feed({ kind: 'windowCancelled', at: clock.now(), window: id }, id) : window;
    },
    resumeWindow: async (id, by) => feed({ kind: 'windowResumed', at: clock.now(), window: id, by }, id),
    handOverWindow: async (id, { to, by }) =>
      feed({ kind: 'windowHandedOver', at: clock.now(), window: id, to, by }, id),
  };
}

/** Every occurrence is a window of its own: it is opened, closed, extended and cancelled by itself. */
function planSeries(
  room: Room,
  { recurs, ...request }: WindowRequest,
  feed: (event: Parameters<Room['bench']['feed']>[0], id: string) => Result<WindowView>,
): Result<WindowView> {
  const checked = planOf(room, request);
  if (!checked.ok) return checked;
  const { id, start, end } = checked.value;
  const now = room.clock.now();
  const found = occurrencesOf({ rule: recurs!.rule, timeZone: recurs!.timeZone, start, end, now });
  if (!found.ok) return found;
  const series = { id, rule: recurs!.rule, timeZone: recurs!.timeZone };
  const windows = found.value.map((one) => ({
    ...checked.value,
    id: `${id}-${one.day}`,
    start: one.start,
    end: one.end,
    series,
  }));
  const taken = new Set(room.bench.state().windows.map((window) => window.id));
  const twice = windows.find((window) => taken.has(window.id));
  const known = room.bench.state().windows.find((window) => window.id === twice?.id);
  if (known) return failure(windowExists(known));
  // A call that is refused leaves nothing behind.
  for (const window of windows) {
    const trial = room.bench.context.windows.plan(window);
    if (!trial.ok) return trial;
  }
  const views: WindowView[] = [];
  for (const window of windows) {
    const planned = feed({ kind: 'windowPlanned', at: now, window }, window.id);
    if (!planned.ok) return planned;
    views.push(planned.value);
  }
  return success({ ...views[0]!, series: { ...series, planned: views.length } });
}

/** Said before anything is planned: a refused call leaves nothing behind. */
function overAlready({ id, end }: Pick<WindowPlan, 'id' | 'end'>): Problem {
  const message = `window ${id} would have ended at ${new Date(end).toISOString()} already`;
  return { code: 'WINDOW_PLAN', message, remedy: 'for what was done then: ecluse window claim' };
}

function isOver(window: MaintenanceWindow): boolean {
  return window.state === 'closed' || window.state === 'cancelled';
}

function extend(
  room: Room,
  id: string,
  { until, by, reason, second }: ExtensionRequest,
  feed: (event: Parameters<Room['bench']['feed']>[0], id: string) => Result<WindowView>,
): Result<WindowView> {
  const instant = instantOf(until, 'until');
  if (!instant.ok) return instant;
  const extended = {
    kind: 'windowExtended' as const,
    at: room.clock.now(),
    window: id,
    until: instant.value,
    by,
    reason,
  };
  return feed({ ...extended, ...(second !== undefined && { second }) }, id);
}

function rememberedBefore(before: readonly BeforeView[]): NonNullable<MaintenanceWindow['before']> {
  return Object.fromEntries(
    before.flatMap(({ device, snapshot, takenAt, fresh }) =>
      snapshot === undefined || takenAt === undefined
        ? []
        : [[device, { snapshot, takenAt: Date.parse(takenAt), fresh }]],
    ),
  );
}

function planOf(room: Room, request: WindowRequest): Result<WindowPlan> {
  const devices = chosen(room, request.devices);
  if (!devices.ok) return devices;
  const start = instantOf(request.start, 'start');
  if (!start.ok) return start;
  const end = instantOf(request.end, 'end');
  if (!end.ok) return end;
  const scope: ScopeEntry[] = [];
  for (const entry of request.scope) {
    const read = scopeOf(room, entry);
    if (!read.ok) return read;
    scope.push(...read.value);
  }
  const { vendor, owner, emergency, technician, ticket } = request;
  const { late: _, ...called } = emergency ?? {};
  return success({
    id: request.id ?? freeId(room, start.value),
    vendor,
    ...(owner !== undefined && { owner }),
    ...(emergency && { emergency: called as NonNullable<WindowPlan['emergency']> }),
    ...(technician !== undefined && { technician }),
    ...(ticket !== undefined && { ticket }),
    devices: [...new Set(request.devices)],
    start: start.value,
    end: end.value,
    scope,
  });
}

/** What was announced by the names of services is kept by their ports: what a name means later changes nothing. */
function scopeOf(room: Room, { keep, service, ...named }: ScopeRequest): Result<readonly ScopeEntry[]> {
  if (named.device !== undefined) {
    const device = chosen(room, [named.device]);
    if (!device.ok) return device;
  }
  for (const name of [named.src, named.dst]) {
    const problem = name === undefined ? undefined : partyProblem(name, partiesOf(room));
    if (problem) return failure({ code: 'BAD_SCOPE', ...problem });
  }
  const entry = { ...named, ...(named.proto !== undefined && { proto: spelledOut(named.proto) }) };
  const parts = service === undefined ? success([{}]) : announcedService(room, entry, service);
  if (!parts.ok) return parts;
  const review = keep && instantOf(keep.review, 'review');
  if (review && !review.ok) return review;
  const kept = keep && review && { keep: { owner: keep.owner, review: review.value } };
  return success(parts.value.map((part) => ({ ...entry, ...part, ...kept })));
}

function partiesOf({ settings: { zones, sites = {}, devices } }: Room): Parties {
  return {
    zones: zones && Object.keys(zones),
    placed: Object.entries(sites).flatMap(([id, { networks }]) => (networks ? [id] : [])),
    devices: devices.map(({ id }) => id),
  };
}

function announcedService(
  { bench }: Room,
  { proto, ports }: ScopeRequest,
  service: string,
): Result<readonly AnnouncedPorts[]> {
  if (proto !== undefined || ports !== undefined) {
    const message = `the service ${service} beside a protocol or ports`;
    return failure({ code: 'BAD_SCOPE', message, expected: 'one of both' });
  }
  const found = announced(bench.context.services, service);
  return found.ok ? found : failure({ code: 'BAD_SCOPE', ...found.error });
}

/** `6` is `tcp`: openings have their protocol by name where it has one. */
function spelledOut(proto: string): string {
  return proto
    .split(',')
    .map((one) => (/^\d{1,3}$/.test(one.trim()) ? protocolName(Number(one)) : one.trim()))
    .join(',');
}

/** `W-20261122-1`: short enough to be said over the telephone. */
function freeId(room: Room, start: number): string {
  const day = new Date(start).toISOString().slice(0, 10).replaceAll('-', '');
  const taken = new Set(room.bench.state().windows.map((window) => window.id));
  for (let number = 1; ; number++) {
    const id = `W-${day}-${number}`;
    if (!taken.has(id)) return id;
  }
}
