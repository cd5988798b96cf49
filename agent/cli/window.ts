import type { Command } from 'commander';
import type { CloseAnswerView, OpenAnswerView, ScopeRequest, WindowRequest } from '../app/guard/contract.js';
import { failure, type Result, success } from '../lib/result.js';
import { parseAllow } from './allow.js';
import { printCoverage, printDetails } from './statement.js';
import { clean, complain, print, printJson, printTable, type SetExit, say, severityText } from './terminal.js';
import { parseTime, type TimeContext, timesAt, timeText } from './times.js';
import { addAfter, printAlsoOpen, printSessions, printWaysOut } from './window-after.js';
import { beforeText, nextOfSeries, printRow, printWindow, tellWindow } from './window-text.js';
import {
  type Asking,
  allDevices,
  answered,
  type GuardOptions,
  guardCommand,
  person,
  shown,
  withGuard,
} from './with-guard.js';

interface PlanOptions extends GuardOptions {
  readonly vendor?: string;
  readonly technician?: string;
  readonly ticket?: string;
  readonly device?: readonly string[];
  readonly start?: string;
  readonly end?: string;
  readonly for?: string;
  readonly allow?: readonly string[];
  readonly allowFilteringOff?: boolean;
  readonly allowAccess?: boolean;
  readonly self?: boolean;
  readonly owner?: string;
  readonly emergency?: boolean;
  readonly caller?: string;
  readonly reason?: string;
  readonly onCall?: string;
  readonly since?: string;
  readonly rrule?: string;
}

/** An emergency for which nobody gave an end. */
const EMERGENCY_FOR = '4h';
/** What the hospital's own staff change in a window of theirs, unless they say it more exactly. Never the filter itself. */
const SELF_SCOPE: readonly ScopeRequest[] = [{ kind: 'rule' }, { kind: 'listener' }];

function list(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

function planOptions(command: Command): Command {
  return command
    .option('--vendor <name>', 'whose intervention it is')
    .option('--technician <name>', 'who comes, or dials in')
    .option('--ticket <number>', 'the number of the intervention; it is the id too where none is given')
    .option('--owner <name>', 'who of the hospital answers for it and for what it leaves; left out, who asks')
    .option('--device <id>', 'a device on which changes are expected, repeatable; left out, all', list)
    .option('--start <time>', 'left out: now')
    .option('--end <time>', 'the planned end: 17:30, or a time with its day')
    .option('--for <duration>', 'instead of --end: 2h, 90m')
    .option(
      '--allow <flow>',
      "what is announced, repeatable: 'any -> 192.0.2.10 tcp/443 [on DEVICE]', or by service: 'any -> pacs dicom'",
      list,
    )
    .option('--allow-filtering-off', 'the packet filter may be off meanwhile')
    .option('--allow-access', 'who may enter, tunnels, routes and logging may change meanwhile');
}

export function addWindow(program: Command, setExit: SetExit): void {
  const window = program.command('window').description('change windows: what a vendor may open, and until when');
  addPlan(window, setExit);
  addOpen(window, setExit);
  addClose(window, setExit);
  addExtend(window, setExit);
  addCancel(window, setExit);
  addList(window, setExit);
  addShow(window, setExit);
  addAfter(window, setExit);
}

function addPlan(window: Command, setExit: SetExit): void {
  planOptions(guardCommand(window, 'plan', 'plan an intervention'))
    .argument('[id]', 'left out: the ticket, else one is made')
    .option('--rrule <rule>', 'again and again for a year at most, by the clocks here: FREQ=WEEKLY;BYDAY=TU;COUNT=12')
    .action(async (id: string | undefined, options: PlanOptions) => {
      const code = await withGuard(options, async (asking) => {
        const request = await planOf(id, options, asking);
        if (!request.ok) return complain(request.error);
        warnUnwatched(asking);
        const { timeZone } = timesAt(asking.times, options.device ?? []);
        const recurs = options.rrule === undefined ? {} : { recurs: { rule: options.rrule, timeZone } };
        return shown('planning', asking.guard.planWindow({ ...request.value, ...recurs }), (view) =>
          tellWindow(view, options, asking.times),
        );
      });
      setExit(code);
    });
}

function addOpen(window: Command, setExit: SetExit): void {
  planOptions(guardCommand(window, 'open', 'open a planned window, or with --vendor plan and open one at once'))
    .argument('[id]', 'of the planned one; with --vendor: left out, the ticket, else one is made')
    .option('--self', 'instead of --vendor: the hospital’s own staff; without --allow, rules and listeners')
    .option('--emergency', 'without a plan, four hours at most; needs --vendor, --caller, --reason and --on-call')
    .option('--caller <name>', 'with --emergency: who called')
    .option('--reason <text>', 'with --emergency: why it cannot wait')
    .option('--on-call <name>', 'with --emergency: who is on call and lets it happen')
    .option('--since <time>', 'with --emergency, declared after the fact: when it began')
    .action(async (id: string | undefined, options: PlanOptions) => {
      const code = await withGuard(options, async (asking) => {
        const { guard, times } = asking;
        warnUnwatched(asking);
        if (!isPlan(options)) {
          if (id === undefined) {
            const message = 'no window was named';
            return complain({ code: 'BAD_CALL', message, expected: 'the id of a planned one, or --vendor and --for' });
          }
          return shown('reading', guard.openWindow(id), (answer) => tellOpened(answer, options, times));
        }
        const request = await planOf(id, options, asking);
        if (!request.ok) return complain(request.error);
        const opened = guard.openWindow(request.value.id ?? '', request.value);
        return shown('reading', opened, (answer) => tellOpened(answer, options, times));
      });
      setExit(code);
    });
}

/** A window that nobody watches ends unnoticed. */
function warnUnwatched({ isDaemon }: Asking): void {
  if (!isDaemon) say('no daemon runs: nobody watches the end of the window until `ecluse start` does');
}

/** The options that describe a window; without any of them one is named that was planned before. */
const PLAN_OPTIONS = [
  ...(['self', 'owner', 'emergency', 'caller', 'reason', 'onCall', 'since', 'vendor', 'technician', 'ticket'] as const),
  ...(['device', 'start', 'end', 'for', 'rrule', 'allow', 'allowFilteringOff', 'allowAccess'] as const),
] satisfies readonly (keyof PlanOptions)[];

function isPlan(options: PlanOptions): boolean {
  return PLAN_OPTIONS.some((name) => options[name] !== undefined);
}

async function planOf(
  id: string | undefined,
  options: PlanOptions,
  { guard, ...asking }: Asking,
): Promise<Result<WindowRequest>> {
  const times = timesAt(asking.times, options.device ?? []);
  const bad = (message: string, expected: string) => failure({ code: 'BAD_CALL', message, expected });
  const { technician, ticket } = options;
  const whose = whoseWindow(options);
  if (!whose.ok) return whose;
  const length = options.for ?? (options.emergency && options.end === undefined ? EMERGENCY_FOR : undefined);
  if ((options.end === undefined) === (length === undefined))
    return bad(
      options.end === undefined ? 'a plan without an end' : 'two ends',
      'one of --end TIME and --for DURATION',
    );
  const start =
    options.since === undefined
      ? parseTime(options.start ?? '0s', { option: '--start', way: 'ahead' }, times)
      : parseTime(options.since, { option: '--since', way: 'back' }, times);
  if (!start.ok) return start;
  const from = { ...times, now: Date.parse(start.value) };
  const end =
    length === undefined
      ? parseTime(options.end!, { option: '--end', way: 'ahead', future: true }, from)
      : parseLength(length, from);
  if (!end.ok) return end;
  const scope: ScopeRequest[] = options.allowFilteringOff ? [{ kind: 'engine' }] : [];
  if (options.allowAccess) scope.push({ kind: 'fact' });
  if (options.self && options.allow === undefined) scope.push(...SELF_SCOPE);
  for (const text of options.allow ?? []) {
    const entry = parseAllow(text, times);
    if (!entry.ok) return entry;
    scope.push(entry.value);
  }
  const devices = options.device === undefined ? await allDevices(guard) : success(options.device);
  if (!devices.ok) return devices;
  const name = id ?? ticket;
  return success({
    ...(name !== undefined && { id: name }),
    ...whose.value,
    ...(technician !== undefined && { technician }),
    ...(ticket !== undefined && { ticket }),
    devices: devices.value,
    start: start.value,
    end: end.value,
    scope,
  });
}

/** A vendor's window, one of the hospital's own staff, or an emergency, which names who called and who let it happen. */
function whoseWindow(options: PlanOptions): Result<Pick<WindowRequest, 'vendor' | 'owner' | 'emergency'>> {
  const bad = (message: string, expected: string) => failure({ code: 'BAD_CALL', message, expected });
  const { vendor, self, owner, emergency, caller, reason, onCall, since } = options;
  if (!emergency && [caller, reason, onCall, since].some((one) => one !== undefined)) {
    return bad('--caller, --reason, --on-call and --since belong to an emergency', '--emergency');
  }
  if (self) {
    if (vendor !== undefined || emergency) return bad('--self with another’s work', '--self alone');
    return success({ vendor: 'self', owner: owner ?? person() });
  }
  if (vendor === undefined) return bad('a plan without a vendor', '--vendor NAME');
  if (!emergency) return success({ vendor, owner: owner ?? person() });
  if (caller === undefined || reason === undefined || onCall === undefined) {
    return bad('an emergency that nobody signs', '--caller NAME, --reason TEXT and --on-call NAME');
  }
  const called = { caller, reason, onCall, ...(since !== undefined && { late: true }) };
  return success({ vendor, owner: owner ?? onCall, emergency: called });
}

function parseLength(text: string, context: TimeContext): Result<string> {
  if (/^\+?\d+[smhd]$/.test(text)) return parseTime(text, { option: '--for', way: 'ahead', future: true }, context);
  return failure({ code: 'BAD_TIME', message: `--for ${text}: this is not a duration`, expected: '2h, 90m or 1d' });
}

/** Opening never fails because a device is away: the vendor is at the door, and the age of what is known is said. */
function tellOpened({ window, before }: OpenAnswerView, { json }: GuardOptions, times: TimeContext): void {
  if (json) {
    printJson({ window, before });
    return;
  }
  const there = timesAt(times, window.devices);
  printWindow({ ...window, before: [] }, there);
  for (const one of before) {
    const colour = one.fresh ? undefined : 'yellow';
    printRow('before', beforeText(one, there), colour);
    for (const reason of one.blind) printRow('blind', reason, colour);
  }
}

function addClose(window: Command, setExit: SetExit): void {
  guardCommand(
    window,
    'close',
    'read again and say whether everything is shut; exit code 0 closed, 1 something is left open, 3 it cannot be attested',
  )
    .argument('<id>')
    .action(async (id: string, options: GuardOptions) => {
      const code = await withGuard(options, ({ guard, times }) =>
        answered('reading', guard.closeWindow(id), (answer) => {
          if (options.json) printJson(answer);
          else printClose(answer, times);
          if (answer.openings.length > 0) return 1;
          return answer.state === 'closed' && answer.attested ? 0 : 3;
        }),
      );
      setExit(code);
    });
}

function printClose(answer: CloseAnswerView, times: TimeContext): void {
  const { window, state, attested, openings, alsoOpen, coverage } = answer;
  for (const { severity, code, device, summary, firstSeen, ...details } of openings) {
    const doubt = details.certainty === 'possible' ? 'possibly: ' : '';
    print(`${severityText(severity)}  ${code}  ${clean(device)}: ${doubt}${clean(summary)}`);
    print(`          since    ${timeText(firstSeen, times)}`);
    printDetails(details);
  }
  printAlsoOpen(answer);
  const open = openings.length + alsoOpen.length;
  printCoverage(coverage, open, attested ? [] : ['not every device of the window could be read completely']);
  const left = `${openings.length} left open; shut it and close again`;
  const why = openings.length > 0 ? left : 'it cannot be attested that everything is shut';
  print(state === 'closed' ? clean(`window ${window} is closed`) : clean(`window ${window} is refused: ${why}`));
  printSessions(answer);
  printWaysOut(answer, times);
}

interface ExtendOptions extends GuardOptions {
  readonly until: string;
  readonly reason: string;
  readonly by?: string;
  readonly second?: string;
}

function addExtend(window: Command, setExit: SetExit): void {
  guardCommand(window, 'extend', 'grant more time')
    .argument('<id>')
    .requiredOption('--until <time>', 'the new end: 18:30, or a time with its day')
    .requiredOption('--reason <text>', 'why')
    .option('--by <name>', 'who grants it; left out, who asks')
    .option('--second <name>', 'a second approver, needed past twice the planned length')
    .action(async (id: string, options: ExtendOptions) => {
      const code = await withGuard(options, async ({ guard, times }) => {
        const wanted = { option: '--until', way: 'ahead' } as const;
        const written = parseTime(options.until, wanted, times);
        if (!written.ok) return complain(written.error);
        const known = await guard.window(id);
        if (!known.ok) return complain(known.error);
        const until = parseTime(options.until, { ...wanted, future: true }, timesAt(times, known.value.devices));
        if (!until.ok) return complain(until.error);
        const { second, reason } = options;
        const by = options.by ?? person();
        const extension = { until: until.value, by, reason, ...(second !== undefined && { second }) };
        return shown('asking', guard.extendWindow(id, extension), (view) => tellWindow(view, options, times));
      });
      setExit(code);
    });
}

function addCancel(window: Command, setExit: SetExit): void {
  guardCommand(window, 'cancel', 'give up a planned window')
    .argument('<id>')
    .action(async (id: string, options: GuardOptions) => {
      const code = await withGuard(options, ({ guard, times }) =>
        shown('asking', guard.cancelWindow(id), (view) => tellWindow(view, options, times)),
      );
      setExit(code);
    });
}

function addList(window: Command, setExit: SetExit): void {
  guardCommand(window, 'list', 'windows that are planned, open, refused or overdue')
    .option('--all', 'closed and cancelled ones too')
    .action(async (options: GuardOptions & { readonly all?: boolean }) => {
      const code = await withGuard(options, ({ guard, times }) =>
        shown('asking', guard.windows({ all: options.all === true }), (views) => {
          if (options.json) return printJson(views);
          if (views.length === 0) return print(options.all ? 'there is no window' : 'no window is planned or open');
          const { shown: rows, later } = options.all ? { shown: views, later: [] } : nextOfSeries(views);
          printTable(
            ['window', 'state', 'vendor', 'devices', 'start', 'end', 'shut by'],
            rows.map((one) => [
              one.id,
              one.state,
              one.vendor,
              one.devices.join(', '),
              ...[one.start, one.effectiveEnd, one.deadline].map((at) => timeText(at, timesAt(times, one.devices))),
            ]),
          );
          for (const { series, count, last } of later) {
            const until = timeText(last.start, timesAt(times, last.devices));
            print(clean(`series ${series}: ${count} more, the last on ${until}; --all lists them`));
          }
        }),
      );
      setExit(code);
    });
}

function addShow(window: Command, setExit: SetExit): void {
  guardCommand(window, 'show', 'one window')
    .argument('<id>')
    .action(async (id: string, options: GuardOptions) => {
      const code = await withGuard(options, ({ guard, times }) =>
        shown('asking', guard.window(id), (view) => tellWindow(view, options, times)),
      );
      setExit(code);
    });
}
