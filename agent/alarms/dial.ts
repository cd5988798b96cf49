import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from 'node:tls';
import type { Result } from '../lib/result.js';
import type { Secret } from '../lib/secret.js';

/** TLS 1.2 or later; the receiver's certificate and name are always checked. */
export interface TlsOptions {
  /** PEM; left out, the authorities that the system trusts. */
  readonly ca?: string;
  /** PEM of Écluse's own certificate, where the receiver asks for one. */
  readonly cert?: string;
  readonly key?: Secret;
  /** The name in the receiver's certificate, where it is not the one that is dialled. */
  readonly serverName?: string;
  /** SHA-256 of the receiver's certificate in hexadecimal: one of these, besides the authority's signature. */
  readonly pins?: readonly string[];
}

export interface Peer {
  readonly host: string;
  readonly port: number;
  readonly tls?: TlsOptions;
}

/** A way to one receiver, made when it is needed. */
export interface Connection {
  send(bytes: Buffer, signal: AbortSignal): Promise<Result<void>>;
  close(): Promise<void>;
}

export interface Dialled {
  readonly socket: Socket;
  /** The event after which data may be sent. */
  readonly ready: 'connect' | 'secureConnect';
}

const KEEP_ALIVE_MS = 30_000;

export function dial({ host, port, tls }: Peer): Dialled {
  const keeping = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };
  if (!tls) return { socket: connectTcp({ host, port, ...keeping }), ready: 'connect' };
  const socket = connectTls({ host, port, ...keeping, ...tlsChoices(host, tls) });
  socket.setNoDelay(true);
  return { socket, ready: 'secureConnect' };
}

/** What Node's TLS wants to know; HTTPS takes the same. */
export function tlsChoices(host: string, { ca, cert, key, serverName, pins }: TlsOptions) {
  return {
    minVersion: 'TLSv1.2' as const,
    rejectUnauthorized: true,
    // RFC 6066: an address is no server name.
    servername: serverName ?? (isIP(host) ? '' : host),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key && { key: key.reveal() }),
    checkServerIdentity: (_name: string, certificate: PeerCertificate) =>
      checkServerIdentity(serverName ?? host, certificate) ?? pinProblem(certificate, pins),
  };
}

function pinProblem(certificate: PeerCertificate, pins: readonly string[] | undefined): Error | undefined {
  if (!pins || pins.length === 0) return undefined;
  const seen = digits(certificate.fingerprint256);
  if (pins.some((pin) => digits(pin) === seen)) return undefined;
  return new Error(`the certificate is another one than was pinned: its SHA-256 is ${seen}`);
}

function digits(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

/** What may be done about a connection that was not made. */
export function remedyOf(why: string, isTls: boolean): string {
  if (isTls && /certificate|altname|issuer|pinned/i.test(why))
    return 'check the authority, the server name and the pins of this sink';
  return 'check that the receiver listens on this port';
}
