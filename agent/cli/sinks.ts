import type { Command } from 'commander';
import { loadOptions } from '../app/load-options.js';
import { testSinks } from '../app/sink-test.js';
import { DEFAULT_FILE, loadSettings } from '../config/index.js';
import { problemText } from '../lib/result.js';
import { clean, complain, print, printJson, type SetExit, withProgress } from './terminal.js';

interface SinksOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export function addSinks(program: Command, setExit: SetExit): void {
  program
    .command('sinks')
    .description('where alarms are told')
    .command('test [sink...]')
    .description(
      'send one record that says it is a test to each sink, or to those named; exit code 1 where one refuses',
    )
    .option('--config <file>', `the configuration; left out, ./${DEFAULT_FILE}`)
    .option('--json', 'one JSON document')
    .action(async (names: readonly string[], { config, json }: SinksOptions) => {
      const settings = loadSettings(config, loadOptions);
      if (!settings.ok) return setExit(complain(settings.error));
      const tested = await withProgress('telling', testSinks(settings.value, names));
      if (!tested.ok) return setExit(complain(tested.error));
      if (json) printJson({ sinks: tested.value });
      else
        for (const { id, place, problem } of tested.value)
          print(clean(`sink ${id}: ${place}: ${problem === undefined ? 'took it' : problemText(problem)}`));
      if (tested.value.some(({ problem }) => problem !== undefined)) setExit(1);
    });
}
