import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readRulesYaml } from '../judge/index.js';
import { digestOf } from '../lib/digest.js';
import { namedAnew } from './port-names.js';
import { READ_BEFORE } from './rules.js';
import { PORT_NAMES, SERVICES, SHIPPED } from './shipped.js';

/** What every shipped file of rules says, by the digest of its text: what `npm run generate` puts beside them. */
export function shippedRulesText(): string {
  const files = [SHIPPED, join(SHIPPED, 'exposure')].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .sort()
      .map((name) => join(folder, name)),
  );
  const said = files.map((path): readonly [string, unknown] => {
    const text = readFileSync(path, 'utf8');
    const read = readRulesYaml(text, path);
    if (!read.ok) throw new Error(`${path}: ${read.error.message}`);
    return [digestOf(text), read.value.value];
  });
  return `{\n${said.map(([digest, value]) => `${JSON.stringify(digest)}: ${JSON.stringify(value)}`).join(',\n')}\n}\n`;
}

/** What the shipped services call their ports. */
export async function portNamesText(): Promise<string> {
  const digest = digestOf(readFileSync(join(SHIPPED, SERVICES), 'utf8'));
  return `${JSON.stringify({ digest, names: Object.fromEntries(await namedAnew()) })}\n`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(join(SHIPPED, READ_BEFORE), shippedRulesText());
  writeFileSync(PORT_NAMES, await portNamesText());
}
