import type { AskedPacket } from '../exposure/index.js';
import { failure, type Result, success } from '../lib/result.js';
import {
  type Device,
  interfacesOf,
  type NamedObject,
  type Pipeline,
  type Rule,
  type RuleList,
} from '../model/index.js';
import { type Assumed, askApplications } from './offline-applications.js';
import { decidingStep, type NatView, natView } from './offline-nat.js';
import { askedPacket, type Question, readQuestion } from './offline-question.js';
import { routedOut } from './offline-routes.js';

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
  const read = readQuestion(line);
  if (!read.ok) return failure({ ...read.error, ...where });
  const question = read.value;
  const packet = askedPacket(question);
  if (!packet.ok) return failure({ ...packet.error, ...where });
  const asked = pipelineAt(device, question.at?.device);
  if (!asked.ok) return failure({ ...asked.error, ...where });
  const places = placesOf(asked.value, question);
  if (!places.ok) return failure({ ...places.error, ...where });
  const lists = listsAt(asked.value, question.at);
  if (!lists.ok) return failure({ ...lists.error, ...where });
  const { families } = packet.value;
  const list = lists.value.find((one) => families.every((family) => one.families.includes(family))) ?? lists.value[0];
  const pipeline = question.at?.object && list ? { ...asked.value, lists: [list] } : asked.value;
  const { app } = question.packet;
  const { assuming, verdict: answer } = askPlaces(
    places.value.map((place) => askPlace(pipeline, { ...packet.value, ...place }, list, app)),
  );
  const { verdict, trace, way, unknowns, env } = answer;
  const deciding = decidingStep(pipeline, trace)?.rule;
  const because = deciding
    ? [{ file: deciding.file, line: deciding.line, rule: deciding.rule, text: deciding.text }]
    : [];
  const nat = natView(env, packet.value);
  const plain: AskAnswer = { id: question.id, verdict, because, unknowns, assuming };
  const steps = explain ? [...(way ?? []), ...(trace?.steps ?? [])] : [];
  if (!nat && steps.length === 0) return success(plain);
  return success({
    ...plain,
    ...(nat && { nat }),
    ...(steps.length > 0 && {
      path: steps.map(({ list: id, did, rule: { rule, text } }) => ({ list: id, did, rule, text })),
    }),
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
function listsAt({ lists, objects = [] }: Pipeline, at: Question['at']): Result<readonly RuleList[]> {
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

type Place = Pick<AskedPacket, 'inInterface' | 'outInterface'>;

/** More pairs of interfaces than this are two zones that no device has. */
const PLACES_MAX = 10_000;

/** Where the packet may come in and go out: the interfaces that it names, or all those of the zones that it names. */
function placesOf({ zones }: Pipeline, { packet }: Question): Result<readonly Place[]> {
  if (packet.fromZone === undefined && packet.toZone === undefined)
    return success([placeOf(named(packet.iif), named(packet.oif))]);
  const side = (name: string | undefined, zone: string | undefined): Result<readonly (string | undefined)[]> => {
    const given = named(name);
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
  return success(from.value.flatMap((incoming) => to.value.map((outgoing) => placeOf(incoming, outgoing))));
}

/** `self` is no interface but says the direction. */
function named(name: string | undefined): string | undefined {
  return name === 'self' ? undefined : name;
}

function placeOf(incoming: string | undefined, outgoing: string | undefined): Place {
  const place: { inInterface?: string; outInterface?: string } = {};
  if (incoming !== undefined) place.inInterface = incoming;
  if (outgoing !== undefined) place.outInterface = outgoing;
  return place;
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
