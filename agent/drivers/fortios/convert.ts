import {
  type AccessFact,
  all,
  any,
  type BaseList,
  type Condition,
  type Device,
  type Family,
  type NamedObject,
  type Origin,
  type Pipeline,
  type Rule,
  type RuleList,
} from '../../model/index.js';
import type { Claims } from './claim.js';
import { factsOf, stateFacts } from './facts.js';
import { type Administration, accessRules, administrationOf, serviceRules } from './local-in.js';
import { type Domain, domainsOf, unionOf } from './network.js';
import { addressBook, byName, conditionOf } from './objects.js';
import type { Version } from './parse.js';
import { type PolicyContext, policyRule, vipsAmong } from './policy.js';
import { serviceBook } from './services.js';
import { type Entry, type Extracted, textAt, valuesOf } from './tables.js';
import { virtualIps } from './vip.js';

const BOTH: readonly Family[] = ['ip4', 'ip6'];

/** The lists of one virtual domain, by the place where the device calls them. */
interface DomainLists {
  readonly domain: Domain;
  readonly translation: RuleList;
  readonly forward: readonly RuleList[];
  readonly input: RuleList;
  readonly objects: readonly NamedObject[];
}

export function convert(
  extracted: Extracted,
  version: Version | undefined,
  claims: Claims,
): Pick<Device, 'pipeline' | 'facts'> {
  const domains = domainsOf(extracted);
  const administration = administrationOf(extracted.global.tables);
  const made = domains.map((domain) => listsOf(domain, administration, version, claims));
  const interfaces = domains.flatMap((domain) => domain.interfaces);
  const several = made.length > 1;
  if (several) {
    claims.coverage.notCovered(
      'Traffic from one virtual domain to another is judged in each of them by itself, not along its whole way.',
    );
  }
  const zones = Object.fromEntries(
    domains.flatMap((domain) => [...domain.zones.values()].map((zone) => [zone.name, zone.interfaces] as const)),
  );
  const pipeline: Pipeline = {
    ...(several ? dispatched(made, claims) : direct(made[0]!)),
    speaksOf: BOTH.flatMap((family) => (['forward', 'input'] as const).map((direction) => ({ family, direction }))),
    ...(interfaces.length > 0 && { localAddresses: unionOf(interfaces.map((one) => one.addresses)) }),
    zones,
    objects: made.flatMap(({ objects }) => objects),
  };
  const facts: AccessFact[] = [];
  const outside = { name: '', prefix: '' };
  if (extracted.vdoms.length > 0) facts.push(...factsOf(claims.file, outside, extracted.global.tables.values()));
  for (const domain of domains) {
    facts.push(...factsOf(claims.file, domain, domain.tables.values()), ...stateFacts(claims.file, domain));
  }
  return { pipeline, facts };
}

function listsOf(
  domain: Domain,
  administration: Administration,
  version: Version | undefined,
  claims: Claims,
): DomainLists {
  const context = contextOf(domain, version, claims);
  const { prefix } = domain;
  const settings = domain.tables.get('system settings')?.own;
  if (settings && textAt(settings, 'ngfw-mode') === 'policy-based') {
    claims.coverage.blind(`${prefix}ngfw-mode policy-based: the security policies that decide then are not modelled`);
  }
  if (settings && [textAt(settings, 'asymroute'), textAt(settings, 'asymroute6')].includes('enable')) {
    claims.coverage.notCovered(
      `${prefix}asymroute is on: packets of connections that were not seen to begin pass without a policy.`,
    );
  }
  const consolidated = domain.tables.get('firewall consolidated policy');
  const separate =
    domain.tables.get('firewall policy6') !== undefined ||
    (version !== undefined && version.major * 100 + version.minor < 604);
  const main = separate ? (['ip4'] as const) : BOTH;
  const make = (id: string, path: string, families: readonly Family[], more: readonly Rule[] = []): RuleList => {
    const table = domain.tables.get(path);
    const rules = (table?.entries ?? []).map((entry) => policyRule(context, path, entry, families));
    return {
      id: prefix + id,
      families,
      origin: placeOf(claims.file, prefix, path, table?.frame[0]?.line),
      rules: [...rules, ...more],
    };
  };
  const known = new Set(domain.interfaces.map(({ name }) => name));
  for (const { name, interfaces, entry } of domain.zones.values()) {
    const missing = known.size === 0 ? [] : interfaces.filter((one) => !known.has(one));
    const spans = entry.settings.get('interface')?.spans ?? [entry];
    if (missing.length > 0)
      claims.lose(spans, `the zone ${name} has interfaces that are not defined: ${missing.join(', ')}`);
  }
  const intrazone = intrazoneRules(domain, claims);
  const forward =
    consolidated && consolidated.entries.length > 0
      ? [make('consolidated policy', 'firewall consolidated policy', BOTH, intrazone)]
      : separate
        ? [make('policy', 'firewall policy', main, intrazone), make('policy6', 'firewall policy6', ['ip6'], intrazone)]
        : [make('policy', 'firewall policy', BOTH, intrazone)];
  return {
    domain,
    translation: translationList(context),
    forward,
    input: inputList(context, administration),
    objects: objectsOf(context),
  };
}

function contextOf(domain: Domain, version: Version | undefined, claims: Claims): PolicyContext {
  const { zones, tables } = domain;
  const services = serviceBook(domain);
  const interfaceTest: PolicyContext['interfaceTest'] = (names, kind) => {
    if (names.includes('any')) return { kind: 'all', of: [] };
    const members = names.flatMap((name) => {
      const inside = zones.get(name)?.interfaces ?? [];
      return inside.length > 0 ? inside : [name];
    });
    return { kind, names: [...new Set(members)].sort() };
  };
  const settings = tables.get('system settings')?.own;
  return {
    domain,
    claims,
    version,
    services,
    interfaceTest,
    books: { ip4: addressBook(domain, 'ip4'), ip6: addressBook(domain, 'ip6') },
    vips: {
      ip4: virtualIps(domain, 'ip4', interfaceTest, services, claims),
      ip6: virtualIps(domain, 'ip6', interfaceTest, services, claims),
    },
    vipGroups: { ip4: byName(tables.get('firewall vipgrp')), ip6: byName(tables.get('firewall vipgrp6')) },
    centralNat: settings !== undefined && textAt(settings, 'central-nat') === 'enable',
    whole: version !== undefined,
  };
}

function placeOf(file: string, prefix: string, path: string, line = 1): Origin {
  return { file, line, rule: `${prefix}${path}`, text: `config ${path}` };
}

/** What passes between the interfaces of a zone that lets it: after the policies, before the implicit deny. */
function intrazoneRules({ zones, prefix }: Domain, { file }: Claims): readonly Rule[] {
  return [...zones.values()].flatMap(({ name, interfaces, intrazone, entry }): readonly Rule[] => {
    if (!intrazone || interfaces.length === 0) return [];
    const rule = `${prefix}system zone ${name} intrazone`;
    return [
      {
        origin: { file, line: entry.line, lastLine: entry.lastLine, rule, text: `intrazone allow in the zone ${name}` },
        steps: [
          { kind: 'match', condition: { kind: 'inInterface', names: interfaces } },
          { kind: 'match', condition: { kind: 'outInterface', names: interfaces } },
          { kind: 'accept' },
        ],
      },
    ];
  });
}

/**
 * Without central NAT a virtual IP acts from the moment a policy refers to it; with it, by being there. One that does
 * not act is kept as a rule that is switched off: it waits to be used.
 */
function translationList(context: PolicyContext): RuleList {
  const { domain, claims } = context;
  const policies = ['firewall policy', 'firewall policy6', 'firewall consolidated policy'].flatMap(
    (path) => domain.tables.get(path)?.entries ?? [],
  );
  const enabled = policies.filter((entry) => textAt(entry, 'status') !== 'disable');
  const rules = BOTH.flatMap((family) => {
    const named = enabled.flatMap((entry) => [...valuesOf(entry, 'dstaddr'), ...valuesOf(entry, 'dstaddr6')]);
    const referred = new Set(vipsAmong(context, family, named).map(({ name }) => name));
    return [...context.vips[family].values()].map(({ name, rule, entry }): Rule => {
      const off = textAt(entry, 'status') === 'disable' || !(context.centralNat || referred.has(name));
      const test: Condition = { kind: 'family', family };
      const steps = [{ kind: 'match' as const, condition: test }, ...rule.steps];
      return { ...rule, steps, ...(off && { disabled: true }) };
    });
  });
  const line = domain.tables.get('firewall vip')?.frame[0]?.line;
  return {
    id: `${domain.prefix}vip`,
    families: BOTH,
    origin: placeOf(claims.file, domain.prefix, 'firewall vip', line),
    rules,
  };
}

function inputList(context: PolicyContext, administration: Administration): RuleList {
  const { domain, claims } = context;
  const rules = (['ip4', 'ip6'] as const).flatMap((family) => {
    const path = family === 'ip4' ? 'firewall local-in-policy' : 'firewall local-in-policy6';
    return (domain.tables.get(path)?.entries ?? []).map((entry: Entry) =>
      policyRule(context, path, entry, [family], 'local'),
    );
  });
  claims.coverage.notCovered(
    'What FortiOS answers by itself, beside administrative access, IPsec, SSL-VPN, DHCP and DNS, is not modelled: routing protocols, clustering, the Security Fabric.',
  );
  const line = domain.tables.get('firewall local-in-policy')?.frame[0]?.line;
  return {
    id: `${domain.prefix}local-in`,
    families: BOTH,
    origin: placeOf(claims.file, domain.prefix, 'firewall local-in-policy', line),
    rules: [
      ...rules,
      ...accessRules(domain, administration, claims),
      ...serviceRules(domain, claims, context.interfaceTest),
    ],
  };
}

function objectsOf({ books, services, domain }: PolicyContext): readonly NamedObject[] {
  const within = domain.prefix === '' ? {} : { within: domain.name };
  const addresses = new Set([...books.ip4.names, ...books.ip6.names]);
  return [
    ...[...addresses].map((name): NamedObject => {
      const parts = BOTH.filter((family) => books[family].names.has(name)).map((family) =>
        conditionOf(books[family].meaningOf([name]), 'source'),
      );
      return { kind: 'address', name, ...within, condition: any(...parts) };
    }),
    ...services.names.map(
      (name): NamedObject => ({ kind: 'service', name, ...within, condition: services.meaningOf([name]).condition }),
    ),
  ];
}

function implicit(origin: Origin): Origin {
  return { ...origin, rule: 'policy 0', text: 'implicit deny' };
}

function baseLists(lists: {
  readonly translation: RuleList;
  readonly forward: readonly RuleList[];
  readonly input: RuleList;
}): readonly BaseList[] {
  const base = (list: RuleList, hook: BaseList['hook'], type: BaseList['type']): BaseList => ({
    list: list.id,
    hook,
    priority: hook === 'prerouting' ? -100 : 0,
    type,
    policy: type === 'nat' ? 'accept' : 'drop',
    policyOrigin: type === 'nat' ? list.origin : implicit(list.origin),
  });
  return [
    base(lists.translation, 'prerouting', 'nat'),
    ...lists.forward.map((list) => base(list, 'forward', 'filter')),
    base(lists.input, 'input', 'filter'),
  ];
}

function direct({ translation, forward, input }: DomainLists): Pick<Pipeline, 'lists' | 'bases'> {
  return { lists: [translation, ...forward, input], bases: baseLists({ translation, forward, input }) };
}

/** With several virtual domains, the interface says which one a packet is in, and so which lists it meets. */
function dispatched(made: readonly DomainLists[], claims: Claims): Pick<Pipeline, 'lists' | 'bases'> {
  const origin = placeOf(claims.file, '', 'vdom');
  const list = (id: string, rules: readonly Rule[]): RuleList => ({ id, families: BOTH, origin, rules });
  const into = (domain: Domain, target: RuleList, places: readonly ('inInterface' | 'outInterface')[]): Rule => {
    const names = domain.interfaces.map(({ name }) => name);
    const families: readonly Condition[] =
      target.families.length === 2 ? [] : [{ kind: 'family', family: target.families[0]! }];
    const condition = all(...families, ...places.map((kind) => ({ kind, names }) as const));
    return {
      origin: {
        ...target.origin,
        rule: `vdom ${domain.name}`,
        text: `the interfaces of the virtual domain ${domain.name}`,
      },
      steps: [
        { kind: 'match', condition },
        { kind: 'jump', list: target.id },
      ],
    };
  };
  for (const { domain } of made) {
    const filters = [...domain.tables.keys()].some((path) => /^firewall .*policy/.test(path));
    if (filters && domain.interfaces.length === 0) {
      claims.coverage.blind(
        `no interface of the virtual domain ${domain.name} was read: who meets its policies is not known`,
      );
    }
  }
  const lists = {
    translation: list(
      'vip',
      made.map(({ domain, translation }) => into(domain, translation, ['inInterface'])),
    ),
    forward: [
      list(
        'policy',
        made.flatMap(({ domain, forward }) => forward.map((one) => into(domain, one, ['inInterface', 'outInterface']))),
      ),
    ],
    input: list(
      'local-in',
      made.map(({ domain, input }) => into(domain, input, ['inInterface'])),
    ),
  };
  return {
    lists: [
      lists.translation,
      ...lists.forward,
      lists.input,
      ...made.flatMap((one) => [one.translation, ...one.forward, one.input]),
    ],
    bases: baseLists(lists),
  };
}
