import type { Command } from 'commander';
import { drivers } from '../app/drivers.js';
import type { SetExit } from './terminal.js';

export function addDrivers(program: Command, _setExit: SetExit): void {
  program
    .command('drivers')
    .description('list the platforms that can be read and what of each is modelled')
    .option('--json', 'one JSON document')
    .action((options: { readonly json?: boolean }) => {
      const list = drivers.map(({ id, title, versions, models }) => ({ id, title, versions, models }));
      if (options.json) process.stdout.write(`${JSON.stringify(list, null, 2)}\n`);
      else
        for (const one of list)
          process.stdout.write(`${one.id}  ${one.title}, ${one.versions}\n    ${one.models.join('; ')}\n`);
    });
}
