import type { Family } from '../../model/index.js';
import type { TableText } from './parse.js';
import { hintsFamily } from './values.js';
import { splitWords } from './words.js';

/**
 * The family of a table in an imported file: what its header says, else what its rules can only mean, else what its
 * file says elsewhere or is called, else IPv4.
 */
export function familyOf(table: TableText, all: readonly TableText[], file: string): Family {
  return (
    table.family ??
    familyOfRules(table) ??
    all.find((other) => other.family !== undefined)?.family ??
    all.map(familyOfRules).find((family) => family !== undefined) ??
    (/(?:v6|ip6)/i.test(file) ? 'ip6' : 'ip4')
  );
}

function familyOfRules(table: TableText): Family | undefined {
  for (const command of table.commands) {
    const words = (command.extracted && splitWords(command.text, command.shell)) ?? [];
    for (const [index, { text }] of words.entries()) {
      const option = words[index - 1]?.text ?? '';
      const value = words[index - 1]?.text === '!' ? (words[index - 2]?.text ?? '') : option;
      if (
        /^(?:-s|-d|--source|--destination|--src|--dst|--to-source|--to-destination|--to|--src-range|--dst-range)$/.test(
          value,
        )
      ) {
        const hint = hintsFamily(text);
        if (hint) return hint;
      }
      if (/^(?:-p|--protocol)$/.test(value)) {
        if (/^(?:icmpv6|ipv6-icmp|icmp6)$/i.test(text)) return 'ip6';
        if (/^icmp$/i.test(text)) return 'ip4';
      }
      if (/^(?:-m|--match)$/.test(value)) {
        if (/^(?:icmp6|icmpv6|hl|rt|frag|ipv6header|hbh|mh|eui64)$/.test(text)) return 'ip6';
        if (/^(?:icmp|ttl)$/.test(text)) return 'ip4';
      }
      if (value === '--reject-with' && /^icmp/.test(text))
        return /^(?:icmp6|adm|no-route|addr)/.test(text) ? 'ip6' : 'ip4';
    }
  }
  return undefined;
}
