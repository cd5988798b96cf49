import type { DialogueStep } from '../drivers/contract.js';
import { displayMessage, everywhere } from './capture.js';
import type { Answers, CommandOutput, StepAnswer } from './runner.js';

/** Of one step; a configuration has some hundreds of groups. */
const QUESTIONS_MAX = 2_000;
const NAME_CHARACTERS_MAX = 256;

/**
 * Asks one step after the other, and a step with `forEach` once for each name in the answer it goes by. What cannot be
 * asked because that answer failed is a failure as well: it is not known what there is.
 */
export async function askInOrder(
  steps: readonly DialogueStep[],
  ask: (step: DialogueStep, argv: readonly string[]) => Promise<CommandOutput>,
): Promise<Map<DialogueStep, StepAnswer>> {
  const answers = new Map<DialogueStep, StepAnswer>();
  for (const step of steps) {
    const source = step.argv.join(' ');
    if (!step.forEach) {
      answers.set(step, { source, output: await ask(step, step.argv) });
      continue;
    }
    const names = namesFor(step, answers);
    if (!Array.isArray(names)) {
      answers.set(step, { source, output: names as CommandOutput });
      continue;
    }
    const each: NonNullable<StepAnswer['each']>[number][] = [];
    for (const raw of names as readonly string[]) {
      const argv = step.argv.map((word) => word.replaceAll('{name}', raw));
      each.push({
        name: raw.replace(/^"(?<plain>.*)"$/, '$<plain>'),
        source: argv.join(' '),
        output: await ask(step, argv),
      });
    }
    answers.set(step, { source, output: NOTHING, each });
  }
  return answers;
}

const NOTHING: CommandOutput = { kind: 'exited', exitCode: 0, stdout: '', stderr: '' };

function namesFor({ forEach }: DialogueStep, answers: Answers): readonly string[] | CommandOutput {
  const base = [...answers].find(([{ id }]) => id === forEach!.step)?.[1].output;
  // The program that knows such things is not there: neither are they.
  if (base?.kind === 'missing') return base;
  if (base?.kind !== 'exited' || base.exitCode !== 0)
    return { kind: 'broken', reason: `not asked: ${forEach!.step} was not answered` };
  const names = new Set([...base.stdout.matchAll(everywhere(forEach!.names))].map(({ groups }) => groups!.name!));
  if (names.size > QUESTIONS_MAX) return { kind: 'broken', reason: `more than ${QUESTIONS_MAX} names to ask for` };
  // It becomes a part of a command: a name that could end the line and begin another one is not asked for.
  const odd = [...names].find((name) => name.length > NAME_CHARACTERS_MAX || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name));
  if (odd !== undefined) return { kind: 'broken', reason: `not asked for the name ${displayMessage(odd, 80)}` };
  return [...names];
}
