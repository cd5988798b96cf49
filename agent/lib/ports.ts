import { fromRanges, type Intervals } from './intervals.js';

/** Reads `any` or a list of ports and ranges such as `443,8000-8010`; undefined when it is neither. */
export function parsePorts(text: string): Intervals | 'any' | undefined {
  if (text.trim().toLowerCase() === 'any') return 'any';
  const ranges: [number, number][] = [];
  for (const part of text.split(',')) {
    const groups = /^\s*(?<first>\d{1,5})(?:\s*-\s*(?<last>\d{1,5}))?\s*$/.exec(part)?.groups;
    if (!groups) return undefined;
    const first = Number(groups.first);
    const last = Number(groups.last ?? groups.first);
    if (first > last || last > 65535) return undefined;
    ranges.push([first, last]);
  }
  return fromRanges(ranges);
}

export function formatPorts(ports: Intervals | 'any'): string {
  if (ports === 'any') return 'any';
  const parts: string[] = [];
  for (let i = 0; i < ports.length; i += 2) {
    parts.push(ports[i] === ports[i + 1] ? `${ports[i]}` : `${ports[i]}-${ports[i + 1]}`);
  }
  return parts.join(',');
}
