import { expect, test } from '@jest/globals';
import { turns } from '../../agent/collect/turns.js';

test('only so many work at once, in the order in which they came', async () => {
  const room = turns(2);
  const began: number[] = [];
  const done: (() => void)[] = [];
  const work = [0, 1, 2, 3, 4].map(async (number) => {
    const leave = await room.take();
    began.push(number);
    done.push(leave!);
  });
  await Promise.all(work.slice(0, 2));
  expect(began).toEqual([0, 1]);
  done[0]!();
  await work[2];
  expect(began).toEqual([0, 1, 2]);
  // A turn is given back once, however often that is said.
  done[0]!();
  done[0]!();
  await Promise.resolve();
  expect(began).toEqual([0, 1, 2]);
  done[1]!();
  done[2]!();
  await Promise.all(work);
  expect(began).toEqual([0, 1, 2, 3, 4]);
});

test('one who gives up leaves the queue, and nobody behind waits for him', async () => {
  const room = turns(1);
  const first = await room.take();
  const giveUp = new AbortController();
  const second = room.take(giveUp.signal);
  const third = room.take();
  giveUp.abort();
  expect(await second).toBeUndefined();
  expect(await room.take(giveUp.signal)).toBeUndefined();
  first!();
  const leave = await third;
  leave!();
  expect(await room.take()).toBeDefined();
});
