import { all, type Condition, type Family, type Rule } from '../../model/index.js';
import { lostTest, type PolicyContext } from './context.js';
import { originOf } from './origin.js';
import { type Entry, spansAt, textAt, valuesOf } from './tables.js';
import { original } from './vip.js';

/**
 * `firewall acl`: what the network processor drops as it comes in, before anything is translated or asked for a
 * policy; so it asks for what a packet came with.
 */
export function aclRules(context: PolicyContext, families: readonly Family[]): readonly Rule[] {
  const { domain } = context;
  return families.flatMap((family) => {
    const path = family === 'ip4' ? 'firewall acl' : 'firewall acl6';
    return (domain.tables.get(path)?.entries ?? []).map((entry) => aclRule(context, path, entry, family));
  });
}

function aclRule(context: PolicyContext, path: string, entry: Entry, family: Family): Rule {
  const { domain, claims, books, services } = context;
  const parts: Condition[] = [{ kind: 'family', family }];
  const miss = (key: string, reason: string): void => {
    claims.gap(spansAt(entry, key) ?? [entry], `${path} ${entry.name}: ${reason}`);
    parts.push(lostTest(reason));
  };
  for (const [key, side] of [
    ['srcaddr', 'source'],
    ['dstaddr', 'destination'],
  ] as const) {
    const names = valuesOf(entry, key);
    const test = names.length === 0 ? undefined : books[family].testOf(names, side);
    if (!test) miss(key, `${key} is missing`);
    else {
      for (const reason of test.problems) miss(key, reason);
      parts.push(original(test.condition));
    }
  }
  const names = valuesOf(entry, 'interface');
  if (names.length === 0) miss('interface', 'the interface is missing');
  else parts.push(context.interfaceTest(names, 'inInterface'));
  const wanted = valuesOf(entry, 'service');
  if (wanted.length > 0) {
    const meaning = services.meaningOf(wanted);
    for (const reason of meaning.problems) miss('service', reason);
    parts.push(original(meaning.condition));
  }
  claims.coverage.rule('exact');
  return {
    origin: originOf(claims.file, domain, path, entry),
    steps: [{ kind: 'match', condition: all(...parts) }, { kind: 'drop' }],
    ...(textAt(entry, 'status') === 'disable' && { disabled: true }),
  };
}
