/**
 * cli: one file per command. A command returns its exit code; contract: 0 done and clean, 1 different, 2 the call is
 * wrong, 3 blind, 70 a fault of Écluse itself.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { InternalFault } from '../lib/assert.js';
import { addAsk } from './ask.js';
import { addBaseline } from './baseline.js';
import { addCheck } from './check.js';
import { addCoverage } from './coverage.js';
import { addDiff } from './diff.js';
import { addDrivers } from './drivers.js';
import { addExposure } from './exposure.js';
import { addAck, addAlarms, addFindings, addWaive } from './findings.js';
import { addDrift, addSnapshot, addSnapshots } from './readings.js';
import { addReplay } from './replay.js';
import { addStart } from './start.js';
import { addStatus } from './status.js';
import { clean, type SetExit } from './terminal.js';
import { addWindow } from './window.js';

const offline = [addAsk, addCoverage, addDiff, addDrivers, addExposure, addReplay];
const guarding = [
  ...[addCheck, addStart, addStatus, addSnapshot, addSnapshots, addDrift, addBaseline, addWindow],
  ...[addFindings, addAlarms, addAck, addWaive],
];

export async function runCli(argv: readonly string[]): Promise<number> {
  let exit = 0;
  const setExit: SetExit = (code) => {
    exit = code;
  };
  const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  const program = new Command('ecluse')
    .description('A firewall and change-window drift guard for hospitals.')
    .version(manifest.version)
    .exitOverride()
    // What is wrong with a call is one line, as everything that is wrong.
    .configureOutput({ outputError: (text, write) => write(`ecluse: ${clean(text.replace(/^error: /, ''))}\n`) });
  for (const add of offline) add(program, setExit);
  // Every command takes it, so that a script need not know which of them ask a guard.
  for (const one of program.commands)
    one.option('--config <file>', 'taken and not needed: captures speak for themselves');
  for (const add of guarding) add(program, setExit);
  const output = watchOutput();
  try {
    await program.parseAsync(argv, { from: 'user' });
    const trouble = await output.trouble();
    if (trouble === undefined) return exit;
    process.stderr.write(`ecluse: the answer could not be written: ${trouble}\n`);
    return 2;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const fault = error instanceof InternalFault ? error.message : String((error as Error).stack ?? error);
    process.stderr.write(`ecluse: a fault of Écluse itself: ${fault}\n`);
    return 70;
  } finally {
    output.stop();
  }
}

/**
 * Without a listener a reader who goes away (`ecluse findings | head -1`) ends the process with a stack trace and exit
 * code 1, which means something else. A full disk does matter: an answer that nobody got is none.
 */
function watchOutput() {
  let found: string | undefined;
  const hear = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') found = error.message;
  };
  process.stdout.on('error', hear);
  return {
    async trouble(): Promise<string | undefined> {
      await new Promise((resolve) => process.stdout.write('', resolve));
      return found;
    },
    stop: () => void process.stdout.off('error', hear),
  };
}
