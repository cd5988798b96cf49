import {
  emptyJudgeState,
  type FindingEvent,
  type JudgeContext,
  type JudgedDevice,
  type JudgeEvent,
  type JudgeState,
  type JudgeStep,
  judge,
  type Observation,
  type Subject,
} from '../../agent/judge/index.js';
import { parsePorts } from '../../agent/lib/ports.js';
import { parseAddressSet } from '../../agent/model/index.js';
import { type ScopeEntry, windowMachine } from '../../agent/windows/index.js';
import { rules } from './services.js';

export const MINUTE = 60_000;
/** Minute 0 of every test: a Tuesday morning. */
export const START = Date.UTC(2016, 1, 16, 8, 0);

export function minute(count: number): number {
  return START + count * MINUTE;
}

export const hospital: Readonly<Record<string, JudgedDevice>> = {
  fw: { kind: 'fw' },
  web: { kind: 'host', zone: 'dmz' },
  pacs: { kind: 'host', zone: 'imaging' },
};

export function contextOf(overrides: Partial<JudgeContext> = {}): JudgeContext {
  return {
    devices: hospital,
    approvedHosts: [],
    ...rules(),
    graceMinutes: 15,
    windows: windowMachine,
    ...overrides,
  };
}

export interface SubjectText {
  readonly id?: string;
  readonly device?: string;
  readonly kind?: Subject['kind'];
  readonly src?: string;
  readonly dst?: string;
  readonly proto?: string;
  readonly ports?: string;
  readonly set?: string;
  readonly direction?: Subject['direction'];
  readonly latent?: Subject['latent'];
  readonly factCode?: string;
  readonly srcZone?: string;
}

/** An opening as people write one; left out, it is `any` to `web` on tcp 80 of the firewall. */
export function subject(text: SubjectText = {}): Subject {
  const { device = 'fw', kind = 'rule', src = 'internet', dst = 'web', proto = 'tcp', ports = '80' } = text;
  const party = (name: string, zone: string | undefined) => {
    const addresses = parseAddressSet(name);
    return { text: name, ...(addresses && { addresses }), ...(zone !== undefined && { zone }) };
  };
  return {
    id: text.id ?? 'x',
    device,
    kind,
    flow: {
      src: party(src, text.srcZone),
      dst: party(dst, hospital[dst]?.zone),
      proto,
      ports: parsePorts(ports)!,
    },
    summary: `${src} → ${dst} ${proto} ${ports}`,
    set: text.set ?? `${src} ${dst} ${proto} ${ports}`,
    ...(text.direction && { direction: text.direction }),
    ...(text.latent && { latent: text.latent }),
    ...(text.factCode !== undefined && { factCode: text.factCode }),
  };
}

export interface WindowText {
  readonly id?: string;
  readonly devices?: readonly string[];
  readonly start?: number;
  readonly end?: number;
  readonly scope?: readonly ScopeEntry[];
}

/** A judge with its state, spoken to in minutes. Every step is also judged again from the state written down. */
export function guardOf(overrides: Partial<JudgeContext> = {}) {
  const context = contextOf(overrides);
  let state: JudgeState = emptyJudgeState(START);
  const events: FindingEvent[] = [];
  const feed = (event: JudgeEvent): JudgeStep => {
    const step = judge(state, event, context);
    state = step.state;
    events.push(...step.events);
    return step;
  };
  const reading = (at: number, device: string, more: Partial<Observation>): Observation => ({
    device,
    at: minute(at),
    undeclared: [],
    declared: [],
    missing: [],
    blind: [],
    ...more,
  });
  return {
    context,
    feed,
    events,
    get state() {
      return state;
    },
    /** A complete reading that shows these openings and nothing else. */
    read: (at: number, device: string, ...undeclared: Subject[]) =>
      feed({ kind: 'observed', at: minute(at), observation: reading(at, device, { undeclared }) }),
    observe: (at: number, device: string, more: Partial<Observation>) =>
      feed({ kind: 'observed', at: minute(at), observation: reading(at, device, more) }),
    miss: (at: number, device: string, reason = 'no answer') =>
      feed({ kind: 'missed', at: minute(at), device, reason }),
    plan: ({ id = 'W', devices = ['fw'], start = 0, end = 60, scope = [] }: WindowText = {}, at = 0) =>
      feed({
        kind: 'windowPlanned',
        at: minute(at),
        window: { id, vendor: 'vendor', devices, start: minute(start), end: minute(end), scope },
      }),
    open: (at: number, window = 'W') => feed({ kind: 'windowOpened', at: minute(at), window }),
    extend: (at: number, until: number, window = 'W') =>
      feed({ kind: 'windowExtended', at: minute(at), window, until: minute(until), by: 'RSSI', reason: 'parts late' }),
    close: (at: number, readings: Readonly<Record<string, Partial<Observation>>>, window = 'W') =>
      feed({
        kind: 'windowClose',
        at: minute(at),
        window,
        observations: Object.entries(readings).map(([device, more]) => reading(at, device, more)),
      }),
    tick: (at: number) => feed({ kind: 'tick', at: minute(at) }),
    waive: (at: number, id: string, until: number, set?: string, device = 'fw') =>
      feed({
        kind: 'waive',
        at: minute(at),
        waiver: {
          device,
          subject: id,
          owner: 'RSSI',
          reason: 'test',
          expires: minute(until),
          ...(set !== undefined && { set }),
        },
      }),
    acknowledge: (at: number, key: string) => feed({ kind: 'acknowledge', at: minute(at), key, by: 'duty officer' }),
    /** What was told as rows: `minute code id severity`. */
    rows: () =>
      events
        .filter((event) => event.row)
        .map((event) => `${(event.at - START) / MINUTE} ${event.code} ${event.finding.subjectId} ${event.severity}`),
    finding: (key: string) => state.findings.find((finding) => finding.key === key),
  };
}
