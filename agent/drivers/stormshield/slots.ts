import { basename } from 'node:path';
import type { Section } from '../contract.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import type { Policy } from './convert.js';
import { policyLine } from './in-force.js';
import type { Reading } from './roles.js';

/** The policies that are in force: of several slots the active one. */
export function policiesOf(readings: readonly Reading[], coverage: CoverageBuilder): readonly Policy[] {
  const found: { -readonly [key in keyof Policy]: Policy[key] }[] = [];
  for (const { section, answer, role } of readings) {
    if (role !== 'policy') continue;
    const file = section.name;
    const slot = slotOf(section);
    const isGlobal = /\bglobal=1\b|(?:^|[/_-])global/i.test(`${section.source} ${section.name}`);
    let policy = found.find((one) => one.isGlobal === isGlobal && one.slot === slot);
    if (!policy) {
      policy = { slot, isGlobal, file, line: answer.parts[0]?.line ?? 1, filter: undefined, nat: [] };
      found.push(policy);
    }
    for (const { title, line, entries } of answer.parts) {
      coverage.mark(file, line, 'modelled');
      const lines = entries.map((entry, index) => policyLine(file, entry, index));
      if (title.toLowerCase() === 'filter') policy.filter = [...(policy.filter ?? []), ...lines];
      else if (title.toLowerCase() === 'nat') policy.nat = [...policy.nat, ...lines];
      else for (const one of entries) coverage.lose(file, one.line, `the part [${title}] of a policy is not known`);
    }
  }
  return chosen(found, readings, coverage);
}

/** `09` of `Filter/09`, `index=9` of the command that was asked; else one name, for parts of one policy belong together. */
function slotOf({ name, source }: Section): string {
  const number =
    /\bindex=(?<index>\d{1,2})\b/.exec(source)?.groups?.index ??
    /^(?<index>\d{2})$/.exec(basename(source || name))?.groups?.index;
  return number === undefined ? 'policy' : number.padStart(2, '0');
}

/** Of several slots only the active one filters; which one that is, `CONFIG SLOT LIST type=filter` says. */
function chosen(
  policies: readonly Policy[],
  readings: readonly Reading[],
  coverage: CoverageBuilder,
): readonly Policy[] {
  const active = new Map<boolean, string>();
  for (const { section, answer, role } of readings) {
    if (role !== 'slots') continue;
    const isGlobal = /\bglobal=1\b|(?:^|[/_-])global/i.test(`${section.source} ${section.name}`);
    for (const { title, line, entries } of answer.parts) {
      coverage.mark(section.name, line, 'irrelevant');
      for (const entry of entries) {
        const said = /^(?<key>active|sync)="?(?<value>\d+)"?$/.exec(entry.text)?.groups;
        coverage.mark(section.name, entry.line, said && title === 'Global' ? 'modelled' : 'irrelevant');
        if (title !== 'Global' || !said) continue;
        if (said.key === 'active') active.set(isGlobal, said.value!.padStart(2, '0'));
        else if (said.value === '0')
          coverage.blind(
            `${section.name}:${entry.line}: the slot was changed and not activated: what is in force is not what stands in it`,
          );
      }
    }
  }
  return [false, true].flatMap((isGlobal) => {
    const some = policies.filter((one) => one.isGlobal === isGlobal);
    const slot = active.get(isGlobal);
    if (slot === undefined) {
      if (some.length > 1)
        coverage.blind(`which of the slots ${some.map((one) => one.slot).join(', ')} is active is not in this capture`);
      for (const other of some.slice(1)) claimInactive(other, coverage);
      return some.slice(0, 1);
    }
    const right = some.filter((one) => one.slot === slot || one.slot === 'policy');
    if (right.length === 0 && !isGlobal) coverage.blind(`the active slot is ${slot}, and it is not in this capture`);
    for (const other of some) if (!right.includes(other)) claimInactive(other, coverage);
    return right.length > 0 ? right : isGlobal ? [] : some.slice(0, 1);
  });
}

function claimInactive({ filter = [], nat }: Policy, coverage: CoverageBuilder): void {
  for (const { file, line } of [...filter, ...nat]) coverage.mark(file, line, 'irrelevant');
}
