import { assert } from '../../lib/assert.js';
import type { VolatilePattern } from '../contract.js';

/**
 * Volatile text that is left out already on the device, where it is only looked at whether anything changed. There it
 * is sed(1) that leaves it out, so the expression must mean the same to both: extended regular expressions without
 * anything that POSIX and JavaScript read differently. Only ranges of printable characters, because a class such as
 * `[^ ]` takes in the line end here and not there; no braces, classes by name, backreferences or lazy quantifiers, and nothing at the end of a line.
 *
 * These patterns stand first in a driver's list. Then what the device leaves out is what the first steps of
 * `stableText` leave out, and the rest of its steps see the same: two texts that are equal on the device are equal
 * here. A text that is not left out on the device only costs a reading.
 */
export function onDevice(title: string, expression: string, replacement = ''): VolatilePattern {
  assert(
    !/\[\^|\$|(?<!\\)\[\[|[{}@']|\\[^[\]()]|[*+?]\?/.test(expression),
    `${title}: ${expression} may mean two things`,
  );
  let groups = 0;
  const named = expression.replace(/(?<!\\)\(/g, () => `(?<part${++groups}>`);
  return {
    title,
    // Not the flag m: for JavaScript a line also ends with \r, and for sed(1) only with \n.
    pattern: new RegExp(named.replace(/^\^/, '(?<![^\\n])'), 'g'),
    replacement: replacement.replace(/\\(?<number>\d)/g, '$$<part$<number>>'),
    onDevice: { expression, replacement },
  };
}
