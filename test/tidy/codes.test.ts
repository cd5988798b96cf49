import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { has, read, sources, tokens } from './files.js';
import type { Token } from './tokens.js';

/**
 * Code and documentation name the same codes: a code that a person meets is explained in docs/codes.md, and what is
 * explained there exists. The lines are written by hand; a failure here shows the line that is missing.
 */
const PAGE = 'docs/codes.md';
const FINDINGS = 'agent/judge/codes.ts';
const CODE = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/;

interface FindingText {
  readonly title: string;
  readonly severity: string;
  readonly explanation: string;
  readonly remedy: string;
}

async function findingTexts(): Promise<Readonly<Record<string, FindingText>>> {
  if (!has(FINDINGS)) return {};
  const compiled = pathToFileURL(resolve('build', FINDINGS.replace(/\.ts$/, '.js'))).href;
  const { findingCodes } = (await import(compiled)) as { readonly findingCodes: Readonly<Record<string, FindingText>> };
  return findingCodes;
}

/** Words in capitals that belong to others: capabilities, variables, other programs' errors. */
const FOREIGN = /^(?:CAP|SQLITE|ERR|ECLUSE|NODE|LC|XDG|SSH|NETLINK|AUDIT)_/;
/** Functions whose first text is the code of a Problem, wherever they live. */
const MAKERS = /^(?:problem|fail|failure|refuse|refusal|blind|trouble)\w*$/i;

/** The texts of the expression behind `code:`, such as both of `code: cut ? 'TRUNCATED' : 'NOT_UNDERSTOOD'`. */
function codesBehind(all: readonly Token[], colon: number): readonly Token[] {
  const out: Token[] = [];
  let depth = 0;
  for (let at = colon + 1; at < all.length; at++) {
    const token = all[at]!;
    if (token.kind === 'string' && CODE.test(token.text)) {
      // A text that is compared with decides the code and is none itself.
      if (all[at - 1]?.text !== '=' && all[at + 1]?.text !== '=') out.push(token);
    }
    if (token.kind !== 'punctuation') continue;
    if (['(', '[', '{'].includes(token.text)) depth++;
    else if ([')', ']', '}'].includes(token.text) && --depth < 0) break;
    else if (depth === 0 && [',', ';'].includes(token.text)) break;
  }
  return out;
}

export function codesIn(path: string, all: readonly Token[]): readonly Token[] {
  return all.flatMap((token, at) => {
    if (token.kind === 'name' && token.text === 'code' && all[at + 1]?.text === ':') return codesBehind(all, at + 1);
    if (token.kind !== 'string' || !CODE.test(token.text) || FOREIGN.test(token.text)) return [];
    const isMade = all[at - 1]?.text === '(' && MAKERS.test(all[at - 2]?.text ?? '');
    // Platforms have words in capitals of their own; everywhere else one with an underscore is a code.
    return isMade || (token.text.includes('_') && !path.startsWith('agent/drivers/')) ? [token] : [];
  });
}

/** Where each code is first used. */
const used = new Map<string, string>();
for (const path of sources('agent')) {
  if (path === FINDINGS) continue;
  for (const token of codesIn(path, tokens(path))) {
    if (!used.has(token.text)) used.set(token.text, `${path}:${token.line}`);
  }
}

interface Row {
  readonly section: string;
  readonly code: string;
  readonly cells: readonly string[];
  readonly line: number;
}

function rowsOf(page: string): readonly Row[] {
  const out: Row[] = [];
  let section = '';
  page.split('\n').forEach((text, index) => {
    section = /^## (?<title>.+)$/.exec(text)?.groups?.title ?? section;
    const code = /^\| `(?<code>[A-Z0-9_]+)` \|/.exec(text)?.groups?.code;
    if (code === undefined) return;
    const cells = text
      .split('|')
      .slice(2, -1)
      .map((cell) => cell.trim());
    out.push({ section, code, cells, line: index + 1 });
  });
  return out;
}

const rows = rowsOf(read(PAGE));
const texts = await findingTexts();

function rowsIn(section: string): ReadonlyMap<string, Row> {
  return new Map(rows.filter((row) => row.section === section).map((row) => [row.code, row]));
}

describe('findings', () => {
  test('are explained as they are in the code', () => {
    const page = rowsIn('Findings');
    const missing = Object.entries(texts).flatMap(([code, text]) => {
      const cells = [text.title, text.severity, text.explanation, text.remedy].map((cell) =>
        cell.replaceAll('|', '\\|'),
      );
      const row = page.get(code);
      if (row !== undefined && row.cells.join(' | ') === cells.join(' | ')) return [];
      return [`${row === undefined ? 'add' : `line ${row.line} should read`}: | \`${code}\` | ${cells.join(' | ')} |`];
    });
    expect(missing).toEqual([]);
  });

  test('that are explained exist', () => {
    const gone = [...rowsIn('Findings').values()].filter((row) => !Object.hasOwn(texts, row.code));
    expect(gone.map((row) => `${PAGE}:${row.line}: ${row.code} is not in ${FINDINGS}`)).toEqual([]);
  });
});

describe('problems', () => {
  test('are explained', () => {
    const page = rowsIn('Problems');
    const missing = [...used].filter(([code]) => !page.has(code) && !Object.hasOwn(texts, code));
    const lines = missing
      .sort()
      .map(([code, where]) => `add under Problems (${where}): | \`${code}\` | what it means | what to do |`);
    expect(lines).toEqual([]);
  });

  test('that are explained exist', () => {
    const inCode = new Set(
      sources('agent')
        .flatMap((path) => tokens(path).filter(({ kind }) => kind === 'string'))
        .map(({ text }) => text),
    );
    const gone = [...rowsIn('Problems').values()].filter((row) => !inCode.has(row.code));
    expect(gone.map((row) => `${PAGE}:${row.line}: no code of agent/ says ${row.code}`)).toEqual([]);
  });

  test('say what they mean and what to do, once, in order', () => {
    const listed = rows.filter((row) => row.section === 'Problems');
    expect(listed.filter((row) => row.cells.length !== 2 || row.cells.some((cell) => cell.length < 8))).toEqual([]);
    expect(listed.map((row) => row.code)).toEqual([...new Set(listed.map((row) => row.code))].sort());
  });
});

test('every row of the page is in a section that is checked', () => {
  expect(rows.filter((row) => !['Findings', 'Problems'].includes(row.section))).toEqual([]);
});
