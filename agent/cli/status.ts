import type { Command } from 'commander';
import { clean, coloured, print, printJson, type SetExit } from './terminal.js';
import { timeText } from './times.js';
import { type GuardOptions, guardCommand, shown, withGuard } from './with-guard.js';

export function addStatus(program: Command, setExit: SetExit): void {
  guardCommand(program, 'status', 'the guard itself: its devices, its sinks, and what is open').action(
    async (options: GuardOptions) => {
      const code = await withGuard(options, ({ guard, times, isDaemon }) =>
        shown('asking', guard.status(), (status) => {
          if (options.json) return printJson({ daemon: isDaemon, ...status });
          const { version, pid, startedAt, devices, openFindings, sinks } = status;
          print(
            isDaemon
              ? clean(`daemon ${version}, pid ${pid}, since ${timeText(startedAt, times)}`)
              : 'no daemon runs: nothing is read until somebody asks',
          );
          for (const { id, lastComplete, blind, approved, onboarding } of devices) {
            const words = [
              lastComplete === undefined ? 'never read completely' : `last seen ${timeText(lastComplete, times)}`,
              approved === undefined ? 'nothing approved' : `approved snapshot ${approved}`,
              ...(onboarding === undefined
                ? []
                : [`onboarding until ${timeText(onboarding.until, times)}, ${onboarding.heldBack} held back`]),
            ];
            print(clean(`device ${id}: ${words.join(', ')}`));
            for (const reason of blind) print(coloured('yellow', `  blind: ${clean(reason)}`));
          }
          for (const { id, queued, lastError } of sinks) {
            const waiting = queued === 0 ? 'nothing waits' : `${queued} wait`;
            print(clean(`sink ${id}: ${waiting}${lastError === undefined ? '' : `; ${lastError}`}`));
          }
          print(`open findings: ${openFindings}`);
        }),
      );
      setExit(code);
    },
  );
}
