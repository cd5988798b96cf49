import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { allTokens, files, foldersBelow, has, read, sources } from './files.js';
import { reachable } from './graph.js';

const ENTRY = 'agent/main.ts';

/** Programs that package.json starts by their path, besides the product itself. */
function programs(): readonly string[] {
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
  const started = Object.values(scripts).flatMap((script) => [
    ...script.matchAll(/\bbuild\/(?<path>agent\/\S+)\.js\b/g),
  ]);
  return [...new Set(started.map((found) => `${found.groups!.path}.ts`))];
}

describe('folders', () => {
  test('below agent/ open with a comment that says what lives there', () => {
    const holders = [...new Set(sources('agent').map((path) => path.slice(0, path.lastIndexOf('/'))))];
    const wrong = holders.flatMap((folder) => {
      if (folder === 'agent') return [];
      const index = `${folder}/index.ts`;
      if (!files.includes(index)) return [`${folder}: no index.ts`];
      const first = allTokens(index)[0];
      const words =
        first?.kind === 'comment' && first.text.startsWith('/**') ? first.text.match(/\p{L}+/gu) : undefined;
      return (words?.length ?? 0) >= 5 ? [] : [`${index}: does not open with /** what lives here */`];
    });
    expect(wrong).toEqual([]);
  });

  test('are never empty', () => {
    const empty = ['agent', 'test', 'rules', 'docs', 'bench']
      .flatMap(foldersBelow)
      .filter((folder) => readdirSync(folder).length === 0);
    expect(empty).toEqual([]);
  });
});

describe('dead files', () => {
  test('there are none: every file of agent/ is loaded by the program, or by one that package.json starts', () => {
    const product = sources('agent');
    const roots = has(ENTRY)
      ? [ENTRY, ...programs()]
      : [...programs(), ...product.filter((path) => /^agent\/lib\/|\/index\.ts$/.test(path))];
    // The template for a driver is only there to be copied, and tested as all of them are.
    const alive = reachable([...roots, 'agent/drivers/example/index.ts']);
    // A folder's index may be there for its comment alone, when its files are imported by name.
    expect(product.filter((path) => !alive.has(path) && !path.endsWith('/index.ts'))).toEqual([]);
  });
});
