import { describe, expect, test } from '@jest/globals';
import { contains, type Intervals } from '../../agent/lib/intervals.js';
import {
  type Box,
  bitsKernel,
  type Field,
  intervalsKernel,
  type Kernel,
  type Space,
  spaceBuilder,
} from '../../agent/packets/index.js';
import { KERNELS } from './universe.js';

const FIELDS: readonly Field[] = [
  { name: 'in', last: 255 },
  { name: 'out', last: 255 },
  { name: 'src', last: 2 ** 32 - 1 },
  { name: 'dst', last: 2 ** 32 - 1 },
  { name: 'proto', last: 255 },
  { name: 'sport', last: 65535 },
  { name: 'dport', last: 65535 },
];

const INSIDE = 10 * 2 ** 24;

/** A repeatable source of whole numbers below `end` (xorshift; quality does not matter here). */
function numbers(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % end;
  };
}

function one(value: number): Intervals {
  return [value, value];
}

/** Rules as people write them: some fields left open, addresses as nested prefixes inside 10/8, well-known ports. */
function firewallRules(count: number, next: (end: number) => number): readonly Box[] {
  const prefix = (): Intervals => {
    const size = 2 ** (32 - [12, 16, 24, 24, 32, 32][next(6)]!);
    const first = INSIDE + Math.floor(next(2 ** 24) / size) * size;
    return [first, first + size - 1];
  };
  const ports = [22, 53, 80, 104, 443, 3389];
  return Array.from({ length: count }, () => [
    next(4) ? one(next(12)) : undefined,
    next(4) ? one(next(12)) : undefined,
    next(5) ? prefix() : undefined,
    next(5) ? prefix() : undefined,
    next(5) ? one([6, 17][next(2)]!) : undefined,
    next(12) ? undefined : [1024, 65535],
    next(5) ? one(ports[next(ports.length)]!) : undefined,
  ]);
}

/** Rules of a zone firewall: each speaks of one pair of zones and of hosts inside them. */
function zoneRules(count: number, next: (end: number) => number): readonly Box[] {
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i % 16, Math.floor(i / 16) % 16];
    const host = (zone: number) => one(INSIDE + zone * 65536 + next(2000));
    return [one(from), one(to), host(from), host(to), one(6), undefined, one(next(1024))];
  });
}

function spaceOf(rules: readonly Box[]): Space {
  const builder = spaceBuilder(FIELDS);
  for (const box of rules) {
    box.forEach((values, field) => {
      if (values) builder.declare(field, values);
    });
  }
  return builder.build();
}

/** Even rules permit (1), odd ones deny (2). */
function folded(kernel: Kernel, rules: readonly Box[]) {
  return kernel.fold(rules.map((box, i) => kernel.paint(kernel.box(box), 1 + (i % 2))));
}

function firstMatch(rules: readonly Box[], point: readonly number[]): number {
  const at = rules.findIndex((box) => box.every((values, f) => !values || contains(values as Intervals, point[f]!)));
  return at < 0 ? 0 : 1 + (at % 2);
}

describe('rule lists of a firewall', () => {
  test.each(KERNELS)('kernel %s folds 600 rules to the verdicts of first match', (_, makeKernel) => {
    const next = numbers(1602);
    const rules = firewallRules(600, next);
    const kernel = makeKernel(spaceOf(rules));
    const list = folded(kernel, rules);
    const met = [0, 0, 0];
    for (let n = 0; n < 4000; n += 1) {
      // A packet aimed at some rule: a uniformly random one would nearly always miss them all.
      const aim = rules[next(rules.length)]!;
      const point = FIELDS.map(({ last }, field) => {
        const [first, end] = (next(20) ? aim[field] : undefined) ?? [0, last];
        return Number(first) + next(Number(end) - Number(first) + 1);
      });
      const label = kernel.at(list, point);
      expect(label).toBe(firstMatch(rules, point));
      met[label]! += 1;
    }
    expect(Math.min(met[1]!, met[2]!)).toBeGreaterThan(500);
  });

  test('both kernels find the same difference between two lists, to the last packet and box', () => {
    const next = numbers(2016);
    const before = firewallRules(250, next);
    const after = [...before.slice(0, 80), ...firewallRules(2, next), ...before.slice(82)];
    const space = spaceOf([...before, ...after]);
    const [first, second] = [intervalsKernel(space), bitsKernel(space)].map((kernel) => {
      const [was, is] = [before, after].map((rules) => kernel.where(folded(kernel, rules), (label) => label === 1));
      const opened = kernel.minus(is!, was!);
      return {
        counts: [was!, is!, opened].map(kernel.count),
        boxes: kernel.boxes(opened, 200),
        hull: kernel.hull(opened),
        witness: kernel.pick(opened, [[3], [4], [INSIDE + 77], undefined, [6], undefined, [443]]),
      };
    });
    expect(first).toEqual(second);
    expect(first!.counts[2]).toBeGreaterThan(0n);
  });

  test.each(KERNELS)(
    'a zone firewall costs kernel %s about as much a rule when it is four times as long',
    (_, makeKernel) => {
      const nodesARule = [1000, 4000].map((count) => {
        const rules = zoneRules(count, numbers(60));
        const kernel = makeKernel(spaceOf(rules));
        folded(kernel, rules);
        return kernel.size() / count;
      });
      expect(nodesARule[1]!).toBeLessThan(2 * nodesARule[0]!);
    },
  );
});
