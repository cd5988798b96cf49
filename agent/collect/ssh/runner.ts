import { failure, type Problem, problemText, type Result, success } from '../../lib/result.js';
import { attempts } from '../attempts.js';
import { type KnownKeys, readKnownKeys } from '../known-keys.js';
import type { CommandOutput, CommandRunner } from '../runner.js';
import { turns } from '../turns.js';
import { applianceTalk } from './appliance.js';
import { execute, follow } from './channel.js';
import { commandLine, readFileArgv, saysNoFile } from './commands.js';
import { type Credentials, readCredentials } from './credentials.js';
import { type HostKey, pinsOf } from './host-keys.js';
import { cancelled, type Link, openLink } from './link.js';
import { isUnchanged, requestFor } from './request.js';
import { addressOf, type SshHop, type SshTarget, type SshTimeouts, sshTimeouts } from './target.js';

export interface SshOptions {
  /** Path of the file with the keys that a person accepted. */
  readonly knownKeys: string;
  readonly timeouts?: Partial<SshTimeouts>;
  /** The wait after a first failure; each one more doubles it. */
  readonly backoffMsMin?: number;
  /** The accepted key that each server on the way has shown, with its address: `host:port`. */
  readonly onHostKey?: (address: string, key: HostKey) => void;
}

export interface SshRunner extends CommandRunner {
  /** Connects where that is not done yet; why it cannot be, in one Problem instead of one for each command. */
  ready(signal?: AbortSignal): Promise<Problem | undefined>;
  /** All of a reading in one channel. */
  converse: NonNullable<CommandRunner['converse']>;
  isUnchanged: NonNullable<CommandRunner['isUnchanged']>;
  close(): void;
}

const PARALLEL_MAX = 4;
/** Of a reading and of glances; with the monitors that is below the ten that sshd gives one connection (MaxSessions). */
const SESSIONS_MAX = 6;
/** A connection that stood for so long was well: its end is not part of a series of failures. */
const WELL_MS = 10_000;

/** Of all devices together: keys are exchanged by this process, and a site has hundreds of devices. */
const connecting = turns(8);
const asking = turns(64);

/** Asks a device over SSH, with one connection that is kept. Whatever the other end does is an output, as locally. */
export function sshRunner(target: SshTarget, options: SshOptions): SshRunner {
  const connection = keptConnection(target, options);
  const ownTurns = turns(SESSIONS_MAX);
  const { overdueMs } = { ...sshTimeouts, ...options.timeouts };
  const appliance = applianceTalk(target.user, { ...sshTimeouts, ...options.timeouts });
  /** Waits for a turn and for the connection. */
  const onLink = async <T>(
    signal: AbortSignal | undefined,
    ask: (link: Link) => Promise<T>,
    otherwise: (why: CommandOutput) => T,
  ): Promise<T> => {
    const leave = await ownTurns.take(signal);
    const giveBack = leave && (await asking.take(signal));
    if (!giveBack) {
      leave?.();
      return otherwise({ kind: 'cancelled' });
    }
    try {
      const link = await unlessAborted(connection.get(), signal);
      return link.ok ? await ask(link.value) : otherwise(withoutLink(link.error));
    } finally {
      giveBack();
      leave();
    }
  };
  const run: CommandRunner['run'] = (argv, limits) =>
    onLink(
      limits.signal,
      (link) => execute(link, commandLine(argv), argv[0]!, limits),
      (why) => why,
    );
  return {
    run,
    async readFile(path, limits) {
      const output = await run(readFileArgv(path), limits);
      const absent = output.kind === 'exited' && output.exitCode !== 0 && saysNoFile(output.stderr);
      return absent ? { kind: 'missing', what: path } : output;
    },
    converse: (speakers, asked) => {
      const isAppliance = speakers.some(({ dialogue }) => dialogue.shell !== undefined);
      const request = isAppliance ? appliance.request(speakers, asked) : requestFor(speakers, { ...asked, overdueMs });
      return onLink(asked.signal, (link) => request.on(link), request.none);
    },
    isUnchanged: (speakers, seal, signal) =>
      onLink(
        signal,
        (link) => isUnchanged(link, speakers, seal, signal),
        () => false,
      ),
    async follow(argv, followed) {
      const link = await unlessAborted(connection.get(), followed.signal);
      if (!link.ok) return withoutLink(link.error);
      return follow(link.value, commandLine(argv), argv[0]!, followed);
    },
    parallelMax: PARALLEL_MAX,
    async ready(signal) {
      const link = await unlessAborted(connection.get(), signal);
      return link.ok ? undefined : link.error;
    },
    close: () => connection.close(),
  };
}

function withoutLink(problem: Problem): CommandOutput {
  if (problem.code === cancelled.code) return { kind: 'cancelled' };
  return { kind: 'broken', reason: `${problem.code}: ${problemText(problem)}` };
}

/** One who gives up does not wait for the connection, which others may be waiting for. */
function unlessAborted<T>(work: Promise<Result<T>>, signal: AbortSignal | undefined): Promise<Result<T>> {
  if (!signal) return work;
  if (signal.aborted) return Promise.resolve(failure(cancelled));
  return new Promise((resolve) => {
    const leave = (): void => resolve(failure(cancelled));
    signal.addEventListener('abort', leave, { once: true });
    void work.then((result) => {
      signal.removeEventListener('abort', leave);
      resolve(result);
    });
  });
}

interface Attempt {
  readonly hop: SshHop;
  readonly credentials: Credentials;
}

interface Prepared {
  readonly known: KnownKeys;
  readonly jump?: Attempt;
  readonly last: Attempt;
  /** Changes when anything does that may make a refused login succeed. */
  readonly mark: string;
}

function keptConnection(target: SshTarget, options: SshOptions) {
  const { device } = target;
  const timeouts = { ...sshTimeouts, ...options.timeouts };
  const closing = new AbortController();
  let links: readonly Link[] = [];
  let current: Link | undefined;
  let opening: Promise<Result<Link>> | undefined;

  const prepare = (): Result<Prepared> => {
    const known = readKnownKeys(options.knownKeys);
    if (!known.ok) return known;
    const attempts: Attempt[] = [];
    for (const hop of target.jump ? [target.jump, target] : [target]) {
      const credentials = readCredentials(hop);
      if (!credentials.ok) return credentials;
      attempts.push({ hop, credentials: credentials.value });
    }
    const last = attempts.pop()!;
    const [jump] = attempts;
    const mark = JSON.stringify([
      known.value.asked[device],
      known.value.revoked,
      known.value.keys.filter((key) => key.device === device),
      last.credentials.mark,
      jump?.credentials.mark,
    ]);
    return success({ known: known.value, last, mark, ...(jump && { jump }) });
  };

  const dial = async ({ hop, credentials }: Attempt, known: KnownKeys, through?: Link): Promise<Result<Link>> => {
    const pins = pinsOf(hop, device, known);
    const { signal } = closing;
    const onAccepted = (key: HostKey): void => options.onHostKey?.(addressOf(hop), key);
    return openLink(hop, { device, timeouts, pins, credentials, signal, onAccepted, ...(through && { through }) });
  };

  const connect = async ({ known, jump, last }: Prepared): Promise<Result<Link>> => {
    const giveBack = await connecting.take(closing.signal);
    if (!giveBack) return failure(cancelled);
    try {
      const first = jump && (await dial(jump, known));
      if (first?.ok === false) return first;
      const link = await dial(last, known, first?.value);
      if (!link.ok) {
        first?.value.close();
        return link;
      }
      links = [...(first ? [first.value] : []), link.value];
      link.value.onLost(() => first?.value.close());
      first?.value.onLost((reason) => link.value.close(`the jump host is lost: ${reason}`));
      return link;
    } finally {
      giveBack();
    }
  };

  const tries = attempts({
    backoffMsMin: options.backoffMsMin,
    stopped: (count, last) => ({
      code: 'SSH_LOGIN_STOPPED',
      message: `${last.message}; after ${count} refusals it is not tried again, so that the account does not lock`,
      ...(last.expected !== undefined && { expected: last.expected }),
      remedy: `mend the account, the key or the password, then: ecluse trust ${device}`,
    }),
  });

  /** A server that lets in and hangs up at once must not be asked for a new connection by every command. */
  const minded = (link: Link, mark: string): void => {
    const sinceMs = performance.now();
    link.onLost((reason) => {
      if (link.finished()) return;
      if (performance.now() - sinceMs >= WELL_MS) tries.well();
      else {
        const message = `${addressOf(target)}: the connection was lost soon after the login: ${reason}`;
        const remedy = 'look into the log of the server';
        tries.holdOff({ code: 'SSH_BROKEN', message, expected: 'a server that stays', remedy }, mark);
      }
    });
  };

  const attempt = async (): Promise<Result<Link>> => {
    const prepared = prepare();
    if (!prepared.ok) return prepared;
    const { mark } = prepared.value;
    const blocked = tries.blocked(mark);
    if (blocked) return failure(blocked);
    const link = await connect(prepared.value);
    if (link.ok) {
      tries.worked();
      minded(link.value, mark);
      return link;
    }
    if (link.error.code === cancelled.code) return link;
    if (link.error.code === 'SSH_LOGIN_REFUSED') return failure(tries.refused(link.error, mark));
    tries.holdOff(link.error, mark);
    return link;
  };

  return {
    get(): Promise<Result<Link>> {
      if (closing.signal.aborted) return Promise.resolve(failure(cancelled));
      if (current && current.lost() === undefined) return Promise.resolve(success(current));
      opening ??= attempt().then((link) => {
        opening = undefined;
        if (link.ok) current = link.value;
        if (link.ok && closing.signal.aborted) link.value.close();
        return link;
      });
      return opening;
    },
    close() {
      closing.abort();
      for (const link of [...links].reverse()) link.close();
    },
  };
}
