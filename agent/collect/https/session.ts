import type { ApiContext, ApiOutcome, ApplianceApi } from '../../drivers/contract.js';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import type { Secret } from '../../lib/secret.js';
import { displayMessage } from '../capture.js';
import type { CommandOutput } from '../runner.js';
import { broken, type Line, type Reply, type ReplyLimits } from './line.js';
import { addressOf, type HttpsTarget, type HttpsTimeouts } from './target.js';

/** `ended`: the appliance has forgotten the session. `lost`: nobody is there any more, or somebody else. */
export type Asked = CommandOutput | { readonly kind: 'ended' } | { readonly kind: 'lost'; readonly reason: string };

/** Somebody who is logged in. */
export interface Session {
  ask(argv: readonly string[], limits: ReplyLimits): Promise<Asked>;
  /** Gives the session back: an appliance has few. Never fails. */
  end(): Promise<void>;
}

export interface SessionOptions {
  readonly line: Line;
  readonly api: ApplianceApi;
  readonly password: Secret;
  readonly timeouts: HttpsTimeouts;
  readonly signal?: AbortSignal | undefined;
}

/** A refused login, and for how long no other may be tried. */
export interface LoginProblem extends Problem {
  readonly waitMs?: number;
}

/** Replies to a login are a few lines. */
const LOGIN_BYTES_MAX = 64 * 1024;
const GOODBYE_MS_MAX = 5_000;

export async function openSession(target: HttpsTarget, options: SessionOptions): Promise<Result<Session>> {
  const { line, api, timeouts, signal } = options;
  let context: ApiContext = { user: target.user, password: options.password, session: {} };
  // The first one waits for the connection as well.
  let timeoutMsMax = timeouts.connectMs + timeouts.handshakeMs + timeouts.loginMs;
  for (const exchange of api.login) {
    const reply = await line.send(exchange.request(context), { timeoutMsMax, bytesMax: LOGIN_BYTES_MAX, signal });
    timeoutMsMax = timeouts.loginMs;
    if (reply.kind !== 'reply') return failure(loginProblem(target, exchange.what, reply));
    const outcome = exchange.read(reply.reply);
    if (outcome.kind !== 'answer') return failure(refusalOf(target, exchange.what, outcome));
    context = { ...context, session: { ...context.session, ...outcome.session } };
  }
  const session: Session = {
    async ask(argv, limits) {
      const reply = await line.send(api.question(argv, context), limits);
      return reply.kind === 'reply' ? outputOf(api.answer(reply.reply), argv) : withoutReply(reply);
    },
    async end() {
      const goodbye = api.logout?.(context);
      if (goodbye) await line.send(goodbye, { timeoutMsMax: GOODBYE_MS_MAX, bytesMax: LOGIN_BYTES_MAX });
    },
  };
  const tooStrong = api.tooStrong?.(context);
  if (tooStrong === undefined) return success(session);
  await session.end();
  return failure({
    code: 'API_SESSION_TOO_STRONG',
    message: `${addressOf(target)}: ${displayMessage(tooStrong)}; it was given back, and nothing was read`,
    expected: 'an account that may only read',
    remedy: `take the rights to change away from ${target.user}`,
  });
}

function loginProblem(target: HttpsTarget, what: string, reply: Exclude<Reply, { readonly kind: 'reply' }>): Problem {
  if (reply.kind === 'problem') return reply.problem;
  if (reply.kind === 'cancelled') return { code: 'CANCELLED', message: 'given up before the login' };
  if (reply.kind === 'timeout') {
    return {
      code: 'HTTPS_TIMEOUT',
      message: `${addressOf(target)}: no answer to ${what} after ${reply.afterMs} ms`,
      expected: 'an appliance that answers in that time',
      remedy: `try it by hand: open https://${addressOf(target)}/ in a browser`,
    };
  }
  return broken(target, `its answer to ${what} is ${reply.kind === 'too-large' ? 'endless' : 'no text in UTF-8'}`);
}

function refusalOf(target: HttpsTarget, what: string, outcome: Exclude<ApiOutcome, { kind: 'answer' }>): LoginProblem {
  const said = displayMessage(outcome.said);
  if (outcome.kind !== 'loginRefused' && outcome.kind !== 'denied') return broken(target, `${what}: ${said}`);
  const waitMs = outcome.kind === 'loginRefused' ? (outcome.waitSeconds ?? 0) * 1_000 : 0;
  return {
    code: 'API_LOGIN_REFUSED',
    message: `${addressOf(target)} refuses ${what} of ${target.user}: ${said}`,
    expected: 'an account with the password of the configuration, and the right to read',
    remedy: 'try the account by hand on the administration page of the appliance',
    ...(waitMs > 0 && { waitMs }),
  };
}

function outputOf(outcome: ApiOutcome, argv: readonly string[]): Asked {
  switch (outcome.kind) {
    case 'answer':
      return { kind: 'exited', exitCode: 0, stdout: outcome.text, stderr: '' };
    case 'ended':
    case 'loginRefused':
      return { kind: 'ended' };
    case 'denied':
      return { kind: 'refused', reason: outcome.said };
    case 'unknown':
      return { kind: 'missing', what: argv.join(' ') };
    case 'broken':
      return { kind: 'broken', reason: outcome.said };
  }
}

function withoutReply(reply: Exclude<Reply, { readonly kind: 'reply' }>): Asked {
  if (reply.kind !== 'problem') return reply;
  return { kind: 'lost', reason: `${reply.problem.code}: ${reply.problem.message}` };
}
