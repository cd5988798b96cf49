import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type Token, tokenize } from './tokens.js';

/** The repository as these tests see it. Paths are relative to the root and use slashes. */
const root = process.cwd();
/** What .gitignore leaves out, for a tree that came without its history. */
const NOT_OURS = new Set(['.git', 'node_modules', 'build', 'state', '.duplicates']);

function walk(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (NOT_OURS.has(entry.name) || path.endsWith('.log')) return [];
    return entry.isDirectory() ? walk(path) : [path];
  });
}

function listed(): readonly string[] {
  if (!existsSync(join(root, '.git'))) return walk('');
  // Also files that are not added yet: a violation shows before the commit and not after it.
  const argv = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const out = execFileSync('git', argv, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return out.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
}

export const files: readonly string[] = [...new Set(listed())].sort();

/** TypeScript below a folder. */
export function sources(...folders: readonly string[]): readonly string[] {
  return files.filter((path) => path.endsWith('.ts') && folders.some((folder) => path.startsWith(`${folder}/`)));
}

const texts = new Map<string, string>();
const scanned = new Map<string, readonly Token[]>();

export function read(path: string): string {
  const known = texts.get(path) ?? readFileSync(join(root, path), 'utf8');
  texts.set(path, known);
  return known;
}

export function has(path: string): boolean {
  return existsSync(join(root, path));
}

/** Tokens of a source file, comments included. */
export function allTokens(path: string): readonly Token[] {
  const known = scanned.get(path) ?? tokenize(read(path));
  scanned.set(path, known);
  return known;
}

/** Tokens of a source file without its comments. */
export function tokens(path: string): readonly Token[] {
  return allTokens(path).filter((token) => token.kind !== 'comment');
}

const BINARY = new Set([
  '.png',
  '.jpg',
  '.gif',
  '.ico',
  '.woff2',
  '.gz',
  '.tar',
  '.zip',
  '.pcap',
  '.db',
  '.wasm',
  '.node',
]);

export function isText(path: string): boolean {
  return !BINARY.has(extname(path)) && statSync(join(root, path)).isFile();
}

/** Every folder below `folder` on the disk, itself included; none where it does not exist. */
export function foldersBelow(folder: string): readonly string[] {
  if (!has(folder)) return [];
  const below = readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => foldersBelow(`${folder}/${entry.name}`));
  return [folder, ...below];
}
