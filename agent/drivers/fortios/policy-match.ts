import { all, any, type Condition, type Family, never, not } from '../../model/index.js';
import { hasPassed, latestOf, timeOf, timeText } from './clock.js';
import { contentOf, wordOf } from './content.js';
import { exact, lostTest, type Part, type PolicyContext, unknown } from './context.js';
import { defaultOf } from './defaults.js';
import { isBuiltIn, managementPorts } from './network.js';
import { byName, type Side } from './objects.js';
import { scheduleOf } from './schedules.js';
import { type Entry, isEnabled, textAt, valuesOf } from './tables.js';
import type { VirtualIp } from './vip.js';

/**
 * Where a policy stands: between interfaces, before the device itself, and where the device decides by security
 * policies, those and the ones that they are preceded by.
 */
export type PolicyRole = 'between' | 'local' | 'pre-match' | 'security';

export function isOff(key: string, values: readonly string[]): boolean {
  const text = values.join(' ');
  if (key === 'tos') return text === '0x00';
  if (key === 'tos-mask') return text === '0x00';
  if (key === 'reputation-minimum' || key === 'reputation-minimum6' || key === 'vlan-cos-fwd-match')
    return text === '0';
  return (
    ['disable', 'none', ''].includes(text) || /^(?:reputation-direction6?|geoip-match|ztna-tags-match-logic)$/.test(key)
  );
}

export function interfacesPart(
  context: PolicyContext,
  entry: Entry,
  key: 'srcintf' | 'dstintf' | 'intf',
  kind: 'inInterface' | 'outInterface',
): Part {
  const names = valuesOf(entry, key);
  if (names.length === 0)
    return { ...exact, condition: lostTest(`${key} is missing`), problems: [`${key} is missing`] };
  if (names.includes('any')) {
    if (names.length === 1) return exact;
    return { ...exact, condition: lostTest(`${key} ${names.join(' ')}`), problems: [`${key} has “any” beside others`] };
  }
  const { interfaces, zones } = context.domain;
  const missing = names.filter(
    (name) => !zones.has(name) && !isBuiltIn(name) && !interfaces.some((one) => one.name === name),
  );
  const condition = context.interfaceTest(names, kind);
  // Where interfaces were read, one that is not among them is a name that was damaged or is not ours.
  if (interfaces.length > 0 && missing.length > 0) {
    return { ...exact, condition, problems: missing.map((name) => `the interface ${name} is not defined`) };
  }
  return { ...exact, condition };
}

const isFamily: Readonly<Record<Family, Condition>> = {
  ip4: { kind: 'family', family: 'ip4' },
  ip6: { kind: 'family', family: 'ip6' },
};

export function addressesPart(context: PolicyContext, entry: Entry, families: readonly Family[]): Part {
  const parts: Condition[] = [];
  const problems: string[] = [];
  const bounds: string[] = [];
  for (const family of families) {
    const sides = (['source', 'destination'] as const).map((side) => sidePart(context, entry, family, side, families));
    if (sides.every((side) => side === undefined)) continue;
    // A policy that names only one side of a family holds for no packet of it.
    const of = sides.map((side) => side?.condition ?? never);
    for (const side of sides) {
      problems.push(...(side?.problems ?? []));
      bounds.push(...(side?.bounds ?? []));
    }
    parts.push(all(isFamily[family], ...of.filter((one) => !(one.kind === 'all' && one.of.length === 0))));
    if (sides.includes(undefined)) {
      const missing = sides[0] === undefined ? 'source' : 'destination';
      problems.push(`there is no ${missing} of ${family === 'ip4' ? 'IPv4' : 'IPv6'}`);
    }
  }
  if (parts.length === 0) {
    return { condition: lostTest('the addresses are missing'), problems: ['the addresses are missing'], bounds };
  }
  return { condition: any(...parts), problems, bounds };
}

/** What a policy asks of one address; undefined: it says nothing of that family. */
function sidePart(
  context: PolicyContext,
  entry: Entry,
  family: Family,
  side: Side,
  families: readonly Family[],
): (Part & { readonly condition: Condition }) | undefined {
  const short = side === 'source' ? 'src' : 'dst';
  // In tables of IPv6 only, the keys have no 6.
  const six = family === 'ip6' && families.length > 1 ? '6' : '';
  const key = `${short}addr${six}`;
  const service = `internet-service${family === 'ip6' && families.length > 1 ? '6' : ''}${side === 'source' ? '-src' : ''}`;
  if (isEnabled(entry, service)) return internetServicePart(context, entry, service, side, family);
  const names = valuesOf(entry, key);
  if (names.length === 0) return undefined;
  const vips = side === 'destination' ? vipsAmong(context, family, names) : [];
  const plain = names.filter((name) => !isVip(context, family, name));
  const test = plain.length === 0 ? undefined : context.books[family].testOf(plain, side);
  const problems = [...(test?.problems ?? [])];
  if (names.length > 1 && (names.includes('all') || names.includes('none')))
    problems.push(`${key} has “all” beside others`);
  let condition = test?.condition ?? never;
  const bounds = [...(test?.bounds ?? [])];
  if (isEnabled(entry, `${key}-negate`)) condition = not(condition);
  if (side === 'destination' && context.vips[family].size > 0 && !context.centralNat && plain.length > 0) {
    const met = meetsTranslated(context, entry);
    if (met === undefined) bounds.push('whether a policy to plain addresses meets translated packets');
    if (met === 'only') condition = all(condition, translated);
    else if (met === false) condition = all(condition, not(translated));
    else if (met === undefined) condition = all(condition, any(not(translated), meets));
  }
  for (const { arrived } of vips) condition = any(condition, all(translated, arrived));
  return { condition, problems, bounds };
}

const translated: Condition = { kind: 'connectionStatus', status: ['dnat'] };
const meets: Condition = {
  kind: 'unknown',
  id: 'fortios a policy to plain addresses meets packets that a virtual IP has translated',
  text: 'a policy to plain addresses meets packets that a virtual IP has translated',
};

/**
 * Whether a policy to plain addresses holds for what a virtual IP has translated. `match-vip` is for policies that deny
 * since 6.4.3 (its release notes). An accepting policy to plain addresses never lets translated packets through.
 */
function meetsTranslated({ defaultsOf }: PolicyContext, entry: Entry): boolean | 'only' | undefined {
  if (isEnabled(entry, 'match-vip-only')) return 'only';
  if (isEnabled(entry, 'match-vip')) return true;
  if (textAt(entry, 'action') === 'accept' || textAt(entry, 'match-vip') === 'disable') return false;
  const standard = defaultOf('match-vip', defaultsOf);
  return standard === 'enable' ? true : standard === 'disable' ? false : undefined;
}

function isVip({ vips, vipGroups }: PolicyContext, family: Family, name: string): boolean {
  return vips[family].has(name) || vipGroups[family].has(name);
}

export function namesVip(context: PolicyContext, entry: Entry): boolean {
  return (['ip4', 'ip6'] as const).some(
    (family) =>
      context.vips[family].size > 0 &&
      ['dstaddr', 'dstaddr6'].some((key) => valuesOf(entry, key).some((name) => isVip(context, family, name))),
  );
}

/** The virtual IPs that names stand for, by themselves or in groups. */
export function vipsAmong(context: PolicyContext, family: Family, names: readonly string[]): readonly VirtualIp[] {
  const found = names.flatMap((name) => {
    const group = context.vipGroups[family].get(name);
    const members = group ? valuesOf(group, 'member') : [name];
    return members.flatMap((member) => context.vips[family].get(member) ?? []);
  });
  return [...new Set(found)];
}

function internetServicePart(
  context: PolicyContext,
  entry: Entry,
  key: string,
  side: Side,
  family: Family,
): Part & { readonly condition: Condition } {
  const parts = ['name', 'id', 'group', 'custom', 'custom-group'].flatMap((part) =>
    valuesOf(entry, `${key}-${part}`).map((name) => context.internetServices.meaningOf(part, name, side, family)),
  );
  const some = any(...parts.map(({ condition }) => condition));
  return {
    condition: isEnabled(entry, `${key}-negate`) ? not(some) : some,
    problems: parts.flatMap(({ problems }) => problems),
    bounds: parts.flatMap(({ bounds }) => bounds),
  };
}

export function servicePart(context: PolicyContext, entry: Entry, role: PolicyRole): Part {
  const names = valuesOf(entry, 'service');
  if (names.length === 0) {
    // An internet service brings its own ports.
    if (['', '6'].some((six) => isEnabled(entry, `internet-service${six}`))) return exact;
    // The default ports of the applications that it asks for.
    if (role === 'security' && textAt(entry, 'enforce-default-app-port') !== 'disable') return exact;
    return { ...exact, condition: lostTest('the service is missing'), problems: ['the service is missing'] };
  }
  const { condition, problems, bounds } = context.services.meaningOf(names);
  const mixed = names.length > 1 && names.includes('ALL') ? ['the service has “ALL” beside others'] : [];
  const negated = isEnabled(entry, 'service-negate');
  return { condition: negated ? not(condition) : condition, problems: [...problems, ...mixed], bounds };
}

export function schedulePart(context: PolicyContext, entry: Entry, role: PolicyRole): Part {
  const name = textAt(entry, 'schedule');
  if (name === undefined) {
    // The policies that only choose what is looked into have none.
    if (role === 'pre-match') return exact;
    return context.whole ? { ...exact, problems: ['the schedule is missing'] } : exact;
  }
  const { condition, problem, text } = scheduleOf(context.domain, name, context.now);
  return {
    ...(condition && { condition }),
    problems: problem === undefined ? [] : [problem],
    bounds: text === undefined ? [] : [text],
  };
}

/** Who asks, and from what kind of machine: by the content of what is named. */
export function unknownPart({ domain }: PolicyContext, key: string, values: readonly string[]): Part {
  const groups = key === 'groups' ? byName(domain.tables.get('user group')) : undefined;
  const words = values.map((value) => {
    const group = groups?.get(value);
    return `${wordOf(value)}${group ? ` (${contentOf(group)})` : ''}`;
  });
  return { ...exact, ...unknown(`${key} ${words.sort().join(', ')}`) };
}

/** Until when a policy holds, where that is set. */
export function expiryPart({ now }: PolicyContext, entry: Entry): Part {
  if (!isEnabled(entry, 'policy-expiry')) return exact;
  const until = timeOf(textAt(entry, 'policy-expiry-date') ?? '');
  const seconds = Number(textAt(entry, 'policy-expiry-date-utc')?.replace(/ .*/, ''));
  const last = until ?? (Number.isInteger(seconds) && seconds > 0 ? latestOf(seconds) : undefined);
  if (hasPassed(last, now)) return { ...exact, condition: never };
  const when = until ? timeText(until) : (textAt(entry, 'policy-expiry-date-utc') ?? 'a date');
  return { ...exact, ...unknown(`it is not yet ${when}, when the policy expires`) };
}

/** Of a policy for the ports that are kept for the management of each member of a cluster: those ports. */
export function managementPart({ domain }: PolicyContext, entry: Entry): Part {
  if (!isEnabled(entry, 'ha-mgmt-intf-only')) return exact;
  const names = [...managementPorts(domain.shared)];
  return { ...exact, condition: names.length === 0 ? never : { kind: 'inInterface', names } };
}
