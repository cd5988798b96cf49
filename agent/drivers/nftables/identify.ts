import type { Identification, Section } from '../contract.js';

/** nft always prints the family; people may leave it out, and other platforms have things called `table 10 {`. */
const tablePattern = /^[ \t]*(?:add[ \t]+)?table[ \t]+(?:ip6?|inet|bridge|netdev|arp)[ \t]+[\w./-]+[ \t]*\{/m;
const likelyPattern =
  /^(?:#!.*\bnft\b|[ \t]*(?:flush[ \t]+ruleset|table[ \t]+[A-Za-z_][\w./-]*[ \t]*\{|add[ \t]+(?:table|chain|rule|set|element)[ \t]))/m;
/** A ruleset says what it is near its start, after comments and definitions at most. */
const identifiedCharsMax = 256 * 1024;

/** The step whose answer only says more of what another section lists. */
export const BYTECODE = 'nft-bytecode';

export function isJson(section: Section): boolean {
  return section.name === 'nft-json' || /^\s*\{\s*"nftables"\s*:/.test(section.text);
}

/** What one section is. */
export function recognise(section: Section): Identification {
  if (section.name === 'nft-text' || isJson(section)) return 'certain';
  if (section.name === 'kernel-symbols' || section.name === BYTECODE) return 'no';
  const start = section.text.slice(0, identifiedCharsMax);
  if (tablePattern.test(start)) return 'certain';
  return likelyPattern.test(start) ? 'likely' : 'no';
}

/** Whether these sections are a ruleset of nftables, as text or as JSON. */
export function identify(sections: readonly Section[]): Identification {
  const found = sections.map(recognise);
  return found.includes('certain') ? 'certain' : found.includes('likely') ? 'likely' : 'no';
}
