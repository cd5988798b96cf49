import type { DeviceSettings, Settings } from '../../config/index.js';
import { formatRange, parseIp4, parseIp6, prefix4, prefix6 } from '../../model/index.js';

/**
 * What the readings of a device pass, in words, from what is most likely to fail on: where several devices go dark together, the first
 * of these that they share is named as the cause.
 */
export function wayTo({ site, source }: DeviceSettings, sites: Settings['sites'] = {}): readonly string[] {
  if (source.kind === 'local') return [];
  const { host } = source;
  const jump = source.kind === 'ssh' ? source.jump : undefined;
  const network = networkOf(host);
  return [
    ...(jump ? [`jump host ${jump.host}:${jump.port}`] : []),
    ...(site === undefined ? [] : [`site ${sites[site]?.name ?? site}`]),
    ...(network === undefined ? [] : [`network ${network}`]),
  ];
}

/** The networks that a site usually consists of: /24 and /64. A name says nothing of where its host is. */
function networkOf(host: string): string | undefined {
  const [ip4, ip6] = [parseIp4(host), parseIp6(host)];
  const [first, last] = ip4 !== undefined ? prefix4(ip4, 24) : ip6 !== undefined ? prefix6(ip6, 64) : [];
  return first === undefined || last === undefined ? undefined : formatRange(first, last);
}
