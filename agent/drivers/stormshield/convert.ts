import { fromRanges, ranges } from '../../lib/intervals.js';
import {
  type AccessFact,
  type Action,
  type AddressSet,
  type BaseList,
  type Condition,
  type Family,
  type Origin,
  type Pipeline,
  prefix6,
  type Rule,
  type RuleList,
  type Step,
} from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { withoutRemark } from './answer.js';
import { isDynamic, type Library, unionOf, unknown } from './library.js';
import { translations } from './nat.js';
import { isExact, type Read, type RuleText, readRule, ruleCondition } from './rule.js';
import { NotUnderstood, refuse } from './understood.js';

/** A line of a policy as it was found. */
export interface PolicyLine {
  readonly file: string;
  readonly line: number;
  /** Without position, counters and rule number. */
  readonly text: string;
  /** Its position in the policy, separators counted, as NSRPC's commands want it. */
  readonly position: number;
}

export interface Policy {
  /** `09`, or the file's name where nothing says which slot it is. */
  readonly slot: string;
  readonly isGlobal: boolean;
  readonly file: string;
  readonly line: number;
  readonly filter: readonly PolicyLine[] | undefined;
  readonly nat: readonly PolicyLine[];
}

/** What the firewall answers by itself, before any policy (Configuration, Implicit rules). */
export interface Implicit {
  /** Services that are switched on, as `CONFIG FILTER SHOW` names them; undefined: not in this capture. */
  readonly services: readonly { readonly name: string; readonly origin: Origin }[] | undefined;
  /** The rules themselves, as `CONFIG FILTER IMPLICIT` lists them; empty where that was not asked, or lists none. */
  readonly rules: readonly PolicyLine[];
}

const BOTH: readonly Family[] = ['ip4', 'ip6'];
const reply: Step = { kind: 'match', condition: { kind: 'connectionState', states: ['established', 'related'] } };

/**
 * The order of the firewall: implicit rules, the global policy, the local policy, each first match first; what no rule
 * meets is blocked. Translation comes after: a filter rule asks for the address that the packet came with.
 */
export function convert(
  policies: readonly Policy[],
  implicit: Implicit,
  library: Library,
  coverage: CoverageBuilder,
): Pick<Pipeline, 'lists' | 'bases'> & { readonly facts: readonly AccessFact[] } {
  const ordered = [...policies].sort((a, b) => Number(b.isGlobal) - Number(a.isGlobal));
  const local = ordered.at(-1)!;
  const origin = placeOf(local);
  const facts: AccessFact[] = [];
  const filters = ordered.map((policy) => filterList(policy, library, coverage, facts));
  const nats = ordered.flatMap((policy) => policy.nat.flatMap((line) => readLine(line, policy, 'nat', coverage) ?? []));
  const { before, after } = translations(nats, library, coverage);
  const established: Rule = {
    origin: { ...origin, rule: 'connections', text: 'packets of connections that were let through' },
    steps: [reply, { kind: 'accept' }],
  };
  const jumps: readonly Rule[] = filters.map(({ id }) => ({
    origin: { ...origin, rule: `policy ${id}`, text: `the policy ${id}` },
    steps: [{ kind: 'jump', list: id }],
  }));
  const implied = impliedList(implicit, local, { library, coverage, facts });
  const toImplied: readonly Rule[] = implied
    ? [
        {
          origin: { ...origin, rule: 'implicit rules', text: 'the implicit rules' },
          steps: [{ kind: 'jump', list: IMPLICIT }],
        },
      ]
    : [];
  const here = ownAddresses(library);
  const arriving: readonly Rule[] = jumps.map((rule) => ({ ...rule, steps: [...here, ...rule.steps] }));
  const lists: readonly RuleList[] = [
    { id: 'nat/destination', rules: before, families: BOTH, origin },
    { id: 'forward', rules: [established, ...toImplied, ...jumps], families: BOTH, origin },
    {
      id: 'input',
      rules: [established, ...(implied ? toImplied : implicitRules(implicit, origin)), ...arriving],
      families: BOTH,
      origin,
    },
    { id: 'nat/source', rules: after, families: BOTH, origin },
    ...(implied ? [implied] : []),
    ...filters,
  ];
  const passAll = filters.map(passesAll).find((found) => found !== undefined);
  const base = (list: string, hook: BaseList['hook']): BaseList => ({
    ...{ list, hook, priority: 0 },
    type: hook === 'forward' || hook === 'input' ? 'filter' : 'nat',
    // A policy that begins with “pass from any to any” filters nothing: that is the state of the device.
    policy: (hook === 'forward' || hook === 'input') && !passAll ? 'drop' : 'accept',
    policyOrigin: passAll ?? { ...origin, rule: 'the end of the policy', text: 'what no rule meets is blocked' },
  });
  return {
    lists,
    bases: [
      base('nat/destination', 'prerouting'),
      base('forward', 'forward'),
      base('input', 'input'),
      base('nat/source', 'postrouting'),
    ],
    facts,
  };
}

const IMPLICIT = 'implicit';

interface Making {
  readonly library: Library;
  readonly coverage: CoverageBuilder;
  readonly facts: AccessFact[];
}

/** Implicit rules in the words of rules come before every policy; undefined where only their switches are known. */
function impliedList({ rules }: Implicit, local: Policy, { library, coverage, facts }: Making): RuleList | undefined {
  if (rules.length === 0) return undefined;
  const { file, line } = rules[0]!;
  const list = filterList({ ...local, isGlobal: false, file, line, filter: rules, nat: [] }, library, coverage, facts);
  const named = list.rules.map((rule, at) => ({
    ...rule,
    origin: { ...rule.origin, rule: `implicit rule ${at + 1}` },
  }));
  return {
    ...list,
    id: IMPLICIT,
    rules: named,
    origin: { file, line, rule: 'implicit rules', text: 'the implicit rules' },
  };
}

function onlyOne(value: number): readonly [number, number] {
  return [value, value];
}

/** What comes to the firewall itself is for one of its addresses, or for everybody: broadcast and multicast. */
function ownAddresses({ interfaces }: Library): readonly Step[] {
  if (!interfaces || interfaces.some(isDynamic)) return [];
  const broadcasts = interfaces.flatMap(({ networks }) => [...ranges(networks.ip4)].map(([, last]) => last));
  const everybody: AddressSet = {
    ip4: fromRanges([[0xe000_0000, 0xefff_ffff], [0xffff_ffff, 0xffff_ffff], ...broadcasts.map(onlyOne)]),
    ip6: prefix6(0xffn << 120n, 8),
  };
  const addresses = unionOf([...interfaces.map(({ own }) => own), everybody]);
  return [{ kind: 'match', condition: { kind: 'destination', addresses } }];
}

function placeOf({ file, line, slot, isGlobal }: Policy): Origin {
  return { file, line, rule: `${isGlobal ? 'global ' : ''}slot ${slot}`, text: `filter policy ${slot}` };
}

function listId({ slot, isGlobal }: Policy): string {
  return `${isGlobal ? 'global' : 'filter'}/${slot}`;
}

/** Reads a line and gives it its coverage; undefined where nothing of it can be held. */
function readLine(
  { file, line, text, position }: PolicyLine,
  policy: Policy,
  part: 'filter' | 'nat',
  coverage: CoverageBuilder,
): Read | undefined {
  const { text: words, remark } = withoutRemark(text);
  const origin: Origin = {
    ...{ file, line },
    rule: `${policy.isGlobal ? 'global ' : ''}${part} slot ${policy.slot} position ${position}`,
    text: words,
  };
  if (/^separator\b/.test(words)) {
    coverage.mark(file, line, 'irrelevant');
    return undefined;
  }
  try {
    const rule = readRule(words);
    if ((part === 'nat') !== (rule.verb === 'nat')) refuse(`${rule.verb} does not belong into this part`);
    if (rule.verb === 'deleg' && !policy.isGlobal) refuse('only a global policy delegates');
    coverage.mark(file, line, 'modelled');
    return { rule, origin, ...(remark !== undefined && { remark }) };
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    coverage.lose(file, line, error.message);
    return { rule: lost(words, part), origin };
  }
}

/** A line that was not understood may let pass what it likes, or stop it. */
function lost(text: string, part: 'filter' | 'nat'): RuleText {
  const side = { targets: 'any', others: [] };
  const verb = /^(?:off )?(?:block|reset)\b/.test(text) ? 'block' : 'pass';
  return {
    isOff: false,
    verb: part === 'nat' ? 'nat' : verb,
    isLost: true,
    conditions: [text],
    ...{ rates: [], contentFilters: [], from: side, to: side },
  };
}

function filterList(policy: Policy, library: Library, coverage: CoverageBuilder, facts: AccessFact[]): RuleList {
  const rules: Rule[] = [];
  for (const line of policy.filter ?? []) {
    const read = readLine(line, policy, 'filter', coverage);
    const rule = read && filterRule(read, library, coverage);
    if (rule) rules.push(rule);
    if (read) facts.push(...inspectionOf(read));
  }
  return { id: listId(policy), rules, families: BOTH, origin: placeOf(policy) };
}

function filterRule({ rule, origin, remark }: Read, library: Library, coverage: CoverageBuilder): Rule | undefined {
  const missing = library.missing.size;
  const tell = (reason: string): void => coverage.mark(origin.file, origin.line, 'approximated', reason);
  try {
    const condition = ruleCondition(rule, library, { original: true });
    const action = actionOf(rule);
    if (library.missing.size > missing) tell('it refers to an object that is not in this capture');
    if (rule.contentFilters.length > 0)
      tell(`${rule.contentFilters.join(', ')}: what is stopped by its content is not known`);
    coverage.rule(rule.isLost ? 'unread' : isExact(condition) ? 'exact' : 'bounded');
    return {
      origin,
      steps: [{ kind: 'match', condition }, ...logged(rule, origin), ...action],
      ...(remark !== undefined && { comment: remark }),
      ...(rule.isOff && { disabled: true }),
    };
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    coverage.lose(origin.file, origin.line, error.message);
    coverage.rule('unread');
    const text = origin.text;
    return { origin, steps: [{ kind: 'match', condition: unknown(text, true) }, ...actionOf(rule)] };
  }
}

/** Whom a rule meets, in its own words. */
function matchText(text: string): string {
  return text.slice(Math.max(0, text.indexOf('from ')));
}

/** How closely a rule looks at what it lets through: that may be taken away while it lets through the same. */
function inspectionOf({ rule, origin }: Read): readonly AccessFact[] {
  const looks = [...(rule.inspection === undefined ? [] : [rule.inspection]), ...rule.contentFilters];
  if (rule.isOff || rule.isLost || rule.verb !== 'pass' || looks.length === 0) return [];
  const subject = `inspection of what passes ${matchText(origin.text)}`;
  return [{ kind: 'inspection', subject, value: looks.join(' '), origin }];
}

function logged({ logs, isOff }: RuleText, { text }: Origin): readonly Action[] {
  return logs && !isOff ? [{ kind: 'sideEffect', text: `log ${matchText(text)}` }] : [];
}

function actionOf({ verb, contentFilters }: RuleText): readonly Action[] {
  switch (verb) {
    case 'pass': {
      if (contentFilters.length === 0) return [{ kind: 'accept' }];
      // What a filter of content stops depends on more than a packet: until then it passes.
      return [{ kind: 'sideEffect', text: contentFilters.join(' ') }, { kind: 'accept' }];
    }
    case 'block':
      return [{ kind: 'drop' }];
    case 'reset':
      return [{ kind: 'reject', answer: 'tcp reset, or port unreachable' }];
    case 'deleg':
      return [{ kind: 'return' }];
    // “Decrypted traffic will continue to move down the list of rules”; a line that only logs goes on as well.
    default:
      return [{ kind: 'sideEffect', text: verb }];
  }
}

/** The rule by which everything passes, if one stands before anything that could stop a packet. */
function passesAll({ rules }: RuleList): Origin | undefined {
  for (const { steps, disabled, origin } of rules) {
    if (disabled) continue;
    const isWhole = steps.every(
      (step) => step.kind !== 'match' || (step.condition.kind === 'all' && step.condition.of.length === 0),
    );
    const verdict = steps.find(
      ({ kind }) => kind === 'accept' || kind === 'drop' || kind === 'reject' || kind === 'return',
    );
    if (verdict === undefined) continue;
    if (verdict.kind !== 'accept') return undefined;
    if (isWhole) return origin;
  }
  return undefined;
}

/** What the services of `CONFIG FILTER SHOW` open to the firewall itself: ports after the manual, "Implicit rules". */
const implicitPorts: Readonly<Record<string, readonly (readonly [protocol: number, ...ports: readonly number[]])[]>> = {
  pptp: [[6, 1723], [47]],
  ha: [[6], [17], [1]],
  vpn: [[17, 500, 4500], [50], [51]],
  dns: [
    [6, 53],
    [17, 53],
  ],
  ident: [[6, 113]],
  serverd: [[6, 1300]],
  sshd: [[6, 22]],
  authportal: [[6, 80, 443, 1200]],
  webadmin: [[6, 443]],
  bootps: [[17, 67, 68]],
  sslvpn: [
    [6, 443],
    [17, 1194],
  ],
  rtadv: [[58]],
  dhcp6: [[17, 546, 547]],
  certreqd: [[6, 80]],
};
/** Switched on for what the firewall sends itself: nothing comes in by it. */
const outgoing = new Set(['ipfix', 'multicast', 'dialup']);

export function isKnownService(name: string): boolean {
  const key = name.toLowerCase();
  return outgoing.has(key) || Object.hasOwn(implicitPorts, key);
}

function implicitRules({ services }: Implicit, origin: Origin): readonly Rule[] {
  const permit = (where: Origin, condition: Condition): Rule => ({
    origin: where,
    steps: [{ kind: 'match', condition }, { kind: 'accept' }],
  });
  if (!services)
    return [
      permit(
        { ...origin, rule: 'implicit rules', text: 'implicit rules, not in this capture' },
        unknown('an implicit rule passes it'),
      ),
    ];
  return services.flatMap(({ name, origin: where }) => {
    const key = name.toLowerCase();
    if (outgoing.has(key)) return [];
    // On which interfaces and from whom, the switch does not say: possible.
    const some = unknown(`the implicit rule ${name} passes it`);
    const ports = Object.hasOwn(implicitPorts, key) ? implicitPorts[key]! : undefined;
    if (!ports) return [permit(where, some)];
    return ports.map(([protocol, ...open]) =>
      permit(where, {
        kind: 'all',
        of: [
          { kind: 'protocol', protocols: [protocol, protocol] },
          ...(open.length > 0
            ? [{ kind: 'destinationPort' as const, ports: open.flatMap((port) => [port, port]) }]
            : []),
          some,
        ],
      }),
    );
  });
}
