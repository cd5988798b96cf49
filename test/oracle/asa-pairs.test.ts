import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { diffFiles } from '../../agent/app/index.js';
import { describeShared } from '../support/shared.js';

interface Pair {
  readonly id: string;
  readonly before: string;
  readonly after: string;
  readonly peer_says_no_change: boolean;
}

/**
 * Pairs in which a program that configures the device has lines to change, and what passes is the same: entries in
 * another order that take nothing from each other, a port by its name, two equal lists made one, and routes, which
 * are facts and no filter.
 */
const SAME_TRAFFIC = [
  'asa_acl-002',
  'asa_acl-003',
  'asa_acl-012',
  'asa_acl-021',
  'asa_acl-027',
  'asa_ipv6-001',
  'asa_ipv6-002',
  'asa_ipv6-003',
  'asa_ipv6-004',
  'asa_parse-001',
  'asa_parse-028',
];

describeShared('corpus/drift_pairs', 'pairs of ASA configurations', (folder) => {
  const pairs = readdirSync(folder)
    .filter((name) => name.includes('__asa_'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as Pair);

  test('those that changed nothing are equal, and the others differ', async () => {
    const place = mkdtempSync(join(tmpdir(), 'ecluse-asa-'));
    try {
      const wrong: string[] = [];
      for (const { id, before, after, peer_says_no_change: same } of pairs) {
        writeFileSync(join(place, 'before'), before);
        writeFileSync(join(place, 'after'), after);
        const { answer } = await diffFiles(join(place, 'before'), join(place, 'after'), { driver: 'asa' });
        const equal = answer?.equal === true;
        if (equal !== (same || SAME_TRAFFIC.includes(id))) wrong.push(`${id}: ${answer?.equal}`);
      }
      expect(wrong).toEqual([]);
      expect(pairs.length).toBeGreaterThan(100);
    } finally {
      rmSync(place, { recursive: true });
    }
  }, 60_000);
});
