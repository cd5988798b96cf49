/**
 * References to what is not there. A device refuses a line that names an object or a list which it does not have,
 * unless it was told to take names before what they stand for: then whatever has such a name is ignored until it is
 * there (Cisco ASA Series Firewall CLI Configuration Guide, "Access Control Lists", guidelines).
 */
import type { Config } from './config.js';
import type { Library } from './library.js';

const switchedOn = /^forward-reference enable\s*$/m;

export function takesForwardReferences(text: string): boolean {
  return switchedOn.test(text);
}

/** Reads something by itself, and says what it named that is not there. */
export function apart<T>(
  library: Library,
  read: (library: Library) => T,
): { readonly found: T; readonly missing: Set<string> } {
  const missing = new Set<string>();
  try {
    return { found: read({ ...library, missing }), missing };
  } catch (error) {
    for (const what of missing) library.missing.add(what);
    throw error;
  }
}

/** The line names itself whatever it lacks; what a group within it lacks is another question. */
export function isIgnored(words: readonly string[], missing: ReadonlySet<string>, library: Library): boolean {
  return (
    library.takesForwardReferences &&
    missing.size > 0 &&
    [...missing].every((what) => words.includes(what.slice(what.lastIndexOf(' ') + 1)))
  );
}

/** Bindings that hold: one to a list that is not there yet is ignored where such names are taken. */
export function bindingsThatHold(config: Config): Config['bindings'] {
  if (!config.library.takesForwardReferences) return config.bindings;
  const lists = new Set(config.entries.map(({ list }) => list));
  return config.bindings.filter(({ list }) => lists.has(list));
}
