import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { schemaOf } from './editor.js';
import { referenceText } from './reference.js';
import { ConfigFile } from './schema.js';

/** What `npm run generate` writes below docs/, by its path; a test compares it with what is there. */
export function generated(): Readonly<Record<string, string>> {
  const schema = schemaOf(ConfigFile);
  const editors = { $comment: 'Made by `npm run generate` from the grammar in agent/config: do not edit.', ...schema };
  return {
    'docs/config.schema.json': `${JSON.stringify(editors, null, 2)}\n`,
    'docs/configuration.md': referenceText([
      {
        title: 'config.yaml',
        about: 'Every part may be left out. Without a file, Écluse watches the machine it runs on.',
        schema,
      },
    ]),
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const [path, text] of Object.entries(generated())) writeFileSync(join(process.cwd(), path), text);
}
