/**
 * cli: one file per command. A command returns its exit code; contract: 0 done and clean, 1 different, 2 the call is
 * wrong, 3 blind, 70 a fault of Écluse itself.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { InternalFault } from '../lib/assert.js';
import { type Overview, overview } from './overview.js';
import { clean, type SetExit } from './terminal.js';

type Add = (program: Command, setExit: SetExit) => void;

interface Commands {
  readonly names: readonly string[];
  readonly load: () => Promise<readonly Add[]>;
}

/** About captured files: no guard is asked. */
const offline: readonly Commands[] = [
  { names: ['ask'], load: async () => [(await import('./ask.js')).addAsk] },
  { names: ['coverage'], load: async () => [(await import('./coverage.js')).addCoverage] },
  { names: ['diff'], load: async () => [(await import('./diff.js')).addDiff] },
  { names: ['drivers'], load: async () => [(await import('./drivers.js')).addDrivers] },
  { names: ['exposure'], load: async () => [(await import('./exposure.js')).addExposure] },
  { names: ['replay'], load: async () => [(await import('./replay.js')).addReplay] },
];

const guarding: readonly Commands[] = [
  { names: ['init'], load: async () => [(await import('./init.js')).addInit] },
  { names: ['rules'], load: async () => [(await import('./rules.js')).addRules] },
  { names: ['check'], load: async () => [(await import('./check.js')).addCheck] },
  {
    names: ['start'],
    load: async () => {
      const { keepSmall } = await import('../app/memory.js');
      keepSmall();
      return [(await import('./start.js')).addStart];
    },
  },
  { names: ['reload'], load: async () => [(await import('./reload.js')).addReload] },
  {
    names: ['backup', 'restore'],
    load: async () => {
      const { addBackup, addRestore } = await import('./backup.js');
      return [addBackup, addRestore];
    },
  },
  { names: ['status'], load: async () => [(await import('./status.js')).addStatus] },
  {
    names: ['snapshot', 'snapshots', 'drift'],
    load: async () => {
      const { addSnapshot, addSnapshots, addDrift } = await import('./readings.js');
      return [addSnapshot, addSnapshots, addDrift];
    },
  },
  { names: ['baseline'], load: async () => [(await import('./baseline.js')).addBaseline] },
  { names: ['doctor'], load: async () => [(await import('./doctor.js')).addDoctor] },
  { names: ['trust'], load: async () => [(await import('./trust.js')).addTrust] },
  { names: ['window'], load: async () => [(await import('./window.js')).addWindow] },
  { names: ['sinks'], load: async () => [(await import('./sinks.js')).addSinks] },
  {
    names: ['accept', 'refuse'],
    load: async () => {
      const { addAccept, addRefuse } = await import('./accept.js');
      return [addAccept, addRefuse];
    },
  },
  {
    names: ['findings', 'alarms', 'ack', 'waive'],
    load: async () => {
      const { addFindings, addAlarms, addAck, addWaive } = await import('./findings.js');
      return [addFindings, addAlarms, addAck, addWaive];
    },
  },
];

const all: readonly Commands[] = [...offline, ...guarding];

/** Calls that ask nothing of any command: what there is, and which version this is. */
const ABOUT_ALL = new Set([undefined, '--help', '-h', '--version', '-V']);

/** Loads the command that is named, so that none waits for what it does not use. */
async function addCommands(program: Command, setExit: SetExit, argv: readonly string[]): Promise<void> {
  const [first, second] = argv;
  const named = (name: string | undefined): Commands | undefined => all.find(({ names }) => names.includes(name ?? ''));
  const wanted = named(first) ?? (first === 'help' ? named(second) : undefined);
  const isWord = first !== undefined && !first.startsWith('-');
  if (wanted === undefined && (isWord || (argv.length < 2 && ABOUT_ALL.has(first)))) return addNames(program);
  await loadCommands(program, setExit, wanted === undefined ? all : [wanted]);
}

/** The names and what they are for, which is all that help in general shows, and all that a misspelt name needs. */
function addNames(program: Command): void {
  const terms = new Map(overview.map(({ name, term }) => [name, term]));
  for (const { name, about } of overview) program.command(name).description(about);
  program.configureHelp({ subcommandTerm: (command) => terms.get(command.name()) ?? HELP_TERM });
}

/** The one command that commander adds itself. */
const HELP_TERM = 'help [command]';

async function loadCommands(program: Command, setExit: SetExit, wanted: readonly Commands[]): Promise<void> {
  const addAll = async (commands: readonly Commands[]): Promise<void> => {
    for (const one of commands) if (wanted.includes(one)) for (const add of await one.load()) add(program, setExit);
  };
  await addAll(offline);
  // Every command takes it, so that a script need not know which of them ask a guard.
  for (const one of program.commands)
    one.option('--config <file>', 'taken and not needed: captures speak for themselves');
  await addAll(guarding);
}

/** What overview.ts says: asked of the commands themselves, every one of which is loaded. */
export async function overviewNow(): Promise<readonly Overview[]> {
  const program = new Command('ecluse');
  await loadCommands(program, () => {}, all);
  const help = program.createHelp();
  return program.commands.map((one) => ({
    name: one.name(),
    term: help.subcommandTerm(one),
    about: help.subcommandDescription(one),
  }));
}

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
  await addCommands(program, setExit, argv);
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
