import type { Command } from 'commander';
import { start } from '../app/start.js';
import { DEFAULT_FILE } from '../config/index.js';
import type { SetExit } from './terminal.js';

interface StartOptions {
  readonly config?: string;
  readonly json?: boolean;
  readonly install: boolean;
}

const STOPS = ['SIGTERM', 'SIGINT'] as const;

export function addStart(program: Command, setExit: SetExit): void {
  program
    .command('start')
    .description('guard: read, judge and tell until it is stopped; without a configuration, guard this machine')
    .option('--config <file>', `the configuration; left out, ./${DEFAULT_FILE}, and without it this machine is guarded`)
    .option('--json', 'JSON lines instead of words')
    .option('--no-install', 'without a configuration: do not install nftables and iproute2 where they are missing')
    .action(async ({ config, json = false, install }: StartOptions) => {
      const stopping = new AbortController();
      const stop = (): void => stopping.abort();
      let reload = (): void => {};
      // At a terminal it says that the terminal was closed; a service is told by it to read its configuration again.
      const hangUp = (): void => (process.stdout.isTTY ? stop() : reload());
      for (const signal of STOPS) process.on(signal, stop);
      process.on('SIGHUP', hangUp);
      try {
        setExit(
          await start({
            ...(config !== undefined && { config }),
            json,
            install,
            output: process.stdout,
            stop: stopping.signal,
            onRunning: (action) => {
              reload = action;
            },
          }),
        );
      } finally {
        for (const signal of STOPS) process.off(signal, stop);
        process.off('SIGHUP', hangUp);
      }
    });
}
