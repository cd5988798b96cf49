import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { type MailOptions, mailSink } from '../../agent/alarms/index.js';
import { letter } from '../../agent/alarms/words.js';
import { codeText, findingCodes } from '../../agent/judge/index.js';
import { secret } from '../../agent/lib/secret.js';
import { type Received, sinkContract } from '../contract/sinks.js';
import { certificates, pem } from '../support/certificates.js';
import { systemTest, tempDir } from '../support/system.js';
import { told } from './told.js';

interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly user: string | undefined;
  readonly secure: boolean;
}

interface Postbox {
  readonly port: number;
  readonly mails: Mail[];
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Manners {
  /** What the server answers to one recipient, by its address; undefined: it is taken. */
  readonly refuses?: (address: string) => number | undefined;
  readonly key?: string;
  readonly cert?: string;
  readonly auth?: boolean;
  readonly hangs?: boolean;
}

/** A real SMTP server in this process. */
async function postbox({ key, cert, auth = false, hangs = false, refuses }: Manners = {}): Promise<Postbox> {
  const mails: Mail[] = [];
  let server: SMTPServer | undefined;
  let port = 0;
  const start = async (): Promise<void> => {
    server = new SMTPServer({
      ...(key && cert ? { key, cert } : { hideSTARTTLS: true }),
      ...(!auth && { disabledCommands: ['AUTH'] }),
      authOptional: !auth,
      closeTimeout: 50,
      onAuth: ({ username, password }, _session, done) =>
        password === 'right' ? done(null, { user: username }) : done(new Error('wrong password')),
      onRcptTo({ address }, _session, done) {
        const code = refuses?.(address);
        done(code === undefined ? undefined : Object.assign(new Error('not here'), { responseCode: code }));
      },
      onData(stream, session, done) {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          if (hangs) return;
          const { mailFrom, rcptTo } = session.envelope;
          mails.push({
            from: mailFrom ? mailFrom.address : '',
            to: rcptTo.map(({ address }) => address),
            raw: Buffer.concat(chunks).toString('utf8'),
            user: typeof session.user === 'string' ? session.user : undefined,
            secure: session.secure,
          });
          done();
        });
      },
    });
    // A client that is gone is the test's doing.
    server.on('error', () => {});
    server.listen(port, '127.0.0.1');
    await once(server.server, 'listening');
    port = (server.server.address() as { port: number }).port;
  };
  await start();
  return {
    get port() {
      return port;
    },
    mails,
    start,
    async stop() {
      const open = server;
      server = undefined;
      if (open) await new Promise<void>((resolve) => open.close(() => resolve()));
    },
  };
}

/** A header with its continuation lines, unencoded (RFC 2047). */
function header(raw: string, name: string): string {
  const found = new RegExp(`^${name}: (?<value>.*(?:\\r\\n[ \\t].*)*)`, 'im').exec(raw)?.groups?.value ?? '';
  return found
    .replaceAll(/\r\n[ \t]/g, ' ')
    .replaceAll(/\?= =\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?(?<how>[BQ])\?(?<text>[^?]*)\?=/gi, (_all, how: string, text: string) =>
      how.toUpperCase() === 'B' ? Buffer.from(text, 'base64').toString('utf8') : unquoted(text.replaceAll('_', ' ')),
    );
}

function unquoted(text: string): string {
  const bytes = text
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=(?<hex>[0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function body(raw: string): string {
  const text = raw.slice(raw.indexOf('\r\n\r\n') + 4);
  const how = header(raw, 'Content-Transfer-Encoding');
  if (how === 'base64') return Buffer.from(text, 'base64').toString('utf8');
  return how === 'quoted-printable' ? unquoted(text) : text;
}

const never = new AbortController().signal;

const choices = (port: number): MailOptions => ({
  id: 'ward',
  host: '127.0.0.1',
  port,
  security: 'none',
  from: 'ecluse@hopital.example.org',
  to: ['cadre@hopital.example.org', 'astreinte@hopital.example.org'],
});

sinkContract({
  name: 'mail',
  open: async () => {
    const box = await postbox();
    return {
      sink: mailSink({ ...choices(box.port), language: 'en' }),
      received: async (): Promise<readonly Received[]> =>
        box.mails.map(({ raw }) => ({
          id: decodeURIComponent(header(raw, 'X-Ecluse-Id')),
          // The lines of a letter are its framing.
          raw: Buffer.from(body(raw).replaceAll('\r\n', ' ').trim()),
        })),
      stop: box.stop,
      start: box.start,
      close: box.stop,
    };
  },
  openHung: async () => {
    const box = await postbox({ hangs: true });
    return { sink: mailSink(choices(box.port)), close: box.stop };
  },
});

const texts = codeText;

describe('a letter', () => {
  test('in French, to somebody who runs a ward', () => {
    expect(letter(told.remind, 'fr', texts)).toEqual({
      subject: '[Écluse] Rappel : Accès resté ouvert après une intervention (fw1)',
      lines: [
        'Rappel n° 1, ce n’est toujours pas refermé : Accès resté ouvert après une intervention.',
        '',
        'Gravité : critique, à traiter tout de suite, même la nuit',
        'Équipement : fw1, Hôpital Nord',
        'Qui appeler sur place : Astreinte réseau, poste 4100',
        'Ce qui est ouvert : internet → 10.20.0.10 tcp 104 (wan0 → any)',
        'Services atteignables : dicom',
        'Ouvert depuis : 24/11/2026 à 14:05 (5 h 10)',
        'Intervention : W-2026-0117 (Imagerie du Nord, technicien 7)',
        'Fin de l’intervention : 24/11/2026 à 18:00',
        'Ticket : CHG-4711',
        'Responsable de l’intervention : cadre de santé',
        'Pour l’équipe réseau, ce qui le referme : nft delete rule inet filter forward handle 10',
        'Référence : fw1/5f1cc5cd50b34747f62f#1.3',
        '',
        'Transmettez ce message à l’équipe réseau ou à l’astreinte informatique : elle sait quoi en faire.',
      ],
    });
  });

  test.each([
    ['GUARD_BLIND', '[Écluse] À traiter : Un équipement ne peut plus être relevé complètement', 'Réglé'],
    ['MISSING_FLOW', '[Écluse] À rétablir : Un flux déclaré est coupé', 'Rétabli'],
    ['BASELINE_EXPOSURE', '[Écluse] À refermer : Le référentiel expose un port dangereux à Internet', 'Refermé'],
  ])('about %s asks for what can be done, and says what was', (code, subject, done) => {
    const { undo: _, what, ...rest } = told.raise;
    const isState = code === 'GUARD_BLIND';
    const record = { ...rest, ...(!isState && { what }), code, severity: 'high' as const };
    const first = letter(record, 'fr', texts);
    expect(first.subject).toBe(`${subject} (fw1)`);
    expect(first.lines).toContain(`Pour l’équipe réseau, ce qu’il faut faire : ${texts(code, 'fr')?.remedy}`);
    expect(first.lines.some((line) => /ouvert/i.test(line))).toBe(code === 'BASELINE_EXPOSURE');
    const over = letter({ ...record, kind: 'resolve', code: 'RESOLVED', wasCode: code }, 'fr', texts);
    expect(over.subject).toBe(`[Écluse] ${done} : ${texts(code, 'fr')?.title} (fw1)`);
    expect(over.lines[0]).toBe(
      `C’est ${done.toLowerCase()}, il n’y a plus rien à faire pour cette alerte : ${texts(code, 'fr')?.title}.`,
    );
  });

  test('names the hospital’s own staff, and no word of the command line', () => {
    const own = { ...told.raise, vendor: 'self' };
    expect(letter(own, 'fr', texts).lines).toContain(
      'Intervention : W-2026-0117 (personnel de l’hôpital, technicien 7)',
    );
    expect(letter(own, 'en', texts).lines).toContain('Intervention: W-2026-0117 (staff of the hospital, technicien 7)');
  });

  test('of many at once, passed on because nobody took them on, says how many and where all are', () => {
    const { subject, lines } = letter(told.flood, 'fr', texts);
    expect(subject).toBe('[Écluse] Sans réponse : Accès resté ouvert après une intervention (fw1)');
    expect(lines[0]).toBe(
      'Personne n’a encore pris en charge cette alerte : Accès resté ouvert après une intervention.',
    );
    expect(lines).toContain('Alertes réunies dans celle-ci (`ecluse findings` les montre toutes) : 9980');
    expect(lines).toContain('Responsable de l’intervention : cadre de santé');
    expect(lines.join('\n')).not.toContain('told as one');
    expect(lines).toContain('Détails : fw1: 9980; parmi les plus graves : internet → 10.20.0.10 tcp 104 (wan0 → any)');
    const over = letter({ ...told.flood, kind: 'resolve', members: 0, details: 'each of them is shut' }, 'fr', texts);
    expect(over.lines.join('\n')).not.toMatch(/each|: 0$/m);
  });

  test('about a flow that is to stay says who accepts it, until when, and how; nobody is asked to shut it', () => {
    const { subject, lines } = letter(told.waiting, 'fr', texts);
    expect(subject).toBe('[Écluse] À accepter : Flux conservé, en attente d’acceptation (fw1)');
    expect(lines[0]).toBe('Flux conservé, en attente d’acceptation.');
    expect(lines).toContain(
      'Flux prévu pour rester, à accepter : avant le 31/12/2026 à 00:00, par cadre de santé et une autre personne de l’hôpital',
    );
    expect(lines).toContain('Déjà accepté par : RSSI');
    expect(lines.join('\n')).toContain('ecluse accept hopital-nord/fw1/5f1cc5cd50b34747f62f');
    expect(lines.join('\n')).not.toMatch(/Transmettez|le referme/);
    const accepted = letter({ ...told.resolve, ended: 'declared' }, 'fr', texts);
    expect(accepted.subject).toMatch(/^\[Écluse\] Accepté : /);
    expect(accepted.lines[0]).toBe(
      'C’est accepté dans le référentiel, ce n’est plus à refermer : Accès resté ouvert après une intervention.',
    );
  });

  test('about what is shut and opens by itself says when, and not that it is open', () => {
    const returnsWhen = 'at the next start, when nftables loads /etc/nftables.conf';
    const { lines } = letter({ ...told.raise, code: 'LATENT_OPENING', returnsWhen }, 'fr', texts);
    expect(lines).toContain('Ce qui se rouvrira : internet → 10.20.0.10 tcp 104 (wan0 → any)');
    expect(lines).toContain(
      'Fermé maintenant, se rouvre de soi-même : au prochain démarrage, quand nftables chargera /etc/nftables.conf',
    );
    expect(lines.join('\n')).not.toMatch(/Ce qui est ouvert|Ouvert depuis/);
  });

  test('in English, when it is shut again, asks for nothing', () => {
    const { subject, lines } = letter(told.resolve, 'en', texts);
    expect(subject).toBe(`[Écluse] Shut again: ${findingCodes.LEFT_OPEN.title} (fw1)`);
    expect(lines[0]).toBe(
      `It is shut again, nothing more has to be done for this alarm: ${findingCodes.LEFT_OPEN.title}.`,
    );
    expect(lines.join('\n')).not.toMatch(/Pass this message|nft delete/);
  });

  test('arrives from whom and at whom it should, and joins its conversation', async () => {
    const box = await postbox();
    const sink = mailSink({ ...choices(box.port), texts });
    expect(await sink.deliver(told.raise, new AbortController().signal)).toMatchObject({ ok: true });
    expect(await sink.deliver(told.resolve, new AbortController().signal)).toMatchObject({ ok: true });
    await sink.close();
    await box.stop();
    const [first, second] = box.mails as [Mail, Mail];
    expect(first).toMatchObject({
      from: 'ecluse@hopital.example.org',
      to: ['cadre@hopital.example.org', 'astreinte@hopital.example.org'],
    });
    expect(header(first.raw, 'Subject')).toBe(
      '[Écluse] À refermer (critique) : Accès resté ouvert après une intervention (fw1)',
    );
    expect(header(first.raw, 'References')).toBe(header(second.raw, 'References'));
    expect(header(first.raw, 'Message-ID')).not.toBe(header(second.raw, 'Message-ID'));
    expect(header(first.raw, 'Auto-Submitted')).toBe('auto-generated');
    expect(body(first.raw)).toContain('Ce qui est ouvert : internet → 10.20.0.10 tcp 104 (wan0 → any)');
  });

  test('is dated as mail is, in whatever way the record writes the time', async () => {
    const box = await postbox();
    const sink = mailSink({ ...choices(box.port), texts });
    await sink.deliver(told.raise, never);
    await sink.close();
    await box.stop();
    expect(header(box.mails[0]!.raw, 'Date')).toBe('Tue, 24 Nov 2026 17:15:00 +0000');
  });

  test('has a subject that is cut between characters', async () => {
    const box = await postbox();
    const sink = mailSink({ ...choices(box.port), texts: () => ({ title: '🚪'.repeat(200), remedy: '' }) });
    for (const device of ['f', 'fw', 'fw1', 'fw12']) await sink.deliver({ ...told.raise, device, id: device }, never);
    await sink.close();
    await box.stop();
    expect(box.mails).toHaveLength(4);
    for (const { raw } of box.mails) {
      expect(header(raw, 'Subject')).toMatch(/^\[Écluse\] .*🚪…$/u);
      expect(header(raw, 'Subject')).not.toMatch(/\p{Surrogate}|\ufffd/u);
    }
  });

  test('that a server refuses to one of two is told to the other, and said', async () => {
    const box = await postbox({ refuses: (address) => (address.startsWith('cadre') ? 550 : undefined) });
    const sink = mailSink({ ...choices(box.port), texts });
    const answer = await sink.deliver(told.raise, never);
    await sink.close();
    await box.stop();
    expect(box.mails.map(({ to }) => to)).toEqual([['astreinte@hopital.example.org']]);
    expect(answer).toMatchObject({ ok: true, complaint: { code: 'SINK_REFUSED' } });
    expect(answer.complaint?.message).toContain('cadre@hopital.example.org');
    expect(answer.complaint?.message).toContain('550');
  });

  test('that a server puts off for one of two comes again to that one alone, and holds up nothing for ever', async () => {
    let isOff = true;
    const box = await postbox({ refuses: (address) => (isOff && address.startsWith('cadre') ? 451 : undefined) });
    const sink = mailSink({ ...choices(box.port), texts });
    expect(await sink.deliver(told.raise, never)).toMatchObject({ ok: false, error: { code: 'SINK_REFUSED' } });
    isOff = false;
    expect(await sink.deliver(told.raise, never)).toEqual({ ok: true, value: undefined });
    isOff = true;
    const answers = [];
    for (let round = 0; round < 4; round++) answers.push(await sink.deliver(told.resolve, never));
    expect(answers.map(({ ok }) => ok)).toEqual([false, false, false, true]);
    expect(answers.at(-1)?.complaint?.message).toContain('451');
    await sink.close();
    await box.stop();
    expect(box.mails.map(({ to }) => to.map((one) => one.split('@')[0]))).toEqual([
      ['astreinte'],
      ['cadre'],
      ['astreinte'],
    ]);
  });

  test('that a server refuses to everybody stays where it is', async () => {
    const box = await postbox({ refuses: () => 550 });
    const sink = mailSink({ ...choices(box.port), texts });
    expect(await sink.deliver(told.raise, never)).toMatchObject({ ok: false, error: { code: 'SINK_REFUSED' } });
    await sink.close();
    await box.stop();
  });

  test.each([
    ['from', { from: 'a@b.example\r\nBcc: thief@evil.example' }],
    ['to', { to: ['a@b.example\nBcc: thief@evil.example'] }],
    ['the title', { texts: () => ({ title: 'Resté ouvert\r\nBcc: thief@evil.example', remedy: '' }) }],
  ])('with a line break in %s is not sent', async (_field, more) => {
    const box = await postbox();
    const sink = mailSink({ ...choices(box.port), ...more });
    const answer = await sink.deliver(told.raise, new AbortController().signal);
    await sink.close();
    await box.stop();
    expect(answer).toMatchObject({ ok: false, error: { code: 'SINK_SETUP' } });
    expect(box.mails).toEqual([]);
  });
});

systemTest(['openssl'], 'a mail server that is secured is spoken to in TLS, with the account of the sink', async () => {
  const made = certificates(tempDir());
  const box = await postbox({ key: pem(made.server.key), cert: pem(made.server.cert), auth: true });
  const tell = async (more: Partial<MailOptions>): Promise<string> => {
    const account = { user: 'ecluse', password: secret('right') };
    const sink = mailSink({
      ...choices(box.port),
      security: 'starttls',
      tls: { ca: pem(made.ca) },
      ...account,
      ...more,
    });
    const answer = await sink.deliver(told.raise, new AbortController().signal);
    await sink.close();
    return answer.ok ? 'told' : `${answer.error.code} ${answer.error.message}`;
  };
  expect(await tell({})).toBe('told');
  expect(box.mails[0]).toMatchObject({ user: 'ecluse', secure: true });
  const wrong = await tell({ password: secret('a wrong one') });
  expect(wrong).toMatch(/^SINK_REFUSED .*wrong password/);
  expect(wrong).not.toContain('a wrong one');
  expect(await tell({ tls: {} })).toMatch(/^SINK_UNREACHABLE .*certificate/);
  expect(await tell({ tls: { ca: pem(made.ca), serverName: 'other.example.org' } })).toMatch(
    /^SINK_UNREACHABLE .*altnames/,
  );
  await box.stop();
  const plain = await postbox();
  const sink = mailSink({ ...choices(plain.port), security: 'starttls' });
  expect(await sink.deliver(told.raise, new AbortController().signal)).toMatchObject({ ok: false });
  await sink.close();
  await plain.stop();
  expect(plain.mails).toEqual([]);
});
