import { createInterface } from 'node:readline/promises';

/** Asks one line of the person at the terminal. */
export type AskLine = (question: string) => Promise<string>;

/** Asks at the terminal, on `output`; undefined where the person leaves instead (Ctrl-C, Ctrl-D). */
export async function atTerminal<T>(
  output: NodeJS.WritableStream,
  use: (ask: AskLine) => Promise<T>,
): Promise<T | undefined> {
  const terminal = createInterface({ input: process.stdin, output });
  try {
    return await use((question) => terminal.question(question));
  } catch (error) {
    if ((error as Partial<Error> | undefined)?.name !== 'AbortError') throw error;
    // What is said next begins on a line of its own.
    output.write('\n');
    return undefined;
  } finally {
    terminal.close();
  }
}
