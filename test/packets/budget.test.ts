import { describe, expect, test } from '@jest/globals';
import { InternalFault } from '../../agent/lib/assert.js';
import { BudgetSpent, createKernel, type Kernel, withKernels } from '../../agent/packets/index.js';
import { boxOf, firstMatch, fullSpace, KERNELS, type MaskRule, tableOf, universeOf } from './universe.js';

const UNIVERSE = universeOf([6, 6, 6]);
const SPACE = fullSpace(UNIVERSE);

/** Scattered rules from a fixed linear congruence: their diagram has some hundred nodes. */
const RULES: readonly MaskRule[] = (() => {
  let state = 7;
  const next = () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return ((state >> 8) % 127) + 1;
  };
  return Array.from({ length: 24 }, (_, i) => ({ masks: [next(), next(), next()], label: 1 + (i % 5) }));
})();

const EXPECTED = UNIVERSE.points.map((point) => firstMatch(RULES, point));

function tabulate(kernel: Kernel): readonly number[] {
  return tableOf(
    kernel,
    kernel.fold(RULES.map(({ masks, label }) => kernel.paint(kernel.box(boxOf(masks)), label))),
    UNIVERSE,
  );
}

describe.each(KERNELS)('the budget of kernel %s', (kind, makeKernel) => {
  test('with any number of nodes the answer is right or there is none', () => {
    const needed = (() => {
      const kernel = makeKernel(SPACE);
      tabulate(kernel);
      return kernel.size();
    })();
    expect(needed).toBeGreaterThan(100);
    let spent = 0;
    for (let nodesMax = 0; nodesMax <= needed + 1; nodesMax += 1) {
      const kernel = makeKernel(SPACE, { nodesMax });
      try {
        expect(tabulate(kernel)).toEqual(EXPECTED);
      } catch (thrown) {
        if (!(thrown instanceof BudgetSpent)) throw thrown;
        spent += 1;
        expect(thrown.reason).toBe(`the diagram budget of ${nodesMax} nodes is spent`);
        // What was made before the budget was spent is still whole, and constants are free.
        expect(kernel.at(kernel.not(kernel.all), [0, 0, 0])).toBe(0);
      }
      expect(kernel.size()).toBeLessThanOrEqual(nodesMax + 8);
    }
    expect(spent).toBeGreaterThanOrEqual(needed - 8);
  });

  test('no time is no answer, and the reason says so', () => {
    const kernel = makeKernel(SPACE, { timeMsMax: 0 });
    expect(() => tabulate(kernel)).toThrow(new BudgetSpent('the time budget of 0 ms is spent'));
  });

  test('what was made before still combines rightly after the budget is spent', () => {
    const kernel = makeKernel(SPACE, { nodesMax: 40 });
    const a = kernel.box(boxOf([0b0001111, 0b1111111, 0b1111111]));
    const b = kernel.box(boxOf([0b0111100, 0b1111111, 0b1111111]));
    expect(() => tabulate(kernel)).toThrow(BudgetSpent);
    expect(kernel.isSubset(a, b)).toBe(false);
    expect(kernel.count(a)).toBe(4n * 49n);
    expect(kernel.box(boxOf([0b0001111, 0b1111111, 0b1111111]))).toBe(a);
  });

  test('createKernel makes this kind when asked to', () => {
    expect(createKernel(SPACE, { kind }).kind).toBe(kind);
  });
});

describe('choosing a kernel', () => {
  test('few overlapping rules are for intervals, very many for bits', () => {
    expect([0, 10, 1_000_000].map((overlap) => createKernel(SPACE, { overlap }).kind)).toEqual([
      'intervals',
      'intervals',
      'bits',
    ]);
    expect(createKernel(SPACE).kind).toBe('intervals');
  });

  test('the other kernel takes over when the first spends its budget', () => {
    const tried: string[] = [];
    const result = withKernels(SPACE, 10, {}, (kernel) => {
      tried.push(kernel.kind);
      if (tried.length === 1) throw new BudgetSpent('spent for the test');
      return tabulate(kernel);
    });
    expect(tried).toEqual(['intervals', 'bits']);
    expect(result).toEqual({ ok: true, value: EXPECTED });
  });

  test('when both spend it there is a reason and no value', () => {
    const result = withKernels(SPACE, 1_000_000, { nodesMax: 20 }, tabulate);
    expect(result).toEqual({
      ok: false,
      error: 'bits: the diagram budget of 20 nodes is spent; intervals: the diagram budget of 20 nodes is spent',
    });
  });

  test('our own faults are not mistaken for a spent budget', () => {
    const fault = () => withKernels(SPACE, 0, {}, (kernel) => kernel.constant(-1));
    expect(fault).toThrow(InternalFault);
  });
});
