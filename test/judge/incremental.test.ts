import { describe, expect, test } from '@jest/globals';
import {
  emptyJudgeState,
  type JudgeEvent,
  type JudgeState,
  judge,
  type Observation,
  type Subject,
} from '../../agent/judge/index.js';
import { decode, encode } from '../../agent/store/codec.js';
import { contextOf, hospital, MINUTE, START, subject } from '../support/guard.js';
import { seed } from '../support/seed.js';

/**
 * The judge passes over what an event left as it was. Whether that is right is seen by judging the same step from a copy
 * of the state, of which it knows nothing and judges everything: states and events are equal.
 */
const RUNS = Number(process.env.ECLUSE_LIVES ?? 20);
const STEPS = 40;

function chances(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const devices = ['fw', 'web', 'pacs'];
const context = contextOf({
  devices: { ...hospital, pacs: { ...hospital.pacs!, onboardingUntil: START + 180 * MINUTE } },
  escalations: [{ to: 'duty', afterMinutes: { critical: 10, high: 30 } }],
});

function someSubject(chance: (below: number) => number, device: string): Subject {
  const id = `s${chance(5)}`;
  const set = `set${chance(3)}`;
  const ports = ['80', '104', '3389', 'any'][chance(4)]!;
  if (chance(3) === 0) return subject({ id: `l${chance(3)}`, device, kind: 'listener', dst: device, ports, set });
  const latent = chance(6) === 0 ? { returnsWhen: 'after a reboot' } : undefined;
  const src = ['internet', '10.1.0.0/16', '198.51.100.7'][chance(3)]!;
  const dst = ['web', 'pacs', '203.0.113.9'][chance(3)]!;
  return subject({ id, device, src, dst, ports, set, ...(latent && { latent }) });
}

function someObservation(chance: (below: number) => number, at: number): Observation {
  const device = devices[chance(3)]!;
  const unique = (subjects: readonly Subject[]) => [...new Map(subjects.map((one) => [one.id, one])).values()];
  // Now and then a flood.
  const crowd = chance(12) === 0 ? 25 : 0;
  return {
    device,
    at,
    undeclared: unique([
      ...Array.from({ length: chance(4) }, () => someSubject(chance, device)),
      ...Array.from({ length: crowd }, (_, index) => subject({ id: `many${index}`, device })),
    ]),
    declared: unique(Array.from({ length: chance(3) }, () => someSubject(chance, device))),
    missing: chance(5) === 0 ? [subject({ id: 'm', device })] : [],
    blind: chance(8) === 0 ? ['half of it'] : [],
  };
}

function someEvent(chance: (below: number) => number, state: JudgeState, at: number): JudgeEvent {
  const any = <T>(list: readonly T[]): T | undefined => list[chance(Math.max(1, list.length))];
  const window = any(state.windows)?.id ?? 'W0';
  const finding = any(state.findings);
  switch (chance(17)) {
    case 8:
      return { kind: 'configured', at, devices: devices.filter(() => chance(4) > 0) };
    case 0: {
      const scope = chance(2) === 0 ? [{ kind: 'rule' as const, dst: 'web' }] : [];
      const plan = { id: `W${state.windows.length}`, vendor: 'v', devices: [devices[chance(3)]!], scope };
      return {
        kind: 'windowPlanned',
        at,
        window: { ...plan, start: at - chance(40) * MINUTE, end: at + (5 + chance(60)) * MINUTE },
      };
    }
    case 1:
      return { kind: 'windowOpened', at, window };
    case 2:
      return {
        kind: 'windowClose',
        at,
        window,
        observations: [someObservation(chance, at), someObservation(chance, at)],
      };
    case 3:
      return { kind: 'tick', at };
    case 4:
      return { kind: 'missed', at, device: devices[chance(3)]!, reason: 'no answer' };
    case 5:
      return { kind: 'acknowledge', at, key: finding?.key ?? 'none', by: 'duty officer' };
    case 6: {
      const { device = 'fw', subjectId = 'x', subject: about } = finding ?? {};
      const set = chance(2) === 0 ? about?.set : undefined;
      const waiver = { device, subject: subjectId, ...(set !== undefined && { set }), owner: 'RSSI', reason: 'known' };
      return { kind: 'waive', at, waiver: { ...waiver, expires: at + chance(90) * MINUTE } };
    }
    case 7:
      return { kind: 'claim', at, key: finding?.key ?? 'none', by: 'duty officer', reason: 'mine' };
    default:
      return { kind: 'observed', at, observation: someObservation(chance, at) };
  }
}

describe('what an event left as it was is not judged anew', () => {
  test(`${RUNS} random lives are the same when everything is judged at every step`, () => {
    const codes = new Set<string>();
    for (let run = 0; run < RUNS; run++) {
      const chance = chances(seed + run);
      let state = emptyJudgeState(START);
      let at = START;
      // The last reading again and again, as most readings are.
      let last: Observation | undefined;
      for (let step = 0; step < STEPS; step++) {
        at += chance(4) === 0 ? -chance(5) * MINUTE : chance(20) * MINUTE;
        const event: JudgeEvent =
          last && chance(3) === 0
            ? { kind: 'observed', at, observation: { ...decode<Observation>(encode(last)), at } }
            : someEvent(chance, state, at);
        if (event.kind === 'observed') last = event.observation;
        const whole = judge(decode<JudgeState>(encode(state)), event, context);
        const quick = judge(state, event, context);
        // As text they are the same nearly always, and that is seen faster.
        if (encode(quick) !== encode(whole)) expect({ run, step, ...quick }).toEqual({ run, step, ...whole });
        for (const told of quick.events) codes.add(`${told.kind} ${told.code}`);
        state = quick.state;
      }
    }
    // Lives in which nothing happens would prove nothing.
    expect([...codes].sort()).toEqual(
      expect.arrayContaining([
        'escalate UNPLANNED_OPENING',
        'raise ONBOARDING_REPORT',
        'raise GUARD_BLIND',
        'raise LEFT_OPEN',
        'resolve RESOLVED',
      ]),
    );
  });
});
