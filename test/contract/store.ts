import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Outbox, OutboxRecord } from '../../agent/alarms/outbox.js';
import type { JudgeState, JudgeStore } from '../../agent/judge/findings.js';
import type { FindingEvent } from '../../agent/judge/types.js';
import { memoryStore } from '../../agent/store/index.js';
import { anEvent, aState, emptyState } from '../store/samples.js';

export interface Stored {
  readonly judge: JudgeStore;
  readonly outbox: Outbox;
  close(): void;
}

export interface StoreUnderTest {
  readonly name: string;
  open(route: (event: FindingEvent) => readonly string[]): Stored;
  /** Closes what was opened and opens it again, as a restart does; absent where nothing is kept. */
  reopen?(stored: Stored, route: (event: FindingEvent) => readonly string[]): Stored;
}

const both = (): readonly string[] => ['file', 'siem'];

function commit({ judge }: Stored, next: JudgeState, events: readonly FindingEvent[], at = next.judgedUpTo): void {
  judge.commit({ previous: judge.load(), next, events, at });
}

function ids(records: readonly { readonly event: FindingEvent }[]): readonly string[] {
  return records.map(({ event }) => event.id);
}

/** A sequence number says the order and names the record; it may leave some out. */
function numbered(records: readonly OutboxRecord[]): readonly OutboxRecord[] {
  return records.map((record, index) => {
    if (index > 0) expect(record.sequence).toBeGreaterThan(records[index - 1]!.sequence);
    return { ...record, sequence: index };
  });
}

/** What every implementation of JudgeStore and Outbox does, whatever it is made of. */
export function storeContract(subject: StoreUnderTest): void {
  describe(`${subject.name} keeps the store's contract`, () => {
    let store: Stored;
    beforeEach(() => {
      store = subject.open(both);
    });
    afterEach(() => store.close());

    const restart = (): void => {
      if (subject.reopen) store = subject.reopen(store, both);
    };

    test('a new store remembers nothing', () => {
      expect(store.judge.load()).toEqual(emptyState);
      expect(store.outbox.list({})).toEqual([]);
    });

    test('what was committed is loaded, in the same order, also after a restart', () => {
      const state = aState({ subjects: 7, findings: 3, at: 1_000 });
      commit(store, state, [anEvent('f1', 1)]);
      expect(store.judge.load()).toEqual(state);
      restart();
      expect(store.judge.load()).toEqual(state);
      expect(ids(store.outbox.list({ sink: 'siem' }))).toEqual(['f1#1.1']);
    });

    test('records give way in a queue that is too long: reminders, answers, then what a newer event of the alarm says', () => {
      const kind = (one: FindingEvent, kind: FindingEvent['kind']): FindingEvent => ({ ...one, kind });
      const told = [
        anEvent('a', 1),
        kind(anEvent('b', 1), 'answer'),
        kind(anEvent('a', 2), 'remind'),
        anEvent('a', 3),
        kind(anEvent('a', 4), 'remind'),
        anEvent('c', 1),
      ];
      store.outbox.enqueue(told, both(), 5);
      expect(store.outbox.waiting('siem')).toBe(6);
      expect(store.outbox.shed('siem', 6)).toBe(0);
      expect(store.outbox.shed('siem', 5)).toBe(1);
      expect(ids(store.outbox.due('siem', 9, 10))).toEqual(['a#1.1', 'b#1.1', 'a#1.3', 'a#1.4', 'c#1.1']);
      expect(store.outbox.shed('siem', 3)).toBe(2);
      expect(ids(store.outbox.due('siem', 9, 10))).toEqual(['a#1.1', 'a#1.3', 'c#1.1']);
      expect(store.outbox.shed('siem', 0)).toBe(1);
      expect(ids(store.outbox.due('siem', 9, 10))).toEqual(['a#1.3', 'c#1.1']);
      expect(store.outbox.waiting('siem')).toBe(2);
      // The other queue is another receiver's, and one that was told is no matter of space.
      expect(store.outbox.waiting('file')).toBe(6);
      store.outbox.delivered(store.outbox.due('siem', 9, 1)[0]!.sequence, 7);
      expect(store.outbox.waiting('siem')).toBe(1);
      restart();
      expect(ids(store.outbox.list({ sink: 'siem', undelivered: true }))).toEqual(['c#1.1']);
    });

    test('what was forgotten leaves its highest generation', () => {
      const state = { ...aState({ findings: 3, at: 1_000 }), generationsForgotten: 7 };
      commit(store, state, []);
      restart();
      expect(store.judge.load()).toEqual(state);
      commit(store, { ...state, findings: state.findings.slice(1), generationsForgotten: 8 }, []);
      restart();
      expect(store.judge.load()).toEqual({ ...state, findings: state.findings.slice(1), generationsForgotten: 8 });
    });

    test('an event is queued once for each sink, and is what it was when it was told first', () => {
      const event = anEvent('f1', 1);
      commit(store, emptyState, [event, event]);
      commit(store, emptyState, [{ ...event, severity: 'info' }]);
      store.outbox.enqueue([{ ...event, code: 'OTHER' }], ['siem', 'mail'], 5);
      const records = store.outbox.list({});
      expect(records.map(({ sink }) => sink)).toEqual(['file', 'siem', 'mail']);
      for (const record of records) expect(record.event).toEqual(event);
    });

    test('each sink has its own queue, in order', () => {
      commit(store, emptyState, [anEvent('a', 1), anEvent('b', 1)]);
      commit(store, emptyState, [anEvent('a', 2)]);
      expect(ids(store.outbox.due('siem', 9_999, 10))).toEqual(['a#1.1', 'b#1.1', 'a#1.2']);
      expect(ids(store.outbox.due('siem', 9_999, 2))).toEqual(['a#1.1', 'b#1.1']);
      store.outbox.delivered(store.outbox.due('siem', 9_999, 1)[0]!.sequence, 7);
      expect(ids(store.outbox.due('siem', 9_999, 10))).toEqual(['b#1.1', 'a#1.2']);
      expect(ids(store.outbox.due('file', 9_999, 10))).toEqual(['a#1.1', 'b#1.1', 'a#1.2']);
      expect(store.outbox.due('nobody', 9_999, 10)).toEqual([]);
    });

    test('what waits behind a failed record waits with it; the failure is on record', () => {
      commit(store, emptyState, [anEvent('a', 1), anEvent('b', 1)]);
      const [first] = store.outbox.due('siem', 0, 1);
      store.outbox.failed(first!.sequence, 500, 'connection refused');
      restart();
      expect(store.outbox.due('siem', 499, 10)).toEqual([]);
      const due = store.outbox.due('siem', 500, 10);
      expect(ids(due)).toEqual(['a#1.1', 'b#1.1']);
      expect(due[0]).toMatchObject({ attempts: 1, nextAttemptAt: 500, lastError: 'connection refused' });
    });

    test('who still waits for an event, and how many records wait at all', () => {
      commit(store, emptyState, [anEvent('a', 1), anEvent('b', 1)]);
      expect(store.outbox.waitedFor('a#1.1')).toEqual(['file', 'siem']);
      store.outbox.delivered(store.outbox.due('file', 0, 1)[0]!.sequence, 7);
      restart();
      expect(store.outbox.waitedFor('a#1.1')).toEqual(['siem']);
      expect(store.outbox.waitedFor('nobody')).toEqual([]);
      expect([store.outbox.waiting(), store.outbox.waiting('file'), store.outbox.waiting('siem')]).toEqual([3, 1, 2]);
    });

    test('a delivered record stays delivered', () => {
      commit(store, emptyState, [anEvent('a', 1)]);
      const [record] = store.outbox.due('siem', 0, 1);
      store.outbox.delivered(record!.sequence, 40);
      store.outbox.failed(record!.sequence, 900, 'too late');
      store.outbox.delivered(record!.sequence, 80);
      restart();
      expect(store.outbox.due('siem', 9_999, 10)).toEqual([]);
      expect(store.outbox.list({ sink: 'siem', undelivered: true })).toEqual([]);
      expect(store.outbox.list({ sink: 'siem' })).toMatchObject([{ deliveredAt: 40, attempts: 1 }]);
      expect(store.outbox.list({ limit: 1 })).toHaveLength(1);
    });

    test('terminal escapes, NUL, lone surrogates and 128-bit numbers come back unharmed', () => {
      const odd = 'nul\u0000 esc\u001b[31m bell\u0007 é漢🚪 half\ud83d "quote" \\u0000 \r\n';
      const event = anEvent(odd, 1, odd);
      const state: JudgeState = {
        ...aState({ subjects: 2, findings: 1, at: 3, text: odd }),
        devices: [{ device: odd, missedReadings: 1, blindReasons: [odd] }],
      };
      commit(store, state, [event]);
      store.outbox.enqueue([event], [odd], 0);
      store.outbox.failed(store.outbox.due(odd, 0, 1)[0]!.sequence, 0, odd);
      restart();
      expect(store.judge.load()).toEqual(state);
      expect(store.outbox.due(odd, 0, 9)).toMatchObject([{ sink: odd, event, lastError: odd }]);
    });

    test('two items under one key are both kept', () => {
      const { present } = aState({ subjects: 1, findings: 0, at: 1 });
      const state: JudgeState = { ...emptyState, present: [present[0]!, { ...present[0]!, lastSeen: 9 }] };
      commit(store, state, []);
      commit(store, { ...state, judgedUpTo: 2 }, []);
      restart();
      expect(store.judge.load()).toEqual({ ...state, judgedUpTo: 2 });
    });

    test('any sequence of steps is remembered as the model remembers it (seed 20264)', () => {
      const names = ['a', 'b', 'c', 'd', 'e'];
      const step = fc.oneof(
        fc.record({
          kind: fc.constant('commit' as const),
          present: fc.shuffledSubarray(names),
          findings: fc.shuffledSubarray(names),
          seen: fc.nat(3),
          events: fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(3)), { maxLength: 3 }),
        }),
        fc.record({ kind: fc.constantFrom('delivered' as const, 'failed' as const), nth: fc.nat(6), at: fc.nat(20) }),
        fc.constant({ kind: 'restart' as const }),
      );
      fc.assert(
        fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
          store.close();
          store = subject.open(both);
          const model = memoryStore(both);
          steps.forEach((action, at) => {
            if (action.kind === 'restart') restart();
            else if (action.kind === 'commit') {
              const next: JudgeState = {
                ...aState({ names: action.present, findingNames: action.findings, at: action.seen }),
                judgedUpTo: at,
              };
              const events = action.events.map(([name, number]) => anEvent(name, number));
              for (const { judge } of [store, model]) judge.commit({ previous: judge.load(), next, events, at });
            } else {
              for (const { outbox } of [store, model]) {
                const record = outbox.list({ undelivered: true })[action.nth];
                if (!record) continue;
                if (action.kind === 'delivered') outbox.delivered(record.sequence, at);
                else outbox.failed(record.sequence, action.at, 'no');
              }
            }
            expect(store.judge.load()).toEqual(model.judge.load());
            for (const sink of both()) {
              expect(numbered(store.outbox.due(sink, 10, 3))).toEqual(numbered(model.outbox.due(sink, 10, 3)));
            }
            expect(numbered(store.outbox.list({}))).toEqual(numbered(model.outbox.list({})));
            expect(store.outbox.waiting()).toBe(model.outbox.list({ undelivered: true }).length);
            for (const { event } of model.outbox.list({})) {
              expect(store.outbox.waitedFor(event.id)).toEqual(model.outbox.waitedFor(event.id));
            }
          });
        }),
        { seed: 20264, numRuns: 60 },
      );
    });
  });
}
