import { expect, test } from '@jest/globals';
import { openBench } from '../../agent/app/guard/bench.js';
import type { Observation, Subject } from '../../agent/judge/index.js';
import { contextOf, minute, START, subject } from '../support/guard.js';
import { memoryStore } from '../support/memory-store.js';
import { fakeLog } from './fakes.js';

const rdp = subject({ id: 'rdp', ports: '3389' });

function shown(at: number, ...undeclared: readonly Subject[]): Observation {
  return { device: 'fw', at: minute(at), undeclared, declared: [], missing: [], blind: [] };
}

/** A bench on which the window W1, from minute 1 to 10 with its grace until 25, has left `rdp` open. */
function atTheEnd() {
  const rows: string[] = [];
  const bench = openBench({
    store: { judge: memoryStore(START) },
    context: contextOf(),
    log: fakeLog([]),
    onStep: (events) => {
      for (const { at, code, finding } of events) rows.push(`${(at - START) / 60_000} ${code} ${finding.subjectId}`);
    },
  });
  const window = { id: 'W1', vendor: 'Integrator', devices: ['fw'], start: minute(1), end: minute(10), scope: [] };
  bench.observe(shown(0));
  bench.feed({ kind: 'windowPlanned', at: minute(0), window });
  bench.feed({ kind: 'windowOpened', at: minute(1), window: 'W1' });
  bench.observe(shown(5, rdp));
  return { bench, rows };
}

test('two readings of a device that end while an instant waits: the first stands for the instant, the second for now', () => {
  const { bench, rows } = atTheEnd();
  bench.hold(minute(25));
  // Under way when the instant came; the one that was asked for then sees the door shut.
  bench.observe(shown(25.1, rdp));
  bench.observe(shown(25.2));
  bench.release();
  expect(rows).toEqual([
    '5 OUT_OF_SCOPE_OPENING rdp',
    '25 REMOTE_TOOL_LEFT rdp',
    '25 WINDOW_NOT_CLOSED W1',
    '25.2 RESOLVED rdp',
  ]);
});

test('an opening that came back after the first reading is told in its own time', () => {
  const { bench, rows } = atTheEnd();
  bench.hold(minute(25));
  bench.observe(shown(25.1));
  bench.observe(shown(25.2, rdp));
  bench.release();
  expect(rows.slice(1)).toEqual([
    expect.stringMatching(/^24\.99\d+ RESOLVED rdp$/),
    '25 CLOSED_UNSIGNED W1',
    '25.2 UNPLANNED_OPENING rdp',
  ]);
});

test('a reading that failed stands for nothing: the next one that saw everything does', () => {
  const { bench, rows } = atTheEnd();
  bench.hold(minute(25));
  bench.observe({ ...shown(25.1), blind: ['nft: killed'] });
  bench.observe(shown(25.2));
  bench.release();
  expect(rows.slice(1)).toEqual([expect.stringMatching(/^24\.99\d+ RESOLVED rdp$/), '25 CLOSED_UNSIGNED W1']);
});
