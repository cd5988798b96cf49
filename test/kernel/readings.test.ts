import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { must } from '../support/answers.js';
import { findProgram, systemPath } from '../support/needs.js';
import { tempDir } from '../support/system.js';
import { nftables } from './firewalls.js';
import {
  closeWindow,
  codes,
  expectDoor,
  expectWitnessPasses,
  findingsOnce,
  first,
  openWindow,
  testStories,
} from './story.js';
import { RESULTS } from './world.js';

/** Cases of the scenarios that are about the readings themselves: beside what is told stands who gets in. */

/** A program in the place of nft that fails for as long as somebody wants it to. */
function brokenNft() {
  const folder = tempDir();
  const flag = join(folder, 'broken');
  const path = join(folder, 'bin', 'nft');
  mkdirSync(join(folder, 'bin'));
  const script = `#!/bin/sh
[ ! -e '${flag}' ] || { echo 'netlink: Error: cache initialization failed: Operation not permitted' >&2; exit 1; }
exec ${findProgram('nft')} "$@"
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
  return {
    env: { PATH: [join(folder, 'bin'), systemPath()].join(delimiter) },
    breaks: () => writeFileSync(flag, ''),
    works: () => rmSync(flag),
  };
}

const POLLS = 300;

describe('on the real kernel', () => {
  testStories([
    {
      name: 'G11: what could not be read in a window is told, is no clean close, and is judged once it can be read',
      firewall: nftables,
      startsLater: true,
      action: async (guarded) => {
        const { world, daemon, told } = guarded;
        const reader = brokenNft();
        await daemon.start(reader.env);
        const window = await openWindow(guarded, '--for', '10m');
        reader.breaks();
        const blind = first(await told('GUARD_BLIND'), 'GUARD_BLIND');
        await world.firewall.must([...nftables.addRule(RESULTS)]);
        expect([blind.param('severity'), blind.param('window')]).toEqual(['high', window]);
        expect(blind.param('details')).toContain('cache initialization failed');
        await expectDoor(guarded, RESULTS, 'reached');
        const no = await closeWindow(guarded, window);
        expect(no).toMatchObject({ exit: 3, answer: { state: 'refused', attested: false, openings: [] } });
        expect(no.answer.coverage.notCovered.join('\n')).toContain('cache initialization failed');
        reader.works();
        // The window was over by then: whether it was opened in it, nobody has seen.
        const open = first(await told('UNPLANNED_OPENING'), 'UNPLANNED_OPENING');
        await expectWitnessPasses(guarded, open, true);
        await nftables.load(world.firewall);
        await findingsOnce(guarded);
        await expectDoor(guarded, RESULTS, 'shut');
        expect(await closeWindow(guarded, window)).toMatchObject({ exit: 0, answer: { state: 'closed' } });
      },
    },
    {
      name: `G18: the same opening on ${POLLS} readings is one finding under one key, told once`,
      firewall: nftables,
      startsLater: true,
      action: async (guarded) => {
        const { world, configure, daemon, guard, told, heard } = guarded;
        configure({ entry: ['drivers: [nftables]'] });
        await daemon.start();
        await world.firewall.must([...nftables.addRule(RESULTS)]);
        const alarm = first(await told('UNPLANNED_OPENING'), 'UNPLANNED_OPENING');
        const [before] = await findingsOnce(guarded, 'UNPLANNED_OPENING');
        for (let poll = 0; poll < POLLS; poll++) {
          expect(must(await guard().snapshot(['fw1']))).toMatchObject([
            { device: 'fw1', unchanged: true, complete: true },
          ]);
        }
        const [after] = await findingsOnce(guarded, 'UNPLANNED_OPENING');
        expect(after).toMatchObject({ key: before!.key, firstSeen: before!.firstSeen });
        expect(after!.count).toBeGreaterThanOrEqual(before!.count + POLLS);
        await expectDoor(guarded, RESULTS, 'reached');
        expect(codes(heard())).toEqual(['UNPLANNED_OPENING']);
        expect(alarm.param('key')).toContain(before!.key);
      },
    },
  ]);
});
