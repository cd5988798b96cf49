import { type AccessFact, type AddressSet, type Family, parseAddressSet } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import type { Source } from './network.js';

/** A line of `ip route`: what kind, whereto, and how. */
export const ROUTE =
  /^(?:(?<type>unicast|local|broadcast|multicast|anycast|blackhole|unreachable|prohibit|throw|nat) )?(?<to>default|[\da-fA-F.:]+(?:\/\d{1,3})?)(?<rest>(?: .*)?)$/;
/** What changes while the route does not: remaining life, and whether its link has a carrier. */
const PASSING = / (?:expires -?\d+sec|age \d+sec|error -?\d+|users \d+|linkdown|dead)(?= |$)/g;
/** Parts of a route's identity beside its destination: two routes may differ in these and exist together. */
const SELECTORS = / (?<word>from|table|tos|metric) (?<value>\S+)/g;

export interface Routes {
  readonly facts: readonly AccessFact[];
  /** Destinations that the machine answers itself. */
  readonly local: readonly AddressSet[];
  /** Broadcast addresses of its networks (type `broadcast` in the table local); absent: not all of it was read. */
  readonly broadcast?: readonly AddressSet[];
}

/** `ip route show table all`, one family. */
export function readRoutes(source: Source, family: Family, coverage: CoverageBuilder): Routes {
  const facts: AccessFact[] = [];
  const local: AddressSet[] = [];
  const broadcast: AddressSet[] = [];
  let whole = true;
  let open: { subject: string; value: string[]; line: number; text: string[] } | undefined;
  const close = (): void => {
    if (!open) return;
    const origin = {
      file: source.file,
      line: open.line,
      ...(open.text.length > 1 && { lastLine: open.line + open.text.length - 1 }),
      rule: open.subject,
      text: open.text.join(' '),
    };
    facts.push({ kind: 'route', subject: open.subject, value: open.value.join(' '), origin });
    open = undefined;
  };
  for (const [index, raw] of source.lines.entries()) {
    const line = index + 1;
    const text = squeeze(raw).replace(PASSING, '');
    if (/^\s+nexthop /.test(raw) && open) {
      open.value.push(text);
      open.text.push(text);
      coverage.mark(source.file, line, 'modelled');
      continue;
    }
    close();
    const parts = ROUTE.exec(text)?.groups;
    const to = parts?.to === 'default' ? { ip4: [], ip6: [] } : parts && parseAddressSet(expandedPrefix(parts.to!));
    if (!parts || !to) {
      coverage.lose(source.file, line, 'not a route: garbled, or cut');
      whole = false;
      continue;
    }
    const { type, rest } = parts;
    if (type === 'local') local.push(to);
    if (type === 'broadcast') broadcast.push(to);
    // Whether a route of another table counts depends on whether the kernel has joined the two.
    if (type === 'broadcast' && !/ table local(?: |$)/.test(rest!)) whole = false;
    // The kernel makes these for each address by itself; the addresses say the same.
    if (/ table local(?: |$)/.test(rest!) && / proto kernel(?: |$)/.test(rest!)) {
      coverage.mark(source.file, line, type === 'local' || type === 'broadcast' ? 'modelled' : 'irrelevant');
      continue;
    }
    coverage.mark(source.file, line, 'modelled');
    const chosen = [...rest!.matchAll(SELECTORS)].map((match) => match[0]).join('');
    const kind = type === undefined ? '' : `${type} `;
    const value = rest!.replace(SELECTORS, '').trim() || (type ?? 'unicast');
    open = { subject: `${family} route ${kind}${parts.to}${chosen}`, value: [value], line, text: [text] };
  }
  close();
  return { facts: joinEqualSubjects(facts), local, ...(whole && { broadcast }) };
}

/** `ip route` leaves trailing zero bytes of an IPv4 prefix out in old versions: `10/8` is 10.0.0.0/8. */
export function expandedPrefix(text: string): string {
  const [address, length] = text.split('/') as [string, string | undefined];
  if (address.includes(':') || length === undefined) return text;
  return `${address}${'.0'.repeat(Math.max(0, 4 - address.split('.').length))}/${length}`;
}

function squeeze(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}

const RULE =
  /^(?<priority>\d+): (?<selector>(?:not )?from .*?) (?<action>(?:lookup|goto|blackhole|unreachable|prohibit|nop|map-to|masquerade|table|nat)(?: .*)?|\[detached\].*)$/;

/** `ip rule`, one family: which table a packet is looked up in. */
export function readRules(source: Source, family: Family, coverage: CoverageBuilder): readonly AccessFact[] {
  const facts: AccessFact[] = [];
  for (const [index, raw] of source.lines.entries()) {
    const line = index + 1;
    const text = squeeze(raw);
    const parts = RULE.exec(text)?.groups;
    if (!parts) {
      coverage.lose(source.file, line, 'not a routing rule: garbled, or cut');
      continue;
    }
    coverage.mark(source.file, line, 'modelled');
    const subject = `${family} rule ${parts.priority} ${parts.selector}`;
    facts.push({
      kind: 'policyRoute',
      subject,
      value: parts.action!,
      origin: { file: source.file, line, rule: subject, text },
    });
  }
  return joinEqualSubjects(facts);
}

/** Link-local prefixes are there once for each interface; a fact compared by its subject must be one. */
function joinEqualSubjects(facts: readonly AccessFact[]): readonly AccessFact[] {
  const bySubject = new Map<string, AccessFact[]>();
  for (const fact of facts) {
    const same = bySubject.get(fact.subject);
    if (same) same.push(fact);
    else bySubject.set(fact.subject, [fact]);
  }
  return [...bySubject.values()].map((same) => ({
    ...same[0]!,
    value: same
      .map((fact) => fact.value)
      .sort()
      .join('; '),
  }));
}
