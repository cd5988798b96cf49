import { linesOf } from '../shared/coverage.js';
import type { Placed } from './nft.js';

/** `NAME=value` and `NAME="value"`, as a shell would take them. */
export function settingsOf(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of linesOf(text)) {
    const groups = /^\s*(?<name>[A-Z_0-9]+)=(?:"(?<quoted>[^"]*)"|(?<bare>[^\s#]*))/.exec(line)?.groups;
    if (groups) found.set(groups.name!, groups.quoted ?? groups.bare ?? '');
  }
  return found;
}

const WAYS = ['INPUT', 'OUTPUT', 'FORWARD'] as const;
/** ufw-init-functions of ufw 0.36 makes these chains for each built-in one, and calls them in this order. */
const STAGES = ['before-logging', 'before', 'after', 'after-logging', 'reject', 'track'] as const;

export interface UfwFile {
  readonly path: string;
  readonly text: string;
}

/**
 * What ufw loads for one family, as one save of iptables: its chains, what the policies of /etc/default/ufw make of
 * the built-in ones, and the rules of its files, which fill those chains.
 */
export function ufwSave(
  files: readonly UfwFile[],
  defaults: ReadonlyMap<string, string>,
  family: 'ip4' | 'ip6',
): readonly Placed[] {
  const prefix = family === 'ip4' ? 'ufw' : 'ufw6';
  const source = '/etc/default/ufw';
  const made = (text: string): Placed => ({ file: source, line: 1, text });
  const tables = new Map<string, { chains: Map<string, Placed>; rules: Placed[] }>();
  const table = (name: string) => {
    const known = tables.get(name) ?? { chains: new Map<string, Placed>(), rules: [] };
    tables.set(name, known);
    return known;
  };
  const filter = table('filter');
  for (const way of WAYS) {
    const policy = (defaults.get(`DEFAULT_${way}_POLICY`) ?? (way === 'OUTPUT' ? 'ACCEPT' : 'DROP')).toUpperCase();
    filter.chains.set(way, made(`:${way} ${policy === 'ACCEPT' ? 'ACCEPT' : 'DROP'} [0:0]`));
    for (const stage of STAGES) {
      const chain = `${prefix}-${stage}-${way.toLowerCase()}`;
      filter.chains.set(chain, made(`:${chain} - [0:0]`));
      filter.rules.push(made(`-A ${way} -j ${chain}`));
    }
    if (policy === 'REJECT') filter.rules.push(made(`-A ${prefix}-reject-${way.toLowerCase()} -j REJECT`));
  }
  for (const { path, text } of files) {
    let current = 'filter';
    for (const [index, raw] of linesOf(text).entries()) {
      const placed: Placed = { file: path, line: index + 1, text: raw };
      const line = raw.trim();
      if (line === '' || line.startsWith('#') || line === 'COMMIT') continue;
      const named = /^\*(?<name>\w+)$/.exec(line)?.groups?.name;
      const chain = /^:(?<chain>\S+) /.exec(line)?.groups?.chain;
      if (named !== undefined) current = named;
      else if (chain === undefined) table(current).rules.push(placed);
      // A chain that is declared in several files is one chain.
      else if (!table(current).chains.has(chain)) table(current).chains.set(chain, placed);
    }
  }
  return [...tables].flatMap(([name, { chains, rules }]) => [
    made(`*${name}`),
    ...chains.values(),
    ...rules,
    made('COMMIT'),
  ]);
}
