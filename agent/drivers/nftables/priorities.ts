import type { TableFamily } from './ast.js';

/** Names of priorities, which differ in bridge tables (nft(8), "Standard priority names"). */
const usual: Readonly<Record<string, number>> = {
  raw: -300,
  mangle: -150,
  dstnat: -100,
  filter: 0,
  security: 50,
  srcnat: 100,
  // Only in bridge tables, but an old listing may carry it elsewhere.
  out: 100,
};
const bridge: Readonly<Record<string, number>> = { dstnat: -300, filter: -200, out: 100, srcnat: 300 };

/** The number of a priority written as nft prints it: `filter`, `dstnat + 5`, `-150`. */
export function priority(text: string, family: TableFamily): number | undefined {
  const parts = /^(?:(?<name>[a-z]+)\s*)?(?:(?<sign>[+-])?\s*(?<offset>\d{1,10}))?$/.exec(text.trim())?.groups;
  if (!parts || (parts.name === undefined && parts.offset === undefined)) return undefined;
  const names = family === 'bridge' ? bridge : usual;
  const base = parts.name === undefined ? 0 : Object.hasOwn(names, parts.name) ? names[parts.name] : undefined;
  if (base === undefined || (parts.name !== undefined && parts.offset !== undefined && parts.sign === undefined))
    return undefined;
  const offset = Number(parts.offset ?? 0);
  return base + (parts.sign === '-' ? -offset : offset);
}
