import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { displayMessage } from '../capture.js';
import type { Answers, CommandOutput, Conversed, ConverseOptions, Seal, Speaker, StepAnswer } from '../runner.js';
import { decodeUtf8 } from '../utf8.js';
import { hear } from './channel.js';
import { PREFIX, SCRIPT_ARGV, SLOWLY, saysNoFile } from './commands.js';
import { type Frame, type FrameReader, frameReader } from './frames.js';
import type { Link } from './link.js';
import { everyStep, type Plan, type PlannedStep, planOf, secondsOf } from './plan.js';
import { forcedCommandScript, readerName } from './script.js';
import { sealOf, sumOf } from './seal.js';
import type { SshTimeouts } from './target.js';

/** Of one step's complaints, and of all answers together. */
const STDERR_BYTES_MAX = 1024 * 1024;
const TOTAL_BYTES_MAX = 256 * 1024 * 1024;
/** Steps that are left out one after the other, before a device is given up for this time. */
const LEFT_OUT_MAX = 3;
/** timeout(1) ends with it, whatever it ended. */
const TIMED_OUT = 124;
/** Of a look whether anything changed: a host that takes longer is read instead. */
const CHECK_MS_MAX = 60_000;
/** Connections to hosts that said that they started anew. */
const slow = new WeakSet<Link>();

/** A request for readings of whole dialogues. */
export interface Request {
  on(link: Link): Promise<readonly Conversed[]>;
  /** The same answer to everything. */
  none(why: CommandOutput): readonly Conversed[];
}

/**
 * Everything in one channel: each step with its own limits on the device, and again here for a device that does not
 * keep them. Where a step goes beyond them here it is left out, and the rest is asked for anew: a listing that never
 * ends must not hide the others.
 */
export function requestFor(
  speakers: readonly Speaker[],
  { passes, signal, overdueMs }: ConverseOptions & Pick<SshTimeouts, 'overdueMs'>,
): Request {
  const plans = speakers.map(planOf);
  const none = (why: CommandOutput): readonly Conversed[] =>
    Array.from({ length: passes }, () => ({ answers: answersOf(plans, { frames: new Map(), rest: why }, new Map()) }));
  const script = scriptFor(speakers);
  return {
    none,
    async on(link) {
      const leftOut = new Map<string, CommandOutput>();
      for (;;) {
        const asking: Asking = { plans, passes, leftOut, script, overdueMs, ...(signal && { signal }) };
        const { heard, culprit } = await ask(link, asking);
        if (!culprit) {
          return heard.map((one) => ({
            answers: answersOf(plans, one, leftOut),
            ...(one.seal && leftOut.size === 0 && { seal: one.seal }),
          }));
        }
        leftOut.set(culprit.name, culprit.output);
      }
    },
  };
}

interface Asking {
  readonly plans: readonly Plan[];
  readonly passes: number;
  readonly leftOut: ReadonlyMap<string, CommandOutput>;
  readonly script: string;
  readonly overdueMs: number;
  readonly signal?: AbortSignal;
}

/** What came of one pass. */
interface Heard {
  /** By name and number of the spelling. */
  readonly frames: ReadonlyMap<string, Said>;
  /** What became of everything else; absent where the pass is complete. */
  readonly rest?: CommandOutput;
  /** Only of the last pass, and where it is complete. */
  readonly seal?: Seal;
}

interface Said {
  readonly status: string;
  readonly out: Buffer;
  readonly err: Buffer;
}

interface Culprit {
  readonly name: string;
  readonly output: CommandOutput;
}

async function ask(
  link: Link,
  { plans, passes, leftOut, script, overdueMs, signal }: Asking,
): Promise<{ readonly heard: readonly Heard[]; readonly culprit?: Culprit }> {
  const mark = randomBytes(16).toString('hex');
  const words = [
    'read',
    mark,
    passes,
    ...pace(link),
    ...[...leftOut.keys()].map((name) => `-${name}`),
    ...plans.map((p) => p.token),
  ];
  const [out, err] = [frameReader(mark), frameReader(mark)];
  const giveUp = new AbortController();
  const watch = watchSteps(everyStep(plans), { out, giveUp, overdueMs });
  const output = await hear(link, `${PREFIX}${SCRIPT_ARGV} ${words.join(' ')}`, {
    input: script,
    signal: signal ? AbortSignal.any([signal, giveUp.signal]) : giveUp.signal,
    onOutput: (chunk) => watch.count(out, chunk),
    onError: (chunk) => watch.count(err, chunk),
  });
  watch.stop();
  if (out.startedAnew()) slow.add(link);
  const culprit = watch.culprit();
  if (culprit && leftOut.size < LEFT_OUT_MAX && !signal?.aborted && link.lost() === undefined) {
    return { heard: [], culprit };
  }
  const rest = watch.gaveUp() ?? unfinished(output, out);
  const passesOf = ({ passes: whole, frames }: FrameReader): readonly (readonly Frame[])[] => [...whole, frames];
  const besides = everyStep(plans).flatMap(({ step, name }) => (step.beside ? [name] : []));
  let first: ReadonlyMap<string, Said> = new Map();
  const heard = Array.from({ length: passes }, (_, at): Heard => {
    const complete = at < out.passes.length && at < err.passes.length;
    const own = joined(passesOf(out)[at], passesOf(err)[at]);
    if (at === 0) first = own;
    // What stands beside the device is asked for in the first pass alone.
    const once = [...first].filter(([name]) => besides.includes(name.replace(/:\d+$/, '')));
    const frames = new Map([...once, ...own]);
    if (!complete) return { frames, rest };
    if (at < passes - 1) return { frames };
    return { frames, seal: sealOf(plans, mark, out.passes[at]!, err.passes[at]!) };
  });
  return { heard };
}

/** Whether all that counts is still as it was when the seal was made. */
export async function isUnchanged(
  link: Link,
  speakers: readonly Speaker[],
  { mark: seal, sum }: Seal,
  signal?: AbortSignal,
): Promise<boolean> {
  const plans = speakers.map(planOf);
  const mark = randomBytes(16).toString('hex');
  const [out, err] = [frameReader(mark), frameReader(seal)];
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), CHECK_MS_MAX);
  let bytes = 0;
  const count = (reader: FrameReader, chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > STDERR_BYTES_MAX) giveUp.abort();
    else reader.feed(chunk);
  };
  const words = ['check', mark, seal, ...pace(link), ...plans.map(({ token }) => token)];
  const output = await hear(link, `${PREFIX}${SCRIPT_ARGV} ${words.join(' ')}`, {
    input: scriptFor(speakers),
    signal: signal ? AbortSignal.any([signal, giveUp.signal]) : giveUp.signal,
    onOutput: (chunk) => count(out, chunk),
    onError: (chunk) => count(err, chunk),
  });
  clearTimeout(timer);
  if (out.startedAnew()) slow.add(link);
  const [answers, complaints] = [out.passes[0], err.passes[0]];
  if (output.kind !== 'exited' || output.exitCode !== 0 || !answers || !complaints) return false;
  const sums = plans.map(({ driver }) => {
    const answer = answers.find(({ name }) => name === readerName(driver));
    return /^(?<sum>[0-9a-f]{64})\b/.exec(answer?.content.toString('latin1') ?? '')?.groups?.sum ?? '';
  });
  return sumOf({ sums, complaints }) === sum;
}

let latest: { readonly speakers: readonly Speaker[]; readonly script: string } | undefined;

/** Most devices are read with the same readers. */
function scriptFor(speakers: readonly Speaker[]): string {
  const isLatest =
    latest?.speakers.length === speakers.length && latest.speakers.every((one, at) => one === speakers[at]);
  if (!isLatest) latest = { speakers: [...speakers], script: forcedCommandScript(speakers) };
  return latest!.script;
}

function pace(link: Link): readonly string[] {
  return slow.has(link) ? [SLOWLY] : [];
}

interface Watched {
  readonly out: FrameReader;
  readonly giveUp: AbortController;
  readonly overdueMs: number;
}

/** Holds each step to its limits of time and size, as far as that is not done on the device. */
function watchSteps(steps: readonly PlannedStep[], { out, giveUp, overdueMs }: Watched) {
  let gaveUp: CommandOutput | undefined;
  let culprit: Culprit | undefined;
  let total = 0;
  let under: string | undefined;
  const byName = new Map(steps.map((one) => [one.name, one]));
  const stepOf = (name: string | undefined): PlannedStep | undefined => byName.get(name?.replace(/:\d+$/, '') ?? '');
  const end = (output: CommandOutput, name = out.open()?.name): void => {
    if (gaveUp) return;
    gaveUp = output;
    const step = stepOf(name);
    if (step) culprit = { name: step.name, output };
    giveUp.abort();
  };
  const wait = (): NodeJS.Timeout => {
    const ms = (stepOf(under)?.step.timeoutMsMax ?? 0) + overdueMs;
    return setTimeout(() => end({ kind: 'timeout', afterMs: ms }), ms);
  };
  let timer = wait();
  return {
    count(reader: FrameReader, chunk: Buffer): void {
      if (gaveUp) return;
      reader.feed(chunk);
      total += chunk.length;
      const open = reader.open();
      const stepMax = stepOf(open?.name)?.step.bytesMax ?? STDERR_BYTES_MAX;
      const bytesMax = reader === out ? stepMax : STDERR_BYTES_MAX;
      if (open && open.bytes > bytesMax) end({ kind: 'too-large', bytesMax }, open.name);
      else if (total > TOTAL_BYTES_MAX) end({ kind: 'too-large', bytesMax: TOTAL_BYTES_MAX });
      const now = out.open()?.name;
      if (now === under) return;
      under = now;
      clearTimeout(timer);
      timer = wait();
    },
    stop: () => clearTimeout(timer),
    culprit: () => culprit,
    gaveUp: () => gaveUp,
  };
}

/** Why there are steps without an answer. */
function unfinished(output: CommandOutput, out: FrameReader): CommandOutput {
  if (output.kind !== 'exited') return output;
  const said = displayMessage(`${output.stderr}\n${out.aside().toString('utf8')}`);
  const words = said === '' ? '' : `: ${said}`;
  return {
    kind: 'broken',
    reason:
      output.exitCode === 0
        ? `the answer of the device stops before its end${words}`
        : `what reads the device ended with exit code ${output.exitCode}${words}`,
  };
}

/** A step was heard where both streams have it. */
function joined(outs: readonly Frame[] = [], errs: readonly Frame[] = []): ReadonlyMap<string, Said> {
  const complaints = new Map(errs.map((one) => [one.name, one.content]));
  return new Map(
    outs.flatMap(({ name, status, content }) => {
      const err = complaints.get(name);
      return err ? [[name, { status, out: content, err }] as const] : [];
    }),
  );
}

function answersOf(
  plans: readonly Plan[],
  { frames, rest }: Heard,
  leftOut: ReadonlyMap<string, CommandOutput>,
): Answers {
  const answers = new Map<PlannedStep['step'], StepAnswer>();
  const take = (planned: PlannedStep): void => {
    const { step, name, spellings, fallbacks } = planned;
    const sourceOf = (argv: readonly string[]): string => step.file ?? argv.join(' ');
    const at = spellings.findIndex((_, number) => frames.has(`${name}:${number}`));
    const given = leftOut.get(name);
    if (given || at < 0) {
      const argv = spellings[given || rest ? 0 : spellings.length - 1]!;
      answers.set(step, { source: sourceOf(argv), output: given ?? rest ?? { kind: 'missing', what: argv[0]! } });
      // What stands in for it was asked only where it is known to be missing.
      if (!given && !rest) fallbacks.forEach(take);
      return;
    }
    answers.set(step, { source: sourceOf(spellings[at]!), output: outputOf(frames.get(`${name}:${at}`)!, step) });
  };
  for (const { steps } of plans) steps.forEach(take);
  return answers;
}

function outputOf({ status, out, err }: Said, step: PlannedStep['step']): CommandOutput {
  const exitCode = /^\d{1,3}$/.test(status) ? Number(status) : Number.NaN;
  const stderr = err.toString('utf8');
  if (Number.isNaN(exitCode))
    return { kind: 'broken', reason: `it ended with the status ${displayMessage(status, 40)}` };
  if (out.length > step.bytesMax) return { kind: 'too-large', bytesMax: step.bytesMax };
  if (exitCode === TIMED_OUT) return { kind: 'timeout', afterMs: secondsOf(step) * 1000 };
  if (exitCode > 128) return { kind: 'killed', signal: signalName(exitCode - 128), stderr };
  if (step.file !== undefined && exitCode !== 0 && saysNoFile(stderr)) return { kind: 'missing', what: step.file };
  const decoded = decodeUtf8(out);
  if ('badOffset' in decoded) return { kind: 'not-utf8', offset: decoded.badOffset };
  return { kind: 'exited', exitCode, stdout: decoded.text, stderr };
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, one]) => one === number)?.[0] ?? `${number}`;
}
