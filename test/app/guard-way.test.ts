import { expect, test } from '@jest/globals';
import { wayTo } from '../../agent/app/guard/way.js';
import type { DeviceSettings, SshServer } from '../../agent/config/index.js';

const login = { port: 22, user: 'ecluse', hostKeys: [], legacyAlgorithms: [] };

function device(source: DeviceSettings['source'], site?: string): DeviceSettings {
  return { id: 'fw', kind: 'fw', interfaceZones: {}, drivers: [], source, ...(site !== undefined && { site }) };
}

const over = (host: string, jump?: SshServer) => ({ kind: 'ssh' as const, host, ...login, ...(jump && { jump }) });

test.each<[string, DeviceSettings, readonly string[]]>([
  ['this machine', device({ kind: 'local' }, 'troyes'), []],
  ['an address', device(over('192.0.2.77')), ['network 192.0.2.0/24']],
  ['an IPv6 address', device(over('2001:db8:1:2::77')), ['network 2001:db8:1:2::/64']],
  ['a name says nothing of a network', device(over('fw.example.org')), []],
  [
    'a jump host, a site',
    device(over('192.0.2.77', { host: 'bastion.example.org', ...login }), 'troyes'),
    ['jump host bastion.example.org:22', 'site troyes', 'network 192.0.2.0/24'],
  ],
])('the way to %s', (_case, settings, expected) => {
  expect(wayTo(settings)).toEqual(expected);
});
