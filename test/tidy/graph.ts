import { posix } from 'node:path';
import { has, tokens } from './files.js';

export interface Import {
  readonly from: string;
  readonly line: number;
  /** As written: `../model/index.js`, `node:fs`, `zod`. */
  readonly specifier: string;
  /** The file of ours that it names; undefined for a package or a module of Node. */
  readonly target?: string;
  /** `import type` and `export type … from`, which leave nothing at run time. */
  readonly typeOnly: boolean;
  /** `import('x')`: loaded when it is come to, and not before. */
  readonly lazy?: true;
}

const found = new Map<string, readonly Import[]>();

/** Every import of a file: static, re-exported, dynamic, in a type, and of a thread that it starts. */
export function importsOf(from: string): readonly Import[] {
  const known = found.get(from);
  if (known !== undefined) return known;
  const all = tokens(from);
  const out: Import[] = [];
  const add = (line: number, specifier: string, typeOnly: boolean, lazy = false): void => {
    const target = specifier.startsWith('.')
      ? posix.join(posix.dirname(from), specifier).replace(/\.js$/, '.ts')
      : undefined;
    const more = { ...(target !== undefined && { target }), ...(lazy && { lazy: true as const }) };
    out.push({ from, line, specifier, typeOnly, ...more });
  };
  all.forEach((token, index) => {
    const next = all[index + 1];
    if (token.kind !== 'name' || all[index - 1]?.text === '.') return;
    if (token.text === 'import' && next?.text === '(') {
      const specifier = all[index + 2];
      // `typeof import('x')` and `import('x').Name` in a type are erased too, but `await import('x')` is not.
      if (specifier?.kind === 'string') add(token.line, specifier.text, all[index - 1]?.text === 'typeof', true);
    } else if (token.text === 'URL' && all[index - 1]?.text === 'new' && next?.text === '(') {
      // A file that is started as a thread: `new Worker(new URL('./x.js', import.meta.url))`.
      const specifier = all[index + 2];
      if (specifier?.kind === 'string' && /^\.\/.*\.js$/.test(specifier.text)) add(token.line, specifier.text, false);
    } else if (token.text === 'import' && next?.kind === 'string') {
      add(token.line, next.text, false);
    } else if (token.text === 'import' || token.text === 'export') {
      const typeOnly = next?.text === 'type' && all[index + 2]?.text !== 'from';
      if (token.text === 'export' && !['{', '*'].includes(all[index + (typeOnly ? 2 : 1)]?.text ?? '')) return;
      const end = all.findIndex((one, place) => place > index && (one.text === ';' || one.text === 'from'));
      const specifier = end < 0 ? undefined : all[end + 1];
      if (all[end]?.text === 'from' && specifier?.kind === 'string') add(token.line, specifier.text, typeOnly);
    }
  });
  found.set(from, out);
  return out;
}

/** What runs before the first line of these files does: every import that is loaded with them, theirs too. */
export function loadedWith(roots: readonly string[]): readonly Import[] {
  const seen = new Set<string>();
  const waiting = [...roots];
  const all: Import[] = [];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const one of importsOf(path)) {
      if (one.typeOnly || one.lazy) continue;
      all.push(one);
      if (one.target !== undefined) waiting.push(one.target);
    }
  }
  return all;
}

/** Everything that is loaded when these files are, types included, themselves too. */
export function reachable(roots: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const waiting = roots.filter(has);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { target } of importsOf(path)) if (target !== undefined && has(target)) waiting.push(target);
  }
  return seen;
}
