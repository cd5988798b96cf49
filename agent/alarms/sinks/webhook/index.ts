/**
 * webhook: one POST for each record, signed as Standard Webhooks say, or in the words of a chat room. Any answer but 2xx
 * is a refusal, a redirection too: what is signed for one receiver is sent to no other.
 */
import { type ClientRequest, Agent as HttpAgent, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { type Clock, systemClock } from '../../../lib/clock.js';
import { success } from '../../../lib/result.js';
import type { Secret } from '../../../lib/secret.js';
import { type TlsOptions, tlsChoices } from '../../dial.js';
import { withAttack } from '../../formats/index.js';
import { type AlarmRecord, withinSize } from '../../record.js';
import type { Stream } from '../../route.js';
import { type Delivered, onAbort, refusal, type Sink } from '../../sink.js';
import type { CodeTexts, Language } from '../../words.js';
import { bodyOf, type Style } from './body.js';
import { messageId, signature } from './sign.js';

export { signingKey } from './sign.js';

export interface WebhookOptions {
  readonly id: string;
  /** Never shown: chat rooms give out addresses that are secrets. */
  readonly url: Secret;
  /** With which each message is signed. */
  readonly key?: Buffer;
  readonly style?: Style;
  readonly language?: Language;
  readonly texts?: CodeTexts;
  readonly tls?: TlsOptions;
  readonly takes?: readonly Stream[];
  readonly attack?: boolean;
  readonly version?: string;
  readonly clock?: Clock;
}

export function webhookSink(options: WebhookOptions): Sink {
  const { id, url, key, style = 'standard', language = 'fr', texts = () => undefined } = options;
  const { clock = systemClock } = options;
  const target = new URL(url.reveal());
  const isHttps = target.protocol === 'https:';
  const agent = isHttps
    ? new HttpsAgent({ keepAlive: true, maxSockets: 1, ...tlsChoices(target.hostname, options.tls ?? {}) })
    : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  const encode = (record: AlarmRecord): string => bodyOf(record, { style, language, texts });

  const post = (record: AlarmRecord, signal: AbortSignal): Promise<Delivered> =>
    new Promise((resolve) => {
      const body = encode(withinSize(record, encode));
      const message = messageId(record.id);
      const at = Math.floor(clock.now() / 1000);
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': `ecluse/${options.version ?? '0'}`,
        ...(key && {
          'webhook-id': message,
          'webhook-timestamp': String(at),
          'webhook-signature': signature(key, { id: message, at, body }),
        }),
      };
      let asked: ClientRequest | undefined;
      let isAborted = false;
      const finish = (answer: Delivered): void => {
        stop();
        resolve(answer);
      };
      const stop = onAbort(signal, () => {
        isAborted = true;
        asked?.destroy();
      });
      const send = isHttps ? requestHttps : requestHttp;
      asked = send(target, { method: 'POST', agent, headers }, (answer) => {
        const status = answer.statusCode ?? 0;
        answer.resume();
        answer.on('error', () => {});
        if (status >= 200 && status < 300) finish(success(undefined));
        else finish(refusedWith(target.host, status, pauseMs(answer.headers['retry-after'], clock.now())));
      });
      asked.on('error', (error) => {
        if (isAborted) finish(refusal('SINK_TIMEOUT', `${target.host}: the receiver does not answer`));
        else finish(refusal('SINK_UNREACHABLE', `${target.host}: ${error.message || 'the connection failed'}`));
      });
      if (isAborted) asked.destroy();
      asked.end(body);
    });

  return {
    id,
    takes: options.takes ?? ['alert'],
    deliver: (record, signal) => post(options.attack ? withAttack(record) : record, signal),
    close() {
      agent.destroy();
      return Promise.resolve();
    },
  };
}

/** Said of the receiver, or of what stands before it, and not of the message. */
const BUSY = [429, 502, 503, 504];

function refusedWith(host: string, status: number, retryAfterMs: number | undefined) {
  const code = BUSY.includes(status) ? 'SINK_BUSY' : 'SINK_REFUSED';
  const { ok, error } = refusal(code, `${host}: the receiver answers ${status}`, remedyOf(status));
  return { ok, error: retryAfterMs === undefined ? error : { ...error, retryAfterMs } };
}

/** RFC 9110 section 10.2.3: `Retry-After` is a number of seconds or a date. */
function pauseMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim() ?? '';
  const at = /^\d+$/.test(text) ? now + Number(text) * 1000 : Date.parse(text);
  return at > now ? at - now : undefined;
}

function remedyOf(status: number): string {
  if (status === 429) return 'it asks for fewer messages: what waits is sent later';
  if (status === 401 || status === 403) return 'check the secret of this sink';
  if (status === 404 || status === 410) return 'the receiver has no such address any more: make a new one';
  if (status >= 300 && status < 400) return 'write the address that the receiver redirects to into the configuration';
  return 'see what the receiver says in its own log';
}
