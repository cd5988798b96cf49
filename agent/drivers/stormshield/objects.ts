import { type AddressSet, noAddress, parseAddressSet } from '../../model/index.js';
import { attributes, type Entry, type Part } from './answer.js';
import { type Interface, type Library, protocolOf, transportOf, unionOf } from './library.js';
import { refuse } from './understood.js';

/** What a line of objects says, put into the library; refuses what it does not know. */
type Reader = (entry: Entry, library: Library) => void;

/** Kinds of objects that hold no addresses and that only conditions we cannot decide refer to. */
const others =
  /^(?:urlgroup|cngroup|oemgroup|urlcategorygroup|cncategorygroup|geo|geogroup|iprep|iprepgroup|router|monitor)$/;

function addresses(...texts: readonly (string | undefined)[]): AddressSet {
  const said = texts.filter((text): text is string => text !== undefined && text !== '');
  return unionOf(said.map((text) => parseAddressSet(text) ?? refuse(`${text} is not an address`)));
}

/** The fields of rows of objects; another one might narrow an object or widen it. */
const fieldsOfObjects = new Set([
  ...['type', 'global', 'modify', 'comment', 'name', 'used', 'color', 'resolve', 'mac', 'ip', 'ipv6', 'begin', 'end'],
  ...['beginv6', 'endv6', 'mask', 'prefixlen', 'prefixlenv6', 'port', 'toport', 'proto', 'protonumber'],
  ...['time', 'weekday', 'yearday', 'date'],
]);

/** One line of `CONFIG OBJECT LIST` (its reference page lists the fields of each type). */
export const listed: Reader = ({ text }, library) => {
  const found = attributes(text) ?? refuse('fields such as type=host name=… are expected');
  const name = (found.get('name') ?? refuse('the name is missing')).toLowerCase();
  const type = found.get('type') ?? refuse('the type is missing');
  const odd = others.test(type) ? undefined : [...found.keys()].find((key) => !fieldsOfObjects.has(key));
  if (odd !== undefined) refuse(`the field ${odd} of an object is not known`);
  switch (type) {
    case 'host': {
      const set = addresses(found.get('ip'), found.get('ipv6'));
      const isStatic = (found.get('resolve') ?? 'static') === 'static';
      library.networks.set(
        name,
        isStatic ? { kind: 'addresses', set } : { kind: 'resolved', text: `${name} is resolved by the firewall` },
      );
      return;
    }
    case 'range': {
      const span = (first?: string, last?: string): string | undefined => (first ? `${first}-${last}` : undefined);
      const four = span(found.get('begin'), found.get('end'));
      library.networks.set(name, {
        kind: 'addresses',
        set: addresses(four, span(found.get('beginv6'), found.get('endv6'))),
      });
      return;
    }
    case 'network': {
      const mask = (address: string | undefined, length: string | undefined): string | undefined =>
        address ? `${address}/${length ?? refuse(`${name} has no mask`)}` : undefined;
      const set = addresses(
        mask(found.get('ip'), found.get('prefixlen') || found.get('mask')),
        mask(found.get('ipv6'), found.get('prefixlenv6')),
      );
      library.networks.set(name, { kind: 'addresses', set });
      return;
    }
    case 'fqdn':
      library.networks.set(name, { kind: 'resolved', text: `${name} is resolved by the firewall` });
      return;
    case 'service':
      library.ports.set(name, portObject(found.get('port'), found.get('toport'), found.get('proto')));
      return;
    case 'protocol': {
      const number = protocolOf(found.get('protonumber') ?? '', library);
      library.protocols.set(name, number ?? refuse(`${name} has no protocol number`));
      return;
    }
    case 'time':
      library.times.set(name, ['time', 'weekday', 'yearday', 'date'].map((key) => found.get(key) ?? '').join(' '));
      return;
    // Their members are listed by `CONFIG OBJECT GROUP SHOW`, one group an answer.
    case 'group':
    case 'servicegroup':
      return;
    default:
      if (!others.test(type)) refuse(`objects of the type ${type} are not known`);
  }
};

function portObject(
  first: string | undefined,
  last: string | undefined,
  transport: string | undefined,
): { ports: readonly number[]; protocols?: readonly number[] } {
  const [low, high] = [Number(first), Number(last || first)];
  const isPort = (port: number): boolean => Number.isInteger(port) && port >= 0 && port <= 65535;
  if (!first || !isPort(low) || !isPort(high) || high < low) return refuse(`${first ?? 'nothing'} is not a port`);
  const protocols = transportOf(transport);
  if (!protocols && transport !== undefined && !/^(?:any|none|)$/i.test(transport))
    return refuse(`${transport} is not a protocol that has ports`);
  return { ports: [low, high], ...(protocols && { protocols }) };
}

/** A line of the file `object`: `name=value[,option=…]` below a heading that says the kind. */
function filed(title: string): Reader | undefined {
  const pair = (text: string): readonly [string, string] => {
    const found = /^(?<name>[^=\s]+)\s*=\s*(?<value>.*)$/.exec(text)?.groups;
    return found ? [found.name!.toLowerCase(), found.value!.trim()] : refuse('name=value is expected');
  };
  switch (title.toLowerCase()) {
    case 'host':
    case 'network':
    case 'range':
      return ({ text }, library) => {
        const [name, value] = pair(text);
        const [first, ...more] = value.split(',').map((part) => part.trim());
        const plain = [first!, ...more.filter((part) => !part.includes('='))];
        const set = addresses(...plain);
        library.networks.set(
          name,
          more.includes('resolve=dynamic')
            ? { kind: 'resolved', text: `${name} is resolved by the firewall` }
            : { kind: 'addresses', set },
        );
      };
    case 'fqdn':
      return ({ text }, library) => {
        const [name] = pair(text);
        library.networks.set(name, { kind: 'resolved', text: `${name} is resolved by the firewall` });
      };
    case 'service':
    case 'port':
      return ({ text }, library) => {
        const [name, value] = pair(text);
        const found = /^(?<first>\d+)(?:[-:](?<last>\d+))?(?:[/,](?<transport>[a-z]+))?$/i.exec(value)?.groups;
        if (!found) return refuse(`${value} is not a port such as 443/tcp`);
        library.ports.set(name, portObject(found.first, found.last, found.transport));
      };
    case 'protocol':
      return ({ text }, library) => {
        const [name, value] = pair(text);
        library.protocols.set(name, protocolOf(value, library) ?? refuse(`${value} is not a protocol number`));
      };
    default:
      return undefined;
  }
}

export function isObjectFile(parts: readonly Part[]): boolean {
  return parts.length > 0 && parts.every(({ title }) => filed(title) !== undefined);
}

export function objectReader(title: string): Reader {
  return filed(title) ?? refuse(`objects of the kind [${title}] are not known`);
}

/** The members of a group: lines `name=host1` of an answer, bare names in the file `objectgroup`. */
export function memberOf({ text }: Entry): string {
  const said = attributes(text)?.get('name');
  if (said !== undefined) return said;
  return /^[^\s="]+$/.test(text) ? text : refuse('the name of a member is expected');
}

/**
 * An interface: a part named by its device (`[ethernet0]`, `[vlan3]`) with `Name=`, `Address=`, `Mask=`, `Protected=`,
 * as the file `network` and `CONFIG NETWORK INTERFACE SHOW` have it.
 */
export function interfaceOf({ title, entries }: Part): Interface | undefined {
  const settings = new Map<string, string>();
  for (const { text } of entries) {
    const found = /^(?<key>[\w-]+)\s*=\s*"?(?<value>[^"]*)"?\s*$/.exec(text)?.groups;
    if (found) settings.set(found.key!.toLowerCase(), found.value!);
  }
  const name = settings.get('name');
  const state = settings.get('state');
  if (state !== undefined && !/^[01]$/.test(state)) refuse(`${title}: State is 0 or 1`);
  if (name === undefined && (settings.has('address') || settings.has('protected')))
    refuse(`${title}: an interface has a name`);
  if (name === undefined || state === '0') return undefined;
  const own: AddressSet[] = [];
  const networks: AddressSet[] = [];
  // Aliases are numbered: Address1, Mask1.
  for (const [key, address] of settings) {
    const suffix = /^address(?<suffix>\d*)$/.exec(key)?.groups?.suffix;
    if (suffix === undefined || !/^[\d.]+$/.test(address)) continue;
    const mask = settings.get(`mask${suffix}`);
    own.push(parseAddressSet(address) ?? refuse(`${title}: ${address} is not an address`));
    if (mask !== undefined)
      networks.push(parseAddressSet(`${address}/${mask}`) ?? refuse(`${title}: ${mask} is not a mask`));
  }
  for (const key of ['ipv6address', 'addressv6']) {
    const six = settings.get(key);
    if (!six) continue;
    const length = settings.get('ipv6prefixlen') ?? settings.get('prefixlenv6');
    own.push(parseAddressSet(six) ?? refuse(`${title}: ${six} is not an address`));
    if (length !== undefined)
      networks.push(parseAddressSet(`${six}/${length}`) ?? refuse(`${title}: ${length} is not a prefix`));
  }
  const bridge = settings.get('bridge')?.toLowerCase();
  return {
    name,
    device: title.toLowerCase(),
    ...(bridge && { bridge }),
    own: own.length > 0 ? unionOf(own) : noAddress,
    networks: networks.length > 0 ? unionOf(networks) : noAddress,
    isProtected: settings.get('protected') === '1',
  };
}
