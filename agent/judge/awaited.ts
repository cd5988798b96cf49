import type { Instant } from '../windows/index.js';
import type { JudgeContext } from './context.js';

/** Whom a flow that is to stay waits for: how the finding about it stands. */
export interface Awaited {
  /** Whom the plans of its windows name as owner. */
  readonly owners: readonly string[];
  /** How many different people it takes, an owner among them. */
  readonly people: number;
  readonly until: Instant;
  readonly signed: readonly { readonly by: string; readonly at: Instant }[];
}

/** Two people unless the hospital says that the owner is enough. */
const PEOPLE_USUAL = 2;

export function peopleNeeded({ approvalPeople }: JudgeContext): number {
  return approvalPeople ?? PEOPLE_USUAL;
}

/** One person under two spellings is one person. */
export function isSamePerson(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}

/** Whom it waits for still, in words. */
export function awaitedText({ owners, people, until, signed }: Awaited): string {
  const isSigned = (name: string): boolean => signed.some(({ by }) => isSamePerson(by, name));
  const owner = owners.some(isSigned) ? [] : [owners.join(' or ')];
  const others = people - signed.length - owner.length;
  const more = others <= 0 ? [] : [others === 1 ? 'one more person of the hospital' : `${others} more people`];
  const by = signed.length === 0 ? '' : `accepted by ${signed.map((one) => one.by).join(' and ')}, `;
  return `${by}waits for ${[...owner, ...more].join(' and ')} until ${new Date(until).toISOString()}`;
}
