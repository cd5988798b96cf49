import { z } from 'zod';
import { type AskedPacket, PROTOCOLS } from '../exposure/index.js';
import { type Intervals, single } from '../lib/intervals.js';
import { failure, type Result, success } from '../lib/result.js';
import {
  type ConnectionState,
  type Device,
  type Family,
  interfacesOf,
  type NamedObject,
  NO_FRAME,
  type Pipeline,
  parseIp4,
  parseIp6,
  parseMac,
  type Rule,
  type RuleList,
} from '../model/index.js';
import { type Assumed, askApplications } from './offline-applications.js';
import { decidingStep, type NatView, natView } from './offline-nat.js';
import { routedOut } from './offline-routes.js';

const FLAGS: Readonly<Record<string, number>> = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 };

const port = z.number().int().min(0).max(65535);
const byte = z.number().int().min(0).max(255);
const caseSchema = z.object({
  id: z.union([z.string(), z.number()]),
  at: z
    .object({
      chain: z.string().optional(),
      acl: z.string().optional(),
      filter: z.string().optional(),
      object: z
        .object({
          kind: z.enum(['address', 'service', 'protocol']),
          name: z.string(),
          vsys: z.string().optional(),
          book: z.string().optional(),
        })
        .strict()
        .optional(),
      device: z.string().optional(),
    })
    .strict()
    .refine(({ device: _, ...at }) => Object.keys(at).length <= 1, 'one of chain, acl, filter, object')
    .optional(),
  packet: z
    .object({
      iif: z.string().optional(),
      oif: z.string().optional(),
      fromZone: z.string().optional(),
      toZone: z.string().optional(),
      src: z.string().optional(),
      dst: z.string().optional(),
      proto: z.union([z.string(), z.number()]).optional(),
      sport: port.optional(),
      dport: port.optional(),
      icmpType: byte.optional(),
      icmpCode: byte.optional(),
      smac: z.string().optional(),
      state: z.string().optional(),
      tcpFlags: z.array(z.string()).optional(),
      app: z.string().optional(),
    })
    .strict(),
});
type AskCase = z.infer<typeof caseSchema>;

/** One answer of `ecluse ask`, as the contract fixes it. */
export interface AskAnswer {
  readonly id: string | number;
  readonly verdict: 'allow' | 'deny' | 'maybe' | 'no-match';
  readonly because: readonly {
    readonly file: string;
    readonly line: number;
    readonly rule: string;
    readonly text: string;
  }[];
  readonly unknowns: readonly string[];
  readonly assuming: readonly string[];
  readonly nat?: NatView;
  readonly path?: readonly {
    readonly list: string;
    readonly did: string;
    readonly rule: string;
    readonly text: string;
  }[];
}

/** Answers one line of a cases file. `where` names it in errors, as `FILE:LINE`. */
export function askLine(
  device: Device,
  line: string,
  where: { readonly file: string; readonly line: number },
  explain: boolean,
): Result<AskAnswer> {
  const wrong = (message: string, expected: string): Result<never> =>
    failure({ code: 'BAD_QUESTION', message, expected, ...where });
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch {
    return wrong('this line is not JSON', 'one object a line: {"id": …, "packet": {…}}');
  }
  const parsed = caseSchema.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return wrong(`${issue?.path.join('.') || 'the question'}: ${issue?.message}`, 'the fields of the ask contract');
  }
  const question = parsed.data;
  const packet = askedPacket(question);
  if (!packet.ok) return failure({ ...packet.error, ...where });
  const asked = pipelineAt(device, question.at?.device);
  if (!asked.ok) return failure({ ...asked.error, ...where });
  const places = placesOf(asked.value, question);
  if (!places.ok) return failure({ ...places.error, ...where });
  const lists = listsAt(asked.value, question.at);
  if (!lists.ok) return failure({ ...lists.error, ...where });
  const list =
    lists.value.find((one) => packet.value.families.every((family) => one.families.includes(family))) ?? lists.value[0];
  const pipeline = question.at?.object && list ? { ...asked.value, lists: [list] } : asked.value;
  const { assuming, verdict: answer } = askPlaces(
    places.value.map((place) => askPlace(pipeline, { ...packet.value, ...place }, list, question.packet.app)),
  );
  const { verdict, trace, unknowns, env } = answer;
  const deciding = decidingStep(pipeline, trace);
  const nat = natView(env, packet.value);
  return success({
    id: question.id,
    verdict,
    because: deciding
      ? [{ file: deciding.rule.file, line: deciding.rule.line, rule: deciding.rule.rule, text: deciding.rule.text }]
      : [],
    unknowns,
    assuming,
    ...(nat && { nat }),
    ...(explain && trace
      ? {
          path: trace.steps.map((step) => ({
            list: step.list,
            did: step.did,
            rule: step.rule.rule,
            text: step.rule.text,
          })),
        }
      : {}),
  });
}

/** The device's, or that of a firewall which it manages. */
function pipelineAt({ pipeline, managed = {} }: Device, id: string | undefined): Result<Pipeline> {
  if (id === undefined) return success(pipeline);
  if (Object.hasOwn(managed, id)) return success(managed[id]!);
  const expected = wordsOf(Object.keys(managed)) || 'none: this is no configuration of a manager';
  return failure({ code: 'BAD_QUESTION', message: `there is no managed device ${id}`, expected });
}

/** What a question narrows itself to; none: the whole device. */
function listsAt({ lists, objects = [] }: Pipeline, at: AskCase['at']): Result<readonly RuleList[]> {
  const name = at?.chain ?? at?.acl ?? at?.filter;
  // `filter/FORWARD` also finds `ip/filter/FORWARD` and `ip6/filter/FORWARD`: the packet's family decides.
  const found = name === undefined ? [] : lists.filter(({ id }) => id === name || id.endsWith(`/${name}`));
  if (name !== undefined && found.length === 0) {
    const expected = wordsOf(lists.map(({ id }) => id)) || 'none: no list of rules was read';
    return failure({ code: 'BAD_QUESTION', message: `there is no list of rules ${name}`, expected });
  }
  if (!at?.object) return success(found);
  const { kind, name: wanted, vsys, book } = at.object;
  const within = vsys ?? book;
  const object = objects.find(
    (one) => one.kind === kind && one.name === wanted && (within === undefined || one.within === within),
  );
  if (object) return success([listOfObject(object)]);
  const known = wordsOf(objects.filter((one) => one.kind === kind).map((one) => one.name)) || 'none: no such was read';
  const place = within === undefined ? '' : ` in ${within}`;
  return failure({ code: 'BAD_QUESTION', message: `there is no ${kind} ${wanted}${place}`, expected: known });
}

function wordsOf(names: readonly string[]): string {
  return names.slice(0, 12).join(', ');
}

/** What an object holds is what a list would accept whose only rule asks for it. */
function listOfObject({ kind, name, condition }: NamedObject): RuleList {
  const origin = { file: '', line: 0, rule: `${kind} ${name}`, text: name };
  const rule: Rule = { origin, steps: [{ kind: 'match', condition }, { kind: 'accept' }] };
  return { id: `${kind} ${name}`, rules: [rule], families: ['ip4', 'ip6'], origin };
}

function askedPacket(question: AskCase): Result<AskedPacket> {
  const { packet } = question;
  const wrong = (message: string, expected: string): Result<never> =>
    failure({ code: 'BAD_QUESTION', message, expected });
  const addresses: Partial<Record<'source' | 'destination', number | bigint>> = {};
  const families = new Set<Family>(['ip4', 'ip6']);
  for (const [side, text] of [
    ['source', question.at?.object?.kind === 'address' ? (packet.src ?? packet.dst) : packet.src],
    ['destination', packet.dst],
  ] as const) {
    if (text === undefined) continue;
    const value = parseIp4(text) ?? parseIp6(text);
    if (value === undefined) return wrong(`${side} ${text} is not an address`, 'one IPv4 or IPv6 address');
    addresses[side] = value;
    families.delete(typeof value === 'number' ? 'ip6' : 'ip4');
  }
  if (families.size === 0)
    return wrong('source and destination are of different families', 'two IPv4 or two IPv6 addresses');
  const protocol =
    typeof packet.proto === 'string'
      ? (PROTOCOLS[packet.proto.toLowerCase()] ?? (/^\d+$/.test(packet.proto) ? Number(packet.proto) : undefined))
      : packet.proto;
  if (packet.proto !== undefined && (protocol === undefined || protocol > 255))
    return wrong(`protocol ${packet.proto} is not known`, 'a name such as tcp, or a number 0–255');
  const state = (packet.state ?? 'new').toLowerCase();
  if (!['new', 'established', 'related', 'invalid', 'untracked'].includes(state))
    return wrong(`state ${packet.state} is not known`, 'new, established, related, invalid or untracked');
  const flagNames = packet.tcpFlags ?? (protocol === 6 && state === 'new' ? ['SYN'] : undefined);
  const bits = flagNames?.map((name) => FLAGS[name.toUpperCase()]);
  if (bits?.includes(undefined))
    return wrong(`TCP flags ${flagNames?.join(',')} are not known`, Object.keys(FLAGS).join(', '));
  const direction =
    packet.oif === 'self' ? 'input' : packet.iif === 'self' ? 'output' : chainDirection(question.at?.chain);
  const mac = packet.smac === 'none' ? NO_FRAME : packet.smac === undefined ? undefined : parseMac(packet.smac);
  if (packet.smac !== undefined && mac === undefined)
    return wrong(`smac ${packet.smac} is not a hardware address`, 'such as 00:1b:21:3a:4c:5d, or none');
  const codes = icmpCodes(packet, protocol);
  const icmp = codes?.[0] === codes?.[1] ? codes?.[0] : undefined;
  // What an address object holds is asked of the source; a packet of which only the destination is given asks it there.
  if (question.at?.object?.kind === 'address' && addresses.source === undefined && addresses.destination !== undefined)
    addresses.source = addresses.destination;
  return success({
    families: [...families],
    direction,
    state: state as ConnectionState,
    fields: {
      ...addresses,
      ...(protocol === undefined ? {} : { protocol }),
      ...(packet.sport === undefined ? {} : { sourcePort: packet.sport }),
      ...(packet.dport === undefined ? {} : { destinationPort: packet.dport }),
      ...(icmp === undefined ? {} : { icmp }),
      ...(mac === undefined ? {} : { sourceMac: mac }),
      ...(bits === undefined ? {} : { tcpFlags: bits.reduce<number>((sum, bit) => sum | (bit ?? 0), 0) }),
    },
    ...(codes && icmp === undefined ? { icmpCodes: codes } : {}),
  });
}

/** Messages of errors, whose code says which one it is: of every other type there is only the code 0. */
const manyCodes: Readonly<Record<number, readonly number[]>> = { 1: [3, 5, 9, 11, 12], 58: [1, 3, 4] };

/** The type and the codes that a question leaves open. */
function icmpCodes({ icmpType, icmpCode }: AskCase['packet'], protocol: number | undefined): Intervals | undefined {
  if (icmpType === undefined) return undefined;
  const first = icmpType * 256;
  if (icmpCode !== undefined) return single(first + icmpCode);
  return manyCodes[protocol ?? 1]?.includes(icmpType) ? [first, first + 255] : single(first);
}

type Place = Pick<AskedPacket, 'inInterface' | 'outInterface'>;

/** More pairs of interfaces than this are two zones that no device has. */
const PLACES_MAX = 10_000;

/** Where the packet may come in and go out: the interfaces that it names, or all those of the zones that it names. */
function placesOf({ zones }: Pipeline, { packet }: AskCase): Result<readonly Place[]> {
  const side = (name: string | undefined, zone: string | undefined): Result<readonly (string | undefined)[]> => {
    const given = name === 'self' ? undefined : name;
    if (zone === undefined) return success([given]);
    const members = interfacesOf(zones, zone);
    if (given === undefined) return success(members);
    if (members.includes(given)) return success([given]);
    const expected = members.join(', ');
    return failure({ code: 'BAD_QUESTION', message: `${given} is not in the zone ${zone}`, expected });
  };
  const from = side(packet.iif, packet.fromZone);
  if (!from.ok) return from;
  const to = side(packet.oif, packet.toZone);
  if (!to.ok) return to;
  if (from.value.length * to.value.length > PLACES_MAX) {
    const expected = 'an interface of one of the two zones in iif or oif';
    return failure({ code: 'BAD_QUESTION', message: 'these zones have too many interfaces', expected });
  }
  return success(
    from.value.flatMap((inInterface) =>
      to.value.map((outInterface) => ({
        ...(inInterface === undefined ? {} : { inInterface }),
        ...(outInterface === undefined ? {} : { outInterface }),
      })),
    ),
  );
}

/** Where the question leaves open how a packet goes out, and routes decide it, it goes that way. */
function askPlace(
  pipeline: Device['pipeline'],
  packet: AskedPacket,
  list: RuleList | undefined,
  app: string | undefined,
): Assumed {
  const plain = askApplications(pipeline, packet, list, app);
  if (packet.outInterface !== undefined) return plain;
  const out = routedOut(pipeline, packet);
  if (out === undefined || out === '') return plain;
  const routed = askApplications(pipeline, { ...packet, outInterface: out }, list, app);
  if (routed.verdict.verdict === 'maybe' || routed.verdict.verdict === plain.verdict.verdict) return plain;
  return { ...routed, assuming: [...routed.assuming, `the packet leaves by ${out}, as routes say`] };
}

/** One answer for all places: where they differ, it depends on the interface. */
function askPlaces(answers: readonly Assumed[]): Assumed {
  const first = answers[0]!;
  if (answers.length === 1) return first;
  const unknowns = [...new Set(answers.flatMap(({ verdict }) => verdict.unknowns))];
  const assuming = [...new Set(answers.flatMap((answer) => answer.assuming))];
  if (answers.every(({ verdict }) => verdict.verdict === first.verdict.verdict))
    return { verdict: { ...first.verdict, unknowns }, assuming };
  return { verdict: { verdict: 'maybe', unknowns: ['the interface in the zone', ...unknowns] }, assuming };
}

/** A question about one chain follows the path that the chain stands on, as far as its name says. */
function chainDirection(chain: string | undefined): AskedPacket['direction'] {
  if (chain && /\/(?:INPUT|input)$/.test(chain)) return 'input';
  if (chain && /\/(?:OUTPUT|output)$/.test(chain)) return 'output';
  return 'forward';
}
