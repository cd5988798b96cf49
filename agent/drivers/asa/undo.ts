import type { Origin } from '../../model/index.js';
import type { UndoRequest } from '../contract.js';

/** A line that can be typed again: no control characters, and no question mark, which asks for help. */
function isTypable(text: string): boolean {
  return /^[\x20-\x3e\x40-\x7e]+$/.test(text);
}

/** `access-list A extended permit …` with the place that an entry is put in: `access-list A line 3 extended …`. */
function atLine(text: string, line: number): string {
  return text.replace(/^(?<head>access-list \S+) (?:line \d+ )?/, `$<head> line ${line} `);
}

function isEntry({ text, rule }: Origin): boolean {
  return text.startsWith('access-list ') && /^access-list \S+ line \d+$/.test(rule);
}

function lineOf({ rule }: Origin): number {
  return Number(/ line (?<line>\d+)$/.exec(rule)?.groups?.line);
}

/** What a person types in configuration mode. */
export function undo(request: UndoRequest): string | undefined {
  const { edit, rule, former, next } = request;
  if (
    request.table ||
    ![rule, ...(former ? [former] : []), ...(next ? [next] : [])].every(({ text }) => isTypable(text))
  )
    return undefined;
  if (!isEntry(rule)) return undoSetting(request);
  switch (edit) {
    case 'added':
      return `no ${rule.text}`;
    case 'removed':
      if (next && !isEntry(next)) return undefined;
      return next ? atLine(rule.text, lineOf(next)) : rule.text;
    case 'changed':
      return former && isEntry(former) ? `no ${rule.text}\n${atLine(former.text, lineOf(rule))}` : undefined;
    case 'moved':
      return former ? `no ${rule.text}\n${atLine(former.text, lineOf(former))}` : undefined;
    default:
      return undefined;
  }
}

/** Lines that stand by themselves: management, translations. Of PAN-OS, `telnet on ethernet1/1` looks alike. */
const alone =
  /^(?:http|ssh|telnet|icmp|ipv6 icmp|nat|access-group|same-security-traffic|snmp-server host|dhcpd enable|crypto map \S+ interface|crypto ikev[12] enable) (?!on )\S+/;

function undoSetting({ edit, rule }: UndoRequest): string | undefined {
  if (!alone.test(rule.text) || rule.rule.startsWith('object network') || rule.text.includes('(sysopt'))
    return undefined;
  if (edit === 'added') return `no ${rule.text}`;
  return edit === 'removed' ? rule.text : undefined;
}
