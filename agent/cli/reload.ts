import { join } from 'node:path';
import type { Command } from 'commander';
import { askReload, socketState } from '../app/daemon.js';
import { loadOptions } from '../app/load-options.js';
import { loadSettings } from '../config/index.js';
import { clean, complain, print, printJson, type SetExit, say } from './terminal.js';
import { answered, type GuardOptions, guardCommand, person } from './with-guard.js';

export function addReload(program: Command, setExit: SetExit): void {
  guardCommand(program, 'reload', 'have the daemon read its configuration and baseline files again')
    .option('--by <name>', 'who takes the baseline files as they are now; left out, who asks')
    .option('--second <name>', 'somebody else, needed where the baseline changed while a change window is not closed')
    .action(async (options: ReloadOptions) => setExit(await reload(options)));
}

interface ReloadOptions extends GuardOptions {
  readonly by?: string;
  readonly second?: string;
}

async function reload(options: ReloadOptions): Promise<number> {
  const settings = loadSettings(options.config, loadOptions);
  if (!settings.ok) {
    const code = complain(settings.error);
    say('nothing was reloaded; a daemon that runs goes on as before');
    return code;
  }
  const path = join(settings.value.stateFolder, 'ecluse.sock');
  if ((await socketState(path)) !== 'live') {
    return complain({ code: 'NO_DAEMON', file: path, message: 'no daemon answers here', remedy: 'ecluse start' });
  }
  const { by = person(), second } = options;
  const signed = { by, ...(second !== undefined && { second }) };
  return answered('reloading', askReload(path, signed), ({ changes }) => {
    if (options.json) printJson({ changes });
    else for (const change of changes.length === 0 ? ['nothing has changed'] : changes) print(clean(change));
    return 0;
  });
}
