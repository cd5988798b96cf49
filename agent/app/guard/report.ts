import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { placeOf, type ScheduleSettings } from '../../config/index.js';
import { codeText, type Finding, type FindingEvent } from '../../judge/index.js';
import type { MaintenanceWindow } from '../../windows/index.js';
import { isOpenFinding } from './bench.js';
import { approvedText } from './judge-context.js';
import { coverage, type Room } from './room.js';
import { iso, summaryOf } from './views.js';

/** How things stand, for those who answer for it: what is open, what cannot be seen, what comes, what ends. */

const DAY_MS = 86_400_000;
const WINDOWS_AHEAD_MS = 7 * DAY_MS;
const ENDINGS_AHEAD_MS = 30 * DAY_MS;
const SEVERITIES = ['critical', 'high', 'medium', 'low', 'info'] as const;

type Language = NonNullable<ScheduleSettings['language']>;

const words = {
  fr: {
    title: 'État des lieux',
    open: 'Constats ouverts',
    blind: 'Équipements qui ne peuvent pas être lus',
    windows: 'Interventions en cours ou dans les sept jours',
    endings: 'Se terminent dans les trente jours, ou sont terminés',
    waiting: 'Destinataires qui n’ont pas tout reçu',
    observed: 'Lu',
    declared: 'Déclaré',
    notCovered: 'Non couvert',
    none: 'aucun',
    since: 'depuis',
    takenOn: 'pris en charge par',
    waived: 'accepté jusqu’au',
    waiver: 'acceptation de',
    approval: 'hébergeur approuvé',
    declaration: 'déclaration',
    until: 'jusqu’au',
    records: 'en attente',
  },
  en: {
    title: 'How things stand',
    open: 'Open findings',
    blind: 'Devices that cannot be read',
    windows: 'Interventions under way or within seven days',
    endings: 'End within thirty days, or have ended',
    waiting: 'Receivers that were not given everything',
    observed: 'Read',
    declared: 'Declared',
    notCovered: 'Not covered',
    none: 'none',
    since: 'since',
    takenOn: 'taken on by',
    waived: 'accepted until',
    waiver: 'waiver of',
    approval: 'approved host',
    declaration: 'declaration',
    until: 'until',
    records: 'waiting',
  },
} as const satisfies Record<Language, Record<string, string>>;

export interface StandingReport {
  readonly title: string;
  /** Figures first: what is shortened loses its end. */
  readonly summary: readonly string[];
  /** The whole of it, as Markdown. */
  readonly text: string;
}

export function standingReport(room: Room, schedule: Pick<ScheduleSettings, 'devices' | 'language' | 'timeZone'>) {
  const { bench, clock, settings, store, baseline } = room;
  const { language = 'fr', timeZone } = schedule;
  const say = words[language];
  const now = clock.now();
  const state = bench.state();
  const wanted = schedule.devices ?? [...room.devices.keys()];
  const isWanted = (device: string | undefined): boolean => device === undefined || wanted.includes(device);
  const day = (at: number): string => dayText(at, timeZone);
  const { siteName: own } = placeOf(settings, wanted);
  /** With its site, where that is not the one in the title. */
  const named = (device: string): string => {
    const { siteName } = placeOf(settings, [device]);
    return siteName === undefined || siteName === own ? device : `${device} (${siteName})`;
  };

  const open = state.findings.filter((one) => isOpenFinding(one) && isWanted(one.device)).sort(worstFirst);
  const blind = state.devices.filter((one) => one.blindReasons.length > 0 && isWanted(one.device));
  const windows = state.windows.filter((one) => isNear(one, now) && one.devices.some(isWanted));
  const endings = [
    ...state.waivers
      .filter(({ device }) => isWanted(device))
      .map((one) => ({ at: one.expires, text: `${say.waiver} ${one.owner}: ${one.device}/${one.subject}` })),
    ...settings.approvedHosts.flatMap((one) =>
      one.until === undefined ? [] : [{ at: one.until, text: `${say.approval}: ${approvedText(one)}` }],
    ),
    ...[...baseline.flows, ...baseline.listeners, ...(baseline.access ?? [])].flatMap((one) =>
      one.until === undefined || !isWanted(one.device)
        ? []
        : [{ at: one.until, text: `${say.declaration}: ${one.text} (${one.owner})` }],
    ),
  ]
    .filter(({ at }) => at <= now + ENDINGS_AHEAD_MS)
    .sort((a, b) => a.at - b.at);
  const waiting = settings.sinks
    .map(({ id }) => ({ id, records: store.outbox.waiting(id) }))
    .filter(({ records }) => records > 0);

  const findingText = (one: Finding): string => {
    const title = codeText(one.code, language)?.title ?? one.code;
    const where = one.device === undefined ? '' : `${named(one.device)}: `;
    const handled = [
      ...(one.acknowledged ? [`${say.takenOn} ${one.acknowledged.by}`] : []),
      ...(one.waived ? [`${say.waived} ${day(one.waived.until)}`] : []),
    ];
    const head = `${one.severity}: ${title} (${one.code})`;
    return [`${head}: ${where}${summaryOf(one)}, ${say.since} ${day(one.firstSeen)}`, ...handled].join(', ');
  };
  const sections = [
    { title: say.open, lines: open.map(findingText) },
    { title: say.blind, lines: blind.map((one) => `${named(one.device)}: ${one.blindReasons.join('; ')}`) },
    { title: say.windows, lines: windows.map((one) => windowText(one, day)) },
    { title: say.endings, lines: endings.map(({ at, text }) => `${text}, ${say.until} ${day(at)}`) },
    { title: say.waiting, lines: waiting.map(({ id, records }) => `${id}: ${records} ${say.records}`) },
  ];
  const statement = coverage(room, wanted);
  const counts = SEVERITIES.flatMap((severity) => {
    const count = open.filter((one) => one.severity === severity).length;
    return count === 0 ? [] : [`${severity} ${count}`];
  });
  const figures = sections.map(({ title, lines }) => `${title}: ${lines.length === 0 ? say.none : lines.length}`);
  const site = own === undefined ? '' : `, ${own}`;
  const title = `${say.title}${site}, ${day(now)}`;
  return {
    title,
    summary: [
      ...figures.map((line, index) => (index === 0 && counts.length > 0 ? `${line} (${counts.join(', ')})` : line)),
      ...open.slice(0, LISTED_MAX).map(findingText),
    ],
    text: markdown(
      title,
      [
        ...sections,
        { title: say.observed, lines: statement.observed },
        { title: say.declared, lines: statement.declared },
        { title: say.notCovered, lines: statement.notCovered },
      ],
      say.none,
    ),
  } satisfies StandingReport;
}

const LISTED_MAX = 10;

function worstFirst(a: Finding, b: Finding): number {
  return SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || a.firstSeen - b.firstSeen;
}

function isNear({ state, start }: MaintenanceWindow, now: number): boolean {
  if (state === 'closed' || state === 'cancelled') return false;
  return state !== 'planned' || start <= now + WINDOWS_AHEAD_MS;
}

function windowText(window: MaintenanceWindow, day: (at: number) => string): string {
  const { id, vendor, state, start, end, devices } = window;
  return `${id} (${vendor}), ${state}, ${day(start)} – ${day(end)}: ${devices.join(', ')}`;
}

function dayText(at: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return format.format(at);
}

function markdown(
  title: string,
  sections: readonly { readonly title: string; readonly lines: readonly string[] }[],
  none: string,
): string {
  // What comes from a device stays text: nothing of it begins a heading, a list or a link.
  const plain = (line: string): string => line.replaceAll(/[\r\n]+/g, ' ').replaceAll(/[\\`*[\]<>#|]/g, '\\$&');
  const parts = sections.flatMap(({ title: head, lines }) => [
    '',
    `## ${head}`,
    '',
    ...(lines.length === 0 ? [none] : lines.map((line) => `- ${plain(line)}`)),
  ]);
  return [`# ${plain(title)}`, ...parts, ''].join('\n');
}

/** Makes the report and hands it to whom the schedule names: a file in the folder, a record for each sink. */
export async function tellReport(room: Room, schedule: ScheduleSettings, wake: () => void): Promise<void> {
  const { clock, log, store } = room;
  const { id, folder, sinks } = schedule;
  const report = standingReport(room, schedule);
  const at = clock.now();
  if (folder !== undefined) {
    try {
      writeReport(folder, `${id}-${iso(at).replaceAll(/[:.]/g, '-')}.md`, report.text);
    } catch (error) {
      log.error('a report could not be written', { id, folder, error });
    }
  }
  if (!sinks) return;
  store.outbox.enqueue([reportEvent(id, report, at)], sinks, at);
  wake();
}

/** Written beside and renamed: whoever looks into the folder meets whole reports alone. */
function writeReport(folder: string, name: string, text: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  writeFileSync(join(folder, `.${name}.part`), text, { mode: 0o640 });
  renameSync(join(folder, `.${name}.part`), join(folder, name));
}

function reportEvent(id: string, { summary }: StandingReport, at: number): FindingEvent {
  const about = { code: 'STANDING_REPORT', severity: 'info' } as const;
  return {
    id: `report/${id}#${at}.1`,
    kind: 'answer',
    at,
    ...about,
    finding: {
      key: `report/${id}`,
      generation: at,
      ...about,
      severityBecause: 'info: a report that was asked for',
      subjectId: id,
      windows: [],
      firstSeen: at,
      lastSeen: at,
      count: 1,
      resolvedAt: at,
      remindersSent: 0,
      sequence: 1,
      details: summary,
    },
    row: false,
  };
}
