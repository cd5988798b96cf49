import { difference, fromRanges, type Intervals, union } from '../../lib/intervals.js';
import { type AddressSet, all, type Condition, never, noAddress, not } from '../../model/index.js';
import type { IpSet, MembershipQuestion } from './ipset.js';
import type { Element, ElementField } from './ipset-element.js';
import { unite } from './values.js';

type Direction = 'src' | 'dst';

/**
 * The packets that a set holds. As ip_set_test() has it, a set never holds a packet where the rule names fewer
 * directions than the set has dimensions, nor one of the other family.
 */
export function membershipOf(set: IpSet, directions: readonly Direction[], question: MembershipQuestion): Condition {
  if (directions.length < set.fields.length) return never;
  if (set.family !== undefined && set.family !== question.family) return never;
  const widest = set.fields.filter((field) => field === 'net').length;
  // Types without networks have no exceptions, and ip_set_test() turns their answer never round.
  const reversed = question.reversed && widest > 0;
  const excepts = set.elements.some((element) => element.nomatch);
  const context = { set, directions };
  if (set.fields.includes('iface') && widest === 1) return longestNetwork(set.elements, context, reversed);
  if (!excepts) return reversed ? never : plain(set.elements, context);
  return widest === 1 ? oneNetwork(set.elements, context, reversed) : twoNetworks(set.elements, context, reversed);
}

interface Context {
  readonly set: IpSet;
  readonly directions: readonly Direction[];
}

/** Entries that agree in everything but one address are one test: the first address is gathered. */
function plain(elements: readonly Element[], context: Context): Condition {
  const at = elements[0]?.fields.findIndex(({ kind }) => kind === 'address' || kind === 'port') ?? -1;
  if (at < 0) return { kind: 'any', of: elements.map((element) => elementTest(element, context)) };
  return anyOf(
    [...groupedBy(elements, at).values()].map((group) => {
      const gathered = gather(group.map((element) => element.fields[at]!));
      return elementTest({ ...group[0]!, fields: group[0]!.fields.with(at, gathered) }, context);
    }),
  );
}

function gather(fields: readonly ElementField[]): ElementField {
  const first = fields[0]!;
  if (first.kind === 'address') {
    return {
      ...first,
      addresses: unite(fields.flatMap((field) => (field.kind === 'address' ? [field.addresses] : []))),
    };
  }
  if (first.kind !== 'port') return first;
  const ranges = fields.flatMap((field) =>
    field.kind === 'port' ? [[field.values[0]!, field.values[1]!] as const] : [],
  );
  return { ...first, values: fromRanges(ranges) };
}

function groupedBy(elements: readonly Element[], at: number): Map<string, Element[]> {
  const groups = new Map<string, Element[]>();
  for (const element of elements) {
    const field = element.fields[at]!;
    const key = element.fields
      .map((other, index) => (index !== at ? keyOf(other) : field.kind === 'port' ? `protocol ${field.protocol}` : ''))
      .join(' ');
    const group = groups.get(key);
    if (group) group.push(element);
    else groups.set(key, [element]);
  }
  return groups;
}

function keyOf(field: ElementField): string {
  switch (field.kind) {
    case 'address':
      return `${field.addresses.ip4.join(',')}|${field.addresses.ip6.join(',')}`;
    case 'port':
      return `${field.protocol}:${field.values.join(',')}`;
    case 'interface':
      return `${field.physical}:${field.name}`;
    case 'mark':
      return String(field.value);
    case 'mac':
      return field.text;
  }
}

/** One network dimension with exceptions: the longest prefix that holds the address decides. */
function oneNetwork(elements: readonly Element[], context: Context, reversed: boolean): Condition {
  const at = context.set.fields.indexOf('net');
  return anyOf(
    [...groupedBy(elements, at).values()].map((group) => {
      const networks = group.flatMap(({ fields, nomatch }) => {
        const field = fields[at]!;
        return field.kind === 'address' ? [{ field, counts: nomatch === reversed }] : [];
      });
      let held: AddressSet = noAddress;
      for (const length of [...new Set(networks.map(({ field }) => field.length))].sort((a, b) => a - b)) {
        const here = networks.filter(({ field }) => field.length === length);
        const of = (counts: boolean): AddressSet =>
          unite(here.filter((one) => one.counts === counts).map(({ field }) => field.addresses));
        held = combine(combine(held, of(false), difference), of(true), union);
      }
      return elementTest(
        { ...group[0]!, fields: group[0]!.fields.with(at, { kind: 'address', addresses: held, length: 0 }) },
        context,
      );
    }),
  );
}

/**
 * Networks with interfaces: the longest network that holds the address is looked at and no shorter one, whichever
 * interface it stands with (`multi` in mtype_test_cidrs() of ip_set_hash_gen.h). So 10.0.0.128/25,wan0 takes its
 * addresses out of 10.0.0.0/16,dmz0.
 */
function longestNetwork(elements: readonly Element[], context: Context, reversed: boolean): Condition {
  const at = context.set.fields.indexOf('net');
  const networks = elements.flatMap((element) => {
    const field = element.fields[at]!;
    return field.kind === 'address' ? [{ element, field }] : [];
  });
  let longer: AddressSet = noAddress;
  const tests: Condition[] = [];
  for (const length of [...new Set(networks.map(({ field }) => field.length))].sort((a, b) => b - a)) {
    const here = networks.filter(({ field }) => field.length === length);
    for (const { element, field } of here) {
      if (element.nomatch !== reversed) continue;
      const left = { ...field, addresses: combine(field.addresses, longer, difference) };
      tests.push(elementTest({ ...element, fields: element.fields.with(at, left) }, context));
    }
    longer = combine(longer, unite(here.map(({ field }) => field.addresses)), union);
  }
  return anyOf(tests);
}

function combine(
  a: AddressSet,
  b: AddressSet,
  operation: <T extends number | bigint>(a: Intervals<T>, b: Intervals<T>) => Intervals<T>,
): AddressSet {
  return { ip4: operation(a.ip4, b.ip4), ip6: operation(a.ip6, b.ip6) };
}

/** Two network dimensions: the longest first network is looked up first, and within it the longest second one. */
function twoNetworks(elements: readonly Element[], context: Context, reversed: boolean): Condition {
  const lengths = ({ fields }: Element): readonly number[] =>
    fields.flatMap((field) => (field.kind === 'address' ? [field.length] : []));
  const widestFirst = [...elements].sort((a, b) => {
    const [first, second] = [lengths(a), lengths(b)];
    return first[0]! - second[0]! || (first.at(-1) ?? 0) - (second.at(-1) ?? 0);
  });
  return widestFirst.reduce<Condition>((held, element) => {
    const test = elementTest(element, context);
    return element.nomatch === reversed ? anyOf([held, test]) : all(held, not(test));
  }, never);
}

function anyOf(conditions: readonly Condition[]): Condition {
  const some = conditions.filter((condition) => !(condition.kind === 'any' && condition.of.length === 0));
  return some.length === 1 ? some[0]! : { kind: 'any', of: some };
}

function elementTest(element: Element, { set, directions }: Context): Condition {
  const parts = element.fields.map((field, index) => fieldTest(field, directions[index]!, set));
  return all(...parts);
}

function fieldTest(field: ElementField, direction: Direction, set: IpSet): Condition {
  const source = direction === 'src';
  switch (field.kind) {
    case 'address':
      return { kind: source ? 'source' : 'destination', addresses: field.addresses };
    case 'port':
      return portTest(field, source);
    case 'interface':
      if (field.physical) {
        const text = `${direction} bridge port ${field.name}`;
        return { kind: 'unknown', id: `ipset ${text}`, text };
      }
      return { kind: source ? 'inInterface' : 'outInterface', names: [field.name] };
    case 'mark':
      return { kind: 'mark', mask: set.markMask, values: [field.value, field.value] };
    case 'mac': {
      const text = `${direction} hardware address ${field.text}`;
      return { kind: 'unknown', id: `ipset ${text}`, text };
    }
  }
}

/** ip_set_get_port(): ports of the transports that have them, type and code of ICMP, and 0 for everything else. */
function portTest({ protocol, values }: ElementField & { kind: 'port' }, source: boolean): Condition {
  const ported = (protocols: Intervals): Condition =>
    all({ kind: 'protocol', protocols }, { kind: source ? 'sourcePort' : 'destinationPort', ports: values });
  // A bitmap of ports looks at TCP and UDP only (ip_set_bitmap_port.c).
  if (protocol === undefined) return ported([6, 6, 17, 17]);
  if ([6, 17, 132, 136].includes(protocol)) return ported([protocol, protocol]);
  const same: Condition = { kind: 'protocol', protocols: [protocol, protocol] };
  if (protocol === 1 || protocol === 58) return all(same, { kind: 'icmp', typeCodes: values });
  return values[0] === 0 ? same : never;
}
