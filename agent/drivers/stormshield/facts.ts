import { ranges } from '../../lib/intervals.js';
import {
  type AccessFact,
  type AccessFactKind,
  type AddressSet,
  type Availability,
  formatRange,
} from '../../model/index.js';
import type { Section } from '../contract.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { type Answer, attributes, type Entry, type Part } from './answer.js';
import { addressesOf, type Library } from './library.js';

/** Answers about what stands beside the filter: who may enter, tunnels, routes, logs, the pair. */
interface Topic {
  readonly area: string;
  readonly kind: AccessFactKind;
  /** For whom could not be read. */
  readonly what: string;
  /** What a row is called; undefined: it says nothing of the topic, as a separator does. */
  readonly subject: (fields: Fields, part: Part) => string | undefined;
  /** The whole of a part is one thing, not each of its rows. */
  readonly isWhole?: true;
}

type Fields = ReadonlyMap<string, string>;

/** A remark, a colour, a place in a list, and what a counter or a clock shows. */
const BESIDE =
  /^(?:comment|color|position|ruleid|modify|used|quality|boot|lastconfigsync|lastmodechange|linkstatuschanged|backuplinkstatuschanged|backupdate|collapse|uptime)$/;

const named = (what: string) => (fields: Fields, part: Part) => `${what} ${fields.get('name') ?? part.title}`;

function tunnel(fields: Fields): string | undefined {
  if (!fields.has('local') && !fields.has('remote')) return undefined;
  return `tunnel ${fields.get('local') ?? 'any'} to ${fields.get('remote') ?? 'any'} by ${fields.get('peer') ?? 'nobody'}`;
}

function route(fields: Fields): string | undefined {
  const to = fields.get('remote') ?? fields.get('address');
  return to === undefined
    ? undefined
    : `route to ${to} by ${fields.get('gateway') ?? fields.get('interface') ?? 'nothing'}`;
}

function administrator(fields: Fields): string | undefined {
  const [who] = ['user', 'group'].flatMap((kind) => (fields.has(kind) ? [`${kind} ${fields.get(kind)}`] : []));
  return who && `administrator ${who}`;
}

const topics: Readonly<Record<string, Topic>> = {
  administrators: { area: 'administrators', kind: 'administrator', what: 'administrators', subject: administrator },
  'web-administration': {
    area: 'web administration',
    kind: 'managementService',
    what: 'from where the firewall may be administered',
    subject: (fields) => `web administration from ${fields.get('name')}`,
  },
  routes: { area: 'routes', kind: 'route', what: 'routes', subject: route },
  'routes-6': { area: 'IPv6 routes', kind: 'route', what: 'IPv6 routes', subject: route },
  'default-route': {
    area: 'default route',
    kind: 'route',
    what: 'the default route',
    subject: () => 'default route',
    isWhole: true,
  },
  'vpn-peers': { area: 'VPN peers', kind: 'vpn', what: 'IPsec peers', subject: named('IPsec peer') },
  'vpn-slots': { area: 'VPN slot', kind: 'vpn', what: 'IPsec slots', subject: () => undefined, isWhole: true },
  'vpn-tunnels': { area: 'VPN tunnels', kind: 'vpn', what: 'IPsec tunnels', subject: tunnel },
  'vpn-mobile': { area: 'mobile VPN', kind: 'vpn', what: 'IPsec tunnels of mobile users', subject: tunnel },
  'ssl-vpn': { area: 'SSL VPN', kind: 'vpn', what: 'the SSL VPN', subject: () => 'SSL VPN', isWhole: true },
  syslog: {
    area: 'syslog',
    kind: 'logging',
    what: 'where logs are sent',
    subject: named('syslog profile'),
    isWhole: true,
  },
};

/** The step of the dialogue that a section answers, where it is one about what stands beside the filter. */
export function topicOf(name: string): string | undefined {
  return [...Object.keys(topics), 'ha'].find((id) => name === id || name.endsWith(`-${id}`));
}

export interface Told {
  readonly facts: readonly AccessFact[];
  readonly areas: readonly string[];
  readonly availability?: Availability;
}

export interface TopicReading {
  readonly section: Section;
  readonly answer: Answer;
}

/** Facts to compare. An area counts only where all that belongs to it was answered. */
export function factsOf(readings: readonly TopicReading[], library: Library, coverage: CoverageBuilder): Told {
  const facts: AccessFact[] = [];
  const areas = new Set<string>();
  const unread = new Set<string>();
  let availability: Availability | undefined;
  for (const { section, answer } of readings) {
    const id = topicOf(section.name)!;
    const topic = topics[id];
    const what = topic?.what ?? 'the state of the pair';
    const why = whyNot(section, answer);
    if (why !== undefined) {
      unread.add(topic?.area ?? '');
      // What this account may not read, or this version does not know, stays so; anything else is a reading that failed.
      if (mayNot(section, answer)) coverage.notCovered(`Not read: ${what} (${why}).`);
      else coverage.blind(`${section.name}: ${why}`);
      continue;
    }
    const odd = topic ? answer.parts.flatMap(({ entries }) => entries.filter((one) => !fieldsOf(one))) : [];
    for (const { line } of odd) {
      unread.add(topic!.area);
      coverage.lose(section.name, line, `a row of ${what} is not understood`);
    }
    if (id === 'vpn-slots' && !answer.parts.some(({ entries }) => entries.some(({ text }) => /^active=/.test(text))))
      coverage.lose(section.name, 1, 'which slot is active is expected');
    if (!topic) availability = pairOf(section, answer, coverage);
    else {
      areas.add(topic.area);
      facts.push(...told(topic, section, answer, { library, coverage }));
    }
  }
  const seen = new Set(readings.map(({ section }) => topicOf(section.name)));
  // Tunnels that nobody asked for because no slot is in force are none.
  if (seen.has('vpn-slots')) for (const id of ['vpn-tunnels', 'vpn-mobile']) areas.add(topics[id]!.area);
  for (const area of unread) areas.delete(area);
  facts.sort((a, b) => (`${a.area} ${a.subject}` < `${b.area} ${b.subject}` ? -1 : 1));
  return { facts, areas: [...areas].sort(), ...(availability && { availability }) };
}

function mayNot({ failure }: Section, { refusal }: Answer): boolean {
  return failure ? /^(?:missing-right|exit-code|missing-program)$/.test(failure.kind) : refusal !== undefined;
}

function whyNot({ failure }: Section, { refusal, unfinished, framed }: Answer): string | undefined {
  if (failure) return failure.problem.message;
  if (refusal !== undefined) return `the firewall refused: ${refusal}`;
  if (unfinished) return 'the answer has no end';
  return framed ? undefined : 'it is no answer of the firewall';
}

function told(
  topic: Topic,
  section: Section,
  { parts }: Answer,
  { library, coverage }: { readonly library: Library; readonly coverage: CoverageBuilder },
): readonly AccessFact[] {
  const facts: AccessFact[] = [];
  const fact = (subject: string, value: string, line: number, text: string): void =>
    void facts.push({
      kind: topic.kind,
      subject,
      value,
      area: topic.area,
      origin: { file: section.name, line, rule: subject, text },
    });
  for (const part of parts) {
    coverage.mark(section.name, part.line, 'irrelevant');
    const rows = part.entries.map((entry) => ({ entry, fields: fieldsOf(entry) }));
    for (const { entry, fields } of rows) {
      const isHeld = fields !== undefined && (topic.isWhole || topic.subject(fields, part) !== undefined);
      coverage.mark(section.name, entry.line, isHeld ? 'modelled' : 'irrelevant');
    }
    if (topic.isWhole) {
      const all = new Map(rows.flatMap(({ fields }) => [...(fields ?? [])]));
      const subject = topic.subject(all, part);
      if (subject !== undefined && all.size > 0)
        fact(
          `${subject}${parts.length > 1 && part.title !== 'Config' && !all.has('name') ? ` ${part.title}` : ''}`,
          wordsOfFields(all),
          part.line,
          `[${part.title}]`,
        );
      continue;
    }
    for (const { entry, fields } of rows) {
      const subject = fields && topic.subject(fields, part);
      if (fields && subject !== undefined) fact(subject, contentOf(fields, topic, library), entry.line, entry.text);
    }
  }
  return facts;
}

/** A list has bare names; everything else has fields. */
function fieldsOf({ text }: Entry): Fields | undefined {
  const found = attributes(text);
  if (found) return found;
  const setting = /^(?<key>[\w-]+)=(?<value>.*)$/.exec(text)?.groups;
  if (setting) return new Map([[setting.key!.toLowerCase(), setting.value!.replace(/^"(?<plain>.*)"$/, '$<plain>')]]);
  return /^[^\s="]+$/.test(text) ? new Map([['name', text]]) : undefined;
}

function wordsOfFields(fields: Fields): string {
  return [...fields]
    .filter(([key]) => !BESIDE.test(key))
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(' ');
}

/** A name stands for what it holds: an object that was edited lets in somebody else. */
function contentOf(fields: Fields, { kind }: Topic, library: Library): string {
  if (kind !== 'managementService') return wordsOfFields(fields);
  const name = fields.get('name') ?? '';
  const addresses = addressesOf(name, library);
  return addresses ? addressText(addresses) : `${name}, whose addresses are not in this capture`;
}

function addressText({ ip4, ip6 }: AddressSet): string {
  const texts = [...ranges(ip4), ...ranges<bigint>(ip6)].map(([first, last]) => formatRange(first, last));
  return texts.join(', ');
}

/** What of HA INFO tells who is there; quality, priorities, links and times are beside it. */
const pairField = /^(?<key>Reply|Mode|State|ConnectedOn)="?(?<value>[^"]*)"?$/i;

/** `[serial]` of each member, with Reply, Mode=Active|Passive, State and ConnectedOn (HA INFO). */
function pairOf(section: Section, { parts }: Answer, coverage: CoverageBuilder): Availability | undefined {
  const members = parts.flatMap((part) => {
    coverage.mark(section.name, part.line, 'irrelevant');
    const fields = new Map<string, string>();
    for (const entry of part.entries) {
      const { key, value } = pairField.exec(entry.text)?.groups ?? {};
      coverage.mark(section.name, entry.line, key === undefined ? 'irrelevant' : 'modelled');
      if (key !== undefined) fields.set(key.toLowerCase(), value!);
    }
    const isMember = !/^(?:|Notifications.*)$/i.test(part.title);
    const isWhole =
      fields.get('reply') === '0' || (fields.has('reply') && fields.has('mode') && fields.has('connectedon'));
    if (isMember && !isWhole)
      coverage.lose(section.name, part.line, 'Reply, Mode and ConnectedOn of a member are expected');
    return isMember && isWhole ? [{ part, fields }] : [];
  });
  const here = members.find(({ fields }) => fields.get('connectedon') === '1');
  if (members.length === 0) return undefined;
  if (!here) {
    coverage.notCovered('Which member of the pair was read is not in the answer to HA INFO.');
    return undefined;
  }
  const role = (fields: Fields): Availability['members'][number]['role'] => {
    if (fields.get('reply') === '0' || /^(?:Down|Reboot)$/i.test(fields.get('state') ?? '')) return 'failed';
    const mode = fields.get('mode')?.toLowerCase();
    return mode === 'active' ? 'active' : mode === 'passive' ? 'standby' : 'unknown';
  };
  return {
    member: here.part.title,
    members: members.map(({ part, fields }) => ({ name: part.title, role: role(fields) })),
    origin: { file: section.name, line: here.part.line, rule: 'HA INFO', text: `[${here.part.title}]` },
  };
}
