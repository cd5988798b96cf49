import { describe, expect } from '@jest/globals';
import { alarmRecord, startDelivery } from '../../agent/alarms/index.js';
import { memoryStore } from '../../agent/store/index.js';
import { anEvent } from '../store/samples.js';
import { param } from '../support/rsyslog.js';
import { systemTest, tempDir, waitFor } from '../support/system.js';
import { prepare, ways } from './transports.js';

const SLOW_MS = 60_000;

describe('a real rsyslog', () => {
  for (const way of ways) {
    systemTest(
      way.needs,
      `receives every event in order, also across its own restarts, over ${way.name}`,
      async () => {
        const { server, sink } = await prepare(way, tempDir());
        const { outbox } = memoryStore();
        const tricky = 'Règle « PACS » oubliée ] "ouverte" \\ 門\r\n<13>1 - - forged';
        const told = Array.from({ length: 30 }, (_, index) => anEvent(`f${index}`, 1, `${tricky} ${index}`));
        const faults: unknown[] = [];
        const delivery = startDelivery({
          outbox,
          sinks: [sink],
          record: (event) => alarmRecord(event, { site: 'CH Nord' }),
          retryMs: { first: 50, longest: 200 },
          onFault: (fault) => faults.push(fault),
        });
        const raise = (from: number, to: number): void => {
          outbox.enqueue(told.slice(from, to), ['siem'], Date.now());
          delivery.wake();
        };
        const empty = (): Promise<boolean> =>
          waitFor(() => outbox.list({ undelivered: true }).length === 0, { timeoutMs: 40_000, what: 'an empty queue' });
        try {
          await server.start();
          raise(0, 10);
          await empty();
          await waitFor(() => server.lines().length >= 10, { timeoutMs: 30_000, what: 'ten lines' });
          await server.stop();
          raise(10, 20);
          await waitFor(() => delivery.states()[0]!.failingSince !== undefined, {
            timeoutMs: 30_000,
            what: 'a failure',
          });
          await server.start();
          await empty();
          raise(20, 30);
          await empty();
          await waitFor(() => server.lines().length >= 30, { timeoutMs: 30_000, what: 'all lines' });
        } finally {
          await delivery.stop();
          await server.stop();
        }
        expect(faults).toEqual([]);
        const lines = server.lines();
        // What was under way when the receiver stopped may come twice, with one id; never not at all.
        expect([...new Set(lines.map((line) => param(line, 'id')))]).toEqual(told.map(({ id }) => id));
        expect(lines[7]!.data).toContain('Règle « PACS » oubliée \\] \\"ouverte\\"');
        expect(lines.every(({ app, msgid }) => app === 'ecluse' && msgid === 'LEFT_OPEN')).toBe(true);
      },
      SLOW_MS,
    );
  }
});
