import type { Identification, Section } from '../contract.js';

/** Whether these sections are answers to the questions of this driver; a text alone is never taken for one. */
export function identify(sections: readonly Section[]): Identification {
  const own = new Set(sections.map(({ name }) => name));
  return own.has('sudoers') && own.has('group') && own.has('accept-ra') ? 'certain' : 'no';
}
