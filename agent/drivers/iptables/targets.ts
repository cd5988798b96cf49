import { fromRanges } from '../../lib/intervals.js';
import type { Action, AddressSet, Family, Nat } from '../../model/index.js';
import type { Extension, OptionUse } from './extract.js';
import { extensionText } from './unknowns.js';
import { address, masked, portSet, unite } from './values.js';

export interface TargetContext {
  readonly family: Family;
  readonly table: string;
  /** The hooks from which the rule's chain is reached. */
  readonly hooks: ReadonlySet<string>;
  /** The addresses that the rule asks for, as it writes them. */
  asked(side: 'source' | 'destination'): string | undefined;
}

export type Target =
  | { readonly kind: 'actions'; readonly actions: readonly Action[]; readonly approximated?: string }
  /** Known, but not modelled; or not known at all. */
  | { readonly kind: 'opaque'; readonly action: Action; readonly unrecognized: boolean };

const ALL_BITS = 0xffff_ffff;

const sideEffects: ReadonlySet<string> = new Set(
  'LOG NFLOG ULOG TRACE AUDIT TCPMSS TCPOPTSTRIP DSCP TOS TTL HL ECN CLASSIFY SET SECMARK CONNSECMARK CHECKSUM RATEEST LED IDLETIMER TEE'.split(
    ' ',
  ),
);

/** What a target extension does. */
export function targetOf(extension: Extension, context: TargetContext): Target {
  if (!extension.known || extension.options.some(({ known, inverted }) => !known || inverted))
    return opaque(extension, true);
  const actions = act(extension, context);
  return actions ?? opaque(extension, !understood.has(extension.name));
}

/** Targets whose words are understood and whose effect lies outside of the model. */
const understood: ReadonlySet<string> = new Set(
  'TPROXY CLUSTERIP HMARK SYNPROXY DNPT SNPT CONNMARK NETMAP SET'.split(' '),
);

function opaque(extension: Extension, unrecognized: boolean): Target {
  const text = extensionText(extension);
  return {
    kind: 'opaque',
    unrecognized,
    action: {
      kind: 'opaque',
      unknown: {
        kind: 'unknown',
        id: `iptables target ${text}`,
        text,
        ...(unrecognized ? { unrecognized: true } : {}),
      },
    },
  };
}

function act(extension: Extension, context: TargetContext): Target | undefined {
  const one = (action: Action): Target => ({ kind: 'actions', actions: [action] });
  const { name } = extension;
  // `-j SET --map-set` writes the mark that the set keeps for the packet.
  if (has(extension, 'map-set')) return undefined;
  if (sideEffects.has(name)) return one({ kind: 'sideEffect', text: extensionText(extension) });
  switch (name) {
    case 'ACCEPT':
      return one({ kind: 'accept' });
    case 'DROP':
      return one({ kind: 'drop' });
    case 'RETURN':
      return one({ kind: 'return' });
    case 'REJECT': {
      const standard = context.family === 'ip4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
      return one({ kind: 'reject', answer: firstValue(extension, 'reject-with') ?? standard });
    }
    case 'QUEUE':
      return one({ kind: 'queue', bypass: false, text: 'QUEUE' });
    case 'NFQUEUE':
      return one({ kind: 'queue', bypass: has(extension, 'queue-bypass'), text: extensionText(extension) });
    case 'NOTRACK':
      return one({ kind: 'notrack' });
    case 'CT':
      return one(
        has(extension, 'notrack') ? { kind: 'notrack' } : { kind: 'sideEffect', text: extensionText(extension) },
      );
    case 'MARK':
    case 'CONNMARK':
      return markTarget(extension);
    case 'DNAT':
    case 'SNAT':
      return translation(extension, context);
    case 'MASQUERADE':
    case 'REDIRECT': {
      const text = firstValue(extension, 'to-ports');
      const ports = text === undefined ? undefined : portSet(text, '-');
      if (text !== undefined && !ports) return undefined;
      const translate = name === 'MASQUERADE' ? 'source' : 'destination';
      return one({ kind: 'nat', translate, to: 'device', ...(ports ? { ports } : {}) });
    }
    case 'NETMAP':
      return netmap(extension, context);
    default:
      return undefined;
  }
}

function firstValue({ options }: Extension, name: string): string | undefined {
  return options.find((option) => option.name === name)?.values[0];
}

function has({ options }: Extension, name: string): boolean {
  return options.some((option) => option.name === name);
}

function unsigned(value: number): number {
  return value >>> 0;
}

/** mark := (mark & and) ^ xor, for each way to write it (iptables-extensions(8), MARK and CONNMARK). */
function markArithmetic({ name, values }: OptionUse): { readonly and: number; readonly xor: number } | undefined {
  const read = masked(values[0] ?? '');
  if (!read) return undefined;
  const { value, mask } = read;
  switch (name) {
    case 'set-xmark':
      return { and: unsigned(~mask), xor: value };
    case 'set-mark':
      return { and: unsigned(~(mask | value)), xor: value };
    case 'and-mark':
      return { and: value, xor: 0 };
    case 'or-mark':
      return { and: unsigned(~value), xor: value };
    case 'xor-mark':
      return { and: ALL_BITS, xor: value };
    default:
      return undefined;
  }
}

function markTarget(extension: Extension): Target | undefined {
  const both = firstValue(extension, 'mask');
  const maskOf = (name: string): number | undefined =>
    masked(firstValue(extension, name) ?? both ?? '0xffffffff')?.value;
  const [connectionMask, markMask] = [maskOf('ctmask'), maskOf('nfmask')];
  const verb = extension.options.find(({ name }) =>
    /^(?:set-mark|set-xmark|and-mark|or-mark|xor-mark|save-mark|restore-mark)$/.test(name),
  );
  if (!verb || connectionMask === undefined || markMask === undefined) return undefined;
  if (has(extension, 'left-shift-mark') || has(extension, 'right-shift-mark')) return undefined;
  if (verb.name === 'save-mark' || verb.name === 'restore-mark') {
    const kind = verb.name === 'save-mark' ? 'saveMark' : 'restoreMark';
    return { kind: 'actions', actions: [{ kind, connectionMask, markMask }] };
  }
  const arithmetic = markArithmetic(verb);
  if (!arithmetic) return undefined;
  const kind = extension.name === 'MARK' ? 'setMark' : 'setConnectionMark';
  return { kind: 'actions', actions: [{ kind, ...arithmetic }] };
}

/** `ADDRESS`, `ADDRESS-ADDRESS`, `:PORT`, `ADDRESS:PORT-PORT`, `[ADDRESS6]:PORT`, and a base port after `/`. */
function translation(extension: Extension, { family }: TargetContext): Target | undefined {
  const name = extension.name === 'DNAT' ? 'to-destination' : 'to-source';
  const given = extension.options.filter((option) => option.name === name);
  const addresses: AddressSet[] = [];
  const ports: (readonly [number, number])[] = [];
  let shifted = false;
  for (const { values } of given) {
    const shape =
      family === 'ip6'
        ? /^(?:\[(?<boxed>[0-9a-f:.-]*)\](?::(?<ports>[\d-]+)(?<base>\/\d+)?)?|(?<bare>[0-9a-f:.]+(?:-[0-9a-f:.]+)?))$/i
        : /^(?<bare>[\d.]+(?:-[\d.]+)?)?(?::(?<ports>[\d-]+)(?<base>\/\d+)?)?$/;
    const parts = shape.exec(values[0]!)?.groups;
    if (!parts) return undefined;
    const host = parts.boxed ?? parts.bare;
    if (host) {
      const set = address(host, family);
      if (!set) return undefined;
      addresses.push(set);
    }
    if (parts.ports !== undefined) {
      const set = portSet(parts.ports, '-');
      if (!set || parts.ports.includes(',')) return undefined;
      ports.push([set[0]!, set[1]!]);
    }
    shifted ||= parts.base !== undefined;
  }
  if (addresses.length === 0 && ports.length === 0) return undefined;
  const nat: Nat = {
    kind: 'nat',
    translate: extension.name === 'DNAT' ? 'destination' : 'source',
    ...(addresses.length > 0 ? { to: { addresses: unite(addresses) } } : {}),
    ...(ports.length > 0 ? { ports: fromRanges(ports) } : {}),
  };
  return {
    kind: 'actions',
    actions: [nat],
    ...(shifted ? { approximated: 'the new port is shifted by the old one; read as any of the range' } : {}),
  };
}

/** NETMAP translates the destination before routing and the source behind it (xt_NETMAP.c). */
function netmap(extension: Extension, { family, hooks, asked }: TargetContext): Target | undefined {
  const addresses = address(firstValue(extension, 'to') ?? '', family);
  const before = hooks.has('prerouting') || hooks.has('output');
  const behind = hooks.has('postrouting') || hooks.has('input');
  if (!addresses || before === behind) return undefined;
  const translate = before ? 'destination' : 'source';
  const named = asked(translate);
  const of = named === undefined ? undefined : blockOf(address(named, family), addresses, family);
  return { kind: 'actions', actions: [{ kind: 'nat', translate, to: { addresses, prefix: true, ...(of && { of }) } }] };
}

/** The one network of the size of another in which these addresses lie. */
function blockOf(within: AddressSet | undefined, like: AddressSet, family: Family): AddressSet | undefined {
  const values: readonly (number | bigint)[] = within?.[family] ?? [];
  const size: readonly (number | bigint)[] = like[family];
  if (values.length !== 2 || size.length !== 2) return undefined;
  const count = BigInt(size[1]!) - BigInt(size[0]!) + 1n;
  const first = BigInt(values[0]!) - (BigInt(values[0]!) % count);
  const last = first + count - 1n;
  if (BigInt(values[1]!) > last || (count & (count - 1n)) !== 0n) return undefined;
  return family === 'ip4' ? { ip4: [Number(first), Number(last)], ip6: [] } : { ip4: [], ip6: [first, last] };
}
