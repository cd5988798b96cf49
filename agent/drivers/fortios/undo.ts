import type { Origin } from '../../model/index.js';
import type { UndoRequest } from '../contract.js';
import { wordOf } from './content.js';

/** The lines that undo an edit of a policy, as one types them; a virtual domain is entered first. */
export function undo({ edit, rule, former, next }: UndoRequest): string | undefined {
  const place = placeOf(rule);
  if (!place) return undefined;
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

interface Place {
  readonly vdom?: string;
  readonly path: string;
  readonly name: string;
}

const policies =
  /^(?:(?<vdom>[^/]+)\/)?(?<path>firewall (?:policy6?|consolidated policy|local-in-policy6?)) (?<name>\d+)$/;

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
