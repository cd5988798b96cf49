import { describe, expect, test } from '@jest/globals';
import { ask, combineDevices } from '../../../agent/exposure/index.js';
import { type Device, type DeviceInterface, parseIp4 } from '../../../agent/model/index.js';
import { readText } from './support.js';

const blocklist = (hook: string, table = 'netdev edge', policy = 'accept'): Device =>
  readText(
    `table ${table} {\n\tchain early {\n\t\ttype filter hook ${hook} device "wan0" priority filter; policy ${policy};\n` +
      `\t\tip saddr 203.0.113.0/24 ${policy === 'drop' ? 'accept' : 'drop'}\n\t}\n}\n`,
  );

/** The same rules on a machine whose interfaces were read. */
function on(interfaces: readonly DeviceInterface[], device: Device): Device {
  const host: Device = {
    id: 'fw',
    pipeline: { lists: [], bases: [], speaksOf: [], interfaces },
    listeners: [],
    facts: [],
    coverage: { sources: [], rules: { exact: 0, bounded: 0, unread: 0 }, lines: [], notCovered: [], blind: [] },
  };
  return combineDevices('fw', [
    { driver: 'nftables', device },
    { driver: 'linux-listeners', device: host },
  ]);
}

function verdict(
  { pipeline }: Device,
  packet: { readonly in?: string; readonly out?: string; readonly from?: string; readonly to?: string },
): string {
  const source = parseIp4(packet.from ?? '203.0.113.9');
  const destination = parseIp4(packet.to ?? '192.0.2.10');
  return ask(pipeline, {
    families: ['ip4'],
    direction: packet.in === undefined ? 'output' : 'forward',
    state: 'new',
    fields: {
      source: source!,
      destination: destination!,
      protocol: 6,
      sourcePort: 40_000,
      destinationPort: 443,
      tcpFlags: 2,
    },
    ...(packet.in !== undefined && { inInterface: packet.in }),
    ...(packet.out !== undefined && { outInterface: packet.out }),
  }).verdict;
}

const plain = ['wan0', 'lan0'].map((name): DeviceInterface => ({ name, on: [] }));

describe('a chain on a device', () => {
  test('meets what has that interface, and what may stand on it', () => {
    const device = blocklist('ingress');
    expect(verdict(device, { in: 'wan0', out: 'lan0' })).toBe('deny');
    expect(verdict(device, { in: 'wan0', out: 'lan0', from: '198.51.100.9' })).toBe('allow');
    expect(verdict(device, { in: 'wan0.7', out: 'lan0' })).toBe('maybe');
    expect(device.facts).toEqual([]);
    expect(device.coverage.rules).toEqual({ exact: 1, bounded: 0, unread: 0 });
  });

  test('is exact where it was read how the interfaces stand on each other', () => {
    const vlan: DeviceInterface = { name: 'wan0.7', kind: 'vlan', on: ['wan0'] };
    const device = on([...plain, vlan], blocklist('ingress'));
    expect(verdict(device, { in: 'wan0', out: 'lan0' })).toBe('deny');
    expect(verdict(device, { in: 'lan0', out: 'wan0' })).toBe('allow');
    expect(verdict(device, { in: 'wan0.7', out: 'lan0' })).toBe('maybe');
    const overVlan = on([...plain, vlan, { name: 'tun0', kind: 'bond', on: ['wan0.7'] }], blocklist('ingress'));
    expect(verdict(overVlan, { in: 'tun0', out: 'lan0' })).toBe('maybe');
  });

  test('stops by its policy what its rules let go on', () => {
    const device = on(plain, blocklist('ingress', 'netdev edge', 'drop'));
    expect(verdict(device, { in: 'wan0', out: 'lan0' })).toBe('allow');
    expect(verdict(device, { in: 'wan0', out: 'lan0', from: '198.51.100.9' })).toBe('deny');
    expect(verdict(device, { in: 'lan0', out: 'wan0', from: '198.51.100.9' })).toBe('allow');
  });

  test('at egress meets what the device sends too', () => {
    const device = on(plain, blocklist('egress'));
    expect(verdict(device, { out: 'wan0' })).toBe('deny');
    expect(verdict(device, { out: 'lan0' })).toBe('allow');
    expect(verdict(device, { in: 'wan0', out: 'lan0' })).toBe('allow');
  });

  test('of a table of both families is as one of its own, unless packets are given to it as well', () => {
    const device = on(plain, blocklist('ingress', 'inet edge'));
    expect(verdict(device, { in: 'wan0', out: 'lan0' })).toBe('deny');
    const shared = readText(
      'table inet edge {\nchain early {\ntype filter hook ingress device "wan0" priority filter; policy accept;\njump both\n}\n' +
        'chain late {\ntype filter hook forward priority filter; policy accept;\njump both\n}\n' +
        'chain both {\niifname "wan0" ip saddr 203.0.113.0/24 drop\n}\n}\n',
    );
    expect(shared.facts).toMatchObject([{ kind: 'filterNotCovered', subject: 'inet/edge/early at ingress on wan0' }]);
  });

  test('asks by which device a frame came, and knows of no other side', () => {
    const asks = (text: string): Device =>
      on(
        plain,
        readText(
          `table netdev edge {\nchain early {\ntype filter hook ingress devices = { "wan0", "lan0" } priority filter; policy accept;\n${text}\n}\n}\n`,
        ),
      );
    const drops = (text: string, packet: { in: string; out: string }): string => verdict(asks(text), packet);
    expect(drops('iifname "lan0" drop', { in: 'wan0', out: 'lan0' })).toBe('allow');
    expect(drops('iifname "lan0" drop', { in: 'lan0', out: 'wan0' })).toBe('deny');
    expect(drops('oifname "lan0" drop', { in: 'wan0', out: 'lan0' })).toBe('allow');
    expect(drops('oifname != "lan0" drop', { in: 'wan0', out: 'lan0' })).toBe('deny');
  });
});

describe('a chain of a bridge', () => {
  const bridge = (hook: string, rule = 'ip saddr 203.0.113.0/24 drop'): Device =>
    readText(
      `table bridge guard {\nchain c {\ntype filter hook ${hook} priority filter; policy accept;\n${rule}\n}\n}\n`,
    );
  const interfaces: readonly DeviceInterface[] = [...plain, { name: 'br0', kind: 'bridge', on: ['port1', 'port2'] }];

  test.each(['prerouting', 'input'])('at %s meets what comes to the device by a bridge', (hook) => {
    expect(verdict(bridge(hook), { in: 'wan0', out: 'lan0' })).toBe('maybe');
    const known = on(interfaces, bridge(hook));
    expect(verdict(known, { in: 'wan0', out: 'br0' })).toBe('allow');
    expect(verdict(known, { in: 'br0', out: 'wan0' })).toBe('maybe');
    expect(verdict(known, { in: 'br0', out: 'wan0', from: '198.51.100.9' })).toBe('allow');
  });

  test('does not know whether connections are tracked there', () => {
    expect(verdict(on(interfaces, bridge('input', 'ct state new drop')), { in: 'br0', out: 'wan0' })).toBe('maybe');
  });

  test('at forward decides on frames of which no answer speaks, and says so', () => {
    const device = bridge('forward');
    expect(verdict(device, { in: 'br0', out: 'wan0' })).toBe('allow');
    expect(device.coverage.notCovered[0]).toContain('decides on frames that a bridge passes on');
    expect(device.facts).toMatchObject([{ kind: 'filterNotCovered' }]);
  });
});

test('ARP is no IP packet: its rules are told and compared by their content', () => {
  const device = readText('table arp guard {\nchain c {\ntype filter hook input priority filter; policy drop;\n}\n}\n');
  expect(verdict(device, { in: 'wan0', out: 'lan0' })).toBe('allow');
  expect(device.coverage.notCovered[0]).toContain('decides on ARP, and on no IP packet');
});
