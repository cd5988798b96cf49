import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { framer, MESSAGE_BYTES_MAX } from '../../agent/collect/syslog/frames.js';
import { calmed, listenSyslog, parseSyslog, plainAddress } from '../../agent/collect/syslog/index.js';
import { drivers } from '../../agent/drivers/registry.js';
import { virtualClock } from '../../agent/lib/clock.js';
import { waitFor } from '../support/machine.js';

describe('a message', () => {
  test.each([
    [
      'RFC 5424',
      '<165>1 2026-11-22T10:00:00.003Z fw1.example.org app 42 ID47 [a@1 b="c"] text',
      'fw1.example.org',
      '[a@1 b="c"] text',
    ],
    ['RFC 5424 without values', '<165>1 - - - - - - text', undefined, '- text'],
    ['RFC 3164', '<34>Oct 11 22:14:15 fw1 su: text', 'fw1', 'su: text'],
    ['a day of one figure', '<34>Oct  1 22:14:15 fw1 text', 'fw1', 'text'],
    ['the time of RFC 3339', '<166>2018-06-27T12:17:46Z asa : %ASA-6-110002: text', 'asa', '%ASA-6-110002: text'],
    ['a year, a colon', '<166>Nov 22 2026 10:00:00 asa : %ASA-5-111008: text', 'asa', '%ASA-5-111008: text'],
    ['a year and no host', '<166>Nov 22 2026 10:00:00: %ASA-5-111008: text', undefined, '%ASA-5-111008: text'],
    ['a colon in front', '<166>:Nov 22 10:00:00 UTC: %ASA-5-111008: text', undefined, '%ASA-5-111008: text'],
    [
      'no header at all',
      '<189>date=2026-11-22 devname="FG1" type="event"',
      undefined,
      'date=2026-11-22 devname="FG1" type="event"',
    ],
    ['not even a priority', 'text', undefined, 'text'],
    ['an address as host', '<14>Nov 22 10:00:00 192.0.2.1 text', '192.0.2.1', 'text'],
    ['nothing', '', undefined, ''],
  ])('%s', (_case, message, host, text) => {
    expect(parseSyslog(message)).toEqual({ ...(host !== undefined && { host }), text });
  });

  test('of 8 KB of the same is read as well', () => {
    for (const part of ['<1', ' ', 'Nov 22 ', '1 ', ':', 'a ', '- ']) {
      expect(parseSyslog(part.repeat(MESSAGE_BYTES_MAX / part.length)).text.length).toBeGreaterThan(0);
    }
  });
});

/** As vendors document these messages, and as they come over the wire. */
const REPORTS: readonly (readonly [string, string, boolean])[] = [
  ['asa', "<166>Nov 22 2026 10:00:00 asa : %ASA-5-111008: User 'admin' executed the 'access-list OUT' command.", true],
  ['asa', "%ASA-5-111010: User 'admin', running 'CLI' from IP 10.1.1.1, executed 'no access-list OUT'", true],
  ['asa', '%ASA-5-111005: 10.1.1.1 end configuration: OK', true],
  ['asa', '%ASA-config-5-111007: Begin configuration: 10.1.1.1 reading from terminal', true],
  ['asa', "%ASA-7-111009: User 'admin' executed cmd: show running-config", false],
  ['asa', '%ASA-6-302013: Built inbound TCP connection 111008 for outside', false],
  [
    'fortios',
    'date=2025-04-10 logid="0100044547" type="event" subtype="system" cfgpath="firewall.policy" cfgobj="8"',
    true,
  ],
  ['fortios', 'date=2025-04-10 logid=0100044546 type=event subtype=system cfgpath=system.interface', true],
  [
    'fortios',
    'CEF:0|Fortinet|Fortigate|v7.0|44547|event:system|3|FTNTFGTlogid=0100044547 FTNTFGTcfgpath=firewall.policy',
    true,
  ],
  [
    'fortios',
    'date=2025-04-10 logid="0100032001" type="event" subtype="system" logdesc="Admin login successful"',
    false,
  ],
  ['fortios', 'date=2025-04-10 logid="0000000013" type="traffic" sessionid=44547', false],
  [
    'panos',
    '1,2026/11/22 10:00:00,001234567,CONFIG,0,2561,2026/11/22 10:00:00,10.1.1.1,,commit,admin,Web,Submitted,',
    true,
  ],
  [
    'panos',
    '1,2026/11/22 10:03:00,001234567,SYSTEM,general,2561,2026/11/22,,general,,0,0,general,informational,"Commit job succeeded"',
    true,
  ],
  ['panos', '1,2026/11/22 10:00:00,001234567,TRAFFIC,end,2561,CONFIG,commit', false],
  [
    'panos',
    '1,2020/04/14 16:48:54,unknown,SYSTEM,auth,0,2020/04/14 16:48:54,,auth-fail,,0,0,general,medium,failed',
    false,
  ],
  ['nftables', 'audit: type=1325 audit(1763805600.1:7): table=filter:3 family=2 entries=1 op=nft_register_rule', true],
  ['iptables', 'type=NETFILTER_CFG msg=audit(1763805600.1:7): table=filter family=2 entries=4 op=xt_replace', true],
  ['iptables', 'type=SYSCALL msg=audit(1763805600.1:7): arch=c000003e', false],
];

test.each(REPORTS)('%s: %s: %p', (id, text, expected) => {
  const { changeReports = [] } = drivers.find((driver) => driver.id === id)!;
  expect(changeReports.some((pattern) => pattern.test(parseSyslog(text).text))).toBe(expected);
});

describe('a stream', () => {
  const messages = (text: string, size: number): readonly string[] => {
    const frames = framer();
    const bytes = Buffer.from(text);
    const out: string[] = [];
    for (let at = 0; at < bytes.length; at += size)
      out.push(...frames.take(bytes.subarray(at, at + size)).map((one) => one.toString()));
    return out;
  };
  const long = 'x'.repeat(3 * MESSAGE_BYTES_MAX);
  const cut = 'x'.repeat(MESSAGE_BYTES_MAX);

  test.each([
    ['lengths in front', '5 <1>ab7 <1>c\nd\n', ['<1>ab', '<1>c\nd\n'.slice(0, 7)]],
    ['line feeds behind', '<1>a\n<1>b\r\n\n<1>c\0<1>d', ['<1>a', '<1>b\r', '<1>c']],
    ['both, one after the other', '4 <1>a<1>b\n4 <1>c', ['<1>a', '<1>b', '<1>c']],
    ['a number that is no length', '12a b\n<1>c\n', ['12a b', '<1>c']],
    ['a line that is too long', `${long}\n<1>b\n`, [cut, '<1>b']],
    ['a length that is too long', `${long.length} ${long}4 <1>b`, [cut, '<1>b']],
    ['what is not complete', '9 <1>ab', []],
  ])('%s', (_case, text, expected) => {
    for (const size of [1, 2, 3, 7, 1000, 1_000_000]) expect(messages(text, size)).toEqual(expected);
  });
});

describe('many reasons', () => {
  test('cause one act at once, and fewer and fewer while they do not end; the last is always followed by one', () => {
    const clock = virtualClock(0);
    const acts: number[] = [];
    const calm = calmed({
      clock,
      action: () => void acts.push(clock.now() / 1000),
      waitMsMin: 10_000,
      waitMsMax: 60_000,
    });
    for (let second = 0; second <= 300; second++) {
      clock.advanceTo(second * 1000);
      for (let index = 0; index < 100; index++) calm.report();
    }
    expect(acts).toEqual([0, 10, 30, 70, 130, 190, 250]);
    clock.advanceTo(400_000);
    expect(acts.slice(7)).toEqual([310]);
    clock.advanceTo(1_000_000);
    calm.report();
    clock.advanceTo(1_005_000);
    calm.report();
    clock.advanceTo(1_100_000);
    expect(acts.slice(8)).toEqual([1000, 1010]);
    calm.stop();
    clock.advanceTo(2_000_000);
    expect(acts).toHaveLength(10);
  });
});

describe('the listener', () => {
  async function listening(known: readonly string[]) {
    const heard: string[] = [];
    const unknown: string[] = [];
    const place = { host: '127.0.0.1', port: 0 };
    const started = await listenSyslog({
      udp: place,
      tcp: place,
      isKnown: (address) => known.includes(address),
      onMessage: (address, text) => void heard.push(`${address} ${text}`),
      onUnknown: (address) => void unknown.push(address),
      onTrouble: () => {},
    });
    if (!started.ok) throw new Error(started.error.message);
    const portOf = (text: string | undefined): number => Number(/:(?<port>\d+)$/.exec(text ?? '')?.groups?.port);
    return { heard, unknown, listener: started.value, udp: portOf(started.value.udp), tcp: portOf(started.value.tcp) };
  }

  async function datagram(port: number, from: string, text: string): Promise<void> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, from, resolve));
    await new Promise((resolve) => socket.send(text, port, '127.0.0.1', resolve));
    socket.close();
  }

  test('hears its senders over both, and of others nothing but that they were there', async () => {
    const { heard, unknown, listener, udp, tcp } = await listening(['127.0.0.1']);
    await datagram(udp, '127.0.0.2', 'forged');
    await datagram(udp, '127.0.0.1', 'over udp');
    const socket = connect({ host: '127.0.0.1', port: tcp });
    socket.write('8 over tcp');
    const stranger = connect({ host: '127.0.0.1', port: tcp, localAddress: '127.0.0.3' });
    stranger.on('error', () => {});
    await once(stranger, 'close');
    await waitFor(() => heard.length === 2 && unknown.length === 2, { what: 'both messages and both strangers' });
    expect([...heard].sort()).toEqual(['127.0.0.1 over tcp', '127.0.0.1 over udp']);
    expect([...unknown].sort()).toEqual(['127.0.0.2', '127.0.0.3']);
    listener.stop();
    await once(socket, 'close');
  });

  test('a port that is taken is a refusal with its remedy, and the other half is let go', async () => {
    const first = await listening([]);
    const port = first.tcp;
    const options = { isKnown: () => true, onMessage: () => {}, onUnknown: () => {}, onTrouble: () => {} };
    const second = await listenSyslog({
      ...options,
      udp: { host: '127.0.0.1', port: 0 },
      tcp: { host: '127.0.0.1', port },
    });
    expect(second).toMatchObject({
      ok: false,
      error: { code: 'LISTEN_REFUSED', message: expect.stringContaining(`tcp 127.0.0.1:${port}`) },
    });
    first.listener.stop();
  });
});

test.each([
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['2001:db8::1', '2001:db8::1'],
])('the address %s', (address, plain) => {
  expect(plainAddress(address)).toBe(plain);
});
