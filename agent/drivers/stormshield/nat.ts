import { size } from '../../lib/intervals.js';
import type { Action, Nat, Rule, Step } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { addressesOf, type Library, names, portsOf, unionOf, unknown } from './library.js';
import { isExact, type Read, ruleCondition, type Translated } from './rule.js';
import { NotUnderstood, refuse } from './understood.js';

/** The first rule that meets a connection translates it, or leaves it alone. */
export function translations(
  reads: readonly Read[],
  library: Library,
  coverage: CoverageBuilder,
): { readonly before: readonly Rule[]; readonly after: readonly Rule[] } {
  const before: Rule[] = [];
  const after: Rule[] = [];
  for (const { rule, origin } of reads) {
    const place = { origin, ...(rule.isOff && { disabled: true }) };
    try {
      if (rule.isLost) refuse('the translation was not understood');
      const early = ruleCondition(rule, library, { original: false, withOut: false });
      const late = ruleCondition(rule, library, { original: true });
      // Before routing nobody knows by which interface the packet will leave.
      const leaving: readonly Step[] =
        rule.to.interfaces === undefined
          ? []
          : [{ kind: 'match', condition: unknown(`it leaves by ${rule.to.interfaces}`) }];
      const to = rule.translated && translate('destination', rule.translated.destination, library);
      const from = rule.translated && translate('source', rule.translated.source, library);
      before.push({ ...place, steps: [{ kind: 'match', condition: early }, ...leaving, to ?? { kind: 'accept' }] });
      after.push({ ...place, steps: [{ kind: 'match', condition: late }, from ?? { kind: 'accept' }] });
      if (to && leaving.length > 0)
        coverage.mark(origin.file, origin.line, 'approximated', 'before routing the outgoing interface is not known');
      coverage.rule(isExact(early) && !(to && leaving.length > 0) ? 'exact' : 'bounded');
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      coverage.lose(origin.file, origin.line, error.message);
      coverage.rule('unread');
      const steps: readonly Step[] = [{ kind: 'opaque', unknown: unknown(origin.text, true) }];
      before.push({ ...place, steps });
      after.push({ ...place, steps });
    }
  }
  // Those that leave the destination alone matter only to others behind them.
  const last = before.findLastIndex(({ steps }) => steps.at(-1)?.kind !== 'accept');
  return { before: before.slice(0, last + 1), after };
}

function translate(side: Nat['translate'], { target, ports }: Translated, library: Library): Action | undefined {
  if (target === undefined && ports === undefined) return undefined;
  const newPorts = ports === undefined ? undefined : unionPorts(ports, library);
  const base = { kind: 'nat', translate: side, ...(newPorts && { ports: newPorts }) } as const;
  if (target === undefined) return base;
  const sets = names(target).names.map((name) => addressesOf(name, library));
  const known = sets.filter((set) => set !== undefined);
  if (known.length < sets.length) {
    library.missing.add(`the object ${target}`);
    return { kind: 'opaque', unknown: unknown(`it is translated to ${target}`, true) };
  }
  const addresses = unionOf(known);
  if (size(addresses.ip4) + size(addresses.ip6) === 0n) return { ...base, to: 'device' };
  return { ...base, to: { addresses } };
}

function unionPorts(word: string, library: Library): readonly number[] {
  const found = names(word).names.map((name) => portsOf(name, library) ?? refuse(`the port ${name} is not known`));
  return found.length === 1 ? found[0]! : found.flat();
}
