import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { askLine, readFile } from '../../agent/app/index.js';
import { describeShared, sharedFolder } from '../support/shared.js';

interface Case {
  readonly id: string;
  readonly driver: string;
  readonly config: string;
  readonly expect: string;
}

/** Verdicts of independent tools and of kernels: each must be ours too, to the letter. */
describeShared('oracle', 'verdicts of independent tools', (folder) => {
  test.each([
    ['iptables', 40],
    ['nft', 40],
    ['asa', 40],
    ['fortios', 12],
    ['panos', 80],
  ] as const)(
    '%s',
    async (name, casesMin) => {
      const lines = readFileSync(join(folder, `${name}.jsonl`), 'utf8')
        .trim()
        .split('\n');
      const wrong: string[] = [];
      for (const line of lines) {
        const one = JSON.parse(line) as Case & { readonly at: unknown; readonly packet: unknown };
        const device = await readFile(join(sharedFolder, 'corpus', one.config), one.driver);
        if (!device.ok) throw new Error(`${one.config}: ${device.error.message}`);
        const asked = JSON.stringify({ id: one.id, at: one.at, packet: one.packet });
        const answer = askLine(device.value, asked, { file: one.id, line: 1 }, false);
        if (!answer.ok) throw new Error(answer.error.message);
        if (answer.value.verdict !== one.expect)
          wrong.push(`${one.id}: expected ${one.expect}, answered ${answer.value.verdict}`);
      }
      expect(wrong).toEqual([]);
      expect(lines.length).toBeGreaterThan(casesMin);
    },
    120_000,
  );
});
