import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { ApiReply, ApiRequest } from '../../drivers/contract.js';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import { displayMessage } from '../capture.js';
import type { CommandOutput } from '../runner.js';
import { decodeUtf8 } from '../utf8.js';
import { addressOf, type HttpsTarget, type HttpsTimeouts } from './target.js';

/** Requests to one appliance, one after the other, over a connection that is kept while it stands. */
export interface Line {
  send(request: ApiRequest, limits: ReplyLimits): Promise<Reply>;
  close(): void;
}

export interface ReplyLimits {
  /** From the first byte to the last, connection included. */
  readonly timeoutMsMax: number;
  readonly bytesMax: number;
  readonly signal?: AbortSignal | undefined;
}

export type Reply =
  | { readonly kind: 'reply'; readonly reply: ApiReply }
  /** What stands between us and the appliance. */
  | { readonly kind: 'problem'; readonly problem: Problem }
  | Exclude<CommandOutput, { readonly kind: 'exited' }>;

export interface LineOptions {
  readonly timeouts: HttpsTimeouts;
  /** Why an appliance with this certificate is not spoken to. Asked for each connection, before a byte is sent. */
  readonly objection: (fingerprint: string) => Problem | undefined;
}

const COOKIES_MAX = 20;
const COOKIE_CHARACTERS_MAX = 4_096;

function unreachable(target: HttpsTarget, reason: string): Problem {
  return {
    code: 'HTTPS_UNREACHABLE',
    message: `${addressOf(target)} cannot be reached: ${displayMessage(reason)}`,
    expected: 'the HTTPS interface of the appliance there',
    remedy: 'check the address, the routes and filters on the way, and that this host may administer the appliance',
  };
}

function tooLate(target: HttpsTarget, what: string, ms: number): Problem {
  return {
    code: 'HTTPS_TIMEOUT',
    message: `${addressOf(target)}: ${what} after ${ms} ms`,
    expected: 'an appliance that answers in that time',
    remedy: `try it by hand: open https://${addressOf(target)}/ in a browser`,
  };
}

export function broken(target: HttpsTarget, reason: string): Problem {
  return {
    code: 'HTTPS_BROKEN',
    message: `${addressOf(target)}: ${displayMessage(reason)}`,
    expected: 'an appliance that speaks the interface of its platform',
    remedy: 'check that the address is the appliance’s, that its driver is the right one, and its version',
  };
}

/**
 * A TLS connection to an appliance whose certificate a person has accepted. Such a certificate is the appliance's own,
 * so neither its name nor its authority says more than its digest does.
 */
export function connectPinned(
  target: HttpsTarget,
  { timeouts, objection }: LineOptions,
  signal?: AbortSignal,
): Promise<Result<TLSSocket>> {
  return new Promise((resolve) => {
    const { host, port } = target;
    let phase: 'connect' | 'handshake' = 'connect';
    let settled = false;
    const socket = connectTls({
      host,
      port,
      minVersion: 'TLSv1.2',
      // RFC 6066: an address is no server name.
      servername: isIP(host) ? '' : host,
      rejectUnauthorized: false,
    });
    const settle = (problem: Problem | undefined): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      if (problem) socket.destroy();
      resolve(problem ? failure(problem) : success(socket));
    };
    const cancel = (): void => settle({ code: 'CANCELLED', message: 'given up before the connection stood' });
    const late = (what: string, ms: number): NodeJS.Timeout => setTimeout(() => settle(tooLate(target, what, ms)), ms);
    let timer = late('no connection', timeouts.connectMs);
    signal?.addEventListener('abort', cancel, { once: true });
    socket.on('error', (error) =>
      settle(phase === 'connect' ? unreachable(target, error.message) : broken(target, `no TLS: ${error.message}`)),
    );
    socket.on('close', () => settle(broken(target, 'the connection was closed before its certificate was seen')));
    socket.on('connect', () => {
      phase = 'handshake';
      clearTimeout(timer);
      if (!settled) timer = late('no end of the TLS handshake', timeouts.handshakeMs);
    });
    socket.on('secureConnect', () => {
      const { fingerprint256: fingerprint } = socket.getPeerCertificate();
      settle(fingerprint ? objection(fingerprint) : broken(target, 'it shows no certificate'));
    });
    if (signal?.aborted) cancel();
  });
}

export function openLine(target: HttpsTarget, options: LineOptions): Line {
  const cookies = new Map<string, string>();
  /** Why the last connection was not made: http says no more than that it failed. */
  let obstacle: Problem | undefined;
  const closing = new AbortController();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  // Each connection is looked at before the first byte goes out, also one that takes the place of one that ended.
  agent.createConnection = (_options, callback) => {
    void connectPinned(target, options, closing.signal).then((socket) => {
      if (!socket.ok) obstacle = socket.error;
      // One that came too late is nobody's.
      if (socket.ok && closing.signal.aborted) socket.value.destroy();
      if (socket.ok) callback?.(null, socket.value);
      else callback?.(new Error(socket.error.code), undefined as unknown as Socket);
    });
    return undefined;
  };
  const remember = ({ headers }: IncomingMessage): void => {
    for (const line of headers['set-cookie'] ?? []) {
      const { name, value } = /^(?<name>[\w!#$%&'*+.^`|~-]+)=(?<value>[^;\s]*)/.exec(line)?.groups ?? {};
      if (name === undefined || value === undefined || line.length > COOKIE_CHARACTERS_MAX) continue;
      if (cookies.has(name) || cookies.size < COOKIES_MAX) cookies.set(name, value);
    }
  };
  const send = (request: ApiRequest, limits: ReplyLimits, isAgain: boolean): Promise<Reply> =>
    new Promise((resolve) => {
      const { method, path, form, headers } = request;
      const { timeoutMsMax, bytesMax, signal } = limits;
      const startedMs = performance.now();
      const body = form === undefined ? undefined : new URLSearchParams(form).toString();
      obstacle = undefined;
      const outgoing = httpRequest({
        agent,
        host: target.host,
        port: target.port,
        method,
        path,
        headers: {
          host: addressOf(target),
          accept: '*/*',
          'accept-encoding': 'identity',
          ...(body !== undefined && {
            'content-type': 'application/x-www-form-urlencoded',
            'content-length': Buffer.byteLength(body),
          }),
          ...(cookies.size > 0 && { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
          ...headers,
        },
      });
      let settled = false;
      let answers = false;
      const settle = (reply: Reply): void => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
        if (reply.kind !== 'reply') outgoing.destroy();
        resolve(reply);
      };
      const cancel = (): void => settle({ kind: 'cancelled' });
      const timer = setTimeout(() => settle({ kind: 'timeout', afterMs: timeoutMsMax }), timeoutMsMax);
      const fail = (error: Error): void => {
        if (settled) return;
        // A connection that was kept may have been closed while the question was on its way. To ask changes nothing.
        if (outgoing.reusedSocket && !answers && !isAgain && obstacle === undefined) {
          settled = true;
          clearTimeout(timer);
          signal?.removeEventListener('abort', cancel);
          const leftMs = Math.max(1, timeoutMsMax - (performance.now() - startedMs));
          void send(request, { ...limits, timeoutMsMax: leftMs }, true).then(resolve);
          return;
        }
        settle({ kind: 'problem', problem: obstacle ?? broken(target, `the connection broke: ${error.message}`) });
      };
      signal?.addEventListener('abort', cancel, { once: true });
      outgoing.on('error', fail);
      outgoing.on('response', (incoming) => {
        answers = true;
        remember(incoming);
        const chunks: Buffer[] = [];
        let bytes = 0;
        incoming.on('error', fail);
        incoming.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > bytesMax) settle({ kind: 'too-large', bytesMax });
          else chunks.push(chunk);
        });
        incoming.on('close', () => fail(new Error('closed in the middle of a reply')));
        incoming.on('end', () => {
          const decoded = decodeUtf8(Buffer.concat(chunks));
          if ('badOffset' in decoded) settle({ kind: 'not-utf8', offset: decoded.badOffset });
          else settle({ kind: 'reply', reply: { status: incoming.statusCode ?? 0, text: decoded.text } });
        });
      });
      if (signal?.aborted) return cancel();
      outgoing.end(body);
    });
  return {
    send: (request, limits) => send(request, limits, false),
    close() {
      closing.abort();
      agent.destroy();
    },
  };
}
