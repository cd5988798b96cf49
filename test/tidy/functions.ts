import type { Token } from './tokens.js';

export interface Extent {
  /** The line the function begins on, as written: enough to find it by. */
  readonly header: string;
  readonly line: number;
  /** Lines of its own: a function inside it counts as one. So a factory of small functions is not a long function. */
  readonly lines: number;
}

const CLOSES: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{', '>': '<' };
const CONTROL = new Set(['if', 'for', 'while', 'switch', 'catch', 'with', 'await']);
/** Words that cannot stand between a parameter list and the body it belongs to. */
const STOPS = new Set(
  'interface class const let var return function else try finally do enum type namespace static export import new'.split(
    ' ',
  ),
);

function opener(tokens: readonly Token[], closing: number): number {
  const close = tokens[closing]!.text;
  const open = CLOSES[close]!;
  let depth = 0;
  for (let at = closing; at >= 0; at--) {
    const { kind, text } = tokens[at]!;
    if (kind !== 'punctuation') continue;
    if (text === close) depth++;
    if (text === open && --depth === 0) return at;
  }
  return -1;
}

/** Whether the `)` at `at` ends a parameter list and not a condition. */
function endsParameters(tokens: readonly Token[], at: number): boolean {
  return tokens[at]?.text === ')' && !CONTROL.has(tokens[opener(tokens, at) - 1]?.text ?? '');
}

/** Whether the `{` at `brace` opens the body of a function: `=> {`, `) {`, or `): Type {`. */
function opensBody(tokens: readonly Token[], brace: number): boolean {
  const before = tokens[brace - 1];
  if (before?.text === '=>') return true;
  if (before?.text === ')') return endsParameters(tokens, brace - 1);
  for (let at = brace - 1; at > 0; at--) {
    const { kind, text } = tokens[at]!;
    if (kind === 'punctuation' && text === ':') return at < brace - 1 && endsParameters(tokens, at - 1);
    if (kind === 'punctuation' && CLOSES[text] !== undefined) {
      at = opener(tokens, at);
      continue;
    }
    if (kind === 'punctuation' && !['.', '|', '&'].includes(text)) return false;
    if (kind === 'name' && STOPS.has(text)) return false;
  }
  return false;
}

/** Where each function of a file begins and how long it is, from the line of its opening brace to its last. */
export function functionsOf(source: string, tokens: readonly Token[]): readonly Extent[] {
  const lines = source.split('\n');
  const out: Extent[] = [];
  const open: { readonly at: number; inner: number }[] = [];
  tokens.forEach((token, index) => {
    if (token.kind !== 'punctuation') return;
    if (token.text === '{') open.push({ at: index, inner: 0 });
    if (token.text !== '}') return;
    const block = open.pop();
    if (block === undefined) return;
    const { line } = tokens[block.at]!;
    const spanned = token.line - line;
    const isFunction = opensBody(tokens, block.at);
    if (isFunction) out.push({ header: lines[line - 1]!.trim(), line, lines: spanned + 1 - block.inner });
    const around = open.at(-1);
    if (around !== undefined) around.inner += isFunction ? spanned : block.inner;
  });
  return out;
}
