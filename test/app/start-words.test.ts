import { describe, expect, test } from '@jest/globals';
import { pictureOf } from '../../agent/app/start-picture.js';
import { eventLine, pictureLines } from '../../agent/app/start-words.js';
import { driverById } from '../../agent/drivers/registry.js';
import { type Device, emptyCoverage, type Listener, parseAddressSet } from '../../agent/model/index.js';
import { guardOf, subject } from '../support/guard.js';

function listener(port: number, more: Partial<Listener> = {}): Listener {
  return {
    id: `tcp/${port}`,
    protocol: 'tcp',
    port,
    addresses: { ip4: parseAddressSet('0.0.0.0/0')!.ip4, ip6: [] },
    bind: '0.0.0.0',
    loopback: false,
    process: 'sshd',
    user: 'root',
    origin: { file: 'ss', line: 1, rule: `tcp ${port}`, text: '' },
    ...more,
  };
}

/** A machine with this ruleset and these sockets. */
function wordsOf(ruleset: string | undefined, listeners: readonly Listener[], more: Partial<Device['pipeline']> = {}) {
  const driver = driverById('nftables')!;
  const section = { name: 'nft-text', source: 'nft list ruleset', text: ruleset ?? '' };
  const read = driver.read({ driver: 'nftables', device: 'h', sections: [section] }, { device: 'h' });
  const empty = { lists: [], bases: [], speaksOf: [] };
  const pipeline = ruleset === undefined || !read.ok ? empty : read.value.pipeline;
  const device: Device = { id: 'h', pipeline: { ...pipeline, ...more }, listeners, facts: [], coverage: emptyCoverage };
  return pictureLines(pictureOf({ at: 0, blind: [] }, device));
}

const filtered = `table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		ip saddr 10.0.0.0/8 tcp dport 22 accept
		tcp dport 8080-8081 accept
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ip daddr 192.0.2.1 tcp dport 443 accept
	}
}
`;

describe('what is let in', () => {
  test('is said by service, with whom and by which rule; what is shut, by what', () => {
    const lines = wordsOf(filtered, [listener(22), listener(5432, { process: 'postgres', user: 'postgres' })]);
    expect(lines.slice(0, 6)).toEqual([
      'Let in, and listening:',
      expect.stringMatching(
        /^ {2}tcp 22 {2}sshd \(root\) on 0\.0\.0\.0 {2}from 10\.0\.0\.0\/8 {2}by inet\/filter\/input rule 2/,
      ),
      'Listening, shut by the filter:',
      expect.stringMatching(
        /^ {2}tcp 5432 {2}postgres \(postgres\) on 0\.0\.0\.0 {2}shut by inet\/filter\/input.*policy drop$/,
      ),
      'Let in, and nothing listens there:',
      expect.stringMatching(/^ {2}any → this device tcp 8080-8081 {2}by inet\/filter\/input rule 3/),
    ]);
  });

  test('what an exception keeps out is not reached', () => {
    const open = `table ip f { chain i { type filter hook input priority 0; policy accept; tcp dport 5432 drop; }; }\n`;
    const lines = wordsOf(open, [listener(22), listener(5432)]);
    expect(lines[1]).toMatch(/^ {2}tcp 22 .*from 0\.0\.0\.0\/0.*by the policy of ip\/f\/i: accept$/);
    expect(lines.slice(2, 4)).toEqual([
      'Listening, shut by the filter:',
      expect.stringMatching(/^ {2}tcp 5432 .*shut by ip\/f\/i rule 1.*tcp dport 5432 drop$/),
    ]);
  });

  test('without a filter is everything, said plainly', () => {
    const speaksOf = [{ family: 'ip4', direction: 'input' } as const];
    const [first, second] = wordsOf('', [listener(22)], { speaksOf });
    expect(first).toMatch(/^Traffic to this machine: NO FILTER: .*can be reached from anywhere:$/);
    expect(second).toMatch(/^ {2}tcp 22 .*by no filter$/);
  });

  test('is not known where the filter was not read', () => {
    expect(wordsOf(undefined, [listener(22)])).toEqual([
      'Traffic to this machine: not read.',
      'Listening; whom the filter lets in is not known:',
      '  tcp 22  sshd (root) on 0.0.0.0',
      'Passes through: not read.',
      'Goes out: not read.',
    ]);
  });

  test('with forwarding: what passes through; without: nothing', () => {
    const routing = wordsOf(filtered, [], { forwarding: { ip4: true, ip6: false } });
    expect(routing).toContain('Passes through:');
    expect(routing.join('\n')).toMatch(/0\.0\.0\.0\/0 → 192\.0\.2\.1 tcp 443 {2}by inet\/filter\/forward rule 1/);
    const still = wordsOf(filtered, [], { forwarding: { ip4: false, ip6: false } });
    expect(still).toContain('Passes through: nothing, this machine does not route (net.ipv4.ip_forward = 0).');
  });

  test('a program that names itself with escapes does not reach the terminal', () => {
    const lines = wordsOf(filtered, [listener(22, { process: 'ss\u001b[2Jhd\n', user: '\u202eroot' })]);
    expect(lines.join('\n')).not.toMatch(/[\u001b\u202e]/);
  });
});

test('a change is one line: when, how bad, what, by which edit, and how it is undone', () => {
  const guard = guardOf();
  const rule = { file: 'nft', line: 3, rule: 'inet/f/i rule 3', text: 'tcp dport 3389 accept' };
  const opened = { ...subject({ ports: '3389' }), cause: { edit: 'added', rule } as const, undo: 'nft delete rule x' };
  const { events } = guard.read(1, 'fw', opened);
  expect(eventLine(events[0]!, 'Europe/Paris')).toBe(
    '2016-02-16 09:01:00  critical  UNPLANNED_OPENING  fw: internet → web tcp 3389; because: added inet/f/i rule 3: tcp dport 3389 accept; undo: nft delete rule x',
  );
  const news = (finding: object): string =>
    eventLine({ ...events[0]!, kind: 'update', finding: { ...events[0]!.finding, ...finding } }, 'UTC').split(';')[0]!;
  expect(news({ acknowledged: { by: 'RSSI', at: 0 } })).toMatch(/tcp 3389 \(acknowledged by RSSI\)$/);
  expect(news({ waived: { owner: 'DSI', until: 0 } })).toMatch(/tcp 3389 \(waived by DSI\)$/);
  expect(news({})).toMatch(/tcp 3389 \(changed\)$/);
  const shut = guard.read(2, 'fw').events[0]!;
  expect(eventLine(shut, 'UTC')).toBe(
    '2016-02-16 08:02:00  info      RESOLVED  UNPLANNED_OPENING: fw: internet → web tcp 3389',
  );
});
