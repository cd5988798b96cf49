import { writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { guarded } from './capture.js';

describe('a configuration that is wrong while a daemon runs', () => {
  test.each([
    ['a line that is wrong', 'timeZone: Europe/Paris\nstate: .\ngrase: 5m\n', 'Europe/Paris'],
    ['no YAML', 'state: .\ntimeZone: Asia/Tokyo\ndevices: [{\n', 'Asia/Tokyo'],
  ])('%s: the daemon is asked by what it took before', async (_case, text, zone) => {
    const { guard, config, ask, close } = await guarded();
    writeFileSync(config, text);
    const { stderr } = await ask('window', 'close', 'W1');
    expect(guard.calls).toContainEqual(['closeWindow', 'W1']);
    expect(stderr).toMatch(
      new RegExp(`config\\.yaml is wrong now \\(ecluse check\\): .* times are those of ${zone}\n`),
    );
    expect((await ask('status')).stdout).toMatch(/^daemon /);
    await close();
  });
});
