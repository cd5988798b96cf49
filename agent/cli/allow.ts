import type { ScopeRequest } from '../app/guard/contract.js';
import { PROTOCOLS } from '../app/protocols.js';
import { parsePorts } from '../lib/ports.js';
import { failure, type Result, success } from '../lib/result.js';
import { parseTime, type TimeContext, timeText } from './times.js';

const ALLOW =
  /^(?<src>\S+)\s*(?:->|→)\s*(?<dst>\S+)\s+(?<proto>[A-Za-z][\w,-]*|\d{1,3})(?:\/(?<ports>[\d,-]+|any))?(?:\s+on\s+(?<device>\S+))?(?:\s+keep\s+(?<owner>"[^"]+"|\S+)\s+(?<review>\S+))?$/i;

/**
 * What a vendor announces, as one line: `any -> 192.0.2.10 tcp/443`, `any -> pacs dicom on fw2`, services by name as
 * the guard knows them. With
 * `keep OWNER DATE` behind it, it is meant to stay and waits for acceptance until that day.
 */
export function parseAllow(text: string, context: TimeContext): Result<ScopeRequest> {
  const bad = (message: string) =>
    failure({
      code: 'BAD_SCOPE',
      message: `--allow '${text}': ${message}`,
      expected:
        "'SOURCE -> DESTINATION PROTOCOL[/PORTS] or SERVICE [on DEVICE] [keep OWNER DATE]', such as 'any -> 192.0.2.10 tcp/443' or 'any -> pacs dicom'",
    });
  const groups = ALLOW.exec(text.trim())?.groups;
  if (!groups) return bad('this is not a flow');
  const proto = groups.proto!.toLowerCase();
  if (groups.ports !== undefined) {
    if (parsePorts(groups.ports) === undefined) return bad(`${groups.ports} are not ports`);
    if (!['tcp', 'udp', 'sctp', 'udplite', 'dccp', 'any'].includes(proto)) return bad(`${proto} has no ports`);
  }
  const review =
    groups.review === undefined
      ? undefined
      : parseTime(groups.review, { option: 'keep', way: 'ahead', future: true }, context);
  if (review && !review.ok) return review;
  const isProtocol = groups.ports !== undefined || /^\d+$/.test(proto) || proto === 'any' || proto in PROTOCOLS;
  return success({
    src: groups.src!,
    dst: groups.dst!,
    ...(isProtocol ? { proto } : { service: proto }),
    ...(groups.ports !== undefined && { ports: groups.ports }),
    ...(groups.device !== undefined && { device: groups.device }),
    ...(review && { keep: { owner: groups.owner!.replaceAll('"', ''), review: review.value } }),
  });
}

/** A scope in the words it is typed in. */
export function allowText(scope: ScopeRequest, context: TimeContext): string {
  const { kind, src = 'any', dst = 'any', proto = 'any', ports, service, device, keep } = scope;
  const on = device === undefined ? '' : ` on ${device}`;
  if (kind === 'engine') return `filtering may be off${on}`;
  if (kind === 'fact') return `access may change${on}`;
  const what = kind === undefined || kind === 'rule' ? '' : `${kind}: `;
  const stays = keep ? ` keep ${quoted(keep.owner)} ${timeText(keep.review, context).slice(0, 10)}` : '';
  return `${what}${src} -> ${dst} ${service ?? proto}${ports === undefined ? '' : `/${ports}`}${on}${stays}`;
}

/** A name of several words is one owner all the same. */
function quoted(name: string): string {
  return /\s/.test(name) ? `"${name}"` : name;
}
