import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { drivers, readingOf } from '../../../agent/app/index.js';
import type { Capture } from '../../../agent/drivers/contract.js';
import { composeObservation } from '../../../agent/judge/index.js';
import type { Device } from '../../../agent/model/index.js';

/**
 * An invented hospital's /etc/firewalld, as `grep -rH '' /etc/firewalld` prints it, and what firewalld 1.3.3 made of it:
 * its own Python started in a network namespace, and then `nft list ruleset`.
 */
const etc = readFileSync(join('test', 'drivers', 'linux-saved', 'firewalld-etc.txt'), 'utf8');
const loaded = readFileSync(join('test', 'drivers', 'linux-saved', 'firewalld-loaded.txt'), 'utf8');

const systemd = (...units: readonly string[]): string =>
  `/etc/systemd/system/multi-user.target.wants:\n${units.map((unit) => `${unit}.service\n`).join('')}`;

/** A host with these rules in its kernel and these files on its disk. */
function host(files: string, live = loaded, more: Readonly<Record<string, string>> = {}): Device {
  const section = (name: string, text: string) => ({ name, source: name, text });
  const saved = { systemd: systemd('firewalld'), firewalld: files, ...more };
  const captures: readonly Capture[] = [
    { driver: 'nftables', device: 'fw', sections: [section('nft-text', live)] },
    { driver: 'linux-saved', device: 'fw', sections: Object.entries(saved).map(([name, text]) => section(name, text)) },
    { driver: 'linux-listeners', device: 'fw', sections: [section('addr', '[]'), section('ss', '')] },
  ];
  const { model, blind } = readingOf(captures, 'fw', drivers, 0);
  if (!model) throw new Error(blind.join('\n'));
  return model;
}

function latent(now: Device, approved?: Device): readonly string[] {
  const { undeclared, limits } = composeObservation({
    device: 'fw',
    at: 0,
    now,
    ...(approved && { approved }),
    declared: { flows: [], listeners: [] },
    earlier: [],
    interfaceZones: {},
  });
  expect(limits ?? []).toEqual([]);
  return undeclared.flatMap((one) =>
    one.latent ? [`${one.summary} | ${one.place?.file.replace('/etc/firewalld/', '')}:${one.place?.line}`] : [],
  );
}

const notKnown = ({ coverage }: Device): readonly string[] =>
  coverage.notCovered.filter((one) => one.startsWith('/etc/firewalld: what'));

/** Puts a line behind the first of a file that holds these words, as a person edits it. */
function edited(file: string, after: string, line: string): string {
  const lines = etc.split('\n');
  const at = lines.findIndex((one) => one.startsWith(`/etc/firewalld/${file}:`) && one.includes(after));
  expect(at).toBeGreaterThanOrEqual(0);
  return lines.toSpliced(at + 1, 0, `/etc/firewalld/${file}:${line}`).join('\n');
}

test('what firewalld would load is, to the packet, what it loaded', () => {
  const now = host(etc);
  expect(notKnown(now)).toEqual([]);
  expect(now.later?.map(({ returnsWhen }) => returnsWhen)).toEqual([
    'at the next start or reload, when firewalld loads /etc/firewalld; at the next start or reload, when firewalld loads /etc/firewalld/direct.xml',
  ]);
  expect(latent(now)).toEqual([]);
  // The other way round: nothing that passes now would be cut.
  const later = now.later![0]!.pipeline;
  const turned: Device = { ...now, pipeline: later, later: [{ ...now.later![0]!, pipeline: now.pipeline }] };
  expect(latent(turned)).toEqual([]);
});

describe('an element that is only in the permanent configuration comes back', () => {
  const approved = host(etc);
  test.each<[string, string, string, string, string]>([
    [
      'a service',
      'zones/public.xml',
      '<zone>',
      '  <service name="dicom"/>',
      ' → fw tcp 11112 (in not ct*, not dmz0, not lan0 and 1 more) | zones/public.xml:3',
    ],
    ['a port', 'zones/dmz.xml', '<service', '  <port port="5900" protocol="tcp"/>', ' → fw tcp 5900 | zones/dmz.xml:6'],
    [
      'a rich rule',
      'zones/guests.xml',
      '<source',
      '  <rule family="ipv4"><destination address="192.0.2.1"/><port port="22" protocol="tcp"/><accept/></rule>',
      '10.66.0.0/16 → fw tcp 22 (in not lo) | zones/guests.xml:4',
    ],
    [
      'an interface in another zone',
      'zones/imaging.xml',
      '<zone',
      '  <interface name="wlan0"/>',
      '(in wlan0) | zones/imaging.xml:2',
    ],
    [
      'a source',
      'zones/imaging.xml',
      '<zone',
      '  <source address="203.0.113.0/24"/>',
      '203.0.113.0/24 → fw any service',
    ],
    [
      'a member of a set',
      'ipsets/vendors6.xml',
      '<ipset',
      '  <entry>2001:db8:88::/48</entry>',
      '2001:db8:88::/48 → fw any service',
    ],
    [
      'a port of a service',
      'services/dicom.xml',
      '<short>',
      '  <port port="2222" protocol="tcp"/>',
      ' → fw tcp 2222 | zones/dmz.xml:5',
    ],
    [
      'a forwarded port',
      'zones/public.xml',
      '<zone>',
      '  <forward-port port="33890" protocol="tcp" to-port="3389" to-addr="10.1.0.7"/>',
      '33890 → 10.1.0.7:3389',
    ],
    [
      'a direct rule',
      'direct.xml',
      '<direct>',
      '  <rule ipv="ipv4" table="filter" chain="INPUT" priority="-1">-s 203.0.113.9 -j ACCEPT</rule>',
      '',
    ],
  ])('%s', (_what, file, after, line, expected) => {
    const text = edited(file, after, line);
    const now = host(text);
    expect(notKnown(now)).toEqual([]);
    const found = latent(now, approved);
    if (expected === '') expect(found).toEqual([]);
    else expect(found).toEqual(expect.arrayContaining([expect.stringContaining(expected)]));
  });

  test('a zone that is opened wide', () => {
    const wide = etc.replace('<zone target="DROP">', '<zone target="ACCEPT">');
    expect(latent(host(wide), approved).join()).toMatch(/→ fw any service.*zones\/dmz\.xml:2/);
  });

  test('a policy that is taken away', () => {
    const without = etc
      .split('\n')
      .filter((line) => !line.startsWith('/etc/firewalld/policies/own-to-dmz.xml'))
      .join('\n');
    expect(latent(host(without), approved).join()).toMatch(/fw → .*any service/);
  });

  test('a policy that is switched off', () => {
    const off = host(edited('policies/own-to-dmz.xml', '<policy', '  <disable/>'));
    expect(notKnown(off)).toEqual([]);
    expect(latent(off, approved).join()).toMatch(/fw → .*any service/);
  });

  test('an ICMP type by its code', () => {
    const rule = '<rule><icmp-type name="host-unreachable"/><accept/></rule>';
    const line = `  ${rule}${rule.replace('host-unreachable', 'mld-listener-done')}`;
    const found = latent(host(edited('zones/dmz.xml', '<service', line)), approved);
    expect(found).toEqual([
      expect.stringMatching(/→ fw icmp .*\| zones\/dmz\.xml:6$/),
      expect.stringMatching(/→ fw icmpv6 .*\| zones\/dmz\.xml:6$/),
    ]);
  });

  test('another default zone', () => {
    const guests = etc.replace('DefaultZone=public', 'DefaultZone=imaging');
    expect(latent(host(guests), approved).join()).toMatch(/→ fw any service/);
  });
});

describe('what is not read exactly is said, and nothing is guessed from it', () => {
  test.each<[string, (text: string) => string, RegExp]>([
    ['the other backend', (text) => text.replace('=nftables', '=iptables'), /the backend iptables/],
    [
      'a file that is cut',
      (text) => text.replace('zones/dmz.xml:</zone>', 'zones/dmz.xml:'),
      /dmz\.xml: no whole files/,
    ],
    [
      'a service that is not there',
      (text) => text.replace('<service name="imaging"/>', '<service name="pacs"/>'),
      /the service pacs/,
    ],
    ['a set of another type', (text) => text.replace('hash:net', 'hash:ip,port'), /vendors of type hash:ip,port/],
    [
      'a hardware address as a source',
      () => edited('zones/dmz.xml', '<zone', '<source mac="00:11:22:33:44:66"/>'),
      /hardware address/,
    ],
    [
      'a passthrough',
      () => edited('direct.xml', '<direct>', '<passthrough ipv="ipv4">-A INPUT -j ACCEPT</passthrough>'),
      /passthrough of ipv4/,
    ],
    [
      'an element nobody knows',
      () => edited('zones/dmz.xml', '<zone', '<frobnicate/>'),
      /the element frobnicate of .*dmz\.xml:3/,
    ],
    [
      'a policy without a target',
      (text) => text.replace('<policy target="DROP">', '<policy>'),
      /own-to-dmz\.xml: the target/,
    ],
    [
      'a document type',
      (text) => text.replace('<zone target="DROP">', '<!DOCTYPE x><zone target="DROP">'),
      /no whole files/,
    ],
  ])('%s', (_what, change, words) => {
    const now = host(change(etc));
    expect(notKnown(now)).toEqual(expect.arrayContaining([expect.stringMatching(words)]));
    expect(now.later).toBeUndefined();
    expect(now.laterUnknown).toEqual(['saved']);
  });

  test('other rules that are loaded besides', () => {
    const units = { systemd: systemd('firewalld', 'nftables'), nftables: 'flush ruleset\n' };
    expect(notKnown(host(etc, loaded, units))).toContainEqual(expect.stringMatching(/other rules are loaded besides/));
  });

  test('files that may not be read', () => {
    expect(notKnown(host(''))).toContainEqual(expect.stringMatching(/it was not read/));
  });
});

test('what the package brought holds where the hospital wrote nothing of its own', () => {
  const lines = etc.split('\n');
  const isService = (line: string): boolean => line.startsWith('/etc/firewalld/services/');
  const own = lines.filter((line) => !isService(line)).join('\n');
  let number = 0;
  let path = '';
  const stock = lines.filter(isService).map((line) => {
    const [file = '', text = ''] = [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)];
    number = file === path ? number + 1 : 1;
    path = file;
    return text.startsWith('<?') ? '' : `${file.replace('/etc', '/usr/lib')}:${number}:${text}\n`;
  });
  expect(latent(host(own, loaded, { 'firewalld-stock': stock.join('') }))).toEqual([]);
});

test('a firewalld that nothing starts loads nothing', () => {
  const now = host(etc, loaded, { systemd: systemd('ssh') });
  expect(now.later).toBeUndefined();
  expect(now.coverage.notCovered).toContain(
    '/etc/firewalld: nothing loads it at the start (firewalld is not enabled).',
  );
});
