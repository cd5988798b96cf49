import type { AlarmRecord } from './record.js';
import { neutralised } from './text.js';
import { timestamp } from './time.js';

/** What a heartbeat says beside that Écluse is there. */
export interface Pulse {
  readonly at: number;
  readonly startedAt: number;
  readonly devices: number;
  readonly blind: number;
  readonly openFindings: number;
  /** Records that wait for some sink. */
  readonly waiting: number;
}

export interface OwnContext {
  readonly site?: string;
  readonly siteName?: string;
  readonly timeZone?: string;
}

export function heartbeatRecord(pulse: Pulse, context: OwnContext = {}): AlarmRecord {
  const { devices, blind, openFindings, waiting, startedAt, at } = pulse;
  const what = `${devices} devices watched, ${blind} blind, ${openFindings} findings open, ${waiting} records waiting`;
  return ownRecord({ code: 'HEARTBEAT', title: 'Écluse is running', what, at, since: startedAt }, context);
}

/** Sent by a person who wants to see it arrive; a receiver files it where heartbeats go. */
export function testRecord(sink: string, at: number, context: OwnContext = {}): AlarmRecord {
  const what = `a test of the sink ${sink}: nothing is open, and nothing has to be done`;
  return ownRecord({ code: 'SINK_TEST', title: 'Test of this receiver', what, at, since: at }, context);
}

interface OwnWords {
  readonly code: string;
  readonly title: string;
  readonly what: string;
  readonly at: number;
  readonly since: number;
}

function ownRecord(
  { code, title, what, at, since }: OwnWords,
  { site, siteName = site, timeZone }: OwnContext,
): AlarmRecord {
  const name = code.toLowerCase();
  const [prefix, place] = [site, siteName].map((text) => (text === undefined ? undefined : neutralised(text)));
  return {
    key: prefix === undefined ? name : `${prefix}/${name}`,
    id: `${name}#${at}`,
    kind: 'heartbeat',
    stream: 'heartbeat',
    at: timestamp(at, timeZone),
    code,
    severity: 'info',
    title,
    what,
    ...(place !== undefined && { site: place }),
    subject: 'ecluse',
    firstSeen: timestamp(since, timeZone),
    lastSeen: timestamp(at, timeZone),
    minutesOpen: Math.max(0, Math.floor((at - since) / 60_000)),
    count: 1,
  };
}
