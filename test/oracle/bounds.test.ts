import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readFile } from '../../agent/app/index.js';
import { driverById } from '../../agent/drivers/registry.js';
import { compare, type Opening, openingText } from '../../agent/exposure/index.js';
import { all, any, type Condition, type Device, not, type Pipeline, parseAddressSet } from '../../agent/model/index.js';
import { describeShared, sharedFolder } from '../support/shared.js';

interface Closure {
  readonly config: string;
  readonly table: string;
  readonly chain: 'FORWARD' | 'INPUT';
  readonly lower: string;
  readonly upper: string;
}

interface Disputed {
  readonly bounds: readonly { readonly config: string; readonly bound: 'lower' | 'upper'; readonly entry: string }[];
}

/** Cases of the shared folder that are wrong, each with the reason. */
const disputed = parse(readFileSync('test/oracle/disputed.yaml', 'utf8')) as Disputed;

/** `ACCEPT tcp -- 192.0.2.0/24 0.0.0.0/0 tcp spts:1:2 dpt:22`, as `iptables -L` prints it, in the words of a save. */
function saved(listing: string): string {
  const lines: string[] = [];
  let chain = '';
  for (const line of listing.split('\n')) {
    const head = /^Chain (?<name>\w+) /.exec(line)?.groups;
    if (head) chain = head.name!;
    const rule =
      /^(?<target>ACCEPT|DROP) +(?<protocol>\w+) +-- +(?<source>\S+) +(?<destination>\S+) *(?:tcp|udp)?(?<ports>.*)$/.exec(
        line,
      )?.groups;
    if (!rule) continue;
    const protocol = rule.protocol === 'all' ? '' : `-p ${rule.protocol}`;
    const ports = [...rule.ports!.matchAll(/(?<side>[sd])pts?:(?<range>[\d:]+)/g)].map(
      ({ groups }) => `--${groups?.side}port ${groups?.range}`,
    );
    const words = [`-A ${chain}`, `-s ${rule.source}`, `-d ${rule.destination}`, protocol, ...ports];
    lines.push([...words, `-j ${rule.target}`].filter((word) => word !== '').join(' '));
  }
  return `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${lines.join('\n')}\nCOMMIT\n`;
}

function deviceOf(text: string): Device {
  const sections = [{ name: 'iptables-save', source: 'bounds', text }];
  const device = driverById('iptables')!.read({ driver: 'iptables', device: 'fw', sections }, { device: 'fw' });
  if (!device.ok) throw new Error(device.error.message);
  return device.value;
}

/** The one chain of which the proof speaks: other tables, and what comes before and after, are left out. */
function only({ pipeline }: Device, { table, chain }: Closure): Pipeline {
  const bases = pipeline.bases.filter(
    ({ list }) => list === `ip/${table}/${chain}` || list.endsWith(`${table}/${chain}`),
  );
  expect(bases.length).toBeGreaterThan(0);
  const direction = chain === 'INPUT' ? ('input' as const) : ('forward' as const);
  return { lists: pipeline.lists, bases, speaksOf: [{ family: 'ip4', direction }] };
}

/**
 * The proofs put the addresses of an interface in its place. Which these are is the proofs' assumption: the loopback's,
 * and where a configuration is written for one site, those of that site.
 */
const interfaceAddresses: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'iptables/diekmann-Iptables_Semantics__home_user_iptables-save': Object.fromEntries(
    [10, 11, 12, 13, 14, 19, 20, 21, 22, 23, 24].map((vlan) => [`eth0.${vlan}`, `192.168.${vlan}.0/24`]),
  ),
  'iptables/diekmann-Iptables_Semantics__openvpn.eu_iptables-save': { eth0: '192.168.0.0/24', eth1: '192.168.2.0/24' },
  'iptables/diekmann-Iptables_Semantics__rlworkman_iptables-save': { eth0: '192.168.13.0/24' },
};

/** A packet comes in by an interface exactly where its source is one of the interface's addresses. */
function plausibleFor(config: string): Condition {
  const known = Object.entries({ lo: '127.0.0.0/8', ...interfaceAddresses[config] });
  return all(
    ...known.map(([name, network]): Condition => {
      const arrives: Condition = { kind: 'inInterface', names: [name] };
      const owned: Condition = { kind: 'source', addresses: parseAddressSet(network)! };
      return any(all(arrives, owned), all(not(arrives), not(owned)));
    }),
  );
}

/** What `inner` lets through and `outer` does not, for certain and perhaps. */
function beyond(config: string, inner: Pipeline, outer: Pipeline): readonly Opening[] {
  const direction = inner.speaksOf[0]!.direction;
  const result = compare(inner, { pipeline: outer, within: [{ direction, condition: plausibleFor(config) }] });
  expect(result.complete).toBe(true);
  return result.undeclared;
}

/** Machine-checked proofs (Iptables_Semantics): of new connections, lower.allowed ⊆ allowed(config) ⊆ upper.allowed. */
describeShared('oracle', 'proved bounds', (folder) => {
  const closures = JSON.parse(readFileSync(join(folder, 'iptables_closures.json'), 'utf8')) as readonly Closure[];
  const corpus = join(sharedFolder, 'corpus');
  const bound = (path: string, closure: Closure): Pipeline =>
    only(deviceOf(saved(readFileSync(join(corpus, path), 'utf8'))), closure);

  test.each(closures.map((closure) => [closure.config, closure] as const))('%s', async (config, closure) => {
    const device = await readFile(join(corpus, config), 'iptables');
    if (!device.ok) throw new Error(device.error.message);
    const pipeline = only(device.value, closure);
    const outside = {
      lower: beyond(config, bound(closure.lower, closure), pipeline),
      upper: beyond(config, pipeline, bound(closure.upper, closure)),
    };
    for (const side of ['lower', 'upper'] as const) {
      const certain = outside[side].filter(({ certainty }) => certainty === 'certain').map((one) => openingText(one));
      const known = disputed.bounds.filter((one) => one.config === config && one.bound === side);
      expect({ side, certain }).toEqual({ side, certain: known.map(({ entry }) => entry) });
    }
  });

  test('there are proofs', () => expect(closures.length).toBeGreaterThanOrEqual(7));
});
