import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Bound, contains } from '../../agent/lib/intervals.js';
import {
  compareLists,
  listLookup,
  overlapIndex,
  type RuleList,
  ruleList,
  rulePool,
  type ToldRule,
  tellRules,
} from '../../agent/packets/index.js';
import { firstMatch, type MaskRule, maskIntervals, RUNS, type Scenario, scenarios } from './universe.js';

/** A list after some of its rules were taken out, put in, moved or exchanged. */
interface Case extends Scenario {
  readonly after: readonly MaskRule[];
  readonly order: readonly number[];
}

const cases: fc.Arbitrary<Case> = fc.tuple(scenarios, scenarios).chain(([{ universe, rules }, other]) =>
  fc
    .record({
      kept: fc.array(fc.nat(rules.length - 1), { maxLength: rules.length }),
      strangers: fc.array(fc.tuple(fc.nat(8), fc.nat(other.rules.length - 1)), { maxLength: 3 }),
      keys: fc.array(fc.nat(), { minLength: universe.fields.length, maxLength: universe.fields.length }),
    })
    .map(({ kept, strangers, keys }): Case => {
      const after =
        [...new Set(kept)].length > rules.length / 2 ? [...new Set(kept)].map((at) => rules[at]!) : [...rules];
      for (const [at, number] of strangers) {
        const { masks, label } = other.rules[number]!;
        const fitted = universe.fields.map(({ last }, field) => (masks[field] ?? 1) & (2 ** (Number(last) + 1) - 1));
        after.splice(at, 0, { masks: fitted, label });
      }
      const order = universe.fields.map((_, field) => field).sort((a, b) => keys[a]! - keys[b]! || a - b);
      return { universe, rules, after, order };
    }),
);

const isEmptyRule = ({ masks }: MaskRule): boolean => masks.some((mask) => mask === 0);

function listsOf({ universe, rules, after }: Case): readonly [RuleList, RuleList] {
  const pool = rulePool(universe.fields);
  const listOf = (own: readonly MaskRule[]): RuleList =>
    ruleList(
      pool,
      Int32Array.from(
        // A set of values is never empty: a rule that holds nothing is not in a list.
        own.filter((rule) => !isEmptyRule(rule)),
        ({ masks, label }) =>
          pool.rule(
            masks.map((mask, field) => pool.set(field, maskIntervals(mask))),
            label,
          ),
      ),
    );
  return [listOf(rules), listOf(after)];
}

const join = (before: number, after: number): number => 1 + before * 8 + after;

describe.each([
  ['walked', {}],
  ['with what is wide folded', { stepsMax: 3 }],
  ['folded', { stepsMax: 0 }],
  ['walked as wholes', { wholeShare: 0 }],
  ['folded as wholes', { wholeShare: 0, stepsMax: 0 }],
])('two lists, %s', (_, options) => {
  test('differ where first match says so, each packet in one part', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const [before, after] = listsOf(one);
        const { parts, complete } = compareLists(before, after, {
          join,
          order: one.order,
          ...options,
        });
        expect(complete).toBe(true);
        for (const point of one.universe.points) {
          const [a, b] = [firstMatch(one.rules, point), firstMatch(one.after, point)];
          const told = parts
            .map(({ kernel, order, differs }) => {
              return kernel.at(
                differs,
                order.map((field) => point[field]!),
              );
            })
            .filter((label) => label !== 0);
          expect(told).toEqual(a === b ? [] : [join(a, b)]);
        }
      }),
      RUNS,
    );
  });
});

test.each([
  ['tried', { triesMax: 60 }],
  ['searched for', { triesMax: 0 }],
])('rule by rule: a witness that is %s differs, and where none is told there is none', (_, options) => {
  fc.assert(
    fc.property(cases, (one) => {
      const [before, after] = listsOf(one);
      const { told, verdicts } = tellRules(before, after, options);
      const differing = one.universe.points.filter((point) => {
        const wanted = { before: firstMatch(one.rules, point), after: firstMatch(one.after, point) };
        expect(verdicts(point)).toEqual(wanted);
        return wanted.before !== wanted.after;
      });
      const within = (point: readonly number[], { box }: ToldRule): boolean =>
        box.every((values, field) => values === undefined || contains<Bound>(values, point[field]!));
      for (const rule of told) {
        expect(rule.decided).toBe(true);
        if (rule.witness) {
          const { point, ...labels } = rule.witness;
          expect(within(point as readonly number[], rule)).toBe(true);
          expect(labels.before).not.toBe(labels.after);
          expect(verdicts(point)).toEqual(labels);
        } else expect(differing.some((point) => within(point, rule))).toBe(false);
      }
      // Nothing that differs lies outside of what is told.
      for (const point of differing) expect(told.some((rule) => within(point, rule))).toBe(true);
    }),
    RUNS,
  );
});

test('the exceptions of a rule are the rules before it that hold a part of its box', () => {
  fc.assert(
    fc.property(cases, (one) => {
      const [before, after] = listsOf(one);
      for (const { change, except } of tellRules(before, after, { triesMax: 0 }).told) {
        const own = (change.side === 'before' ? one.rules : one.after).filter((rule) => !isEmptyRule(rule));
        const meets = (at: number): boolean =>
          own[at]!.masks.every((mask, field) => mask & own[change.at]!.masks[field]!);
        const all = own.map((__, at) => at).filter((at) => at < change.at && meets(at));
        // Behind one that holds all of the box no other matters.
        const cover = all.findIndex((at) =>
          own[at]!.masks.every(
            (mask, field) => (mask & own[change.at]!.masks[field]!) === own[change.at]!.masks[field]!,
          ),
        );
        if (cover < 0) expect(except).toEqual(all);
        else expect(all).toEqual(expect.arrayContaining([...except]));
      }
    }),
    RUNS,
  );
});

test.each([
  ['one by one', {}],
  ['as wholes', { wholeShare: 0 }],
])('a budget that is spent is told, and nothing is listed: %s', (_, options) => {
  const fields = [
    { name: 'x', last: 65535 },
    { name: 'y', last: 65535 },
  ];
  const pool = rulePool(fields);
  const rule = (x: number, y: number, label: number): number =>
    pool.rule([pool.set(0, [x, x + 900]), pool.set(1, [y, y + 700])], label);
  const many = Array.from({ length: 300 }, (_, at) => rule((at * 977) % 60000, (at * 3571) % 60000, 1 + (at % 2)));
  const any = pool.rule([pool.set(0, [0, 65535]), pool.set(1, [0, 65535])], 2);
  const before = ruleList(pool, Int32Array.from(many));
  const after = ruleList(pool, Int32Array.from([...many.slice(0, 150), any, ...many.slice(150)]));
  const { parts, complete } = compareLists(before, after, { join, stepsMax: 10, nodesMax: 50, ...options });
  expect(complete).toBe(false);
  expect(parts).toMatchObject([{ complete: false, differs: 0, reason: 'the diagram budget of 50 nodes is spent' }]);
});

test('two lists of the same rules have no changed rule', () => {
  const pool = rulePool([{ name: 'x', last: 2n ** 128n - 1n }]);
  const rules = [1n, 2n, 3n].map((value) => pool.rule([pool.set(0, [value, value])], 1));
  const list = (): RuleList => ruleList(pool, Int32Array.from(rules));
  expect(compareLists(list(), list(), { join })).toMatchObject({ parts: [], complete: true });
});

test('equal sets and rules have equal numbers, also of IPv6 addresses that a double rounds to the same', () => {
  const pool = rulePool([
    { name: 'wide', last: 2n ** 128n - 1n },
    { name: 'port', last: 65535 },
  ]);
  const near = 2n ** 127n;
  expect(pool.set(0, [near, near])).toBe(pool.set(0, [near, near]));
  expect(pool.set(0, [near, near])).not.toBe(pool.set(0, [near + 1n, near + 1n]));
  expect(pool.low(0, pool.set(0, [near, near]))).toBe(pool.low(0, pool.set(0, [near + 1n, near + 1n])));
  const sets = [pool.set(0, [near, near]), pool.set(1, [22, 22, 80, 443])];
  expect(pool.rule(sets, 1)).toBe(pool.rule(sets, 1));
  expect(pool.rule(sets, 2)).not.toBe(pool.rule(sets, 1));
  expect(pool.values(1, sets[1]!)).toEqual([22, 22, 80, 443]);
});

test.each([1, 100])('an index of boxes, asked %d times, misses none that meets and answers in order', (looks) => {
  const box = fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { minLength: 2, maxLength: 2 });
  fc.assert(
    fc.property(fc.array(box, { maxLength: 80 }), box, (boxes, wanted) => {
      const low = (one: (typeof boxes)[number], field: number): number => Math.min(...one[field]!);
      const high = (one: (typeof boxes)[number], field: number): number => Math.max(...one[field]!);
      const index = overlapIndex(
        boxes.length,
        [0, 1].map((field) => ({
          last: 40,
          low: (at) => low(boxes[at]!, field),
          high: (at) => high(boxes[at]!, field),
        })),
      );
      let told: number[] = [];
      // At first each box is looked at; then there are rows of bits.
      for (let again = 0; again < looks; again += 1) {
        told = [];
        index.visit([low(wanted, 0), low(wanted, 1)], [high(wanted, 0), high(wanted, 1)], (at) => {
          told.push(at);
          return false;
        });
      }
      expect(told).toEqual([...told].sort((a, b) => a - b));
      boxes.forEach((one, at) => {
        const meets = [0, 1].every(
          (field) => low(one, field) <= high(wanted, field) && low(wanted, field) <= high(one, field),
        );
        if (meets) expect(told).toContain(at);
      });
      const packet = [low(wanted, 0), low(wanted, 1)];
      const first = boxes.findIndex((one) =>
        packet.every((value, field) => low(one, field) <= value && value <= high(one, field)),
      );
      const holds = (at: number): boolean =>
        packet.every((value, field) => low(boxes[at]!, field) <= value && value <= high(boxes[at]!, field));
      expect(index.find(packet, holds)).toBe(first);
    }),
    RUNS,
  );
});

test('the order in which thousands of rules are folded changes nothing of the answer', () => {
  const fields = ['x', 'y', 'z'].map((name) => ({ name, last: 4095 }));
  const pool = rulePool(fields);
  let state = 20160216;
  const below = (end: number): number => {
    state = (state * 48271) % 2147483647;
    return state % end;
  };
  const rule = (): number => {
    const sets = fields.map(({ last }, field) => {
      const first = below(last + 1);
      return pool.set(field, field === below(3) ? [0, last] : [first, Math.min(last, first + below(40))]);
    });
    return pool.rule(sets, 1 + below(2));
  };
  const lists = [0, 1].map(() => ruleList(pool, Int32Array.from({ length: 1500 }, rule)));
  const [before, after] = [lists[0]!, lists[1]!];
  const lookups = [listLookup(before), listLookup(after)];
  const ways = [{}, { wholeShare: 0 }, { wholeShare: 0, stepsMax: 0 }].map((options) =>
    compareLists(before, after, { join, ...options }),
  );
  for (let packet = 0; packet < 3000; packet += 1) {
    const point = fields.map(({ last }) => below(last + 1));
    const [a, b] = lookups.map((lookup, at) => {
      const place = lookup(point);
      return place < 0 ? 0 : pool.labelOf(lists[at]!.rules[place]!);
    });
    for (const { parts } of ways) {
      const told = parts.map(({ kernel, order, differs }) => {
        const turned = order.map((field) => point[field]!);
        return kernel.at(differs, turned);
      });
      expect(told.filter((label) => label !== 0)).toEqual(a === b ? [] : [join(a!, b!)]);
    }
  }
  expect(ways[2]!.parts[0]!.kernel.kind).toBe('bits');
});
