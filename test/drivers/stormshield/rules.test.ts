import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { driver } from '../../../agent/drivers/stormshield/index.js';
import { describeShared } from '../../support/shared.js';
import { deviceOf, isClean } from './support.js';

function listed(...rules: readonly string[]): string {
  const lines = rules.map((rule, index) => `position=${index + 1}; usage=0 match=0 ruleid=${index + 1}: ${rule}`);
  return `101 code=00a01000 msg="Begin" format="list"\n[Filter]\n${lines.join('\n')}\n100 code=00a00100 msg="Ok"\n`;
}

describe('lines of a policy', () => {
  test.each([
    'pass from any to any',
    'block log from 192.0.2.0/24 to 198.51.100.7 port 443',
    'pass ipproto tcp from 192.0.2.1-192.0.2.9|192.0.2.77 port 1024:65535 on in to !198.51.100.0/24 port 80|8080 on out',
    'pass ipproto esp from any to any # “tunnel” # and more',
    'reset log inspection ids from any to any port ssh',
    'pass rate 10,20,30,40,50 from any to any port dns_udp',
    'off pass settos 24 from any to any',
    'pass proto http from user="dr who"@192.0.2.0/24 method AGENT to any geo FR',
    'decrypt inspection ips sslfiltering:0 from 192.0.2.0/24 to any port https',
  ])('“%s” is understood', (rule) => {
    expect(isClean(deviceOf(['filter', listed(rule)]))).toBe(true);
  });

  test.each([
    ['an action that nobody knows', 'permit from any to any'],
    ['a word more', 'pass from any frobnicate 3 to any'],
    ['a side less', 'pass from any'],
    ['a port that nobody knows', 'pass from any to any port dicom'],
    ['a port that is none', 'pass from any to any port 70000'],
    ['ports the wrong way round', 'pass from any to any port 90:80'],
    ['an object that is not there', 'pass from any to pacs'],
    ['a code without its type', 'pass ipproto icmp code 3 from any to any'],
    ['a type of something else', 'pass ipproto tcp type 8 from any to any'],
    ['a delegation of a local policy', 'deleg from any to any'],
    ['a translation among filter rules', 'nat from any to any -> from original to original'],
    ['an object of the firewall without its interfaces', 'pass from any to Firewall_out port ssh'],
  ])('%s is no clean model', (_, rule) => {
    expect(isClean(deviceOf(['filter', listed(rule)]))).toBe(false);
  });

  test('an interface that is not there is no clean model', () => {
    const network = '[ethernet0]\nName=out\nAddress=198.51.100.1\nMask=255.255.255.0\n';
    expect(isClean(deviceOf(['filter', listed('pass from any on out to any')], ['network', network]))).toBe(true);
    expect(isClean(deviceOf(['filter', listed('pass from any on outt to any')], ['network', network]))).toBe(false);
  });

  test('a slot that was changed and not activated is not what is in force', () => {
    const slots = '101 code=00a01000 msg="Begin"\n[Global]\nactive=09\nsync=0\n100 code=00a00100 msg="Ok"\n';
    const device = deviceOf(['filter', listed('block from any to any')], ['slots', slots]);
    expect(device.coverage.blind).toEqual([expect.stringContaining('was changed and not activated')]);
  });

  test('of several slots the active one is read, and which one that is must be known', () => {
    const files = [
      ['05', '[Filter]\npass from any to any\n'],
      ['09', '[Filter]\nblock from any to any\n'],
    ] as const;
    const slots = '101 code=00a01000 msg="Begin"\n[Global]\nactive=09\nsync=1\n100 code=00a00100 msg="Ok"\n';
    const device = deviceOf(...files, ['slots', slots]);
    expect(isClean(device)).toBe(true);
    expect(device.pipeline.lists.map(({ id }) => id)).toContain('filter/09');
    expect(device.pipeline.bases.find(({ hook }) => hook === 'forward')?.policy).toBe('drop');
    expect(deviceOf(...files).coverage.blind).toEqual(['which of the slots 05, 09 is active is not in this capture']);
  });

  test('a global policy comes first, and may hand over to the local one', () => {
    const device = deviceOf(
      ['global-05', '[Filter]\ndeleg from 192.0.2.0/24 to any\nblock from any to any port telnet\n'],
      ['09', '[Filter]\npass from any to any port telnet\nblock from any to any\n'],
    );
    expect(isClean(device)).toBe(true);
    const forward = device.pipeline.lists.find(({ id }) => id === 'forward')!;
    const jumps = forward.rules.flatMap(({ steps }) =>
      steps.flatMap((step) => (step.kind === 'jump' ? [step.list] : [])),
    );
    expect(jumps).toEqual(['global/policy', 'filter/09']);
  });

  test('an answer that holds fewer rows than it announces is no clean model', () => {
    const objects =
      '101 code=00a01000 msg="Begin" format="section_line" total=134\n[Object]\ntype=host global=0 name=web ip=192.0.2.1\n100 code=00a00100 msg="Ok"\n';
    const device = deviceOf(['filter', listed('pass from any to web')], ['objects', objects]);
    expect(device.coverage.blind).toEqual(['objects: 1 of 134 rows: ask for the rest with start=1']);
  });

  test('names of Object.prototype are names', () => {
    const objects =
      '101 code=00a01000 msg="Begin" format="section_line"\n[Object]\ntype=host global=0 name=constructor ip=192.0.2.1\n100 code=00a00100 msg="Ok"\n';
    expect(isClean(deviceOf(['filter', listed('pass from any to constructor')], ['objects', objects]))).toBe(true);
    expect(isClean(deviceOf(['filter', listed('pass from any to valueOf port toString')]))).toBe(false);
  });
});

describe('what shuts it again', () => {
  const origin = { file: 'f', line: 1, rule: 'filter slot 09 position 3', text: 'pass from any to any' };
  test('is said in the console’s own words, activation included', () => {
    expect(driver.undo!({ edit: 'added', rule: origin, list: 'filter/09' })).toBe(
      'CONFIG FILTER RULE REMOVE index=9 type=filter global=0 position=3\nCONFIG FILTER ACTIVATE',
    );
    expect(driver.undo!({ edit: 'removed', rule: origin, list: 'filter/09' })).toContain('at the end');
    expect(driver.undo!({ edit: 'added', rule: { ...origin, rule: 'filter slot policy position 3' }, list: 'x' })).toBe(
      undefined,
    );
  });
});

describeShared('corpus/stormshield', 'configurations of others', (folder) => {
  test('every line is understood; only objects that are not in the file are missing', () => {
    for (const name of readdirSync(folder)) {
      const { coverage } = deviceOf([name, readFileSync(join(folder, name), 'utf8')]);
      expect(coverage.lines.filter(({ state }) => state === 'unrecognized')).toEqual([]);
      expect(coverage.rules.unread).toBe(0);
      for (const reason of coverage.blind) expect(reason).toMatch(/not in this capture/);
    }
  });
});
