import { all, any, type Condition, type Family, never, not, type Rule, type Step } from '../../model/index.js';
import type { VersionedDefault } from '../contract.js';
import { defaultIn } from '../shared/version.js';
import type { Claims } from './claim.js';
import { contentOf, wordOf } from './content.js';
import type { Domain } from './network.js';
import { type AddressBook, byName, conditionOf, type Side } from './objects.js';
import { originOf } from './origin.js';
import type { Version } from './parse.js';
import { scheduleOf } from './schedules.js';
import { identityKeys, profileKeys } from './sections.js';
import type { ServiceBook } from './services.js';
import { type Entry, isEnabled, textAt, valuesOf } from './tables.js';
import type { VirtualIp } from './vip.js';

/** What the policies of one virtual domain refer to. */
export interface PolicyContext {
  readonly domain: Domain;
  readonly claims: Claims;
  readonly version: Version | undefined;
  readonly books: Readonly<Record<Family, AddressBook>>;
  readonly services: ServiceBook;
  readonly vips: Readonly<Record<Family, ReadonlyMap<string, VirtualIp>>>;
  readonly vipGroups: Readonly<Record<Family, ReadonlyMap<string, Entry>>>;
  readonly centralNat: boolean;
  interfaceTest(names: readonly string[], kind: 'inInterface' | 'outInterface'): Condition;
  /** The whole configuration was shown: what is not there is not on the device. */
  readonly whole: boolean;
}

/** What a setting contributes, and what of it is not exact. */
interface Part {
  readonly condition?: Condition;
  readonly problems: readonly string[];
  readonly bounds: readonly string[];
}

const exact: Part = { problems: [], bounds: [] };

/** One policy: `srcintf` → `dstintf`, addresses, services, schedule, and what only the device knows. */
export function policyRule(
  context: PolicyContext,
  path: string,
  entry: Entry,
  families: readonly Family[],
  place: 'between' | 'local' = 'between',
): Rule {
  const { domain, claims } = context;
  const steps: Step[] = [];
  let understood: 'exact' | 'bounded' | 'unread' = 'exact';
  const add = (key: string, { condition, problems, bounds }: Part): void => {
    const spans = entry.settings.get(key)?.spans ?? [{ line: entry.line, lastLine: entry.line }];
    for (const reason of problems) {
      claims.lose(spans, `${path} ${entry.name}: ${reason}`);
      understood = 'unread';
    }
    for (const reason of bounds) {
      claims.mark(spans, 'approximated', reason);
      if (understood === 'exact') understood = 'bounded';
    }
    if (condition && !(condition.kind === 'all' && condition.of.length === 0)) steps.push({ kind: 'match', condition });
  };
  if (place === 'local') add('intf', interfacesPart(context, entry, 'intf', 'inInterface'));
  else {
    add('srcintf', interfacesPart(context, entry, 'srcintf', 'inInterface'));
    add('dstintf', interfacesPart(context, entry, 'dstintf', 'outInterface'));
  }
  add('srcaddr', addressesPart(context, entry, families));
  add('service', servicePart(context, entry));
  add('schedule', schedulePart(context, entry));
  for (const { key, values } of entry.settings.values()) {
    if (identityKeys.has(key) && values && !isOff(key, values)) add(key, unknownPart(context, key, values));
  }
  if (isEnabled(entry, 'policy-expiry')) {
    const until = textAt(entry, 'policy-expiry-date') ?? textAt(entry, 'policy-expiry-date-utc') ?? 'a date';
    add('policy-expiry', { ...exact, ...unknown(`it is not yet ${until}, when the policy expires`) });
  }
  // That the key is lost is said of its line; the rule must not hold as if it were not there.
  for (const key of entry.settings.keys()) {
    if (claims.isUnknown(path, key)) add(key, { ...exact, condition: lostTest(`${key} is not known`) });
  }
  add('action', actionPart(context, entry, steps));
  claims.coverage.rule(understood);
  const name = textAt(entry, 'name');
  return {
    origin: originOf(claims.file, domain, path, entry),
    steps,
    ...(name !== undefined && name !== '' && { comment: name }),
    ...(textAt(entry, 'status') === 'disable' && { disabled: true }),
  };
}

function lostTest(text: string): Condition {
  return { kind: 'unknown', id: `fortios ${text}`, text, unrecognized: true };
}

function unknown(text: string): { readonly condition: Condition; readonly bounds: readonly string[] } {
  return { condition: { kind: 'unknown', id: `fortios ${text}`, text }, bounds: [text] };
}

function isOff(key: string, values: readonly string[]): boolean {
  const text = values.join(' ');
  if (key === 'tos') return text === '0x00';
  if (key === 'tos-mask') return text === '0x00';
  if (key === 'reputation-minimum' || key === 'reputation-minimum6' || key === 'vlan-cos-fwd-match')
    return text === '0';
  return (
    ['disable', 'none', ''].includes(text) || /^(?:reputation-direction6?|geoip-match|ztna-tags-match-logic)$/.test(key)
  );
}

function interfacesPart(
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
  const missing = names.filter((name) => !zones.has(name) && !interfaces.some((one) => one.name === name));
  const condition = context.interfaceTest(names, kind);
  // Where interfaces were read, one that is not among them is a name that was damaged or is not ours.
  if (interfaces.length > 0 && missing.length > 0) {
    return { ...exact, condition, problems: missing.map((name) => `the interface ${name} is not defined`) };
  }
  return { ...exact, condition };
}

function addressesPart(context: PolicyContext, entry: Entry, families: readonly Family[]): Part {
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
    parts.push(all({ kind: 'family', family }, ...of.filter((one) => !(one.kind === 'all' && one.of.length === 0))));
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
  if (isEnabled(entry, service)) {
    const words = ['name', 'id', 'group', 'custom', 'custom-group'].flatMap((part) =>
      valuesOf(entry, `${service}-${part}`).map(
        (name) => `${part} ${wordOf(name)} ${serviceContent(context, part, name)}`,
      ),
    );
    const part = unknown(`the ${side} is of the internet service ${words.sort().join(', ')}`);
    const negated = isEnabled(entry, `${service}-negate`);
    return { problems: [], bounds: part.bounds, condition: negated ? not(part.condition) : part.condition };
  }
  const names = valuesOf(entry, key);
  if (names.length === 0) return undefined;
  const vips = side === 'destination' ? vipsAmong(context, family, names) : [];
  const plain = names.filter((name) => !isVip(context, family, name));
  const meaning = context.books[family].meaningOf(plain);
  const problems = [...meaning.problems];
  if (names.length > 1 && (names.includes('all') || names.includes('none')))
    problems.push(`${key} has “all” beside others`);
  let condition = plain.length === 0 ? never : conditionOf(meaning, side);
  const bounds = [...meaning.bounds];
  if (isEnabled(entry, `${key}-negate`)) condition = not(condition);
  if (side === 'destination' && context.vips[family].size > 0 && !context.centralNat && plain.length > 0) {
    const met = meetsTranslated(context, entry);
    if (met === undefined) bounds.push('whether a policy to plain addresses meets translated packets');
    condition = all(
      condition,
      met === true ? { kind: 'all', of: [] } : any(not(translated), met === false ? never : meets),
    );
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

/** Off by default up to 7.0 and on from 7.4; between them the vendor's papers differ. */
export const matchVip: VersionedDefault = {
  what: 'match-vip of a policy that denies',
  since: [
    { version: '0', value: 'disable' },
    { version: '7.2', value: 'not documented' },
    { version: '7.4', value: 'enable' },
  ],
};

/** Of accepting policies the vendor's papers differ. */
function meetsTranslated({ version }: PolicyContext, entry: Entry): boolean | undefined {
  if (isEnabled(entry, 'match-vip') || isEnabled(entry, 'match-vip-only')) return true;
  if (textAt(entry, 'action') === 'accept') return undefined;
  if (textAt(entry, 'match-vip') === 'disable') return false;
  const value = defaultIn(matchVip, version?.defaultsOf);
  return value === 'enable' ? true : value === 'disable' ? false : undefined;
}

function isVip({ vips, vipGroups }: PolicyContext, family: Family, name: string): boolean {
  return vips[family].has(name) || vipGroups[family].has(name);
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

/** What the configuration says of an internet service: its number where it is the vendor's, its ranges where it is not. */
function serviceContent({ domain }: PolicyContext, part: string, name: string): string {
  const path = `firewall internet-service-${part}`;
  const entry = byName(domain.tables.get(path) ?? domain.shared.get(path)).get(name);
  return entry ? `(${contentOf(entry)})` : '';
}

function servicePart(context: PolicyContext, entry: Entry): Part {
  const names = valuesOf(entry, 'service');
  if (names.length === 0) {
    // An internet service brings its own ports.
    if (['', '6'].some((six) => isEnabled(entry, `internet-service${six}`))) return exact;
    return { ...exact, condition: lostTest('the service is missing'), problems: ['the service is missing'] };
  }
  const { condition, problems, bounds } = context.services.meaningOf(names);
  const mixed = names.length > 1 && names.includes('ALL') ? ['the service has “ALL” beside others'] : [];
  const negated = isEnabled(entry, 'service-negate');
  return { condition: negated ? not(condition) : condition, problems: [...problems, ...mixed], bounds };
}

function schedulePart(context: PolicyContext, entry: Entry): Part {
  const name = textAt(entry, 'schedule');
  if (name === undefined) {
    return context.whole ? { ...exact, problems: ['the schedule is missing'] } : exact;
  }
  const { condition, problem, text } = scheduleOf(context.domain, name);
  return {
    ...(condition && { condition }),
    problems: problem === undefined ? [] : [problem],
    bounds: text === undefined ? [] : [text],
  };
}

/** Who asks, and from what kind of machine: by the content of what is named. */
function unknownPart({ domain }: PolicyContext, key: string, values: readonly string[]): Part {
  const groups = byName(domain.tables.get('user group'));
  const words = values.map((value) => {
    const group = key === 'groups' ? groups.get(value) : undefined;
    return `${wordOf(value)}${group ? ` (${contentOf(group)})` : ''}`;
  });
  return { ...exact, ...unknown(`${key} ${words.sort().join(', ')}`) };
}

function actionPart(context: PolicyContext, entry: Entry, steps: Step[]): Part {
  const action = textAt(entry, 'action') ?? 'deny';
  switch (action) {
    case 'deny':
      steps.push(isEnabled(entry, 'send-deny-packet') ? { kind: 'reject', answer: 'deny packet' } : { kind: 'drop' });
      return exact;
    case 'accept':
    case 'learn': {
      const inspection = inspectionOf(context, entry);
      if (inspection === undefined) steps.push({ kind: 'accept' });
      else {
        const { condition, bounds } = unknown(`the inspection lets it pass: ${inspection}`);
        steps.push({
          kind: 'dispatch',
          cases: [
            { condition, actions: [{ kind: 'accept' }] },
            { condition: { kind: 'all', of: [] }, actions: [{ kind: 'drop' }] },
          ],
        });
        return { ...exact, bounds };
      }
      return exact;
    }
    case 'ipsec': {
      const text = `it goes into the tunnel ${textAt(entry, 'vpntunnel') ?? ''}`;
      steps.push({ kind: 'opaque', unknown: { kind: 'unknown', id: `fortios ${text}`, text } });
      return { ...exact, bounds: [text] };
    }
    default: {
      const reason = `the action ${action} is not known`;
      steps.push({
        kind: 'opaque',
        unknown: { kind: 'unknown', id: `fortios ${reason}`, text: reason, unrecognized: true },
      });
      return { ...exact, problems: [reason] };
    }
  }
}

const profileTables: Readonly<Record<string, string>> = {
  'av-profile': 'antivirus profile',
  'webfilter-profile': 'webfilter profile',
  'dnsfilter-profile': 'dnsfilter profile',
  'emailfilter-profile': 'emailfilter profile',
  'ips-sensor': 'ips sensor',
  'application-list': 'application list',
  'dlp-sensor': 'dlp sensor',
  'dlp-profile': 'dlp profile',
  'file-filter-profile': 'file-filter profile',
  'voip-profile': 'voip profile',
  'waf-profile': 'waf profile',
  'icap-profile': 'icap profile',
  'profile-group': 'firewall profile-group',
};

/** The profiles that look into what a policy accepts, by their content. */
function inspectionOf({ domain }: PolicyContext, entry: Entry): string | undefined {
  if (textAt(entry, 'utm-status') === 'disable') return undefined;
  const found = [...profileKeys].flatMap((key) => {
    const name = textAt(entry, key);
    if (name === undefined || name === '') return [];
    const path = profileTables[key] ?? '';
    const profile = [domain.tables, domain.shared].flatMap((tables) => byName(tables.get(path)).get(name) ?? [])[0];
    return [`${key} ${wordOf(name)}${profile ? ` (${contentOf(profile)})` : ''}`];
  });
  return found.length === 0 ? undefined : found.sort().join(', ');
}
