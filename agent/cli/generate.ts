import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { overviewNow } from './index.js';
import type { Overview } from './overview.js';

/** Of a line, as biome keeps it. */
const WIDTH = 120;

function quoted(text: string): string {
  return text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replaceAll("'", "\\'")}'`;
}

/** A part that is too long for one line has its text on the next. */
function onOwnLines(part: string): string {
  const line = `    ${part},`;
  return line.length <= WIDTH ? `${line}\n` : `${line.replace(': ', ':\n      ')}\n`;
}

/** The text of overview.ts, as biome formats it. */
export function overviewText(rows: readonly Overview[]): string {
  const entries = rows.map((row) => {
    const parts = (['name', 'term', 'about'] as const).map((key) => `${key}: ${quoted(row[key])}`);
    const inline = `  { ${parts.join(', ')} },\n`;
    return inline.length <= WIDTH + 1 ? inline : `  {\n${parts.map(onOwnLines).join('')}  },\n`;
  });
  return `// Made by \`npm run generate\` from the commands themselves: do not edit.

/** A command as \`ecluse --help\` shows it. */
export interface Overview {
  readonly name: string;
  readonly term: string;
  readonly about: string;
}

/** Every command, so that none has to be loaded to be named. */
export const overview: readonly Overview[] = [
${entries.join('')}];
`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(join(process.cwd(), 'agent', 'cli', 'overview.ts'), overviewText(await overviewNow()));
