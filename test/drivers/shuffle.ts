/** Writes a configuration anew with what has no order in another: the members of groups, the entries of tables. */

export type Draw = (limit: number) => number;

export function shuffled<T>(items: readonly T[], draw: Draw): readonly T[] {
  const out = [...items];
  for (let last = out.length - 1; last > 0; last--) {
    const other = draw(last + 1);
    [out[last], out[other]] = [out[other]!, out[last]!];
  }
  return out;
}

/** In another order, but those of one class stay in theirs. */
function shuffledBut<T>(items: readonly T[], classOf: (item: T) => string | undefined, draw: Draw): readonly T[] {
  const mixed = shuffled(items, draw);
  const waiting = new Map<string, T[]>();
  for (const item of items) {
    const name = classOf(item);
    if (name !== undefined) waiting.set(name, [...(waiting.get(name) ?? []), item]);
  }
  return mixed.map((item) => {
    const name = classOf(item);
    return name === undefined ? item : waiting.get(name)!.shift()!;
  });
}

interface Block {
  readonly head: string;
  readonly below: readonly string[];
}

/** Lines with those that stand further in than they do. */
function blocksOf(lines: readonly string[]): readonly Block[] {
  const depth = (line: string): number => line.length - line.trimStart().length;
  const out: { head: string; below: string[] }[] = [];
  const first = lines[0] === undefined ? 0 : depth(lines[0]);
  for (const line of lines) {
    const last = out.at(-1);
    if (last && depth(line) > first) last.below.push(line);
    else out.push({ head: line, below: [] });
  }
  return out;
}

/** Entries of one list, translations and what pings may reach the device are asked in order. */
function orderOfAsa({ head }: Block): string | undefined {
  return /^(?:access-list \S+|nat|icmp|ipv6 icmp)(?= )/.exec(head)?.[0];
}

export function shuffleAsa(text: string, draw: Draw): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => /^(?:ASA|NGFW) Version /.test(line)) + 1;
  const ends = lines.findIndex((line) => /^(?:Cryptochecksum|: end)/.test(line));
  const end = ends < 0 ? lines.length : ends;
  const write = ({ head, below }: Block): readonly string[] => {
    // What a policy inspects first counts; certificates are no lines of commands.
    if (/^(?:policy-map|class-map|crypto ca|banner)/.test(head)) return [head, ...below];
    return [head, ...shuffled(blocksOf(below), draw).flatMap(write)];
  };
  const own = shuffledBut(blocksOf(lines.slice(start, end)), orderOfAsa, draw);
  return [...lines.slice(0, start), ...own.flatMap(write), ...lines.slice(end)].join('\n');
}

const ordered =
  /^(?:firewall (?:policy6?|local-in-policy6?|security-policy|proxy-policy|central-snat-map|acl6?|DoS-policy6?|multicast-policy6?|shaping-policy|interface-policy6?)|router policy6?)$/;
const sets =
  /^(?<head>\s*set (?:member|exclude-member|srcaddr6?|dstaddr6?|service|srcintf|dstintf|interface|day|allowaccess|ip6-allowaccess|tcp-portrange|udp-portrange) )(?<values>.*)$/;

/** Entries of tables that are asked in order stay as they are; of others, the entries and the members change places. */
export function shuffleForti(text: string, draw: Draw): string {
  const lines = text.split('\n').map((line) => {
    const found = sets.exec(line)?.groups;
    const values = found?.values?.match(/"[^"]*"|\S+/g);
    return found && values ? `${found.head}${shuffled(values, draw).join(' ')}` : line;
  });
  let at = 0;
  const table = (name: string): readonly string[] => {
    const out: (readonly string[])[] = [];
    const entries: { readonly place: number; readonly text: readonly string[] }[] = [];
    for (; at < lines.length; ) {
      const line = lines[at++]!;
      const word = line.trim();
      const below = word.startsWith('config ')
        ? table(word.slice(7))
        : word.startsWith('edit ')
          ? table('')
          : undefined;
      if (word.startsWith('edit ')) {
        entries.push({ place: out.length, text: [line, ...below!] });
        out.push([]);
      } else out.push([line, ...(below ?? [])]);
      if (word === 'end' || word === 'next') break;
    }
    const placed = ordered.test(name) ? entries : shuffled(entries, draw);
    entries.forEach(({ place }, index) => {
      out[place] = placed[index]!.text;
    });
    return out.flat();
  };
  return table('').join('\n');
}

interface Element {
  readonly open: string;
  readonly parts: readonly (Element | string)[];
  readonly close: string;
}

function elementsOf(text: string): readonly (Element | string)[] {
  const tokens = text.match(/<[^>]+>|[^<]+/g) ?? [];
  let at = 0;
  const parts = (): readonly (Element | string)[] => {
    const out: (Element | string)[] = [];
    while (at < tokens.length && !tokens[at]!.startsWith('</')) {
      const token = tokens[at++]!;
      if (!token.startsWith('<') || token.startsWith('<?') || token.startsWith('<!') || token.endsWith('/>'))
        out.push(token);
      else {
        const below = parts();
        out.push({ open: token, parts: below, close: tokens[at++]! });
      }
    }
    return out;
  };
  return parts();
}

/** Rules, and the templates of a stack, stand in the order in which they are asked. */
function shuffleElements(text: string, draw: Draw): string {
  const write = (part: Element | string): string => {
    if (typeof part === 'string') return part;
    const isList = part.parts.some((one) => typeof one !== 'string' || one.startsWith('<'));
    const children = isList ? part.parts.filter((one) => typeof one !== 'string' || one.trim() !== '') : part.parts;
    const inOrder = /^<(?:rules|templates)\b/.test(part.open) ? children : shuffled(children, draw);
    return `${part.open}${isList ? '\n' : ''}${inOrder.map(write).join(isList ? '\n' : '')}${isList ? '\n' : ''}${part.close}`;
  };
  return elementsOf(text).map(write).join('');
}

/** Of commands only those of one rulebase have an order: by the first command of each rule. */
function shuffleCommands(text: string, draw: Draw): string {
  const commands: string[] = [];
  for (const line of text.split('\n')) {
    const last = commands.at(-1);
    if (last !== undefined && (last.match(/"/g) ?? []).length % 2 === 1)
      commands[commands.length - 1] = `${last}\n${line}`;
    else commands.push(line);
  }
  const mixed = commands.map((line) =>
    / templates \[/.test(line)
      ? line
      : line.replace(/\[ ?(?<members>[^\]]*?) ?\]$/, (_, members: string) => {
          const each = members.match(/"[^"]*"|\S+/g) ?? [];
          return `[ ${shuffled(each, draw).join(' ')} ]`;
        }),
  );
  const ruleOf = (line: string): string | undefined =>
    /^set (?<path>.* rules (?:"[^"]*"|\S+))(?= )/.exec(line)?.groups?.path;
  const rules = new Map<string, string[]>();
  const heads: string[] = [];
  for (const line of mixed) {
    const rule = ruleOf(line);
    if (rule !== undefined && rules.has(rule)) rules.get(rule)!.push(line);
    else {
      if (rule !== undefined) rules.set(rule, [line]);
      heads.push(line);
    }
  }
  // The first command of each rule, in the order of the rules of its rulebase; the others anywhere behind it.
  const base = (line: string): string | undefined => ruleOf(line)?.replace(/ (?:"[^"]*"|\S+)$/, '');
  return shuffledBut(heads, base, draw)
    .flatMap((line) => {
      const rule = ruleOf(line);
      return rule === undefined ? [line] : shuffled(rules.get(rule)!, draw);
    })
    .join('\n');
}

export function shufflePanos(text: string, draw: Draw): string {
  if (/^\s*</.test(text)) return shuffleElements(text, draw);
  return /^set /m.test(text) ? shuffleCommands(text, draw) : text;
}
