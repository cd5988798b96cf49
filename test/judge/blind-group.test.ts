import { describe, expect, test } from '@jest/globals';
import type { Finding, JudgedDevice, Observation } from '../../agent/judge/index.js';
import { guardOf, MINUTE } from '../support/guard.js';
import { searchFactor, seed } from '../support/seed.js';

const BASTION = 'jump host bastion.example.org:22';

function site(names: readonly string[], way: readonly string[]): Readonly<Record<string, JudgedDevice>> {
  return Object.fromEntries(names.map((name) => [name, { kind: 'fw' as const, way }]));
}

function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `fw${index + 1}`);
}

function noAnswer(device: string): Partial<Observation> {
  return { blind: [`${device}: SSH_UNREACHABLE: ${device}.example.org:22 cannot be reached`], unreachable: true };
}

function refused(device: string): Partial<Observation> {
  return { blind: [`${device}: nft list ruleset: refused: Operation not permitted`] };
}

type Guard = ReturnType<typeof guardOf>;

/** A small generator with a fixed seed (Park and Miller's), so that a failure comes back. */
function numbers(start: number): (limit: number) => number {
  let state = (start % 2147483646) + 1;
  return (limit) => {
    state = (state * 48271) % 2147483647;
    return state % limit;
  };
}

function openOnes(guard: Guard): readonly Finding[] {
  return guard.state.findings.filter(({ code, resolvedAt }) => code === 'GUARD_BLIND' && resolvedAt === undefined);
}

describe('one cut', () => {
  const names = numbered(40);
  const forty = () => guardOf({ devices: site(names, [BASTION]) });
  /** Polls one after another, spread over five minutes from this minute on. */
  const poll = (guard: Guard, at: number, answer: (device: string) => Partial<Observation>): void =>
    names.forEach((device, index) => void guard.observe(at + index / 8, device, answer(device)));

  test('is one finding with forty devices, low after ten minutes, medium after an hour, told once each', () => {
    const guard = forty();
    poll(guard, 0, () => ({}));
    for (const at of [5, 10, 15, 20]) poll(guard, at, noAnswer);
    expect(guard.rows()).toEqual(['10 GUARD_BLIND fw1 low']);
    expect(guard.events).toHaveLength(1);
    expect(guard.events[0]?.finding.details?.[0]).toBe(`40 devices: ${names.join(', ')}`);
    expect(openOnes(guard)).toMatchObject([
      {
        key: 'blind/fw1',
        severity: 'low',
        severityBecause: `low: no complete reading of 40 devices for 10 min, ${BASTION}`,
      },
    ]);
    expect(openOnes(guard)[0]).not.toHaveProperty('device');
    guard.tick(60);
    expect(guard.finding('blind/fw1')?.severity).toBe('medium');
    expect(guard.events).toHaveLength(2);
    expect(guard.events[1]).toMatchObject({ kind: 'update', row: false });
  });

  test('shrinks as they come back, is told so at most every five minutes, and is over with the last', () => {
    const guard = forty();
    poll(guard, 0, () => ({}));
    for (const at of [5, 10, 15]) poll(guard, at, noAnswer);
    const before = guard.events.length;
    for (const [index, device] of names.slice(0, 37).entries()) guard.observe(30 + index / 60, device, {});
    expect(openOnes(guard)[0]?.group?.members).toEqual(['fw38', 'fw39', 'fw40']);
    expect(guard.events).toHaveLength(before + 1);
    guard.tick(34);
    expect(guard.events).toHaveLength(before + 1);
    guard.tick(36);
    expect(guard.events).toHaveLength(before + 2);
    expect(guard.events.at(-1)?.finding.details?.[0]).toBe('3 devices: fw38, fw39, fw40');
    for (const device of ['fw39', 'fw38', 'fw40']) guard.observe(37, device, {});
    expect(guard.events.at(-1)).toMatchObject({ kind: 'resolve', code: 'RESOLVED', row: true });
    expect(guard.rows()).toEqual(['10 GUARD_BLIND fw1 low', '37 RESOLVED fw1 info']);
    guard.tick(90);
    expect(openOnes(guard)).toEqual([]);
  });

  test('is high while a window is open on one of them, from its second missed reading on', () => {
    const guard = forty();
    poll(guard, 0, () => ({}));
    guard.plan({ devices: ['fw7'], start: 0, end: 60 });
    for (const at of [5, 6]) poll(guard, at, noAnswer);
    expect(openOnes(guard)).toMatchObject([{ severity: 'high', windows: ['W'] }]);
    expect(openOnes(guard)[0]?.severityBecause).toMatch(/bastion\.example\.org:22, inside a change window$/);
    guard.tick(80);
    expect(openOnes(guard)).toMatchObject([{ severity: 'medium', windows: [] }]);
  });
});

describe('what is one cause', () => {
  const devices = {
    ...site(['a', 'b'], [BASTION, 'network 192.0.2.0/24']),
    ...site(['c'], ['network 192.0.2.0/24']),
    ...site(['d'], ['network 198.51.100.0/24']),
  };
  const groups = (guard: Guard): readonly string[] =>
    openOnes(guard).map(({ group, key }) => `${key}: ${group?.members.join(' ')}`);
  const dark = (answers: Readonly<Record<string, (device: string) => Partial<Observation>>>, at = 0): Guard => {
    const guard = guardOf({ devices });
    for (const device of Object.keys(answers)) guard.read(at, device);
    for (const later of [5, 10, 15])
      for (const [device, answer] of Object.entries(answers)) guard.observe(at + later, device, answer(device));
    return guard;
  };
  const broken = (device: string): Partial<Observation> => ({
    blind: [`${device}: SSH_BROKEN: 192.0.2.${device.charCodeAt(0)}:22: the connection ended before the login`],
    unreachable: true,
  });

  test('what lies on the way, though the errors differ', () => {
    const guard = dark({ a: noAnswer, b: broken });
    expect(groups(guard)).toEqual(['blind/a: a b']);
    expect(openOnes(guard)[0]?.severityBecause).toContain(BASTION);
    expect(groups(dark({ a: noAnswer, c: broken }))).toEqual(['blind/a: a c']);
  });

  test('the same error at the same time, whatever its addresses and names, wherever they stand', () => {
    const guard = dark({ a: refused, d: refused });
    expect(groups(guard)).toEqual(['blind/a: a d']);
    expect(openOnes(guard)[0]?.severityBecause).toBe(
      'low: no complete reading of 2 devices for 10 min, the same error',
    );
  });

  test('not the way, where the device answers; not two errors in two places', () => {
    expect(groups(dark({ a: refused, b: noAnswer }))).toEqual(['blind/a: a', 'blind/b: b']);
    expect(groups(dark({ a: broken, d: noAnswer }))).toEqual(['blind/a: a', 'blind/d: d']);
  });

  test('not what happens on another day: an old outage does not swallow a new one', () => {
    const guard = guardOf({ devices });
    for (const device of ['a', 'b']) guard.read(0, device);
    for (const at of [5, 10]) guard.observe(at, 'a', noAnswer('a'));
    for (let at = 15; at <= 120; at += 5) {
      guard.observe(at, 'a', noAnswer('a'));
      guard.read(at, 'b');
    }
    for (const at of [125, 130]) guard.observe(at, 'b', noAnswer('b'));
    expect(groups(guard)).toEqual(['blind/a: a', 'blind/b: b']);
    expect(guard.rows()).toEqual(['10 GUARD_BLIND a low', '130 GUARD_BLIND b low']);
  });

  test('a device that is new and was never read does not join an outage of yesterday', () => {
    const guard = guardOf({ devices });
    guard.read(0, 'a');
    for (const at of [5, 10, 600]) guard.observe(at, 'a', noAnswer('a'));
    for (const at of [600, 605, 612]) guard.observe(at, 'b', noAnswer('b'));
    expect(groups(guard)).toEqual(['blind/a: a', 'blind/b: b']);
  });
});

describe('a line that flickers', () => {
  const devices = site(numbered(3), [BASTION]);

  test('stays one finding under one key', () => {
    const guard = guardOf({ devices });
    for (const device of numbered(3)) guard.read(0, device);
    for (const at of [5, 10]) for (const device of numbered(3)) guard.observe(at, device, noAnswer(device));
    for (let at = 15; at < 60; at += 5) {
      for (const [index, device] of numbered(3).entries())
        guard.observe(at, device, (at / 5 + index) % 3 === 0 ? {} : noAnswer(device));
    }
    expect(guard.rows()).toEqual(['10 GUARD_BLIND fw1 low']);
    expect(openOnes(guard).map(({ key }) => key)).toEqual(['blind/fw1']);
  });

  test('the first of a group has a finding of its own for another cause, and gets its key back afterwards', () => {
    const guard = guardOf({ devices });
    for (const device of numbered(3)) guard.read(0, device);
    for (const at of [5, 10]) for (const device of numbered(3)) guard.observe(at, device, noAnswer(device));
    guard.read(12, 'fw1');
    for (const at of [30, 35]) guard.observe(at, 'fw1', refused('fw1'));
    expect(openOnes(guard).map(({ key }) => key)).toEqual(['blind/fw1', 'blind/fw1/2']);
    for (const device of numbered(3)) guard.read(40, device);
    expect(openOnes(guard)).toEqual([]);
    for (const at of [45, 51]) guard.observe(at, 'fw1', refused('fw1'));
    expect(openOnes(guard)).toMatchObject([{ key: 'blind/fw1', generation: 2 }]);
  });

  test('an acknowledgement holds while the group shrinks, and not for who joins', () => {
    const guard = guardOf({ devices });
    for (const device of numbered(2)) guard.read(0, device);
    for (const at of [5, 10]) for (const device of numbered(2)) guard.observe(at, device, noAnswer(device));
    guard.acknowledge(11, 'blind/fw1');
    guard.read(12, 'fw2');
    guard.tick(20);
    expect(guard.finding('blind/fw1')?.acknowledged?.by).toBe('duty officer');
    guard.observe(21, 'fw2', noAnswer('fw2'));
    guard.tick(30);
    expect(guard.finding('blind/fw1')?.group?.members).toEqual(['fw1', 'fw2']);
    expect(guard.finding('blind/fw1')?.acknowledged).toBeUndefined();
  });
});

test('a finding that an earlier version raised goes on under its key', () => {
  const guard = guardOf({ devices: site(['fw1'], []) });
  guard.read(0, 'fw1');
  for (const at of [5, 10]) guard.observe(at, 'fw1', noAnswer('fw1'));
  const old = guard.state.findings.map(({ group: _, ...finding }) => finding);
  Object.assign(guard.state, { findings: old });
  guard.observe(15, 'fw1', noAnswer('fw1'));
  guard.tick(60);
  expect(openOnes(guard)).toMatchObject([{ key: 'blind/fw1', generation: 1, severity: 'medium', device: 'fw1' }]);
  guard.read(65, 'fw1');
  expect(guard.rows()).toEqual(['10 GUARD_BLIND fw1 low', '65 RESOLVED fw1 info']);
});

test('whatever comes and goes, every dark device is in one finding and stays in it', () => {
  const below = numbers(seed);
  const wrong: string[] = [];
  let grouped = 0;
  for (let round = 0; round < 40 * searchFactor; round++) {
    const names = numbered(6);
    const ways = [BASTION, 'network 192.0.2.0/24', 'network 198.51.100.0/24'];
    const devices = Object.fromEntries(names.map((name) => [name, { kind: 'fw' as const, way: [ways[below(3)]!] }]));
    const guard = guardOf({ devices });
    const home = new Map<string, string>();
    const answers = [noAnswer, refused, (): Partial<Observation> => ({})];
    const state = new Map(names.map((name) => [name, answers[2]!]));
    for (let at = 0; at < 240; at += 1 + below(4)) {
      for (const name of names) if (below(6) === 0) state.set(name, answers[below(3)]!);
      for (const name of names) if (below(2) === 0) guard.observe(at, name, state.get(name)!(name));
      const complain = (what: string): void => void wrong.push(`seed ${seed}, round ${round}, minute ${at}: ${what}`);
      const homes = openOnes(guard).flatMap(({ key, group }) => (group?.members ?? []).map((name) => ({ name, key })));
      if (new Set(homes.map(({ name }) => name)).size < homes.length) complain('one device in two findings');
      for (const { device, missedReadings, lastCompleteAt, blindSince } of guard.state.devices) {
        const key = homes.find(({ name }) => name === device)?.key;
        const darkMinutes = (guard.state.judgedUpTo - (lastCompleteAt ?? blindSince ?? 0)) / MINUTE;
        if (missedReadings === 0 && key !== undefined) complain(`${device} is read and in ${key}`);
        if (missedReadings >= 2 && darkMinutes >= 10 && key === undefined) complain(`${device} is dark and not told`);
        const known = home.get(device);
        if (known !== undefined && missedReadings > 1 && key !== known) complain(`${device} left ${known} for ${key}`);
        if (key === undefined) home.delete(device);
        else home.set(device, key);
      }
    }
    const ids = guard.events.map(({ id }) => id);
    if (new Set(ids).size < ids.length) wrong.push(`seed ${seed}, round ${round}: an id told twice`);
    grouped += guard.events.filter(({ finding }) => (finding.group?.members.length ?? 0) > 1).length;
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(grouped).toBeGreaterThan(100);
});
