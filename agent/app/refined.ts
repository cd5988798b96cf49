import { stepOfSection } from '../collect/index.js';
import type { Capture, Driver } from '../drivers/contract.js';

/** What captures have of sections by which others are read more exactly (`refines`). */
export interface Refined {
  /** Which of them could be read: captures with the same text here are on an even footing. */
  readonly key: string;
  /** The captures as they are without any; the same ones where there is none. */
  readonly without: readonly Capture[];
}

/**
 * What one reading tells more exactly than another is no change of the device: where one of two has such a section and
 * the other has none, because it is older or the program failed, both are compared as they are without it.
 */
export function refinedOf(captures: readonly Capture[], drivers: readonly Pick<Driver, 'id' | 'dialogue'>[]): Refined {
  const keys: string[] = [];
  const without = captures.map((capture) => {
    const dialogue = drivers.find(({ id }) => id === capture.driver)?.dialogue;
    const refining = capture.sections.filter(
      ({ name }) => dialogue && stepOfSection(dialogue, name)?.refines !== undefined,
    );
    if (refining.length === 0) return capture;
    const readable = refining.filter(({ failure }) => failure === undefined);
    keys.push(...readable.map(({ name }) => `${capture.driver}/${name}`));
    return { ...capture, sections: capture.sections.filter((section) => !refining.includes(section)) };
  });
  return { key: keys.sort().join(' '), without: without.some((one, at) => one !== captures[at]) ? without : captures };
}
