/**
 * One word for a POSIX shell: bare where that is safe, else in single quotes, in which nothing is special. In double
 * quotes `$(…)` in a rule's comment would be carried out by whoever pastes the command.
 */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
