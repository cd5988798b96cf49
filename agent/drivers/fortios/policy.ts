import { isSameContent } from '../../lib/same.js';
import { always, type Family, never, type Rule, type Step } from '../../model/index.js';
import { contentOf, wordOf } from './content.js';
import { exact, lostTest, type Part, type PolicyContext, unknown } from './context.js';
import { byName } from './objects.js';
import { originOf } from './origin.js';
import {
  addressesPart,
  expiryPart,
  interfacesPart,
  isOff,
  managementPart,
  namesVip,
  type PolicyRole,
  schedulePart,
  servicePart,
  unknownPart,
} from './policy-match.js';
import { identityKeys, profileKeys, profileTables } from './sections.js';
import { type Entry, isEnabled, spansAt, textAt, valuesOf } from './tables.js';

/** The rules of one policy: most have one, a tunnel of policies also lets in what comes out of it. */
export function policyRules(
  context: PolicyContext,
  path: string,
  entry: Entry,
  families: readonly Family[],
  role: PolicyRole = 'between',
): readonly Rule[] {
  const rule = policyRule(context, path, entry, families, role);
  if (textAt(entry, 'action') !== 'ipsec' || textAt(entry, 'inbound') === 'disable') return [rule];
  const text = `it comes out of the tunnel ${textAt(entry, 'vpntunnel') ?? ''}`;
  const back = policyRule(context, path, turned(entry), families, role);
  const [accept] = back.steps.slice(-1);
  const test: Step = { kind: 'match', condition: unknown(text).condition };
  return [rule, { ...back, origin: rule.origin, steps: [...back.steps.slice(0, -1), test, accept!] }];
}

const opposite: Readonly<Record<string, string>> = { srcintf: 'dstintf', srcaddr: 'dstaddr', srcaddr6: 'dstaddr6' };

/** A policy with its sides changed. */
function turned(entry: Entry): Entry {
  const settings = new Map([...entry.settings].filter(([key]) => key !== 'outbound' && key !== 'nat'));
  for (const [one, other] of Object.entries(opposite)) {
    const [here, there] = [entry.settings.get(one), entry.settings.get(other)];
    if (there) settings.set(one, { ...there, key: one });
    if (here) settings.set(other, { ...here, key: other });
  }
  return { ...entry, settings };
}

/** One policy: `srcintf` → `dstintf`, addresses, services, schedule, and what only the device knows. */
function policyRule(
  context: PolicyContext,
  path: string,
  entry: Entry,
  families: readonly Family[],
  role: PolicyRole = 'between',
): Rule {
  const { domain, claims } = context;
  const { steps, notes, understood } = madeOf(context, path, entry, families, role);
  for (const { key, problems, bounds } of notes) {
    const spans = spansAt(entry, key) ?? [{ line: entry.line, lastLine: entry.line }];
    for (const reason of problems) claims.gap(spans, `${path} ${entry.name}: ${reason}`);
    for (const reason of bounds) claims.mark(spans, 'approximated', reason);
  }
  claims.coverage.rule(understood);
  const name = textAt(entry, 'name');
  return {
    origin: originOf(claims.file, domain, path, entry),
    steps,
    ...(name !== undefined && name !== '' && { comment: name }),
    ...(textAt(entry, 'status') === 'disable' && { disabled: true }),
  };
}

/** What a policy is made into where that follows from the configuration's text alone. */
interface MadePolicy {
  /** The table, the families and the role it was made for. */
  readonly use: string;
  readonly surroundings: string;
  /** What it does to sources, as the same list of steps. */
  readonly nat: readonly Step[] | undefined;
  /** What the addresses and services that it names stand for. */
  readonly named: readonly unknown[];
  readonly made: Made;
}

interface Made {
  readonly steps: readonly Step[];
  readonly notes: readonly Note[];
  readonly understood: 'exact' | 'bounded' | 'unread';
}

/** What of a setting is not exact. */
interface Note {
  readonly key: string;
  readonly problems: readonly string[];
  readonly bounds: readonly string[];
}

/** By their settings, which policies of the same text share. */
const policies = new WeakMap<Entry['settings'], MadePolicy>();

/** What a policy of the same text was made into before, if all that it depends on was the same as well. */
function madeOf(
  context: PolicyContext,
  path: string,
  entry: Entry,
  families: readonly Family[],
  role: PolicyRole,
): Made {
  const nat = role === 'between' ? context.sourceNat.policyPart(entry) : exact;
  if (!followsFromText(context, entry)) return make(context, path, entry, families, role, nat);
  const { surroundings } = context;
  const use = `${path} ${families.join()} ${role}`;
  const named = namedBy(context, entry, families);
  const before = policies.get(entry.settings);
  if (
    before?.use === use &&
    before.surroundings === surroundings &&
    before.nat === nat.steps &&
    before.named.length === named.length &&
    named.every((one, at) => one === before.named[at])
  ) {
    return before.made;
  }
  const now = make({ ...context, domain: context.known }, path, entry, families, role, nat);
  // Where a zone or a profile was edited, most policies are made into what they were.
  const made = before && sameSteps(before.made.steps, now.steps) ? { ...now, steps: before.made.steps } : now;
  policies.set(entry.settings, { use, surroundings, nat: nat.steps, named, made });
  return made;
}

function namedBy({ books, services }: PolicyContext, entry: Entry, families: readonly Family[]): readonly unknown[] {
  const found: unknown[] = [];
  for (const family of families) {
    const six = family === 'ip6' && families.length > 1 ? '6' : '';
    for (const key of [`srcaddr${six}`, `dstaddr${six}`])
      for (const name of valuesOf(entry, key)) found.push(books[family].nameOf(name));
  }
  for (const name of valuesOf(entry, 'service')) found.push(services.nameOf(name));
  return found;
}

function sameSteps(one: readonly Step[], other: readonly Step[]): boolean {
  return one.length === other.length && one.every((step, at) => step === other[at] || isSameContent(step, other[at]));
}

function make(
  context: PolicyContext,
  path: string,
  entry: Entry,
  families: readonly Family[],
  role: PolicyRole,
  nat: Part,
): Made {
  const steps: Step[] = [];
  const notes: Note[] = [];
  const add = (key: string, { condition, problems, bounds, steps: more = [] }: Part): void => {
    if (problems.length + bounds.length > 0) notes.push({ key, problems, bounds });
    if (condition && !(condition.kind === 'all' && condition.of.length === 0)) steps.push(context.testOnce(condition));
    steps.push(...more);
  };
  if (role === 'local') {
    add('intf', interfacesPart(context, entry, 'intf', 'inInterface'));
    add('ha-mgmt-intf-only', managementPart(context, entry));
  } else {
    add('srcintf', interfacesPart(context, entry, 'srcintf', 'inInterface'));
    add('dstintf', interfacesPart(context, entry, 'dstintf', 'outInterface'));
  }
  add('srcaddr', addressesPart(context, entry, families));
  add('service', servicePart(context, entry, role));
  add('schedule', schedulePart(context, entry, role));
  for (const { key, values } of entry.settings.values()) {
    if (identityKeys.has(key) && values && !isOff(key, values)) add(key, unknownPart(context, key, values));
  }
  add('policy-expiry', expiryPart(context, entry));
  // That the key is lost is said of its line; the rule must not hold as if it were not there.
  for (const key of entry.settings.keys()) {
    if (context.claims.isUnknown(path, key)) add(key, { ...exact, condition: lostTest(`${key} is not known`) });
  }
  if (role === 'between') add('nat', nat);
  add('action', actionPart(context, entry, role));
  const unread = notes.some(({ problems }) => problems.length > 0);
  return { steps, notes, understood: unread ? 'unread' : notes.length > 0 ? 'bounded' : 'exact' };
}

/** Whether neither the clock nor an address by another name or place bears on it. */
function followsFromText(context: PolicyContext, entry: Entry): boolean {
  if (isEnabled(entry, 'policy-expiry')) return false;
  const schedule = textAt(entry, 'schedule') ?? '';
  const { tables } = context.known;
  if (byName(tables.get('firewall schedule onetime')).has(schedule)) return false;
  if (byName(tables.get('firewall schedule group')).has(schedule)) return false;
  return !internetServiceKeys.some((key) => isEnabled(entry, key)) && !namesVip(context, entry);
}

/** The lists of these may name addresses. */
const internetServiceKeys = ['internet-service', 'internet-service-src', 'internet-service6', 'internet-service6-src'];

function actionPart(context: PolicyContext, entry: Entry, role: PolicyRole): Part {
  // Those before the security policies have no action: what they hold for goes on to them.
  const action = textAt(entry, 'action') ?? (role === 'pre-match' ? 'accept' : 'deny');
  switch (action) {
    case 'deny':
      return {
        ...exact,
        steps: [isEnabled(entry, 'send-deny-packet') ? { kind: 'reject', answer: 'deny packet' } : { kind: 'drop' }],
      };
    case 'accept':
    case 'learn': {
      const inspection = inspectionOf(context, entry);
      if (inspection === undefined) return { ...exact, steps: [{ kind: 'accept' }] };
      const { condition, bounds } = unknown(`the inspection lets it pass: ${inspection}`);
      const cases = [
        { condition, actions: [{ kind: 'accept' }] },
        { condition: always, actions: [{ kind: 'drop' }] },
      ] as const;
      return { ...exact, steps: [{ kind: 'dispatch', cases }], bounds };
    }
    // It is encrypted into the tunnel and sent on.
    case 'ipsec':
      if (textAt(entry, 'outbound') === 'disable') return { ...exact, condition: never };
      return { ...exact, steps: [{ kind: 'accept' }] };
    default: {
      const reason = `the action ${action} is not known`;
      const lost = { kind: 'unknown', id: `fortios ${reason}`, text: reason, unrecognized: true } as const;
      return { ...exact, problems: [reason], steps: [{ kind: 'opaque', unknown: lost }] };
    }
  }
}

/** The profiles that look into what a policy accepts, by their content. */
function inspectionOf({ domain }: PolicyContext, entry: Entry): string | undefined {
  if (textAt(entry, 'utm-status') === 'disable') return undefined;
  const found = [...entry.settings.keys()].flatMap((key) => {
    const name = profileKeys.has(key) ? textAt(entry, key) : undefined;
    if (name === undefined || name === '') return [];
    const path = profileTables[key] ?? '';
    const profile = [domain.tables, domain.shared].flatMap((tables) => byName(tables.get(path)).get(name) ?? [])[0];
    return [`${key} ${wordOf(name)}${profile ? ` (${contentOf(profile)})` : ''}`];
  });
  return found.length === 0 ? undefined : found.sort().join(', ');
}
