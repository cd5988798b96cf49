/**
 * mail: one letter for each record, for people who run a ward and not a network. It counts as told when the mail server
 * has taken it; what becomes of it behind that server, nobody tells us.
 */
import type { Transporter } from 'nodemailer';
import type { Secret } from '../../../lib/secret.js';
import { type TlsOptions, tlsChoices } from '../../dial.js';
import { type AlarmRecord, withinSize } from '../../record.js';
import type { Stream } from '../../route.js';
import { onAbort, refusal, type Sink } from '../../sink.js';
import { cut, neutralised } from '../../text.js';
import { type CodeTexts, type Language, letter } from '../../words.js';
import { type MailError, recipientsOf } from './recipients.js';

export interface MailOptions {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** `starttls` demands it: a server without it gets nothing. */
  readonly security: 'starttls' | 'tls' | 'none';
  readonly tls?: TlsOptions;
  readonly user?: string;
  readonly password?: Secret;
  readonly from: string;
  readonly to: readonly string[];
  readonly language?: Language;
  readonly texts?: CodeTexts;
  readonly takes?: readonly Stream[];
}

/** In bytes. RFC 5322 section 2.1.1: a line's longest length is 998; a subject is read in a list, and shorter. */
const SUBJECT_MAX = 180;

export function mailSink(options: MailOptions): Sink {
  const { id, host, port, security, from, to, language = 'fr', texts = () => undefined } = options;
  const { user, password } = options;
  let transport: Promise<Transporter> | undefined;
  // Loaded with the first letter: a command that only asks a question does without it.
  const connected = async (): Promise<Transporter> =>
    (await import('nodemailer')).createTransport({
      host,
      port,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      tls: tlsChoices(host, options.tls ?? {}),
      ...(user !== undefined && password && { auth: { user, pass: password.reveal() } }),
      // A letter is text that we made: nothing of it may be fetched from a file or an address.
      disableFileAccess: true,
      disableUrlAccess: true,
      connectionTimeout: CONNECTION_MS_MAX,
      greetingTimeout: CONNECTION_MS_MAX,
      socketTimeout: CONNECTION_MS_MAX,
    });

  const recipients = recipientsOf(to, `${host}:${port}`);

  const textOf = (record: AlarmRecord): string => letter(record, language, texts).lines.join('\n');

  const send = async (record: AlarmRecord) => {
    const fitted = withinSize(record, textOf);
    const { subject } = letter(fitted, language, texts);
    const refused = [from, ...to, subject].find((field) => /[\r\n\0]/.test(field));
    if (refused !== undefined)
      return refusal('SINK_SETUP', 'an address or a subject holds a line break: nothing is sent');
    transport ??= connected();
    const mailer = await transport;
    return recipients.told(record.id, (left) =>
      mailer.sendMail({
        from,
        to: [...left],
        subject: headerText(subject),
        text: textOf(fitted),
        messageId: `<${Buffer.from(record.id).toString('base64url').slice(0, 180)}@ecluse.invalid>`,
        // What is told of one opening is one conversation, in every mail program.
        references: `<${Buffer.from(record.key).toString('base64url').slice(0, 180)}@ecluse.invalid>`,
        // RFC 5322 section 3.3 knows one way to write it, and that is the one that comes of a Date.
        date: new Date(record.at),
        priority: record.stream === 'alert' && record.severity === 'critical' ? 'high' : 'normal',
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Ecluse-Id': encodeURIComponent(record.id).slice(0, 400) },
      }),
    );
  };

  return {
    id,
    takes: options.takes ?? ['alert'],
    async deliver(record, signal) {
      let stop = (): void => {};
      const aborted = new Promise<'aborted'>((resolve) => {
        stop = onAbort(signal, () => resolve('aborted'));
      });
      try {
        const answer = await Promise.race([send(record), aborted]);
        return answer === 'aborted'
          ? refusal('SINK_TIMEOUT', `${host}:${port}: the mail server does not answer`)
          : answer;
      } catch (error) {
        return refused(error as MailError, `${host}:${port}`);
      } finally {
        stop();
      }
    },
    async close() {
      (await transport)?.close();
      transport = undefined;
    },
  };
}

const CONNECTION_MS_MAX = 10_000;

/** What the server says may hold anything; it is shown as one harmless line. */
function refused({ message, code, responseCode }: MailError, place: string) {
  const why = `${place}: ${neutralised(message)}`;
  if (code === 'EAUTH') return refusal('SINK_REFUSED', why, 'check the account and its password');
  if (responseCode !== undefined) return refusal('SINK_REFUSED', why);
  return refusal('SINK_UNREACHABLE', why, 'check that the mail server listens on this port, and its certificate');
}

function headerText(text: string): string {
  const plain = neutralised(text);
  return cut(plain, SUBJECT_MAX);
}
