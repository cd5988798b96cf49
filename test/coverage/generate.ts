import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { counted } from './page.js';

/** Part of `npm run generate`: the tables of docs/coverage.md, where the corpus is. */
const corpus = resolve(process.env.ECLUSE_SHARED ?? '../shared', 'corpus');
if (existsSync(corpus))
  writeFileSync('docs/coverage.md', await counted(readFileSync('docs/coverage.md', 'utf8'), corpus));
else process.stdout.write('docs/coverage.md stays as it is: the corpus is not here\n');
