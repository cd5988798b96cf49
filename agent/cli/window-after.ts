import type { Command } from 'commander';
import type { CloseAnswerView, WindowView } from '../app/guard/contract.js';
import { clean, coloured, print, printJson, type SetExit, severityText } from './terminal.js';
import { type TimeContext, timeText } from './times.js';
import { type GuardOptions, guardCommand, person, shown, withGuard } from './with-guard.js';

const WAYS = { fix: 'fix and retry', resume: 'resume', waive: 'waive', handOver: 'hand over' } as const;

/** A refusal without a way on would be answered by ignoring it. */
export function printWaysOut({ waysOut = [], owner }: CloseAnswerView, times: TimeContext): void {
  if (waysOut.length === 0) return;
  if (owner !== undefined) print(clean(`${owner} answers for what is left, until somebody takes it over`));
  print('ways out:');
  for (const { way, text, command, until } of waysOut) {
    const end = until === undefined ? '' : `, ${timeText(until, times)}`;
    print(`  ${WAYS[way].padEnd(15)}${clean(`${text}${end}`)}`);
    print(`  ${''.padEnd(15)}${clean(command)}`);
  }
}

/** Of what is open beside the window's own, more are counted only: `ecluse findings` has them all. */
const BESIDE_MAX = 5;

/** Open before or beside the window: it does not hold up the close, and the close must not call it clean. */
export function printAlsoOpen({ alsoOpen }: CloseAnswerView): void {
  if (alsoOpen.length === 0) return;
  print(coloured('yellow', `open beside this window: ${alsoOpen.length}; ecluse findings says more`));
  for (const { severity, code, key, summary } of alsoOpen.slice(0, BESIDE_MAX)) {
    print(`  ${severityText(severity)}  ${code}  ${clean(key)}: ${clean(summary)}`);
  }
  const rest = alsoOpen.length - BESIDE_MAX;
  if (rest > 0) print(`  and ${rest} more`);
}

/** What outlived the rules: nobody but a person ends it, so the command stands with it. */
export function printSessions({ sessions = [] }: CloseAnswerView): void {
  if (sessions.length === 0) return;
  const letIn =
    sessions.length === 1 ? 'connection that was let in meanwhile is' : 'connections that were let in meanwhile are';
  print(coloured('yellow', `${sessions.length} ${letIn} still up:`));
  for (const { device, summary, state, certainty, admittedBy, command } of sessions) {
    const sure = certainty === 'certain' ? '' : 'perhaps: ';
    print(`  ${clean(`${device}: ${sure}${summary} (${state})`)}`);
    print(`          let in by  ${clean(admittedBy)}`);
    print(`          ends by    ${clean(command)}`);
  }
}

/** What was done after a refused close, as rows of the window. */
export function afterwards(
  { resumed, handedOver, sessions }: WindowView,
  times: TimeContext,
): readonly [string, string][] {
  return [
    ...(sessions?.left ?? []).map(({ device, summary, command }): [string, string] => [
      'outlived',
      `${device}: ${summary}; ends by: ${command}`,
    ]),
    ...(resumed ? [['resumed', `${timeText(resumed.at, times)} by ${resumed.by}`] as [string, string]] : []),
    ...(handedOver
      ? [['handed to', `${handedOver.to} by ${handedOver.by}, ${timeText(handedOver.at, times)}`] as [string, string]]
      : []),
  ];
}

export function addAfter(window: Command, setExit: SetExit): void {
  addResume(window, setExit);
  addHandOver(window, setExit);
  addClaim(window, setExit);
}

interface ByOptions extends GuardOptions {
  readonly by?: string;
}

function addResume(window: Command, setExit: SetExit): void {
  guardCommand(window, 'resume', 'after a refused close: go on working until the planned end')
    .argument('<id>')
    .option('--by <name>', 'who goes on; left out, who asks')
    .action(async (id: string, options: ByOptions) => {
      const by = options.by ?? person();
      const code = await withGuard(options, ({ guard, times }) =>
        shown('asking', guard.resumeWindow(id, by), (view) => {
          if (options.json) printJson(view);
          else print(clean(`window ${id}: open again, to be shut by ${timeText(view.deadline, times)}`));
        }),
      );
      setExit(code);
    });
}

function addHandOver(window: Command, setExit: SetExit): void {
  guardCommand(window, 'hand-over', 'after a refused close or an overdue end: name who takes over what is left')
    .argument('<id>')
    .requiredOption('--to <name>', 'who takes it over')
    .option('--by <name>', 'who hands it over; left out, who asks')
    .action(async (id: string, options: ByOptions & { readonly to: string }) => {
      const request = { to: options.to, by: options.by ?? person() };
      const code = await withGuard(options, ({ guard }) =>
        shown('asking', guard.handOverWindow(id, request), (view) => {
          if (options.json) printJson(view);
          else print(clean(`window ${id}: ${view.state}; ${request.to} answers for what is left`));
        }),
      );
      setExit(code);
    });
}

function addClaim(window: Command, setExit: SetExit): void {
  guardCommand(window, 'claim', 'say whose work an unplanned opening is; that it was unplanned stays told')
    .argument('<finding>', 'its key, as `ecluse findings` shows it')
    .requiredOption('--reason <text>', 'why it was opened')
    .option('--by <name>', 'whose work it is; left out, who asks')
    .action(async (finding: string, options: ByOptions & { readonly reason: string }) => {
      const { reason } = options;
      const by = options.by ?? person();
      const code = await withGuard(options, ({ guard }) =>
        shown('asking', guard.claim({ finding, by, reason }), (view) => {
          if (options.json) printJson(view);
          else print(clean(`${view.key}: ${view.code}, claimed by ${by}; it is told until it is shut`));
        }),
      );
      setExit(code);
    });
}
