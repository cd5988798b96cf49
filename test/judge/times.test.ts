import { describe, expect, test } from '@jest/globals';
import { atTime } from '../../agent/judge/index.js';
import type { Device } from '../../agent/model/index.js';
import { deviceOf, readLive } from '../drivers/iptables/support.js';
import { compose, firewall, note } from './devices.js';

const HOUR = 3_600_000;
const NOON = Date.parse('2026-03-10T12:00:00Z');

/** A firewall whose forward list has these rules, in the words of iptables. */
function iptables(...rules: readonly string[]): Device {
  const lines = rules.map((words) => `-A FORWARD -i wan0 -o dmz0 -p tcp --dport 3389 ${words}\n`).join('');
  const text = `*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n${lines}COMMIT\n`;
  const device = deviceOf(readLive({ 'iptables-save': text, 'ip6tables-save': '' }));
  return { ...device, pipeline: { ...device.pipeline, forwarding: { ip4: true, ip6: true } } };
}

/** What is told of a device at an instant, beside one that is approved; a latent opening with when it returns. */
function told(now: Device, atMs: number, approved: Device): readonly string[] {
  const sides = { approved: atTime(approved, atMs).device };
  return compose(atTime(now, atMs).device, sides).undeclared.map((subject) =>
    subject.latent ? `latent ${subject.latent.returnsWhen}` : note(subject).split(' | ')[0]!,
  );
}

const [open, possible] = [[expect.stringMatching(/3389[^(]*\([^(]*\)$/)], [expect.stringContaining('(possible)')]];
const from10to14 = '--datestart 2026-03-10T10:00:00 --datestop 2026-03-10T14:00:00';

describe('a rule with a time of its own', () => {
  const nothing = iptables();

  test.each<readonly [string, string, number, readonly unknown[]]>([
    ['before', from10to14, NOON - 2 * HOUR - 1, ['latent at 2026-03-10 10:00:00 UTC, by its own clock']],
    ['from its first instant', from10to14, NOON - 2 * HOUR, open],
    ['within', from10to14, NOON, open],
    ['through its last second', from10to14, NOON + 2 * HOUR + 999, open],
    ['after', from10to14, NOON + 2 * HOUR + 1000, []],
    ['without a beginning', '--datestop 2026-03-10T14:00:00', NOON, open],
    ['without an end', '--datestart 2026-03-10', NOON, open],
    ['hours within it', `${from10to14} --timestart 11:00:00 --timestop 12:00:00`, NOON, possible],
    ['hours after it', `${from10to14} --timestart 11:00:00 --timestop 12:00:00`, NOON + 3 * HOUR, []],
    ['days that come again', '--weekdays Mon,Tue', NOON, possible],
    ['days that are not meant, after it', `${from10to14} ! --weekdays Mon`, NOON + 3 * HOUR, []],
    ['the zone of the kernel, near its end', `${from10to14} --kerneltz`, NOON + 10 * HOUR, possible],
    ['the zone of the kernel, long after it', `${from10to14} --kerneltz`, NOON + 16 * HOUR + 1000, []],
    ['a date that is none', '--datestop 2026-03-10T99:00:00', NOON + 30 * HOUR, possible],
  ])('%s', (_, words, atMs, expected) => {
    expect(told(iptables(`-m time ${words} -j ACCEPT`), atMs, nothing)).toEqual(expected);
  });

  test.each<readonly [string, number, readonly unknown[]]>([
    [
      'meta time >= "2026-03-10 12:00:00"',
      NOON - 15 * HOUR,
      [expect.stringContaining('in the time zone of its listing')],
    ],
    ['meta time >= "2026-03-10 12:00:00"', NOON - 13 * HOUR, possible],
    ['meta time >= "2026-03-10 12:00:00"', NOON + 13 * HOUR, possible],
    ['meta time >= "2026-03-10 12:00:00"', NOON + 14 * HOUR, open],
    ['meta time < "2026-03-10 12:00:00"', NOON - 15 * HOUR, open],
    ['meta time < "2026-03-10 12:00:00"', NOON + 13 * HOUR, possible],
    ['meta time <= "2026-03-10 12:00:00"', NOON + 15 * HOUR, []],
    ['meta time "2026-03-08 12:00:00"-"2026-03-12 12:00:00"', NOON, open],
    ['meta time "2026-03-08 12:00:00"-"2026-03-12 12:00:00"', NOON + 63 * HOUR, []],
    // It opens after these times, and so is not over.
    ['meta time != "2026-03-08 12:00:00"-"2026-03-12 12:00:00"', NOON, possible],
    ['meta hour "10:00"-"11:00"', NOON, possible],
    ['meta time { "2026-03-08 12:00:00" }', NOON + 63 * HOUR, possible],
  ])('of nft, whose zone is not shown: %s at %d', (words, atMs, expected) => {
    const now = firewall([`iifname "wan0" oifname "dmz0" tcp dport 3389 ${words} accept`]);
    expect(told(now, atMs, firewall([]))).toEqual(expected);
  });

  test('one that denies and has ended lets in what it stopped; as long as it may hold, it may end', () => {
    const deny = '-m time --datestop 2026-03-10T14:00:00 -j DROP';
    const now = iptables(deny, '-j ACCEPT');
    expect(told(now, NOON + 3 * HOUR, nothing)).toEqual(open);
    expect(told(now, NOON, nothing)).toEqual(possible);
  });

  test('what was approved as a text is approved in its times too, and another that waits is not', () => {
    const rule = `-m time ${from10to14} -j ACCEPT`;
    for (const atMs of [NOON - 3 * HOUR, NOON, NOON + 3 * HOUR])
      expect(told(iptables(rule), atMs, iptables(rule))).toEqual([]);
    const other = '-m time --datestart 2026-03-11T10:00:00 -j ACCEPT';
    expect(told(iptables(rule, other), NOON - 3 * HOUR, iptables(rule))).toEqual([
      'latent at 2026-03-11 10:00:00 UTC, by its own clock',
    ]);
  });

  test('of one that jumps only the end is decided: where it leads is not looked at', () => {
    const steps = (atMs: number) => {
      const device = iptables('-m time --datestop 2026-03-10T14:00:00 -j RETURN', '-j ACCEPT');
      return told(device, atMs, nothing);
    };
    expect(steps(NOON)).toEqual(possible);
    expect(steps(NOON + 3 * HOUR)).toEqual(open);
  });
});

test('a device says when it turns, and is the same object as long as it does not', () => {
  const device = iptables(`-m time ${from10to14} -j ACCEPT`);
  const turn = (atMs: number) => atTime(device, atMs).turnsAt;
  expect([turn(NOON - 3 * HOUR), turn(NOON), turn(NOON + 3 * HOUR)]).toEqual([
    NOON - 2 * HOUR,
    NOON + 2 * HOUR + 1000,
    undefined,
  ]);
  expect(atTime(device, NOON).device).toBe(atTime(device, NOON + HOUR).device);
  expect(atTime(device, NOON).phases).not.toBe(atTime(device, NOON + 3 * HOUR).phases);
  const plain = iptables('-j ACCEPT');
  expect(atTime(plain, NOON)).toEqual({ device: plain, phases: '' });
});
