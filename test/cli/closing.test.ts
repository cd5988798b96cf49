import { describe, expect, test } from '@jest/globals';
import { finding, opening } from '../support/fake-guard.js';
import { guarded } from './capture.js';

describe('closing a window', () => {
  const blind = { fw1: ['nft: permission denied'] };
  test.each([
    ['shut', {}, 0],
    ['left open', { undeclared: [opening] }, 1],
    ['not to be seen', { devices: blind }, 3],
    ['left open and not to be seen', { devices: blind, undeclared: [opening] }, 1],
  ])('with everything %s', async (_name, scene, code) => {
    const { ask, close } = await guarded(scene);
    expect((await ask('window', 'open', 'W', '--vendor', 'v', '--for', '1h')).code).toBe(0);
    expect((await ask('window', 'close', 'W')).code).toBe(code);
    await close();
  });

  test('clean of its own beside what was open before, which is told and counted', async () => {
    const { ask, close } = await guarded({
      findings: Array.from({ length: 7 }, (_, n) => ({ ...finding, key: `fw/${n}` })),
    });
    await ask('window', 'open', 'W', '--vendor', 'v', '--for', '1h');
    const { code, stdout } = await ask('window', 'close', 'W');
    await close();
    expect(code).toBe(0);
    expect(stdout).toContain('open beside this window: 7; ecluse findings says more\n');
    expect(stdout).toContain(`${finding.code}  fw/4: ${finding.summary}\n  and 2 more\n`);
    expect(stdout).toContain('7 findings open on the sources read');
    expect(stdout).not.toContain('No drift');
    expect(stdout).toContain('window W is closed\n');
  });

  test('what is left is told with its place, its cause and a packet, and as possible where it is', async () => {
    const perhaps = { ...opening, certainty: 'possible' as const, conditions: ['the time is right'] };
    const { ask, close } = await guarded({ undeclared: [perhaps] });
    await ask('window', 'open', 'W', '--vendor', 'v', '--for', '1h');
    const { stdout } = await ask('window', 'close', 'W');
    await close();
    expect(stdout).toContain(`LEFT_OPEN  ${opening.device}: possibly: ${opening.summary}\n          since `);
    expect(stdout).toContain(`          at       ${opening.place}\n`);
    expect(stdout).toContain(`          cause    ${opening.cause}\n`);
    expect(stdout).toContain(`          packet   ${opening.witness}\n`);
    expect(stdout).toContain('          if       the time is right\n');
  });
});
