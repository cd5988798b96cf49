/** Reads the words of one line from left to right. */
export interface Cursor {
  peek(ahead?: number): string | undefined;
  take(): string | undefined;
  /** Takes the next word if it is this one. */
  took(word: string): boolean;
  rest(): readonly string[];
}

export function cursorOf(words: readonly string[], from = 0): Cursor {
  let at = from;
  return {
    peek: (ahead = 0) => words[at + ahead],
    take: () => words[at++],
    took(word) {
      if (words[at] !== word) return false;
      at += 1;
      return true;
    },
    rest: () => words.slice(at),
  };
}

/** Words that are not what the grammar has in this place; caught where the line is marked, never outside of the driver. */
export class NotUnderstood extends Error {}

/** Something that the line refers to is not in the capture. */
export class Missing extends NotUnderstood {}

export function refuse(message: string): never {
  throw new NotUnderstood(message);
}
