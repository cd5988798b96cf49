import type { Identification, Section } from '../contract.js';

/** The sections of files carry names of their own; text alone is never taken for saved rules. */
export function identify(sections: readonly Section[]): Identification {
  return sections.some(({ name }) => name === 'systemd' || name === 'openrc') ? 'certain' : 'no';
}
