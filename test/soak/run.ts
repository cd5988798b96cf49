/** soak: searches that take longer than a run of the tests may: `npm run soak`, or `npm run soak -- NAME…` for some. */
import { feed } from './feed.js';
import { kill } from './kill.js';
import { mutation } from './mutation.js';

/** A search: true where it found nothing wrong. It prints what it did. */
export type Soak = () => Promise<boolean>;

const soaks: Readonly<Record<string, Soak>> = { feed, kill, mutation };

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(soaks, name));
if (unknown.length > 0) {
  process.stderr.write(`there is no soak ${unknown.join(', ')}: expected ${Object.keys(soaks).join(', ')}\n`);
  process.exitCode = 2;
} else {
  for (const name of wanted.length > 0 ? wanted : Object.keys(soaks)) {
    process.stdout.write(`${name}\n`);
    if (!(await soaks[name]!())) process.exitCode = 1;
  }
}
