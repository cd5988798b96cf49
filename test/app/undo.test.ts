import { describe, expect, test } from '@jest/globals';
import { readDevice } from '../../agent/app/reading.js';
import { undoWith } from '../../agent/app/undo.js';
import { localRunner } from '../../agent/collect/index.js';
import { driverById, drivers } from '../../agent/drivers/registry.js';
import { shellWord } from '../../agent/drivers/shared/shell.js';
import { editsBetween } from '../../agent/exposure/edits.js';
import { compare } from '../../agent/exposure/index.js';
import type { Origin, Pipeline, TableRef } from '../../agent/model/index.js';
import { type Namespace, run, systemTest, withNamespaces } from '../support/system.js';

const nft: TableRef = { store: 'nftables', family: 'inet', name: 'filter' };
const at = (rule: string, text: string, file = 'nft'): Origin => ({ file, line: 1, rule, text });

describe('nft undoes', () => {
  const undo = driverById('nftables')!.undo!;
  const list = 'inet/filter/forward';

  test('an added rule by its handle, or in two honest steps', () => {
    expect(undo({ edit: 'added', rule: at(`${list} rule 2 (handle 7)`, 'accept'), list, table: nft })).toBe(
      'nft delete rule inet filter forward handle 7',
    );
    expect(undo({ edit: 'added', rule: at(`${list} rule 2`, 'accept'), list, table: nft })).toBe(
      'nft -a list chain inet filter forward, then, with the handle N of "accept": nft delete rule inet filter forward handle N',
    );
  });

  test('nothing that it cannot say: extensions, anonymous chains, rules of iptables, edits without a former place', () => {
    const rule = at(`${list} rule 1 (handle 3)`, 'xt match string accept');
    expect(undo({ edit: 'removed', rule, list, table: nft })).toBeUndefined();
    const calls = at('x', 'ip saddr 192.0.2.1 jump { iifname "lan0" drop ip daddr 192.0.2.2 accept }');
    expect(undo({ edit: 'removed', rule: calls, list, table: nft })).toBeUndefined();
    expect(undo({ edit: 'added', rule, list: `${list} rule 3 block`, table: nft })).toBeUndefined();
    expect(undo({ edit: 'added', rule: at('x', '-A FORWARD -j ACCEPT'), list, table: nft })).toBeUndefined();
    for (const edit of ['moved', 'object'] as const) expect(undo({ edit, rule, list, table: nft })).toBeUndefined();
    expect(undo({ edit: 'added', rule, list })).toBeUndefined();
  });

  test('a chain that came as a whole by taking it away, and its place among others in words', () => {
    expect(undo({ edit: 'added', rule: at(`${list} policy`, 'chain forward'), list, table: nft })).toBe(
      "nft 'flush chain inet filter forward; delete chain inet filter forward'",
    );
    expect(undo({ edit: 'changed', rule: at(list, 'type filter priority 10'), list, table: nft })).toBeUndefined();
  });

  test('a flushed list from where the ruleset is saved', () => {
    expect(undo({ edit: 'flushed', rule: at(list, 'chain forward'), list, table: nft })).toBe(
      'nft -f /etc/nftables.conf',
    );
  });
});

describe('iptables undoes', () => {
  const undo = driverById('iptables')!.undo!;
  const list = 'ip/filter/FORWARD';
  const table: TableRef = { store: 'nftables', family: 'ip', name: 'filter' };

  test('with the program of the family and back end that was read', () => {
    const rule = (file: string): Origin => at('nat/PREROUTING rule 1', '-A PREROUTING -p tcp -j ACCEPT', file);
    const said = (file: string, store: TableRef['store'], family: 'ip' | 'ip6'): string | undefined =>
      undo({ edit: 'added', rule: rule(file), list, table: { store, family, name: 'nat' } });
    expect(said('iptables-save', 'nftables', 'ip')).toBe('iptables -t nat -D PREROUTING -p tcp -j ACCEPT');
    expect(said('ip6tables-save', 'nftables', 'ip6')).toBe('ip6tables -t nat -D PREROUTING -p tcp -j ACCEPT');
    expect(said('ip6tables-legacy-save', 'xtables', 'ip6')).toBe(
      'ip6tables-legacy -t nat -D PREROUTING -p tcp -j ACCEPT',
    );
  });

  test('a flushed list from where Debian keeps it, of its family', () => {
    const rule = at('filter/FORWARD', ':FORWARD ACCEPT', 'ip6tables-save');
    expect(undo({ edit: 'flushed', rule, list, table: { ...table, family: 'ip6' } })).toBe(
      'ip6tables-restore < /etc/iptables/rules.v6',
    );
  });

  test('and nothing of nft’s', () => {
    expect(undo({ edit: 'added', rule: at(`${list} rule 1`, 'tcp dport 22 accept'), list, table })).toBeUndefined();
    expect(undo({ edit: 'flushed', rule: at(list, 'chain FORWARD'), list, table })).toBeUndefined();
  });

  test('without carrying out what an intruder wrote into a comment', () => {
    const rule = at(
      'filter/FORWARD rule 1',
      '-A FORWARD -m comment --comment "$(touch /x) `id` it\\\'s \\"so\\"" -j ACCEPT',
    );
    expect(undo({ edit: 'added', rule, list, table })).toBe(
      "iptables -D FORWARD -m comment --comment '$(touch /x) `id` it'\\''s \"so\"' -j ACCEPT",
    );
  });
});

test('a word survives the shell, whatever it is', async () => {
  for (const word of ['a', '$(id)', "it's", '`id`', 'a b', '!', '"', '\\', '*', '; id', '', '-x', 'é', '~', '#']) {
    const outcome = await run(['sh', '-c', `printf %s ${shellWord(word)}`]);
    expect([outcome.stdout, outcome.code]).toEqual([word, 0]);
  }
});

test('a place that cannot be told is left to words', () => {
  const rule = (text: string) => ({ origin: at('x rule 1 (handle 1)', text), steps: [] });
  const pipeline: Pipeline = {
    lists: [
      { id: 'inet/filter/f', rules: [rule('a'), rule('a')], families: ['ip4'], origin: at('f', 'f'), table: nft },
    ],
    bases: [],
    speaksOf: [],
  };
  const edit = { edit: 'removed', rule: at('x', 'b'), list: 'inet/filter/f', next: at('x', 'a') } as const;
  expect(undoWith([pipeline], drivers)(edit)).toBe('put back into inet/filter/f before "a": b');
});

async function pipelineOf(host: Namespace, ...more: readonly string[]): Promise<Pipeline> {
  const settings = {
    id: 'host',
    kind: 'host',
    interfaceZones: {},
    source: { kind: 'local' },
    drivers: ['nftables', 'iptables', ...more],
  } as const;
  const runner = localRunner({ prefix: host.inside([]) });
  const reading = await readDevice(settings, { runner, drivers, key: new Uint8Array(16) });
  expect(reading.blind).toEqual([]);
  return reading.model!.pipeline;
}

/** An edit, what must undo it, and the command that shows that it did. */
type Case = readonly [edit: string, undo: RegExp, listing: string];

const nftCases: readonly Case[] = [
  ['nft add rule inet filter forward tcp dport 3389 accept', /^nft delete rule inet filter forward handle \d+$/, 'nft'],
  ['nft insert rule inet filter forward ip saddr 192.0.2.9 accept', /^nft delete rule .* handle \d+$/, 'nft'],
  ['nft delete rule inet filter forward handle 3', /^nft insert rule inet filter forward handle 5 '.*drop'$/, 'nft'],
  ['nft delete rule inet filter forward handle 5', /^nft add rule inet filter forward '.*accept'$/, 'nft'],
  [
    "nft replace rule inet filter forward handle 3 'ip saddr 192.0.2.0/25 drop'",
    /^nft replace rule .* handle 3 /,
    'nft',
  ],
  ["nft chain inet filter forward '{ policy accept; }'", /^nft chain inet filter forward '\{ policy drop; \}'$/, 'nft'],
];

async function check(host: Namespace, [edit, expected, listing]: Case): Promise<void> {
  const list = async (): Promise<string> =>
    (await host.must(listing === 'nft' ? ['nft', '-s', 'list', 'ruleset'] : [listing]))
      .replace(/^#.*\n/gm, '')
      .replace(/\[\d+:\d+\]/g, '');
  const [before, text] = [await pipelineOf(host), await list()];
  await host.must(['sh', '-c', edit]);
  expect(await list()).not.toBe(text);
  const now = await pipelineOf(host);
  const edits = editsBetween(before, now).all;
  expect(edits).toHaveLength(1);
  const undo = undoWith([now, before], drivers)(edits[0]!)!;
  expect(undo).toMatch(expected);
  await host.must(['sh', '-c', undo]);
  expect(await list()).toBe(text);
}

systemTest(
  ['root', 'netns', 'nft', 'iptables', 'ip'],
  'what nft can undo is undone by its command',
  async () => {
    for (const one of nftCases) {
      await withNamespaces(['host'], async ({ host }) => {
        for (const words of [
          'add table inet filter',
          'add chain inet filter forward { type filter hook forward priority 0 ; policy drop ; }',
          'add rule inet filter forward ct state established,related accept',
          'add rule inet filter forward ip saddr 192.0.2.0/24 drop',
          'add rule inet filter forward iifname "eth0" tcp dport { 80, 443 } log prefix "it: `id`" accept',
        ])
          await host.must(['nft', words]);
        await check(host, one);
      });
    }
  },
  120_000,
);

systemTest(
  ['root', 'netns', 'nft', 'ip'],
  'forwarding is switched back, which shuts again what it opened',
  async () => {
    await withNamespaces(['host'], async ({ host }) => {
      for (const words of [
        ['ip', 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'wan0'],
        ['nft', 'add table inet filter'],
        ['nft', 'add chain inet filter forward { type filter hook forward priority 0 ; policy accept ; }'],
      ])
        await host.must(words);
      for (const switched of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']) {
        await host.must(['sysctl', '-w', `${switched}=0`]);
        const before = await pipelineOf(host, 'linux-listeners');
        await host.must(['sysctl', '-w', `${switched}=1`]);
        const now = await pipelineOf(host, 'linux-listeners');
        const { undeclared } = compare(now, { pipeline: before });
        expect(undeclared).toHaveLength(1);
        const undo = undoWith([now, before], drivers)(undeclared[0]!.because!)!;
        expect(undo).toBe(`sysctl -w ${switched}=0`);
        const { closed } = compare(before, { pipeline: now, withClosed: true });
        expect(undoWith([before, now], drivers)(closed[0]!.because!)).toBe(`sysctl -w ${switched}=1`);
        await host.must(undo.split(' '));
        expect(compare(await pipelineOf(host, 'linux-listeners'), { pipeline: before }).undeclared).toEqual([]);
      }
    });
  },
  120_000,
);

const iptablesCases = (program: string): readonly Case[] => {
  const save = `${program}-save`;
  const plain = program.replace('-nft', '');
  return [
    [`${program} -A FORWARD -p tcp --dport 3389 -j ACCEPT`, new RegExp(`^${plain} -D FORWARD -p tcp`), save],
    [`${program} -D FORWARD 2`, new RegExp(`^${plain} -I FORWARD 2 `), save],
    [`${program} -D FORWARD 3`, new RegExp(`^${plain} -A FORWARD -p tcp`), save],
    [`${program} -R FORWARD 2 -i eth9 -j DROP`, new RegExp(`^${plain} -R FORWARD 2 `), save],
    [`${program} -P FORWARD ACCEPT`, new RegExp(`^${plain} -P FORWARD DROP$`), save],
  ];
};

systemTest(
  ['root', 'netns', 'nft', 'iptables', 'iptables-legacy', 'ip'],
  'what iptables can undo is undone by its command, in both back ends',
  async () => {
    for (const program of ['iptables-nft', 'iptables-legacy', 'ip6tables-nft']) {
      await withNamespaces(['host'], async ({ host }) => {
        const address = program.startsWith('ip6') ? '2001:db8::/32' : '192.0.2.0/24';
        await host.must([program, '-P', 'FORWARD', 'DROP']);
        await host.must([
          program,
          '-A',
          'FORWARD',
          '-m',
          'conntrack',
          '--ctstate',
          'ESTABLISHED,RELATED',
          '-j',
          'ACCEPT',
        ]);
        await host.must([program, '-A', 'FORWARD', '-s', address, '-j', 'REJECT']);
        await host.must([
          program,
          '-A',
          'FORWARD',
          '-p',
          'tcp',
          '-m',
          'comment',
          '--comment',
          'it\'s "$(id)" \\ here',
          '-m',
          'string',
          '--string',
          'a b',
          '--algo',
          'bm',
          '-j',
          'ACCEPT',
        ]);
        // One edit is enough to show the family; the commands are the same.
        const cases = iptablesCases(program);
        for (const one of program.startsWith('ip6') ? cases.slice(0, 1) : cases) await check(host, one);
      });
    }
  },
  120_000,
);
