import { describe, expect, test } from '@jest/globals';
import { type Baseline, declaredAt, parseBaseline } from '../../agent/baseline/index.js';
import {
  emptyJudgeState,
  isLeftCode,
  type JudgeEvent,
  type JudgeState,
  judge,
  type Observation,
} from '../../agent/judge/index.js';
import { problemText } from '../../agent/lib/result.js';
import type { Device } from '../../agent/model/index.js';
import { windowMachine } from '../../agent/windows/index.js';
import { contextOf, guardOf, minute, START, subject } from '../support/guard.js';
import { compose, firewall, host, listener } from './devices.js';

const NOW = Date.UTC(2026, 10, 22);
const RULE = 'iifname "vpn0" oifname "dmz0" ip saddr 198.51.100.7 ip daddr 192.0.2.10 tcp dport 22 accept';
const FLOW =
  'flows:\n  - { id: t, from: 198.51.100.7, to: 192.0.2.10, service: tcp/22, only: in-windows, vendor: V }\n';
const shut = firewall([]);
const up = firewall([RULE]);

function declared(text: string, device = 'fw') {
  const parsed = parseBaseline(`version: 1\n${text}`, 'b.yaml');
  if (!parsed.ok) throw new Error(problemText(parsed.error));
  const baseline: Baseline = parsed.value;
  return declaredAt(baseline, device, NOW);
}

const told = (now: Device, more: Parameters<typeof compose>[1]) => {
  const { undeclared, declared: known, missing } = compose(now, more);
  return {
    undeclared: undeclared.map(({ summary, inWindows }) => `${summary}${inWindows ? ` [${inWindows.vendor}]` : ''}`),
    declared: known.map(({ summary }) => summary),
    missing: missing.map(({ summary }) => summary),
  };
};

const TUNNEL = '198.51.100.7 → 192.0.2.10 tcp 22 (vpn0 → dmz0)';

describe('a flow for windows alone', () => {
  test.each<[string, Device, Device, Device]>([
    ['opened since', up, shut, shut],
    ['approved as it was open', up, up, up],
    ['approved as it was shut, open for long', up, shut, up],
  ])('is told as what it is: %s', (_what, now, approved, before) => {
    const answer = told(now, { approved, before, declared: declared(FLOW) });
    expect(answer).toEqual({ undeclared: [`${TUNNEL} [V]`], declared: [], missing: [] });
  });

  test('that is shut is no cut flow, whatever was approved', () => {
    const nothing = { undeclared: [], declared: [], missing: [] };
    expect(told(shut, { approved: up, before: up, declared: declared(FLOW) })).toEqual(nothing);
    expect(told(shut, { before: up, declared: declared(FLOW) })).toEqual(nothing);
  });

  test('and more in one rule are two things to tell', () => {
    const wide = firewall([RULE.replace('tcp dport 22', 'tcp dport { 22, 3389 }')]);
    expect(told(wide, { approved: shut, before: shut, declared: declared(FLOW) }).undeclared).toEqual([
      TUNNEL.replace('22', '3389'),
      `${TUNNEL} [V]`,
    ]);
  });

  test('that is declared at any time too is declared', () => {
    const both = declared(`${FLOW}  - { to: 192.0.2.10, service: tcp/22 }\n`);
    expect(told(up, { approved: shut, before: shut, declared: both }).undeclared).toEqual([]);
  });

  test('has the edit that opened it, and its undo', () => {
    const [one] = compose(up, {
      approved: shut,
      before: shut,
      declared: declared(FLOW),
      undo: () => 'nft …',
    }).undeclared;
    expect(one).toMatchObject({ cause: { edit: 'added' }, undo: 'nft …', inWindows: { id: 't', vendor: 'V' } });
  });
});

test('a listener for windows alone is told though it was approved, and its end is no loss', () => {
  const xrdp = host([listener()]);
  const only = declared('listeners:\n  - { listen: tcp/3389, only: in-windows, vendor: V }\n', 'web');
  expect(told(xrdp, { approved: xrdp, before: xrdp, declared: only }).undeclared).toEqual([
    'tcp 0.0.0.0:3389 xrdp (user root) [V]',
  ]);
  expect(told(host([]), { approved: xrdp, before: xrdp, declared: only }).missing).toEqual([]);
});

test('a fact for windows alone is told while it is there, without an approved snapshot too, and never as gone', () => {
  const origin = { file: 'wg', line: 1, rule: 'wg', text: 'wg0' };
  const fact = {
    kind: 'vpn' as const,
    subject: 'WireGuard peer abc= on wg0',
    value: '10.9.0.2/32',
    area: 'wireguard',
    origin,
  };
  const there: Device = { ...shut, facts: [fact], areas: ['wireguard'] };
  const gone: Device = { ...shut, facts: [], areas: ['wireguard'] };
  const only = declared('access:\n  - { fact: WireGuard peer * on wg0, only: in-windows, vendor: V }\n');
  const said = ['WireGuard peer abc= on wg0 on fw: 10.9.0.2/32 (added) [V]'];
  expect(told(there, { approved: there, before: there, declared: only }).undeclared).toEqual(said);
  expect(told(there, { approved: gone, before: gone, declared: only }).undeclared).toEqual(said);
  expect(told(there, { declared: only }).undeclared).toEqual(said);
  expect(told(gone, { approved: there, before: there, declared: only }).undeclared).toEqual([]);
});

describe('judged', () => {
  const tunnel = { ...subject({ id: 't', dst: 'pacs', ports: '8443' }), inWindows: { id: 't', vendor: ' Vendor' } };

  test('a window that is only planned counts from its start, by the clock', () => {
    const guard = guardOf();
    guard.plan({ start: 10 });
    guard.read(0, 'fw', tunnel);
    guard.tick(30);
    expect(guard.rows()).toEqual(['0 ACCESS_OUT_OF_WINDOW t critical', '10 IN_WINDOW_CHANGE t info']);
  });

  test('opened again within the grace is told at once: grace is for shutting', () => {
    const guard = guardOf();
    guard.plan({ end: 30 });
    guard.read(5, 'fw', tunnel);
    guard.read(20, 'fw');
    guard.read(35, 'fw', tunnel);
    expect(guard.rows().at(-1)).toBe('35 ACCESS_OUT_OF_WINDOW t critical');
  });

  test('a window of another vendor that does not name it makes it no better, and is not closed over it', () => {
    const guard = guardOf();
    guard.plan({ end: 30, scope: [{ dst: 'web' }] });
    guard.read(5, 'fw', { ...tunnel, inWindows: { id: 't', vendor: 'another' } });
    expect(guard.close(10, { fw: { undeclared: [tunnel] } }).answer).toMatchObject({ state: 'refused' });
    expect(guard.rows()[0]).toBe('5 ACCESS_OUT_OF_WINDOW t critical');
  });

  test('nothing waits for the end of an onboarding', () => {
    const guard = guardOf({ devices: { fw: { kind: 'fw', onboardingUntil: minute(1_000) } } });
    const inner = { src: '10.0.0.0/8', dst: '10.1.0.1' };
    const told = { ...subject({ id: 't', ...inner }), inWindows: { id: 't' } };
    guard.read(0, 'fw', told, subject({ id: 'other', ...inner }));
    expect(guard.rows().map((row) => row.split(' ')[2])).toEqual(['t', 'fw']);
  });
});

/**
 * Every sequence of six steps (ECLUSE_DEPTH: more), ten minutes apart: the tunnel comes and goes, readings fail, its vendor's window and that
 * of another are closed. Whatever came before, the tunnel is never there in silence: it is an alarm, or noted in a window
 * that may have it and has not ended; and a guard that is killed and restarted between two steps tells the same.
 */
describe('explored', () => {
  const tunnel = { ...subject({ id: 't', dst: 'pacs', ports: '8443' }), inWindows: { id: 't', vendor: 'one' } };
  const context = contextOf();
  const reading = (there: boolean, at: number): Observation => ({
    ...{ device: 'fw', at, declared: [], missing: [], blind: [] },
    undeclared: there ? [tunnel] : [],
  });
  interface World {
    readonly state: JudgeState;
    readonly there: boolean;
  }
  const moves: readonly ((world: World, at: number) => readonly [JudgeEvent, boolean])[] = [
    ({ there }, at) => [{ kind: 'observed', at, observation: reading(!there, at) }, !there],
    ({ there }, at) => [{ kind: 'missed', at, device: 'fw', reason: 'no answer' }, there],
    ({ there }, at) => [{ kind: 'tick', at }, there],
    ...['A', 'B'].map((window) => ({ there }: World, at: number): readonly [JudgeEvent, boolean] => [
      { kind: 'windowClose', at, window, observations: [reading(there, at)] },
      there,
    ]),
  ];
  const plans = [
    { id: 'A', vendor: 'one', devices: ['fw'], start: minute(15), end: minute(45), scope: [] },
    { id: 'B', vendor: 'two', devices: ['fw'], start: minute(5), end: minute(55), scope: [] },
  ];

  test('the tunnel is told at every instant at which no window may have it', () => {
    const first = plans.reduce(
      (now, window) => judge(now, { kind: 'windowPlanned', at: START, window }, context).state,
      emptyJudgeState(START),
    );
    let worlds: readonly World[] = [{ state: first, there: false }];
    const idsOf = (events: readonly { readonly id: string }[]): string => events.map(({ id }) => id).join();
    let silent = 0;
    let different = 0;
    let seen = 0;
    for (let depth = 1; depth <= Number(process.env.ECLUSE_DEPTH ?? 6); depth++) {
      const at = minute(10 * depth);
      const next = new Map<string, World>();
      for (const world of worlds) {
        for (const move of moves) {
          const [event, there] = move(world, at);
          const step = judge(world.state, event, context);
          const again = judge(JSON.parse(JSON.stringify(world.state)) as JudgeState, event, context);
          if (idsOf(again.events) !== idsOf(step.events)) different++;
          const known = step.state.present.find(({ subject: { id } }) => id === 't');
          const open = step.state.findings.find(({ key, resolvedAt }) => key === 'fw/t' && resolvedAt === undefined);
          if (known) {
            seen++;
            const a = step.state.windows.find(({ id }) => id === 'A')!;
            const end = windowMachine.effectiveEnd(a);
            const may = a.start <= at && known.firstSeen <= end && at < end + context.graceMinutes * 60_000;
            const alarm = open?.code === 'ACCESS_OUT_OF_WINDOW' || isLeftCode(open?.code ?? '');
            if (may ? open?.code !== 'IN_WINDOW_CHANGE' : !alarm) silent++;
          }
          const key = JSON.stringify([there, step.state.windows, known?.firstSeen, open?.code, step.state.devices]);
          next.set(key, { state: step.state, there });
        }
      }
      worlds = [...next.values()];
    }
    expect([silent, different]).toEqual([0, 0]);
    expect(seen).toBeGreaterThan(100);
  });
});
