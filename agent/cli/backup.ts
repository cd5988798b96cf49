import type { Command } from 'commander';
import { loadOptions } from '../app/load-options.js';
import { backupState, restoreState } from '../app/state-copy.js';
import { loadSettings } from '../config/index.js';
import { clean, complain, print, printJson, type SetExit } from './terminal.js';
import { type GuardOptions, guardCommand } from './with-guard.js';

export function addBackup(program: Command, setExit: SetExit): void {
  guardCommand(
    program,
    'backup <file>',
    'copy what the guard remembers into a file, whether or not a daemon runs',
  ).action((file: string, options: GuardOptions) => {
    const settings = loadSettings(options.config, loadOptions);
    if (!settings.ok) return setExit(complain(settings.error));
    const done = backupState(settings.value.stateFolder, file);
    if (!done.ok) return setExit(complain(done.error));
    if (options.json) return printJson(done.value);
    print(clean(`backup: ${done.value.file}`));
    if (done.value.key !== undefined) print(clean(`redaction key: ${done.value.key}: keep it with the backup`));
  });
}

interface RestoreOptions extends GuardOptions {
  readonly replace?: boolean;
}

export function addRestore(program: Command, setExit: SetExit): void {
  guardCommand(program, 'restore <file>', 'bring a backup back, while no daemon runs')
    .option('--replace', 'also where a store in good order is: it is put aside')
    .action((file: string, options: RestoreOptions) => {
      const settings = loadSettings(options.config, loadOptions);
      if (!settings.ok) return setExit(complain(settings.error));
      const done = restoreState(settings.value.stateFolder, file, { replace: options.replace ?? false });
      if (!done.ok) return setExit(complain(done.error));
      if (options.json) return printJson(done.value);
      const { database, aside, key } = done.value;
      print(clean(`restored: ${database}`));
      if (aside !== undefined) print(clean(`what was there: ${aside}`));
      if (key === 'restored') print('redaction key: restored');
      if (key === 'missing') print('redaction key: none was beside the backup; every secret will look changed once');
      print('What fell due since the backup is judged at the next start.');
    });
}
