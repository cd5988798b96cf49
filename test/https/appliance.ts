import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import type { HttpsTarget } from '../../agent/collect/https/index.js';
import { driver } from '../../agent/drivers/stormshield/index.js';
import { recordingsOf } from '../drivers/recorded.js';
import { type Certificates, certificates, pem } from '../support/certificates.js';
import { tempDir } from '../support/system.js';

export const USER = 'ecluse';
export const PASSWORD = 'correct horse & battery=staple';

/** What stands in the way of an answer: true where it took the request over. */
export type Instead = (asked: Asked, response: ServerResponse) => boolean;

export interface Asked {
  readonly path: string;
  readonly form: URLSearchParams;
  /** The line for serverd, of a question. */
  readonly command?: string;
}

export interface SnsOptions {
  /** Answers of the console of commands by their line; a line that is not here is unknown to it. */
  answers: Readonly<Record<string, string>>;
  instead?: Instead;
  readonly level?: string;
  readonly certificate?: Certificates;
  readonly port?: number;
}

export interface Sns {
  readonly port: number;
  readonly fingerprint: string;
  /** Changed by a test while it runs. */
  readonly options: SnsOptions;
  readonly logins: string[];
  readonly commands: string[];
  /** Of the login: what was asked for. */
  readonly levels: string[];
  /** Sessions that were opened and not given back. */
  sessions(): number;
  connections(): number;
  stop(): Promise<void>;
}

/** A full session that was recorded, as command and answer. */
export function recordedAnswers(name = 'clinic-43'): Record<string, string> {
  const { sections } = recordingsOf(driver).find((one) => one.name === name)!;
  return Object.fromEntries(sections.map(({ source, text }) => [source, text]));
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

/** The XML of the web server for what the console prints. */
export function nwsFor(text: string): string {
  const lines = text.trimEnd().split('\n');
  const frame = (line: string): string => {
    const { ret, code, msg } = /^(?<ret>\d+) code=(?<code>\w+) msg="(?<msg>[^"]*)"/.exec(line)!.groups!;
    return `ret="${ret}" code="${code}" msg="${escaped(msg!)}"`;
  };
  if (lines.length === 1) return nws(`<serverd ${frame(lines[0]!)}></serverd>`);
  const format = /format="(?<format>\w+)"/.exec(lines[0]!)!.groups!.format!;
  const body: string[] = [];
  for (const line of lines.slice(1, -1)) {
    const title = /^\[(?<title>.*)\]$/.exec(line)?.groups?.title;
    if (title !== undefined) body.push(`${body.length > 0 ? '</section>' : ''}<section title="${escaped(title)}">`);
    else if (format === 'list') body.push(`<line>${escaped(line)}</line>`);
    else if (format === 'section') body.push(keys(line));
    else body.push(`<line>${keys(line)}</line>`);
  }
  if (body.length > 0) body.push('</section>');
  const data = `<data format="${format}">${body.join('')}</data>`;
  return nws(`<serverd ${frame(lines[0]!)}>${data}</serverd><serverd ${frame(lines.at(-1)!)}></serverd>`);
}

function keys(line: string): string {
  const fields = [...line.matchAll(/(?<name>[\w-]+)=(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<bare>\S*))/g)];
  return fields
    .map(({ groups }) => {
      const value = groups!.quoted?.replaceAll(/\\(?<one>.)/g, '$<one>') ?? groups!.bare ?? '';
      return `<key name="${groups!.name}" value="${escaped(value)}"/>`;
    })
    .join('');
}

export function nws(inside: string, attributes = 'code="100" msg="OK"'): string {
  return `<?xml version="1.0"?>\n<nws ${attributes}>${inside}</nws>`;
}

interface Said {
  readonly text: string;
  readonly cookie?: string;
}

let shared: Certificates | undefined;

/** Made once for a test file: it takes a tenth of a second. */
export function ownCertificate(): Certificates {
  shared ??= certificates(tempDir(), 'DNS:SN310A17A0000A7');
  return shared;
}

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** Speaks the dialogue of the vendor's client: a login, a session, one line of NSRPC a request, a goodbye. */
export async function serveSns(options: SnsOptions): Promise<Sns> {
  const certificate = options.certificate ?? ownCertificate();
  const sessions = new Set<string>();
  const cookies = new Set<string>();
  const [logins, commands, levels] = [[], [], []] as [string[], string[], string[]];
  const sockets = new Set<Socket>();
  let count = 0;
  const reply = ({ path, form, command }: Asked, { session, isKnown }: { session: string; isKnown: boolean }): Said => {
    const field = (name: string): string => Buffer.from(form.get(name) ?? '', 'base64').toString('utf8');
    if (path === '/auth/admin.html') {
      if (field('uid') !== USER || field('pswd') !== PASSWORD) return { text: nws('', 'code="205" msg="AUTH_FAILED"') };
      const cookie = `NETASQ_sslclient=${++count}`;
      cookies.add(cookie);
      return { text: nws('', 'code="100" msg="AUTH_SUCCESS"'), cookie };
    }
    if (!isKnown) return { text: nws('', 'code="205" msg="Authentication error"') };
    if (path === '/api/auth/login') {
      const asked = form.get('reqlevel') ?? '';
      levels.push(asked);
      const id = `s${++count}`;
      sessions.add(id);
      const level = options.level ?? asked;
      const parts = `<sessionid>${id}</sessionid><protocol>1</protocol><sessionlevel>${level}</sessionlevel>`;
      return { text: nws(parts) };
    }
    if (!sessions.has(session)) return { text: nws('', 'code="203" msg="Invalid session"') };
    if (path === '/api/auth/logout') {
      sessions.delete(session);
      return { text: nws('') };
    }
    return { text: nwsFor(options.answers[command ?? ''] ?? '200 code=00200300 msg="Unknown command"') };
  };
  const answer = (request: IncomingMessage, body: string, response: ServerResponse): void => {
    const url = new URL(request.url!, 'https://sns');
    const form = new URLSearchParams(body);
    const command = url.searchParams.get('cmd') ?? undefined;
    const asked: Asked = { path: url.pathname, form, ...(command !== undefined && { command }) };
    if (asked.path === '/auth/admin.html') logins.push(Buffer.from(form.get('pswd') ?? '', 'base64').toString('utf8'));
    if (command !== undefined) commands.push(command);
    if (options.instead?.(asked, response)) return;
    const session = url.searchParams.get('sessionid') ?? '';
    const { text, cookie } = reply(asked, { session, isKnown: cookies.has(request.headers.cookie ?? '') });
    if (cookie !== undefined) response.setHeader('set-cookie', `${cookie}; Secure; HttpOnly; path=/`);
    response.setHeader('content-type', 'text/xml').end(text);
  };
  const server = createServer(
    { cert: pem(certificate.server.cert), key: pem(certificate.server.key) },
    (request, response) => {
      const chunks: Buffer[] = [];
      response.on('error', () => {});
      request.on('error', () => {});
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => answer(request, Buffer.concat(chunks).toString('utf8'), response));
    },
  );
  let connections = 0;
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket as Socket);
  });
  server.on('tlsClientError', () => {});
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  stops.push(stop);
  return {
    port: (server.address() as { port: number }).port,
    fingerprint: certificate.serverPin,
    ...{ options, logins, commands, levels, stop },
    sessions: () => sessions.size,
    connections: () => connections,
  };
}

/** Takes connections and never says a word, or says what `speak` writes. */
export async function serveTcp(speak: (socket: Socket) => void): Promise<{ readonly port: number }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.resume();
    speak(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { port: (server.address() as { port: number }).port };
}

/** A port where nobody listens. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

export function passwordFile(text = PASSWORD, mode = 0o600): string {
  const path = join(tempDir(), 'password');
  writeFileSync(path, `${text}\n`, { mode });
  return path;
}

export function target(
  server: { readonly port: number; readonly fingerprint?: string },
  more: Partial<HttpsTarget> = {},
): HttpsTarget {
  return {
    device: 'clinic-edge',
    host: '127.0.0.1',
    port: server.port,
    user: USER,
    password: { kind: 'file', place: passwordFile() },
    certificates: server.fingerprint === undefined ? [] : [server.fingerprint],
    ...more,
  };
}
