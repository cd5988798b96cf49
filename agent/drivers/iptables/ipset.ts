import { failure, type Problem, type Result, success } from '../../lib/result.js';
import type { Condition, Family } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { type Element, readElement } from './ipset-element.js';
import { membershipOf } from './ipset-members.js';
import type { Filler } from './memory.js';
import { splitWords } from './words.js';

/** One set of the kernel, as `ipset save` prints it. */
export interface IpSet {
  readonly name: string;
  /** `hash:net,iface` */
  readonly type: string;
  readonly family: Family | undefined;
  readonly fields: readonly string[];
  readonly netmask?: number;
  readonly markMask: number;
  /** Entries leave it by themselves after a time. */
  readonly timeout: boolean;
  readonly elements: readonly Element[];
  readonly members: readonly string[];
  readonly line: number;
}

export interface MembershipQuestion {
  readonly family: Family;
  /** `--return-nomatch`: elements flagged `nomatch` count and plain ones do not. */
  readonly reversed: boolean;
}

/** What rules may ask of the sets. */
export interface SetLibrary {
  membership(name: string, directions: readonly ('src' | 'dst')[], question: MembershipQuestion): Condition;
  /** What fills the list of `-m recent` of this name; undefined: no rule does. */
  recent(name: string): Filler | undefined;
}

/** Reads the output of `ipset save`. */
export function parseSets(file: string, text: string, coverage: CoverageBuilder): Result<ReadonlyMap<string, IpSet>> {
  const lines = coverage.source(file, text);
  const sets = new Map<string, IpSet & { elements: Element[]; members: string[] }>();
  let lost = 0;
  if (text !== '' && !text.endsWith('\n')) {
    return failure<Problem>({
      code: 'TRUNCATED',
      message: 'the last line has no end',
      file,
      line: lines.length,
      expected: 'a line end',
    });
  }
  for (const [index, raw] of lines.entries()) {
    const number = index + 1;
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) {
      coverage.mark(file, number, 'irrelevant');
      continue;
    }
    const words = splitWords(line)?.map((word) => word.text);
    const why = words ? readLine(words, number, sets) : 'a quote that is not closed';
    if (why === undefined) coverage.mark(file, number, 'modelled');
    else {
      coverage.lose(file, number, why);
      if (++lost > 1000) {
        return failure<Problem>({
          code: 'NOT_UNDERSTOOD',
          message: 'more than 1000 lines are not of ipset save',
          file,
          line: number,
        });
      }
    }
  }
  return success(sets);
}

/** Says why a line is lost; undefined where it was read. */
function readLine(
  words: readonly string[],
  line: number,
  sets: Map<string, IpSet & { elements: Element[]; members: string[] }>,
): string | undefined {
  const [verb, name, third, ...rest] = words;
  if (name === undefined || third === undefined) return 'not a line of ipset save';
  if (verb === 'create' || verb === '-N') {
    if (sets.has(name)) return `the set ${name} was created before`;
    const option = (key: string): string | undefined => {
      const at = rest.indexOf(key);
      return at < 0 ? undefined : rest[at + 1];
    };
    const netmask = option('netmask');
    const markMask = option('markmask');
    if (option('bitmask') !== undefined) return 'a set with an arbitrary bit mask';
    const [method, fields] = third.split(':');
    if (fields === undefined || !/^(?:hash|bitmap|list)$/.test(method!)) return `not a type of set: ${third}`;
    sets.set(name, {
      name,
      type: third,
      family:
        third.startsWith('list:') || third === 'bitmap:port' || third === 'hash:mac'
          ? undefined
          : option('family') === 'inet6'
            ? 'ip6'
            : 'ip4',
      fields: fields.split(','),
      ...(netmask === undefined ? {} : { netmask: Number(netmask) }),
      markMask: markMask === undefined ? 0xffff_ffff : Number(markMask),
      timeout: rest.includes('timeout'),
      elements: [],
      members: [],
      line,
    });
    return undefined;
  }
  if (verb !== 'add' && verb !== '-A') return 'not a line of ipset save';
  const set = sets.get(name);
  if (!set) return `an entry of the set ${name}, which was not created`;
  if (set.type === 'list:set') {
    set.members.push(third);
    return undefined;
  }
  const element = readElement(set, third, rest);
  if (!element) return `not an entry of ${set.type}: ${third}`;
  set.elements.push(element);
  return undefined;
}

export interface LibraryNotes {
  notCovered(sentence: string): void;
}

/**
 * Answers what it means to be in a set. `fillers` has the sets that rules themselves fill (`-j SET`): who is in them
 * depends on the traffic so far, and on what these rules let in.
 */
export function setLibrary(
  sets: ReadonlyMap<string, IpSet> | undefined,
  fillers: ReadonlyMap<string, Filler>,
  notes: LibraryNotes,
): SetLibrary {
  const membership: SetLibrary['membership'] = (name, directions, question) => {
    const where = directions.join(',');
    const set = sets?.get(name);
    const filler = fillers.get(`set ${name}`);
    if (filler !== undefined) {
      notes.notCovered(`The ipset ${name} is filled by rules (-j SET): who is in it depends on the traffic so far.`);
      return {
        kind: 'unknown',
        id: `ipset ${name} filled by ${filler.id} ${where}`,
        text: `${where} in the ipset ${name}, ${filler.text}`,
        stateful: true,
      };
    }
    if (!set) {
      notes.notCovered(`The members of the ipset ${name} were not read.`);
      return {
        kind: 'unknown',
        id: `ipset not read ${name} ${where}`,
        text: `${where} in the ipset ${name} (not read)`,
      };
    }
    if (set.timeout) {
      notes.notCovered(`Entries of the ipset ${name} may leave it by themselves (timeout): read as they were.`);
    }
    // ip_set_test() answers "no" where the rule names fewer directions than the set has dimensions, and for a set of
    // the other family.
    if (set.type === 'list:set') {
      return {
        kind: 'any',
        of: set.members
          .filter((member) => sets!.get(member)?.type !== 'list:set')
          .map((member) => membership(member, directions, question)),
      };
    }
    return membershipOf(set, directions, question);
  };
  return { membership, recent: (name) => fillers.get(`recent ${name}`) };
}
