import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Bound, contains, fromRanges, type Intervals, predecessor, successor } from '../../agent/lib/intervals.js';
import {
  type Box,
  bitsKernel,
  type Diagram,
  type Field,
  intervalsKernel,
  type Kernel,
  type Point,
  spaceBuilder,
} from '../../agent/packets/index.js';
import { KERNELS } from './universe.js';

/** Fields of real width: zones, IPv6 and IPv4 addresses, a port. */
const FIELDS: readonly Field[] = [
  { name: 'in', last: 15 },
  { name: 'src', last: 2n ** 128n - 1n },
  { name: 'dst', last: 2 ** 32 - 1 },
  { name: 'dport', last: 65535 },
];

const EDGES: readonly (readonly Bound[])[] = [
  [0, 1, 7, 15],
  [0n, 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n, 2n ** 64n, 2n ** 127n, 2n ** 128n - 1n],
  [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1],
  [0, 22, 443, 1023, 65535],
];

interface WideRule {
  readonly box: Box;
  readonly label: number;
}

const rules: fc.Arbitrary<readonly WideRule[]> = fc.array(
  fc.record({
    box: fc.tuple(
      ...EDGES.map((edges) =>
        fc.option(
          fc.array(rangeOf(edges), { minLength: 1, maxLength: 2 }).map((r) => fromRanges(r)),
          { nil: undefined },
        ),
      ),
    ),
    label: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 12 },
);

function rangeOf(edges: readonly Bound[]): fc.Arbitrary<[Bound, Bound]> {
  return fc
    .tuple(fc.nat(edges.length - 1), fc.nat(edges.length - 1))
    .map(([i, j]) => [edges[Math.min(i, j)]!, edges[Math.max(i, j)]!]);
}

function listIn(kernel: Kernel, list: readonly WideRule[]): Diagram {
  return kernel.fold(list.map(({ box, label }) => kernel.paint(kernel.box(box), label)));
}

function spaceOf(list: readonly WideRule[]) {
  const builder = spaceBuilder(FIELDS);
  for (const { box } of list) {
    box.forEach((values, field) => {
      if (values) builder.declare(field, values);
    });
  }
  return builder.build();
}

function verdict(list: readonly WideRule[], point: Point): number {
  const match = list.find(({ box }) => box.every((values, field) => !values || contains(values, point[field]!)));
  return match?.label ?? 0;
}

/** Every edge, and what lies beside it. */
function probes(field: number): readonly Bound[] {
  const { last } = FIELDS[field]!;
  const near = EDGES[field]!.flatMap((edge): Bound[] => [predecessor(edge), edge, successor(edge)]);
  return near.filter((value) => value >= 0 && value <= last);
}

describe('fields of real width', () => {
  test.each(KERNELS)('kernel %s gives the first match at and beside every edge', (_, makeKernel) => {
    const points = fc.tuple(...FIELDS.map((_field, field) => fc.constantFrom(...probes(field))));
    fc.assert(
      fc.property(rules, fc.array(points, { minLength: 50, maxLength: 50 }), (list, sample) => {
        const kernel = makeKernel(spaceOf(list));
        const diagram = listIn(kernel, list);
        for (const point of sample) expect(kernel.at(diagram, point)).toBe(verdict(list, point));
      }),
      { seed: 53, numRuns: 100 },
    );
  });

  test('both kernels give the same answers', () => {
    fc.assert(
      fc.property(rules, rules, (first, second) => {
        const space = spaceOf([...first, ...second]);
        const answers = [intervalsKernel(space), bitsKernel(space)].map((kernel) => {
          const [a, b] = [listIn(kernel, first), listIn(kernel, second)];
          const differ = kernel.where(
            kernel.pair(a, b, (x, y) => (x === y ? 0 : 1)),
            (label) => label === 1,
          );
          const permits = kernel.where(a, (label) => label === 1);
          const bound = kernel.bind(a, (label) => (label === 2 ? b : kernel.constant(label)));
          return {
            labels: [kernel.labels(a), kernel.labels(b), kernel.labels(bound)],
            counts: [differ, permits, kernel.not(permits), kernel.minus(permits, differ)].map(kernel.count),
            boxes: [kernel.boxes(differ, 1000), kernel.boxes(differ, 3), kernel.boxes(permits, 1000)],
            hulls: [kernel.hull(differ), kernel.hull(permits)],
            picks: [kernel.pick(differ), kernel.pick(permits, [[7], [2n ** 64n], undefined, [443, 22]])],
            forgotten: FIELDS.map((_, field) => [
              kernel.count(kernel.exists(permits, field)),
              kernel.count(kernel.forall(permits, field)),
            ]),
            subset: kernel.isSubset(differ, permits),
          };
        });
        expect(answers[0]).toEqual(answers[1]);
      }),
      { seed: 64, numRuns: 150 },
    );
  });

  test.each(KERNELS)('kernel %s counts 2^128 exactly and picks a preferred address itself', (_, makeKernel) => {
    const high: Intervals<bigint> = [2n ** 64n, 2n ** 128n - 1n];
    const list: WideRule[] = [{ box: [undefined, high, undefined, [443, 443]], label: 1 }];
    const kernel = makeKernel(spaceOf(list));
    const set = listIn(kernel, list);
    expect(kernel.count(set)).toBe(16n * (2n ** 128n - 2n ** 64n) * 2n ** 32n);
    expect(kernel.count(kernel.all)).toBe(16n * 2n ** 128n * 2n ** 32n * 65536n);
    expect(kernel.pick(set)).toEqual([0, 2n ** 64n, 0, 443]);
    const wished = 0x20010db8n << 96n;
    expect(kernel.pick(set, [[3], [5n, wished], [0xc0000201], [80, 22]])).toEqual([3, wished, 0xc0000201, 443]);
    expect(kernel.hull(set)).toEqual(list[0]!.box);
    expect(kernel.boxes(set, 5)).toEqual({ boxes: [list[0]!.box], complete: true });
  });
});
