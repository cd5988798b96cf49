import { type AddressSet, anyIp4, parseAddressSet, parseIp4 } from '../../model/index.js';
import type { VersionedDefault } from '../contract.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import type { Statement } from './parse.js';

/** Defaults that go by the version are data: the same reading can be taken with those of another version. */
export const sameZone: VersionedDefault = {
  what: 'traffic within one zone',
  since: [
    { version: '2.0', value: 'passes' },
    { version: '3.0', value: 'is stopped' },
  ],
};

export interface Service {
  readonly protocol: 'tcp' | 'udp';
  readonly first: number;
  readonly last: number;
}

export interface Policy {
  readonly number: string;
  readonly off: boolean;
  readonly permits: boolean;
  readonly from: string;
  readonly to: string;
  readonly source: string;
  readonly destination: string;
  readonly service: string;
  readonly schedule?: string;
  readonly at: Statement;
}

/** The vendor's own nouns, before anything of the model. */
export interface Config {
  readonly version?: string;
  readonly interfaces: readonly { readonly name: string; readonly zone: string; readonly address: number }[];
  readonly addresses: ReadonlyMap<string, AddressSet>;
  readonly services: ReadonlyMap<string, Service>;
  readonly policies: readonly Policy[];
  readonly locals: readonly { readonly service: string; readonly from: string; readonly at: Statement }[];
  readonly told: readonly { readonly kind: 'administrator' | 'logging'; readonly at: Statement }[];
  /** The last line was there. */
  readonly ended: boolean;
  /** What every configuration has and this one lacks: a part of it was not shown, and that is not the same as empty. */
  readonly absent: readonly string[];
}

interface Reader {
  readonly pattern: RegExp;
  /** False: the words are those of the grammar, and what they say cannot be. */
  readonly take: (words: Readonly<Record<string, string | undefined>>, at: Statement) => boolean;
}

/** The vendor's line, whole: whatever else stands in it is not understood, and is not passed over. */
const policy =
  /^policy (?<number>\d+) (?<off>off )?(?<action>permit|deny) from (?<from>\S+) to (?<to>\S+) source (?<source>\S+) destination (?<destination>\S+) service (?<service>\S+)(?: schedule (?<schedule>\S+))?(?: hits \d+)?$/;

export function extract(file: string, statements: readonly Statement[], coverage: CoverageBuilder): Config {
  let version: string | undefined;
  let ended = false;
  const interfaces: Config['interfaces'][number][] = [];
  const addresses = new Map<string, AddressSet>([['any', anyIp4]]);
  const services = new Map<string, Service>();
  const policies: Policy[] = [];
  const locals: Config['locals'][number][] = [];
  const told: Config['told'][number][] = [];

  const addAddress = (name: string, text: string): boolean => {
    const set = parseAddressSet(text);
    if (set) addresses.set(name, set);
    return set !== undefined;
  };
  const readers: readonly Reader[] = [
    {
      pattern: /^gatehouse (?<number>\d+(?:\.\d+)+)$/,
      take({ number }) {
        version = number;
        return true;
      },
    },
    {
      pattern: /^interface (?<name>\S+) zone (?<zone>\S+) address (?<address>[\d.]+)\/\d+$/,
      take({ name, zone, address }) {
        const own = parseIp4(address!);
        if (own !== undefined) interfaces.push({ name: name!, zone: zone!, address: own });
        return own !== undefined;
      },
    },
    { pattern: /^address (?<name>\S+) (?<text>\S+)$/, take: ({ name, text }) => addAddress(name!, text!) },
    {
      pattern: /^service (?<name>\S+) (?<protocol>tcp|udp) (?<first>\d+)(?:-(?<last>\d+))?$/,
      take({ name, protocol, first, last = first }) {
        const [low, high] = [Number(first), Number(last)];
        services.set(name!, { protocol: protocol === 'tcp' ? 'tcp' : 'udp', first: low, last: high });
        return low <= high && high <= 65_535;
      },
    },
    {
      pattern: policy,
      take({ number, off, action, from, to, source, destination, service, schedule }, at) {
        const ends = { from: from!, to: to!, source: source!, destination: destination! };
        const asks = { service: service!, ...(schedule !== undefined && { schedule }) };
        policies.push({ number: number!, off: off !== undefined, permits: action === 'permit', ...ends, ...asks, at });
        return true;
      },
    },
    {
      pattern: /^local (?<service>\S+) from (?<from>\S+)$/,
      take: ({ service, from }, at) => locals.push({ service: service!, from: from!, at }) > 0,
    },
    { pattern: /^administrator \S+ role \S+/, take: (_, at) => told.push({ kind: 'administrator', at }) > 0 },
    { pattern: /^log to \S+$/, take: (_, at) => told.push({ kind: 'logging', at }) > 0 },
    {
      pattern: /^end$/,
      take() {
        ended = true;
        return true;
      },
    },
  ];
  /** Known to filter nothing. Whole as well: a line that ran into another one is none of these. */
  const irrelevant = /^(?:hostname [\w.-]+|pair key \S+|(?:description|banner) .*)$/;

  for (const at of statements) {
    const reader = readers.find(({ pattern }) => pattern.test(at.text));
    if (irrelevant.test(at.text)) coverage.mark(file, at.line, 'irrelevant');
    else if (reader?.take(reader.pattern.exec(at.text)!.groups ?? {}, at)) coverage.mark(file, at.line, 'modelled');
    else coverage.lose(file, at.line, `not understood: ${at.words.slice(0, 2).join(' ')}`);
  }
  const begins = (word: string): boolean => statements.some(({ words }) => words[0] === word);
  const absent = ['gatehouse', 'hostname', 'interface', 'administrator'].filter((word) => !begins(word));
  return {
    ...(version !== undefined && { version }),
    ...{ interfaces, addresses, services, policies, locals, told, ended, absent },
  };
}
