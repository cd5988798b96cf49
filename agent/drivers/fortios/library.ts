/**
 * What the names of a virtual domain stand for. All of it follows from the text of some tables; readings of the same
 * text share it, and so their rules share their steps: what did not change is made once, and whoever compares two
 * readings sees that it is the same.
 */
import { createHash } from 'node:crypto';
import { recollection } from '../../lib/memo.js';
import { always, any, type Condition, type Family, type NamedObject, type Step } from '../../model/index.js';
import { type InternetServiceBook, internetServiceBook } from './internet-services.js';
import type { Domain } from './network.js';
import { type AddressBook, addressBook, conditionOf } from './objects.js';
import { profileTables } from './sections.js';
import { type ServiceBook, serviceBook } from './services.js';
import type { Table } from './tables.js';

export interface Library {
  readonly books: Readonly<Record<Family, AddressBook>>;
  readonly services: ServiceBook;
  readonly internetServices: InternetServiceBook;
  readonly objects: readonly NamedObject[];
  interfaceTest(names: readonly string[], kind: 'inInterface' | 'outInterface'): Condition;
  /** The step that asks for a condition: one for each, because many policies ask for the same. */
  testOnce(condition: Condition): Step;
  /** A digest of all that policies may depend on, beside the plain addresses and services that they name. */
  readonly surroundings: string;
  /** Only with the tables that policies may depend on. */
  readonly known: Domain;
}

export interface LibraryInput {
  /** Of the whole configuration. */
  readonly text: string;
  readonly defaultsOf: string | undefined;
  readonly whole: boolean;
  readonly centralNat: boolean;
}

/** Big ones are megabytes; most appliances are read every few minutes and are small. */
const LIBRARIES_MAX = 4;
const libraries = recollection<Library>(LIBRARIES_MAX);

export function libraryOf(domain: Domain, input: LibraryInput): Library {
  const tables = onlyBearing(domain.tables);
  const shared = onlyBearing(domain.shared);
  const surroundings = keyOf([tables, shared], domain, input, (path) => !named.test(path));
  const key = surroundings + keyOf([tables, shared], domain, input, (path) => named.test(path));
  let library = libraries.get(key);
  if (!library) {
    library = makeLibrary({ ...domain, tables, shared }, surroundings);
    libraries.set(key, library);
  }
  return library;
}

/** Addresses and services, which policies depend on by name. */
const named = /^firewall (?:address6?|addrgrp6?|service (?:custom|group))$/;

const bearing = new Set([
  ...['system interface', 'system zone', 'system sdwan', 'system virtual-wan-link', 'system ha', 'user group'],
  ...Object.values(profileTables),
]);

/** Of the tables of the firewall all but the policies themselves. */
function onlyBearing(tables: ReadonlyMap<string, Table>): ReadonlyMap<string, Table> {
  const isBearing = (path: string): boolean =>
    bearing.has(path) || (path.startsWith('firewall ') && !/ (?:[\w-]*policy6?|consolidated policy)$/.test(path));
  return new Map([...tables].filter(([path]) => isBearing(path)));
}

/** A digest of the text of tables, in its order: statements of one table may change another. */
function keyOf(
  scopes: readonly ReadonlyMap<string, Table>[],
  { name, prefix }: Domain,
  { text, defaultsOf = '', whole, centralNat }: LibraryInput,
  isMeant: (path: string) => boolean,
): string {
  const pieces = new Map<number, number>();
  for (const tables of scopes)
    for (const { path, pieces: some } of tables.values())
      if (isMeant(path)) for (const [start, end] of some) pieces.set(start, end);
  const hash = createHash('sha256').update(JSON.stringify([name, prefix, defaultsOf, whole, centralNat]));
  for (const [start, end] of [...pieces].sort(([one], [other]) => one - other)) hash.update(text.slice(start, end));
  return hash.digest('base64');
}

function makeLibrary(domain: Domain, surroundings: string): Library {
  const books = { ip4: addressBook(domain, 'ip4'), ip6: addressBook(domain, 'ip6') };
  const services = serviceBook(domain);
  return {
    surroundings,
    known: domain,
    books,
    services,
    internetServices: internetServiceBook(domain, books),
    objects: objectsOf(domain, books, services),
    interfaceTest: interfaceTests(domain),
    testOnce: stepsOnce(),
  };
}

/** Few tests of interfaces stand in many policies: each is one object, looked at once. */
function interfaceTests({ zones }: Domain): Library['interfaceTest'] {
  const tests = new Map<string, Condition>();
  return (names, kind) => {
    if (names.includes('any')) return always;
    const key = [kind, ...names].join('\n');
    let test = tests.get(key);
    if (!test) {
      const members = names.flatMap((name) => {
        const inside = zones.get(name)?.interfaces ?? [];
        return inside.length > 0 ? inside : [name];
      });
      test = { kind, names: [...new Set(members)].sort() };
      tests.set(key, test);
    }
    return test;
  };
}

function stepsOnce(): Library['testOnce'] {
  const steps = new WeakMap<Condition, Step>();
  return (condition) => {
    let step = steps.get(condition);
    if (!step) {
      step = { kind: 'match', condition };
      steps.set(condition, step);
    }
    return step;
  };
}

const BOTH: readonly Family[] = ['ip4', 'ip6'];

function objectsOf(domain: Domain, books: Library['books'], services: ServiceBook): readonly NamedObject[] {
  const within = domain.prefix === '' ? {} : { within: domain.name };
  const addresses = new Set([...books.ip4.names, ...books.ip6.names]);
  return [
    ...[...addresses].map((name): NamedObject => {
      const parts = BOTH.filter((family) => books[family].names.has(name)).map((family) =>
        conditionOf(books[family].meaningOf([name]), 'source'),
      );
      return { kind: 'address', name, ...within, condition: any(...parts) };
    }),
    ...services.names.map(
      (name): NamedObject => ({ kind: 'service', name, ...within, condition: services.meaningOf([name]).condition }),
    ),
  ];
}
