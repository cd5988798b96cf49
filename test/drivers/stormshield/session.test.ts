import { describe, expect, test } from '@jest/globals';
import type { Section } from '../../../agent/drivers/contract.js';
import { factSubjects } from '../../../agent/judge/compose-hosts.js';
import type { Device } from '../../../agent/model/index.js';
import { readSections, sectionsOf } from './support.js';

/** A session that was read whole, with some answers changed; an answer that is undefined was not given. */
function session(changes: Readonly<Record<string, ((text: string) => string) | undefined>> = {}): readonly Section[] {
  return sectionsOf('clinic-43').flatMap((section) => {
    if (!Object.hasOwn(changes, section.name)) return [section];
    const change = changes[section.name];
    if (!change) return [];
    const text = change(section.text);
    expect(text).not.toBe(section.text);
    return [{ ...section, text }];
  });
}

function deviceOf(changes: Parameters<typeof session>[0] = {}): Device {
  const result = readSections(session(changes));
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const row = (line: string) => (text: string) => text.replace(/^100 /m, `${line}\n100 `);

/** What is told of facts where the first is approved. */
function told(changes: Parameters<typeof session>[0], before: Parameters<typeof session>[0] = {}): readonly string[] {
  const subjects = factSubjects({
    device: 'fw',
    now: deviceOf(changes),
    approved: deviceOf(before),
    blind: false,
    tellsForwarding: false,
  });
  return subjects.map(({ kind, summary, ...rest }) => `${'factCode' in rest ? rest.factCode : kind} ${summary}`);
}

describe('what stands beside the filter', () => {
  test('nothing is told of a firewall that did not change', () => expect(told({})).toEqual([]));

  test.each<[string, string, (text: string) => string, RegExp]>([
    [
      'an administrator',
      'administrators',
      () =>
        '101 code=00a01000 msg="Begin" format="section_line"\n[Result]\nruleid=1 user=vendor manage="base,filter,modify"\n100 code=00a00100 msg="Ok"\n',
      /^ADMIN_ADDED administrator user vendor/,
    ],
    [
      'who may administer',
      'web-administration',
      row('vendor'),
      /^ACCESS_WIDENED web administration from vendor.*203\.0\.113\.77/,
    ],
    [
      'a tunnel',
      '1-vpn-tunnels',
      row('position=3 ruletype=policy state=on local=Network_in remote=any peer=Site_vendor conf=x'),
      /^VPN_LEFT tunnel Network_in to any by Site_vendor/,
    ],
    [
      'a mobile user',
      '1-vpn-mobile',
      row('position=1 ruletype=policy state=on local=any remote=any peer=roaming conf=x'),
      /^VPN_LEFT tunnel any to any by roaming/,
    ],
    [
      'a peer',
      'vpn-peers',
      row('name=Site_vendor type=gateway remote=vendor auth=psk'),
      /^VPN_LEFT IPsec peer Site_vendor/,
    ],
    ['the SSL VPN', 'ssl-vpn', (text) => text.replace('route=Network_in', 'route=any'), /^VPN_LEFT SSL VPN/],
    [
      'a route',
      'routes',
      row('Remote=vendor_lan Address=10.9.0.0/16 Interface=out Gateway=198.51.100.3 State=1'),
      /^ROUTE_CHANGED route to vendor_lan/,
    ],
    [
      'an IPv6 route',
      'routes-6',
      row('Remote=v6 Address=2001:db8:9::/48 Interface=out Gateway=2001:db8::1 State=1'),
      /^ROUTE_CHANGED route to v6/,
    ],
    [
      'the default route',
      'default-route',
      (text) => text.replace('operator_gw', 'vendor_gw'),
      /^ROUTE_CHANGED default route/,
    ],
    [
      'where logs go',
      'syslog',
      (text) => text.replace('Server=supervision', 'Server=vendor'),
      /^LOGGING_OFF syslog profile soc/,
    ],
    [
      'a rule that logs no more',
      '5-local-filter',
      (text) => text.replace('pass log from adm_net', 'pass from adm_net'),
      /^LOGGING_OFF log from adm_net/,
    ],
    [
      'a rule that is looked into no more',
      '5-local-filter',
      (text) => text.replace('urlfiltering:0,antivirus', 'urlfiltering:0'),
      /^INSPECTION_WEAKENED inspection of what passes/,
    ],
  ])('%s', (_what, name, change, words) => {
    // Administrators are compared only once a snapshot with them was approved.
    const before =
      name === 'administrators' ? { administrators: (text: string) => change(text).replace(/^ruleid.*\n/m, '') } : {};
    const inForce = name === '5-local-filter' ? { 'in-force': undefined } : {};
    expect(told({ [name]: change, ...inForce }, { ...before, ...inForce })).toEqual([expect.stringMatching(words)]);
  });

  test.each<[string, string, (text: string) => string]>([
    [
      'a remark and a colour',
      'routes',
      (text) => text.replace('Color=0a0c0a', 'Color=ffffff').replace('Comment=""', 'Comment=new'),
    ],
    ['places in a list', '1-vpn-tunnels', (text) => text.replace('position=2', 'position=7')],
    ['how well a pair runs', 'ha', (text) => text.replace('Quality=100', 'Quality=90').replace('05:10:40', '09:00:00')],
    [
      'a failover',
      'ha',
      (text) =>
        text.replace('Mode=Active', 'Mode=x').replace('Mode=Passive', 'Mode=Active').replace('Mode=x', 'Mode=Passive'),
    ],
  ])('%s say nothing', (_what, name, change) => expect(told({ [name]: change })).toEqual([]));

  test('an object that web administration names is what it holds', () => {
    const wider = (text: string) =>
      text.replace('ip=10.99.0.0 mask=255.255.255.0 prefixlen=24', 'ip=10.98.0.0 mask=255.254.0.0 prefixlen=15');
    expect(told({ objects: wider })).toEqual([
      expect.stringMatching(/^ACCESS_WIDENED web administration from adm_net.*10\.98\.0\.0/),
    ]);
  });

  test('what an account may not read is not compared, and said', () => {
    const refused = () => '205 code=00800a01 msg="Not enough privileges"\n';
    const device = deviceOf({ 'vpn-peers': refused });
    expect(device.coverage.blind).toEqual([]);
    expect(device.coverage.notCovered.filter((one) => one.startsWith('Not read'))).toEqual([
      expect.stringMatching(/administrators/),
      expect.stringMatching(/IPsec peers/),
    ]);
    expect(told({ 'vpn-peers': refused })).toEqual([]);
  });

  test('the members of a pair, and the version', () => {
    const { availability, version } = deviceOf();
    expect(version).toBe('4.3.24');
    expect(availability).toMatchObject({
      member: 'SN310A17A0000A7',
      members: [
        { name: 'SN310A17A0000A7', role: 'active' },
        { name: 'SN310A17A0001A7', role: 'standby' },
      ],
    });
  });
});

describe('what is in force', () => {
  const blind = (changes: Parameters<typeof session>[0]) => deviceOf(changes).coverage.blind;

  test('a rule of the slot that is not, and one that no slot has, are blind', () => {
    expect(blind({})).toEqual([]);
    expect(blind({ 'in-force': (text) => text.replace(/^.*from clinic to pacs.*\n/m, '') })).toEqual([
      expect.stringMatching(/^5-local-filter:9: .*does not show it in force/),
    ]);
    expect(blind({ 'in-force': row('ruleid=9: pass from any to any') })).toEqual([
      expect.stringMatching(/^in-force:\d+: .*stands in no slot/),
    ]);
  });

  test('another form of rules is not compared, and said', () => {
    const device = deviceOf({ 'in-force': (text) => text.replaceAll(/^ruleid=\d+: /gm, 'asq ') });
    expect(device.coverage.blind).toEqual([]);
    expect(device.coverage.notCovered).toContainEqual(expect.stringMatching(/MONITOR FILTER shows has another form/));
  });

  test('a slot that was changed and not activated is blind', () =>
    expect(blind({ 'local-slots': (text) => text.replace('sync=1', 'sync=0') })).toEqual([
      expect.stringMatching(/not activated/),
    ]));

  test('no active slot is no reading', () => {
    const none = {
      'local-slots': (text: string) => text.replace('active=05', 'active=00'),
      '5-local-filter': undefined,
      '5-local-nat': undefined,
      '1-global-filter': undefined,
      '1-global-nat': undefined,
    };
    expect(readSections(session(none))).toMatchObject({
      ok: false,
      error: { message: expect.stringMatching(/no filter slot is active/) },
    });
  });

  test('no global policy is nothing that was left out', () => {
    const none = {
      'global-slots': (text: string) => text.replace('active=01', 'active=00'),
      '1-global-filter': undefined,
      '1-global-nat': undefined,
      'in-force': undefined,
    };
    expect(deviceOf(none).coverage.notCovered.filter((one) => one.includes('global policy'))).toEqual([]);
  });

  test('an answer of another shell is blind', () =>
    expect(blind({ objects: () => 'CONFIG: Command not found.\n' })).toContainEqual(
      expect.stringMatching(/no answer of the console of commands/),
    ));
});
