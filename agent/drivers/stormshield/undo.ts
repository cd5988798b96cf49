import type { UndoRequest } from '../contract.js';

const place = /^(?<global>global )?(?<type>filter|nat) slot (?<slot>\d{2}) position (?<position>\d+)$/;

/**
 * What a person types into the console of commands (NSRPC). serverd inserts rules by fields and not by their text, so
 * what was there before is said in words; nothing is in force until the slot is activated.
 */
export function undo({ edit, rule, former, next, table }: UndoRequest): string | undefined {
  const found = place.exec(rule.rule)?.groups;
  if (table || !found) return undefined;
  const where = `index=${Number(found.slot)} type=${found.type} global=${found.global ? 1 : 0}`;
  const activate = 'CONFIG FILTER ACTIVATE';
  const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e\u00a0-\u024f]/g, '?');
  switch (edit) {
    case 'added':
      return `CONFIG FILTER RULE REMOVE ${where} position=${found.position}\n${activate}`;
    case 'removed': {
      const before = next && place.exec(next.rule)?.groups?.position;
      return `put the rule back ${before ? `at position ${before}` : 'at the end'} (CONFIG FILTER RULE INSERT ${where}), then ${activate}: ${printable(rule.text)}`;
    }
    case 'changed':
      return (
        former &&
        `give the rule at position ${found.position} its former form (CONFIG FILTER RULE UPDATE ${where}), then ${activate}: ${printable(former.text)}`
      );
    case 'moved': {
      const position = former && place.exec(former.rule)?.groups?.position;
      return (
        position &&
        `move the rule at position ${found.position} back to position ${position} (${where}), then ${activate}`
      );
    }
    default:
      return undefined;
  }
}
