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
  type PolicyRole,
  schedulePart,
  servicePart,
  unknownPart,
} from './policy-match.js';
import { identityKeys, profileKeys } from './sections.js';
import { type Entry, isEnabled, textAt } from './tables.js';

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
  const steps: Step[] = [];
  let understood: 'exact' | 'bounded' | 'unread' = 'exact';
  const add = (key: string, { condition, problems, bounds, steps: more = [] }: Part): void => {
    const spans = entry.settings.get(key)?.spans ?? [{ line: entry.line, lastLine: entry.line }];
    for (const reason of problems) {
      claims.gap(spans, `${path} ${entry.name}: ${reason}`);
      understood = 'unread';
    }
    for (const reason of bounds) {
      claims.mark(spans, 'approximated', reason);
      if (understood === 'exact') understood = 'bounded';
    }
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
    if (claims.isUnknown(path, key)) add(key, { ...exact, condition: lostTest(`${key} is not known`) });
  }
  if (role === 'between') add('nat', context.sourceNat.policyPart(entry));
  add('action', actionPart(context, entry, role));
  claims.coverage.rule(understood);
  const name = textAt(entry, 'name');
  return {
    origin: originOf(claims.file, domain, path, entry),
    steps,
    ...(name !== undefined && name !== '' && { comment: name }),
    ...(textAt(entry, 'status') === 'disable' && { disabled: true }),
  };
}

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
  const found = [...entry.settings.keys()].flatMap((key) => {
    const name = profileKeys.has(key) ? textAt(entry, key) : undefined;
    if (name === undefined || name === '') return [];
    const path = profileTables[key] ?? '';
    const profile = [domain.tables, domain.shared].flatMap((tables) => byName(tables.get(path)).get(name) ?? [])[0];
    return [`${key} ${wordOf(name)}${profile ? ` (${contentOf(profile)})` : ''}`];
  });
  return found.length === 0 ? undefined : found.sort().join(', ');
}
