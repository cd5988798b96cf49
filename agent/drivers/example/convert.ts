import { fromRanges, single } from '../../lib/intervals.js';
import {
  type AccessFact,
  all,
  type Condition,
  type Origin,
  type Pipeline,
  type Rule,
  type RuleList,
} from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { defaultIn } from '../shared/version.js';
import { type Config, type Policy, sameZone } from './extract.js';
import type { Statement } from './parse.js';

const protocols = { tcp: 6, udp: 17 } as const;

export interface Converted {
  readonly pipeline: Pipeline;
  readonly facts: readonly AccessFact[];
}

/** From the vendor's nouns to the model. `defaultsOf`: the version whose defaults are meant. */
export function convert(
  file: string,
  config: Config,
  { coverage, defaultsOf }: { readonly coverage: CoverageBuilder; readonly defaultsOf: string | undefined },
): Converted {
  const originOf = (rule: string, { line, text }: Pick<Statement, 'line' | 'text'>): Origin => ({
    file,
    line,
    rule,
    text: text.replace(/ hits \d+$/, ''),
  });
  const place = originOf('the device', { line: 1, text: 'what no policy permits is stopped' });

  // Looked up, never searched for: a configuration may have ten thousand of anything.
  const zones = new Map<string, string[]>();
  for (const { name, zone } of config.interfaces) {
    const names = zones.get(zone);
    if (names) names.push(name);
    else zones.set(zone, [name]);
  }
  const zoneTest = (kind: 'inInterface' | 'outInterface', zone: string): Condition =>
    zone === 'any' ? all() : { kind, names: zones.get(zone) ?? [] };
  /** A name that nothing stands behind: the rule is held as one that asks for something nobody knows. */
  const missing = (what: string, name: string): Condition => {
    coverage.blind(`${file}: the ${what} ${name} is referred to and is not in this capture`);
    return { kind: 'unknown', id: `example ${what} ${name}`, text: `the ${what} ${name}`, unrecognized: true };
  };
  const addressTest = (kind: 'source' | 'destination', name: string): Condition => {
    if (name === 'any') return all();
    const addresses = config.addresses.get(name);
    return addresses ? { kind, addresses } : missing('address', name);
  };
  const serviceTest = (name: string): Condition => {
    if (name === 'any') return all();
    const service = config.services.get(name);
    if (!service) return missing('service', name);
    return all(
      { kind: 'protocol', protocols: single(protocols[service.protocol]) },
      { kind: 'destinationPort', ports: [service.first, service.last] },
    );
  };
  /** Whether it is that time is nothing that a packet tells: one free boolean, known by what it refers to. */
  const scheduleTest = (name: string | undefined): Condition =>
    name === undefined ? all() : { kind: 'unknown', id: `example schedule ${name}`, text: `the schedule ${name}` };

  const ruleOf = (policy: Policy): Rule => {
    const { number, off, permits, from, to, source, destination, service, schedule, at } = policy;
    const tests = [
      zoneTest('inInterface', from),
      zoneTest('outInterface', to),
      addressTest('source', source),
      addressTest('destination', destination),
      serviceTest(service),
      scheduleTest(schedule),
    ];
    coverage.rule(tests.some(({ kind }) => kind === 'unknown') ? 'bounded' : 'exact');
    return {
      origin: originOf(`policy ${number}`, at),
      steps: [{ kind: 'match', condition: all(...tests) }, { kind: permits ? 'accept' : 'drop' }],
      ...(off && { disabled: true }),
    };
  };
  const within: readonly Rule[] =
    defaultIn(sameZone, defaultsOf) === 'is stopped'
      ? []
      : [...zones].map(([zone, names]) => ({
          origin: { ...place, rule: `within ${zone}`, text: `traffic within ${zone}` },
          steps: [
            { kind: 'match', condition: all({ kind: 'inInterface', names }, { kind: 'outInterface', names }) },
            { kind: 'accept' },
          ],
        }));
  const locals = config.locals.map(({ service, from, at }): Rule => {
    coverage.rule('exact');
    const condition = all(addressTest('source', from), serviceTest(service));
    return { origin: originOf(`local ${service}`, at), steps: [{ kind: 'match', condition }, { kind: 'accept' }] };
  });
  const list = (id: string, rules: readonly Rule[]): RuleList => ({ id, rules, families: ['ip4'], origin: place });
  const base = (id: string, hook: 'forward' | 'input') =>
    ({ list: id, hook, priority: 0, type: 'filter', policy: 'drop', policyOrigin: place }) as const;
  const facts = config.told.map(({ kind, at }): AccessFact => {
    const [word, name = ''] = at.words;
    return {
      kind,
      subject: `${word} ${kind === 'logging' ? '' : name}`.trim(),
      value: at.text,
      origin: originOf(word!, at),
    };
  });
  return {
    pipeline: {
      lists: [list('policy', [...config.policies.map(ruleOf), ...within]), list('local', locals)],
      bases: [base('policy', 'forward'), base('local', 'input')],
      // Of a text without its end nothing is claimed.
      speaksOf: config.ended ? (['forward', 'input'] as const).map((direction) => ({ family: 'ip4', direction })) : [],
      forwarding: { ip4: true },
      localAddresses: { ip4: fromRanges(config.interfaces.map(({ address }) => [address, address])), ip6: [] },
      zones: Object.fromEntries(zones),
    },
    facts,
  };
}
