import type {
  BeforeView,
  FindingView,
  Guard,
  GuardStatus,
  ListeningView,
  ScopeRequest,
  SubjectView,
  WindowRequest,
  WindowView,
} from '../../agent/app/guard/contract.js';
import { countsAsOpen } from '../../agent/app/guard/counted.js';
import { failure, type Problem, type Result, success } from '../../agent/lib/result.js';

/** The time at the fake guard: a Monday afternoon, 15:00 in Paris. */
export const NOW = '2026-11-23T14:00:00.000Z';

export interface FakeScene {
  /** Devices with why each cannot be read completely; empty: it can. */
  readonly devices?: Readonly<Record<string, readonly string[]>>;
  readonly undeclared?: readonly SubjectView[];
  readonly missing?: readonly SubjectView[];
  readonly findings?: readonly FindingView[];
  /** What the status of each device says besides. */
  readonly more?: Readonly<Record<string, Partial<GuardStatus['devices'][number]>>>;
  readonly listening?: ListeningView;
}

export interface FakeGuard extends Guard {
  /** What was asked, in order: the method and its arguments. */
  readonly calls: (readonly [string, ...unknown[]])[];
}

export const opening: SubjectView = {
  id: 'op-1',
  device: 'fw1',
  kind: 'rule',
  summary: 'internet → 192.0.2.10 (pacs) tcp 104',
  severity: 'critical',
  because: 'DICOM 104 critical, whole internet',
  place: 'nft.txt:12 inet filter forward',
  cause: 'added: nft.txt:12 inet filter forward',
  witness: '198.51.100.7 → 192.0.2.10 tcp 104',
  undo: 'nft delete rule inet filter forward handle 12',
  certainty: 'certain',
};

export const finding: FindingView = {
  key: 'fw1/op-1',
  code: 'UNPLANNED_OPENING',
  severity: 'critical',
  severityBecause: 'DICOM 104 critical, whole internet',
  device: 'fw1',
  summary: 'internet → 192.0.2.10 (pacs) tcp 104',
  windows: [],
  firstSeen: '2026-11-23T13:05:00.000Z',
  lastSeen: NOW,
  count: 12,
  undo: 'nft delete rule inet filter forward handle 12',
};

const hash = 'a'.repeat(64);
const utc = (at: number): string => new Date(at).toISOString();

function viewsOf(devices: Readonly<Record<string, readonly string[]>>, scene: FakeScene) {
  const coverage = (ids: readonly string[]) => ({
    observed: ids.filter((id) => devices[id]!.length === 0).map((id) => `${id} at ${NOW}`),
    declared: ['fw1: lan → any tcp 443'],
    notCovered: [
      ...ids.filter((id) => devices[id]!.length > 0).map((id) => `${id} (${devices[id]!.join('; ')})`),
      'removable media, third-party premises, search engines',
    ],
  });
  const snapshotOf = (device: string) => ({
    id: `${device}-2`,
    device,
    takenAt: NOW,
    lastSeen: NOW,
    count: 3,
    complete: devices[device]!.length === 0,
    blind: devices[device]!,
    hash,
  });
  const readingOf = (device: string) => ({
    device,
    at: NOW,
    snapshot: `${device}-2`,
    unchanged: true,
    complete: devices[device]!.length === 0,
    blind: devices[device]!,
    notCovered: [],
    rules: 14,
    listeners: 3,
  });
  const driftOf = (device: string) => ({
    device,
    at: NOW,
    snapshot: `${device}-2`,
    undeclared: (scene.undeclared ?? []).filter((one) => one.device === device),
    missing: (scene.missing ?? []).filter((one) => one.device === device),
    complete: devices[device]!.length === 0,
    blind: devices[device]!,
    coverage: coverage([device]),
  });
  const beforeOf = (device: string): BeforeView =>
    devices[device]!.length === 0
      ? { device, snapshot: `${device}-2`, takenAt: NOW, fresh: true, ageSeconds: 0, blind: [] }
      : {
          device,
          snapshot: `${device}-1`,
          takenAt: '2026-11-23T10:55:00.000Z',
          fresh: false,
          ageSeconds: 11_100,
          blind: devices[device]!,
        };
  return { coverage, snapshotOf, readingOf, driftOf, beforeOf };
}

/** A guard that remembers windows and waivers and makes everything else up, always in the same way. */
export function fakeGuard(scene: FakeScene = {}): FakeGuard {
  const devices = scene.devices ?? { fw1: [] };
  const calls: FakeGuard['calls'] = [];
  const windows = new Map<string, WindowView>();
  let findings = scene.findings ?? [];

  const refuse = (code: string, message: string): { readonly ok: false; readonly error: Problem } =>
    failure({ code, message });
  const named = (ids: readonly string[]): Result<readonly string[]> => {
    const stranger = ids.find((id) => !(id in devices));
    if (stranger !== undefined) return refuse('UNKNOWN_DEVICE', `no device is called ${stranger}`);
    return success(ids.length === 0 ? Object.keys(devices) : ids);
  };
  const { coverage, snapshotOf, readingOf, driftOf, beforeOf } = viewsOf(devices, scene);
  const known = (id: string): Result<WindowView> => {
    const window = windows.get(id);
    return window ? success(window) : refuse('NO_WINDOW', `no window is called ${id}`);
  };
  const change = (id: string, to: (window: WindowView) => WindowView): Result<WindowView> => {
    const window = known(id);
    if (!window.ok) return window;
    windows.set(id, to(window.value));
    return known(id);
  };
  const plan = (request: WindowRequest): Result<WindowView> => {
    const id = request.id ?? 'made-1';
    if (windows.has(id)) return refuse('WINDOW_EXISTS', `there is a window ${id} already`);
    const on = named(request.devices);
    if (!on.ok) return on;
    const scope: readonly ScopeRequest[] = request.scope;
    const { vendor, owner, emergency, technician, ticket, start, end } = request;
    windows.set(id, {
      id,
      vendor,
      ...(owner !== undefined && { owner }),
      ...(emergency && { emergency }),
      ...(technician !== undefined && { technician }),
      ...(ticket !== undefined && { ticket }),
      devices: on.value,
      state: 'planned',
      start,
      end,
      effectiveEnd: end,
      deadline: utc(Date.parse(end) + 15 * 60_000),
      scope,
      before: [],
    });
    return known(id);
  };
  const patch = (key: string, more: Partial<FindingView>): Result<FindingView> => {
    const found = findings.find((one) => one.key === key);
    if (!found) return refuse('NO_FINDING', `there is no finding ${key}`);
    const next = { ...found, ...more };
    findings = findings.map((one) => (one === found ? next : one));
    return success(next);
  };
  const each = <T>(ids: readonly string[], of: (id: string) => T): Result<readonly T[]> => {
    const all = named(ids);
    return all.ok ? success(all.value.map(of)) : all;
  };

  const answers: { readonly [M in keyof Guard]: (...args: Parameters<Guard[M]>) => Awaited<ReturnType<Guard[M]>> } = {
    status: () =>
      success({
        version: '0.1.0',
        pid: 4711,
        startedAt: '2026-11-23T06:00:00.000Z',
        devices: Object.entries(devices).map(([id, blind]) => ({
          id,
          blind,
          ...(blind.length === 0 && { lastComplete: NOW, approved: `${id}-1` }),
          ...scene.more?.[id],
        })),
        openFindings: findings.filter((one) => one.resolvedAt === undefined).length,
        sinks: [
          { id: 'file', queued: 0 },
          { id: 'siem', queued: 3, lastError: 'connect ECONNREFUSED' },
        ],
        ...(scene.listening && { listening: scene.listening }),
      }),
    snapshot: (ids) => each(ids, readingOf),
    importCapture: (device, path) => {
      const all = named([device]);
      if (!all.ok) return all;
      if (!path.endsWith('.nft')) return failure({ code: 'NO_DRIVER', message: 'no driver recognises it', file: path });
      return success(readingOf(device));
    },
    snapshots: ({ device, limit }) => {
      const all = each(device === undefined ? [] : [device], snapshotOf);
      return all.ok ? success(all.value.slice(0, limit)) : all;
    },
    drift: (ids) => each(ids, driftOf),
    windows: ({ all }) => success([...windows.values()].filter(({ state }) => all || state !== 'cancelled')),
    window: known,
    planWindow: plan,
    openWindow: (id, request) => {
      const planned = request ? plan({ ...request, ...(id !== '' && { id }) }) : known(id);
      if (!planned.ok) return planned;
      if (planned.value.state !== 'planned')
        return refuse('WINDOW_TRANSITION', `${id} is ${planned.value.state} and cannot be opened`);
      const before = planned.value.devices.map(beforeOf);
      const open = change(planned.value.id, (window) => ({ ...window, state: 'open', openedAt: NOW, before }));
      return open.ok ? success({ window: open.value, before }) : open;
    },
    closeWindow: (id) => {
      const window = known(id);
      if (!window.ok) return window;
      if (!['open', 'refused'].includes(window.value.state))
        return refuse('WINDOW_TRANSITION', `${id} is ${window.value.state} and cannot be closed`);
      const ids = window.value.devices;
      const attested = ids.every((device) => devices[device]!.length === 0);
      const left = (scene.undeclared ?? []).filter(({ device }) => ids.includes(device));
      const state = attested && left.length === 0 ? 'closed' : 'refused';
      change(id, (one) => ({ ...one, state, ...(state === 'closed' && { closedAt: NOW }) }));
      return success({
        window: id,
        state,
        attested,
        openings: left.map(({ kind: _, because: __, returnsWhen: ___, severity, ...opening }) => ({
          ...opening,
          code: 'LEFT_OPEN',
          severity: severity as 'high',
          firstSeen: '2026-11-23T13:05:00.000Z',
        })),
        alsoOpen: (scene.findings ?? []).filter(
          (one) =>
            ids.includes(one.device ?? '') &&
            countsAsOpen(one) &&
            !left.some(({ id: own }) => one.key.endsWith(`/${own}`)),
        ),
        coverage: coverage(ids),
        ...(state === 'refused' && {
          ...(window.value.owner !== undefined && { owner: window.value.owner }),
          waysOut: [
            {
              way: 'fix',
              text:
                left.length > 0
                  ? 'shut what is listed, then close again'
                  : 'have every device read completely, then close again',
              command: `ecluse window close ${id}`,
            },
            { way: 'resume', text: 'go on', command: `ecluse window resume ${id} --by NAME`, until: window.value.end },
          ],
        }),
      });
    },
    extendWindow: (id, extension) =>
      change(id, (window) => ({
        ...window,
        extension,
        effectiveEnd: extension.until,
        deadline: utc(Date.parse(extension.until) + 15 * 60_000),
      })),
    cancelWindow: (id) => change(id, (window) => ({ ...window, state: 'cancelled' })),
    resumeWindow: (id, by) => change(id, (window) => ({ ...window, state: 'open', resumed: { by, at: NOW } })),
    handOverWindow: (id, { to, by }) => change(id, (window) => ({ ...window, handedOver: { to, by, at: NOW } })),
    findings: ({ all, device }) =>
      success({
        findings: findings.filter(
          (one) => (all || one.resolvedAt === undefined) && (device === undefined || one.device === device),
        ),
        coverage: coverage(device === undefined ? Object.keys(devices) : [device]),
      }),
    alarms: ({ limit }) =>
      success(
        findings.slice(0, limit).map(({ key, code, severity, summary, firstSeen }) => ({
          id: `${key}#1.1`,
          at: firstSeen,
          kind: 'raise',
          code,
          severity,
          key,
          summary,
          queuedFor: ['siem'],
        })),
      ),
    acknowledge: (alarm, by) => patch(alarm.replace(/#.*$/, ''), { acknowledgedBy: by }),
    claim: ({ finding: key, by, reason }) => patch(key, { claimed: { by, reason, at: NOW } }),
    waive: ({ finding: key, until }) => patch(key, { waivedUntil: until }),
    accept: ({ finding: key, word }) => patch(key, { details: [`${word.kind} by ${word.by}`] }),
    baseline: (ids) => {
      const all = named(ids);
      return all.ok ? success(`# approved: ${all.value.join(', ')}\nflows: []\n`) : all;
    },
    learnBaseline: (ids, owner) => {
      const all = named(ids);
      return all.ok ? success(`# learned from ${all.value.join(', ')}\nowner: ${owner}\nflows: []\n`) : all;
    },
    baselineDiff: (ids) => each(ids, driftOf),
    acceptBaseline: ({ device, snapshot, by }) => {
      if (snapshot !== undefined && snapshot !== `${device}-2`) return refuse('NO_SNAPSHOT', `no snapshot ${snapshot}`);
      const all = named([device]);
      return all.ok ? success({ ...snapshotOf(device), approvedBy: by, approvedAt: NOW }) : all;
    },
  };
  return Object.assign(
    Object.fromEntries(
      Object.entries(answers).map(([name, answer]) => [
        name,
        async (...args: never[]) => {
          calls.push([name, ...args]);
          return (answer as (...given: never[]) => unknown)(...args);
        },
      ]),
    ) as unknown as Guard,
    { calls },
  );
}
