import { type Bound, contains, fromRanges, type Intervals } from '../../lib/intervals.js';
import { type AddressSet, type Family, parseAddressSet } from '../../model/index.js';
import { linesOf } from '../shared/coverage.js';
import { expandedPrefix, ROUTE } from './routes.js';

/** Where packets of one family go. */
export interface Ways {
  /** The machine's own addresses. */
  readonly own: Intervals<Bound>;
  /** The interface by which an address is reached; undefined where fixed routes alone do not decide it. */
  wayTo(address: Bound): string | undefined;
}

interface Way {
  readonly to: Intervals<Bound>;
  readonly length: number;
  readonly metric: number;
  readonly device?: string;
}

/** What every Linux has: the tables local, main and default, in this order, for every packet. */
const USUAL = /^(?:0:\s+from all lookup local|32766:\s+from all lookup main|32767:\s+from all lookup default)\s*$/;

/**
 * The ways out by `ip route show table all`, longest prefix first and then the lowest metric, as the kernel chooses.
 * What came in by another way than its answers take (rp_filter is off) is not known by this: packets are taken to come
 * from where they are answered to.
 */
export function waysOf(rules: string | undefined, routes: string | undefined, family: Family): Ways {
  const own: (readonly [Bound, Bound])[] = [];
  const ways: Way[] = [];
  for (const raw of linesOf(routes ?? '')) {
    const line = raw.trim().replace(/\s+/g, ' ');
    const isHop = line.startsWith('nexthop ');
    if (isHop) {
      // Several ways at once: which one a packet takes is not known.
      const last = ways.pop();
      if (last) ways.push({ to: last.to, length: last.length, metric: last.metric });
      continue;
    }
    const parts = ROUTE.exec(line)?.groups;
    const set = parts && prefixOf(parts.to!, family);
    if (!parts || !set) continue;
    const { type, rest = '' } = parts;
    const bounds = set[family] as Intervals<Bound>;
    const [first, last] = bounds;
    if (first === undefined || last === undefined) continue;
    if (type === 'local') own.push([first, last]);
    if (/ table (?!main\b)/.test(rest)) continue;
    const device = type === undefined || type === 'unicast' ? / dev (?<name>\S+)/.exec(rest)?.groups?.name : undefined;
    const length = Number(parts.to!.split('/')[1] ?? (parts.to === 'default' ? 0 : 128));
    const metric = Number(/ metric (?<metric>\d+)/.exec(rest)?.groups?.metric ?? 0);
    ways.push({ to: bounds, length, metric, ...(device !== undefined && { device }) });
  }
  const ordered = ways.sort((a, b) => b.length - a.length || a.metric - b.metric);
  const isUsual = rules !== undefined && routes !== undefined && linesOf(rules).every((line) => USUAL.test(line));
  const ownSet = fromRanges(own);
  return {
    own: ownSet,
    wayTo(address) {
      if (!isUsual) return undefined;
      return ordered.find(({ to }) => contains(to, address))?.device;
    },
  };
}

function prefixOf(text: string, family: Family): AddressSet | undefined {
  if (text === 'default') return parseAddressSet(family === 'ip4' ? '0.0.0.0/0' : '::/0');
  return parseAddressSet(expandedPrefix(text));
}
