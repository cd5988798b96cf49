import { type Intervals, size } from '../../lib/intervals.js';
import {
  type Action,
  type AddressSet,
  all,
  type Condition,
  type Nat,
  type Rule,
  type Step,
} from '../../model/index.js';
import { type Addresses, interfaceAddress, known, type Library, sideCondition, unite } from './library.js';
import { type PortForm, sets, type Translation } from './nat.js';
import { tunnelOf } from './vpn.js';

interface Shape {
  readonly inInterface?: string | undefined;
  readonly outInterface?: string | undefined;
  readonly tests: readonly Condition[];
}

function match({ inInterface, outInterface, tests }: Shape): Step {
  const parts: Condition[] = [
    ...(inInterface === undefined
      ? []
      : [{ kind: 'inInterface' as const, names: [inInterface, tunnelOf(inInterface)] }]),
    ...(outInterface === undefined ? [] : [{ kind: 'outInterface' as const, names: [outInterface] }]),
    ...tests,
  ];
  return { kind: 'match', condition: all(...parts.filter((part) => part.kind !== 'all' || part.of.length > 0)) };
}

function isSame(a: Addresses | 'interface', b: Addresses | 'interface'): boolean {
  if (a === 'interface' || b === 'interface') return a === b;
  return text(a) === text(b);
}

function text({ set, unknowns }: Addresses): string {
  return `${set.ip4.join()} ${set.ip6.join()} ${unknowns.map(({ id }) => id).join()}`;
}

function isWhole({ set }: Addresses): boolean {
  return isSame(known(set), known(sets.any));
}

/** Network to network of the same size keeps the host part; what is not known goes anywhere. */
function translation(
  side: Nat['translate'],
  from: Addresses | 'interface',
  to: Addresses | 'interface',
  ports?: Intervals,
): readonly Action[] {
  const more = ports ? { ports } : {};
  if (to === 'interface') return [{ kind: 'nat', translate: side, to: 'device', ...more }];
  if (to.unknowns.length > 0 || size(to.set.ip4) + size(to.set.ip6) === 0n)
    return [{ kind: 'nat', translate: side, to: { addresses: sets.any }, ...more }];
  const same =
    from !== 'interface' && prefixSize(from.set) !== undefined && prefixSize(from.set) === prefixSize(to.set);
  return [{ kind: 'nat', translate: side, to: { addresses: to.set, ...(same && { prefix: true }) }, ...more }];
}

/** The number of addresses of one prefix that has more than one address; undefined for anything else. */
function prefixSize({ ip4, ip6 }: AddressSet): bigint | undefined {
  if (ip4.length + ip6.length !== 2) return undefined;
  const [first, last] = ip4.length === 2 ? [BigInt(ip4[0]!), BigInt(ip4[1]!)] : [ip6[0]!, ip6[1]!];
  const count = last - first + 1n;
  return count > 1n && (count & (count - 1n)) === 0n && first % count === 0n ? count : undefined;
}

function addressTest(side: 'source' | 'destination', addresses: Addresses | 'interface', device: Addresses): Condition {
  return sideCondition(side, addresses === 'interface' ? device : addresses);
}

function portTests(
  side: 'source' | 'destination',
  form: PortForm | undefined,
  which: 'real' | 'mapped',
): readonly Condition[] {
  if (!form) return [];
  return [
    { kind: 'protocol', protocols: form.protocols },
    { kind: `${side}Port`, ports: form[which] },
  ];
}

/** What a translation does to destinations before the access lists are asked, and to sources after. */
export function natRules(
  one: Translation,
  library: Library,
): { readonly before: readonly Rule[]; readonly after: readonly Rule[] } {
  const rules = hostsOf(one).map((host) => rulesOf(host, library));
  return { before: rules.flatMap(({ before }) => before), after: rules.flatMap(({ after }) => after) };
}

/** A network of more hosts is one rule, of which a packet alone does not tell which host it becomes. */
const HOSTS_MAX = 16;

/** A small network that keeps its hosts is a translation for each of them. */
function hostsOf(one: Translation): readonly Translation[] {
  const { real, mapped } = one.source;
  if (!one.isStatic || mapped === 'interface' || isSame(real, mapped)) return [one];
  const count = prefixSize(real.set);
  if (count === undefined || count > HOSTS_MAX || count !== prefixSize(mapped.set)) return [one];
  const host = ({ ip4, ip6 }: AddressSet, index: number): Addresses =>
    known(
      ip4.length > 0
        ? { ip4: [ip4[0]! + index, ip4[0]! + index], ip6: [] }
        : { ip4: [], ip6: [ip6[0]! + BigInt(index), ip6[0]! + BigInt(index)] },
    );
  if (real.unknowns.length + mapped.unknowns.length > 0) return [one];
  return Array.from({ length: Number(count) }, (_, index) => ({
    ...one,
    source: { real: host(real.set, index), mapped: host(mapped.set, index) },
  }));
}

function rulesOf(
  one: Translation,
  library: Library,
): { readonly before: readonly Rule[]; readonly after: readonly Rule[] } {
  const { origin, realInterface, mappedInterface, source, destination, service, destinationService } = one;
  const rule = (steps: readonly Step[]): Rule => ({ origin, steps, ...(one.disabled && { disabled: true }) });
  const accept: readonly Action[] = [{ kind: 'accept' }];
  const outerAddress = mappedInterface === undefined ? anyOwn(library) : interfaceAddress(mappedInterface, library);
  const innerAddress = realInterface === undefined ? anyOwn(library) : interfaceAddress(realInterface, library);
  const before: Rule[] = [];
  const after: Rule[] = [];
  const peers = destination ? [sideCondition('source', destination.real)] : [];
  const keepsSource = isSame(source.real, source.mapped) && !service;
  const keepsDestination = !destination || (isSame(destination.mapped, destination.real) && !destinationService);
  if (one.isStatic && !one.unidirectional) {
    const tests = [
      ...peers,
      addressTest('destination', source.mapped, outerAddress),
      ...portTests('destination', service, 'mapped'),
      ...portTests('source', destinationService, 'real'),
    ];
    const back = keepsSource ? accept : translation('destination', source.mapped, source.real, service?.real);
    before.push(rule([match({ inInterface: mappedInterface, tests }), ...back]));
    if (destination && !keepsDestination) {
      const returned = [...peers, sideCondition('destination', source.real)];
      after.push(
        rule([
          match({ inInterface: mappedInterface, outInterface: realInterface, tests: returned }),
          ...translation('source', destination.real, destination.mapped, destinationService?.mapped),
        ]),
      );
    }
  }
  if (destination) {
    const tests = [
      sideCondition('source', source.real),
      addressTest('destination', destination.mapped, innerAddress),
      ...portTests('destination', destinationService, 'mapped'),
      ...portTests('source', service, 'real'),
    ];
    const there = keepsDestination
      ? accept
      : translation('destination', destination.mapped, destination.real, destinationService?.real);
    before.push(rule([match({ inInterface: realInterface, tests }), ...there]));
  }
  const outward = [
    sideCondition('source', source.real),
    ...(destination && !isWhole(destination.real) ? [sideCondition('destination', destination.real)] : []),
    ...portTests('source', service, 'real'),
  ];
  const there = keepsSource ? accept : translation('source', source.real, source.mapped, service?.mapped);
  after.push(rule([match({ inInterface: realInterface, outInterface: mappedInterface, tests: outward }), ...there]));
  return { before, after };
}

/** Every address of the device. */
function anyOwn(library: Library): Addresses {
  return unite([...library.interfaces.keys()].map((name) => interfaceAddress(name, library)));
}
