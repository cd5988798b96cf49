import { union } from '../../lib/intervals.js';
import {
  type AddressSet,
  type BaseList,
  type Family,
  noAddress,
  type Origin,
  type Pipeline,
  type Rule,
  type RuleList,
  type Step,
  type Unknown,
} from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { judgeEntry, kindOf, opaqueStep, ruleOf, unknownsIn } from './access-list.js';
import type { Binding, Config } from './config.js';
import { Missing, NotUnderstood } from './cursor.js';
import { inspectionRules } from './inspection.js';
import { defaultLevel, type Interface } from './interfaces.js';
import { type Library, unknown } from './library.js';
import { toTheDevice } from './management.js';
import { isAfterAuto, objectOrder, readObjectNat, readTwiceNat, type Translation } from './nat.js';
import { natRules } from './nat-rules.js';
import type { Line } from './parse.js';
import { apart, bindingsThatHold, isIgnored } from './references.js';
import { tunnelOf, tunnelRules } from './vpn.js';

const families: readonly Family[] = ['ip4', 'ip6'];

/** An interface that other lines name and that has no section of its own in this capture. */
type Place = Pick<Interface, 'name' | 'level' | 'levelLine' | 'line'> & Partial<Interface>;

/** What one configuration makes of a packet. */
export function convert(
  read: Config,
  coverage: CoverageBuilder,
): Pick<Pipeline, 'lists' | 'bases' | 'localAddresses' | 'zones'> {
  const config: Config = { ...read, bindings: bindingsThatHold(read) };
  const places = placesOf(config);
  for (const { name, addresses, dynamic } of config.interfaces) {
    for (const key of new Set([name, config.prefix + name]))
      config.library.interfaces.set(key, dynamic ? undefined : addresses);
  }
  const acls = accessLists(config, coverage);
  const lists: RuleList[] = [...acls.values()];
  const bases: BaseList[] = [];
  const origin: Origin = {
    file: config.file,
    line: 1,
    rule: 'the device',
    text: 'the implicit rule: what nothing permits is denied',
  };
  const add = (id: string, rules: readonly Rule[], base: Omit<BaseList, 'list' | 'policyOrigin'>): void => {
    lists.push({ id: config.prefix + id, rules, families, origin });
    const text = 'no list on the way out and no inspection denies it';
    const isLast = base.type === 'filter' && base.policy === 'accept';
    bases.push({ list: config.prefix + id, ...base, policyOrigin: isLast ? { ...origin, text } : origin });
  };
  const nat = translations(config, coverage);
  add('nat/destination', nat.before, { hook: 'prerouting', priority: -100, type: 'nat', policy: 'accept' });
  add('access', throughRules(config, places, acls, coverage), {
    hook: 'forward',
    priority: 0,
    type: 'filter',
    policy: 'drop',
  });
  add('access-out', outRules(config, acls, coverage), {
    hook: 'forward',
    priority: 10,
    type: 'filter',
    policy: 'accept',
  });
  add('inspection', inspectionRules(config, acls, coverage), {
    hook: 'forward',
    priority: 20,
    type: 'filter',
    policy: 'accept',
  });
  const box = toTheDevice(config, places, coverage);
  const plane = bound(config, 'control-plane').flatMap((binding) =>
    call(config, binding, acls, 'inInterface', coverage),
  );
  const shut = places.flatMap((place) => (place.managementOnly ? [] : cutOff(config, place).slice(0, 1)));
  add(
    'management',
    [
      ...established(config),
      ...shut,
      ...box.refused,
      ...box.first,
      ...closed(config, box.first),
      ...plane,
      ...box.last,
    ],
    {
      hook: 'input',
      priority: 0,
      type: 'filter',
      policy: 'drop',
    },
  );
  add('nat/source', nat.after, { hook: 'postrouting', priority: 100, type: 'nat', policy: 'accept' });
  const whole = config.version !== undefined && config.interfaces.every(({ dynamic }) => !dynamic);
  return { lists, bases, ...(whole && config.interfaces.length > 0 && { localAddresses: ownAddresses(config) }) };
}

function ownAddresses({ interfaces }: Config): AddressSet {
  return interfaces.reduce<AddressSet>(
    (sum, { addresses }) => ({ ip4: union(sum.ip4, addresses.ip4), ip6: union(sum.ip6, addresses.ip6) }),
    noAddress,
  );
}

function placesOf(config: Config): readonly Place[] {
  const known = new Set(config.interfaces.map(({ name }) => name));
  const implied = config.bindings.flatMap(({ interface: name, line }) => {
    if (name === undefined || known.has(name)) return [];
    known.add(name);
    return [{ name, level: defaultLevel(name), levelLine: line, line }];
  });
  return [...config.interfaces, ...implied];
}

/** Every access list, as a list of its own; `show access-list` may print one twice, with the same entries. */
function accessLists(config: Config, coverage: CoverageBuilder): ReadonlyMap<string, RuleList> {
  const { file, prefix } = config;
  const rules = new Map<string, { readonly rules: Rule[]; readonly line: Line }>();
  for (const entry of config.entries) {
    const list = rules.get(entry.list) ?? { rules: [], line: entry.line };
    rules.set(entry.list, list);
    if (kindOf(entry) === 'other') continue;
    const place = list.rules.length + 1;
    const fresh = ruleOfEntry(config, entry, place, coverage);
    const at =
      entry.position === undefined || /\(hitcnt=/.test(entry.line.text) ? list.rules.length : entry.position - 1;
    list.rules.splice(at, 0, fresh);
  }
  // What the list of an interface does not match goes on to the list that is bound everywhere, and only that one denies it.
  const goOn = new Set(bound(config, 'global').length > 0 ? bound(config, 'in').map(({ list }) => list) : []);
  return new Map(
    [...rules].map(([name, list]) => [
      name,
      {
        id: `${prefix}acl/${name}`,
        rules: list.rules,
        families,
        origin: { file, line: list.line.number, rule: `access-list ${name}`, text: `access-list ${name}` },
        ...(!goOn.has(name) && { endsInDeny: true as const }),
      },
    ]),
  );
}

function ruleOfEntry(config: Config, entry: Config['entries'][number], place: number, coverage: CoverageBuilder): Rule {
  const { file, library } = config;
  try {
    const { found, missing: named } = apart(library, (own) => judgeEntry(entry, own));
    const { steps, disabled } = found;
    if (isIgnored(entry.words, named, library)) {
      coverage.rule('exact');
      return ruleOf(entry, file, place, steps, true);
    }
    for (const name of named) library.missing.add(name);
    const unknowns = unknownsIn(steps);
    coverage.rule(unknowns.length === 0 ? 'exact' : 'bounded');
    const missing = unknowns.find(({ unrecognized }) => unrecognized);
    if (missing) coverage.mark(file, entry.line.number, 'unmodelled', missing.text);
    return ruleOf(entry, file, place, steps, disabled);
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    coverage.lose(file, entry.line.number, error.message);
    coverage.rule('unread');
    return ruleOf(entry, file, place, [opaqueStep(entry.words.join(' '))], false);
  }
}

function bound(config: Config, where: Binding['where']): readonly Binding[] {
  return config.bindings.filter((binding) => binding.where === where);
}

/** A list that is bound and not there: it may do anything. */
function call(
  config: Config,
  { list, interface: name, line }: Binding,
  acls: ReadonlyMap<string, RuleList>,
  side: 'inInterface' | 'outInterface',
  coverage: CoverageBuilder,
): readonly Rule[] {
  const origin: Origin = { file: config.file, line: line.number, rule: line.text, text: line.text };
  const filteredTunnels = config.tunnelsFiltered !== undefined;
  const guard: readonly Step[] =
    name === undefined
      ? []
      : [names(config, side, filteredTunnels && side === 'inInterface' ? [name, tunnelOf(name)] : [name])];
  const acl = acls.get(list);
  if (acl) return [{ origin, steps: [...guard, { kind: 'jump', list: acl.id }] }];
  config.library.missing.add(`access-list ${list}`);
  coverage.mark(config.file, line.number, 'unmodelled', 'the access list is not in this capture');
  const missing = { ...unknown(`access-list ${list}, which is not in this capture`), unrecognized: true };
  return [{ origin, steps: [...guard, { kind: 'opaque', unknown: missing }] }];
}

const reply: Step = { kind: 'match', condition: { kind: 'connectionState', states: ['established', 'related'] } };

/** Packets of a connection that was let in are let through; replies to pings only where ICMP is inspected. */
function established(config: Config): readonly Rule[] {
  const inspects = config.policies.some(({ children }) =>
    children.some((one) => one.children.some(({ text }) => text === 'inspect icmp')),
  );
  const origin: Origin = {
    file: config.file,
    line: 1,
    rule: 'stateful inspection',
    text: 'packets of known connections pass',
  };
  const other: Step = {
    kind: 'match',
    condition: { kind: 'not', of: { kind: 'protocol', protocols: [1, 1, 58, 58] } },
  };
  return [{ origin, steps: [reply, ...(inspects ? [] : [other]), { kind: 'accept' }] }];
}

/** What comes in by one interface and goes out by another. */
function throughRules(
  config: Config,
  places: readonly Place[],
  acls: ReadonlyMap<string, RuleList>,
  coverage: CoverageBuilder,
): readonly Rule[] {
  const inbound = bound(config, 'in');
  const everywhere = bound(config, 'global');
  const filtered = new Set(inbound.map((binding) => binding.interface));
  return [
    ...established(config),
    ...places.flatMap((place) => cutOff(config, place)),
    ...sameLevel(config, places),
    ...tunnelRules(config, acls),
    ...inbound.flatMap((binding) => call(config, binding, acls, 'inInterface', coverage)),
    ...everywhere.flatMap((binding) => call(config, binding, acls, 'inInterface', coverage)),
    ...(everywhere.length > 0
      ? []
      : places.filter(({ name }) => !filtered.has(name)).flatMap((place) => byLevel(config, place, places, coverage))),
  ];
}

function names(config: Config, side: 'inInterface' | 'outInterface', list: readonly string[]): Step {
  return { kind: 'match', condition: { kind: side, names: list.map((name) => config.prefix + name) } };
}

/** Interfaces that are shut down, or that only manage. */
function cutOff(config: Config, { name, hardware, shutdown, managementOnly }: Place): readonly Rule[] {
  const line = shutdown ?? config.shut.get(hardware?.split('.')[0] ?? '') ?? managementOnly;
  if (!line) return [];
  const origin: Origin = { file: config.file, line: line.number, rule: `interface ${name}`, text: line.text };
  return (['inInterface', 'outInterface'] as const).map((side) => ({
    origin,
    steps: [names(config, side, [name]), { kind: 'drop' }],
  }));
}

/** Interfaces of one level are kept apart, whatever access lists say, unless the device is told otherwise. */
function sameLevel(config: Config, places: readonly Place[]): readonly Rule[] {
  const { inter, intra } = config.sameSecurity;
  return places.flatMap(({ name, level, levelLine }) => {
    const rule = (text: string, out: readonly string[]): Rule => ({
      origin: { file: config.file, line: levelLine.number, rule: `security-level of ${name}`, text },
      steps: [names(config, 'inInterface', [name]), names(config, 'outInterface', out), { kind: 'drop' }],
    });
    const peers = places.filter((other) => other.level === level && other.name !== name).map((other) => other.name);
    return [
      ...(intra ? [] : [rule('same-security-traffic permit intra-interface is not set', [name])]),
      ...(inter || peers.length === 0 ? [] : [rule('same-security-traffic permit inter-interface is not set', peers)]),
    ];
  });
}

/** Without an access list an interface may reach those of lower levels, and of its own where that is permitted. */
function byLevel(config: Config, place: Place, places: readonly Place[], coverage: CoverageBuilder): readonly Rule[] {
  const { name, level, levelLine } = place;
  const { inter, intra } = config.sameSecurity;
  const reach = places
    .filter((other) =>
      other.name === name ? intra !== undefined : other.level < level || (other.level === level && inter !== undefined),
    )
    .map((other) => other.name);
  if (reach.length === 0) return [];
  coverage.rule('exact');
  const text = `security-level ${level}: ${name} may reach ${reach.join(', ')}`;
  return [
    {
      origin: { file: config.file, line: levelLine.number, rule: `security-level of ${name}`, text },
      steps: [names(config, 'inInterface', [name]), names(config, 'outInterface', reach), { kind: 'accept' }],
    },
  ];
}

/** Lists on the way out; what they do not permit is denied. */
function outRules(config: Config, acls: ReadonlyMap<string, RuleList>, coverage: CoverageBuilder): readonly Rule[] {
  return [
    ...established(config),
    ...bound(config, 'out').flatMap((binding) => {
      const [caller] = call(config, binding, acls, 'outInterface', coverage);
      const origin: Origin = {
        ...caller!.origin,
        rule: `the end of ${binding.list}`,
        text: 'the implicit deny at the end of the access list',
      };
      return [
        caller!,
        { origin, steps: [names(config, 'outInterface', [binding.interface!]), { kind: 'drop' as const }] },
      ];
    }),
  ];
}

/** A port that only management lines open is shut for everybody else, whatever a list of the control plane says. */
function closed(config: Config, opened: readonly Rule[]): readonly Rule[] {
  const ports = new Set([22, 23]);
  return [...ports].map((port) => ({
    origin: {
      file: config.file,
      line: opened[0]?.origin.line ?? 1,
      rule: 'management',
      text: `no other line opens port ${port} of the device`,
    },
    steps: [
      { kind: 'match', condition: { kind: 'protocol', protocols: [6, 6] } },
      { kind: 'match', condition: { kind: 'destinationPort', ports: [port, port] } },
      { kind: 'drop' },
    ],
  }));
}

function translations(
  config: Config,
  coverage: CoverageBuilder,
): { readonly before: readonly Rule[]; readonly after: readonly Rule[] } {
  const { file, library } = config;
  const attempt = <T extends Translation>(line: Line, read: (library: Library) => T): readonly T[] => {
    try {
      const { found: one, missing: named } = apart(library, read);
      // What a translation that is switched off refers to need not be there.
      if (one.disabled || isIgnored(line.words, named, library)) {
        coverage.rule('exact');
        return [{ ...one, disabled: true }];
      }
      for (const name of named) library.missing.add(name);
      const missing = unknownsOfTranslation(one).find(({ unrecognized }) => unrecognized);
      if (missing) coverage.mark(file, line.number, 'unmodelled', missing.text);
      coverage.rule(unknownsOfTranslation(one).length === 0 ? 'exact' : 'bounded');
      return [one];
    } catch (error) {
      if (!(error instanceof NotUnderstood)) throw error;
      // What an absent object leaves open is said with the object.
      if (error instanceof Missing) coverage.mark(file, line.number, 'unmodelled', error.message);
      else coverage.lose(file, line.number, error.message);
      coverage.rule('unread');
      return [];
    }
  };
  const twice = (after: boolean): readonly Translation[] =>
    config.twiceNats
      .filter((line) => isAfterAuto(line) === after)
      .flatMap((line, index) =>
        attempt(line, (own) => readTwiceNat(line, file, `nat ${after ? 'after-auto ' : ''}${index + 1}`, own)),
      );
  const objects = config.objectNats
    .flatMap(({ object, line }) => attempt(line, (own) => ({ ...readObjectNat(object, line, file, own), object })))
    .sort(objectOrder);
  const all = [...twice(false), ...objects, ...twice(true)];
  const rules = all.map((one) => natRules(prefixed(one, config.prefix), library));
  return { before: rules.flatMap(({ before }) => before), after: rules.flatMap(({ after }) => after) };
}

function unknownsOfTranslation({ source, destination }: Translation): readonly Unknown[] {
  return [source.real, source.mapped, destination?.real, destination?.mapped].flatMap((one) =>
    one === undefined || one === 'interface' ? [] : one.unknowns,
  );
}

/** Interfaces of a context have the context's name before their own in the model. */
function prefixed(one: Translation, prefix: string): Translation {
  return {
    ...one,
    ...(one.realInterface !== undefined && { realInterface: prefix + one.realInterface }),
    ...(one.mappedInterface !== undefined && { mappedInterface: prefix + one.mappedInterface }),
  };
}
