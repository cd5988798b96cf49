import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { exitCodeOf } from '../app/exit-code.js';
import type { AskAnswer } from '../app/offline-ask.js';
import { displayText } from '../lib/display.js';
import { problemText } from '../lib/result.js';
import type { SetExit } from './terminal.js';

/** One write for each answer would cost more than the answer. */
const CHARACTERS_AT_ONCE = 65_536;

interface AskOptions {
  readonly packets: string;
  readonly driver?: string;
  readonly explain?: boolean;
  readonly text?: boolean;
}

function rewriteText(one: NonNullable<AskAnswer['nat']>['source']): string {
  const to = one?.to?.join(', ') ?? '';
  return one?.ports ? `${to} port ${one.ports[0]}`.trim() : to;
}

/** `trace 1 inet/filter/forward rule tcp dport 22 accept (verdict accept)`. */
function walkText({ id, verdict, path = [], unknowns, assuming, nat }: AskAnswer): string {
  const lines = path.map(({ list, did, text }) =>
    did.startsWith('policy ') ? `${list} ${did}` : `${list} rule ${text} (verdict ${did})`,
  );
  const [to, from] = [rewriteText(nat), rewriteText(nat?.source)];
  const rest = [
    ...(to ? [`translated to ${to}`] : []),
    ...(from ? [`coming from ${from}`] : []),
    ...(unknowns.length > 0 ? [`depends on ${unknowns.join('; ')}`] : []),
    ...(assuming.length > 0 ? [`assuming ${assuming.join('; ')}`] : []),
  ];
  return [...lines, [`verdict: ${verdict}`, ...rest].join(', ')]
    .map((line) => displayText(`trace ${id} ${line}`))
    .join('\n');
}

export function addAsk(program: Command, setExit: SetExit): void {
  program
    .command('ask')
    .description('the verdict of a capture on each packet of a list, in input order, as JSON lines')
    .argument('<file>', 'a capture: a file, or a folder with one file a section')
    .requiredOption('--packets <cases>', 'JSON lines of {"id", "at"?, "packet"}; - for standard input')
    .option('--driver <id>', 'how to read the capture; left out, it is recognised')
    .option('--explain', 'walk each packet through the rules')
    .option('--text', 'the walk in lines for people, as nft monitor trace prints one')
    .option('--json', 'JSON lines, as always')
    .action(async (file: string, options: AskOptions) => {
      // Loaded where there is something to answer: help needs none of it.
      const { readFile } = await import('../app/offline.js');
      const { askLine } = await import('../app/offline-ask.js');
      const device = await readFile(file, options.driver);
      if (!device.ok) {
        process.stderr.write(`ecluse: ${problemText(device.error)}\n`);
        return setExit(exitCodeOf(device.error));
      }
      for (const reason of device.value.coverage.blind)
        process.stderr.write(`ecluse: not understood completely: ${reason}\n`);
      let text: string;
      try {
        text = readFileSync(options.packets === '-' ? 0 : options.packets, 'utf8');
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const why = { ENOENT: 'no such file', EISDIR: 'this is a folder', EACCES: 'may not be read by this user' }[
          code ?? ''
        ];
        process.stderr.write(`ecluse: ${options.packets}: ${why ?? message} (expected a file of JSON lines, or -)\n`);
        return setExit(2);
      }
      const lines = text.split('\n');
      let answers = '';
      for (const [index, line] of lines.entries()) {
        if (line.trim() === '') continue;
        const answer = askLine(
          device.value,
          line,
          { file: options.packets, line: index + 1 },
          options.explain === true || options.text === true,
        );
        if (!answer.ok) {
          process.stderr.write(`ecluse: ${problemText(answer.error)}\n`);
          setExit(2);
          continue;
        }
        answers += `${options.text ? walkText(answer.value) : JSON.stringify(answer.value)}\n`;
        if (answers.length >= CHARACTERS_AT_ONCE) {
          process.stdout.write(answers);
          answers = '';
        }
      }
      if (answers !== '') process.stdout.write(answers);
    });
}
