import type { Capture, Dialogue, DialogueStep, Section, SectionFailure } from '../drivers/contract.js';
import type { Problem } from '../lib/result.js';
import { displayMessage } from './capture.js';
import type { Answers, CommandOutput, CommandRunner, Conversed, Seal, Speaker, StepAnswer } from './runner.js';

export interface DialogueOptions {
  readonly signal?: AbortSignal;
}

/**
 * Carries out drivers' dialogues once, all together. The result is raw: it may hold secrets and must pass through
 * redact.ts before it leaves collect/. What could not be read is a section with a failure, never an exception.
 */
export function runDialogues(
  drivers: readonly Speaker[],
  runner: CommandRunner,
  device: string,
  options: DialogueOptions = {},
): Promise<readonly Capture[]> {
  return dialogueReader(drivers, runner, device, options).read(1);
}

/** One driver's dialogue, once. */
export async function runDialogue(
  driver: Speaker,
  runner: CommandRunner,
  device: string,
  options: DialogueOptions = {},
): Promise<Capture> {
  const [capture] = await runDialogues([driver], runner, device, options);
  return capture!;
}

export interface DialogueReader {
  /**
   * Reads again at each call. `ahead` says how many readings in a row are wanted from here on: where a device can be
   * asked for several in one request, they are taken then and given out one by one.
   */
  read(ahead: number): Promise<readonly Capture[]>;
  /** Of the reading that was given out last, where the device can tell later whether it still holds. */
  seal(): Seal | undefined;
}

export function dialogueReader(
  drivers: readonly Speaker[],
  runner: CommandRunner,
  device: string,
  { signal }: DialogueOptions = {},
): DialogueReader {
  const taken: Conversed[] = [];
  let last: Conversed | undefined;
  const take = async (passes: number): Promise<readonly Conversed[]> =>
    runner.converse
      ? runner.converse(drivers, { passes, ...(signal && { signal }) })
      : [{ answers: await stepByStep(drivers, runner, { ...(signal && { signal }) }) }];
  return {
    async read(ahead) {
      if (taken.length === 0) taken.push(...(await take(ahead)));
      last = taken.shift()!;
      const { answers } = last;
      return drivers.map(({ id, dialogue }) => ({
        driver: id,
        device,
        sections: sectionsOf(dialogue, answers, device),
      }));
    },
    seal: () => last?.seal,
  };
}

function sectionsOf(dialogue: Dialogue, answers: Answers, device: string): readonly Section[] {
  return dialogue.steps.flatMap((step) => {
    const answer = answers.get(step);
    if (!answer || (answer.output.kind === 'missing' && step.need !== 'required')) return [];
    const { source, output, within = [], each } = answer;
    const section = (name: string, from: string, one: CommandOutput): Section => {
      const failure = failureOf(one, { step, device, source: from });
      return { name, source: from, text: one.kind === 'exited' ? one.stdout : '', ...(failure && { failure }) };
    };
    if (each)
      return each
        .filter((one) => one.output.kind !== 'missing' || step.need === 'required')
        .map((one) => section(`${one.name}-${step.id}`, one.source, one.output));
    const inside = [...within].map(([name, one]) => section(`${name}-${step.id}`, `${name}: ${source}`, one));
    return [section(step.id, source, output), ...inside];
  });
}

/** Asks one step after the other, as many at once as the runner bears. */
export async function stepByStep(
  drivers: readonly Speaker[],
  runner: CommandRunner,
  { signal }: DialogueOptions,
): Promise<Answers> {
  const questions = drivers.flatMap(({ id, dialogue }) => dialogue.steps.map((step) => ({ driver: id, step })));
  const found = new Map<DialogueStep, StepAnswer>();
  const perform = async ({ step }: (typeof questions)[number]): Promise<void> => {
    found.set(step, await performStep(step, runner, signal));
  };
  await inParallel(
    questions.filter(({ step }) => step.fallbackFor === undefined),
    runner.parallelMax,
    perform,
  );
  // The steps only read, so their order does not matter to the device, except that a fallback waits for its answer.
  const isMissing = (driver: string, id: string): boolean =>
    questions.some(
      (one) => one.driver === driver && one.step.id === id && found.get(one.step)?.output.kind === 'missing',
    );
  await inParallel(
    questions.filter(({ driver, step }) => step.fallbackFor !== undefined && isMissing(driver, step.fallbackFor)),
    runner.parallelMax,
    perform,
  );
  return found;
}

async function inParallel<T>(items: readonly T[], most: number, action: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await action(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
}

async function performStep(
  step: DialogueStep,
  runner: CommandRunner,
  signal: AbortSignal | undefined,
): Promise<StepAnswer> {
  const limits = { timeoutMsMax: step.timeoutMsMax, bytesMax: step.bytesMax, ...(signal && { signal }) };
  if (step.file !== undefined) return { source: step.file, output: await runner.readFile(step.file, limits) };
  let output: CommandOutput = { kind: 'cancelled' };
  let source = '';
  for (const argv of spellingsOf(step)) {
    source = argv.join(' ');
    output = await runner.run(argv, limits);
    if (output.kind !== 'missing') break;
  }
  return { source, output };
}

/** The commands of a step, in the order in which they are tried. */
export function spellingsOf(step: DialogueStep): readonly (readonly string[])[] {
  return [step.argv, ...(step.alternatives ?? [])];
}

interface Place {
  readonly step: DialogueStep;
  readonly device: string;
  readonly source: string;
}

function failureOf(output: CommandOutput, place: Place): SectionFailure | undefined {
  const { step } = place;
  switch (output.kind) {
    case 'exited': {
      // A refusal counts also with exit code 0: some programs say that they may not see everything and go on.
      if (saysRefused(step, output.stderr)) return refused(place, output.stderr);
      return output.exitCode === 0 ? undefined : broke(place, `exit code ${output.exitCode}`, output.stderr);
    }
    case 'killed':
      return broke(place, `signal ${output.signal}`, output.stderr);
    case 'refused':
      return refused(place, output.reason);
    case 'broken':
      return broke(place, 'an error of the system', output.reason);
    case 'missing':
      return failed(place, 'missing-program', {
        code: 'MISSING_PROGRAM',
        message: step.file === undefined ? `${output.what} is not installed` : `${output.what} does not exist`,
        expected: step.file === undefined ? `the program ${output.what}` : `the file ${output.what}`,
        remedy:
          step.package === undefined
            ? 'install the program that brings it'
            : `install it on the device: apt-get install ${step.package}`,
      });
    case 'timeout':
      return failed(place, 'timeout', {
        code: 'TIMEOUT',
        message: `no end after ${output.afterMs} ms, so it was ended`,
        expected: 'an answer in that time',
        remedy: 'run it by hand on the device and see why it hangs',
      });
    case 'cancelled':
      return failed(place, 'timeout', {
        code: 'CANCELLED',
        message: 'ended before its answer, because the reading was given up',
        expected: 'a reading that goes to its end',
        remedy: 'read the device again',
      });
    case 'too-large':
      return failed(place, 'too-large', {
        code: 'TOO_LARGE',
        message: `more than ${output.bytesMax} bytes, so it was ended`,
        expected: `at most ${output.bytesMax} bytes`,
        remedy: 'run it by hand on the device and see what fills it',
      });
    case 'not-utf8':
      return failed(place, 'not-utf8', {
        code: 'NOT_UTF8',
        message: `byte ${output.offset} of the output is not UTF-8`,
        expected: 'text in UTF-8',
        remedy: 'find the name or comment with foreign bytes on the device and write it in UTF-8',
      });
  }
}

/** What the C library and the usual programs say for EPERM and EACCES. */
export const NOT_PERMITTED = /operation not permitted|permission denied|must be root|you need to be root/i;

function saysRefused(step: DialogueStep, stderr: string): boolean {
  if (stderr === '') return false;
  return (step.refused ?? NOT_PERMITTED).test(stderr);
}

function refused(place: Place, said: string): SectionFailure {
  const { right } = place.step;
  return failed(place, 'missing-right', {
    code: 'MISSING_RIGHT',
    message: `refused: ${displayMessage(said)}`,
    expected: right === undefined ? 'the right to read it' : right.capability,
    remedy: right === undefined ? 'run it as a user who may read it' : `grant it: ${right.command}`,
  });
}

function broke(place: Place, how: string, said: string): SectionFailure {
  const words = displayMessage(said);
  return failed(place, 'exit-code', {
    code: 'COMMAND_FAILED',
    message: `ended with ${how}${words === '' ? ' and said nothing' : `: ${words}`}`,
    expected: 'exit code 0',
    remedy: 'run it by hand on the device and mend what it says',
  });
}

function failed(place: Place, kind: SectionFailure['kind'], problem: Problem): SectionFailure {
  return { kind, problem: { ...problem, message: `${place.device}: ${place.source}: ${problem.message}` } };
}
