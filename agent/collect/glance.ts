import type { Driver, Glance } from '../drivers/contract.js';
import { type Clock, systemClock } from '../lib/clock.js';
import type { Problem } from '../lib/result.js';
import { displayMessage, everywhere, stableText } from './capture.js';
import type { Monitor } from './monitor.js';
import type { CommandOutput, CommandRunner } from './runner.js';

export interface GlanceOptions {
  /** Something has changed: read the device now. */
  readonly wake: () => void;
  /** From one look to the next. */
  readonly everyMs?: number;
  readonly clock?: Clock;
  /** A glance cannot be had; said once for each new reason. Polling goes on, only slower to notice. */
  readonly say?: (problem: Problem) => void;
}

const EVERY_MS = 500;
/** Where a look starts programs, it happens half as often, and still within a second. */
const EVERY_MS_BY_PROGRAM = 900;
/** A program is run at every second look; what had nothing to show, or did not seem to change, at every twentieth. */
const PROGRAM_LOOKS = 2;
const SELDOM_LOOKS = 20;
const LIMITS = { timeoutMsMax: 5_000, bytesMax: 4 * 1024 * 1024 } as const;

interface Watched {
  readonly glance: Glance;
  /** What counted at the last look; absent before the first. */
  known?: string;
  /** Of a lasting glance: what was there at the look before, whether it lasts or not. */
  present?: ReadonlySet<string>;
  /** What the cheaper file said when this one was looked at last. */
  sign?: string;
  said?: string;
}

/**
 * Looks again and again at what tells cheaply that a device has changed, for changes that no monitor tells, and wakes
 * when what counts of it differs. As with monitors, a glance is a reason to read the device, never the reading.
 */
export function startGlances(
  driver: Pick<Driver, 'dialogue' | 'volatile'>,
  runner: CommandRunner,
  device: string,
  options: GlanceOptions,
): Monitor {
  const clock = options.clock ?? systemClock;
  const everyMs = options.everyMs ?? (runner.filesInProcess ? EVERY_MS : EVERY_MS_BY_PROGRAM);
  const stopping = new AbortController();
  const watched = (driver.dialogue.glances ?? []).map((glance): Watched => ({ glance }));
  if (watched.length === 0) return { stop: () => {} };
  const looker: Looker = { runner, device, volatile: driver.volatile, signal: stopping.signal, say: options.say };
  let cancel = (): void => {};
  let looks = 0;
  const look = async (): Promise<void> => {
    const changed = await lookOnce(watched, looks++, looker);
    if (stopping.signal.aborted) return;
    if (changed) options.wake();
    cancel = clock.at(clock.now() + everyMs, () => void look());
  };
  void look();
  return {
    stop: () => {
      stopping.abort();
      cancel();
    },
  };
}

interface Looker {
  readonly runner: CommandRunner;
  readonly device: string;
  readonly volatile: Driver['volatile'];
  readonly signal: AbortSignal;
  readonly say: GlanceOptions['say'];
}

/** Whether anything that counts is not as it was. */
async function lookOnce(all: readonly Watched[], look: number, looker: Looker): Promise<boolean> {
  const due = all.filter((one) => isDue(one, look));
  const signs = due.flatMap(({ glance }) => [glance.after?.file ?? [], glance.whileFilled ?? []].flat());
  const direct = due.flatMap(({ glance }) => (glance.file !== undefined && !glance.after ? [glance] : []));
  const first = await readFiles([...signs.map((file) => ({ file })), ...direct], looker);
  const textOf = (file: string): string => words(first.get(file));
  const later = due.filter((one) => {
    const { after, whileFilled } = one.glance;
    if (!after && one.glance.file !== undefined) return false;
    if (whileFilled !== undefined && textOf(whileFilled).trim() === '') return false;
    if (!after) return true;
    const sign = counted(textOf(after.file), after.counts).join('\n');
    if (sign === one.sign && look % SELDOM_LOOKS !== 0) return false;
    one.sign = sign;
    return true;
  });
  const second = await readFiles(
    later.flatMap(({ glance }) => (glance.file === undefined ? [] : [glance])),
    looker,
  );
  let changed = false;
  for (const one of due) {
    const { file, argv, whileFilled } = one.glance;
    let output: CommandOutput | undefined;
    if (later.includes(one)) {
      output = argv ? await looker.runner.run(argv, { ...LIMITS, signal: looker.signal }) : second.get(file!);
    } else if (direct.includes(one.glance)) output = first.get(file!);
    else if (whileFilled !== undefined) output = { kind: 'missing', what: whileFilled };
    if (output !== undefined && observe(one, output, looker)) changed = true;
  }
  return changed;
}

function isDue({ glance, known }: Watched, look: number): boolean {
  if (glance.file !== undefined || known === undefined) return true;
  return look % (known === '' && glance.whileFilled === undefined ? SELDOM_LOOKS : PROGRAM_LOOKS) === 0;
}

type Wanted = Pick<Glance, 'file' | 'until'>;

/** In this process where that is possible; else all in one program, because each start costs more than a file. */
async function readFiles(wanted: readonly Wanted[], looker: Looker): Promise<ReadonlyMap<string, CommandOutput>> {
  const { runner, signal } = looker;
  const byFile = new Map(wanted.map((one) => [one.file!, one]));
  if (byFile.size === 0) return new Map();
  if (runner.filesInProcess) {
    const read = async ({ file, until }: Wanted): Promise<[string, CommandOutput]> => [
      file!,
      await runner.readFile(file!, { ...LIMITS, signal, ...(until && { until }) }),
    ];
    return new Map(await Promise.all([...byFile.values()].map(read)));
  }
  const output = await runner.run(['grep', '-H', '', ...byFile.keys()], { ...LIMITS, signal });
  if (output.kind !== 'exited') return new Map([...byFile.keys()].map((file) => [file, output]));
  const lines = output.stdout.split('\n');
  const outputOf = (file: string): CommandOutput => {
    const own = lines.filter((line) => line.startsWith(`${file}:`)).map((line) => `${line.slice(file.length + 1)}\n`);
    return { kind: 'exited', exitCode: 0, stdout: own.join(''), stderr: '' };
  };
  return new Map([...byFile.keys()].map((file) => [file, outputOf(file)]));
}

/** What is not there shows nothing; what could not be read shows nothing new. */
function words(output: CommandOutput | undefined): string {
  return output?.kind === 'exited' ? output.stdout : '';
}

/** Takes a look's answer in; whether what counts of it differs from the look before. */
function observe(one: Watched, output: CommandOutput, looker: Looker): boolean {
  const { glance } = one;
  const failed = output.kind === 'exited' ? output.exitCode !== 0 : output.kind !== 'missing';
  if (failed) {
    complain(one, output, looker);
    return false;
  }
  const text = words(output);
  const items = glance.counts ? counted(text, glance.counts) : [stableText(text, looker.volatile)];
  let lasting: readonly string[] = items;
  if (glance.lasting) {
    const before = one.present;
    one.present = new Set(items);
    if (before === undefined) return false;
    lasting = items.filter((item) => before.has(item));
  }
  const value = lasting.join('\n');
  const differs = one.known !== undefined && one.known !== value;
  one.known = value;
  return differs;
}

/** Every match, by its named groups where it has some, in an order of its own: the kernel's order means nothing. */
function counted(text: string, counts: RegExp): readonly string[] {
  return [...text.matchAll(everywhere(counts))]
    .map((match) => (match.groups ? Object.values(match.groups).join(' ') : match[0]))
    .sort();
}

function complain(one: Watched, output: CommandOutput, { device, say, signal }: Looker): void {
  if (signal.aborted) return;
  // From here on it is looked at as seldom as what has nothing to show.
  one.known ??= '';
  const source = one.glance.file ?? one.glance.argv!.join(' ');
  const reason = 'reason' in output ? output.reason : 'stderr' in output ? output.stderr : '';
  const how = output.kind === 'exited' ? `exit code ${output.exitCode}` : output.kind;
  const said = `${device}: ${source}: no glance (${how})${reason.trim() === '' ? '' : `: ${displayMessage(reason)}`}`;
  if (one.said === said) return;
  one.said = said;
  say?.({
    code: 'GLANCE_FAILED',
    message: `${said}; changes are noticed at the next poll`,
    expected: 'an answer at each look',
    remedy: 'grant the same right as for reading the device',
  });
}
