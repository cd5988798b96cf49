import type { Condition, Family, NamedObject, Origin, Rule, RuleList } from '../../model/index.js';
import { aclRules } from './acl.js';
import type { Claims } from './claim.js';
import type { DeviceTime } from './clock.js';
import type { PolicyContext } from './context.js';
import { libraryOf } from './library.js';
import { type Administration, accessRules } from './local-in.js';
import { type Domain, isBuiltIn } from './network.js';
import { byName } from './objects.js';
import type { Version } from './parse.js';
import { policyRules } from './policy.js';
import { vipsAmong } from './policy-match.js';
import { serviceRules } from './services-of-device.js';
import { sourceLists, sourceNatOf } from './source-nat.js';
import { redirectRules, replyRule, sessionRules } from './state.js';
import { type Entry, isEnabled, spansAt, textAt, valuesOf } from './tables.js';
import { type VirtualIp, virtualIps } from './vip.js';

const BOTH: readonly Family[] = ['ip4', 'ip6'];

/** The lists of one virtual domain, by the place where the device calls them. */
export interface DomainLists {
  readonly domain: Domain;
  readonly translation: RuleList;
  /** Every one of them must let a packet pass, in this order. */
  readonly forward: readonly RuleList[];
  readonly input: RuleList;
  /** The list of source translations, and those that it calls. */
  readonly source: readonly RuleList[];
  readonly objects: readonly NamedObject[];
}

/** What of a reading holds for all virtual domains. */
export interface Reading {
  readonly text: string;
  readonly claims: Claims;
  readonly version: Version | undefined;
  /** The version by whose defaults it is read. */
  readonly defaultsOf: string | undefined;
  readonly now: DeviceTime | undefined;
  readonly administration: Administration;
}

export function listsOf(domain: Domain, reading: Reading): DomainLists {
  const { claims } = reading;
  const context = contextOf(domain, reading);
  checkZones(domain, claims);
  const [translation, active] = translationList(context);
  // The policies say which translations of sources there are.
  const forward = forwardLists(context, reading);
  return {
    domain,
    translation,
    forward,
    input: inputList(context, reading),
    source: sourceLists(context, active),
    objects: context.objects,
  };
}

function contextOf(domain: Domain, { text, claims, version, defaultsOf, now }: Reading): PolicyContext {
  const { tables } = domain;
  const whole = version !== undefined;
  const settings = tables.get('system settings')?.own;
  const centralNat =
    settings !== undefined && (isEnabled(settings, 'central-nat') || textAt(settings, 'ngfw-mode') === 'policy-based');
  const library = libraryOf(domain, { text, defaultsOf, whole, centralNat });
  const vipContext = { ...library, domain, claims };
  return {
    ...library,
    domain,
    claims,
    defaultsOf,
    now,
    vips: { ip4: virtualIps(vipContext, 'ip4'), ip6: virtualIps(vipContext, 'ip6') },
    vipGroups: { ip4: byName(tables.get('firewall vipgrp')), ip6: byName(tables.get('firewall vipgrp6')) },
    centralNat,
    sourceNat: sourceNatOf(domain, centralNat),
    whole,
  };
}

function placeOf(file: string, prefix: string, path: string, line = 1): Origin {
  return { file, line, rule: `${prefix}${path}`, text: `config ${path}` };
}

function checkZones({ interfaces, zones }: Domain, claims: Claims): void {
  const known = new Set(interfaces.map(({ name }) => name));
  for (const { name, interfaces: members, entry } of zones.values()) {
    const missing = known.size === 0 ? [] : members.filter((one) => !known.has(one) && !isBuiltIn(one));
    const spans = spansAt(entry, 'interface') ?? [entry];
    if (missing.length > 0)
      claims.gap(spans, `the zone ${name} has interfaces that are not defined: ${missing.join(', ')}`);
  }
}

function forwardLists(context: PolicyContext, reading: Reading): readonly RuleList[] {
  const { domain, claims } = context;
  const { version, administration } = reading;
  const global = administration.global.get('system global')?.own;
  const state = { domain, claims, global, version: reading.defaultsOf };
  const intrazone = intrazoneRules(domain, claims);
  const make = (id: string, path: string, families: readonly Family[], role: Role = 'between'): RuleList => {
    const table = domain.tables.get(path);
    const policies = (table?.entries ?? []).flatMap((entry) => policyRules(context, path, entry, families, role));
    return {
      id: domain.prefix + id,
      families,
      origin: placeOf(claims.file, domain.prefix, path, table?.frame[0]?.line),
      rules: [
        ...sessionRules(state, families),
        ...aclRules(context, families),
        ...redirectRules(state, families),
        ...policies,
        ...intrazone,
      ],
    };
  };
  const consolidated = (domain.tables.get('firewall consolidated policy')?.entries.length ?? 0) > 0;
  const main = consolidated ? 'firewall consolidated policy' : 'firewall policy';
  const name = consolidated ? 'consolidated policy' : 'policy';
  if (decidesBySecurityPolicies(domain, version)) {
    const security = 'firewall security-policy';
    if (version && !domain.tables.has(security))
      claims.coverage.blind(
        `${domain.prefix}ngfw-mode policy-based: there are no security policies in it, not even an empty table`,
      );
    return [make(name, main, BOTH, 'pre-match'), make('security-policy', security, BOTH, 'security')];
  }
  const separate =
    domain.tables.get('firewall policy6') !== undefined ||
    (version !== undefined && version.major * 100 + version.minor < 604);
  if (consolidated || !separate) return [make(name, main, BOTH)];
  return [make('policy', 'firewall policy', ['ip4']), make('policy6', 'firewall policy6', ['ip6'])];
}

type Role = 'between' | 'pre-match' | 'security';

/**
 * `ngfw-mode policy-based`: since 6.2 what a policy holds for is looked up among the security policies, and passes when
 * one of those accepts it; before, the policies themselves asked for applications.
 */
function decidesBySecurityPolicies({ tables }: Domain, version: Version | undefined): boolean {
  const settings = tables.get('system settings')?.own;
  if (!settings || textAt(settings, 'ngfw-mode') !== 'policy-based') return false;
  return version ? version.major * 100 + version.minor >= 602 : tables.has('firewall security-policy');
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
function translationList(context: PolicyContext): readonly [RuleList, ReadonlySet<VirtualIp>] {
  const { domain, claims } = context;
  const policies = ['firewall policy', 'firewall policy6', 'firewall consolidated policy'].flatMap(
    (path) => domain.tables.get(path)?.entries ?? [],
  );
  const enabled = policies.filter((entry) => textAt(entry, 'status') !== 'disable');
  const active = new Set<VirtualIp>();
  const rules = BOTH.flatMap((family) => {
    if (context.vips[family].size === 0) return [];
    const named = enabled.flatMap((entry) => [...valuesOf(entry, 'dstaddr'), ...valuesOf(entry, 'dstaddr6')]);
    const referred = new Set(vipsAmong(context, family, named).map(({ name }) => name));
    return [...context.vips[family].values()].flatMap((vip): readonly Rule[] => {
      const off = textAt(vip.entry, 'status') === 'disable' || !(context.centralNat || referred.has(vip.name));
      if (!off) active.add(vip);
      const test: Condition = { kind: 'family', family };
      return vip.rules.map((rule) => ({
        ...rule,
        steps: [{ kind: 'match', condition: test }, ...rule.steps],
        ...((off || rule.disabled) && { disabled: true }),
      }));
    });
  });
  const line = domain.tables.get('firewall vip')?.frame[0]?.line;
  const list: RuleList = {
    id: `${domain.prefix}vip`,
    families: BOTH,
    origin: placeOf(claims.file, domain.prefix, 'firewall vip', line),
    rules,
  };
  return [list, active];
}

function inputList(context: PolicyContext, { administration }: Reading): RuleList {
  const { domain, claims } = context;
  const rules = (['ip4', 'ip6'] as const).flatMap((family) => {
    const path = family === 'ip4' ? 'firewall local-in-policy' : 'firewall local-in-policy6';
    return (domain.tables.get(path)?.entries ?? []).flatMap((entry: Entry) =>
      policyRules(context, path, entry, [family], 'local'),
    );
  });
  claims.coverage.notCovered(
    'What FortiOS answers by itself, beside administrative access, IPsec, SSL-VPN, DHCP, DNS and proxies, is not modelled: routing protocols, clustering, the Security Fabric.',
  );
  const line = domain.tables.get('firewall local-in-policy')?.frame[0]?.line;
  return {
    id: `${domain.prefix}local-in`,
    families: BOTH,
    origin: placeOf(claims.file, domain.prefix, 'firewall local-in-policy', line),
    rules: [
      replyRule(context),
      ...aclRules(context, BOTH),
      ...rules,
      ...accessRules(domain, administration, claims),
      ...serviceRules(context),
    ],
  };
}
