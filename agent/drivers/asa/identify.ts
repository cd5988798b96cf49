import type { Identification, Section } from '../contract.js';

/** Enough of a text to tell what it is. */
export const LOOKED_AT = 256 * 1024;

const certain =
  /^(?:: )?(?:ASA|PIX|FWSM|NGFW) Version \d+\.\d+|^!?\s*Cisco Adaptive Security Appliance Software Version/m;
const likely =
  /^(?:access-list \S+ (?:line \d+ )?(?:extended|standard) (?:permit|deny) |access-list \S+; \d+ elements|clear configure access-list |access-group \S+ (?:in interface|out interface|global)|same-security-traffic permit|object-group (?:network|service|protocol|icmp-type) \S|object (?:network|service) \S| nameif \S|nat \(\S+,\S+\) |tunnel-group \S+ type |route \S+ \d+\.\d+\.\d+\.\d+ \d+\.\d+\.\d+\.\d+ \d)/m;
/** Marks of other systems whose lines look alike. */
const others =
  /^(?:NX-OS|version \d+\.\d+$|config (?:system|firewall) |set (?:deviceconfig|rulebase|system) |\*filter|table (?:inet|ip) |ip access-list )/m;

/** Whether these sections are of an ASA: by what the configuration or its version says of itself, or by its grammar. */
export function identify(sections: readonly Section[]): Identification {
  let best: Identification = 'no';
  for (const { name, text } of sections) {
    const start = text.slice(0, LOOKED_AT);
    if (certain.test(start)) return 'certain';
    if (name === 'sysopt') continue;
    if (likely.test(start) && !others.test(start)) best = 'likely';
  }
  return best;
}
