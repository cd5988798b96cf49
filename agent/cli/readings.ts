import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { DriftView, ReadingView } from '../app/guard/contract.js';
import { mergeCoverage, printCoverage, printSubject } from './statement.js';
import { clean, coloured, complain, print, printJson, printTable, type SetExit } from './terminal.js';
import { type TimeContext, timeText } from './times.js';
import { answered, type GuardOptions, guardCommand, onlyDevice, shown, withGuard } from './with-guard.js';

/** A count that was typed; commander tells who mistyped it. */
export function count(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new InvalidArgumentError('Expected a number from 1 to 99999.');
  return value;
}

export function addSnapshot(program: Command, setExit: SetExit): void {
  guardCommand(program, 'snapshot', 'read devices now and keep what is seen; exit code 3 where something was not seen')
    .argument('[devices...]', 'left out: all')
    .option('--file <capture>', 'take this capture, a file or a folder, as the reading')
    .action(async (devices: readonly string[], options: GuardOptions & { readonly file?: string }) => {
      const tell = (readings: readonly ReadingView[], times: TimeContext): number => {
        if (options.json) printJson(readings);
        else for (const reading of readings) printReading(reading, times);
        return readings.every((reading) => reading.complete) ? 0 : 3;
      };
      const code = await withGuard(options, async (asking) => {
        const { guard, times } = asking;
        if (options.file === undefined)
          return answered('reading', guard.snapshot(devices), (readings) => tell(readings, times));
        if (devices.length > 1) {
          const message = 'a capture is of one device';
          return complain({ code: 'BAD_CALL', message, expected: 'one device beside --file' });
        }
        const device = await onlyDevice(asking, devices[0]);
        if (!device.ok) return complain(device.error);
        const reading = guard.importCapture(device.value, resolve(options.file));
        return answered('reading', reading, (one) => tell([one], times));
      });
      setExit(code);
    });
}

function printReading(reading: ReadingView, times: TimeContext): void {
  const { device, at, snapshot, unchanged, complete, blind, notCovered, rules, listeners } = reading;
  const words = [
    timeText(at, times),
    snapshot === '' ? 'no snapshot' : `snapshot ${snapshot}`,
    `${rules} ${rules === 1 ? 'rule' : 'rules'}`,
    `${listeners} ${listeners === 1 ? 'listener' : 'listeners'}`,
    ...(unchanged ? ['unchanged'] : []),
    complete ? 'complete' : 'incomplete',
  ];
  print(clean(`${device}: ${words.join(', ')}`));
  for (const reason of blind) print(coloured('yellow', `  blind: ${clean(reason)}`));
  for (const limit of notCovered) print(coloured('dim', `  not covered: ${clean(limit)}`));
}

interface SnapshotsOptions extends GuardOptions {
  readonly device?: string;
  readonly limit?: number;
}

export function addSnapshots(program: Command, setExit: SetExit): void {
  guardCommand(program, 'snapshots', 'list the snapshots that are kept, newest first')
    .option('--device <id>', 'of this device alone')
    .option('--limit <count>', 'at most so many', count)
    .action(async (options: SnapshotsOptions) => {
      const { device, limit } = options;
      const filter = { ...(device !== undefined && { device }), ...(limit !== undefined && { limit }) };
      const code = await withGuard(options, ({ guard, times }) =>
        shown('listing', guard.snapshots(filter), (list) => {
          if (options.json) return printJson(list);
          if (list.length === 0) return print('no snapshot is kept yet');
          printTable(
            ['snapshot', 'device', 'taken', 'last seen', 'times', 'state', 'approved by'],
            list.map((one) => [
              one.id,
              one.device,
              timeText(one.takenAt, times),
              timeText(one.lastSeen, times),
              String(one.count),
              one.complete ? 'complete' : `blind: ${one.blind.join('; ')}`,
              one.approvedBy ?? '-',
            ]),
          );
        }),
      );
      setExit(code);
    });
}

export function addDrift(program: Command, setExit: SetExit): void {
  guardCommand(
    program,
    'drift',
    'read devices now and say what differs from the baseline; exit code 0 seen completely and nothing, 1 something for certain, 3 not seen completely',
  )
    .argument('[devices...]', 'left out: all')
    .action(async (devices: readonly string[], options: GuardOptions) => {
      const code = await withGuard(options, ({ guard }) =>
        answered('reading', guard.drift(devices), (views) => tellDrift(views, options)),
      );
      setExit(code);
    });
}

/** Tells what differs and gives the exit code: 1 where something does for certain, 3 where nobody can know. */
export function tellDrift(views: readonly DriftView[], { json }: GuardOptions): number {
  const differences = views.flatMap(({ undeclared, missing }) => [...undeclared, ...missing]);
  const certain = differences.filter(({ certainty }) => certainty !== 'possible');
  const isBlind = views.some(({ complete }) => !complete);
  if (json) {
    printJson(views);
  } else {
    for (const { undeclared, missing } of views) {
      for (const subject of undeclared) printSubject(subject, 'open and not declared');
      for (const subject of missing) printSubject(subject, 'declared and cut');
    }
    const possible = differences.length - certain.length;
    printCoverage(mergeCoverage(views.map(({ coverage }) => coverage)), certain.length, [
      ...views.flatMap(({ device, blind }) => blind.map((reason) => `${device}: ${reason}`)),
      ...(possible > 0 ? [`${possible} only possible`] : []),
    ]);
  }
  if (certain.length > 0) return 1;
  return isBlind || differences.length > 0 || views.length === 0 ? 3 : 0;
}
