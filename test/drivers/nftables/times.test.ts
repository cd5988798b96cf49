import { expect, test } from '@jest/globals';
import { type TimeBounds, ZONE_MS_MAX } from '../../../agent/model/index.js';
import { stepsOf } from './support.js';

const start = Date.parse('2026-11-22T10:00:00Z');
const end = Date.parse('2026-12-22T10:00:00Z');
const zone = { zoneMs: ZONE_MS_MAX };

test.each<readonly [string, TimeBounds | undefined]>([
  ['meta time < "2026-12-22 10:00:00"', { untilMs: end, ...zone }],
  ['meta time <= "2026-12-22 10:00:00"', { untilMs: end + 1, ...zone }],
  ['meta time > "2026-11-22 10:00:00"', { fromMs: start, ...zone }],
  ['meta time >= "2026-11-22 10:00:00"', { fromMs: start, ...zone }],
  ['meta time "2026-11-22 10:00:00"-"2026-12-22 10:00:00"', { fromMs: start, untilMs: end + 1, ...zone }],
  ['meta time != "2026-11-22 10:00:00"', undefined],
  ['meta time { "2026-11-22 10:00:00", "2026-12-22 10:00:00" }', undefined],
  ['meta time < "2026-12-22"', undefined],
  ['meta hour "10:00"-"12:00"', undefined],
  ['meta day "Monday"', undefined],
])('%s', (words, times) => {
  const [step] = stepsOf(`${words} accept`);
  const condition = step?.kind === 'match' ? step.condition : undefined;
  const asked = condition?.kind === 'not' ? condition.of : condition;
  expect(asked).toMatchObject({ kind: 'unknown', text: expect.stringMatching(/^meta /) });
  expect(asked?.kind === 'unknown' ? asked.times : 'another condition').toEqual(times);
});

/** Of a range only what lies in it is bounded: its opposite holds before and after. */
test('a range that is negated bounds nothing by itself', () => {
  const [step] = stepsOf('meta time != "2026-11-22 10:00:00"-"2026-12-22 10:00:00" accept');
  expect(step).toMatchObject({ kind: 'match', condition: { kind: 'not', of: { kind: 'unknown' } } });
});
