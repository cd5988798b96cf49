import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  emptyJudgeState,
  type FindingEvent,
  isLeftCode,
  type JudgeEvent,
  type JudgeState,
  judge,
  type Observation,
  type Subject,
} from '../../agent/judge/index.js';
import { leftFrom, ownershipOf } from '../../agent/judge/ownership.js';
import { type MaintenanceWindow, plannedEnd } from '../../agent/windows/index.js';
import { contextOf, minute, START, subject } from '../support/guard.js';

/**
 * Every sequence of ten steps that can happen to two windows and two openings, ten minutes apart: openings that come
 * and go, readings that fail, closes that are right, wrong or blind, a close taken back, a longer end, a waiver,
 * nothing at all. The windows overlap, and after six steps both deadlines have passed. States that no later
 * judgement can tell apart are explored once. ECLUSE_EXPLORE=all tries every move at every step; else the moves that are
 * in `few` are tried alone from the sixth step on. Whatever came before, three promises hold: nothing that a window
 * opened is silent after its deadline while it is there; a window is closed only by a reading that was complete and showed nothing of it; and a guard that is killed and restarted
 * between any two steps tells the same events under the same ids, none of them twice.
 */
const DEPTH = Number(process.env.ECLUSE_DEPTH ?? 10);
const STEP_MINUTES = 10;
/** From then on the windows are all but over: only what comes, goes or is closed is tried. */
const FEW_FROM = process.env.ECLUSE_EXPLORE === 'all' ? Number.POSITIVE_INFINITY : 5;

const context = contextOf();
const a = subject({ id: 'a', ports: '80' });
const b = subject({ id: 'b', ports: '22', dst: 'pacs' });

interface World {
  readonly state: JudgeState;
  /** What really is open on the firewall. */
  readonly there: readonly Subject[];
}

const moves: Readonly<Record<string, (world: World, at: number) => { event: JudgeEvent; there: readonly Subject[] }>> =
  {
    'toggle a': (world, at) => toggled(world, a, at),
    'toggle b': (world, at) => toggled(world, b, at),
    'miss a reading': (world, at) => ({
      event: { kind: 'missed', at, device: 'fw', reason: 'no answer' },
      there: world.there,
    }),
    'close A': (world, at) => closing(world, 'A', at, []),
    'close B': (world, at) => closing(world, 'B', at, []),
    'close A blindly': (world, at) => closing(world, 'A', at, ['truncated']),
    'resume A': (world, at) => ({
      event: { kind: 'windowResumed', at, window: 'A', by: 'technician' },
      there: world.there,
    }),
    'extend B': (world, at) => ({
      event: {
        kind: 'windowExtended',
        at,
        window: 'B',
        until: minute(70),
        by: 'RSSI',
        reason: 'parts late',
        second: 'DSI',
      },
      there: world.there,
    }),
    'waive a': (world, at) => ({
      event: {
        kind: 'waive',
        at,
        waiver: { device: 'fw', subject: 'a', owner: 'RSSI', reason: 'accepted', expires: minute(75) },
      },
      there: world.there,
    }),
    wait: (world, at) => ({ event: { kind: 'tick', at }, there: world.there }),
  };

/** Tried at every step. */
const few: ReadonlySet<string> = new Set(['toggle a', 'toggle b', 'close A', 'close B', 'wait']);

function toggled(world: World, one: Subject, at: number): { event: JudgeEvent; there: readonly Subject[] } {
  const there = world.there.includes(one) ? world.there.filter((other) => other !== one) : [...world.there, one];
  return { event: { kind: 'observed', at, observation: reading(there, at, []) }, there };
}

function closing(world: World, window: string, at: number, blind: readonly string[]): ReturnType<typeof toggled> {
  const observations = [reading(blind.length > 0 ? [] : world.there, at, blind)];
  return { event: { kind: 'windowClose', at, window, observations }, there: world.there };
}

function reading(there: readonly Subject[], at: number, blind: readonly string[]): Observation {
  return { device: 'fw', at, undeclared: there, declared: [], missing: [], blind };
}

function beginning(): World {
  const plans = [
    { id: 'A', vendor: 'one', devices: ['fw'], start: START, end: minute(35), scope: [{ dst: 'web' }] },
    { id: 'B', vendor: 'two', devices: ['fw'], start: minute(15), end: minute(45), scope: [] },
  ];
  const state = plans.reduce(
    (now, window) => judge(now, { kind: 'windowPlanned', at: START, window }, context).state,
    judge(emptyJudgeState(START), { kind: 'observed', at: START, observation: reading([], START, []) }, context).state,
  );
  return { state, there: [] };
}

function written<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Somebody answers for it by name, until then. */
function isWaived(state: JudgeState, { id }: Subject): boolean {
  return state.waivers.some((one) => one.subject === id && state.judgedUpTo < one.expires);
}

/** Present, covered, past its deadline: then its finding is open and says so. */
function silentOnes(state: JudgeState): readonly string[] {
  return state.present.flatMap((present) => {
    const { owners } = ownershipOf(present, state.windows, context);
    if (owners.length === 0 || state.judgedUpTo < leftFrom(owners, context)) return [];
    const finding = state.findings.find((one) => one.key === `fw/${present.subject.id}`);
    if (isWaived(state, present.subject)) return [];
    return finding && finding.resolvedAt === undefined && isLeftCode(finding.code) ? [] : [present.subject.id];
  });
}

/** An event's number follows the last one told of its finding, so no id can come twice on any path. */
function renumbered(before: JudgeState, events: readonly FindingEvent[]): readonly string[] {
  const next = new Map(before.findings.map((one) => [one.key, { generation: one.generation, sequence: one.sequence }]));
  return events
    .filter((event) => {
      const { key, generation } = event.finding;
      const last = next.get(key);
      const expected =
        last === undefined
          ? [1, 0]
          : last.generation === generation
            ? [generation, last.sequence]
            : [last.generation + 1, 0];
      next.set(key, { generation, sequence: expected[1]! + 1 });
      return event.id !== `${key}#${expected[0]}.${expected[1]}`;
    })
    .map((event) => event.id);
}

/**
 * What a later judgement can read of a state, at one instant: two states that are alike in it go on alike. When
 * something was first seen counts by the windows that cover it now, and that would if they were resumed; what was told
 * counts by what it says now and whether it is said again, blindness by how long it lasts. How often, since when and under which number is for people.
 */
function identity({ state, there }: World): string {
  const { windows } = state;
  const present = state.present.map(({ subject: { id }, firstSeen }) => [
    id,
    windows.map((one) => [
      context.windows.covers(one, 'fw', firstSeen),
      one.start <= firstSeen && firstSeen <= plannedEnd(one),
    ]),
  ]);
  const now = state.judgedUpTo;
  const findings = state.findings
    .filter(({ resolvedAt }) => resolvedAt === undefined)
    .map(({ key, code, severity, windows: owners, nextReminderAt }) => [
      key,
      code,
      severity,
      owners,
      nextReminderAt === undefined,
    ]);
  const devices = state.devices.map(({ lastCompleteAt, blindSince, missedReadings }) => [
    windows.map((one) => lastCompleteAt !== undefined && lastCompleteAt >= context.windows.effectiveEnd(one)),
    ...[blindSince !== undefined && Math.min(now - blindSince, 60 * 60_000), Math.min(missedReadings, 2)],
  ]);
  const waived = state.waivers.filter(({ expires }) => now < expires).map(({ subject: id, expires }) => [id, expires]);
  return JSON.stringify([
    there.map(({ id }) => id),
    present,
    findings,
    windows.map((one) => lasting(one, now)),
    devices,
    waived,
  ]);
}

/** Of a window, without when its close came once its deadline is behind it: nothing is counted from there any more. */
function lasting(window: MaintenanceWindow, now: number) {
  const { state, unattested, deadlineJudged } = window;
  const ahead = (instant: number): number => Math.max(instant, now);
  const [end, planned] = [context.windows.effectiveEnd(window), plannedEnd(window)];
  return [state, unattested, deadlineJudged, ahead(end + context.graceMinutes * 60_000), ahead(end), ahead(planned)];
}

describe('every reachable state', () => {
  test(`of ${DEPTH} steps keeps the promises`, () => {
    let frontier: { readonly world: World; readonly path: readonly string[] }[] = [{ world: beginning(), path: [] }];
    const broken: string[] = [];
    let closings = 0;
    let states = 0;
    for (let depth = 1; depth <= DEPTH; depth++) {
      const at = minute(depth * STEP_MINUTES);
      const seen = new Map<string, (typeof frontier)[number]>();
      for (const { world, path } of frontier) {
        for (const [name, move] of Object.entries(moves)) {
          if (depth > FEW_FROM && !few.has(name)) continue;
          const { event, there } = move(world, at);
          const step = judge(world.state, event, context);
          const here = [...path, name];
          const complain = (what: string): void => void broken.push(`${here.join(', ')}: ${what}`);
          const silent = silentOnes(step.state);
          const forgotten = there.filter((one) => !step.state.present.some((present) => present.subject.id === one.id));
          if (forgotten.length > 0) complain('forgotten though it is there');
          if (silent.length > 0) complain(`silent: ${silent.join(', ')}`);
          if (step.answer?.state === 'closed') {
            closings++;
            const ours = step.state.windows.find((one) => one.id === step.answer!.window)!;
            const left = step.state.present.filter(
              (present) =>
                !isWaived(step.state, present.subject) &&
                ownershipOf(present, step.state.windows, context).owners.includes(ours),
            );
            const blindly = event.kind === 'windowClose' && event.observations.some((one) => one.blind.length > 0);
            if (left.length > 0 || blindly) complain('closed without having seen it shut');
          }
          const twice = renumbered(world.state, step.events);
          if (twice.length > 0) complain(`numbered wrongly: ${twice.join(', ')}`);
          const next = { world: { state: step.state, there }, path: here };
          const key = identity(next.world);
          if (seen.has(key)) continue;
          seen.set(key, next);
          // A restart loses nothing that the next step needs: checked on one state in sixteen, all moves.
          if (states++ % 16 === 0) {
            const again = judge(written(world.state), written(event), context);
            if (!isDeepStrictEqual(written(again), written(step))) complain('a restart changes what is told');
          }
        }
      }
      frontier = [...seen.values()];
      expect(broken.slice(0, 5)).toEqual([]);
    }
    // The exploration is worth its name only if it reached what it is about.
    expect(closings).toBeGreaterThan(500);
    expect(frontier.length).toBeGreaterThan(2000);
    expect(frontier.some(({ world }) => world.state.findings.some((one) => isLeftCode(one.code)))).toBe(true);
  }, 600_000);
});
