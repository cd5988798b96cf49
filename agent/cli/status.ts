import type { Command } from 'commander';
import type { ListeningView } from '../app/guard/contract.js';
import { clean, coloured, print, printJson, type SetExit } from './terminal.js';
import { type TimeContext, timeText } from './times.js';
import { type GuardOptions, guardCommand, shown, withGuard } from './with-guard.js';

export function addStatus(program: Command, setExit: SetExit): void {
  guardCommand(program, 'status', 'the guard itself: its devices, its sinks, and what is open').action(
    async (options: GuardOptions) => {
      const code = await withGuard(options, ({ guard, times, isDaemon }) =>
        shown('asking', guard.status(), (status) => {
          if (options.json) return printJson({ daemon: isDaemon, ...status });
          const { version, pid, startedAt, devices, openFindings, refused, sinks, listening } = status;
          print(
            isDaemon
              ? clean(`daemon ${version}, pid ${pid}, since ${timeText(startedAt, times)}`)
              : 'no daemon runs: nothing is read until somebody asks',
          );
          for (const { id, lastComplete, blind, approved, onboarding, wakes = [] } of devices) {
            const words = [
              lastComplete === undefined ? 'never read completely' : `last seen ${timeText(lastComplete, times)}`,
              approved === undefined ? 'nothing approved' : `approved snapshot ${approved}`,
              ...(onboarding === undefined
                ? []
                : [`onboarding until ${timeText(onboarding.until, times)}, ${onboarding.heldBack} held back`]),
            ];
            print(clean(`device ${id}: ${words.join(', ')}`));
            for (const { source, why } of wakes) {
              const text = why === undefined ? `woken by ${source}` : `not woken by ${source}: ${why}`;
              print(coloured('dim', `  ${clean(text)}`));
            }
            for (const reason of blind) print(coloured('yellow', `  blind: ${clean(reason)}`));
          }
          for (const { id, queued, lastError } of sinks) {
            const waiting = queued === 0 ? 'nothing waits' : `${queued} wait`;
            print(clean(`sink ${id}: ${waiting}${lastError === undefined ? '' : `; ${lastError}`}`));
          }
          if (refused !== undefined) {
            print(coloured('red', clean(`the store refuses, and what is read now is not judged yet: ${refused}`)));
          }
          if (listening) printListening(listening, times);
          print(`open findings: ${openFindings}`);
        }),
      );
      setExit(code);
    },
  );
}

function printListening({ udp, tcp, problem, devices, unknown }: ListeningView, times: TimeContext): void {
  const places = [...(udp === undefined ? [] : [`udp ${udp}`]), ...(tcp === undefined ? [] : [`tcp ${tcp}`])];
  if (problem !== undefined) print(coloured('yellow', clean(`syslog: not received: ${problem}`)));
  else print(clean(`syslog: received at ${places.join(' and ') || 'no place yet'}`));
  for (const { id, messages, reports, readings, lastReport } of devices) {
    const last = lastReport === undefined ? '' : `, last ${timeText(lastReport, times)}`;
    print(`  ${clean(`${id}: ${messages} messages, ${reports} of a change${last}, ${readings} readings for them`)}`);
  }
  for (const { address, messages } of unknown) {
    const text = `${address}: ${messages} messages of a sender that is no device’s, not read`;
    print(coloured('yellow', `  ${clean(text)}`));
  }
}
