import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { diffFiles } from '../../agent/app/index.js';
import { describeShared, sharedFolder } from '../support/shared.js';

interface Pair {
  readonly before: string;
  readonly after: string;
  readonly relation: 'equal' | 'changed';
}

interface Disputed {
  readonly pairs: readonly { readonly after: string; readonly reason: string }[];
}

/** Pairs of which nothing certain can be claimed, each with the reason. */
const disputed = parse(readFileSync('test/oracle/disputed.yaml', 'utf8')) as Disputed;

/** Rulesets that a kernel or nft itself wrote in two ways, and one that was changed. */
describeShared('oracle', 'pairs of captures', (folder) => {
  const all = JSON.parse(readFileSync(join(folder, 'drift_pairs.json'), 'utf8')) as readonly Pair[];
  const pairs = all.filter(({ before }) => /^(?:nft|iptables)\//.test(before));

  test('there are pairs to compare', () => expect(pairs.length).toBeGreaterThan(25));

  test.each(pairs.map(({ before, after, relation }) => [after, before, relation] as const))(
    '%s',
    async (after, before, relation) => {
      const corpus = join(sharedFolder, 'corpus');
      const { answer, exit } = await diffFiles(join(corpus, before), join(corpus, after), {});
      const equal = disputed.pairs.some((one) => one.after === after) ? null : relation === 'equal';
      expect(answer?.equal).toBe(equal);
      expect(exit).toBe(equal === null ? 3 : equal ? 0 : 1);
    },
    60_000,
  );
});
