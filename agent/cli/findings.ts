import type { Command } from 'commander';
import type { FindingsView, FindingView, GuardStatus } from '../app/guard/contract.js';
import { countsAsOpen } from '../app/guard/counted.js';
import { count } from './readings.js';
import { printCoverage, printDetails } from './statement.js';
import { clean, complain, print, printJson, printTable, type SetExit, severityText } from './terminal.js';
import { parseTime, type TimeContext, timeText } from './times.js';
import { answered, type GuardOptions, guardCommand, person, shown, withGuard } from './with-guard.js';

interface FindingsOptions extends GuardOptions {
  readonly all?: boolean;
  readonly device?: string;
}

export function addFindings(program: Command, setExit: SetExit): void {
  guardCommand(
    program,
    'findings',
    'what is open now; exit code 0 nothing, 1 something (notices and what is waived do not count), 3 a device is not seen completely',
  )
    .option('--all', 'what is shut again too')
    .option('--device <id>', 'of this device alone')
    .action(async (options: FindingsOptions) => {
      const { device } = options;
      const code = await withGuard(options, async ({ guard, times }) => {
        const status = await guard.status();
        if (!status.ok) return complain(status.error);
        const filter = { all: options.all === true, ...(device !== undefined && { device }) };
        return answered('asking', guard.findings(filter), (view) => {
          const doubts = doubtsOf(view, status.value, device);
          const open = view.findings.filter(countsAsOpen);
          if (options.json) {
            printJson(view);
          } else {
            for (const finding of view.findings) printFinding(finding, times);
            printCoverage(view.coverage, open.length, doubts);
          }
          return open.length > 0 ? 1 : doubts.length > 0 ? 3 : 0;
        });
      });
      setExit(code);
    });
}

/** Why nobody may call it clean, even with nothing open. */
function doubtsOf({ findings }: FindingsView, { devices }: GuardStatus, device: string | undefined): readonly string[] {
  const possible = findings.filter(({ certainty, resolvedAt }) => certainty === 'possible' && resolvedAt === undefined);
  return [
    ...devices
      .filter(({ id }) => device === undefined || id === device)
      .flatMap(({ id, blind, lastComplete }) => {
        if (blind.length > 0) return blind.map((reason) => `${id}: ${reason}`);
        return lastComplete === undefined ? [`${id}: never read completely`] : [];
      }),
    ...(possible.length > 0 ? [`${possible.length} only possible`] : []),
  ];
}

function printFinding(finding: FindingView, times: TimeContext): void {
  const { key, code, severity, severityBecause, windows, firstSeen, lastSeen } = finding;
  print(`${severityText(severity)}  ${code}  ${clean(key)}: ${clean(finding.summary)}`);
  const states = [
    `since ${timeText(firstSeen, times)}`,
    `seen ${timeText(lastSeen, times)}`,
    ...(windows.length > 0 ? [`window ${windows.join(', ')}`] : []),
    ...(finding.resolvedAt === undefined ? [] : [`shut ${timeText(finding.resolvedAt, times)}`]),
    ...(finding.earlier ?? []).map(({ code, until }) => `${code} until ${timeText(until, times)}`),
    ...(finding.toldAs === undefined ? [] : [`told as ${finding.toldAs}`]),
    ...(finding.escalatedTo ? [`passed on to ${finding.escalatedTo.join(', ')}`] : []),
    ...(finding.claimed ? [`claimed by ${finding.claimed.by}: ${finding.claimed.reason}`] : []),
    ...(finding.acknowledgedBy === undefined ? [] : [`acknowledged by ${finding.acknowledgedBy}`]),
    ...(finding.waivedUntil === undefined ? [] : [`waived until ${timeText(finding.waivedUntil, times)}`]),
  ];
  print(`          ${clean(states.join(', '))}`);
  printDetails({ ...finding, because: severityBecause });
  for (const detail of finding.details ?? []) print(`          ${clean(detail)}`);
  if (finding.remedy !== undefined) print(`          to do    ${clean(finding.remedy)}`);
  if (finding.rules) print(`          known as ${finding.rules.join(', ')} (ecluse rules show …)`);
}

interface AlarmsOptions extends GuardOptions {
  readonly limit?: number;
  readonly since?: string;
}

export function addAlarms(program: Command, setExit: SetExit): void {
  guardCommand(program, 'alarms', 'what was told, newest last')
    .option('--limit <count>', 'at most so many', count)
    .option('--since <time>', 'from then on: 08:00, 2h (ago), a day, or a time')
    .action(async (options: AlarmsOptions) => {
      const code = await withGuard(options, async ({ guard, times }) => {
        const { limit } = options;
        const since =
          options.since === undefined ? undefined : parseTime(options.since, { option: '--since', way: 'back' }, times);
        if (since && !since.ok) return complain(since.error);
        const filter = { ...(limit !== undefined && { limit }), ...(since && { since: since.value }) };
        return shown('asking', guard.alarms(filter), (list) => {
          if (options.json) return printJson(list);
          if (list.length === 0) return print('nothing was told');
          printTable(
            ['at', 'alarm', 'kind', 'severity', 'code', 'summary', 'queued for'],
            list.map((one) => [
              timeText(one.at, times),
              one.id,
              one.kind,
              one.severity,
              one.code,
              one.summary,
              one.queuedFor.length === 0 ? '-' : one.queuedFor.join(', '),
            ]),
          );
        });
      });
      setExit(code);
    });
}

export function addAck(program: Command, setExit: SetExit): void {
  guardCommand(program, 'ack', 'say that somebody works on it: reminders stop until it widens')
    .argument('<alarm>', 'a finding’s key or the id of one of its alarms, as `ecluse findings` and `alarms` show them')
    .option('--by <name>', 'who; left out, who asks')
    .action(async (alarm: string, options: GuardOptions & { readonly by?: string }) => {
      const by = options.by ?? person();
      const code = await withGuard(options, ({ guard }) =>
        shown('asking', guard.acknowledge(alarm, by), (finding) => {
          if (options.json) printJson(finding);
          else print(clean(`${finding.key}: acknowledged by ${finding.acknowledgedBy ?? by}`));
        }),
      );
      setExit(code);
    });
}

interface WaiveOptions extends GuardOptions {
  readonly until: string;
  readonly owner: string;
  readonly reason: string;
}

export function addWaive(program: Command, setExit: SetExit): void {
  guardCommand(program, 'waive', 'accept a finding until a date, with a name and a reason')
    .argument('<finding>', 'its key, as `ecluse findings` shows it')
    .requiredOption('--until <date>', 'a day, which it holds to the end of, or a time')
    .requiredOption('--owner <name>', 'who accepts the risk')
    .requiredOption('--reason <text>', 'why')
    .action(async (finding: string, options: WaiveOptions) => {
      const code = await withGuard(options, async ({ guard, times }) => {
        const until = parseTime(options.until, { option: '--until', way: 'ahead', future: true }, times);
        if (!until.ok) return complain(until.error);
        const { owner, reason } = options;
        return shown('asking', guard.waive({ finding, until: until.value, owner, reason }), (view) => {
          if (options.json) return printJson(view);
          const end = timeText(view.waivedUntil ?? until.value, times);
          print(clean(`${view.key}: waived until ${end}, owner ${owner}`));
        });
      });
      setExit(code);
    });
}
