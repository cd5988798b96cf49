import { expect, test } from '@jest/globals';
import { askLine } from '../../agent/app/index.js';
import { driverById } from '../../agent/drivers/registry.js';
import { compare, openingText } from '../../agent/exposure/index.js';
import { parseMac } from '../../agent/model/index.js';
import { iptablesDevice, nftDevice } from './rulesets.js';

function verdict(rules: readonly string[], packet: object): string {
  const text = [
    '*filter',
    ':INPUT DROP [0:0]',
    ':FORWARD DROP [0:0]',
    ':OUTPUT DROP [0:0]',
    ...rules,
    'COMMIT',
    '',
  ].join('\n');
  const section = { name: 'iptables-save', source: 'fw', text };
  const device = driverById('iptables')?.read(
    { driver: 'iptables', device: 'fw', sections: [section] },
    { device: 'fw' },
  );
  if (!device?.ok) throw new Error('the ruleset was not read');
  const line = JSON.stringify({ id: 1, at: { chain: 'filter/INPUT' }, packet: { src: '198.51.100.7', ...packet } });
  const answer = askLine(device.value, line, { file: 'q', line: 1 }, false);
  if (!answer.ok) throw new Error(answer.error.message);
  return answer.value.verdict;
}

test('the same limit in two rules answers twice: what the first let by the second may take', () => {
  const limit = '-m limit --limit 3/min -j';
  expect(verdict([`-A INPUT ${limit} DROP`, `-A INPUT ${limit} ACCEPT`], { proto: 'udp', dport: 53 })).toBe('maybe');
});

test('only a new connection is known to have no mark', () => {
  const rules = ['-A INPUT -m connmark --mark 0x1 -j ACCEPT'];
  expect(verdict(rules, { proto: 'udp', dport: 53 })).toBe('deny');
  expect(verdict(rules, { proto: 'udp', dport: 53, state: 'established' })).toBe('maybe');
});

test('a hardware address is a field of a packet, and one that came in no frame has none', () => {
  const rules = ['-A INPUT -m mac ! --mac-source 02:00:5e:10:00:01 -j ACCEPT'];
  const packet = { proto: 'udp', dport: 53 };
  expect(verdict(rules, { ...packet, smac: '02:00:5E:10:00:01' })).toBe('deny');
  expect(verdict(rules, { ...packet, smac: '02:00:5e:10:00:02' })).toBe('allow');
  expect(verdict(rules, { ...packet, smac: 'none' })).toBe('deny');
  expect(verdict(rules, packet)).toBe('maybe');
});

test('what is opened for one hardware address is told with it, and the witness has it', () => {
  const table = (rule: string): string =>
    `table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n${rule}\t}\n}\n`;
  const now = nftDevice(table('\t\tether saddr 02:00:5e:10:00:01 tcp dport 22 accept\n'));
  const [opening, ...others] = compare(now.pipeline, { pipeline: nftDevice(table('')).pipeline }).undeclared;
  expect(others).toEqual([]);
  expect(opening?.certainty).toBe('certain');
  expect(openingText(opening!)).toBe('any → this device tcp 22 from hardware 02:00:5e:10:00:01');
  expect(opening?.witness.sourceMac).toBe(parseMac('02:00:5e:10:00:01'));
});

function save(rules: readonly string[]): string {
  return ['*filter', ':INPUT DROP [0:0]', ':FORWARD DROP [0:0]', ':OUTPUT DROP [0:0]', ...rules, 'COMMIT', ''].join(
    '\n',
  );
}

test('who is let in because a list has him is told anew when another rule fills the list', () => {
  const knock = (port: number): Parameters<typeof compare>[0] =>
    iptablesDevice(
      save([
        `-A INPUT -p tcp -m tcp --dport ${port} -m recent --set --name knock --mask 255.255.255.255 --rsource -j DROP`,
        '-A INPUT -p tcp -m tcp --dport 22 -m recent --rcheck --seconds 30 --name knock --mask 255.255.255.255 --rsource -j ACCEPT',
      ]),
    ).pipeline;
  const opened = compare(knock(80), { pipeline: knock(1234) }).undeclared;
  expect(opened).toHaveLength(1);
  expect(openingText(opened[0]!)).toMatch(
    /^0\.0\.0\.0\/0 → this device tcp 22, only if recent --rcheck .*, filled by “-A INPUT -p tcp -m tcp --dport 80 .*” and not \(recent .*--dport 1234 .*”\)$/,
  );
  expect(compare(knock(80), { pipeline: knock(80) }).undeclared).toEqual([]);
});

test('one packet decides what bits of an address are asked for, a set of packets does not', () => {
  const rules = (mask: string): ReturnType<typeof iptablesDevice> =>
    iptablesDevice(save([`-A FORWARD -d 10.0.0.7/${mask} -p tcp -m tcp --dport 22 -j ACCEPT`]));
  const opened = compare(rules('255.0.0.255').pipeline, { pipeline: rules('255.255.255.255').pipeline }).undeclared;
  expect(opened.map(({ certainty, conditions }) => [certainty, conditions])).toEqual([
    ['possible', ['destination & 255.0.0.255 is 10.0.0.7']],
  ]);
});

test('a limit is the same in the words of iptables and of nft', () => {
  const rules = (lines: readonly string[]): string =>
    `table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; policy drop;\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n}\n`;
  const legacy = iptablesDevice(
    save(['-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -m limit --limit 3/min -j ACCEPT']),
  ).pipeline;
  const limited = (rate: string): typeof legacy =>
    nftDevice(rules([`ip saddr 10.0.0.0/8 tcp dport 22 limit rate ${rate} packets accept`])).pipeline;
  const opened = (now: typeof legacy): readonly string[] =>
    compare(now, { pipeline: legacy, withClosed: true })
      .undeclared.filter(({ direction, box }) => direction === 'input' && box.families.includes('ip4'))
      .map((one) => openingText(one));
  expect(opened(limited('3/minute burst 5'))).toEqual([]);
  expect(opened(limited('30/minute burst 5'))).toHaveLength(1);
});

test('a table whose flags nft -j prints garbled may be dormant, and then it drops nothing', () => {
  const listing = (flags: object): string =>
    JSON.stringify({
      nftables: [
        { table: { family: 'inet', name: 'f', handle: 1, ...flags } },
        {
          chain: {
            ...{ family: 'inet', table: 'f', name: 'forward', handle: 1 },
            ...{ type: 'filter', hook: 'forward', prio: 0, policy: 'drop' },
          },
        },
      ],
    });
  const verdictWith = (flags: object): string => {
    const section = { name: 'nft-json', source: 'fw', text: listing(flags) };
    const read = driverById('nftables')!.read(
      { driver: 'nftables', device: 'fw', sections: [section] },
      { device: 'fw' },
    );
    if (!read.ok) throw new Error(read.error.message);
    const packet = { src: '10.0.5.7', dst: '203.0.113.9', proto: 'tcp', dport: 22, iif: 'lan0', oif: 'wan0' };
    const answer = askLine(read.value, JSON.stringify({ id: 1, packet }), { file: 'q', line: 1 }, false);
    if (!answer.ok) throw new Error(answer.error.message);
    return answer.value.verdict;
  };
  expect(verdictWith({})).toBe('deny');
  expect(verdictWith({ flags: 'f' })).toBe('maybe');
  expect(verdictWith({ flags: ['dormant'] })).toBe('allow');
  expect(verdictWith({ flags: ['owner'] })).toBe('deny');
});

test('two sets that the same words fill in two chains are two sets', () => {
  const chains = [
    'set guests {\n\t\ttype ipv4_addr\n\t\tflags dynamic\n\t}',
    'set staff {\n\t\ttype ipv4_addr\n\t\tflags dynamic\n\t}',
    'chain one {\n\t\tadd @guests { ip saddr }\n\t}',
    'chain two {\n\t\tadd @staff { ip saddr }\n\t}',
    'chain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t\tiifname "wan0" jump one\n\t\tiifname "lan0" jump two\n\t\tip saddr @guests ip saddr != @staff accept\n\t}',
  ];
  const device = nftDevice(`table inet filter {\n${chains.map((chain) => `\t${chain}\n`).join('')}}\n`);
  const packet = { src: '10.0.5.7', dst: '203.0.113.9', proto: 'tcp', dport: 22, iif: 'lan0', oif: 'wan0' };
  const answer = askLine(device, JSON.stringify({ id: 1, packet }), { file: 'q', line: 1 }, false);
  expect(answer.ok && answer.value.verdict).toBe('maybe');
});

test('the rule that decides is named where what is not known leads to no other', () => {
  const device = iptablesDevice(
    [
      ...[
        '*nat',
        ':PREROUTING ACCEPT [0:0]',
        ':INPUT ACCEPT [0:0]',
        ':OUTPUT ACCEPT [0:0]',
        ':POSTROUTING ACCEPT [0:0]',
      ],
      ...[':DOCKER - [0:0]', '-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER'],
      ...['-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80', 'COMMIT', ''],
    ].join('\n') + save(['-A INPUT -s 203.0.113.9/32 -p tcp -m tcp --dport 22 -j DROP', '-A INPUT -j ACCEPT']),
  );
  const asked = (dport: number) => {
    const packet = { src: '203.0.113.9', dst: '198.51.100.1', proto: 'tcp', dport, iif: 'eth0', oif: 'self' };
    const answer = askLine(device, JSON.stringify({ id: 1, packet }), { file: 'q', line: 1 }, false);
    if (!answer.ok) throw new Error(answer.error.message);
    return [answer.value.verdict, answer.value.because.map(({ rule }) => rule)];
  };
  expect(asked(22)).toEqual(['deny', ['filter/INPUT rule 1']]);
  expect(asked(443)).toEqual(['allow', ['filter/INPUT rule 2']]);
  expect(asked(8080)[0]).toBe('maybe');
});

test('of conditions of which one is enough, it is told that one is', () => {
  const state = (...rules: string[]): Parameters<typeof compare>[0] =>
    iptablesDevice(
      save([
        '-N SSH',
        '-A INPUT -m addrtype --dst-type LOCAL -j SSH',
        '-A INPUT -m addrtype --dst-type BROADCAST -j SSH',
        ...rules,
      ]).replace('-N SSH', ':SSH - [0:0]'),
    ).pipeline;
  const texts = (...rules: string[]): readonly string[] =>
    compare(state(...rules), { pipeline: state() })
      .undeclared.filter(({ certainty }) => certainty === 'possible')
      .map(({ conditions }) => conditions.join(' and '));
  const either =
    "(the packet's destination is an address of this device or the packet's destination is a broadcast address)";
  expect(texts('-A SSH -p tcp -m tcp --dport 22 -j ACCEPT')).toEqual([either]);
  expect(texts('-A SSH -p tcp -m tcp --dport 22 -m limit --limit 3/min -j ACCEPT')).toEqual([
    `limit --limit 3/min and for some of it ${either}`,
  ]);
});

test('what another rule lets through in any case does not need what the first one asks for', () => {
  const state = (...rules: readonly string[]) => iptablesDevice(save(rules)).pipeline;
  const [one, other] = ['string --string a --algo bm --to 65535', 'string --string b --algo bm --to 65535'];
  const web = '-A INPUT -p tcp -m tcp --dport 80';
  const after = state(`${web} -m ${one} -j ACCEPT`, `${web} -m ${other} -j ACCEPT`);
  const [opening, ...rest] = compare(after, { pipeline: state() }).undeclared;
  expect(rest).toEqual([]);
  expect(opening?.conditions).toEqual([`(${one} or ${other})`]);
  const wider = state(`-A INPUT -p tcp -m ${one} -j ACCEPT`, `${web} -m ${other} -j ACCEPT`);
  expect(compare(wider, { pipeline: state() }).undeclared.map(({ conditions }) => conditions)).toEqual([
    [`for some of it (${one}) and for the rest (${one} or ${other})`],
  ]);
});
