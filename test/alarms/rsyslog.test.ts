import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { alarmRecord, routeTo, startDelivery, syslogSink } from '../../agent/alarms/index.js';
import { openStore } from '../../agent/store/index.js';
import { anEvent, emptyState } from '../store/samples.js';
import { freePort, param, rsyslog } from '../support/rsyslog.js';
import { systemTest, tempDir, waitFor } from '../support/system.js';

describe('a real rsyslog', () => {
  for (const framing of ['octet', 'lf'] as const) {
    systemTest(
      ['rsyslogd'],
      `receives every event in order, also across its own restarts (${framing} framing)`,
      async () => {
        const folder = tempDir();
        const server = rsyslog(folder, await freePort());
        const sink = syslogSink({
          id: 'siem',
          host: '127.0.0.1',
          port: server.port,
          framing,
          hostname: 'garde.example',
          enterprise: 32473,
        });
        const store = openStore({ path: join(folder, 'ecluse.db'), route: routeTo([sink]) });
        if (!store.ok) throw new Error(store.error.message);
        const { judge, outbox, close } = store.value;
        const tricky = 'Règle « PACS » oubliée ] "ouverte" \\ depuis 2 h 門\r\n<13>1 - - forged';
        const told = Array.from({ length: 40 }, (_, index) => anEvent(`f${index}`, 1, `${tricky} ${index}`));
        const delivery = startDelivery({
          outbox,
          sinks: [sink],
          record: (event) => alarmRecord(event, { site: 'CH Nord', timeZone: 'Europe/Paris' }),
          retryMs: { first: 50, longest: 200 },
        });
        const raise = (from: number, to: number): void => {
          judge.commit({ previous: emptyState, next: emptyState, events: told.slice(from, to), at: Date.now() });
          delivery.wake();
        };
        const empty = (): Promise<boolean> =>
          waitFor(() => outbox.list({ undelivered: true }).length === 0, { timeoutMs: 30_000, what: 'an empty queue' });
        try {
          await server.start();
          raise(0, 10);
          await empty();
          await server.stop();
          raise(10, 20);
          await waitFor(() => delivery.states()[0]!.failingSince !== undefined, { what: 'a failure' });
          await server.start();
          await empty();
          // Restarted while nothing is sent: the connection that is left over must not swallow the next event.
          await server.stop();
          await server.start();
          raise(20, 30);
          await empty();
          raise(30, 40);
          await empty();
          await waitFor(() => server.lines().length >= 40, { timeoutMs: 30_000, what: 'all lines' });
        } finally {
          await delivery.stop();
          close();
          await server.stop();
        }
        const lines = server.lines();
        expect(lines.map((line) => param(line, 'id'))).toEqual(told.map(({ id }) => id));
        lines.forEach((line, index) => {
          expect(line).toMatchObject({ pri: '162', host: 'garde.example', app: 'ecluse', msgid: 'LEFT_OPEN' });
          expect(line.time).toBe('1970-01-01T01:00:01.001+01:00');
          expect(line.data).toMatch(/^\[ecluse@32473 key="CH Nord\/fw1\/f\d+" /);
          const what = `internet → Règle « PACS » oubliée ] "ouverte" \\ depuis 2 h 門 <13>1 - - forged ${index} : tcp/104`;
          expect(param(line, 'what')).toBe(what);
          expect(line.msg.replace(/^[ \ufeff]*/, '')).toBe(
            `LEFT_OPEN critical fw1: ${what} (nft delete rule inet filter forward handle 9)`,
          );
        });
      },
      60_000,
    );
  }
});
