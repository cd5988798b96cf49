import { describe, expect, test } from '@jest/globals';
import type { AccessFact } from '../../../agent/model/index.js';
import { compose } from '../../judge/devices.js';
import { forti, policy } from './forti.js';

const base = {
  admins:
    '    edit "admin"\n        set accprofile "super_admin"\n        set trusthost1 10.20.9.0 255.255.255.0\n    next',
  policies: policy(1),
};
const device = (more: Parameters<typeof forti>[0]) => forti({ ...base, ...more });
const table = (path: string, lines: string): string => `config ${path}\n    edit "one"\n${lines}\n    next\nend`;
const alone = (path: string, lines: string): string => `config ${path}\n${lines}\nend`;

/** The codes under which a change from one configuration to another is told, with what they are about. */
function told(before: Parameters<typeof forti>[0], now: Parameters<typeof forti>[0]): readonly string[] {
  const { undeclared } = compose(device(now), { approved: device(before) });
  return undeclared.filter(({ kind }) => kind === 'fact').map(({ factCode, id }) => `${factCode} ${id}`);
}

describe('gates that are no packet rules, when they change', () => {
  const admin = (lines: string): string => `    edit "admin"\n        set accprofile "super_admin"\n${lines}\n    next`;
  const hosts = '        set trusthost1 10.20.9.0 255.255.255.0';

  test.each([
    [
      'an administrator more',
      {},
      {
        admins: `${base.admins}\n    edit "vendor"\n        set accprofile "super_admin"\n        set trusthost1 10.20.9.9 255.255.255.255\n    next`,
      },
      [
        'ADMIN_ADDED administrator system admin vendor',
        'ACCESS_WIDENED managementService system admin vendor trusted hosts',
      ],
    ],
    [
      'another profile',
      {},
      { admins: base.admins.replace('super_admin', 'prof_admin') },
      ['ADMIN_ADDED administrator system admin admin'],
    ],
    [
      'no trusted hosts any more',
      {},
      { admins: admin('') },
      ['ACCESS_WIDENED managementService system admin admin trusted hosts'],
    ],
    [
      'what a profile may do',
      { more: table('system accprofile', '        set fwgrp read') },
      { more: table('system accprofile', '        set fwgrp read-write') },
      ['ADMIN_ADDED administrator system accprofile one'],
    ],
    [
      'a key',
      { admins: admin(hosts) },
      { admins: admin(`${hosts}\n        set ssh-public-key1 "ssh-ed25519 AAAAC3Nza vendor"`) },
      ['CREDENTIAL_CHANGED key system admin admin ssh-public-key1'],
    ],
    [
      'a key of the API',
      {},
      { more: table('system api-user', '        set accprofile "super_admin"') },
      ['ADMIN_ADDED administrator system api-user one'],
    ],
    [
      'a user of the VPN',
      {},
      { more: table('user local', '        set type password\n        set passwd ENC abc') },
      ['VPN_LEFT vpn user local one'],
    ],
    [
      'a member of a group',
      { more: table('user group', '        set member "a"') },
      { more: table('user group', '        set member "a" "b"') },
      ['VPN_LEFT vpn user group one'],
    ],
    [
      'a portal',
      {},
      { more: table('vpn ssl web portal', '        set tunnel-mode enable') },
      ['VPN_LEFT vpn vpn ssl web portal one'],
    ],
    ['a peer', {}, { more: table('user peer', '        set ca "CA"') }, ['VPN_LEFT vpn user peer one']],
    [
      'a tunnel',
      {},
      { more: table('vpn ipsec phase2-interface', '        set phase1name "x"') },
      ['VPN_LEFT vpn vpn ipsec phase2-interface one'],
    ],
    [
      'a tunnel without keys',
      {},
      { more: table('system gre-tunnel', '        set interface "wan1"') },
      ['VPN_LEFT vpn system gre-tunnel one'],
    ],
    [
      'a route',
      {},
      { more: table('router static', '        set device "wan1"') },
      ['ROUTE_CHANGED route router static one'],
    ],
    [
      'a route less',
      { more: table('router static', '        set device "wan1"') },
      {},
      ['ROUTE_CHANGED route router static one'],
    ],
    [
      'routes that are learnt',
      {},
      { more: alone('router bgp', '    set as 65000') },
      ['ROUTE_CHANGED route router bgp'],
    ],
    [
      'a policy route',
      {},
      { more: table('router policy', '        set output-device "wan2"') },
      ['ROUTE_CHANGED policyRoute router policy one'],
    ],
    [
      'an interface in another zone',
      { tables: table('system zone', '        set interface "lan"') },
      { tables: table('system zone', '        set interface "lan" "dmz"') },
      ['ACCESS_WIDENED forwarding system zone one'],
    ],
    [
      'a manager',
      {},
      { more: alone('system central-management', '    set type fortimanager\n    set fmg "203.0.113.7"') },
      ['MANAGER_CHANGED manager system central-management'],
    ],
    ['a cluster', {}, { more: alone('system ha', '    set mode a-p') }, ['MANAGER_CHANGED manager system ha']],
    [
      'an automation',
      {},
      { more: table('system automation-stitch', '        set trigger "x"') },
      ['MANAGER_CHANGED manager system automation-stitch one'],
    ],
    [
      'a log target that is off',
      { more: alone('log syslogd setting', '    set status enable') },
      { more: alone('log syslogd setting', '    set status disable') },
      ['LOGGING_OFF logging log syslogd setting'],
    ],
    [
      'a log target that is gone',
      { more: alone('log fortianalyzer setting', '    set status enable') },
      {},
      ['LOGGING_OFF logging log fortianalyzer setting'],
    ],
    ['a log target more', {}, { more: alone('log syslogd setting', '    set status enable') }, []],
    [
      'a weaker profile',
      { more: table('ips sensor', '        set block-malicious-url enable') },
      { more: table('ips sensor', '        set block-malicious-url disable') },
      ['INSPECTION_WEAKENED inspection ips sensor one'],
    ],
    [
      'deep inspection',
      { more: table('firewall ssl-ssh-profile', '        set server-cert-mode replace') },
      {},
      ['INSPECTION_WEAKENED inspection firewall ssl-ssh-profile one'],
    ],
    [
      'asymroute',
      {},
      { settings: '    set asymroute enable' },
      ['ACCESS_WIDENED forwarding system settings asymroute'],
    ],
    ['asymroute, off again', { settings: '    set asymroute enable' }, {}, []],
    [
      'the community of SNMP',
      {},
      { more: table('system snmp community', '        set name "public"') },
      ['ACCESS_WIDENED managementService system snmp community one'],
    ],
    [
      'a table that is not modelled',
      {},
      { more: table('firewall proxy-policy', '        set action accept') },
      ['ACCESS_WIDENED filterNotCovered firewall proxy-policy one'],
    ],
    ['nothing', {}, {}, []],
    [
      'what an administrator looks at',
      {},
      {
        admins: admin(
          `${hosts}\n        config gui-dashboard\n            edit 1\n                set name "Status"\n            next\n        end`,
        ),
      },
      [],
    ],
    [
      'the order of a zone’s interfaces',
      { more: table('system zone', '        set interface "imaging" "lab"') },
      { more: table('system zone', '        set interface "lab" "imaging"') },
      [],
    ],
  ] as const)('%s', (_case, before, now, expected) => expect(told(before, now)).toEqual(expected));
});

test('facts of a cluster’s own member are compared with readings of that member alone', () => {
  const facts: readonly AccessFact[] = device({ more: alone('system ha', '    set priority 200') }).facts;
  expect(facts.filter(({ ofMember }) => ofMember).map(({ subject }) => subject)).toEqual(['system ha']);
});
