import { alarmRecord, routeTo, startDelivery, syslogSink } from '../../agent/alarms/index.js';
import { openStore } from '../../agent/store/index.js';
import { emptyState } from '../store/samples.js';
import { aLife } from './life.js';

/**
 * A guard reduced to what tells: records alarms one after the other and tells them over RELP, until it has told all of
 * them, and then with `stays` until it is killed; started again it goes on where the store ends. Started by deaths.ts.
 */
const [path, port, alarms, ending] = process.argv.slice(2) as [string, string, string, string];
const sink = syslogSink({ id: 'siem', host: '127.0.0.1', port: Number(port), transport: 'relp' });
const store = openStore({ path, route: routeTo([sink]) });
if (!store.ok) throw new Error(store.error.message);
const { judge, outbox, close } = store.value;
const delivery = startDelivery({
  outbox,
  sinks: [sink],
  record: (event) => alarmRecord(event),
  attemptTimeoutMs: 1_000,
  retryMs: { first: 20, longest: 200 },
  idleMs: 50,
});
process.stdout.write('up\n');
const events = aLife(Number(alarms));
for (const event of events.slice(outbox.list({}).length)) {
  judge.commit({ previous: emptyState, next: emptyState, events: [event], at: Date.now() });
  delivery.wake();
  await new Promise((resolve) => setTimeout(resolve, 4));
}
while (ending === 'stays' || outbox.list({ undelivered: true, limit: 1 }).length > 0)
  await new Promise((resolve) => setTimeout(resolve, 20));
await delivery.stop();
close();
