import { describe, expect, test } from '@jest/globals';
import { alarmRecord, watchSinks } from '../../agent/alarms/index.js';
import type { FindingEvent } from '../../agent/judge/types.js';
import { virtualClock } from '../../agent/lib/clock.js';
import { memoryStore } from '../../agent/store/index.js';
import { anEvent } from '../store/samples.js';

const START = 1_000_000;
const MINUTE = 60_000;
const sinks = [
  { id: 'siem', takes: ['alert'] },
  { id: 'mail', takes: ['alert', 'reminder'] },
  { id: 'pulse', takes: ['heartbeat'] },
] as const;

function setup(before: readonly FindingEvent[] = []) {
  const clock = virtualClock(START);
  const { outbox } = memoryStore();
  const told: FindingEvent[] = [...before];
  const shed: [string, number][] = [];
  const watch = watchSinks({
    outbox,
    sinks,
    clock,
    lastTold: (key) => told.findLast(({ finding }) => finding.key === key),
    waitingMax: 10,
    onTold: (event) => told.push(event),
    onShed: (sink, records) => shed.push([sink, records]),
  });
  const queued = (sink: string): readonly string[] =>
    outbox.list({ sink, undelivered: true }).map(({ event }) => event.id);
  return { clock, outbox, watch, told, shed, queued };
}

describe('a sink that fails', () => {
  test('is told through the others after two minutes, once, and again when it is back', () => {
    const { clock, watch, told, queued } = setup();
    const failing = { sink: 'siem', failingSince: START, lastError: 'siem:514: connection refused' };
    watch.onState(failing);
    expect(told).toEqual([]);
    clock.advanceTo(START + 2 * MINUTE);
    watch.onState(failing);
    watch.onState(failing);
    expect(queued('mail')).toEqual([`sink/siem#${START}.1`]);
    expect(queued('siem')).toEqual([]);
    expect(queued('pulse')).toEqual([]);
    expect(alarmRecord(told[0]!, { site: 'CHU' })).toMatchObject({
      key: 'CHU/sink/siem',
      stream: 'alert',
      code: 'SINK_FAILING',
      severity: 'high',
      details: 'sink siem: siem:514: connection refused; 0 records wait for it, none is lost',
    });
    clock.advanceTo(START + 5 * MINUTE);
    watch.onState({ sink: 'siem', lastDeliveredAt: clock.now() });
    expect(queued('mail')).toEqual([`sink/siem#${START}.1`, `sink/siem#${START}.2`]);
    expect(alarmRecord(told[1]!)).toMatchObject({ code: 'RESOLVED', kind: 'resolve', minutesOpen: 5 });
  });

  test('that leaves out some of its recipients is told at once, to the others of them too, and its end to the same', () => {
    const { watch, told, queued, clock } = setup();
    watch.onState({ sink: 'mail', failingSince: START, lastError: 'rssi@x: 550', isPartial: true });
    watch.onState({ sink: 'mail', failingSince: START, lastError: 'rssi@x: 550', isPartial: true });
    expect(queued('mail')).toEqual([`sink/mail/recipients#${START}.1`]);
    expect(queued('siem')).toEqual([`sink/mail/recipients#${START}.1`]);
    expect(alarmRecord(told[0]!).details).toBe('sink mail: rssi@x: 550; its other recipients get what it sends');
    expect(watch.failingSince('mail')).toBe(START);
    clock.advanceTo(START + MINUTE);
    watch.onState({ sink: 'mail', lastDeliveredAt: clock.now() });
    expect(queued('mail')).toEqual([1, 2].map((number) => `sink/mail/recipients#${START}.${number}`));
  });

  test('is told to a sink that waits for alarms nobody takes on, only where there is no other', () => {
    const { clock, outbox } = setup();
    const alert = { takes: ['alert'] as const };
    const tell = (sinks: Parameters<typeof watchSinks>[0]['sinks']): readonly string[] => {
      const watch = watchSinks({ outbox, sinks, clock, lastTold: () => undefined });
      watch.onState({ sink: 'siem', failingSince: START - 3 * MINUTE - sinks.length, lastError: 'refused' });
      return outbox.list({ undelivered: true }).map(({ sink }) => sink);
    };
    const duty = { id: 'duty', ...alert, waits: true };
    expect(tell([{ id: 'siem', ...alert }, duty, { id: 'mail', ...alert }])).toEqual(['mail']);
    expect(tell([{ id: 'siem', ...alert }, duty])).toEqual(['mail', 'duty']);
  });

  test('and failed before a restart is known to, and is resolved by the guard that follows', () => {
    const first = setup();
    first.clock.advanceTo(START + 3 * MINUTE);
    first.watch.onState({ sink: 'siem', failingSince: START, lastError: 'refused' });
    const second = setup(first.told);
    expect(second.watch.failingSince('siem')).toBe(START);
    expect(second.watch.failingSince('mail')).toBeUndefined();
    second.watch.onState({ sink: 'siem', lastDeliveredAt: START });
    expect(second.told.map(({ kind }) => kind)).toEqual(['raise', 'resolve']);
    expect(setup(second.told).watch.failingSince('siem')).toBeUndefined();
  });
});

describe('a queue that fills', () => {
  const raised = (count: number): readonly FindingEvent[] =>
    Array.from({ length: count }, (_, n) => anEvent(`f${n}`, 1));

  test('is told through the others before it is full, and again when it is half empty', () => {
    const { outbox, watch, queued, told } = setup();
    outbox.enqueue(raised(7), ['siem'], START);
    watch.look();
    expect(told).toEqual([]);
    outbox.enqueue(raised(8), ['siem'], START);
    watch.look();
    watch.look();
    expect(queued('mail')).toEqual([`sink/siem/queue#${START}.1`]);
    for (const { sequence } of outbox.list({ sink: 'siem' }).slice(0, 4)) outbox.delivered(sequence, START);
    watch.look();
    expect(told.map(({ code }) => code)).toEqual(['OUTBOX_FILLING', 'RESOLVED']);
  });

  test('is kept within its bound: reminders give way, then what newer events say better, never the newest', () => {
    const { outbox, watch, queued, shed } = setup();
    const reminder: FindingEvent = { ...anEvent('f0', 2), id: 'reminder', kind: 'remind' };
    outbox.enqueue([...raised(8), reminder, anEvent('f1', 2), anEvent('f1', 3)], ['siem'], START);
    watch.look();
    expect(shed).toEqual([['siem', 1]]);
    expect(queued('siem')).not.toContain('reminder');
    outbox.enqueue([anEvent('f9', 1), anEvent('f10', 1)], ['siem'], START);
    watch.look();
    expect(queued('siem')).not.toContain('f1#1.1');
    expect(queued('siem')).toContain('f1#1.3');
    expect(queued('siem')).toHaveLength(10);
    outbox.enqueue(raised(40), ['siem'], START);
    watch.look();
    // Each alarm's newest word stays, however many alarms there are.
    expect(queued('siem').filter((id) => !id.startsWith('f1#'))).toHaveLength(39);
  });
});
