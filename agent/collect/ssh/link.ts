import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Client } from 'ssh2';
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import { displayMessage } from '../capture.js';
import { algorithmsFor, HOST_KEY_FAMILIES } from './algorithms.js';
import type { Credentials } from './credentials.js';
import { type HostKey, hostKeyOf, objectionTo, type Pins } from './host-keys.js';
import { type Login, login } from './login.js';
import { addressOf, type SshHop, type SshTimeouts } from './target.js';

/** A connection on which commands can be run. */
export interface Link {
  readonly client: Client;
  /** What it was opened with, for a shell that asks again. */
  readonly credentials: Credentials;
  /** Why it is gone; undefined while it stands. */
  lost(): string | undefined;
  /** Calls back once, when it is gone; gives the way to stop listening. */
  onLost(listener: (reason: string) => void): () => void;
  close(reason?: string): void;
  /** Closes it because nothing is wanted any more: that is no failure of the server. */
  finish(): void;
  finished(): boolean;
}

export interface LinkOptions {
  readonly device: string;
  readonly timeouts: SshTimeouts;
  readonly pins: Pins;
  readonly credentials: Credentials;
  readonly signal?: AbortSignal;
  /** The way to the server where it is not the network itself. */
  readonly through?: Link;
  /** The key that the server showed, once it is known to be one that a person accepted. */
  readonly onAccepted?: (key: HostKey) => void;
}

/** What a server may send before anybody is logged in: greetings and banners are a few lines. */
const EARLY_BYTES_MAX = 1024 * 1024;

type Phase = 'connect' | 'handshake' | 'login';

function tooLate(hop: SshHop, phase: Phase, ms: number): Problem {
  const what = { connect: 'no connection', handshake: 'no exchange of keys', login: 'no answer to the login' }[phase];
  return {
    code: 'SSH_TIMEOUT',
    message: `${addressOf(hop)}: ${what} after ${ms} ms`,
    expected: 'an SSH server that answers in that time',
    remedy: `try it by hand: ssh -p ${hop.port} ${hop.user}@${hop.host}`,
  };
}

function unreachable(hop: SshHop, reason: string): Problem {
  return {
    code: 'SSH_UNREACHABLE',
    message: `${addressOf(hop)} cannot be reached: ${displayMessage(reason)}`,
    expected: 'an SSH server there',
    remedy: 'check the address, the routes and filters on the way, and that sshd runs',
  };
}

function broken(hop: SshHop, reason: string): Problem {
  const noneCommon = /no matching (?<what>[\w ]+)/i.exec(reason)?.groups?.what;
  if (noneCommon !== undefined) {
    return {
      code: 'SSH_ALGORITHMS',
      message: `${addressOf(hop)}: no ${displayMessage(noneCommon)} in common`,
      expected: 'a server that knows algorithms of this century',
      remedy: 'update the server; until then name what it needs under `legacyAlgorithms` of the device',
    };
  }
  return {
    code: 'SSH_BROKEN',
    message: `${addressOf(hop)}: the connection ended before the login: ${displayMessage(reason)}`,
    expected: 'an SSH server that goes through with it',
    remedy: `look into its log, and try it by hand: ssh -p ${hop.port} ${hop.user}@${hop.host}`,
  };
}

function refused(hop: SshHop, wants: readonly string[]): Problem {
  const takes = wants.length === 0 ? '' : `; it takes ${displayMessage(wants.join(', '))}`;
  return {
    code: 'SSH_LOGIN_REFUSED',
    message: `${addressOf(hop)} refuses the login of ${hop.user}${takes}`,
    expected: 'an account that takes the key or the password of the configuration',
    remedy: `check the account and its authorized_keys by hand: ssh -p ${hop.port} ${hop.user}@${hop.host}`,
  };
}

export const cancelled: Problem = { code: 'CANCELLED', message: 'given up before the connection stood' };

/** A stream to the server: TCP, or a channel of the jump host. */
export function openStream(
  hop: SshHop,
  { timeouts, through, signal }: Pick<LinkOptions, 'timeouts' | 'through' | 'signal'>,
): Promise<Result<Duplex>> {
  return new Promise((resolve) => {
    let socket: Socket | undefined;
    let settled = false;
    const settle = (result: Result<Duplex>): void => {
      if (settled) {
        // A channel that came too late is nobody's.
        if (result.ok) result.value.destroy();
        return;
      }
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      stopListening?.();
      if (!result.ok) socket?.destroy();
      resolve(result);
    };
    const cancel = (): void => settle(failure(cancelled));
    const timer = setTimeout(() => settle(failure(tooLate(hop, 'connect', timeouts.connectMs))), timeouts.connectMs);
    signal?.addEventListener('abort', cancel, { once: true });
    const stopListening = through?.onLost((reason) =>
      settle(failure(unreachable(hop, `the jump host is lost: ${reason}`))),
    );
    if (signal?.aborted) return cancel();
    if (!through) {
      const tcp = connectTcp({ host: hop.host, port: hop.port, noDelay: true });
      socket = tcp;
      tcp.on('error', (error) => settle(failure(unreachable(hop, error.message))));
      tcp.on('connect', () => settle(success(tcp)));
      return;
    }
    try {
      through.client.forwardOut('127.0.0.1', 0, hop.host, hop.port, (error, channel) => {
        if (error) return settle(failure(unreachable(hop, `the jump host says: ${error.message}`)));
        channel.on('error', () => {});
        settle(success(channel));
      });
    } catch (error) {
      settle(failure(unreachable(hop, String((error as Error).message))));
    }
  });
}

interface Negotiation {
  readonly onHostKey: (key: HostKey) => boolean;
  readonly handler: Login['handler'];
  readonly algorithms: NonNullable<ReturnType<typeof algorithmsFor>>;
  readonly keepAliveMs: number;
}

/** ssh2 with nothing left to its defaults: it would take any host key and wait for ever. */
export function beginSsh(client: Client, stream: Duplex, hop: SshHop, how: Negotiation): void {
  client.connect({
    sock: stream as Socket,
    username: hop.user,
    readyTimeout: 0,
    keepaliveInterval: how.keepAliveMs,
    keepaliveCountMax: 3,
    hostVerifier: (blob: Buffer) => how.onHostKey(hostKeyOf(blob)),
    authHandler: how.handler,
    algorithms: how.algorithms,
    agentForward: false,
  });
}

export function newClient(): Client {
  const client = new ssh2.Client();
  // Without a listener an `error` that comes after the end would end the process.
  client.on('error', () => {});
  return client;
}

/**
 * Connects, verifies and logs in: each step in its time, and every way it can fail a Problem. A server has a key of
 * each kind and shows the kind that is asked for first. Where a configured fingerprint may be of another kind, that is
 * asked for before the key is said to have changed.
 */
export async function openLink(hop: SshHop, options: LinkOptions): Promise<Result<Link>> {
  const { fingerprints, types } = options.pins;
  const legacy = hop.legacyAlgorithms;
  const first = await openWith(hop, options, algorithmsFor({ legacy, hostKeyTypes: types }));
  if (first.ok || first.error.code !== 'HOST_KEY_CHANGED' || fingerprints.length <= types.length) return first;
  for (const family of HOST_KEY_FAMILIES) {
    const algorithms = algorithmsFor({ legacy, onlyHostKeys: family });
    const again = algorithms && (await openWith(hop, options, algorithms));
    if (again?.ok || again?.error.code === 'SSH_LOGIN_REFUSED' || again?.error.code === cancelled.code) return again;
  }
  return first;
}

async function openWith(
  hop: SshHop,
  options: LinkOptions,
  algorithms: ReturnType<typeof algorithmsFor>,
): Promise<Result<Link>> {
  const stream = await openStream(hop, options);
  return stream.ok ? negotiate(stream.value, hop, { ...options, algorithms: algorithms! }) : stream;
}

function negotiate(
  stream: Duplex,
  hop: SshHop,
  options: LinkOptions & Pick<Negotiation, 'algorithms'>,
): Promise<Result<Link>> {
  const { device, timeouts, pins, credentials, signal, algorithms } = options;
  return new Promise((resolve) => {
    const client = newClient();
    const link = watchLoss(client, stream, credentials);
    const attempt = login(hop.user, credentials);
    let objection: Problem | undefined;
    let phase: Phase = 'handshake';
    let settled = false;
    const settle = (problem: Problem | undefined): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
      stream.off('data', count);
      if (problem) link.close();
      resolve(problem ? failure(problem) : success(link));
    };
    const cancel = (): void => settle(cancelled);
    const wait = (ms: number): NodeJS.Timeout =>
      setTimeout(() => settle(phase === 'login' && sentPassword() ? refused(hop, []) : tooLate(hop, phase, ms)), ms);
    const sentPassword = (): boolean => credentials.password !== undefined && attempt.offered();
    let timer = wait(timeouts.handshakeMs);
    let early = 0;
    const count = (chunk: Buffer): void => {
      early += chunk.length;
      if (early > EARLY_BYTES_MAX) settle(broken(hop, `more than ${EARLY_BYTES_MAX} bytes without a login`));
    };
    signal?.addEventListener('abort', cancel, { once: true });
    client.on('handshake', () => {
      if (phase !== 'handshake') return;
      phase = 'login';
      clearTimeout(timer);
      if (!settled) timer = wait(timeouts.loginMs);
    });
    client.on('ready', () => settle(undefined));
    client.on('error', (error) => {
      if (objection) return settle(objection);
      const { level } = error as { level?: string };
      const isRefusal = level === 'client-authentication' || (phase === 'login' && attempt.offered());
      settle(isRefusal ? refused(hop, attempt.wants()) : broken(hop, error.message));
    });
    client.on('close', () => {
      if (objection) return settle(objection);
      settle(
        phase === 'login' && attempt.offered() ? refused(hop, attempt.wants()) : broken(hop, 'closed by the server'),
      );
    });
    const onHostKey = (key: HostKey): boolean => {
      objection = objectionTo(key, pins, hop, device);
      if (!objection) options.onAccepted?.(key);
      return objection === undefined;
    };
    try {
      beginSsh(client, stream, hop, {
        onHostKey,
        handler: attempt.handler,
        algorithms,
        keepAliveMs: timeouts.keepAliveMs,
      });
      stream.on('data', count);
    } catch (error) {
      settle(broken(hop, (error as Error).message));
    }
    if (signal?.aborted) cancel();
  });
}

function watchLoss(client: Client, stream: Duplex, credentials: Credentials): Link {
  let reason: string | undefined;
  const listeners = new Set<(reason: string) => void>();
  const lose = (why: string): void => {
    if (reason !== undefined) return;
    reason = displayMessage(why);
    for (const listener of [...listeners]) listener(reason);
    listeners.clear();
  };
  let talks = false;
  let isFinished = false;
  client.on('handshake', () => {
    talks = true;
  });
  client.on('error', (error) => {
    talks = false;
    lose(error.message);
  });
  client.on('close', () => {
    talks = false;
    lose('closed by the server');
  });
  const close = (why = 'closed here'): void => {
    lose(why);
    // ssh2 can say goodbye only once the keys are exchanged, and not any more after an error.
    if (talks) client.end();
    // destroy and not end: a server that hangs would keep a half-closed connection for ever.
    stream.destroy();
  };
  return {
    client,
    credentials,
    finished: () => isFinished,
    finish() {
      isFinished = true;
      close('nothing more is asked');
    },
    close,
    lost: () => reason,
    onLost(listener) {
      if (reason !== undefined) listener(reason);
      else listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
