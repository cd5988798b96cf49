import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A folder is a driver's when its index.ts exports one; what drivers share has none. */
const exportsDriver = /^export (?:const driver\b|\{[^}]*\bdriver\b[^}]*\})/m;

/** The template of docs/drivers.md: a platform that does not exist is offered to nobody. */
export const TEMPLATE = 'example';

/** The names of the driver folders, sorted. */
export function driverFolders(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => {
      const index = join(directory, name, 'index.ts');
      return name !== TEMPLATE && existsSync(index) && exportsDriver.test(readFileSync(index, 'utf8'));
    })
    .sort();
}

/** The text of registry.ts for these folders, as biome formats it. */
export function registryText(folders: readonly string[]): string {
  const nameOf = (folder: string): string =>
    folder.replace(/-(?<letter>\w)/g, (_, letter: string) => letter.toUpperCase());
  const imports = [
    { path: './contract.js', line: "import type { Driver, Section } from './contract.js';" },
    ...folders.map((folder) => {
      const path = `./${folder}/index.js`;
      return { path, line: `import { driver as ${nameOf(folder)} } from '${path}';` };
    }),
  ]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ line }) => line);
  const array = folders.map(nameOf);
  const inline = `export const drivers: readonly Driver[] = [${array.join(', ')}];`;
  const list =
    inline.length <= 120
      ? inline
      : `export const drivers: readonly Driver[] = [\n${array.map((name) => `  ${name},\n`).join('')}];`;
  return `// Made by \`npm run generate\` from the folders beside it: do not edit.

${imports.join('\n')}

/** Every driver, by id. */
${list}

export function driverById(id: string): Driver | undefined {
  return drivers.find((driver) => driver.id === id);
}

/** Which driver's these sections are. */
export type Recognition =
  | { readonly kind: 'driver'; readonly driver: Driver }
  | { readonly kind: 'ambiguous'; readonly ids: readonly string[] }
  | { readonly kind: 'unknown' };

/** A driver that is certain goes before those to which the sections are only likely. */
export function identify(sections: readonly Section[]): Recognition {
  const answers = drivers.map((driver) => ({ driver, answer: driver.identify(sections) }));
  for (const wanted of ['certain', 'likely'] as const) {
    const [first, ...others] = answers.filter(({ answer }) => answer === wanted).map(({ driver }) => driver);
    if (first && others.length > 0) return { kind: 'ambiguous', ids: [first, ...others].map(({ id }) => id) };
    if (first) return { kind: 'driver', driver: first };
  }
  return { kind: 'unknown' };
}
`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const directory = join(process.cwd(), 'agent', 'drivers');
  writeFileSync(join(directory, 'registry.ts'), registryText(driverFolders(directory)));
}
