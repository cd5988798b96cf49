import type { Capture, DialogueStep, Driver, Section } from '../drivers/contract.js';
import { everywhere } from './capture.js';
import { runDialogues } from './dialogue.js';
import type { CommandRunner, Speaker } from './runner.js';
import { movedSections } from './settle.js';

/** What is needed of a driver to see what changed. */
export type Watcher = Pick<Driver, 'id' | 'dialogue' | 'volatile'>;

export interface ChangeOptions {
  /** What two readings agreed on last, redacted. */
  readonly base: readonly Capture[];
  /** Removes the secrets of a capture. */
  readonly redact: (capture: Capture) => Capture;
  readonly signal?: AbortSignal;
}

/**
 * `seen`: captures as good as those that two readings agree on. `torn`: what is read in one piece has lost a part of
 * its frame or most of its lines, as it does for a moment while a service loads its rules anew. `unclear`: whatever it
 * is, read twice.
 */
export type Change =
  | { readonly kind: 'seen'; readonly captures: readonly Capture[] }
  | { readonly kind: 'torn' }
  | { readonly kind: 'unclear' };

const UNCLEAR: Change = { kind: 'unclear' };

interface Leader {
  readonly driver: string;
  readonly step: DialogueStep;
  readonly frame: RegExp;
}

/**
 * Reads once, in the order in which one reading is proof. First what the device gives in one piece (`inOnePiece`): that
 * is how it stood at one moment. Then everything else: where all of it is as two readings agreed before, it was so at
 * that moment too. Views of the first (`viewOf`) may have changed with it: then the first is read once more, and what
 * was read between two listings that are the same to the last handle is of the same moment. Cross-checks and what
 * stands beside the device are not asked: a whole reading follows at once. What refines the first stays as it was: it
 * says what it said of the rules that are still the same, and of others nothing.
 */
export async function readChange(
  drivers: readonly Watcher[],
  runner: CommandRunner,
  device: string,
  { base, redact, signal }: ChangeOptions,
): Promise<Change> {
  const leader = leaderOf(drivers);
  if (!leader) return UNCLEAR;
  const ask = async (wanted: (driver: string, step: DialogueStep) => boolean): Promise<readonly Capture[]> => {
    const speakers: readonly Speaker[] = drivers.map(({ id, dialogue }) => ({
      id,
      dialogue: { ...dialogue, steps: dialogue.steps.filter((step) => wanted(id, step)) },
    }));
    return (await runDialogues(speakers, runner, device, signal ? { signal } : {})).map(redact);
  };
  const isLeader = (driver: string, step: DialogueStep): boolean => driver === leader.driver && step === leader.step;
  const leads = async (): Promise<Section | undefined> =>
    (await ask(isLeader)).flatMap(({ sections }) => sections).find(({ failure }) => failure === undefined);

  const before = base
    .find(({ driver }) => driver === leader.driver)
    ?.sections.find(({ name }) => name === leader.step.id);
  const first = await leads();
  if (!first || !before || before.failure || first.source !== before.source || first.text === before.text)
    return UNCLEAR;
  if (hasLost(leader.frame, before.text, first.text)) return { kind: 'torn' };
  const rest = await ask((driver, step) => !isLeader(driver, step) && step.need !== 'crossCheck' && !step.beside);
  const captures = together(rest, leader, first, { base, drivers });
  const moved = movedSections(base, captures, drivers).filter(({ step }) => step?.need !== 'crossCheck');
  const views = moved.filter(({ driver, name }) => driver !== leader.driver || name !== leader.step.id);
  if (!views.every(({ step, source }) => isView(step, source, leader))) return UNCLEAR;
  if (views.length > 0 && (await leads())?.text !== first.text) return UNCLEAR;
  return { kind: 'seen', captures };
}

function leaderOf(drivers: readonly Watcher[]): Leader | undefined {
  for (const { id, dialogue } of drivers) {
    const step = dialogue.steps.find(({ inOnePiece }) => inOnePiece !== undefined);
    if (step) return { driver: id, step, frame: step.inOnePiece!.frame };
  }
  return undefined;
}

/** Another spelling of the command may be another program, which shows something else. */
function isView(step: DialogueStep | undefined, source: string, leader: Leader): boolean {
  return step?.viewOf === `${leader.driver}/${leader.step.id}` && source === step.argv.join(' ');
}

/** Whether a part of the frame is gone, or most of what stood in it. */
function hasLost(frame: RegExp, before: string, now: string): boolean {
  const left = new Map<string, number>();
  for (const [part] of now.matchAll(everywhere(frame))) left.set(part, (left.get(part) ?? 0) + 1);
  for (const [part] of before.matchAll(everywhere(frame))) {
    const count = left.get(part) ?? 0;
    if (count === 0) return true;
    left.set(part, count - 1);
  }
  return linesOf(now) < linesOf(before) / 2;
}

function linesOf(text: string): number {
  return text.split('\n').length;
}

function together(
  rest: readonly Capture[],
  leader: Leader,
  first: Section,
  { base, drivers }: { readonly base: readonly Capture[]; readonly drivers: readonly Watcher[] },
): readonly Capture[] {
  return rest.map((capture) => {
    const { dialogue } = drivers.find(({ id }) => id === capture.driver)!;
    const old = base.find(({ driver }) => driver === capture.driver)?.sections ?? [];
    const sections = dialogue.steps.flatMap((step) => {
      if (capture.driver === leader.driver && step === leader.step) return [first];
      const from = step.beside || step.refines !== undefined ? old : capture.sections;
      return from.filter(({ name }) => name === step.id);
    });
    return { ...capture, sections };
  });
}
