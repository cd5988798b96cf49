import type { AccessFact, AccessFactKind } from '../../model/index.js';
import { contentOf, wordOf } from './content.js';
import type { Domain } from './network.js';
import { originOf } from './origin.js';
import { kindOfTable } from './sections.js';
import type { Entry, Table } from './tables.js';
import { textAt } from './tables.js';

/** Gates that are not packet rules, by the table that holds them. */
const kinds: Readonly<Record<string, AccessFactKind>> = {
  'system admin': 'administrator',
  'system api-user': 'administrator',
  'system sso-admin': 'administrator',
  'system accprofile': 'administrator',
  'system snmp user': 'managementService',
  'system central-management': 'manager',
  'system ha': 'manager',
  'system automation-action': 'manager',
  'system automation-stitch': 'manager',
  'user local': 'vpn',
  'user group': 'vpn',
  'vpn ipsec phase1': 'vpn',
  'vpn ipsec phase1-interface': 'vpn',
  'vpn ipsec phase2': 'vpn',
  'vpn ipsec phase2-interface': 'vpn',
  'vpn ssl settings': 'vpn',
  'vpn ssl web portal': 'vpn',
  'router static': 'route',
  'router static6': 'route',
  'router policy': 'policyRoute',
  'router policy6': 'policyRoute',
  'log syslogd setting': 'logging',
  'log syslogd2 setting': 'logging',
  'log fortianalyzer setting': 'logging',
};

/** The facts of a set of tables; those of tables that are not modelled among them, so that a change in one is seen. */
export function factsOf(
  file: string,
  domain: Pick<Domain, 'name' | 'prefix'>,
  tables: Iterable<Table>,
): readonly AccessFact[] {
  const facts: AccessFact[] = [];
  const add = (kind: AccessFactKind, path: string, entry: Entry): void => {
    const subject = `${domain.prefix}${path}${entry.name === '' ? '' : ` ${wordOf(entry.name)}`}`;
    facts.push({ kind, subject, value: contentOf(entry), origin: originOf(file, domain, path, entry) });
  };
  for (const { path, own, entries } of tables) {
    const unmodelled = kindOfTable(path).kind === 'unmodelled';
    const kind = unmodelled ? 'filterNotCovered' : Object.hasOwn(kinds, path) ? kinds[path] : undefined;
    if (kind === undefined) continue;
    if (own.settings.size + own.tables.size > 0) add(kind, path, own);
    for (const entry of entries) add(kind, path, entry);
  }
  return facts;
}

/** What of `system settings` moves decisions elsewhere. */
export function stateFacts(file: string, domain: Domain): readonly AccessFact[] {
  const entry = domain.tables.get('system settings')?.own;
  if (!entry) return [];
  return ['asymroute', 'asymroute6', 'ngfw-mode', 'central-nat', 'opmode'].flatMap((key) => {
    const value = textAt(entry, key);
    if (value === undefined) return [];
    const subject = `${domain.prefix}system settings ${key}`;
    return [{ kind: 'forwarding' as const, subject, value, origin: originOf(file, domain, 'system settings', entry) }];
  });
}
