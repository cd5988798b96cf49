import { alarmRecord, jsonlSink, routeTo, type Sink, startDelivery, syslogSink } from '../alarms/index.js';
import { systemClock } from '../lib/clock.js';
import { openLog } from '../lib/log.js';
import type { Result } from '../lib/result.js';
import { openStore, type Store } from '../store/index.js';

export interface TellOptions {
  /** Receiver of RFC 5424 over TCP. */
  readonly syslog?: { readonly host: string; readonly port: number };
  /** File that gets one JSON line a record. */
  readonly jsonl?: string;
}

/** A store whose findings are told to sinks; `settled` is true once every record has arrived. */
export interface ToldStore {
  readonly store: Store;
  /** Delivers until nothing is queued or the time is up, then closes the sinks and the store. */
  finish(waitMsMax: number): Promise<{ readonly undelivered: number }>;
}

export function openToldStore(path: string, options: TellOptions): Result<ToldStore> {
  const sinks: Sink[] = [
    ...(options.syslog ? [syslogSink({ id: 'syslog', ...options.syslog })] : []),
    ...(options.jsonl === undefined ? [] : [jsonlSink({ id: 'jsonl', to: options.jsonl })]),
  ];
  const opened = openStore({ path, route: routeTo(sinks) });
  if (!opened.ok) return opened;
  const store = opened.value;
  return {
    ok: true,
    value: {
      store,
      async finish(waitMsMax) {
        const log = openLog({ level: 'warn' });
        const delivery = startDelivery({
          outbox: store.outbox,
          sinks,
          clock: systemClock,
          record: (event) => alarmRecord(event),
          onState: (state) => {
            if (state.lastError !== undefined) log.warn('a sink does not take records', { ...state });
          },
          onFault: (error) => log.error('the outbox cannot be read', { error: String(error) }),
        });
        const undelivered = (): number => store.outbox.waiting();
        const endsAt = systemClock.now() + waitMsMax;
        delivery.wake();
        while (undelivered() > 0 && systemClock.now() < endsAt) await new Promise((done) => setTimeout(done, 50));
        const left = undelivered();
        await delivery.stop();
        store.close();
        await log.closeLog();
        return { undelivered: left };
      },
    },
  };
}
