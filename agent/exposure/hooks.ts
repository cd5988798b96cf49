import { assert } from '../lib/assert.js';
import type { BaseList, RuleList } from '../model/index.js';
import type { Diagram } from '../packets/index.js';
import type { Env } from './env.js';
import type { Decider, Outcome, WalkOptions } from './walk.js';

/** conntrack is called at NF_IP_PRI_CONNTRACK (linux/netfilter_ipv4.h): before it, a packet has no state. */
const CONNTRACK_PRIORITY = -200;

/** What hooks need of the walk through lists. */
export interface HookWalk {
  readonly options: WalkOptions;
  intern(env: Env): Env;
  label(outcome: Outcome): number;
  outcome(label: number): Outcome;
  /** What a list does to packets that come with `env`; `packets` says which come, where only of them it is wanted. */
  runList(list: string, env: Env, packets: () => Diagram): Diagram;
}

/**
 * Whether a list is where people filter on this path, so that what it accepts it permits. The tables raw and mangle
 * are called too and may drop; that they accept says nothing.
 */
function isDecidingOn(direction: WalkOptions['direction'], base: BaseList, list: RuleList | undefined): boolean {
  if (base.hook !== direction || base.type !== 'filter') return false;
  const table = list?.table;
  const isIptables = table !== undefined && (table.store === 'xtables' || table.managedByIptables === true);
  return !(isIptables && (table.name === 'raw' || table.name === 'mangle'));
}

type Accepted = Extract<Outcome, { readonly kind: 'accept' }>;

/** How the lists of a device are called, one hook after the other, and where a packet is routed between them. */
export function createHooks({ options, intern, label, outcome, runList }: HookWalk) {
  const { compiler, pipeline, direction } = options;
  const { kernel } = compiler;
  const lists = new Map(pipeline.lists.map((list) => [list.id, list]));

  /** What a hook hides from the rules it calls, and what conntrack has not yet said. */
  const envAt = (env: Env, base: BaseList): Env => {
    const hides =
      base.hook === 'prerouting' || base.hook === 'input'
        ? ('outInterface' as const)
        : direction === 'output'
          ? ('inInterface' as const)
          : undefined;
    const early =
      (base.hook === 'prerouting' || base.hook === 'output') &&
      base.priority <= CONNTRACK_PRIORITY &&
      env.state === undefined;
    const { hidden: _, ...rest } = env;
    return intern({ ...rest, ...(hides ? { hidden: hides } : {}), ...(early ? { state: 'invalid' as const } : {}) });
  };

  /** What the rules of one hook leave behind for the next. */
  const envAfter = (before: Env, at: Env, after: Env): Env => {
    const { hidden: _, state, ...rest } = after;
    const lasting = state !== undefined && (state !== at.state || before.state === state) ? { state } : {};
    return intern({ ...rest, ...lasting });
  };

  /**
   * nf_nat_inet_fn asks the next nat list only while the connection has no translation of that kind, and none for a
   * packet without a connection.
   */
  const notTranslated = (base: BaseList, env: Env): boolean => {
    if (base.type !== 'nat') return false;
    if (env.state === 'untracked') return true;
    const side = base.hook === 'prerouting' || base.hook === 'output' ? 'destination' : 'source';
    return env[side] !== undefined;
  };

  const callBase = (entry: Diagram, base: BaseList, how: { readonly alone?: boolean } = {}): Diagram => {
    const byPolicy: Decider | undefined = options.withDeciders ? { kind: 'policy', base } : undefined;
    const decides = isDecidingOn(direction, base, lists.get(base.list));
    const comes = (number: number): Accepted | undefined => {
      const arriving = number === 0 ? undefined : outcome(number);
      if (arriving?.kind !== 'accept') return undefined;
      if (base.type === 'nat' && !how.alone && !options.translates) return undefined;
      return notTranslated(base, arriving.env) ? undefined : arriving;
    };
    const leaves = (arriving: Accepted, env: Env, inner: number): number => {
      const policy = (after: Env): number => {
        const lasting = envAfter(arriving.env, env, after);
        if (base.policy === 'drop') return label({ kind: 'deny', env: lasting, ...(byPolicy ? { by: byPolicy } : {}) });
        const by = decides && arriving.by?.kind !== 'rule' ? byPolicy : arriving.by;
        return label({ kind: 'accept', env: lasting, ...(by ? { by } : {}) });
      };
      if (inner === 0) return policy(env);
      const result = outcome(inner);
      if (result.kind === 'deny') return label({ ...result, env: envAfter(arriving.env, env, result.env) });
      if (result.kind === 'return') return policy(result.env);
      assert(result.kind === 'accept', 'a list ended in the middle of a rule');
      // A rule that says accept outranks a policy as the one that permits.
      const by = decides ? (result.by ?? arriving.by) : arriving.by;
      return label({ kind: 'accept', env: envAfter(arriving.env, env, result.env), ...(by ? { by } : {}) });
    };
    const passing = kernel.map(entry, (number) => (comes(number) ? 0 : number));
    // Whoever permitted them before: packets of one environment meet the same list.
    const envs = new Set(kernel.labels(entry).flatMap((number) => comes(number)?.env ?? []));
    return [...envs].reduce((done, own) => {
      const env = how.alone ? aloneEnv(own, base) : envAt(own, base);
      const packets = kernel.map(entry, (number) => (comes(number)?.env === own ? number : 0));
      const ran = runList(base.list, env, () => kernel.where(packets, (number) => number !== 0));
      const ended = kernel.pair(packets, ran, (number, inner) =>
        number === 0 ? 0 : leaves(comes(number)!, env, inner),
      );
      return kernel.override(done, ended);
    }, passing);
  };

  /** One list asked by itself: nothing is hidden that the question gives. */
  const aloneEnv = (env: Env, base: BaseList): Env => {
    const full = envAt(env, base);
    const { hidden, ...rest } = full;
    return intern(hidden && base.hook !== 'prerouting' && base.hook !== 'output' ? { ...rest, hidden } : rest);
  };

  /** The routing decision: where a translated packet goes. */
  const route = (diagram: Diagram): Diagram => {
    const text = direction === 'input' ? 'translated to another host and forwarded' : 'translated to the device itself';
    const denied = (env: Env): number => label({ kind: 'deny', env, by: { kind: 'routing', text } });
    // Of addresses that become others one by one, some may be the device's own; of most translations all are, or none.
    const divided = new Map<Env, Diagram>();
    const known = new Map<Env, Diagram>();
    const routed = kernel.map(diagram, (number) => {
      const arriving = number === 0 ? undefined : outcome(number);
      if (arriving?.kind !== 'accept') return number;
      const { env } = arriving;
      if (env.destination?.addresses === undefined) return number;
      const inside = known.get(env) ?? compiler.goesIn(env.destination);
      known.set(env, inside);
      if (inside === kernel.all) return direction === 'input' ? number : denied(env);
      if (inside === kernel.none) return direction === 'input' ? denied(env) : number;
      divided.set(env, inside);
      return number;
    });
    return [...divided].reduce(
      (done, [env, inside]) =>
        kernel.pair(done, inside, (number, goesIn) => {
          const arriving = number === 0 ? undefined : outcome(number);
          if (arriving?.kind !== 'accept' || arriving.env !== env) return number;
          return (goesIn !== 0) === (direction === 'input') ? number : denied(env);
        }),
      routed,
    );
  };

  return { callBase, route };
}
