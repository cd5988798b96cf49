import type { Identification, Section } from '../contract.js';

const header = /^#config-version=/m;
const table = /^config (?:vdom|global|system|firewall|router|vpn|user|log|antivirus|ips|webfilter)\b/m;

/** Whether these sections are a FortiGate's configuration: by its header, or by its grammar. */
export function identify(sections: readonly Section[]): Identification {
  const texts = sections.map(({ text }) => text);
  if (texts.some((text) => header.test(text))) return 'certain';
  return texts.some((text) => table.test(text) && /^\s*(?:edit|set) /m.test(text) && /^end\s*$/m.test(text))
    ? 'likely'
    : 'no';
}
