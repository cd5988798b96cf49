import { describe, expect, test } from '@jest/globals';
import { createHeap } from '../../agent/packets/heap.js';
import { intervalNodes } from '../../agent/packets/interval-nodes.js';
import { createMeter } from '../../agent/packets/meter.js';
import { signatures } from '../../agent/packets/signatures.js';
import { createMemo, UNKNOWN } from '../../agent/packets/table.js';

/** The numbers 0 … count-1 spread over all 32 bits, without a repetition (the factor is odd). */
function spread(count: number, factor: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => Math.imul(i + 1, factor));
}

describe('the tables under the kernels', () => {
  test('the memo may forget, but what it recalls is what was remembered', () => {
    const memo = createMemo();
    const left = spread(60_000, 0x9e3779b1);
    const right = spread(60_000, 0x85ebca6b);
    left.forEach((a, i) => {
      memo.remember(1 + (i % 3), a, right[i]!, i);
    });
    let recalled = 0;
    const wrong: unknown[] = [];
    left.forEach((a, i) => {
      const result = memo.recall(1 + (i % 3), a, right[i]!);
      if (result === i) recalled += 1;
      else if (result !== UNKNOWN) wrong.push([i, result]);
      // The same operands under another operation, or exchanged, are another question.
      if (memo.recall(1 + ((i + 1) % 3), a, right[i]!) !== UNKNOWN) wrong.push([i, 'another operation']);
      if (memo.recall(1 + (i % 3), right[i]!, a) !== UNKNOWN) wrong.push([i, 'exchanged']);
    });
    expect(wrong).toEqual([]);
    expect(recalled).toBeGreaterThan(20_000);
    memo.clear();
    expect(left.some((a, i) => memo.recall(1 + (i % 3), a, right[i]!) !== UNKNOWN)).toBe(false);
    memo.remember(1, 2, 3, 4);
    expect(memo.recall(1, 2, 3)).toBe(4);
  });

  test('nodes whose hashes collide stay apart', () => {
    // Among 240,000 nodes about seven pairs share a 32-bit hash: a table that trusts hashes merges them.
    const nodes = intervalNodes(4, createMeter({}));
    const make = (x: number, y: number): number => {
      const base = nodes.open();
      nodes.push(base, x, 0);
      nodes.push(base, y, 1);
      nodes.push(base, 1_000_000, 0);
      return nodes.close(base, 2);
    };
    const made = new Set<number>();
    let pairs = 0;
    let again = 0;
    for (let x = 0; x < 692; x += 1) {
      for (let y = x + 1; y <= 692; y += 1) {
        const node = make(x * 1021, y * 1021);
        made.add(node);
        pairs += 1;
        if (make(x * 1021, y * 1021) === node) again += 1;
      }
    }
    expect([made.size, again]).toEqual([pairs, pairs]);
  });

  test.each([1, 2, 3, 8, 100, 5000])('signatures of %i sets are equal exactly when the subsets are', (count) => {
    const sweep = signatures(count);
    const members = new Set<number>();
    const known = new Map<string, number>();
    const seen = new Map<number, string>();
    let signature = sweep.empty;
    for (let n = 0; n < 400; n += 1) {
      const member = (n * n * 7 + (n >> 2)) % Math.min(count, 9);
      if (!members.delete(member)) members.add(member);
      signature = sweep.toggle(signature, member);
      const text = [...members].sort((a, b) => a - b).join();
      expect(known.get(text) ?? signature).toBe(signature);
      expect(seen.get(signature) ?? text).toBe(text);
      known.set(text, signature);
      seen.set(signature, text);
    }
    expect(known.get('') ?? sweep.empty).toBe(sweep.empty);
  });

  test('signatures stay apart when thousands of sets are open at once', () => {
    const sweep = signatures(3000);
    const path = [sweep.empty];
    for (let member = 0; member < 3000; member += 1) path.push(sweep.toggle(path[member]!, member));
    expect(new Set(path).size).toBe(3001);
    let back = path[3000]!;
    for (let member = 2999; member >= 0; member -= 1) {
      back = sweep.toggle(back, member);
      expect(back).toBe(path[member]);
    }
  });

  test('the heap gives the largest rank first and equal ranks in order of arrival', () => {
    const heap = createHeap<{ readonly rank: number; readonly turn: number }>((item) => item.rank);
    const items = spread(500, 0x27d4eb2f).map((value, turn) => ({ rank: (value >>> 0) % 40, turn }));
    for (const item of items) heap.push(item);
    const popped = items.map(() => heap.pop());
    expect(popped).toEqual([...items].sort((a, b) => b.rank - a.rank || a.turn - b.turn));
    expect([heap.pop(), heap.size()]).toEqual([undefined, 0]);
  });
});
