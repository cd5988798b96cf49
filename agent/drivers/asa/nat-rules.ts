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

/** Of as many addresses each becomes the one in its place; what is not known goes anywhere. */
function translation(
  side: Nat['translate'],
  from: Addresses | 'interface',
  to: Addresses | 'interface',
  ports?: Intervals,
  own?: Addresses,
): readonly Action[] {
  const more = ports ? { ports } : {};
  if (to === 'interface') {
    const isOne =
      own !== undefined && own.unknowns.length === 0 && size(own.set.ip4) === 1n && own.set.ip6.length === 0;
    return [{ kind: 'nat', translate: side, to: isOne ? { addresses: own.set } : 'device', ...more }];
  }
  if (to.unknowns.length > 0 || size(to.set.ip4) + size(to.set.ip6) === 0n)
    return [{ kind: 'nat', translate: side, to: { addresses: sets.any }, ...more }];
  const same = from !== 'interface' && from.unknowns.length === 0 && several(from.set) === several(to.set);
  const shape = same && several(to.set) !== undefined ? { prefix: true, of: from.set } : {};
  return [{ kind: 'nat', translate: side, to: { addresses: to.set, ...shape }, ...more }];
}

/** The number of addresses of one range that has more than one; undefined for anything else. */
function several({ ip4, ip6 }: AddressSet): bigint | undefined {
  const count = ip4.length + ip6.length === 2 ? size(ip4) + size(ip6) : 1n;
  return count > 1n ? count : undefined;
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
  // An address of a pool is whichever is free.
  const real = one.isStatic ? source.real : known(sets.none);
  // Sources of both families become an address each of their own.
  const isIp4 = source.real.set.ip6.length === 0 && source.real.unknowns.length === 0;
  const own = mappedInterface !== undefined && isIp4 ? outerAddress : undefined;
  const there = keepsSource ? accept : translation('source', real, source.mapped, service?.mapped, own);
  after.push(rule([match({ inInterface: realInterface, outInterface: mappedInterface, tests: outward }), ...there]));
  return { before, after };
}

/** Every address of the device. */
function anyOwn(library: Library): Addresses {
  return unite([...library.interfaces.keys()].map((name) => interfaceAddress(name, library)));
}
