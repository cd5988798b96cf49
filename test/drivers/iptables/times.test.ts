import { expect, test } from '@jest/globals';
import { type TimeBounds, ZONE_MS_MAX } from '../../../agent/model/index.js';
import { conditionOf } from './support.js';

const [start, stop] = [Date.parse('2026-11-22T10:00:00Z'), Date.parse('2026-12-22T10:00:01Z')];
const both = '--datestart 2026-11-22T10:00:00 --datestop 2026-12-22T10:00:00';
const local = { zoneMs: ZONE_MS_MAX };

/** As iptables-save 1.8 prints them, and as a person may write them. */
test.each<readonly [string, TimeBounds | undefined]>([
  [both, { fromMs: start, untilMs: stop }],
  ['--datestart 2026-11-22T10:00 --utc', { fromMs: start }],
  ['--datestop 2026-11-22', { untilMs: Date.parse('2026-11-22T00:00:01Z') }],
  [`${both} --kerneltz`, { fromMs: start, untilMs: stop, ...local }],
  [`${both} --localtz`, { fromMs: start, untilMs: stop, ...local }],
  [
    `--timestart 10:00:00 --timestop 23:59:59 --weekdays Mon,Tue ${both}`,
    { fromMs: start, untilMs: stop, asksMore: true },
  ],
  [`${both} ! --monthdays 1,2`, { fromMs: start, untilMs: stop, asksMore: true }],
  // What was not understood bounds nothing.
  ['--timestart 10:00:00 --timestop 11:00:00', undefined],
  ['--weekdays Mon', undefined],
  ['--datestop 2026-13-01T00:00:00', undefined],
  ['--datestop tomorrow', undefined],
  ['--datestop 2026-11-22T10:00:00 --datestop 2026-12-22T10:00:00', undefined],
])('-m time %s', (words, times) => {
  const condition = conditionOf(`-m time ${words} -j ACCEPT`);
  const asked = condition?.kind === 'not' ? condition.of : condition;
  expect(asked).toMatchObject({ kind: 'unknown', text: expect.stringMatching(/^time /) });
  expect(asked?.kind === 'unknown' ? asked.times : 'another condition').toEqual(times);
});
