import { single } from '../../lib/intervals.js';
import { all, any, type Condition, type Family, not, type Rule } from '../../model/index.js';
import { contentOf } from './content.js';
import { type PolicyContext, unknown } from './context.js';
import { originOf } from './origin.js';
import { portRange } from './services.js';
import { type Entry, isEnabled, spansAt, type Table, textAt, valuesOf } from './tables.js';

function ports(protocol: number, ...some: readonly (readonly [number, number])[]): Condition {
  return all(
    { kind: 'protocol', protocols: single(protocol) },
    any(...some.map((range): Condition => ({ kind: 'destinationPort', ports: range }))),
  );
}

function port(protocol: number, number: number): Condition {
  return ports(protocol, [number, number]);
}

interface Service {
  readonly path: string;
  readonly entry: Entry;
  /** The setting that says where it listens. */
  readonly key: string;
  readonly interfaces: readonly string[];
  readonly condition: Condition;
}

/** What other services of the device listen on: IPsec, SSL-VPN, DHCP, DNS and proxies. */
export function serviceRules(context: PolicyContext): readonly Rule[] {
  const { domain, claims } = context;
  return [...tunnels(context), ...portal(context), ...proxies(context)].map(
    ({ path, entry, key, interfaces, condition }): Rule => {
      claims.mark(spansAt(entry, key) ?? [], 'modelled');
      return {
        origin: {
          ...originOf(claims.file, domain, path, entry),
          text: `${path} ${entry.name} on ${interfaces.join(' ')}`,
        },
        steps: [
          { kind: 'match', condition: context.interfaceTest(interfaces, 'inInterface') },
          { kind: 'match', condition },
          { kind: 'accept' },
        ],
      };
    },
  );
}

function tunnels({ domain: { tables } }: PolicyContext): readonly Service[] {
  const found: Service[] = [];
  const add = (path: string, entry: Entry, key: string, interfaces: readonly string[], condition: Condition): void => {
    if (interfaces.length > 0 && textAt(entry, 'status') !== 'disable')
      found.push({ path, entry, key, interfaces, condition });
  };
  const ipsec = any(ports(17, [500, 500], [4500, 4500]), { kind: 'protocol', protocols: single(50) });
  for (const path of ['vpn ipsec phase1-interface', 'vpn ipsec phase1']) {
    for (const entry of tables.get(path)?.entries ?? [])
      add(path, entry, 'interface', valuesOf(entry, 'interface'), ipsec);
  }
  for (const entry of tables.get('system dhcp server')?.entries ?? []) {
    add('system dhcp server', entry, 'interface', valuesOf(entry, 'interface'), port(17, 67));
  }
  for (const entry of tables.get('system dns-server')?.entries ?? []) {
    add('system dns-server', entry, 'mode', [entry.name], any(port(17, 53), port(6, 53)));
  }
  return found;
}

/** The portal of SSL-VPN, for the sources that it is open to. */
function portal(context: PolicyContext): readonly Service[] {
  const { domain, claims, books } = context;
  const entry = domain.tables.get('vpn ssl settings')?.own;
  const interfaces = entry ? valuesOf(entry, 'source-interface') : [];
  if (!entry || interfaces.length === 0 || textAt(entry, 'status') === 'disable') return [];
  const number = Number(textAt(entry, 'port') ?? '10443');
  if (!Number.isInteger(number) || number > 65535) {
    claims.lose(spansAt(entry, 'port') ?? [], 'the port cannot be read');
    return [];
  }
  const sources = (['ip4', 'ip6'] as const satisfies readonly Family[]).map((family) => {
    const key = family === 'ip4' ? 'source-address' : 'source-address6';
    const names = valuesOf(entry, key);
    const test = names.length === 0 ? undefined : books[family].testOf(names, 'source');
    const spans = spansAt(entry, key) ?? [];
    claims.mark(spans, 'modelled');
    for (const reason of test?.problems ?? []) claims.gap(spans, `vpn ssl settings: ${reason}`);
    const negated = test && isEnabled(entry, `${key}-negate`);
    const condition = negated ? [not(test.condition)] : test ? [test.condition] : [];
    return all({ kind: 'family', family }, ...condition);
  });
  claims.mark(spansAt(entry, 'port') ?? [], 'modelled');
  const condition = all(any(port(6, number), port(17, number)), any(...sources));
  return [{ path: 'vpn ssl settings', entry, key: 'source-interface', interfaces, condition }];
}

/** Proxies that clients speak to, and those before published applications. */
function proxies(context: PolicyContext): readonly Service[] {
  return [
    ...explicit(context, 'web-proxy explicit', 'explicit-web-proxy', 'http-incoming-port', '8080'),
    ...explicit(context, 'ftp-proxy explicit', 'explicit-ftp-proxy', 'incoming-port', '21'),
    ...published(context),
  ];
}

function explicit(
  { domain, claims }: PolicyContext,
  path: string,
  key: string,
  portKey: string,
  standard: string,
): readonly Service[] {
  const entry = domain.tables.get(path)?.own;
  if (!entry || !isEnabled(entry, 'status')) return [];
  const interfaces = domain.interfaces.filter((one) => isEnabled(one.entry, key)).map(({ name }) => name);
  const texts = valuesOf(entry, portKey);
  const found = (texts.length > 0 ? texts : [standard]).map((text) => portRange(text));
  const known = found.filter((range) => range !== undefined);
  const spans = spansAt(entry, portKey) ?? [];
  if (known.length < found.length) claims.lose(spans, `${path}: the port cannot be read`);
  else claims.mark(spans, 'modelled');
  return interfaces.length === 0 || known.length === 0
    ? []
    : [{ path, entry, key: 'status', interfaces, condition: ports(6, ...known) }];
}

/**
 * An access proxy answers under the address of a virtual IP. Which of the policies that refer to it lets a client on
 * goes by tags, users and certificates: one condition, of the content of them all.
 */
function published(context: PolicyContext): readonly Service[] {
  const { domain, vips } = context;
  const entries = (path: string): readonly Entry[] => (domain.tables.get(path) as Table | undefined)?.entries ?? [];
  return (['ip4', 'ip6'] as const).flatMap((family) =>
    [...vips[family].values()].flatMap(({ name, entry, answers }): readonly Service[] => {
      if (!answers || textAt(entry, 'status') === 'disable') return [];
      const doors = ['firewall access-proxy', 'firewall access-proxy6']
        .flatMap(entries)
        .filter((one) => valuesOf(one, 'vip').includes(name) || valuesOf(one, 'vip6').includes(name));
      const policies = [
        ...entries('firewall proxy-policy').filter((one) =>
          doors.some((door) =>
            [...valuesOf(one, 'access-proxy'), ...valuesOf(one, 'access-proxy6')].includes(door.name),
          ),
        ),
        ...['firewall policy', 'firewall policy6']
          .flatMap(entries)
          .filter((one) => valuesOf(one, 'dstaddr').includes(name)),
      ].filter((one) => textAt(one, 'status') !== 'disable');
      if (policies.length === 0) return [];
      const content = [...doors, ...policies].map(contentOf).sort().join('; ');
      const on = textAt(entry, 'extintf') ?? 'any';
      const condition = all(
        { kind: 'family', family },
        answers,
        unknown(`a policy of the access proxy ${name} lets it on (${content})`).condition,
      );
      const path = family === 'ip4' ? 'firewall vip' : 'firewall vip6';
      return [{ path, entry, key: 'extintf', interfaces: [on], condition }];
    }),
  );
}
