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

/** Of a line, as biome keeps it. */
const WIDTH = 120;

const MADE = '// Made by `npm run generate` from the folders beside it: do not edit.';

function nameOf(folder: string): string {
  return folder.replace(/-(?<letter>\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Sorted by what they import from, as biome wants them. */
function imports(all: readonly { readonly path: string; readonly what: string }[]): string {
  return [...all]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, what }) => `import ${what} from '${path}';`)
    .join('\n');
}

/** The text of registry.ts for these folders, as biome formats it. */
export function registryText(folders: readonly string[]): string {
  const names = folders.map(nameOf);
  const inline = `export const drivers: readonly Driver[] = [${names.join(', ')}];`;
  const list =
    inline.length <= WIDTH
      ? inline
      : `export const drivers: readonly Driver[] = [\n${names.map((name) => `  ${name},\n`).join('')}];`;
  return `${MADE}

${imports([
  { path: './contract.js', what: 'type { Driver }' },
  ...folders.map((folder) => ({ path: `./${folder}/index.js`, what: `{ driver as ${nameOf(folder)} }` })),
])}

/** Every driver, by id. */
${list}

export function driverById(id: string): Driver | undefined {
  return drivers.find((driver) => driver.id === id);
}
`;
}

/** The text of catalogue.ts for these folders, as biome formats it. */
export function catalogueText(folders: readonly string[]): string {
  const entries = folders.map((folder) => {
    const parts = [
      `id: '${folder}'`,
      `identify: ${nameOf(folder)}`,
      `load: async () => (await import('./${folder}/index.js')).driver`,
    ];
    const inline = `  { ${parts.join(', ')} },\n`;
    return inline.length <= WIDTH + 1 ? inline : `  {\n${parts.map((part) => `    ${part},\n`).join('')}  },\n`;
  });
  return `${MADE}

${imports([
  { path: './contract.js', what: 'type { Driver }' },
  ...folders.map((folder) => ({ path: `./${folder}/identify.js`, what: `{ identify as ${nameOf(folder)} }` })),
])}

/** A driver that is not loaded yet: enough to tell whose a capture is. */
export interface Listed extends Pick<Driver, 'id' | 'identify'> {
  load(): Promise<Driver>;
}

/** Every driver, by id, for whoever reads one capture and needs no more than the driver of that. */
export const catalogue: readonly Listed[] = [
${entries.join('')}];
`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const directory = join(process.cwd(), 'agent', 'drivers');
  const folders = driverFolders(directory);
  writeFileSync(join(directory, 'registry.ts'), registryText(folders));
  writeFileSync(join(directory, 'catalogue.ts'), catalogueText(folders));
}
