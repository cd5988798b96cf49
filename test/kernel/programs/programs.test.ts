import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect } from '@jest/globals';
import { parse } from 'yaml';
import { seed } from '../../support/seed.js';
import { systemTest } from '../../support/system.js';
import { withLab } from '../oracle/lab.js';
import { namesOf, type Program, type Tools } from './program.js';
import { shootProgram } from './shoot.js';

/**
 * What programs that make firewalls write into the kernel, step by step as they do it, and packets through it: what
 * the kernel does with each is what the model says, and what a step opens and shuts there is what the comparison of
 * the two readings tells. `play.js` beside this file shoots more of them, elsewhere.
 */
const FOLDER = 'test/kernel/programs';
const PER_STEP = 120;

const needs: Readonly<Record<Tools, readonly ('nft' | 'iptables' | 'iptables-legacy' | 'ipset')[]>> = {
  nftables: ['nft'],
  mixed: ['nft', 'iptables', 'ipset'],
  'iptables-nft': ['nft', 'iptables', 'ipset'],
  'iptables-legacy': ['iptables-legacy', 'nft', 'ipset'],
};

for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'))) {
  describe(file, () => {
    for (const program of parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as readonly Program[]) {
      for (const tools of program.tools) {
        systemTest(
          ['root', 'netns', 'tun', 'ip', 'perl', ...needs[tools]],
          `${program.program}, ${tools}: kernel and model agree on each packet, and on what each step changes`,
          async () => {
            const tally = await withLab(
              (lab) => shootProgram(lab, program, tools, { seed, perStep: PER_STEP, wrongMax: 1, everyReading: false }),
              namesOf(program),
            );
            expect(tally.wrong).toEqual([]);
            // Neither all through nor all stopped: or nothing was compared.
            expect(tally.passed).toBeGreaterThan(0);
            expect(tally.stopped).toBeGreaterThan(0);
            expect(tally.changed).toBeGreaterThan(0);
            expect(tally.incomplete).toBe(0);
          },
          120_000,
        );
      }
    }
  });
}
