import type { Identification, Section } from '../contract.js';

/** Enough of a text to tell what it is. */
const LOOKED_AT = 256 * 1024;

const certain =
  /<config\b[^>]*\burldb=|<entry name="localhost\.localdomain">|^\s*localhost\.localdomain \{|^set (?:policy panorama |device-group \S+ |network interface ethernet ethernet\d|zone \S+ network layer3 |deviceconfig (?:system|setting) )|^policy \{\s+panorama \{/m;
const likely =
  /^<response status="success"|<policy>\s*<panorama|^set (?:vsys \S+ )?(?:rulebase (?:security|nat) rules |address-group |service-group \S+ members )|^set shared (?:address|service|application)|^\s*rulebase \{$|^\s+terminal (?:yes|no);$/m;

/** Whether these sections are a configuration of PAN-OS, in any of its forms. */
export function identify(sections: readonly Section[]): Identification {
  let best: Identification = 'no';
  for (const { text } of sections) {
    const start = text.slice(0, LOOKED_AT);
    if (certain.test(start)) return 'certain';
    if (likely.test(start)) best = 'likely';
  }
  return best;
}
