import type { JudgeContext } from './context.js';
import { type JudgeState, memoryOf } from './findings.js';
import { addressesOf } from './networks.js';
import { heldBackNow, onboardingOf } from './onboarding.js';
import { sourceOf } from './parties.js';
import type { Subject } from './types.js';
import { waiverFor } from './verdict.js';

/** Observed, declared and not covered: three columns that are never mixed. */
export interface CoverageStatement {
  readonly observed: readonly string[];
  readonly declared: readonly string[];
  readonly notCovered: readonly string[];
}

/** What no reading of a firewall or a host can show, whatever its state. */
const NEVER_COVERED: readonly string[] = ['removable media, third-party premises, search engines'];

/** What was read, what is declared, and what lies outside: `devices` limits it to those of one window. */
export function coverageOf(state: JudgeState, context: JudgeContext, devices?: readonly string[]): CoverageStatement {
  const names = devices ?? Object.keys(context.devices);
  const named = new Set(names);
  const observed: string[] = [];
  const blind: string[] = [];
  const limits: string[] = [];
  for (const name of names) {
    const memory = memoryOf(state, name);
    limits.push(...(memory?.limits ?? []).map((limit) => `${name}: ${limit}`));
    if (memory && memory.missedReadings > 0) blind.push(`${name} (${memory.blindReasons.join('; ')})`);
    else if (memory?.lastCompleteAt === undefined) blind.push(`${name} (never read completely)`);
    else observed.push(`${name} at ${new Date(memory.lastCompleteAt).toISOString()}`);
  }
  const declared = state.present
    .filter((present) => present.declared && named.has(present.subject.device))
    .map((present) => present.subject);
  return {
    observed,
    declared: [...waivedNow(state, named), ...declared.map((subject) => `${subject.device}: ${subject.summary}`)],
    notCovered: [
      ...blind,
      ...limits,
      ...notJudgedYet(state, context, names),
      ...NEVER_COVERED,
      ...limitsOf(declared, context),
    ],
  };
}

/** Open, undeclared and told by one report alone: no clean verdict speaks of it. */
function notJudgedYet(state: JudgeState, context: JudgeContext, names: readonly string[]): readonly string[] {
  const held = heldBackNow(state, context);
  return names.flatMap((name) => {
    const until = onboardingOf(name, context, state.judgedUpTo);
    if (until === undefined) return [];
    const own = held.filter(({ present }) => present.subject.device === name);
    return [`${name}: onboarding until ${new Date(until).toISOString()}, ${own.length} not judged before`];
  });
}

/** Open and told by nobody, because somebody answers for it: that must stand beside every clean verdict. */
function waivedNow(state: JudgeState, names: ReadonlySet<string>): readonly string[] {
  return state.present.flatMap((present) => {
    const { subject, declared, missing } = present;
    if (declared || missing || !names.has(subject.device)) return [];
    const waiver = waiverFor(present, state.waivers, state.judgedUpTo);
    if (!waiver) return [];
    const until = new Date(waiver.expires).toISOString();
    return [`${subject.device}: waived by ${waiver.owner} until ${until}: ${subject.summary}`];
  });
}

/** What declared flows take out of sight: a declared door lets the thief with a key in as well as the owner. */
function limitsOf(declared: readonly Subject[], context: JudgeContext): readonly string[] {
  const rules = declared.filter((subject) => subject.kind === 'rule');
  const published = rules.some((subject) => sourceOf(subject, context).class !== 'internal');
  const proxied = rules.some(
    (subject) => sourceOf(subject, context).class === 'internal' && isWholeInternet(subject, context),
  );
  return [
    ...(published ? ['authenticated misuse of a declared service is outside this control'] : []),
    ...(proxied ? ['destinations behind the general proxy are not judged; import proxy categories to cover them'] : []),
  ];
}

function isWholeInternet(subject: Subject, context: JudgeContext): boolean {
  const internet = addressesOf('internet', context);
  const addresses = subject.flow.dst.addresses ?? addressesOf(subject.flow.dst.text, context);
  if (!internet || !addresses) return false;
  // A default route towards the internet holds the first and the last public unicast network of IPv4.
  return (
    addresses.ip4.length > 0 && addresses.ip4[0]! <= internet.ip4[0]! && addresses.ip4.at(-1)! >= internet.ip4.at(-1)!
  );
}

/** Never "no leak", never "secure": what was compared with what, and what was not looked at. */
export function coverageText(statement: CoverageStatement, openFindings: number): string {
  const list = (items: readonly string[]): string => (items.length === 0 ? 'nothing' : items.join('; '));
  const verdict =
    openFindings === 0
      ? `No drift from the declared baseline on the sources read: ${list(statement.observed)}; not covered: ${list(statement.notCovered)}.`
      : `${openFindings} finding${openFindings === 1 ? '' : 's'} open on the sources read: ${list(statement.observed)}; not covered: ${list(statement.notCovered)}.`;
  return [
    `observed: ${list(statement.observed)}`,
    `declared: ${list(statement.declared)}`,
    `not covered: ${list(statement.notCovered)}`,
    verdict,
  ].join('\n');
}
