import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { diffFiles } from '../../../agent/app/index.js';
import { type Forti, fortiText, policy } from './forti.js';

const folder = mkdtempSync(join(tmpdir(), 'ecluse-fortios-openings-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function difference(before: Forti, now: Forti) {
  const [a, b] = ['before.conf', 'now.conf'].map((name) => join(folder, name)) as [string, string];
  writeFileSync(a, fortiText(before));
  writeFileSync(b, fortiText(now));
  const { answer, problems } = await diffFiles(a, b, {});
  if (!answer) throw new Error(problems.map(({ message }) => message).join());
  const words = (side: typeof answer.opened): readonly string[] =>
    side.map(({ direction, dst, proto, dport, certainty, because, undo }) =>
      [
        direction,
        dst.join(),
        proto,
        dport ?? 'any',
        certainty,
        because?.edit,
        (undo ?? '').split('\n').slice(0, 3).join(' / '),
      ].join(' | '),
    );
  // What wan1 sent back to its own network is translated now: that is shut, and nobody asks for it.
  const closed = answer.closed.filter(({ from, to }) => from.join() !== to.join());
  return { equal: answer.equal, opened: words(answer.opened), closed: words(closed), answer };
}

const vip = (mapped: string): string =>
  `config firewall vip\n    edit "v"\n        set extip 198.51.100.3\n        set extintf "wan1"\n        set mappedip "${mapped}"\n    next\nend`;
const toVip = policy(1, { srcintf: '"wan1"', dstintf: '"dmz"', dstaddr: '"v"', service: '"HTTPS"' });

test('under which source a policy sends on opens nothing', async () => {
  const pool =
    'config firewall ippool\n    edit "p"\n        set startip 198.51.100.5\n        set endip 198.51.100.5\n    next\nend';
  const plain = { tables: pool, policies: policy(1) };
  for (const more of [{ nat: 'enable' }, { nat: 'enable', ippool: 'enable', poolname: '"p"' }]) {
    const { equal, opened, closed } = await difference(plain, { ...plain, policies: policy(1, more) });
    expect([equal, opened, closed]).toEqual([true, [], []]);
  }
});

test('a virtual IP that leads to another host is one opening, and one that is shut', async () => {
  const { opened, closed, answer } = await difference(
    { tables: vip('10.30.0.10'), policies: toVip },
    { tables: vip('10.30.0.66'), policies: toVip },
  );
  expect([opened.length, closed.length]).toEqual([1, 1]);
  expect(answer.opened[0]).toMatchObject({
    dst: ['198.51.100.3'],
    dport: ['443'],
    nat: { destination: { to: ['10.30.0.66'] } },
  });
});

test.each<[string, Forti, Forti, readonly RegExp[]]>([
  [
    'a policy that brings a virtual IP to life',
    { tables: vip('10.30.0.10') },
    { tables: vip('10.30.0.10'), policies: toVip },
    [/^forward \| 198\.51\.100\.3 \| tcp \| 443 \| certain \| added \| config firewall policy \/ delete 1 \/ end$/],
  ],
  [
    'central NAT is switched on, and a virtual IP acts by being there',
    { tables: vip('10.30.0.10'), policies: policy(1, { srcintf: '"wan1"', dstintf: '"dmz"', dstaddr: '"server"' }) },
    {
      settings: '    set central-nat enable',
      tables: vip('10.30.0.10'),
      policies: policy(1, { srcintf: '"wan1"', dstintf: '"dmz"', dstaddr: '"server"' }),
    },
    [/^forward \| 198\.51\.100\.3 \| any/],
  ],
  [
    'a security policy, where those decide',
    {
      settings: '    set ngfw-mode policy-based',
      policies: policy(1, { srcintf: '"any"', dstintf: '"any"', action: '', schedule: '' }),
      more: 'config firewall security-policy\nend',
    },
    {
      settings: '    set ngfw-mode policy-based',
      policies: policy(1, { srcintf: '"any"', dstintf: '"any"', action: '', schedule: '' }),
      more: `config firewall security-policy\n${policy(5, { service: '"SSH"' })}\nend`,
    },
    [/^forward \| .* \| tcp \| 22 \| certain \| added \| config firewall security-policy \/ delete 5 \/ end$/],
  ],
  [
    'administrative access',
    {},
    { tables: 'config system interface\n    edit "wan1"\n        set allowaccess https\n    next\nend' },
    [
      /^input \| .* \| tcp \| 443 \| certain \| added \| config system interface \/ edit wan1 \/ unselect allowaccess https$/,
    ],
  ],
  [
    'a schedule that is wider',
    {
      tables:
        'config firewall schedule recurring\n    edit "s"\n        set start 08:00\n        set end 18:00\n        set day monday\n    next\nend',
      policies: policy(1, { schedule: '"s"', service: '"SSH"' }),
    },
    {
      tables:
        'config firewall schedule recurring\n    edit "s"\n        set start 08:00\n        set end 20:00\n        set day monday\n    next\nend',
      policies: policy(1, { schedule: '"s"', service: '"SSH"' }),
    },
    [/^forward \| .* \| tcp \| 22 \| possible \| object/],
  ],
  [
    'a deny that meets virtual IPs no more',
    {
      tables: vip('10.30.0.10'),
      policies: [policy(7, { srcintf: '"wan1"', dstintf: '"any"', action: '' }), toVip].join('\n'),
    },
    {
      tables: vip('10.30.0.10'),
      policies: [policy(7, { srcintf: '"wan1"', dstintf: '"any"', action: '', 'match-vip': 'disable' }), toVip].join(
        '\n',
      ),
    },
    [
      /^forward \| 198\.51\.100\.3 \| tcp \| 443 \| certain \| changed \| config firewall policy \/ edit 7 \/ unset match-vip$/,
    ],
  ],
])('%s', async (_case, before, now, expected) => {
  const { opened, closed } = await difference(before, now);
  expect(closed.filter((one) => /certain/.test(one))).toEqual([]);
  expect(opened).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
});
