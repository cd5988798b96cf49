import type { Origin, TableRef } from '../../model/index.js';
import type { UndoRequest } from '../contract.js';
import { shellWord } from '../shared/shell.js';
import { splitWords } from './words.js';

/** The iptables command that undoes an edit, of the family and back end that the rule was read from. */
export function undo({ edit, rule, former, next, table }: UndoRequest): string | undefined {
  if (!table || (table.family !== 'ip' && table.family !== 'ip6')) return undefined;
  const program = programOf(rule, table);
  const call = `${program}${table.name === 'filter' ? '' : ` -t ${shellWord(table.name)}`}`;
  if (edit === 'flushed') {
    if (!isOwn(rule)) return undefined;
    // Where Debian's iptables-persistent keeps what it loads at start.
    return `${program}-restore < /etc/iptables/rules.${table.family === 'ip' ? 'v4' : 'v6'}`;
  }
  if (edit === 'policy') {
    const parts = /^(?::|-P )(?<chain>\S+) (?<policy>ACCEPT|DROP)\b/.exec(former?.text ?? '')?.groups;
    return parts && `${call} -P ${shellWord(parts.chain!)} ${parts.policy}`;
  }
  const now = specOf(rule);
  if (!now) return undefined;
  switch (edit) {
    case 'added':
      return `${call} -D ${now.chain} ${now.spec}`.trimEnd();
    case 'removed': {
      const number = next && numberOf(next);
      const verb = number === undefined ? `-A ${now.chain}` : `-I ${now.chain} ${number}`;
      return `${call} ${verb} ${now.spec}`.trimEnd();
    }
    case 'changed': {
      const was = former && specOf(former);
      const number = numberOf(rule);
      if (!was || number === undefined) return undefined;
      return `${call} -R ${now.chain} ${number} ${was.spec}`.trimEnd();
    }
    case 'moved':
    case 'object':
      return undefined;
  }
}

/** A line of iptables-save, or of a list of commands. */
function isOwn({ text }: Origin): boolean {
  return /^(?:-[AINP] |:\S+ )/.test(text);
}

function programOf({ file }: Origin, { family, store }: TableRef): string {
  const plain = family === 'ip' ? 'iptables' : 'ip6tables';
  return store === 'xtables' && file.includes('-legacy-') ? `${plain}-legacy` : plain;
}

/** `-A FORWARD -p tcp …` as words for a shell; iptables-save's own quotes would let a comment run commands. */
function specOf({ text }: Origin): { readonly chain: string; readonly spec: string } | undefined {
  const words = splitWords(text);
  if (!words || !/^-[AI]$/.test(words[0]?.text ?? '') || !words[1]) return undefined;
  const rest = words.slice(words[0]!.text === '-I' && /^\d+$/.test(words[2]?.text ?? '') ? 3 : 2);
  return { chain: shellWord(words[1].text), spec: rest.map(({ text: word }) => shellWord(word)).join(' ') };
}

/** The place in its chain, as `filter/FORWARD rule 3` says it. */
function numberOf({ rule }: Origin): string | undefined {
  return / rule (?<number>\d+)(?: \(handle \d+\))?$/.exec(rule)?.groups?.number;
}
