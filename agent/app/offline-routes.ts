import { type AskedPacket, ask } from '../exposure/index.js';
import { type Bound, type Intervals, isEmpty, isSubset, single } from '../lib/intervals.js';
import type { Pipeline } from '../model/index.js';
import { translated } from './offline-nat.js';

/** The interface by which fixed routes send everything to these destinations; undefined: not one alone. */
function wayTo({ reach = {} }: Pipeline, destinations: Intervals<Bound> | undefined): string | undefined {
  if (!destinations || isEmpty(destinations)) return undefined;
  const family = typeof destinations[0] === 'bigint' ? 'ip6' : 'ip4';
  return Object.entries(reach).find(([, to]) => isSubset<Bound>(destinations, to[family]))?.[0];
}

/**
 * The interface by which a packet leaves where a question leaves it open and fixed routes decide it. A packet that is
 * translated on its way in goes where its new destination is.
 */
export function routedOut(pipeline: Pipeline, packet: AskedPacket): string | undefined {
  const { destination } = packet.fields;
  if (!pipeline.reach || destination === undefined || packet.direction !== 'forward') return undefined;
  const bases = pipeline.bases.filter(({ hook }) => hook === 'prerouting');
  const early = bases.length > 0 ? ask({ ...pipeline, bases }, packet) : undefined;
  // Whether it is translated is not decided: then neither is its way.
  if (early && !early.env) return undefined;
  const moved = early?.env?.destination;
  const family = typeof destination === 'number' ? 'ip4' : 'ip6';
  return wayTo(pipeline, moved ? translated(moved, destination, family) : single<Bound>(destination));
}
