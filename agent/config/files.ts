import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { failure, type Problem, type Result, success } from '../lib/result.js';

/** Files that a configuration names: a path, or a pattern whose last part has a `*`. */

type Complaint = Pick<Problem, 'message' | 'expected' | 'remedy'>;

/** The files that are meant, sorted by name. A pattern that finds none is wrong: what is missing declares nothing. */
export function filesNamed(text: string, folder: string): Result<readonly string[], Complaint> {
  const whole = resolve(folder, text);
  if (!text.includes('*')) return success([whole]);
  const [place, pattern] = [dirname(whole), basename(whole)];
  if (place.includes('*')) {
    const expected = 'a `*` in the name of the file alone, such as ./windows/*.yaml';
    return failure({ message: `\`${text}\` has a \`*\` in a folder`, expected, remedy: 'name each folder' });
  }
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  // As in a shell, a file that is hidden is not meant.
  const isMeant = (name: string): boolean => new RegExp(`^${parts.join('.*')}$`).test(name) && !name.startsWith('.');
  let names: readonly string[];
  try {
    names = readdirSync(place).filter(isMeant).sort();
  } catch (error) {
    const message = `\`${text}\`: the folder cannot be read: ${codeOf(error)}`;
    return failure({ message, expected: 'a folder with such files', remedy: 'correct the path or the rights' });
  }
  if (names.length === 0) {
    const message = `\`${text}\` finds no file`;
    return failure({ message, expected: 'at least one', remedy: 'correct it, or remove it' });
  }
  return success(names.map((name) => join(place, name)));
}

/** The text of a file that another one names. */
export function textOf(path: string): Result<string, Complaint> {
  try {
    return success(readFileSync(path, 'utf8'));
  } catch (error) {
    const message = `${path} cannot be read: ${codeOf(error)}`;
    return failure({ message, expected: 'a file that may be read', remedy: 'correct the path or the rights' });
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
