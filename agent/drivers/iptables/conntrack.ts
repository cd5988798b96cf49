import { all, any, type Condition, type ConnectionState, type ConnectionStatus, not } from '../../model/index.js';
import type { Extension, OptionUse } from './extract.js';
import type { MatchContext } from './matches.js';
import { optionText, unreadableMatch } from './unknowns.js';
import { address, portSet, protocolNumber } from './values.js';

const stateNames: Readonly<Record<string, ConnectionState>> = {
  NEW: 'new',
  ESTABLISHED: 'established',
  RELATED: 'related',
  INVALID: 'invalid',
  UNTRACKED: 'untracked',
};

const statusNames: Readonly<Record<string, ConnectionStatus>> = {
  EXPECTED: 'expected',
  SEEN_REPLY: 'seen-reply',
  ASSURED: 'assured',
  CONFIRMED: 'confirmed',
};

/** `-m state` is `-m conntrack --ctstate` with fewer words (xt_conntrack registers it as an alias). */
export function stateMatch(extension: Extension): Condition {
  const parts = extension.options.map((option) => option.known && states(option));
  return parts.every((part) => part !== false && part !== undefined)
    ? all(...(parts as Condition[]))
    : unreadableMatch(extension);
}

/** SNAT and DNAT are no states but status bits, which --ctstate tests beside the state. */
function states({ inverted, values }: OptionUse): Condition | undefined {
  const names = values[0]!.toUpperCase().split(',');
  const found: ConnectionState[] = [];
  const status: ConnectionStatus[] = [];
  for (const name of names) {
    if (name === 'SNAT' || name === 'DNAT') status.push(name === 'SNAT' ? 'snat' : 'dnat');
    else if (Object.hasOwn(stateNames, name)) found.push(stateNames[name]!);
    else return undefined;
  }
  const either = any(
    ...(found.length > 0 ? [{ kind: 'connectionState', states: found } as const] : []),
    ...(status.length > 0 ? [{ kind: 'connectionStatus', status } as const] : []),
  );
  return inverted ? not(either) : either;
}

/** Packets without a connection: conntrack_mt() then looks at the state alone. */
const withoutConnection: Condition = { kind: 'connectionState', states: ['invalid', 'untracked'] };

/**
 * `-m conntrack`. For a packet without a connection conntrack_mt() (net/netfilter/xt_conntrack.c) answers by
 * `--ctstate` alone, and "no" where the rule has none.
 */
export function connectionMatch(extension: Extension, { family }: MatchContext): Condition {
  const state: Condition[] = [];
  const others: Condition[] = [];
  for (const option of extension.options) {
    const part = option.known ? readOption(option, family) : undefined;
    if (!part) return unreadableMatch(extension);
    (option.name === 'ctstate' ? state : others).push(part);
  }
  if (others.length === 0) return all(...state);
  if (state.length === 0) return all(not(withoutConnection), ...others);
  return all(...state, any(withoutConnection, all(...others)));
}

function readOption(option: OptionUse, family: MatchContext['family']): Condition | undefined {
  const { name, inverted, values } = option;
  const value = values[0]!;
  const turned = (condition: Condition | undefined): Condition | undefined =>
    condition && inverted ? not(condition) : condition;
  switch (name) {
    case 'ctstate':
      return states(option);
    case 'ctstatus':
      return turned(statusMatch(value));
    case 'ctdir':
      return /^(?:ORIGINAL|REPLY)$/i.test(value)
        ? turned({ kind: 'connectionDirection', direction: /^ORIGINAL$/i.test(value) ? 'original' : 'reply' })
        : undefined;
    case 'ctproto': {
      const protocol = protocolNumber(value);
      return protocol === undefined
        ? undefined
        : turned(ofConnection(option, { kind: 'protocol', protocols: [protocol, protocol] }));
    }
    case 'ctorigsrc':
    case 'ctorigdst': {
      const addresses = address(value, family);
      return addresses && turned({ kind: name === 'ctorigsrc' ? 'source' : 'destination', addresses, original: true });
    }
    case 'ctorigsrcport':
    case 'ctorigdstport': {
      const ports = portSet(value);
      if (!ports) return undefined;
      return turned(
        portOfConnection(option, {
          kind: name === 'ctorigsrcport' ? 'sourcePort' : 'destinationPort',
          ports,
          original: true,
        }),
      );
    }
    case 'ctreplsrc':
    case 'ctrepldst': {
      const addresses = address(value, family);
      return (
        addresses && turned(answered(option, { kind: name === 'ctreplsrc' ? 'destination' : 'source', addresses }))
      );
    }
    case 'ctreplsrcport':
    case 'ctrepldstport': {
      const ports = portSet(value);
      if (!ports) return undefined;
      const kind = name === 'ctreplsrcport' ? 'destinationPort' : 'sourcePort';
      return turned(answered(option, portOfConnection(option, { kind, ports })));
    }
    default:
      // The time that is left is the kernel's to know.
      return turned(undecided(option, ''));
  }
}

/**
 * The status bits. `NONE` sets none, and conntrack_mt() asks whether any of the bits is set, so that
 * `--ctstatus NONE` never holds, whatever its name.
 */
function statusMatch(value: string): Condition | undefined {
  const status: ConnectionStatus[] = [];
  for (const name of value.toUpperCase().split(',')) {
    if (name === 'NONE') continue;
    if (!Object.hasOwn(statusNames, name)) return undefined;
    status.push(statusNames[name]!);
  }
  return status.length === 0 ? any() : { kind: 'connectionStatus', status };
}

/** The answer to a packet that begins a connection comes from where it is sent now, translated or not. */
function answered(option: OptionUse, test: Condition): Condition {
  const begins: Condition = { kind: 'connectionState', states: ['new'] };
  return any(all(begins, test), all(not(begins), undecided(option, ' of a connection that was there before')));
}

function undecided(option: OptionUse, why: string): Condition {
  const text = `conntrack ${optionText({ ...option, inverted: false })}${why}`;
  return { kind: 'unknown', id: `iptables match ${text}`, text };
}

/** An ICMP error belongs to the connection it reports on, whose protocol is not the packet's own. */
const icmpError: Condition = all(
  { kind: 'connectionState', states: ['related'] },
  { kind: 'protocol', protocols: [1, 1, 58, 58] },
);

function ofConnection(option: OptionUse, test: Condition): Condition {
  return any(
    all(not(icmpError), test),
    all(icmpError, undecided(option, ' of the connection an ICMP error reports on')),
  );
}

/** Of protocols without ports conntrack keeps other numbers in the same place: an ICMP id, a GRE key. */
function portOfConnection(option: OptionUse, test: Condition): Condition {
  const ported: Condition = { kind: 'protocol', protocols: [6, 6, 17, 17, 33, 33, 132, 132, 136, 136] };
  return any(all(ported, test), all(not(ported), undecided(option, ' of a protocol without ports')));
}
