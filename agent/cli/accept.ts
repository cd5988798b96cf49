import type { Command } from 'commander';
import type { FindingView } from '../app/guard/contract.js';
import { clean, print, printJson, type SetExit } from './terminal.js';
import { type GuardOptions, guardCommand, person, shown, withGuard } from './with-guard.js';

interface AcceptOptions extends GuardOptions {
  readonly by?: string;
  readonly second?: string;
}

interface RefuseOptions extends GuardOptions {
  readonly by?: string;
  readonly reason: string;
}

const FINDING = 'its key, as `ecluse findings` shows it';

export function addAccept(program: Command, setExit: SetExit): void {
  guardCommand(
    program,
    'accept',
    'accept that a flow stays which a window announced as staying: two people, its owner one of them',
  )
    .argument('<finding>', FINDING)
    .option('--by <name>', 'who accepts; left out, who asks')
    .option('--second <name>', 'the other person, where both are here; left out, they accept it by themselves later')
    .action(async (finding: string, options: AcceptOptions) => {
      const { second } = options;
      const by = options.by ?? person();
      const word = { kind: 'accept' as const, by, ...(second !== undefined && { second }) };
      const code = await withGuard(options, ({ guard }) =>
        shown('asking', guard.accept({ finding, word }), (view) => tell(view, options, acceptedText(view))),
      );
      setExit(code);
    });
}

export function addRefuse(program: Command, setExit: SetExit): void {
  guardCommand(
    program,
    'refuse',
    'say that a flow which a window announced as staying does not: it is left open from then on',
  )
    .argument('<finding>', FINDING)
    .requiredOption('--reason <text>', 'why')
    .option('--by <name>', 'who refuses; left out, who asks')
    .action(async (finding: string, options: RefuseOptions) => {
      const by = options.by ?? person();
      const word = { kind: 'refuse' as const, by, reason: options.reason };
      const code = await withGuard(options, ({ guard }) =>
        shown('asking', guard.accept({ finding, word }), (view) =>
          tell(view, options, `${view.key}: refused by ${by}; it is told as ${view.code} until it is shut`),
        ),
      );
      setExit(code);
    });
}

function acceptedText({ key, resolvedAt, details = [] }: FindingView): string {
  return `${key}: ${resolvedAt === undefined ? '' : 'it stays: '}${details.join('; ')}`;
}

function tell(view: FindingView, { json }: GuardOptions, text: string): void {
  if (json) printJson(view);
  else print(clean(text));
}
