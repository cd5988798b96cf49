import {
  type AccessFact,
  all,
  type BaseList,
  type Condition,
  type Device,
  type Family,
  type Hook,
  type Origin,
  type Pipeline,
  type Rule,
  type RuleList,
} from '../../model/index.js';
import type { Claims } from './claim.js';
import { type DomainLists, listsOf, type Reading } from './domain-lists.js';
import { factsOf, stateFacts } from './facts.js';
import { administrationOf } from './local-in.js';
import { type Domain, domainsOf, unionOf } from './network.js';
import type { Extracted } from './tables.js';

const BOTH: readonly Family[] = ['ip4', 'ip6'];

export function convert(
  extracted: Extracted,
  reading: Omit<Reading, 'administration' | 'text'>,
): Pick<Device, 'pipeline' | 'facts'> {
  const { claims } = reading;
  const domains = domainsOf(extracted);
  const administration = administrationOf(extracted.global.tables);
  const made = domains.map((domain) => listsOf(domain, { ...reading, administration, text: extracted.text }));
  const interfaces = domains.flatMap((domain) => domain.interfaces);
  const several = made.length > 1;
  if (several) {
    claims.coverage.notCovered(
      'Traffic from one virtual domain to another is judged in each of them by itself, not along its whole way.',
    );
  }
  const zones = Object.fromEntries(
    domains.flatMap((domain) => [...domain.zones.values()].map((zone) => [zone.name, zone.interfaces] as const)),
  );
  const pipeline: Pipeline = {
    ...(several ? dispatched(made, claims) : direct(made[0]!)),
    speaksOf: BOTH.flatMap((family) => (['forward', 'input'] as const).map((direction) => ({ family, direction }))),
    ...(interfaces.length > 0 && {
      localAddresses: unionOf(interfaces.filter(({ ofMember }) => !ofMember).map((one) => one.addresses)),
    }),
    zones,
    objects: made.flatMap(({ objects }) => objects),
  };
  const facts: AccessFact[] = [];
  const outside = { name: '', prefix: '' };
  if (extracted.vdoms.length > 0) {
    const { tables } = extracted.global;
    facts.push(...factsOf(claims.file, outside, tables.values()), ...stateFacts(claims.file, outside, tables));
  }
  for (const domain of domains) {
    const { tables } = domain;
    facts.push(...factsOf(claims.file, domain, tables.values()), ...stateFacts(claims.file, domain, tables));
  }
  return { pipeline, facts };
}

function implicit(origin: Origin): Origin {
  return { ...origin, rule: 'policy 0', text: 'implicit deny' };
}

/** Lists as the device calls them: those at one hook in their order, each of which must let a packet pass. */
interface Called {
  readonly translation: RuleList;
  readonly forward: readonly RuleList[];
  readonly input: RuleList;
  readonly source: RuleList;
}

const priorities: Readonly<Partial<Record<Hook, number>>> = { prerouting: -100, postrouting: 100 };

function baseLists({ translation, forward, input, source }: Called): readonly BaseList[] {
  const base = (list: RuleList, hook: Hook, priority = priorities[hook] ?? 0): BaseList => {
    const translates = hook === 'prerouting' || hook === 'postrouting';
    return {
      list: list.id,
      hook,
      priority,
      type: translates ? 'nat' : 'filter',
      policy: translates ? 'accept' : 'drop',
      policyOrigin: translates ? list.origin : implicit(list.origin),
    };
  };
  return [
    base(translation, 'prerouting'),
    ...forward.map((list, order) => base(list, 'forward', order)),
    base(input, 'input'),
    base(source, 'postrouting'),
  ];
}

function direct({ translation, forward, input, source }: DomainLists): Pick<Pipeline, 'lists' | 'bases'> {
  return {
    lists: [translation, ...forward, input, ...source],
    bases: baseLists({ translation, forward, input, source: source[0]! }),
  };
}

/** With several virtual domains, the interface says which one a packet is in, and so which lists it meets. */
function dispatched(made: readonly DomainLists[], claims: Claims): Pick<Pipeline, 'lists' | 'bases'> {
  const origin: Origin = { file: claims.file, line: 1, rule: 'vdom', text: 'config vdom' };
  const list = (id: string, rules: readonly Rule[]): RuleList => ({ id, families: BOTH, origin, rules });
  const into = (domain: Domain, target: RuleList, places: readonly ('inInterface' | 'outInterface')[]): Rule => {
    const names = domain.interfaces.map(({ name }) => name);
    const families: readonly Condition[] =
      target.families.length === 2 ? [] : [{ kind: 'family', family: target.families[0]! }];
    const condition = all(...families, ...places.map((kind) => ({ kind, names }) as const));
    return {
      origin: {
        ...target.origin,
        rule: `vdom ${domain.name}`,
        text: `the interfaces of the virtual domain ${domain.name}`,
      },
      steps: [
        { kind: 'match', condition },
        { kind: 'jump', list: target.id },
      ],
    };
  };
  for (const { domain } of made) {
    const filters = [...domain.tables.keys()].some((path) => /^firewall .*policy/.test(path));
    if (filters && domain.interfaces.length === 0) {
      claims.coverage.blind(
        `no interface of the virtual domain ${domain.name} was read: who meets its policies is not known`,
      );
    }
  }
  const through = ['inInterface', 'outInterface'] as const;
  const lists: Called = {
    translation: list(
      'vip',
      made.map(({ domain, translation }) => into(domain, translation, ['inInterface'])),
    ),
    forward: forwardStages(made).map((stage, order) =>
      list(
        order === 0 ? 'policy' : `policy ${order + 1}`,
        stage.map(({ domain, target }) => into(domain, target, through)),
      ),
    ),
    input: list(
      'local-in',
      made.map(({ domain, input }) => into(domain, input, ['inInterface'])),
    ),
    source: list(
      'source nat',
      made.map(({ domain, source }) => into(domain, source[0]!, through)),
    ),
  };
  return {
    lists: [
      lists.translation,
      ...lists.forward,
      lists.input,
      lists.source,
      ...made.flatMap((one) => [one.translation, ...one.forward, one.input, ...one.source]),
    ],
    bases: baseLists(lists),
  };
}

interface Stage {
  readonly domain: Domain;
  readonly target: RuleList;
}

/**
 * What each virtual domain asks first, and what it asks then of what passed: only where one decides by security
 * policies are there two, and what the others let pass meets their own list a second time.
 */
function forwardStages(made: readonly DomainLists[]): readonly (readonly Stage[])[] {
  const first = made.flatMap(({ domain, forward }) =>
    forward.filter((one) => !isSecond(one)).map((target) => ({ domain, target })),
  );
  if (!made.some(({ forward }) => forward.some(isSecond))) return [first];
  const second = made.flatMap(({ domain, forward }) => {
    const later = forward.filter(isSecond);
    return (later.length > 0 ? later : forward).map((target) => ({ domain, target }));
  });
  return [first, second];
}

function isSecond({ id }: RuleList): boolean {
  return /(?:^|\/)security-policy$/.test(id);
}
