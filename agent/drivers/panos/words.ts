import { failure, type Result, success } from '../../lib/result.js';
import { at, grow, type Node, nodeOf, type Stray, type Tree, truncated } from './tree.js';

interface Word {
  readonly text: string;
  /** Written in quotes: never a sign, whatever it says. */
  readonly quoted: boolean;
  readonly line: number;
  readonly lastLine: number;
}

const word = /[^\S\n]+|\n|"(?:[^"\\]|\\[\s\S])*"|[[\]{};]|[^\s"[\]{};]+|"/gy;
const setWord = /[^\S\n]+|\n|"(?:[^"\\]|\\[\s\S])*"|[[\]]|[^\s"[\]]+|"/gy;

/** The words of a text; a line end is a word too, and a quotation mark without its partner is one by itself. */
function* wordsOf(text: string, pattern: RegExp): Generator<Word> {
  let line = 1;
  pattern.lastIndex = 0;
  for (let found = pattern.exec(text); found; found = pattern.exec(text)) {
    const [raw] = found;
    const first = line;
    if (raw.includes('\n')) line += raw.split('\n').length - 1;
    if (raw === '\n') yield { text: raw, quoted: false, line: first, lastLine: first };
    else if (raw.trim() === '') continue;
    else if (raw.length > 1 && raw.startsWith('"'))
      yield {
        text: raw.slice(1, -1).replace(/\\(?<sign>["\\])/g, '$<sign>'),
        quoted: true,
        line: first,
        lastLine: line,
      };
    else yield { text: raw, quoted: false, line: first, lastLine: first };
  }
}

function isSign({ text, quoted }: Word, sign: string): boolean {
  return !quoted && text === sign;
}

/** A chain of words, the last of which may be a list in brackets. Undefined where the brackets do not fit. */
function chain(parent: Node, words: readonly Word[]): readonly Node[] | undefined {
  const open = words.findIndex((one) => isSign(one, '['));
  const close = words.findIndex((one) => isSign(one, ']'));
  if (open < 0 ? close >= 0 : close !== words.length - 1 || open === 0) return undefined;
  const path = open < 0 ? words : words.slice(0, open);
  if (words.some((one, index) => isSign(one, '"') || (isSign(one, '[') && index !== open))) return undefined;
  const last = path.reduce((node, { text, line, lastLine }) => {
    const next = grow(node, text, line);
    next.lastLine = Math.max(next.lastLine, lastLine);
    return next;
  }, parent);
  if (open < 0) return [last];
  const members = words.slice(open + 1, close).map(({ text, line }) => grow(last, text, line));
  return [last, ...members];
}

function claim(nodes: readonly Node[], words: readonly Word[]): void {
  const first = words[0]!.line;
  const last = words.at(-1)!.lastLine;
  for (const node of nodes) for (let line = first; line <= last; line++) node.lines.add(line);
}

const ruleWords =
  /^(?:from|to|source|destination|application|service|action|source-user|category|disabled|negate-source|negate-destination|rule-type|schedule|description|tag|log-start|log-end|log-setting|port|protocol)$/;
const addressWords = /^(?:ip-netmask|ip-range|fqdn|ip-wildcard|description|tag)$/;

/**
 * A command may make several settings of one object: `… protocol udp port 5 source-port 9` says what two commands say.
 * Each setting becomes a chain of its own behind the words that they share.
 */
function settingsOf(words: readonly Word[]): readonly (readonly Word[])[] {
  const texts = words.map(({ text }) => text);
  const place = (found: number, behind: number): number => (found < 0 ? -1 : found + behind);
  const rule = place(
    texts.findIndex(
      (text, index) => text === 'rules' && /^(?:security|nat|application-override)$/.test(texts[index - 1] ?? ''),
    ),
    2,
  );
  const service = place(
    texts.findIndex((text, index) => text === 'protocol' && texts[index - 2] === 'service'),
    2,
  );
  const address = place(
    texts.findIndex((text, index) => addressWords.test(text) && texts[index - 2] === 'address'),
    0,
  );
  const [start, keys] =
    rule >= 0 ? [rule, ruleWords] : service >= 0 ? [service, /^(?:source-)?port$/] : [address, addressWords];
  if (start < 0) return [words];
  const out: (readonly Word[])[] = [];
  for (let index = start; index < words.length; ) {
    if (!keys.test(texts[index]!)) return [words];
    const next = words[index + 1];
    const close = next && isSign(next, '[') ? words.findIndex((one, at) => at > index && isSign(one, ']')) : index + 1;
    if (close < 0) return [words];
    out.push([...words.slice(0, start), ...words.slice(index, close + 1)]);
    index = close + 1;
  }
  return out.length > 0 ? out : [words];
}

const inRules = new Set([
  'action',
  'disabled',
  'negate-source',
  'negate-destination',
  'rule-type',
  'nat-type',
  'to-interface',
  'schedule',
]);
const anywhere = new Set(['translated-port', 'ip-netmask', 'ip-range', 'ip-wildcard', 'fqdn']);
const translations = new Set(['destination-translation', 'dynamic-destination-translation', 'static-ip']);

/** Settings of one value: a later command puts its own in the place of the former, where others add to a list. */
function isOfOneValue(path: readonly Word[]): boolean {
  const [key, above, rules, kind] = [2, 3, 4, 5].map((back) => path.at(-back)?.text ?? '') as [
    string,
    string,
    string,
    string,
  ];
  if (
    anywhere.has(key) ||
    /^(?:yes|no)$/.test(path.at(-1)?.text ?? '') ||
    (key === 'translated-address' && translations.has(above))
  )
    return true;
  return rules === 'rules' && (inRules.has(key) || (key === 'service' && kind === 'nat'));
}

function replace(root: Node, path: readonly Word[]): void {
  if (!isOfOneValue(path)) return;
  const holder = at(root, ...path.slice(0, -1).map(({ text }) => text));
  if (!holder?.children.every(({ children }) => children.length === 0)) return;
  holder.children.length = 0;
  holder.index.clear();
}

/** `set` commands, one a line: the form of `set cli config-output-format set`. */
export function parseSet(file: string, text: string): Tree {
  const root = nodeOf('', file, 1);
  const strays: Stray[] = [];
  let statement: Word[] = [];
  const finish = (): void => {
    const [verb, ...rest] = statement;
    const words = statement;
    statement = [];
    if (!verb) return;
    const chains =
      isSign(verb, 'set') && rest.length > 0
        ? settingsOf(rest).map((one) => {
            replace(root, one);
            return chain(root, one);
          })
        : [];
    if (chains.length > 0 && chains.every((nodes) => nodes !== undefined)) claim(chains.flat(), words);
    else strays.push({ line: verb.line, lastLine: words.at(-1)!.lastLine, reason: 'this is not a “set” command' });
  };
  for (const one of wordsOf(withoutComments(text), setWord)) {
    if (isSign(one, '\n')) finish();
    else statement.push(one);
  }
  finish();
  return { root, strays };
}

/** A comment may hold half a quotation. */
function withoutComments(text: string): string {
  return text.replace(/^[^\S\n]*#.*$/gm, '');
}

/** The form of `show config running` and of the configuration mode: words, braces and semicolons. */
export function parseBraces(file: string, text: string): Result<Tree> {
  const root = nodeOf('', file, 1);
  const strays: Stray[] = [];
  const stack: { readonly node: Node; readonly line: number }[] = [];
  let statement: Word[] = [];
  for (const one of wordsOf(withoutComments(text), word)) {
    if (isSign(one, '\n')) continue;
    const here = stack.at(-1)?.node ?? root;
    if (isSign(one, '{') || isSign(one, ';')) {
      const nodes = statement.length > 0 ? chain(here, statement) : undefined;
      if (!nodes)
        strays.push({ line: one.line, lastLine: one.line, reason: 'words before this sign are not understood' });
      else {
        const isAgain = one.text === '{' && nodes.at(-1)!.lines.size > 0;
        if (isAgain)
          strays.push({ line: one.line, lastLine: one.line, reason: `${nodes.at(-1)!.name} stands here twice` });
        claim(nodes, [...statement, one]);
      }
      if (one.text === '{') stack.push({ node: nodes?.at(-1) ?? nodeOf('', file, one.line), line: one.line });
      statement = [];
    } else if (isSign(one, '}')) {
      const top = stack.pop();
      if (!top || statement.length > 0) {
        const message = top ? 'a statement has no end' : 'this brace closes what is not open';
        return failure({ code: 'NOT_UNDERSTOOD', message, file, line: one.line, expected: top ? ';' : '{' });
      }
      top.node.lines.add(one.line);
      top.node.lastLine = one.line;
    } else statement.push(one);
  }
  const open = stack.at(-1);
  if (open) return failure(truncated(file, open.line, 'the configuration has no end: a brace is not closed', '}'));
  if (statement.length > 0)
    return failure(truncated(file, statement[0]!.line, 'the configuration ends within a statement', ';'));
  return success({ root, strays });
}
