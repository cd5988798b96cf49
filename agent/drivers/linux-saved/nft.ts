import { linesOf } from '../shared/coverage.js';

/** A line as it stands in a file. */
export interface Placed {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Files by their path. */
export type Files = ReadonlyMap<string, readonly string[]>;

/** Each `path:line` of `grep -rH ''`, gathered by file. */
export function filesOf(listing: string): Files {
  const files = new Map<string, string[]>();
  for (const line of linesOf(listing)) {
    const groups = /^(?<path>\/[^:]*):(?<text>.*)$/.exec(line)?.groups;
    if (!groups) continue;
    const lines = files.get(groups.path!) ?? [];
    lines.push(groups.text!);
    files.set(groups.path!, lines);
  }
  return files;
}

/** The same of `grep -rHn`: lines that were left out are empty, so that each of the others stands where it does. */
export function numberedFilesOf(listing: string): Files {
  const files = new Map<string, string[]>();
  for (const line of linesOf(listing)) {
    const groups = /^(?<path>\/[^:]*):(?<number>\d{1,6}):(?<text>.*)$/.exec(line)?.groups;
    if (!groups) continue;
    const lines = files.get(groups.path!) ?? [];
    while (lines.length < Number(groups.number) - 1) lines.push('');
    lines.push(groups.text!);
    files.set(groups.path!, lines);
  }
  return files;
}

const INCLUDE = /^\s*include\s+(?:"(?<double>[^"]*)"|'(?<single>[^']*)')\s*;?\s*(?:#.*)?$/;
/** nft itself follows sixteen. */
const DEPTH_MAX = 16;

export interface Expanded {
  readonly lines: readonly Placed[];
  /** Sentences on what an include asks for and was not read. */
  readonly missing: readonly string[];
}

/**
 * A file of nft with everything it includes in its place. A path without a slash at its start lies in /etc, the folder
 * that Debian's and Red Hat's nft look in; a pattern stands for the files that match it, in the order of their names,
 * those with a dot in front left out.
 */
export function expanded(path: string, files: Files, depth = 0): Expanded {
  const lines: Placed[] = [];
  const missing: string[] = [];
  for (const [index, text] of (files.get(path) ?? []).entries()) {
    const groups = INCLUDE.exec(text)?.groups;
    if (!groups) {
      lines.push({ file: path, line: index + 1, text });
      continue;
    }
    const wanted = absolute(groups.double ?? groups.single ?? '');
    const found = matching(wanted, files);
    if (depth >= DEPTH_MAX || (found.length === 0 && !/[*?[]/.test(wanted))) {
      missing.push(`${path}:${index + 1}: includes ${wanted}, which is not read`);
      continue;
    }
    for (const one of found) {
      const inner = expanded(one, files, depth + 1);
      lines.push(...inner.lines);
      missing.push(...inner.missing);
    }
  }
  return { lines, missing };
}

function absolute(path: string): string {
  return path.startsWith('/') ? path : `/etc/${path.replace(/^\.\//, '')}`;
}

function matching(path: string, files: Files): readonly string[] {
  if (files.has(path)) return [path];
  if (!/[*?[]/.test(path)) return [];
  const pattern = new RegExp(
    `^${path
      .replace(/[.+^${}()|\\]/g, '\\$&')
      .replaceAll('*', '[^/]*')
      .replaceAll('?', '[^/]')}$`,
  );
  return [...files.keys()].filter((one) => pattern.test(one) && !/\/\.[^/]*$/.test(one)).sort();
}
