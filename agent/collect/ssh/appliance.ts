import type { ApplianceShell, DialogueStep } from '../../drivers/contract.js';
import { MASK } from '../../lib/secret.js';
import { displayMessage, everywhere } from '../capture.js';
import { askInOrder } from '../follow-up.js';
import type { Answers, CommandOutput, Conversed, ConverseOptions, Speaker } from '../runner.js';
import { decodeUtf8 } from '../utf8.js';
import type { Credentials } from './credentials.js';
import type { Link } from './link.js';
import type { Request } from './request.js';
import type { SshTimeouts } from './target.js';
import { openTerminal, type Terminal, withoutEscapes } from './terminal.js';

/** What may be shown before the first prompt. */
const GREETING_BYTES_MAX = 256 * 1024;
/** How often a prompt is asked for until it is the same twice: a late message may come between. */
const PROMPT_TRIES_MAX = 5;
const VIRTUAL_MAX = 250;
/** Refusals by a shell count towards the lock of an account as those by SSH do. */
const REFUSALS_MAX = 2;
/** A refusal is a line or two; the same words deep in a configuration are somebody's remark. */
const REFUSAL_CHARACTERS_MAX = 2_000;

/** A pager is wiped away by blanks between carriage returns. */
const WIPED = /^[ \u0008]*\r/gm;

export interface ApplianceTalk {
  request(speakers: readonly Speaker[], options: ConverseOptions): Request;
}

/** Reads appliances by their own command line. One for each device: it remembers refusals of its shell. */
export function applianceTalk(user: string, timeouts: SshTimeouts): ApplianceTalk {
  let refusals: { readonly mark: string; readonly count: number } | undefined;
  return {
    request(speakers, { passes, signal }) {
      const none = (why: CommandOutput): readonly Conversed[] =>
        Array.from({ length: passes }, () => ({ answers: nothing(speakers, why) }));
      const [speaker] = speakers;
      const shell = speaker?.dialogue.shell;
      const on = async (link: Link): Promise<readonly Conversed[]> => {
        if (!shell || speakers.length > 1) {
          return none({ kind: 'broken', reason: 'an appliance is read by the driver of its platform alone' });
        }
        const { mark } = link.credentials;
        if (refusals?.mark === mark && refusals.count >= REFUSALS_MAX) return none(stopped(refusals.count));
        const untilMs = performance.now() + timeouts.loginMs;
        const opened = await openTerminal(link, { untilMs, ...(signal && { signal }) });
        if ('failed' in opened) return none(opened.failed);
        const talk: Talk = { terminal: opened.found, shell, user, credentials: link.credentials, timeouts };
        try {
          const failed = await arrive(talk, untilMs);
          if (failed?.kind === 'refused') refusals = { mark, count: refusals?.mark === mark ? refusals.count + 1 : 1 };
          else if (!failed) refusals = undefined;
          if (failed) return none(failed);
          const conversed: Conversed[] = [];
          while (conversed.length < passes) conversed.push({ answers: await askAll(talk, speaker.dialogue.steps) });
          return conversed;
        } finally {
          talk.terminal.type(`${shell.logout}\n`);
          talk.terminal.close();
          // An appliance gives a connection one shell.
          link.finish();
        }
      };
      return { none, on };
    },
  };
}

function nothing(speakers: readonly Speaker[], why: CommandOutput): Answers {
  const steps = speakers.flatMap(({ dialogue }) => dialogue.steps);
  return new Map(steps.map((step) => [step, { source: step.argv.join(' '), output: why }]));
}

function stopped(count: number): CommandOutput {
  const reason = `its shell refused the password ${count} times, and it is not tried again, so that the account does not lock, until the password changes or Écluse is started anew`;
  return { kind: 'refused', reason };
}

interface Talk {
  readonly terminal: Terminal;
  readonly shell: ApplianceShell;
  readonly user: string;
  readonly credentials: Credentials;
  readonly timeouts: SshTimeouts;
  /** The prompt as it stands there now, without the blanks behind it. */
  prompt?: string;
  /** Why nothing more can be asked in this session. */
  over?: CommandOutput;
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1);
}

/** From the login to a prompt that is known letter for letter. */
async function arrive(talk: Talk, untilMs: number): Promise<CommandOutput | undefined> {
  const { terminal, shell, user, credentials } = talk;
  const answered = new Set<string>();
  const limits = { untilMs, bytesMax: GREETING_BYTES_MAX };
  const answer = (what: string, text: string): CommandOutput | undefined => {
    if (answered.has(what)) return { kind: 'refused', reason: `its shell asks again for ${what}` };
    answered.add(what);
    terminal.clear();
    terminal.type(text);
    return undefined;
  };
  const secretFor = (what: string, secret: Credentials['password']): CommandOutput | undefined => {
    if (secret) return answer(what, `${secret.reveal()}\n`);
    return { kind: 'refused', reason: `its shell asks for ${what}, and none is configured` };
  };
  for (;;) {
    const seen = await terminal.until((last) => stateOf(lastLine(last), shell, answered), limits);
    if ('failed' in seen) return unknownPrompt(seen.failed, talk);
    const { found } = seen;
    if (found.kind === 'prompt') break;
    const refusal =
      found.kind === 'greeting'
        ? answer('a greeting', found.answer)
        : found.kind === 'user'
          ? answer('the user', `${user}\n`)
          : found.kind === 'password'
            ? secretFor('the password', credentials.password)
            : found.kind === 'enable'
              ? answer('more rights', `${shell.enable!.line}\n`)
              : secretFor('the enable password', credentials.enable ?? credentials.password);
    if (refusal) return refusal;
  }
  const lost = await learnPrompt(talk, untilMs);
  if (lost) return lost;
  for (const line of shell.prepare) {
    const prepared = await type(talk, line, untilMs);
    if (prepared) return prepared;
  }
  return undefined;
}

type State =
  | { readonly kind: 'prompt' | 'enable' | 'enable-password' | 'user' | 'password' }
  | { readonly kind: 'greeting'; readonly answer: string };

function stateOf(line: string, shell: ApplianceShell, answered: ReadonlySet<string>): State | undefined {
  if (line.trim() === '') return undefined;
  const { prompt, enable, login, greetings = [] } = shell;
  if (prompt.test(line)) return { kind: 'prompt' };
  const greeting = answered.has('a greeting') ? undefined : greetings.find(({ pattern }) => pattern.test(line));
  if (greeting) return { kind: 'greeting', answer: greeting.answer };
  if (enable?.prompt.test(line)) return { kind: 'enable' };
  if (answered.has('more rights') && enable?.password.test(line)) return { kind: 'enable-password' };
  if (login?.user.test(line)) return { kind: 'user' };
  if (login?.password.test(line)) return { kind: 'password' };
  return undefined;
}

/** What the appliance says, for a person; one that shows the password as it is typed must not have it told. */
function quoted(text: string, { credentials }: Talk): string {
  const known = [credentials.password, credentials.enable].flatMap((one) => one?.reveal() || []);
  return displayMessage(
    known.reduce((rest, value) => rest.replaceAll(value, MASK), text),
    80,
  );
}

function unknownPrompt(failed: CommandOutput, talk: Talk): CommandOutput {
  if (failed.kind !== 'timeout') return failed;
  const line = quoted(lastLine(withoutEscapes(talk.terminal.shown().toString('utf8'))), talk);
  const shown = line === '' ? 'nothing' : `"${line}"`;
  return { kind: 'broken', reason: `no prompt of this platform after ${failed.afterMs} ms; it shows ${shown}` };
}

/** Asks for an empty line until the same prompt comes twice: so a prompt in a greeting is not taken for it. */
async function learnPrompt(talk: Talk, untilMs: number): Promise<CommandOutput | undefined> {
  const { terminal, shell } = talk;
  let before: string | undefined;
  for (let tries = 0; tries < PROMPT_TRIES_MAX; tries++) {
    terminal.clear();
    terminal.type('\n');
    const isPrompt = (last: string): string | undefined => (shell.prompt.test(lastLine(last)) ? last : undefined);
    const seen = await terminal.until(isPrompt, { untilMs, bytesMax: GREETING_BYTES_MAX });
    if ('failed' in seen) return unknownPrompt(seen.failed, talk);
    const now = seen.found.trim();
    if (now === before) {
      talk.prompt = now;
      return undefined;
    }
    before = now;
  }
  return { kind: 'broken', reason: 'the prompt of the appliance is another one each time' };
}

/** A line after which the prompt may be another one, and whose answer means nothing. */
async function type(talk: Talk, line: string, untilMs: number): Promise<CommandOutput | undefined> {
  const { terminal, shell } = talk;
  terminal.clear();
  terminal.type(`${line}\n`);
  const answered = (last: string): true | undefined =>
    last.includes('\n') && shell.prompt.test(lastLine(last)) ? true : undefined;
  const seen = await terminal.until(answered, { untilMs, bytesMax: GREETING_BYTES_MAX });
  return 'failed' in seen ? unknownPrompt(seen.failed, talk) : learnPrompt(talk, untilMs);
}

async function askAll(talk: Talk, steps: readonly DialogueStep[]): Promise<Answers> {
  const { shell, timeouts } = talk;
  const answers = await askInOrder(steps, (step, argv) => ask(talk, step, argv));
  const { virtual } = shell;
  const lister = virtual && steps.find(({ id }) => id === virtual.step);
  const listed = lister && answers.get(lister)!.output;
  if (!virtual || listed?.kind !== 'exited') return answers;
  const names = [...listed.stdout.matchAll(everywhere(virtual.names))].map(({ groups }) => groups!.name!);
  const base = talk.prompt;
  const inside = new Map(
    steps.filter(({ eachVirtual }) => eachVirtual).map((step) => [step, new Map<string, CommandOutput>()]),
  );
  for (const [at, name] of names.entries()) {
    const untilMs = performance.now() + timeouts.loginMs;
    let failed: CommandOutput | undefined =
      at < VIRTUAL_MAX ? talk.over : { kind: 'broken', reason: `more than ${VIRTUAL_MAX} virtual systems` };
    for (const line of virtual.enter(name)) failed ??= await type(talk, line, untilMs);
    // Whoever is still where he was would read the same place again under another name.
    if (!failed && talk.prompt === base) failed = { kind: 'broken', reason: `it does not let this user into ${name}` };
    for (const [step, outputs] of inside) outputs.set(name, failed ?? (await ask(talk, step)));
    for (const line of virtual.leave) {
      const stuck = talk.over ?? (await type(talk, line, performance.now() + timeouts.loginMs));
      if (stuck) talk.over = stuck;
    }
    if (!talk.over && talk.prompt !== base)
      talk.over = { kind: 'broken', reason: `it does not come back from ${name}` };
  }
  for (const [step, within] of inside) if (within.size > 0) answers.set(step, { ...answers.get(step)!, within });
  return answers;
}

/**
 * One command. Its output ends where the prompt, known letter for letter, stands alone and answers an empty line with
 * itself: a prompt within the output is followed by the rest of the output. The device repeats the command first, so
 * that nothing that was left of another one is taken for its answer.
 */
async function ask(talk: Talk, step: DialogueStep, argv = step.argv): Promise<CommandOutput> {
  const { terminal, shell, prompt = '' } = talk;
  if (talk.over) return { kind: 'broken', reason: `not asked: ${wordsOf(talk.over)}` };
  const line = argv.join(' ');
  const limits = { untilMs: performance.now() + step.timeoutMsMax, bytesMax: step.bytesMax };
  const own = prompt.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const once = new RegExp(`\\n${own} *$`);
  const twice = new RegExp(`\\n${own} *\\n${own} *$`);
  const pager = shell.pager && new RegExp(`(?:${shell.pager.pattern.source})\\s*$`, 'm');
  terminal.clear();
  terminal.type(`${line}\n`);
  const wait = async (end: RegExp): Promise<CommandOutput | undefined> => {
    for (;;) {
      const seen = await terminal.until((last) => {
        const text = last.replace(WIPED, '');
        if (end.test(text)) return 'end';
        if (!pager?.test(lastLine(text))) return undefined;
        // At once, before more of the output comes: the same pager must not be answered twice.
        terminal.turn();
        return 'pager';
      }, limits);
      if ('failed' in seen) return seen.failed;
      if (seen.found === 'end') return undefined;
      terminal.type(shell.pager!.answer);
    }
  };
  let failed = await wait(once);
  if (!failed) {
    terminal.type('\n');
    failed = await wait(twice);
  }
  if (failed) {
    talk.over = failed.kind === 'timeout' ? { ...failed, afterMs: step.timeoutMsMax } : failed;
    return talk.over;
  }
  const decoded = decodeUtf8(terminal.shown());
  if ('badOffset' in decoded) return { kind: 'not-utf8', offset: decoded.badOffset };
  const text = unpaged(decoded.text, shell).replace(twice, '\n');
  const echo = text.slice(0, text.indexOf('\n') + 1);
  if (echo.trim() !== line) {
    talk.over = {
      kind: 'broken',
      reason: `the appliance does not repeat "${line}" but says "${quoted(echo, talk)}"`,
    };
    return talk.over;
  }
  const said = text.slice(echo.length);
  const isRefusal = said.length <= REFUSAL_CHARACTERS_MAX && step.refused?.test(said) === true;
  return { kind: 'exited', exitCode: isRefusal ? 1 : 0, stdout: isRefusal ? '' : said, stderr: isRefusal ? said : '' };
}

function wordsOf(output: CommandOutput): string {
  return output.kind === 'broken' ? output.reason : `the session ended by ${output.kind}`;
}

/**
 * Without the pager and what wipes it away: blanks between carriage returns, or steps back. The same words that nothing
 * wipes away are the output's own.
 */
function unpaged(text: string, { pager }: ApplianceShell): string {
  const clean = withoutEscapes(text);
  if (!pager) return clean;
  const wiped = '(?:\\r *\\r?|\\u0008+ *\\u0008*)';
  return clean.replace(new RegExp(`(?:${pager.pattern.source})${wiped}`, 'gm'), '');
}
