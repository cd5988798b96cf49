import { describe, expect, test } from '@jest/globals';
import { fakeWorld, must, startGuard } from './fakes.js';

function held(): { readonly comparing: Promise<void>; release(): void } {
  let release = (): void => {};
  const comparing = new Promise<void>((resolve) => {
    release = resolve;
  });
  return { comparing, release: () => release() };
}

const ssh = { id: 'ssh', ports: '22' } as const;
const rdp = { id: 'rdp', ports: '3389' } as const;

describe('a comparison that takes long', () => {
  test('holds up no other device, and is judged when it is done', async () => {
    const world = fakeWorld(['fw', 'pacs']);
    const { guard, rows, settled } = await startGuard(world);
    const { comparing, release } = held();
    const { fw, pacs } = world.devices;
    fw!.comparing = comparing;
    fw!.open = [ssh];
    fw!.wake();
    await settled();
    pacs!.open = [rdp];
    pacs!.wake();
    await settled();
    expect(rows().map((row) => row.split(' ').at(-1))).toEqual(['rdp']);
    fw!.comparing = undefined;
    release();
    await settled();
    expect(rows().map((row) => row.split(' ').at(-1))).toEqual(['rdp', 'ssh']);
    await guard.close();
  });

  test('is done again where another snapshot was approved meanwhile', async () => {
    const world = fakeWorld();
    const { guard, rows, settled } = await startGuard(world);
    const { comparing, release } = held();
    const { fw } = world.devices;
    fw!.comparing = comparing;
    fw!.open = [ssh];
    fw!.wake();
    await settled();
    const [newest] = must(await guard.snapshots({ device: 'fw' }));
    const accepted = guard.acceptBaseline({ device: 'fw', snapshot: newest!.id, by: 'the network team' });
    await settled();
    fw!.comparing = undefined;
    release();
    must(await accepted);
    await settled();
    // What is declared is told as that; compared with the snapshot before, it would be an opening that nobody planned.
    expect(rows()).toEqual(['0 BASELINE_EXPOSURE ssh']);
    await guard.close();
  });

  test('is not judged where the guard stops before it is done', async () => {
    const world = fakeWorld();
    const { guard, events, settled } = await startGuard(world);
    const { comparing, release } = held();
    const { fw } = world.devices;
    fw!.comparing = comparing;
    fw!.open = [ssh];
    fw!.wake();
    await settled();
    const closed = guard.close();
    release();
    await closed;
    expect(events).toEqual([]);
  });
});
