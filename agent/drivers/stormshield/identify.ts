import type { Identification, Section } from '../contract.js';

/** Enough of a text to tell what it is. */
const LOOKED_AT = 256 * 1024;

const listedRule = /^position=\d+; (?:usage=\d+ match=\d+ )?(?:ruleid=\d+: |separator )/m;
const slotRule = /^(?:off )?(?:pass|block|reset|deleg|decrypt|nat)\b[^\n]* from \S+[^\n]* to \S+/m;
const answered = /^101 code=[0-9a-f]{8} msg="/m;

/** Whether these sections are answers of NSRPC, or a slot's file. */
export function identify(sections: readonly Section[]): Identification {
  let best: Identification = 'no';
  for (const { text } of sections) {
    const start = text.slice(0, LOOKED_AT);
    if (/^\[Filter\]\s*$/m.test(start) && (listedRule.test(start) || slotRule.test(start))) return 'certain';
    if (answered.test(start) || (/^\[NAT\]\s*$/m.test(start) && slotRule.test(start))) best = 'likely';
  }
  return best;
}
