import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { displayText } from '../lib/display.js';
import { tellDrift } from './readings.js';
import { clean, complain, print, printJson, type SetExit, say } from './terminal.js';
import { timeText } from './times.js';
import { answered, type GuardOptions, guardCommand, onlyDevice, person, shown, withGuard } from './with-guard.js';

interface LearnOptions extends GuardOptions {
  readonly owner?: string;
  readonly output?: string;
}

interface AcceptOptions extends GuardOptions {
  readonly snapshot?: string;
  readonly by?: string;
  readonly second?: string;
}

export function addBaseline(program: Command, setExit: SetExit): void {
  const baseline = program.command('baseline').description('what is declared: flows, listeners, approved snapshots');
  guardCommand(baseline, 'learn', 'write what the latest snapshots let through as a baseline file to read and edit')
    .argument('[devices...]', 'left out: all')
    .option('--owner <name>', 'who answers for what is learned; left out, who asks')
    .option('--output <file>', 'where to write it; left out, standard output. A file that exists is left alone')
    .action(async (devices: readonly string[], options: LearnOptions) => {
      const code = await withGuard(options, ({ guard }) =>
        answered('learning', guard.learnBaseline(devices, options.owner ?? person()), (yaml) =>
          writeBaseline(yaml, options),
        ),
      );
      setExit(code);
    });
  guardCommand(baseline, 'show', 'the approved snapshots and declared flows')
    .argument('[devices...]', 'left out: all')
    .action(async (devices: readonly string[], options: GuardOptions) => {
      const code = await withGuard(options, ({ guard }) =>
        shown('asking', guard.baseline(devices), (yaml) => {
          if (options.json) printJson({ yaml });
          else printYaml(yaml);
        }),
      );
      setExit(code);
    });
  guardCommand(
    baseline,
    'diff',
    'what the latest snapshot adds to the baseline, and what it lacks; exit codes as of drift',
  )
    .argument('[devices...]', 'left out: all')
    .action(async (devices: readonly string[], options: GuardOptions) => {
      const code = await withGuard(options, ({ guard }) =>
        answered('comparing', guard.baselineDiff(devices), (views) => tellDrift(views, options)),
      );
      setExit(code);
    });
  guardCommand(baseline, 'accept', 'approve a snapshot: what it lets through is declared from now on')
    .argument('[device]', 'left out: the only one')
    .option('--snapshot <id>', 'left out: the latest complete one')
    .option('--by <name>', 'who approves; left out, who asks')
    .option('--second <name>', 'somebody else who approves too, needed while a change window is not closed')
    .action(async (device: string | undefined, options: AcceptOptions) => {
      const code = await withGuard(options, async (asking) => {
        const named = await onlyDevice(asking, device);
        if (!named.ok) return complain(named.error);
        const { snapshot, second } = options;
        const by = options.by ?? person();
        const request = {
          device: named.value,
          by,
          ...(snapshot !== undefined && { snapshot }),
          ...(second !== undefined && { second }),
        };
        return shown('approving', asking.guard.acceptBaseline(request), (one) => {
          if (options.json) return printJson(one);
          const taken = timeText(one.takenAt, asking.times);
          print(clean(`${one.device}: snapshot ${one.id} of ${taken} is approved by ${one.approvedBy ?? by}`));
        });
      });
      setExit(code);
    });
}

/** A file gets it as it is; a terminal without what its comments may do to it. */
function printYaml(yaml: string): void {
  process.stdout.write(process.stdout.isTTY ? displayText(yaml) : yaml);
}

function writeBaseline(yaml: string, { output, json }: LearnOptions): number {
  if (output !== undefined) {
    try {
      writeFileSync(output, yaml, { flag: 'wx' });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const message = code === 'EEXIST' ? 'there is a file already' : `cannot be written: ${code ?? String(error)}`;
      return complain({ code: 'BAD_CALL', file: output, message, expected: 'a path that is free' });
    }
    say(`written to ${output}; read it before it is used: what is open by mistake is in it too`);
  }
  if (json) printJson({ yaml });
  else if (output === undefined) printYaml(yaml);
  return 0;
}
