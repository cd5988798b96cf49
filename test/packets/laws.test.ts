import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Diagram, Kernel } from '../../agent/packets/index.js';
import { boxOf, firstMatch, inBox, KERNELS, RUNS, type Scenario, scenarios, spaceFor, tableOf } from './universe.js';

/** Three sets and two functions made from the rules of a scenario, in every kernel the same way. */
function material(kernel: Kernel, { rules }: Scenario) {
  const sets = rules.map(({ masks }) => kernel.box(boxOf(masks)));
  const union = (wanted: (index: number) => boolean): Diagram =>
    sets.filter((_, index) => wanted(index)).reduce((all, set) => kernel.or(all, set), kernel.none);
  const painted = sets.map((set, index) => kernel.paint(set, rules[index]!.label));
  const half = Math.ceil(painted.length / 2);
  return {
    sets,
    painted,
    a: union((index) => index % 3 !== 0),
    b: union((index) => index % 3 !== 1),
    c: union((index) => index % 3 !== 2),
    f: kernel.fold(painted.slice(0, half)),
    g: kernel.fold(painted.slice(half)),
    h: kernel.fold(painted),
  };
}

describe.each(KERNELS)('the laws of kernel %s', (_, makeKernel) => {
  function holds(law: (kernel: Kernel, scenario: Scenario) => void): void {
    fc.assert(
      fc.property(scenarios, (scenario) => law(makeKernel(spaceFor(scenario.universe, scenario.rules)), scenario)),
      RUNS,
    );
  }

  test('a box holds the points of its product, and test is a box of one field', () => {
    holds((kernel, { universe, rules }) => {
      for (const { masks } of rules) {
        const box = kernel.box(boxOf(masks));
        expect(tableOf(kernel, box, universe)).toEqual(universe.points.map((point) => (inBox(masks, point) ? 1 : 0)));
        const tests = boxOf(masks).map((values, field) => kernel.test(field, values!));
        expect(tests.reduce((all, one) => kernel.and(all, one), kernel.all)).toBe(box);
      }
    });
  });

  test('sets are a Boolean algebra, and equal sets are equal numbers', () => {
    holds((kernel, scenario) => {
      const { a, b, c } = material(kernel, scenario);
      const { and, or, not, minus, none, all } = kernel;
      expect([and(a, b), or(a, b)]).toEqual([and(b, a), or(b, a)]);
      expect([and(a, and(b, c)), or(a, or(b, c))]).toEqual([and(and(a, b), c), or(or(a, b), c)]);
      expect([and(a, or(b, c)), or(a, and(b, c))]).toEqual([or(and(a, b), and(a, c)), and(or(a, b), or(a, c))]);
      expect([and(a, or(a, b)), or(a, and(a, b))]).toEqual([a, a]);
      expect([and(a, not(a)), or(a, not(a)), not(not(a))]).toEqual([none, all, a]);
      expect([and(a, all), or(a, none), and(a, none), or(a, all)]).toEqual([a, a, none, all]);
      expect([not(and(a, b)), not(or(a, b))]).toEqual([or(not(a), not(b)), and(not(a), not(b))]);
      expect(minus(a, b)).toBe(and(a, not(b)));
      expect(kernel.isSubset(a, b)).toBe(minus(a, b) === none);
      expect([kernel.isSubset(and(a, b), a), kernel.isSubset(a, or(a, b))]).toEqual([true, true]);
      expect(kernel.isEmpty(a)).toBe(a === none);
    });
  });

  test('sets combine point by point', () => {
    holds((kernel, scenario) => {
      const { a, b } = material(kernel, scenario);
      const [inA, inB] = [a, b].map((set) => tableOf(kernel, set, scenario.universe)) as [number[], number[]];
      const table = (set: Diagram) => tableOf(kernel, set, scenario.universe);
      expect(table(kernel.and(a, b))).toEqual(inA.map((bit, i) => bit & inB[i]!));
      expect(table(kernel.or(a, b))).toEqual(inA.map((bit, i) => bit | inB[i]!));
      expect(table(kernel.minus(a, b))).toEqual(inA.map((bit, i) => bit & ~inB[i]!));
      expect(table(kernel.not(a))).toEqual(inA.map((bit) => 1 - bit));
    });
  });

  test('override is associative and means first match', () => {
    holds((kernel, scenario) => {
      const { painted, f, g, h } = material(kernel, scenario);
      const { override } = kernel;
      expect(override(override(f, g), h)).toBe(override(f, override(g, h)));
      expect([override(f, f), override(f, kernel.none), override(kernel.none, f)]).toEqual([f, f, f]);
      expect([override(f, g), kernel.fold([])]).toEqual([h, kernel.none]);
      const { universe, rules } = scenario;
      expect(tableOf(kernel, h, universe)).toEqual(universe.points.map((point) => firstMatch(rules, point)));
      expect(painted.reduce((list, rule) => override(list, rule), kernel.none)).toBe(h);
      expect(painted.reduceRight((list, rule) => override(rule, list), kernel.none)).toBe(h);
    });
  });

  test('many boxes are united as if one by one, with a label as if painted with it', () => {
    holds((kernel, { universe, rules }) => {
      const boxes = rules.map(({ masks }) => boxOf(masks));
      const each = boxes.map((box) => kernel.box(box));
      const set = each.reduce((all, one) => kernel.or(all, one), kernel.none);
      expect(kernel.unite(boxes)).toBe(set);
      expect(kernel.unite([...boxes].reverse(), 7)).toBe(kernel.paint(set, 7));
      expect(boxes.map((box) => kernel.box(box, 7))).toEqual(each.map((box) => kernel.paint(box, 7)));
      expect([kernel.unite([]), kernel.unite([[]]), kernel.unite(boxes, 0)]).toEqual([kernel.none, kernel.all, 0]);
      const open = boxes.map((box) => box.map((values, field) => (field % 2 === 0 ? undefined : values)));
      expect(tableOf(kernel, kernel.unite(open, 2), universe)).toEqual(
        universe.points.map((point) =>
          rules.some(({ masks }) => masks.every((mask, field) => field % 2 === 0 || (mask >>> point[field]!) & 1))
            ? 2
            : 0,
        ),
      );
    });
  });

  test('minus leaves the labels of what stays', () => {
    holds((kernel, scenario) => {
      const { a, h } = material(kernel, scenario);
      expect(kernel.minus(h, a)).toBe(kernel.keep(h, kernel.not(a)));
    });
  });

  test('what is forgotten is worked out again, to the same numbers', () => {
    holds((kernel, scenario) => {
      const { a, b, h } = material(kernel, scenario);
      const answers = () => [kernel.and(a, b), kernel.minus(a, b), kernel.keep(h, a), kernel.size()];
      const before = answers();
      kernel.forget();
      expect(answers()).toEqual(before);
    });
  });

  test('keep restricts a function to a region', () => {
    holds((kernel, scenario) => {
      const { a, b, h } = material(kernel, scenario);
      const labels = tableOf(kernel, h, scenario.universe);
      const region = tableOf(kernel, a, scenario.universe);
      const kept = kernel.keep(h, a);
      expect(tableOf(kernel, kept, scenario.universe)).toEqual(labels.map((label, i) => label * region[i]!));
      expect(kernel.override(kept, kernel.keep(h, kernel.not(a)))).toBe(h);
      expect(kernel.keep(a, b)).toBe(kernel.and(a, b));
      expect([kernel.keep(h, kernel.all), kernel.keep(h, kernel.none)]).toEqual([h, kernel.none]);
    });
  });

  test('paint, map and where rename labels', () => {
    holds((kernel, scenario) => {
      const { a, h } = material(kernel, scenario);
      const table = (diagram: Diagram) => tableOf(kernel, diagram, scenario.universe);
      expect(table(kernel.paint(a, 7))).toEqual(table(a).map((bit) => 7 * bit));
      expect([kernel.paint(a, 1), kernel.paint(a, 0)]).toEqual([a, kernel.none]);
      const asked: number[] = [];
      const renamed = kernel.map(h, (label) => {
        asked.push(label);
        return (label * 3 + 1) % 5;
      });
      expect(table(renamed)).toEqual(table(h).map((label) => (label * 3 + 1) % 5));
      expect(asked.sort()).toEqual(kernel.labels(h));
      expect(table(kernel.where(h, (label) => label % 2 === 0))).toEqual(table(h).map((label) => 1 - (label % 2)));
    });
  });

  test('pair joins two functions point by point, asking once for each pair of labels', () => {
    holds((kernel, scenario) => {
      const { f, g } = material(kernel, scenario);
      const asked: string[] = [];
      const both = kernel.pair(f, g, (a, b) => {
        asked.push(`${a} ${b}`);
        return 10 * a + b;
      });
      const [inF, inG] = [f, g].map((x) => tableOf(kernel, x, scenario.universe)) as [number[], number[]];
      const expected = inF.map((label, i) => 10 * label + inG[i]!);
      expect(tableOf(kernel, both, scenario.universe)).toEqual(expected);
      expect(asked.sort()).toEqual([...new Set(inF.map((label, i) => `${label} ${inG[i]}`))].sort());
      // Another question about the same two functions is not answered from the memory of the first.
      const agree = kernel.pair(f, g, (a, b) => (a === b ? 1 : 0));
      expect(tableOf(kernel, agree, scenario.universe)).toEqual(inF.map((label, i) => (label === inG[i] ? 1 : 0)));
    });
  });

  test('bind puts a function in the place of each label, asking once for each label', () => {
    holds((kernel, scenario) => {
      const { a, b, f, g, h } = material(kernel, scenario);
      const nexts = [kernel.all, g, kernel.constant(9), f, kernel.paint(kernel.and(a, b), 6)];
      const asked: number[] = [];
      const bound = kernel.bind(h, (label) => {
        asked.push(label);
        return nexts[label]!;
      });
      const tables = nexts.map((next) => tableOf(kernel, next, scenario.universe));
      const labels = tableOf(kernel, h, scenario.universe);
      const expected = labels.map((label, i) => (label === 0 ? 0 : tables[label]![i]!));
      expect(tableOf(kernel, bound, scenario.universe)).toEqual(expected);
      expect(asked.sort()).toEqual(kernel.labels(h).filter((label) => label !== 0));
    });
  });

  test('exists and forall forget a field', () => {
    holds((kernel, scenario) => {
      const { a } = material(kernel, scenario);
      const { points, fields } = scenario.universe;
      const bits = tableOf(kernel, a, scenario.universe);
      fields.forEach((_field, forgotten) => {
        const rest = points.map((point) => point.filter((_value, field) => field !== forgotten).join());
        const some = new Set(rest.filter((_key, i) => bits[i] === 1));
        const missing = new Set(rest.filter((_key, i) => bits[i] === 0));
        expect(tableOf(kernel, kernel.exists(a, forgotten), scenario.universe)).toEqual(
          rest.map((key) => (some.has(key) ? 1 : 0)),
        );
        expect(tableOf(kernel, kernel.forall(a, forgotten), scenario.universe)).toEqual(
          rest.map((key) => (missing.has(key) ? 0 : 1)),
        );
        expect(kernel.forall(a, forgotten)).toBe(kernel.not(kernel.exists(kernel.not(a), forgotten)));
        expect(kernel.fields(a).has(forgotten)).toBe(kernel.exists(a, forgotten) !== kernel.forall(a, forgotten));
        const behind = fields.map((_, field) => field).slice(forgotten);
        expect(kernel.existsFrom(a, forgotten)).toBe(behind.reduce(kernel.exists, a));
        expect(kernel.forallFrom(a, forgotten)).toBe(behind.reduce(kernel.forall, a));
      });
    });
  });
});
