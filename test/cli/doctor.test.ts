import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { tempDir } from '../support/index.js';
import { systemTest, withNamespaces } from '../support/system.js';
import { ecluse } from './capture.js';

test('ecluse doctor: what most machines do not have is one line, and no list of failures', async () => {
  const config = join(tempDir(), 'config.yaml');
  writeFileSync(config, 'state: ./state\ndevices: [{id: here, kind: host, drivers: [linux-saved]}]\n');
  const { code, stdout } = await ecluse('doctor', '--config', config);
  expect(stdout).toMatch(/^ {2}good {2}the reading is complete$/m);
  expect(code).toBe(0);
  const lines = stdout
    .split('\n')
    .filter((line) => line.includes('/etc/nftables.d') || line.includes('/etc/runlevels'));
  // Whichever of them this machine has, the others are told together.
  expect(lines.length).toBeLessThanOrEqual(1);
  expect(stdout).not.toMatch(/COMMAND_FAILED.*No such file or directory/);
});

systemTest(
  ['root', 'netns', 'nft', 'ip'],
  'ecluse doctor names the interfaces of a firewall that no zone is named for',
  async () => {
    await withNamespaces(['fw'], async ({ fw }) => {
      for (const words of [
        'add table inet filter',
        'add chain inet filter forward { type filter hook forward priority 0 ; policy drop ; }',
        'add rule inet filter forward iifname { "wan0", "lan0", "lo" } oifname "dmz0" tcp dport 443 accept',
        'add rule inet filter forward iifname "ppp*" drop',
      ])
        await fw.must(['nft', words]);
      const config = join(tempDir(), 'config.yaml');
      const said = async (kind: string, interfaces: string): Promise<string | undefined> => {
        const device = `{id: fw, kind: ${kind}, source: {netns: ${fw.name}}, drivers: [nftables], interfaces: ${interfaces}}`;
        writeFileSync(config, `state: ./state\ndevices: [${device}]\n`);
        const { stdout } = await ecluse('doctor', '--config', config);
        expect(stdout).toContain('the reading is complete');
        return /no zone is named for (?<names>.*) \(/.exec(stdout)?.groups?.names;
      };
      expect(await said('fw', '{wan0: internet}')).toBe('dmz0, lan0');
      expect(await said('fw', '{wan0: internet, lan0: clinical, dmz0: dmz}')).toBeUndefined();
      expect(await said('host', '{}')).toBeUndefined();
    });
  },
);
