import type { ApiContext, ApiExchange, ApplianceApi } from '../contract.js';
import { answerOf, isOutcome, nwsOf, refusalOf, saidBy } from './reply.js';

/**
 * NSRPC over HTTPS: the paths and fields of the vendor's published client (github.com/stormshield/python-SNS-API). The
 * session is asked for with the levels of reading alone: `modify`, which locks other administrators out, never is.
 */
const LEVELS = 'base,filter_read,vpn_read,log_read';
const CHANGING = /(?:^|,)\s*(?:modify|mon_write)\s*(?:,|$)/;
/** As that client calls itself: another name may not be known to the web server. */
const APPLICATION = 'sslclient';

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

const passwordExchange: ApiExchange = {
  what: 'the login',
  request: ({ user, password }) => ({
    method: 'POST',
    path: '/auth/admin.html',
    form: { uid: base64(user), pswd: base64(password.reveal()), app: APPLICATION },
  }),
  read(reply) {
    const nws = nwsOf(reply);
    if (isOutcome(nws)) return nws;
    const msg = nws.attributes.get('msg');
    if (msg === 'AUTH_SUCCESS') return { kind: 'answer', text: '' };
    if (msg === 'ERR_BRUTEFORCE') {
      const delay = Number(nws.attributes.get('delay'));
      const waitSeconds = Number.isInteger(delay) && delay > 0 && delay < 86_400 ? delay : 60;
      return { kind: 'loginRefused', said: `too many logins failed; it waits for ${waitSeconds} s`, waitSeconds };
    }
    if (msg === 'NEED_TOTP_AUTH')
      return { kind: 'loginRefused', said: 'it asks for a one-time password, which nobody can type here' };
    if (msg === 'AUTH_FAILED') return { kind: 'loginRefused', said: 'the user or the password is wrong' };
    return { kind: 'broken', said: `to the login it says ${saidBy(nws)}` };
  },
};

const sessionExchange: ApiExchange = {
  what: 'the opening of a session',
  request: () => ({
    method: 'POST',
    path: '/api/auth/login',
    form: { app: APPLICATION, id: '0', reqlevel: LEVELS },
  }),
  read(reply) {
    const nws = nwsOf(reply);
    if (isOutcome(nws)) return nws;
    const refusal = refusalOf(nws);
    if (refusal) return refusal;
    const part = (name: string): string | undefined => nws.children.find(({ tag }) => tag === name)?.text.trim();
    const id = part('sessionid');
    if (id === undefined || !/^[\w.+/=-]{1,256}$/.test(id))
      return { kind: 'broken', said: 'it opens a session without an id' };
    const level = part('sessionlevel') ?? '';
    // What is given though it was not asked for would lock an administrator out: the session is given back at once.
    if (CHANGING.test(level)) return { kind: 'answer', text: '', session: { id, tooMuch: level } };
    return { kind: 'answer', text: '', session: { id } };
  },
};

/** One line for serverd. The client encodes a blank as %20: a plus sign would reach serverd as it is. */
function question(argv: readonly string[], { session }: ApiContext): ReturnType<ApplianceApi['question']> {
  const line = encodeURIComponent(argv.join(' '));
  return { method: 'GET', path: `/api/command?sessionid=${encodeURIComponent(session.id ?? '')}&cmd=${line}` };
}

export const api: ApplianceApi = {
  login: [passwordExchange, sessionExchange],
  question,
  answer: answerOf,
  logout: ({ session }) => ({
    method: 'GET',
    path: `/api/auth/logout?sessionid=${encodeURIComponent(session.id ?? '')}`,
  }),
  tooStrong: ({ session }) =>
    session.tooMuch === undefined ? undefined : `the session may change the firewall: ${session.tooMuch}`,
};
