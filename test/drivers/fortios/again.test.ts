import { describe, expect, test } from '@jest/globals';
import type { Device, Rule } from '../../../agent/model/index.js';
import { fortiText, policy } from './forti.js';
import { deviceOf, readSections, recordings, textOf } from './support.js';

/** The same words, so written that no entry is read as a whole and none was read before. */
function oneByOne(text: string): string {
  return text.replace(/^(?<head>\s*edit )(?:"(?<quoted>[^"\\\n]+)"|(?<bare>\S+))$/gm, (...found) => {
    const { head, quoted, bare } = found.at(-1) as Readonly<Record<string, string>>;
    return `${head}"\\${quoted ?? bare}"`;
  });
}

const tables = `
config firewall addrgrp
    edit "inside"
        set member "users" "server"
    next
end
config firewall ippool
    edit "outside"
        set startip 203.0.113.1
        set endip 203.0.113.9
    next
end
config firewall schedule onetime
    edit "visit"
        set start 08:00 2026/03/02
        set end 18:00 2026/03/06
    next
end
config firewall vip
    edit "published"
        set extip 198.51.100.3
        set extintf "wan1"
        set mappedip "10.30.0.10"
    next
end
config firewall address
    edit "partner"
        set subnet 10.30.9.0 255.255.255.0
    next
end
config firewall internet-service-custom
    edit "portal"
        config entry
            edit 1
                set protocol 6
                set dst "partner"
                config port-range
                    edit 1
                        set start-port 443
                        set end-port 443
                    next
                end
            next
        end
    next
end
config webfilter profile
    edit "web"
        set web-invalid-domain-log enable
    next
end
config user group
    edit "people"
        set member "one"
    next
end
config system zone
    edit "inner"
        set interface "lan"
    next
end`;

const text = fortiText({
  tables,
  policies: [
    policy(1, { srcaddr: '"inside"', nat: 'enable', ippool: 'enable', poolname: '"outside"' }),
    policy(2, { srcintf: '"inner"', service: '"HTTPS" "SSH"' }),
    policy(3, { srcintf: '"wan1"', dstintf: '"dmz"', dstaddr: '"published"' }),
    policy(4, { schedule: '"visit"', users: '"somebody"' }),
    policy(6, { dstaddr: '', 'internet-service': 'enable', 'internet-service-custom': '"portal"', service: '' }),
    policy(7, { 'utm-status': 'enable', 'webfilter-profile': '"web"', groups: '"people"' }),
    policy(5, { 'policy-expiry': 'enable', 'policy-expiry-date': '"2026-03-04 00:00:00"' }),
  ].join('\n'),
});

const edits: readonly (readonly [what: string, from: string | RegExp, to: string])[] = [
  ['an address', 'set subnet 10.30.0.10 255.255.255.255', 'set subnet 10.30.0.11 255.255.255.255'],
  ['a group', 'set member "users" "server"', 'set member "users"'],
  ['a service', 'set tcp-portrange 22', 'set tcp-portrange 2222'],
  ['a zone', 'set interface "lan"', 'set interface "lan" "dmz"'],
  ['a pool', 'set endip 203.0.113.9', 'set endip 203.0.113.8'],
  ['a schedule', 'set start 08:00', 'set start 09:00'],
  ['a profile', 'set web-invalid-domain-log enable', 'set web-invalid-domain-log disable'],
  ['a list of users', 'set member "one"', 'set member "two"'],
  [
    'an address within a list of addresses and ports',
    'set subnet 10.30.9.0 255.255.255.0',
    'set subnet 10.30.8.0 255.255.255.0',
  ],
  ['a virtual IP', 'set mappedip "10.30.0.10"', 'set mappedip "10.30.0.12"'],
  ['a policy', 'set service "HTTPS" "SSH"', 'set service "HTTPS"'],
  ['a line further up', 'config system zone', '# a note\nconfig system zone'],
  ['a blank line before next', /(?<=set member "users" "server"\n)/, '\n'],
  ['blanks behind next', /(?<=set member "users" "server"\n {4}next)/, '  '],
  ['a last line without its end', /\n$/, ''],
  ['the version', '-7.4.3-', '-6.0.3-'],
  [
    'an object that is renamed',
    /(?=config firewall policy\n)/,
    'config firewall address\n    rename "users" to "staff"\nend\n',
  ],
  ['a policy that is cloned and renamed', /\nend\n+(?=config router)/, '\n    clone 2 to 9\n    rename 1 to 8\nend\n'],
  [
    'a policy that is said twice',
    /\nend\n+(?=config router)/,
    '\n    edit 2\n        set status disable\n    next\nend\n',
  ],
];

test('the configuration is one on which each edit bears', () => {
  const before = JSON.stringify(plain(deviceOf(text)));
  for (const [what, from, to] of edits) {
    expect(text.replace(from, to)).not.toBe(text);
    const is = JSON.stringify(plain(deviceOf(text.replace(from, to))));
    expect(is === before).toBe(what === 'blanks behind next' || what === 'a last line without its end');
  }
});

/** Without bigint, which JSON cannot write. */
function plain(device: Device): unknown {
  return JSON.parse(JSON.stringify(device, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)));
}

describe('an entry that was read before', () => {
  test.each(recordings)('%s is read as it is line by line', (name) => {
    const recording = textOf(name);
    expect(oneByOne(recording)).not.toBe(recording);
    expect(plain(deviceOf(recording))).toEqual(plain(deviceOf(oneByOne(recording))));
  });

  test.each(edits)('%s was changed since: nothing of the reading before remains', (_what, from, to) => {
    deviceOf(text);
    const now = text.replace(from, to);
    expect(plain(deviceOf(now))).toEqual(plain(deviceOf(oneByOne(now))));
  });

  test('the clock has gone on', () => {
    const at = (configuration: string, time: string): unknown =>
      plain(readSections({ status: `Version: FortiGate-60F v7.4.3\nSystem time: ${time}\n`, configuration }));
    at(text, 'Mon Mar  2 12:00:00 2026');
    expect(at(text, 'Thu Mar  5 12:00:00 2026')).toEqual(at(oneByOne(text), 'Thu Mar  5 12:00:00 2026'));
    expect(at(text, 'Thu Mar  5 12:00:00 2026')).not.toEqual(at(text, 'Mon Mar  2 12:00:00 2026'));
  });

  test('policies that say the same share what they are made into, and only they', () => {
    const stepsOf = (configuration: string): ReadonlyMap<string, Rule['steps']> =>
      new Map(
        deviceOf(configuration).pipeline.lists.flatMap(({ rules }) =>
          rules.map(({ origin, steps }) => [origin.rule, steps]),
        ),
      );
    const [before, again] = [stepsOf(text), stepsOf(text)];
    for (const id of [1, 2]) expect(again.get(`firewall policy ${id}`)).toBe(before.get(`firewall policy ${id}`));
    const now = stepsOf(text.replace('set tcp-portrange 22', 'set tcp-portrange 2222'));
    expect(now.get('firewall policy 1')).toBe(before.get('firewall policy 1'));
    expect(now.get('firewall policy 2')).not.toEqual(before.get('firewall policy 2'));
  });
});
