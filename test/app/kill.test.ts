import { describe, expect, test } from '@jest/globals';
import type { End } from '../soak/day.js';
import { brokenPromises, killAtWork } from '../soak/kill.js';
import '../support/system.js';

test('a guard that is killed ten times at work keeps what it stored, and tells nothing twice', async () => {
  const { wrong, events, minutes } = await killAtWork(10, 4 * 60);
  expect(wrong).toEqual([]);
  expect(events).toBeGreaterThan(20);
  expect(minutes).toBeGreaterThan(4 * 60);
}, 300_000);

describe('what is looked for after a kill is found:', () => {
  const record = (id: string, kind: string, code = 'UNPLANNED_OPENING'): string =>
    JSON.stringify({ id, key: id.split('#')[0], kind, code, severity: 'high' });
  const end = (...ids: readonly string[]): End => ({
    alarms: ids.map((id) => ({ id, queuedFor: [] })),
    windows: [{ id: 'W1', state: 'open' }],
    open: [],
    there: [],
    minute: 1,
  });
  const opened = record('fw/80#1.0', 'raise');
  const left = record('fw/80#1.1', 'raise', 'LEFT_OPEN');

  test('nothing, where all is well', () => {
    const told = [opened, opened, left, record('fw/80#1.2', 'resolve', 'RESOLVED'), record('fw/80#2.0', 'raise')];
    const all = end('fw/80#1.0', 'fw/80#1.1', 'fw/80#1.2', 'fw/80#2.0');
    expect(brokenPromises(['start 0', 'event fw/80#1.0', 'window W1'], told, all)).toEqual([]);
  });

  test.each<[string, readonly string[], readonly string[], End, RegExp]>([
    ['an event that is lost', ['event fw/80#1.0'], [], end(), /fw\/80#1\.0 was stored, and is lost/],
    ['a window that is lost', ['window W2'], [], end(), /W2 was opened, and is lost/],
    ['a close that is lost', ['asked to close W1'], [], end(), /W1 was to be closed/],
    ['a record that was never told', [], [], end('fw/80#1.0'), /is stored and was not told/],
    ['a record of nothing', [], [opened], end(), /was told and is not stored/],
    [
      'one id of two things',
      [],
      [opened, record('fw/80#1.0', 'raise', 'LEFT_OPEN')],
      end('fw/80#1.0'),
      /told as two things/,
    ],
    [
      'one thing under two numbers',
      [],
      [opened, record('fw/80#1.1', 'raise')],
      end('fw/80#1.0', 'fw/80#1.1'),
      /fw\/80#1\.1 says what fw\/80#1\.0 said/,
    ],
    [
      'one thing in two generations',
      [],
      [opened, record('fw/80#2.0', 'raise')],
      end('fw/80#1.0', 'fw/80#2.0'),
      /fw\/80#2\.0 begins while fw\/80#1\.0 is open/,
    ],
    ['a gap', [], [opened, record('fw/80#1.2', 'raise', 'X')], end('fw/80#1.0', 'fw/80#1.2'), /came behind/],
    ['an opening that nobody knows', [], [], { ...end(), there: ['fw/80'] }, /found open: ; open: fw\/80/],
  ])('%s', (_what, answered, told, known, words) => {
    expect(brokenPromises(answered, told, known)).toEqual([expect.stringMatching(words)]);
  });
});
