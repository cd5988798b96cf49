import type { FindingEvent } from '../judge/types.js';
import { type Clock, systemClock } from '../lib/clock.js';
import type { SinkState } from './deliver.js';
import type { Outbox } from './outbox.js';
import type { Sink } from './sink.js';

/**
 * What Écluse says of its own sinks, through the others: that one does not take its records, and that its queue is
 * nearly full. The queue is bounded here; what gives way stays on record.
 */
export interface SinkWatch {
  /** To be told of every state that delivery reports. */
  onState(state: SinkState): void;
  /** To be called when something was queued. */
  look(): void;
  /** Since when a sink fails, as it was told last. */
  failingSince(sink: string): number | undefined;
}

export interface SinkWatchOptions {
  readonly outbox: Outbox;
  readonly sinks: readonly Pick<Sink, 'id' | 'takes' | 'waits'>[];
  readonly clock?: Clock;
  /** The last event that was told under a key, by this guard or the one before it. */
  readonly lastTold: (key: string) => FindingEvent | undefined;
  /** A receiver that is restarted is no alarm. */
  readonly graceMs?: number;
  /** How many records may wait for one sink; about 3 KB each on disk. */
  readonly waitingMax?: number;
  readonly onTold?: (event: FindingEvent) => void;
  readonly onShed?: (sink: string, records: number) => void;
}

const GRACE_MS = 120_000;
const WAITING_MAX = 50_000;
/** Said to be filling from here on, and no more once it is back at half. */
const FILLING = 0.8;
const EASED = 0.5;

interface Own {
  readonly key: string;
  readonly sink: string;
  readonly code: 'SINK_FAILING' | 'OUTBOX_FILLING';
  readonly severityBecause: string;
  /** Told through the sink itself as well: some of those whom it names are reached by it. */
  readonly isPartial?: true;
}

export function watchSinks(options: SinkWatchOptions): SinkWatch {
  const { outbox, sinks, clock = systemClock, lastTold, graceMs = GRACE_MS, waitingMax = WAITING_MAX } = options;
  /** What is told and not resolved, by key. */
  const open = new Map<string, FindingEvent>();
  const failing = (sink: string): Own => ({
    key: `sink/${sink}`,
    sink,
    code: 'SINK_FAILING',
    severityBecause: 'high: alarms do not reach whom they are for',
  });
  const leavingOut = (sink: string): Own => ({
    key: `sink/${sink}/recipients`,
    sink,
    code: 'SINK_FAILING',
    severityBecause: 'high: alarms do not reach everybody whom they are for',
    isPartial: true,
  });
  const filling = (sink: string): Own => ({
    key: `sink/${sink}/queue`,
    sink,
    code: 'OUTBOX_FILLING',
    severityBecause: 'high: records will give way',
  });
  for (const { id } of sinks) {
    for (const { key } of [failing(id), leavingOut(id), filling(id)]) {
      const last = lastTold(key);
      if (last && last.kind !== 'resolve') open.set(key, last);
    }
  }

  const tell = (own: Own, event: FindingEvent): void => {
    const able = sinks.filter(({ id, takes }) => (own.isPartial || id !== own.sink) && takes.includes('alert'));
    // Who waits until nobody else acts is told where there is nobody else.
    const first = able.filter(({ waits }) => !waits);
    const others = first.length > 0 ? first : able;
    outbox.enqueue(
      [event],
      others.map(({ id }) => id),
      clock.now(),
    );
    options.onTold?.(event);
  };
  const raise = (own: Own, since: number, details: readonly string[]): void => {
    if (open.has(own.key)) return;
    const at = clock.now();
    const event: FindingEvent = {
      id: `${own.key}#${since}.1`,
      kind: 'raise',
      at,
      code: own.code,
      severity: 'high',
      finding: {
        key: own.key,
        generation: since,
        code: own.code,
        severity: 'high',
        severityBecause: own.severityBecause,
        subjectId: own.sink,
        windows: [],
        firstSeen: since,
        lastSeen: at,
        count: 1,
        remindersSent: 0,
        sequence: 1,
        details,
      },
      row: true,
    };
    open.set(own.key, event);
    tell(own, event);
  };
  const resolve = (own: Own): void => {
    const raised = open.get(own.key);
    if (!raised) return;
    open.delete(own.key);
    const at = clock.now();
    tell(own, {
      ...raised,
      id: `${own.key}#${raised.finding.generation}.2`,
      kind: 'resolve',
      at,
      code: 'RESOLVED',
      severity: 'info',
      finding: { ...raised.finding, sequence: 2, lastSeen: at, resolvedAt: at },
    });
  };

  return {
    onState({ sink, failingSince, lastError, isPartial }) {
      if (failingSince === undefined || isPartial) resolve(failing(sink));
      if (failingSince === undefined) return resolve(leavingOut(sink));
      const why = `sink ${sink}: ${lastError ?? 'no answer'}`;
      // The next record may be days away, and whoever is left out hears nothing meanwhile.
      if (isPartial) return raise(leavingOut(sink), failingSince, [why, 'its other recipients get what it sends']);
      if (clock.now() - failingSince < graceMs) return;
      raise(failing(sink), failingSince, [why, `${outbox.waiting(sink)} records wait for it, none is lost`]);
    },
    look() {
      for (const { id } of sinks) {
        const waiting = outbox.waiting(id);
        if (waiting > waitingMax) {
          const shed = outbox.shed(id, waitingMax);
          if (shed > 0) options.onShed?.(id, shed);
        }
        if (waiting >= waitingMax * FILLING)
          raise(filling(id), clock.now(), [`sink ${id}: ${waiting} of ${waitingMax} records wait for it`]);
        else if (waiting < waitingMax * EASED) resolve(filling(id));
      }
    },
    failingSince: (sink) => (open.get(failing(sink).key) ?? open.get(leavingOut(sink).key))?.finding.firstSeen,
  };
}
