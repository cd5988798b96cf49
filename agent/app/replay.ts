import {
  addressesOf,
  type CoverageStatement,
  coverageOf,
  coverageText,
  deadlineOf,
  type Finding,
  type FindingEvent,
  isGroup,
  type JudgeContext,
  type JudgeEvent,
  type JudgeStore,
  judge,
  nextDue,
  type Observation,
  type Party,
  type Rules,
  type Subject,
} from '../judge/index.js';
import { assert } from '../lib/assert.js';
import { isSubset, union } from '../lib/intervals.js';
import { formatPorts, parsePorts } from '../lib/ports.js';
import { parseAddressSet } from '../model/index.js';
import { inScope, type MaintenanceWindow, windowMachine } from '../windows/index.js';
import type { Fixture, FixtureEvent, FixtureOpening } from './fixture.js';

export type { Fixture } from './fixture.js';
export { parseFixture } from './fixture.js';

/** One line of a replay: when, what, about what, how bad. */
export interface ReplayRow {
  /** In the offset that the fixture writes at that time of the year. */
  readonly t: string;
  readonly code: string;
  readonly id: string;
  readonly sev: string;
}

export interface ReplayResult {
  readonly fixture: string;
  readonly findings: readonly ReplayRow[];
  readonly expected: readonly ReplayRow[];
  readonly equal: boolean;
  /** In words, one per row that is missing, unexpected or different. */
  readonly differences: readonly string[];
  readonly coverage: CoverageStatement;
  readonly coverageText: string;
  /** Everything that was told, reminders and updates included. */
  readonly events: readonly FindingEvent[];
  readonly open: readonly Finding[];
}

export interface ReplayOptions {
  readonly store: JudgeStore;
  readonly rules: Rules;
  readonly graceMinutes?: number;
}

/**
 * Plays a fixture on a virtual clock through the real judgement and a real store: the state is read back from the
 * store before every step, so what is not stored is not known. Every event is followed by a complete reading of all
 * devices, as is every window's deadline; time stops at the last event.
 */
export function replay(fixture: Fixture, options: ReplayOptions): ReplayResult {
  const { store } = options;
  const context: JudgeContext = {
    devices: fixture.devices,
    approvedHosts: fixture.approvedHosts,
    ...options.rules,
    windows: windowMachine,
    graceMinutes: options.graceMinutes ?? 15,
  };
  const told: FindingEvent[] = [];
  const feed = (event: JudgeEvent): void => {
    const previous = store.load();
    const step = judge(previous, event, context);
    store.commit({ previous, next: step.state, events: step.events, at: event.at });
    told.push(...step.events);
  };
  const baseline = [...fixture.openings, ...fixture.listeners];
  const present = new Map(baseline.map((o) => [o.id, o]));
  const { inWindows } = fixture;
  const always = baseline.filter(({ id }) => !inWindows.some(({ opening }) => opening === id));
  const readAll = (at: number): readonly Observation[] =>
    Object.keys(fixture.devices).map((device) =>
      observationOf(device, { baseline: always, inWindows, present: [...present.values()] }, context, at),
    );
  let isFirst = true;
  /** Where something happened is read first: nothing is judged by what it was. Before that, the others have to be known. */
  const readNow = (at: number, changed?: string): void => {
    const all = readAll(at);
    const here = all.filter(({ device }) => device === changed);
    const others = all.filter(({ device }) => device !== changed);
    for (const observation of isFirst ? [...others, ...here] : [...here, ...others]) {
      feed({ kind: 'observed', at, observation });
    }
    isFirst = false;
  };
  // Windows may have been over before the first event: their deadlines were judged when they came.
  const first = Math.min(fixture.events[0]!.t.at, ...fixture.windows.map(({ start }) => start.at));
  declare(fixture, context, first, feed);
  for (const event of fixture.events) {
    const { at } = event.t;
    for (;;) {
      const state = store.load();
      const due = nextDue(state, context);
      if (due === undefined || due >= at) break;
      const atDeadline = state.windows.some((window) => deadlineOf(window, context) === due);
      if (atDeadline) readNow(due);
      else feed({ kind: 'tick', at: due });
    }
    const changed = enact(event, present);
    if (event.do === 'open')
      feed({ kind: 'windowOpened', at, window: event.window, before: beforeOf(fixture, event.window, at) });
    if (event.do === 'close') feed({ kind: 'windowClose', at, window: event.window, observations: readAll(at) });
    else readNow(at, changed);
  }

  const last = store.load();
  const order = new Map([...new Set(firstAppearances(fixture))].map((id, index) => [id, index]));
  const rows = told
    .filter((event) => event.row)
    .map((event, index) => ({ event, index, order: order.get(event.finding.subjectId) ?? order.size }))
    .sort((a, b) => a.event.at - b.event.at || a.order - b.order || a.index - b.index);
  const offsets = writtenTimes(fixture);
  const findings = rows.map(({ event }) => ({
    t: formatTime(event.at, offsets),
    code: event.code,
    id: event.finding.subjectId,
    sev: event.severity,
  }));
  const expected = fixture.expect.map((row) => ({ ...row, t: formatTime(row.t.at, offsets) }));
  const differences = compareRows(findings, expected);
  const coverage = coverageOf(last, context);
  const open = last.findings.filter((finding) => finding.resolvedAt === undefined && !isGroup(finding));
  return {
    fixture: fixture.id,
    findings,
    expected,
    equal: differences.length === 0,
    differences,
    coverage,
    // As the guard counts: what is noted, and what somebody answers for, is no drift.
    coverageText: coverageText(
      coverage,
      open.filter(({ severity, waived }) => severity !== 'info' && waived === undefined).length,
    ),
    events: told,
    open,
  };
}

/** Windows and exceptions are known before anything happens. */
function declare(fixture: Fixture, context: JudgeContext, at: number, feed: (event: JudgeEvent) => void): void {
  for (const window of fixture.windows) {
    const { extend, start, end, scope, ...named } = window;
    const entries = scope.map(
      (entry) => Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined)) as typeof entry,
    );
    feed({
      kind: 'windowPlanned',
      at,
      window: { ...named, start: start.at, end: end.at, scope: entries as never },
    });
    if (extend) {
      feed({
        kind: 'windowExtended',
        at,
        window: window.id,
        until: extend.at,
        by: 'the fixture',
        second: 'whoever approved it',
        reason: 'approved extension',
      });
    }
  }
  for (const { opening, owner, reason, expires } of fixture.exceptions) {
    const o = [...fixture.openings, ...fixture.listeners].find((one) => one.id === opening);
    assert(o, `fixture ${fixture.id} has an exception for nothing`);
    const { device, id: subject, set } = subjectOf(o, context);
    const what = { device, subject, ...(set !== undefined && { set }) };
    feed({ kind: 'waive', at, waiver: { ...what, owner, reason, expires: expires.at } });
  }
}

/** Opening a window takes a snapshot of each of its devices. */
function beforeOf(fixture: Fixture, window: string, at: number): NonNullable<MaintenanceWindow['before']> {
  const devices = fixture.windows.find((one) => one.id === window)?.devices ?? [];
  return Object.fromEntries(
    devices.map((device) => [device, { snapshot: `${device} at ${at}`, takenAt: at, fresh: true }]),
  );
}

/** Answers with the device on which something has changed. */
function enact(event: FixtureEvent, present: Map<string, FixtureOpening>): string | undefined {
  if (event.do === 'add') {
    present.set(event.o.id, event.o);
    return event.o.device;
  }
  if (event.do !== 'del') return undefined;
  const device = present.get(event.id)?.device;
  present.delete(event.id);
  return device;
}

interface Standing {
  /** Declared to be open at any time. */
  readonly baseline: readonly FixtureOpening[];
  readonly inWindows: Fixture['inWindows'];
  readonly present: readonly FixtureOpening[];
}

/**
 * What a reading shows. As on a real device, what passes decides and not by which rule: a declared rule under another
 * name is declared, and a declared flow is cut only where nothing that is there lets it through.
 */
function observationOf(
  device: string,
  { baseline, inWindows, present }: Standing,
  context: JudgeContext,
  at: number,
): Observation {
  const here = present.filter((o) => o.device === device);
  const declares = baseline.filter((o) => o.device === device);
  const isDeclared = (o: FixtureOpening): boolean => isHeldBy(o, declares, context);
  const subjects = (some: readonly FixtureOpening[]): readonly Subject[] =>
    some.map((o): Subject => {
      const only = inWindows.find(({ opening }) => opening === o.id);
      const { vendor } = only ?? {};
      const standing = { id: o.id, ...(vendor !== undefined && { vendor }) };
      return { ...subjectOf(o, context), ...(only && { inWindows: standing }) };
    });
  return {
    device,
    at,
    undeclared: subjects(here.filter((o) => !isDeclared(o))),
    declared: subjects(here.filter(isDeclared)),
    missing: subjects(declares.filter((o) => !isHeldBy(o, here, context))),
    blind: [],
  };
}

/** Whether everything that an opening lets through, translated to where it is, is let through by these together. */
function isHeldBy(o: FixtureOpening, others: readonly FixtureOpening[], context: JudgeContext): boolean {
  const subject = subjectOf(o, context);
  const { ports } = subject.flow;
  const wide = others.filter(({ device, kind, src, dst, proto, nat }) => {
    const entry = { device, kind, dst, proto, ...(src !== undefined && { src }) };
    return nat === o.nat && inScope(entry, subject, (text) => addressesOf(text, context));
  });
  const held = wide.map((one) => parsePorts(one.ports)!);
  if (held.includes('any')) return true;
  return ports !== 'any' && isSubset(ports, held.flatMap((one) => (one === 'any' ? [] : [one])).reduce(union, []));
}

function subjectOf(o: FixtureOpening, context: JudgeContext): Subject {
  const ports = parsePorts(o.ports);
  assert(ports !== undefined, `ports of ${o.id} were checked when the fixture was read`);
  const src = o.src ?? 'any';
  return {
    id: o.id,
    device: o.device,
    kind: o.kind,
    flow: {
      src: partyOf(src, context),
      dst: partyOf(o.dst, context),
      proto: o.proto,
      ports,
      ...(o.nat !== undefined && { nat: o.nat }),
    },
    summary: summaryOf(o, src, formatPorts(ports)),
    set: [o.device, o.kind, src, o.dst, o.proto, o.ports, o.nat ?? ''].join('|'),
  };
}

function summaryOf(o: FixtureOpening, src: string, ports: string): string {
  if (o.kind === 'engine') return `filtering off on ${o.device}`;
  if (o.kind === 'listener') return `${o.dst} listens on ${o.proto} ${ports}`;
  return `${src} → ${o.dst} ${o.proto} ${ports}`;
}

/** A name is a zone, a device or an address (scenarios/README.md, section 0). */
function partyOf(text: string, context: JudgeContext): Party {
  const addresses = parseAddressSet(text);
  const zone = context.devices[text]?.zone;
  return { text, ...(addresses && { addresses }), ...(zone !== undefined && { zone }) };
}

/** The order in which subjects were added; windows come after all of them. */
function firstAppearances(fixture: Fixture): readonly string[] {
  const added = fixture.events.flatMap((event) => (event.do === 'add' ? [event.o.id] : []));
  return [...fixture.openings, ...fixture.listeners].map((o) => o.id).concat(added);
}

function writtenTimes(fixture: Fixture): readonly { readonly at: number; readonly offsetMinutes: number }[] {
  return [
    ...fixture.events.map((event) => event.t),
    ...fixture.expect.map((row) => row.t),
    ...fixture.windows.flatMap((window) => [window.start, window.end]),
  ].sort((a, b) => a.at - b.at);
}

/** ISO 8601 in the offset of the latest moment that the fixture writes before it. */
export function formatTime(
  at: number,
  written: readonly { readonly at: number; readonly offsetMinutes: number }[],
): string {
  const offset = (written.findLast((time) => time.at <= at) ?? written[0])?.offsetMinutes ?? 0;
  const local = new Date(at + offset * 60_000).toISOString();
  const size = Math.abs(offset);
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = local.endsWith('.000Z') ? local.slice(0, 19) : local.slice(0, 23);
  return `${clock}${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function compareRows(findings: readonly ReplayRow[], expected: readonly ReplayRow[]): readonly string[] {
  const differences: string[] = [];
  const show = (row: ReplayRow | undefined): string => (row ? `${row.t} ${row.code} ${row.id} ${row.sev}` : 'nothing');
  for (let i = 0; i < Math.max(findings.length, expected.length); i++) {
    if (show(findings[i]) !== show(expected[i])) {
      differences.push(`row ${i + 1}: expected ${show(expected[i])}, found ${show(findings[i])}`);
    }
  }
  return differences;
}

/** The findings as an aligned table, then what was observed, declared and not covered. */
export function formatReplay(result: ReplayResult): string {
  const rows = result.findings.map((row) => [row.t, row.code, row.id, row.sev]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  const table = rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`);
  const verdict = result.equal
    ? `${result.fixture}: as expected, ${rows.length} finding${rows.length === 1 ? '' : 's'}`
    : `${result.fixture}: NOT as expected`;
  return [
    verdict,
    ...table,
    ...result.differences.map((difference) => `  ${difference}`),
    ...result.coverageText.split('\n').map((line) => `  ${line}`),
  ].join('\n');
}
