import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Guard } from '../../agent/app/guard/contract.js';
import { guardClient, serveOnSocket } from '../../agent/http/index.js';
import { fakeWorld, must, startGuard } from '../app/fakes.js';
import { START } from '../support/guard.js';
import { tempDir } from '../support/index.js';

const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString();

/** Every question that changes nothing. */
const looks: Readonly<Record<string, (guard: Guard) => Promise<unknown>>> = {
  status: (guard) => guard.status(),
  snapshots: (guard) => guard.snapshots({ device: 'fw', limit: 5 }),
  drift: (guard) => guard.drift([]),
  windows: (guard) => guard.windows({ all: true }),
  window: (guard) => guard.window('W1'),
  nowhere: (guard) => guard.window('W9'),
  findings: (guard) => guard.findings({ all: true }),
  alarms: (guard) => guard.alarms({ limit: 100 }),
  late: (guard) => guard.alarms({ since: 'soon' }),
  baseline: (guard) => guard.baseline(['fw']),
  baselineDiff: (guard) => guard.baselineDiff(['fw']),
};

test('what the guard itself answers crosses the socket unchanged, through a whole intervention', async () => {
  const world = fakeWorld(['fw', 'web']);
  const { guard, settled, until } = await startGuard(world);
  const path = join(tempDir(), 'ecluse.sock');
  const served = must(await serveOnSocket(guard, path));
  const client = guardClient(path);
  const same = async (): Promise<void> => {
    for (const [name, look] of Object.entries(looks)) {
      // What Node turns into JSON and back: a field that is undefined is none.
      const direct = JSON.parse(JSON.stringify(await look(guard)));
      expect({ [name]: await look(client) }).toEqual({ [name]: direct });
    }
  };

  await same();
  const plan = { vendor: 'Integrator', devices: ['fw', 'web'], start: at(0), end: at(60) };
  const keep = { owner: 'RSSI', review: '2016-03-01' };
  const opened = must(
    await client.openWindow('W1', { ...plan, ticket: '7', scope: [{ dst: 'web', ports: '443', keep }] }),
  );
  expect(opened.before.map(({ device, fresh }) => [device, fresh])).toEqual([
    ['fw', true],
    ['web', true],
  ]);
  await same();

  world.devices.fw!.open = [{ id: 'left', ports: '80' }];
  world.devices.web!.blind = ['ss: permission denied'];
  world.devices.fw!.wake();
  await settled();
  await until(20);
  await same();

  must(await client.extendWindow('W1', { until: at(90), by: 'RSSI', reason: 'parts late' }));
  const refused = must(await client.closeWindow('W1'));
  expect(refused).toMatchObject({ state: 'refused', attested: false, openings: [{ id: 'left' }] });
  const findings = must(await client.findings({ all: false })).findings;
  const left = findings.find(({ device, summary }) => device === 'fw' && summary.includes('80'))!;
  must(await client.acknowledge(left.key, 'garde'));
  const waived = must(
    await client.waive({ finding: left.key, until: at(200), owner: 'RSSI', reason: 'replaced tomorrow' }),
  );
  expect(waived).toMatchObject({ acknowledgedBy: 'garde', waivedUntil: at(200) });
  await same();

  must(await client.acceptBaseline({ device: 'fw', by: 'RSSI', second: 'DSI' }));
  must(
    await client.cancelWindow(must(await client.planWindow({ ...plan, start: at(300), end: at(360), scope: [] })).id),
  );
  await same();
  await served.close();
  await guard.close();
});
