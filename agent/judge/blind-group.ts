import type { Instant } from '../windows/index.js';
import type { JudgeContext } from './context.js';
import type { DeviceMemory } from './findings.js';
import type { BlindGroup } from './types.js';

/**
 * Devices that went dark together, for one cause: a line that is cut, a jump host that is down, a right that was taken
 * from the same account everywhere.
 *
 * A device went dark at some moment between its last complete reading and the first one that failed. Two devices can
 * have gone dark at the same time if these spans overlap; what a group knows of its moment is the part that the spans
 * of all its members share. So a group does not grow along a chain of outages that merely follow each other.
 */
export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

const MINUTE_MS = 60_000;
/** Readings notice one cut at different moments: each waits for its own answers, and a broken line flickers. */
const SLACK_MS = 5 * MINUTE_MS;

export function spanOf(memory: DeviceMemory): Span {
  const to = memory.blindSince ?? 0;
  return { from: memory.lastCompleteAt ?? to - SLACK_MS, to };
}

export function shared(a: Span, b: Span): Span {
  return { from: Math.max(a.from, b.from), to: Math.min(a.to, b.to) };
}

function isSameTime(a: Span, b: Span): boolean {
  return a.from <= b.to + SLACK_MS && b.from <= a.to + SLACK_MS;
}

/** What lies between Écluse and the device, where that is why it was not read. */
function wayOf({ device, unreachable }: DeviceMemory, context: JudgeContext): readonly string[] {
  return unreachable ? (context.devices[device]?.way ?? []) : [];
}

/** An error as others of its kind read: without the device's name in front, addresses, numbers, host names and paths. */
function errorOf(reason: string, device: string): string {
  const general = reason.startsWith(`${device}: `) ? reason.slice(device.length + 2) : reason;
  return general.replace(/\S*[\d@/]\S*|\S+\.\S+/g, '#').trim();
}

function errorsOf({ device, blindReasons }: DeviceMemory): readonly string[] {
  return blindReasons.map((reason) => errorOf(reason, device));
}

function hasInCommon(a: DeviceMemory, b: DeviceMemory, context: JudgeContext): boolean {
  const [way, errors] = [wayOf(b, context), errorsOf(b)];
  return wayOf(a, context).some((one) => way.includes(one)) || errorsOf(a).some((one) => errors.includes(one));
}

/** Whether a device that is dark belongs to a group; one that came back and goes dark again is no new incident. */
export function belongs(
  memory: DeviceMemory,
  group: Pick<BlindGroup, 'left' | 'from' | 'to'>,
  members: readonly DeviceMemory[],
  context: JudgeContext,
): boolean {
  if (!group.left.includes(memory.device) && !isSameTime(spanOf(memory), group)) return false;
  return members.some((member) => hasInCommon(member, memory, context));
}

/** What all of them share, in words: what lies on the way before the words of the error. */
export function commonCause(members: readonly DeviceMemory[], context: JudgeContext): string | undefined {
  const [first, ...others] = members;
  if (!first || others.length === 0) return undefined;
  const way = wayOf(first, context).find((one) => others.every((other) => wayOf(other, context).includes(one)));
  if (way !== undefined) return way;
  const isSame = errorsOf(first).some((one) => others.every((other) => errorsOf(other).includes(one)));
  return isSame ? 'the same error' : undefined;
}

const ERRORS_MAX = 5;

/** Each kind of error once, as it was first told, with the number of kinds that are left out. */
export function differentErrors(members: readonly DeviceMemory[]): readonly string[] {
  const kinds = new Map<string, string>();
  for (const { device, blindReasons } of members) {
    for (const reason of blindReasons) {
      const kind = errorOf(reason, device);
      if (!kinds.has(kind)) kinds.set(kind, reason);
    }
  }
  const all = [...kinds.values()];
  const more = all.length - ERRORS_MAX;
  return [...all.slice(0, ERRORS_MAX), ...(more > 0 ? [`and ${more} other reasons`] : [])];
}
