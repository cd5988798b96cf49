import type { Identification, Section } from '../contract.js';

const header = /^gatehouse \d+(?:\.\d+)+$/m;

/** Whether these sections are a Gatehouse's: by its header, or by the grammar of its policies. */
export function identify(sections: readonly Section[]): Identification {
  if (sections.some(({ text }) => header.test(text.slice(0, 4096)))) return 'certain';
  return sections.some(({ text }) => /^policy \d+ (?:off )?(?:permit|deny) from /m.test(text)) ? 'likely' : 'no';
}
