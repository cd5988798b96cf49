import { createHmac, randomBytes } from 'node:crypto';
import type { ApplianceApi, DialogueStep } from '../../drivers/contract.js';
import { failure, type Problem, problemText, type Result, success } from '../../lib/result.js';
import { attempts } from '../attempts.js';
import { askInOrder } from '../follow-up.js';
import { readKnownKeys } from '../known-keys.js';
import { readSecret } from '../private-file.js';
import type { Answers, CommandOutput, CommandRunner, Conversed, ConverseOptions, Speaker } from '../runner.js';
import { turns } from '../turns.js';
import { CERTIFICATE, objectionTo, pinsFor } from './certificates.js';
import { type Line, openLine } from './line.js';
import { type LoginProblem, openSession, type Session } from './session.js';
import { addressOf, type HttpsTarget, type HttpsTimeouts, httpsTimeouts } from './target.js';

export interface HttpsOptions {
  /** Path of the file with the certificates that a person accepted. */
  readonly knownKeys: string;
  readonly timeouts?: Partial<HttpsTimeouts>;
  /** The wait after a first failure; each one more doubles it. */
  readonly backoffMsMin?: number;
  /** The accepted certificate that the appliance has shown, with its address: `host:port`. */
  readonly onHostKey?: (address: string, key: { readonly type: string; readonly fingerprint: string }) => void;
}

export interface HttpsRunner extends CommandRunner {
  /** Logs in where that is not done yet; why it cannot be, in one Problem instead of one for each question. */
  ready(signal?: AbortSignal): Promise<Problem | undefined>;
  converse: NonNullable<CommandRunner['converse']>;
  /** Gives the session back. */
  close(): Promise<void>;
}

/** Of all devices together: a site has hundreds, and each TLS handshake is this process's work. */
const asking = turns(16);
/** Lives as long as this process: a mark can be compared and never guessed at. */
const markKey = randomBytes(32);
const cancelled: Problem = { code: 'CANCELLED', message: 'given up before the appliance was asked' };
const noPrograms: CommandOutput = { kind: 'broken', reason: 'an appliance that is read over HTTPS runs no programs' };

interface Kept {
  readonly line: Line;
  readonly session: Session;
  readonly mark: string;
}

/** Asks an appliance over its HTTPS interface. Each reading is a session of its own, which is given back at its end. */
export function httpsRunner(target: HttpsTarget, api: ApplianceApi | undefined, options: HttpsOptions): HttpsRunner {
  const timeouts = { ...httpsTimeouts, ...options.timeouts };
  const own = turns(1);
  let kept: Kept | undefined;
  let closed = false;
  const tries = attempts({
    backoffMsMin: options.backoffMsMin,
    stopped: (count, last) => ({
      code: 'API_LOGIN_STOPPED',
      message: `${last.message}; after ${count} refusals it is not tried again, so that the account does not lock`,
      ...(last.expected !== undefined && { expected: last.expected }),
      remedy: `mend the account or the password, then: ecluse trust ${target.device}`,
    }),
  });

  const open = async (signal: AbortSignal | undefined): Promise<Result<Kept>> => {
    if (closed || signal?.aborted) return failure(cancelled);
    if (kept) return success(kept);
    if (!api) return failure(noApi(target));
    const known = readKnownKeys(options.knownKeys);
    if (!known.ok) return known;
    const password = readSecret(target.password, 'API_CREDENTIALS');
    if (!password.ok) return password;
    const pins = pinsFor(target, known.value);
    const mark = markOf([target.user, password.value.reveal(), known.value.asked[target.device], pins]);
    const blocked = tries.blocked(mark);
    if (blocked) return failure(blocked);
    const line = openLine(target, {
      timeouts,
      objection(fingerprint) {
        const objection = objectionTo(fingerprint, pins, target);
        if (!objection) options.onHostKey?.(addressOf(target), { type: CERTIFICATE, fingerprint });
        return objection;
      },
    });
    const session = await openSession(target, { line, api, password: password.value, timeouts, signal });
    if (!session.ok) {
      line.close();
      return failure(reported(session.error, mark));
    }
    tries.worked();
    kept = { line, session: session.value, mark };
    return success(kept);
  };

  const reported = (problem: LoginProblem, mark: string): Problem => {
    const { waitMs, ...told } = problem;
    if (told.code === cancelled.code) return told;
    if (told.code === 'API_LOGIN_REFUSED') return tries.refused(told, mark, waitMs);
    tries.holdOff(told, mark, waitMs);
    return told;
  };

  const leave = async (): Promise<void> => {
    const gone = kept;
    kept = undefined;
    await gone?.session.end();
    gone?.line.close();
  };

  /** One login more where the appliance ended the session: it may have been idle for too long, and once is enough. */
  const questioner = (signal: AbortSignal | undefined) => {
    let logins = 0;
    let over: CommandOutput | undefined;
    const ask = async ({ timeoutMsMax, bytesMax }: DialogueStep, argv: readonly string[]): Promise<CommandOutput> => {
      for (;;) {
        if (over) return over;
        const there = await open(signal);
        if (!there.ok) {
          over = withoutSession(there.error);
          return over;
        }
        const output = await there.value.session.ask(argv, { timeoutMsMax, bytesMax, signal });
        if (output.kind === 'ended') {
          await leave();
          logins += 1;
          if (logins > 1) over = { kind: 'broken', reason: 'the appliance ended the session again and again' };
          continue;
        }
        if (output.kind === 'lost') over = { kind: 'broken', reason: output.reason };
        else if (output.kind === 'timeout') over = { kind: 'broken', reason: 'not asked: it does not answer any more' };
        else if (output.kind === 'cancelled') over = output;
        return output.kind === 'lost' ? over! : output;
      }
    };
    return { ask, wentWell: () => over === undefined };
  };

  const converse = async (speakers: readonly Speaker[], { passes, signal }: ConverseOptions): Promise<Conversed[]> => {
    const [speaker] = speakers;
    const none = (why: CommandOutput): Conversed[] =>
      Array.from({ length: passes }, () => ({ answers: sameForAll(speakers, why) }));
    if (!speaker?.dialogue.api || speakers.length > 1)
      return none({ kind: 'broken', reason: 'an appliance is read by the driver of its platform alone' });
    const giveOwn = await own.take(signal);
    const giveBack = giveOwn && (await asking.take(signal));
    if (!giveBack) {
      giveOwn?.();
      return none({ kind: 'cancelled' });
    }
    try {
      const { ask, wentWell } = questioner(signal);
      const conversed: Conversed[] = [];
      while (conversed.length < passes) conversed.push({ answers: await askInOrder(speaker.dialogue.steps, ask) });
      if (wentWell()) tries.well();
      return conversed;
    } finally {
      await leave();
      giveBack();
      giveOwn();
    }
  };

  return {
    run: async () => noPrograms,
    readFile: async () => noPrograms,
    follow: async () => noPrograms,
    converse,
    parallelMax: 1,
    async ready(signal) {
      const giveOwn = await own.take(signal);
      if (!giveOwn) return cancelled;
      try {
        const there = await open(signal);
        return there.ok ? undefined : there.error;
      } finally {
        giveOwn();
      }
    },
    async close() {
      closed = true;
      await leave();
    },
  };
}

function markOf(parts: readonly unknown[]): string {
  return createHmac('sha256', markKey).update(JSON.stringify(parts)).digest('hex');
}

function noApi(target: HttpsTarget): Problem {
  return {
    code: 'HTTPS_NO_API',
    message: `${target.device}: no driver of this device knows an HTTPS interface`,
    expected: 'the driver of a platform that is read over HTTPS: stormshield',
    remedy: 'name that driver, or read the device over SSH',
  };
}

function withoutSession(problem: Problem): CommandOutput {
  if (problem.code === cancelled.code) return { kind: 'cancelled' };
  return { kind: 'broken', reason: `${problem.code}: ${problemText(problem)}` };
}

function sameForAll(speakers: readonly Speaker[], output: CommandOutput): Answers {
  const steps = speakers.flatMap(({ dialogue }) => dialogue.steps);
  return new Map(steps.map((step) => [step, { source: step.argv.join(' '), output }]));
}
