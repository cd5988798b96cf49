import type { Origin } from '../../model/index.js';
import type { UndoRequest } from '../contract.js';
import { wordOf } from './content.js';

/** The lines that undo an edit of a policy, as one types them; a virtual domain is entered first. */
export function undo({ edit, rule, former, next }: UndoRequest): string | undefined {
  const place = placeOf(rule);
  if (!place) return edit === 'added' ? (shutAccess(rule) ?? shutZone(rule) ?? deleteVip(rule)) : undefined;
  const within = (...lines: readonly string[]): string => {
    const body = [`config ${place.path}`, ...lines, 'end'];
    return (place.vdom === undefined ? body : ['config vdom', `edit ${wordOf(place.vdom)}`, ...body, 'end']).join('\n');
  };
  const id = wordOf(place.name);
  switch (edit) {
    case 'added':
      return within(`delete ${id}`);
    case 'removed': {
      const lines = linesOf(rule);
      const before = next && placeOf(next);
      const move = before?.path === place.path ? [`move ${id} before ${wordOf(before.name)}`] : [];
      return lines && within(...lines, ...move);
    }
    case 'changed': {
      const lines = former && linesOf(former);
      const now = linesOf(rule);
      if (!lines || !now || placeOf(former)?.name !== place.name) return undefined;
      const kept = new Set(lines.map(keyOf));
      const gone = now.map(keyOf).filter((key) => key !== undefined && !kept.has(key));
      return within(lines[0]!, ...gone.map((key) => `unset ${key}`), ...lines.slice(1));
    }
    default:
      return undefined;
  }
}

/** Names that stand in a command as they are, or in quotes, and break out of neither. */
const plainName = /^[\w .()@:-]+$/;
const access = /^(?:(?<vdom>[^/]+)\/)?system interface (?<name>.+) (?<key>(?:ip6-)?allowaccess)$/;

/** Administrative access that was opened on an interface; with virtual domains, interfaces are the whole device's. */
function shutAccess({ rule, text }: Origin): string | undefined {
  const found = access.exec(rule)?.groups;
  const word = /^(?:ip6-)?allowaccess (?<word>[\w-]+) on /.exec(text)?.groups?.word;
  if (!found || !word || !plainName.test(found.name!)) return undefined;
  const unselect = `unselect ${found.key} ${word}`;
  const inner = found.key === 'allowaccess' ? [unselect] : ['config ipv6', unselect, 'end'];
  const body = ['config system interface', `edit ${wordOf(found.name!)}`, ...inner, 'next', 'end'];
  return (found.vdom === undefined ? body : ['config global', ...body, 'end']).join('\n');
}

const intrazone = /^(?:(?<vdom>[^/]+)\/)?system zone (?<name>.+) intrazone$/;

function shutZone({ rule }: Origin): string | undefined {
  const found = intrazone.exec(rule)?.groups;
  if (!found || !plainName.test(`${found.name}${found.vdom ?? ''}`)) return undefined;
  const body = ['config system zone', `edit ${wordOf(found.name!)}`, 'set intrazone deny', 'next', 'end'];
  return (found.vdom === undefined ? body : ['config vdom', `edit ${wordOf(found.vdom)}`, ...body, 'end']).join('\n');
}

const virtualIp = /^(?:(?<vdom>[^/]+)\/)?(?<path>firewall vip6?) (?<name>.+)$/;

/** The device refuses it for as long as a policy names the virtual IP, and says which. */
function deleteVip({ rule }: Origin): string | undefined {
  const found = virtualIp.exec(rule)?.groups;
  if (!found || !plainName.test(`${found.name}${found.vdom ?? ''}`)) return undefined;
  const body = [`config ${found.path}`, `delete ${wordOf(found.name!)}`, 'end'];
  return (found.vdom === undefined ? body : ['config vdom', `edit ${wordOf(found.vdom)}`, ...body, 'end']).join('\n');
}

interface Place {
  readonly vdom?: string;
  readonly path: string;
  readonly name: string;
}

const policies =
  /^(?:(?<vdom>[^/]+)\/)?(?<path>firewall (?:policy6?|consolidated policy|security-policy|local-in-policy6?|central-snat-map|acl6?)) (?<name>\d+)$/;

function placeOf({ rule }: Origin): Place | undefined {
  const found = policies.exec(rule)?.groups;
  if (!found) return undefined;
  return { path: found.path!, name: found.name!, ...(found.vdom !== undefined && { vdom: found.vdom }) };
}

/** Statements with no `;` in any value: a name must not pass for a statement of its own. */
const statements = /^(?:(?:edit|set)(?: (?:[\w.:,/+@%*-]+|"(?:[^"\\;\n\r\0]|\\[^\n])*"))+; )+next$/;

/** The lines that make the entry; undefined where a word could break out of its line. */
function linesOf({ text }: Origin): readonly string[] | undefined {
  return statements.test(text) ? text.split('; ') : undefined;
}

function keyOf(line: string): string | undefined {
  return /^set (?<key>[\w-]+)/.exec(line)?.groups?.key;
}
