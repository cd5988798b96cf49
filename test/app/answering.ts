import type { CommandOutput, CommandRunner } from '../../agent/collect/index.js';

/** A device that answers each step of a dialogue by its id, alike in every pass, and nothing else. */
export function answering(answer: (id: string) => CommandOutput): CommandRunner {
  const nothing = async (): Promise<CommandOutput> => ({ kind: 'missing', what: 'it' });
  return {
    run: nothing,
    readFile: nothing,
    follow: nothing,
    parallelMax: 1,
    converse: async (speakers, { passes }) =>
      Array.from({ length: passes }, () => ({
        answers: new Map(
          speakers
            .flatMap(({ dialogue }) => dialogue.steps)
            .map((step) => [step, { source: step.argv.join(' '), output: answer(step.id) }]),
        ),
      })),
  };
}
