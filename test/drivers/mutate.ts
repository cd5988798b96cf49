import { captureHash, stepOfSection } from '../../agent/collect/capture.js';
import type { Driver, Section } from '../../agent/drivers/contract.js';
import type { Device } from '../../agent/model/index.js';
import { capture, type Recording, recordingsOf } from './recorded.js';

/** A damage that no answer shows: the reading is clean, and says the same as before. */
export interface Unnoticed {
  readonly recording: string;
  readonly mutation: string;
}

export interface Mutated {
  mutations: number;
  /** Refused, or blind. */
  told: number;
  /** Read as another configuration, so that the difference shows. */
  seen: number;
  /** Only what means nothing was damaged: a comment, a counter, a name that nobody asks for. */
  harmless: number;
  readonly unnoticed: Unnoticed[];
}

type Random = (limit: number) => number;

/** Random numbers that come back with their seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** What only checks another section may be broken, and then checks nothing. */
function isAside({ dialogue }: Driver, { name }: Section): boolean {
  const step = stepOfSection(dialogue, name);
  return step !== undefined && (step.need === 'crossCheck' || step.beside === true);
}

interface Whole {
  readonly recording: Recording;
  readonly meaning: string;
  readonly hash: string;
}

/** What the reading says of the device, without where it stands and without remarks. */
function meaningOf({ pipeline, facts, listeners, later, laterUnknown, availability }: Device): string {
  return JSON.stringify([pipeline, facts, listeners, later, laterUnknown, availability], (key, value: unknown) =>
    /^(?:origin|policyOrigin|comment|text)$/.test(key) ? undefined : typeof value === 'bigint' ? `${value}n` : value,
  );
}

function isClean({ coverage }: Device): boolean {
  return coverage.blind.length === 0 && coverage.lines.every(({ state }) => state !== 'unrecognized');
}

/**
 * Lines whose words say nothing about what passes, though they are read, by driver: headers, names that nothing refers
 * to or that only name a rule, the other end of a socket, a shell. What is damaged in them and read all the same has taken nothing away.
 */
const SAYS_NOTHING: Readonly<Record<string, RegExp>> = {
  asa: /^(?:interface (?:Ethernet1|GigabitEthernet1|Management1)\/| (?:no )?(?:ip address|nameif|security-level)| cts |NGFW Version|icmp unreachable rate-limit|access-list (?:\S+ remark|CSM_FW_ACL_ .* rule-id \d+ event-log))/,
  example: /^hostname /,
  fortios:
    /^#config-version|set (?:role|ip|nat|netmask|logtraffic|vdom|gui-allow-unnamed-policy|end-ip|start-ip|default-gateway|timezone|type physical|uuid|snmp-index|psksecret|vdom-mode)|config (?:hosts|ip-range)|^ {4}edit \d+$/,
  iptables: /^#|^$|-m comment --comment/,
  // What a file says stands behind its name, and a user's home and shell behind the rest.
  'linux-access': /^\/(?:proc|etc)\/|^[a-z]+:x:\d+:/,
  'linux-listeners': /^(?:Proto|Netid|Active|nl|u_str|p_raw|unix|udp +0|[a-z-]+:x:|inet6? |\s*sl)|LISTEN|ESTAB/,
  nftables: /^\tct helper |^\t\tmeter |^\t\ttimeout |ct mark 0x|^\t\ttype ipv4_addr$/,
  panos:
    /localhost|rules backup from |ethernet1\/2 {|lab-machine|<interface><member>|<entry name=|^ +[a-z]+ {$|^\s*<config /,
  stormshield:
    /^(?:\d{3} code=|printers=|branch=|mail=|vendor=|separator |(?:Quality|Priority|Boot|Model|Supervisor)=|position=\d+ ruletype=separator |name=|lastmod=)/,
};

/** The recordings that are read cleanly, so that a damage can show. */
function wholeOnes(driver: Driver): readonly Whole[] {
  return recordingsOf(driver).flatMap((recording) => {
    const whole = capture(driver, recording.sections);
    const read = driver.read(whole, { device: 'device' });
    if (!read.ok || !isClean(read.value)) return [];
    return [{ recording, meaning: meaningOf(read.value), hash: captureHash(whole, driver.volatile) }];
  });
}

/** Damages recordings of a driver, one thing at a time. */
export function mutate(driver: Driver, count: number, seed: number): Mutated {
  const all = wholeOnes(driver);
  const result: Mutated = { mutations: 0, told: 0, seen: 0, harmless: 0, unnoticed: [] };
  const random = randomFrom(seed);
  while (all.length > 0 && result.mutations < count) {
    const whole = all[random(all.length)]!;
    const { sections } = whole.recording;
    const at = random(sections.length);
    const section = sections[at]!;
    if (isAside(driver, section)) continue;
    const damage = damages[random(damages.length)]!(section.text, random);
    if (!damage || words(damage.text) === words(section.text)) continue;
    result.mutations++;
    const mutated = sections.with(at, { ...section, text: damage.text });
    const outcome = outcomeOf(driver, whole, mutated);
    if (outcome !== 'unnoticed') result[outcome]++;
    else if (damage.without === undefined || SAYS_NOTHING[driver.id]?.test(damage.line)) result.harmless++;
    else {
      const without = sections.with(at, { ...section, text: damage.without });
      if (outcomeOf(driver, whole, without) === 'unnoticed') result.harmless++;
      else result.unnoticed.push({ recording: whole.recording.name, mutation: `${section.name}: ${damage.what}` });
    }
  }
  return result;
}

/** Where lines end and how far they are indented says nothing in most languages; what is wrong in others shows elsewhere. */
function words(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function outcomeOf(
  driver: Driver,
  whole: Whole,
  mutated: readonly Section[],
): 'told' | 'seen' | 'harmless' | 'unnoticed' {
  const damaged = capture(driver, mutated);
  const read = driver.read(damaged, { device: 'device' });
  if (!read.ok || !isClean(read.value)) return 'told';
  if (meaningOf(read.value) !== whole.meaning) return 'seen';
  return captureHash(damaged, driver.volatile) === whole.hash ? 'harmless' : 'unnoticed';
}

interface Damage {
  readonly text: string;
  /**
   * The whole text without the word that was damaged. Where its absence is noticed, the word has a meaning, and a
   * damaged one may not be read as the whole one. Absent: what is left says all there was.
   */
  readonly without?: string;
  /** The line as it was. */
  readonly line: string;
  readonly what: string;
}

type Damaging = (text: string, random: Random) => Damage | undefined;

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

function around(text: string, at: number): string {
  return JSON.stringify(text.slice(Math.max(0, at - 40), at + 40));
}

function lineOf(text: string, at: number): string {
  return text.slice(text.lastIndexOf('\n', at - 1) + 1).split('\n', 1)[0]!;
}

/** The text without the word that stands at a place; without the sign, where no word does. */
function withoutWord(text: string, at: number): string {
  const isWord = (place: number): boolean => /[\w.:/%-]/.test(text[place] ?? '');
  if (!isWord(at)) return text.slice(0, at) + text.slice(at + 1);
  let [first, end] = [at, at + 1];
  while (isWord(first - 1)) first--;
  while (isWord(end)) end++;
  return text.slice(0, first) + text.slice(end);
}

/** A text that ends early: what is missing may be told, or seen, or have no meaning. */
const cut: Damaging = (text, random) => {
  const at = random(text.length);
  const isWithin = /\w/.test(text[at - 1] ?? '') && /\w/.test(text[at]!);
  const without = isWithin ? { without: withoutWord(text, at) } : {};
  return {
    text: text.slice(0, at),
    ...without,
    line: lineOf(text, at),
    what: `cut behind ${shown(text.slice(Math.max(0, at - 40), at))}`,
  };
};

/** The index of a line that is not empty. */
function someLine(lines: readonly string[], random: Random): number | undefined {
  const filled = lines.flatMap((line, index) => (line.trim() === '' ? [] : [index]));
  return filled.length > 0 ? filled[random(filled.length)] : undefined;
}

const lost: Damaging = (text, random) => {
  const lines = text.split('\n');
  const at = someLine(lines, random);
  if (at === undefined) return undefined;
  return { text: lines.toSpliced(at, 1).join('\n'), line: lines[at]!, what: `line lost: ${shown(lines[at]!)}` };
};

const joined: Damaging = (text, random) => {
  const lines = text.split('\n');
  const at = someLine(lines, random);
  if (at === undefined || at + 1 >= lines.length) return undefined;
  const glued = `${lines[at]}${lines[at + 1]}`;
  // Between two words there was a sign, or there is a blank left.
  const isOne = /\w$/.test(lines[at]!) && /^\w/.test(lines[at + 1]!);
  const before = lines.slice(0, at).reduce((sum, line) => sum + line.length + 1, 0);
  const without = isOne ? { without: withoutWord(text, before + lines[at]!.length - 1) } : {};
  return {
    text: lines.toSpliced(at, 2, glued).join('\n'),
    ...without,
    line: lines[at]!,
    what: `joined: ${shown(glued)}`,
  };
};

const swapped: Damaging = (text, random) => {
  const at = random(text.length - 1);
  const [one, other] = [text[at]!, text[at + 1]!];
  // Of two digits the other number is another configuration; a quotation mark that moves may quote the same.
  if (one === other || /\s|"|'/.test(one + other) || /^\d\d$/.test(one + other)) return undefined;
  const now = `${text.slice(0, at)}${other}${one}${text.slice(at + 2)}`;
  return { text: now, without: withoutWord(text, at), line: lineOf(text, at), what: `swapped: ${around(now, at)}` };
};

const changed: Damaging = (text, random) => {
  const at = random(text.length);
  const signs = '{}[]"#;,.:!/- xq\n';
  const now = `${text.slice(0, at)}${signs[random(signs.length)]!}${text.slice(at + 1)}`;
  const what = `changed: ${around(text, at)} → ${around(now, at)}`;
  return { text: now, without: withoutWord(text, at), line: lineOf(text, at), what };
};

/** A bracket or quotation mark that is lost; where both of a pair are lost nothing may be missing. */
const dropped: Damaging = (text, random) => {
  const signs = [...text.matchAll(/[{}[\]()";]/g)].map(({ index }) => index);
  if (signs.length === 0) return undefined;
  const at = signs[random(signs.length)]!;
  return {
    text: text.slice(0, at) + text.slice(at + 1),
    line: lineOf(text, at),
    what: `sign lost: ${around(text, at)}`,
  };
};

const damages: readonly Damaging[] = [cut, lost, joined, swapped, changed, dropped];
