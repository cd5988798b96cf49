import { describe, expect, test } from '@jest/globals';
import { fakeWorld, must, startGuard } from './fakes.js';

const ssh = { id: 'ssh', ports: '22' } as const;
const rdp = { id: 'rdp', ports: '3389' } as const;

/** A guard in which the comparison of what was just opened on `fw` takes until it is released. */
async function comparing(names: readonly string[] = ['fw']) {
  const world = fakeWorld(names);
  const started = await startGuard(world);
  const { fw } = world.devices;
  let end = (): void => {};
  fw!.comparing = new Promise<void>((resolve) => {
    end = resolve;
  });
  fw!.open = [ssh];
  fw!.wake();
  await started.settled();
  const release = async (): Promise<void> => {
    fw!.comparing = undefined;
    end();
    await started.settled();
  };
  return { ...started, world, release, last: () => started.rows().map((row) => row.split(' ').at(-1)) };
}

describe('a comparison that takes long', () => {
  test('holds up no other device, and is judged when it is done', async () => {
    const { guard, world, last, release, settled } = await comparing(['fw', 'pacs']);
    const { pacs } = world.devices;
    pacs!.open = [rdp];
    pacs!.wake();
    await settled();
    expect(last()).toEqual(['rdp']);
    await release();
    expect(last()).toEqual(['rdp', 'ssh']);
    await guard.close();
  });

  test('is done again where another snapshot was approved meanwhile', async () => {
    const { guard, rows, release, settled } = await comparing();
    const [newest] = must(await guard.snapshots({ device: 'fw' }));
    const accepted = guard.acceptBaseline({ device: 'fw', snapshot: newest!.id, by: 'the network team' });
    await settled();
    await release();
    must(await accepted);
    await settled();
    // What is declared is told as that; compared with the snapshot before, it would be an opening that nobody planned.
    expect(rows()).toEqual(['0 BASELINE_EXPOSURE ssh']);
    await guard.close();
  });

  test('is not judged where the guard stops before it is done', async () => {
    const { guard, events, release } = await comparing();
    const closed = guard.close();
    await release();
    await closed;
    expect(events).toEqual([]);
  });
});
