import type { Instant } from '../windows/index.js';
import { type FindingCode, findingCodes } from './codes.js';
import type { JudgeState } from './findings.js';
import { type Desk, openFinding, raise, remindIfDue, resolve, tell, without, withReminder } from './life.js';
import { levelOf } from './risk.js';
import { type FindingTable, findingTable } from './table.js';
import type { Finding, FindingEvent, Grouped, Severity } from './types.js';

/**
 * A flood: thousands of openings after one edit would bury each other in whatever reads the alarms. From the 21st of one
 * code within ten minutes on they are told as one alarm, which says how many there are, how bad the worst is, and where
 * all of them are listed. Each stays a finding of its own: judged, listed, waived and resolved as any other.
 */
export const FLOOD_MIN = 20;
const FLOOD_MS = 10 * 60_000;
/** News of a group is told at once where it becomes worse, else at most once in a minute. */
const NEWS_MS = 60_000;
const NAMED_MAX = 5;

const ranked: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

export function floodKey(code: string): string {
  return `flood/${code}`;
}

export function isGroup(finding: Finding): boolean {
  return finding.grouped !== undefined;
}

const groupKeys: readonly string[] = Object.keys(findingCodes).map(floodKey);

/** The groups that are open; there is at most one for each code. */
function openGroups(findings: FindingTable): readonly Finding[] {
  return groupKeys.flatMap((key) => {
    const group = findings.get(key);
    return group?.grouped && group.resolvedAt === undefined ? [group] : [];
  });
}

/** Instants at which the news of a group are told though nothing happens. */
export function floodsDue(state: JudgeState): readonly Instant[] {
  return openGroups(findingTable(state.findings)).flatMap(({ grouped }) =>
    grouped?.stale ? [grouped.toldAt + NEWS_MS] : [],
  );
}

/** What happened to a group at one instant. */
interface News {
  joined: number;
  /** The worst of those that joined. */
  worst: number;
  /** Something is news even where the counts are what they were. */
  isNews: boolean;
}

/** Decides which of the alarms just raised are told together, and brings every group to what its members are. */
export function settleFloods(desk: Desk, at: Instant): void {
  const moved = new Map<string, News>();
  const newsOf = (group: string): News => {
    const news = moved.get(group) ?? { joined: 0, worst: -1, isNews: false };
    moved.set(group, news);
    return news;
  };
  for (const { kind, finding } of desk.events) {
    if (finding.toldAs !== undefined && kind !== 'raise') newsOf(finding.toldAs).isNews = true;
    else if (finding.toldAs !== undefined) newsOf(finding.toldAs);
  }
  const floods = new Map<string, string | undefined>();
  let recent: ReadonlyMap<string, number> | undefined;
  for (const [index, event] of desk.events.entries()) {
    const { code, finding } = event;
    if (!isAnew(event)) continue;
    if (!floods.has(code)) {
      recent ??= recentOf(desk, at);
      floods.set(code, (recent.get(code) ?? 0) > FLOOD_MIN ? floodKey(code) : undefined);
    }
    const group = floods.get(code);
    if (group === undefined && finding.toldAs === undefined) continue;
    if (!regroup(desk, index, group) || group === undefined) continue;
    const news = newsOf(group);
    news.joined++;
    news.isNews = true;
    news.worst = Math.max(news.worst, levelOf(finding.severity));
  }
  for (const { key, grouped, nextReminderAt = Number.POSITIVE_INFINITY } of openGroups(desk.findings)) {
    const isOverdue = grouped!.stale && grouped!.toldAt + NEWS_MS <= at;
    if (isOverdue) newsOf(key).isNews = true;
    else if (nextReminderAt <= at) newsOf(key);
  }
  // Members are many: they are counted only where something is told of them.
  const told = [...moved].filter(([key, news]) => !waits(desk, key, news, at));
  if (told.length === 0) return;
  const members = membersOf(desk, new Set(told.map(([key]) => key)));
  for (const [key, news] of told) settleGroup(desk, key, members.get(key) ?? [], { ...news, at });
}

/** Raised, or called something else than those it was told with: a group is of one code. */
function isAnew({ kind, code, finding }: FindingEvent): boolean {
  if (isGroup(finding)) return false;
  return kind === 'raise' || (kind === 'update' && finding.toldAs !== undefined && finding.toldAs !== floodKey(code));
}

/** Whether the news of a group can wait until a minute is over; they are marked for then. */
function waits(desk: Desk, key: string, { joined, worst, isNews }: News, at: Instant): boolean {
  const group = openFinding(desk, key);
  if (!group?.grouped || group.acknowledged) return false;
  const { grouped, severity, nextReminderAt = Number.POSITIVE_INFINITY } = group;
  if (at >= grouped.toldAt + NEWS_MS || worst > levelOf(severity) || nextReminderAt <= at) return false;
  if (isNews) {
    const stale = { ...grouped, total: grouped.total + joined, stale: true };
    desk.findings.set(key, { ...group, grouped: stale });
  }
  return true;
}

/** How many alarms of each code were raised of late and are open: more than a person can take one by one are a flood. */
function recentOf(desk: Desk, at: Instant): ReadonlyMap<string, number> {
  const recent = new Map<string, number>();
  for (const finding of desk.findings.values()) {
    const { code, resolvedAt, raisedAt = 0 } = finding;
    if (resolvedAt !== undefined || raisedAt <= at - FLOOD_MS || isGroup(finding)) continue;
    recent.set(code, (recent.get(code) ?? 0) + 1);
  }
  return recent;
}

/** Puts the finding that this event raised into a group, or takes it out of its old one; true where it has joined. */
function regroup(desk: Desk, index: number, group: string | undefined): boolean {
  const event = desk.events[index]!;
  const current = desk.findings.get(event.finding.key)!;
  if (current.resolvedAt !== undefined || current.code !== event.code) return false;
  desk.findings.set(current.key, inGroup(current, group));
  desk.events[index] = { ...event, finding: inGroup(event.finding, group) };
  return group !== undefined;
}

function inGroup(finding: Finding, group: string | undefined): Finding {
  // The group is what is said again.
  if (group !== undefined) return { ...without(finding, 'nextReminderAt'), toldAs: group };
  return without(finding, 'toldAs');
}

function membersOf(desk: Desk, groups: ReadonlySet<string>): ReadonlyMap<string, readonly Finding[]> {
  const members = new Map<string, Finding[]>();
  for (const finding of desk.findings.values()) {
    const { toldAs: group, resolvedAt, waived } = finding;
    if (group === undefined || resolvedAt !== undefined || waived || !groups.has(group)) continue;
    const list = members.get(group);
    if (list) list.push(finding);
    else members.set(group, [finding]);
  }
  return members;
}

function settleGroup(
  desk: Desk,
  key: string,
  members: readonly Finding[],
  news: News & { readonly at: Instant },
): void {
  const { at, joined, isNews } = news;
  const open = openFinding(desk, key);
  if (members.length === 0) {
    if (open)
      resolve(desk, { ...open, ...ended(open, at) }, at, {
        row: false,
        why: 'each of them is shut, accepted, or no such alarm any more',
      });
    return;
  }
  const now = summed(members, Math.max((open?.grouped?.total ?? 0) + joined, members.length), at);
  if (!open) {
    const { severity, severityBecause: because, firstSeen, lastSeen, windows, device, details, grouped } = now;
    const code = members[0]!.code as FindingCode;
    const told = { key, at, code, severity, because, subjectId: code, windows, firstSeen, lastSeen, details, grouped };
    raise(desk, { ...told, ...(device !== undefined && { device }) });
    return;
  }
  const { device: _, acknowledged, ...before } = open;
  // Who took on those that were there has not seen those that came.
  const kept = joined > 0 || acknowledged === undefined ? {} : { acknowledged };
  const next = withReminder({ ...before, ...kept, ...now }, at);
  const isWorse = levelOf(now.severity) > levelOf(open.severity);
  if (!isNews && now.grouped.summary === open.grouped!.summary) {
    desk.findings.set(key, { ...next, grouped: open.grouped! });
  } else if (isWorse || at >= open.grouped!.toldAt + NEWS_MS) {
    const voided = acknowledged !== undefined && joined > 0;
    // Those that came have been told for no time: what is passed on when nobody takes it on counts from now.
    const raisedAnew = voided ? { ...next, raisedAt: at } : next;
    tell(desk, raisedAnew, { kind: voided ? 'raise' : 'update', at, row: false });
  } else {
    desk.findings.set(key, { ...next, grouped: { ...now.grouped, toldAt: open.grouped!.toldAt, stale: true } });
  }
  remindIfDue(desk, key, at);
}

function ended({ grouped }: Finding, at: Instant): Pick<Finding, 'grouped'> {
  const { total } = grouped!;
  return { grouped: { open: 0, total, summary: `0 of ${total} alarms`, toldAt: at, stale: false } };
}

interface Summed {
  readonly severity: Severity;
  readonly severityBecause: string;
  readonly device?: string;
  readonly windows: readonly string[];
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
  readonly details: readonly string[];
  readonly grouped: Grouped;
}

function summed(members: readonly Finding[], total: number, at: Instant): Summed {
  const bySeverity = new Map(tally(members.map(({ severity }) => severity)));
  const bad = ranked
    .map((severity) => ({ severity, count: bySeverity.get(severity) ?? 0 }))
    .filter(({ count }) => count > 0);
  const worst = members.find((one) => one.severity === bad[0]!.severity)!;
  const counts = bad.map(({ severity, count }) => `${count} ${severity}`).join(', ');
  const devices = tally(members.map(({ device = 'no device' }) => device));
  const title = findingCodes[worst.code as FindingCode].title;
  return {
    severity: worst.severity,
    severityBecause: `${worst.severity}: the worst of ${members.length} alarms`,
    ...(devices.length === 1 && worst.device !== undefined && { device: worst.device }),
    windows: firstWindows(members),
    firstSeen: members.reduce((first, one) => Math.min(first, one.firstSeen), worst.firstSeen),
    lastSeen: members.reduce((last, one) => Math.max(last, one.lastSeen), worst.lastSeen),
    details: [
      'each is listed by `ecluse findings`',
      devices
        .slice(0, NAMED_MAX)
        .map(([name, count]) => `${name}: ${count}`)
        .join(', ') + (devices.length > NAMED_MAX ? ` and ${devices.length - NAMED_MAX} more devices` : ''),
      `one of the worst: ${worst.subject?.summary ?? worst.severityBecause}`,
    ],
    grouped: {
      open: members.length,
      total,
      summary: `${members.length} of ${total} alarms told as one (${title}): ${counts}`,
      toldAt: at,
      stale: false,
    },
  };
}

function firstWindows(members: readonly Finding[]): readonly string[] {
  const named = new Set<string>();
  for (const { windows } of members) {
    for (const window of windows) {
      named.add(window);
      if (named.size === NAMED_MAX) return [...named];
    }
  }
  return [...named];
}

/** How often each name occurs, the most frequent first. */
function tally<T extends string>(names: readonly T[]): readonly (readonly [T, number])[] {
  const counts = new Map<T, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}

/** Who takes on an alarm that stands for many takes on each of them, as it is now. */
export function acknowledgeMembers(
  desk: Desk,
  { key, by, at }: { readonly key: string; readonly by: string; readonly at: Instant },
): void {
  if (!openFinding(desk, key)?.grouped) return;
  for (const member of [...desk.findings.values()]) {
    if (member.toldAs !== key || member.resolvedAt !== undefined) continue;
    const set = member.subject?.set;
    desk.findings.set(member.key, { ...member, acknowledged: { by, at, ...(set !== undefined && { set }) } });
  }
}
