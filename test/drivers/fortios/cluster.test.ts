import { describe, expect, test } from '@jest/globals';
import { stableText } from '../../../agent/collect/index.js';
import { driver } from '../../../agent/drivers/fortios/index.js';
import { forti, fortiText, policy } from './forti.js';
import { readSections, textOf } from './support.js';

const status = (more: string): string =>
  `Version: FortiGate-60F v7.4.3,build2573,240201 (GA.F)\nSerial-Number: FGT60FTK20000001\n${more}`;

const cluster = (
  first: string,
  second: string,
  state = 'in-sync',
  health = 'OK',
  seconds = 2,
): string => `HA Health Status: ${health}
Model: FortiGate-60F
Mode: HA A-P
Group Name: edge
Cluster Uptime: 10 days 20:25:${seconds}
Primary selected using:
    <2026/11/12 11:11:23> vcluster-1: ${first} is selected as the primary because its uptime is larger than peer member ${second}.
Configuration Status:
    ${first}(updated ${seconds} seconds ago): in-sync
    ${first} chksum dump: 0b 16 f2 e4
    ${second}(updated ${seconds + 1} seconds ago): ${state}
    ${second} chksum dump: 0b 16 f2 e4
System Usage stats:
    ${first}(updated ${seconds} seconds ago):
        sessions=${seconds * 7}, average-cpu-user/nice/system/idle=1%/0%/1%/98%, memory=37%
Primary     : edge-a          , ${first}, HA cluster index = 0
Secondary   : edge-b          , ${second}, HA cluster index = 1
number of vcluster: 1
vcluster 1: work 169.254.0.1
Primary: ${first}, HA operating index = 0
Secondary: ${second}, HA operating index = 1
`;
const [one, two] = ['FGT60FTK20000001', 'FGT60FTK20000002'];
const text = fortiText({ policies: policy(1) });
const read = (said: string, own = status('')) => readSections({ status: own, cluster: said, configuration: text });

describe('a cluster', () => {
  test('says who answered, and who else there is', () => {
    const device = read(cluster(one, two));
    expect(device.availability).toMatchObject({
      member: one,
      members: [
        { name: one, role: 'active' },
        { name: two, role: 'standby' },
      ],
    });
    expect(device.availability!.outOfStep).toBeUndefined();
    expect(device.coverage.notCovered.join()).toMatch(/Read was the member FGT60FTK20000001, and not FGT60FTK20000002/);
    expect(device.coverage.blind).toEqual([]);
  });

  test.each([
    ['members that do not hold the same', cluster(one, two, 'out-of-sync'), { outOfStep: `${two} is out-of-sync` }],
    [
      'a member that is lost',
      cluster(one, two, 'in-sync', `ERROR\n    ${two} is lost @ 2026/11/20 10:00:00`),
      {
        members: [
          { name: one, role: 'active' },
          { name: two, role: 'failed' },
        ],
      },
    ],
    [
      'members that share the work',
      cluster(one, two).replace('A-P', 'A-A'),
      {
        members: [
          { name: one, role: 'active' },
          { name: two, role: 'active' },
        ],
      },
    ],
    [
      'the words of older versions',
      cluster(one, two).replaceAll('Primary', 'Master').replaceAll('Secondary', 'Slave'),
      {
        member: one,
        members: [
          { name: one, role: 'active' },
          { name: two, role: 'standby' },
        ],
      },
    ],
  ] as const)('%s', (_case, said, expected) => expect(read(said).availability).toMatchObject(expected));

  test('a failover is another member and the same device', () => {
    const [before, after] = [read(cluster(one, two)), read(cluster(two, one), status('').replace(one, two))];
    expect(after.availability!.member).toBe(two);
    expect([after.pipeline, after.facts]).toEqual([before.pipeline, before.facts]);
  });

  test('the port that each member keeps for its management is no part of the device', () => {
    const kept = (address: string): string =>
      text
        .replace(
          'config system admin',
          'config system ha\n    set mode a-p\n    set ha-mgmt-status enable\n    config ha-mgmt-interfaces\n        edit 1\n            set interface "mgmt"\n        next\n    end\nend\nconfig system admin',
        )
        .replace(
          '    edit "wan1"',
          `    edit "mgmt"\n        set ip ${address} 255.255.255.0\n        set allowaccess ssh\n    next\n    edit "wan1"`,
        );
    const [a, b] = ['10.99.0.1', '10.99.0.2'].map((address) => readSections({ configuration: kept(address) }));
    expect(a!.coverage.blind).toEqual([]);
    expect(a!.pipeline).toEqual(b!.pipeline);
  });

  test('its counters are no change', () => {
    const [a, b] = [cluster(one, two), cluster(one, two, 'in-sync', 'OK', 59)].map((said) =>
      stableText(said, driver.volatile),
    );
    expect(a).toBe(b);
  });

  test('a device that stands alone is of none', () => {
    expect(read('HA Health Status: OK\nMode: Standalone\n').availability).toBeUndefined();
    expect(read('').availability).toBeUndefined();
  });
});

describe('virtual domains', () => {
  const configuration = textOf('two-domains-62');
  const version = 'Version: FortiGate-100E v6.2.3,build1066,191218 (GA)\nVirtual domain configuration: multiple\n';
  const blind = (said: string): readonly string[] =>
    readSections({ status: `${version}Virtual domains status: ${said}\n`, configuration }).coverage.blind;

  test('those that an account is not shown make the reading blind', () => {
    expect(blind('2 in NAT mode, 0 in TP mode')).toEqual([]);
    expect(blind('2 in NAT mode, 1 in TP mode').join()).toMatch(/the device has 3 virtual domains, .* shows 2/);
  });

  test('the cluster is asked where the whole device is', () => {
    const names = { status: version, 'multiple-cluster': cluster(one, two), configuration };
    expect(readSections(names).availability?.member).toBe(one);
  });
});

test.each([
  ['', undefined],
  ['    set cfg-save automatic', undefined],
  ['    set cfg-save manual', ['saved']],
  ['    set cfg-save revert', ['saved']],
])('what is saved by hand may be another configuration: %j', (global, expected) => {
  const device = forti({ global, policies: policy(1) });
  expect(device.laterUnknown).toEqual(expected);
  expect(device.coverage.notCovered.some((one) => /saved for the next start/.test(one))).toBe(expected !== undefined);
});
