import type { AnyAuthMethod, AuthenticationType, AuthHandlerMiddleware } from 'ssh2';
import type { Credentials } from './credentials.js';

export interface Login {
  readonly handler: AuthHandlerMiddleware;
  /** Whether anything was offered that the server could refuse. */
  offered(): boolean;
  /** What the server would take, after the last refusal. */
  wants(): readonly string[];
}

interface Offer {
  readonly needs: readonly AuthenticationType[];
  readonly method: (how: string) => AnyAuthMethod;
}

/**
 * Offers each credential once, and only where the server says that it takes such a one: every refused password counts
 * towards the lock of an account, and the same one given as `password` and as `keyboard-interactive` would count twice.
 */
export function login(username: string, { key, agent, password }: Credentials): Login {
  let offered = false;
  let wanted: readonly string[] = [];
  const pending: Offer[] = [];
  if (key) pending.push({ needs: ['publickey'], method: () => ({ type: 'publickey', username, key: key as never }) });
  if (agent !== undefined) pending.push({ needs: ['publickey'], method: () => ({ type: 'agent', username, agent }) });
  if (password) {
    let answered = false;
    pending.push({
      needs: ['password', 'keyboard-interactive'],
      method: (how) =>
        how === 'password'
          ? { type: 'password', username, password: password.reveal() }
          : {
              type: 'keyboard-interactive',
              username,
              // One hidden question is the password's. More, or one that is shown, asks for what nobody configured.
              prompt: (_name, _instructions, _language, prompts, finish) => {
                const fits = prompts.length === 1 && prompts[0]!.echo !== true && !answered;
                answered ||= fits;
                finish(fits ? [password.reveal()] : []);
              },
            },
    });
  }
  const handler: AuthHandlerMiddleware = (left, _partial, next) => {
    // The first question is what the server takes at all; it is no attempt (RFC 4252 section 5.2).
    if (left === null || left === undefined) return next({ type: 'none', username });
    wanted = left;
    const at = pending.findIndex(({ needs }) => needs.some((one) => left.includes(one)));
    const [offer] = at < 0 ? [] : pending.splice(at, 1);
    const how = offer?.needs.find((one) => left.includes(one));
    if (!offer || how === undefined) return next(false as never);
    offered = true;
    return next(offer.method(how));
  };
  return { handler, offered: () => offered, wants: () => wanted };
}
