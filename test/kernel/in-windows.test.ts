import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { openGuard, realParts } from '../../agent/app/guard/index.js';
import { loadSettings } from '../../agent/config/index.js';
import { drivers } from '../../agent/drivers/registry.js';
import { fakeLog, must } from '../app/fakes.js';
import { rules } from '../support/services.js';
import { systemTest, tempDir, waitFor, withNamespaces } from '../support/system.js';

const LONG = { timeoutMs: 60_000, intervalMs: 100 };

const FILTER = `table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    iifname lo accept
  }
}
`;

systemTest(
  ['root', 'netns', 'ip', 'nft', 'ss', 'tun'],
  'a tunnel for windows alone that is up before anybody looked is told, noted in its window, and stands in the way of its close',
  () =>
    withNamespaces(['srv'], async ({ srv }) => {
      await srv.must(['nft', '-f', '-'], { input: FILTER });
      await srv.must(['ip', 'tuntap', 'add', 'tun7', 'mode', 'tun']);
      await srv.must(['ip', 'link', 'set', 'tun7', 'up']);
      const folder = tempDir();
      const file = join(folder, 'config.yaml');
      const device = `devices:\n  - {id: srv, kind: host, source: {netns: ${srv.name}}}\n`;
      writeFileSync(file, `site: hospital\nstate: ./state\npoll: 2s\ngrace: 0m\nbaseline: ./baseline.yaml\n${device}`);
      const access = 'access:\n  - {fact: tunnel interface tun*, only: in-windows, vendor: Imagerie du Nord}\n';
      writeFileSync(join(folder, 'baseline.yaml'), `version: 1\n${access}`);
      const settings = must(loadSettings(file, { drivers: drivers.map(({ id }) => id) }));
      const guard = must(await openGuard(settings, { parts: realParts, rules: rules(), log: fakeLog([]) }));
      try {
        const told: string[] = [];
        const running = guard.run({ onEvents: (events) => told.push(...events.map(({ code }) => code)) });
        await running.firstReadings;
        await waitFor(() => told.includes('ACCESS_OUT_OF_WINDOW'), { ...LONG, what: 'the tunnel to be told' });
        const now = Date.now();
        const [start, end] = [now, now + 3_600_000].map((at) => new Date(at).toISOString()) as [string, string];
        const plan = { id: 'W1', vendor: 'Imagerie du Nord', devices: ['srv'], start, end, scope: [] };
        must(await guard.openWindow('W1', plan));
        await waitFor(() => told.includes('IN_WINDOW_CHANGE'), { ...LONG, what: 'the tunnel to be noted' });
        expect(must(await guard.closeWindow('W1'))).toMatchObject({ state: 'refused', openings: [{ device: 'srv' }] });
        await srv.must(['ip', 'link', 'set', 'tun7', 'down']);
        expect(must(await guard.closeWindow('W1'))).toMatchObject({ state: 'closed', openings: [] });
      } finally {
        await guard.close();
      }
    }),
  120_000,
);
