import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Fixture, parseFixture, replay } from '../../agent/app/replay.js';
import { memoryStore } from '../support/memory-store.js';
import { searchFactor, seed } from '../support/seed.js';
import { rules } from '../support/services.js';
import { type Row, referenceRows } from './reference.js';
import { variantOf } from './variants.js';

function fixturesIn(folder: string): readonly Fixture[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => {
      const fixture = parseFixture(readFileSync(join(folder, name), 'utf8'), name);
      if (!fixture.ok) throw new Error(fixture.error.message);
      return fixture.value;
    });
}

const seeds = fixturesIn(join('test', 'scenarios'));
const derived = fixturesIn(join('test', 'scenarios', 'derived')).filter(({ inWindows }) => inWindows.length === 0);

const shown = (rows: readonly Row[]): readonly string[] =>
  rows.map(({ t, code, id, sev }) => `${new Date(t).toISOString()} ${code} ${id} ${sev}`);

describe('the plain evaluator of the reference semantics', () => {
  test.each([...seeds, ...derived].map((fixture) => [fixture.id, fixture] as const))(
    'tells of %s what it expects',
    (_, fixture) => {
      const expected = fixture.expect.map((row) => ({ ...row, t: row.t.at }));
      expect(shown(referenceRows(fixture, rules().services.services))).toEqual(shown(expected));
    },
  );
});

function judged(fixture: Fixture): readonly Row[] {
  const { findings } = replay(fixture, { store: memoryStore(), rules: rules() });
  return findings.map((row) => ({ ...row, t: Date.parse(row.t) }));
}

/** That a flow is cut and that another of its name is shut may be said in any order. */
function inOrder(rows: readonly Row[]): readonly string[] {
  const place = (row: Row): number => rows.findIndex(({ t, id }) => t === row.t && id === row.id);
  return shown([...rows].sort((a, b) => place(a) - place(b) || (a.code < b.code ? -1 : 1)));
}

/** As a fixture would be written, so that it can become one. */
function written(fixture: Fixture): string {
  const time = ({ at }: { readonly at: number }): string => new Date(at).toISOString().replace(':00.000Z', 'Z');
  return JSON.stringify(fixture, (_, value) => (typeof value?.at === 'number' ? time(value) : value), 1);
}

const VARIANTS = 300 * searchFactor;

test(`${VARIANTS} variants of them are told as the reference semantics say`, () => {
  const all = [...seeds, ...derived];
  for (let index = 0; index < VARIANTS; index++) {
    const fixture = variantOf(all[index % all.length]!, seed + index);
    const expected = inOrder(referenceRows(fixture, rules().services.services));
    const found = inOrder(judged(fixture));
    if (found.join() !== expected.join()) expect([written(fixture), ...found]).toEqual([written(fixture), ...expected]);
  }
});
