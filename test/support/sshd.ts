import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { readScript } from '../../agent/app/trust.js';
import { must, waitFor } from './machine.js';
import { findProgram, systemPath } from './needs.js';
import { freePort } from './rsyslog.js';

/** A real sshd on loopback, with keys made for the test. */
export interface Sshd {
  readonly pid: number;
  readonly port: number;
  readonly user: string;
  /** Path of the private key that it lets in. */
  readonly key: string;
  /** `SHA256:…` of its host keys. */
  readonly fingerprints: Readonly<Record<HostKeyType, string>>;
  log(): string;
  stop(): Promise<void>;
}

export type HostKeyType = 'ed25519' | 'rsa';

export interface SshdOptions {
  /** Put before the script in the forced command, such as `ip netns exec blue`. */
  readonly inside?: readonly string[];
  /** No forced command: any command runs. */
  readonly plain?: boolean;
  /** Lines of sshd_config. */
  readonly settings?: readonly string[];
  readonly script?: string;
}

export async function makeKey(path: string, type: HostKeyType = 'ed25519', passphrase = ''): Promise<string> {
  const size = type === 'rsa' ? ['-b', '2048'] : [];
  await must(['ssh-keygen', '-q', '-t', type, ...size, '-N', passphrase, '-C', 'test', '-f', path]);
  return (await must(['ssh-keygen', '-lf', `${path}.pub`])).split(' ')[1]!;
}

/** Keeps everything in `folder`. The account is the one that runs the test. */
export async function sshd(folder: string, options: SshdOptions = {}): Promise<Sshd> {
  const at = (name: string): string => join(folder, name);
  const fingerprints = { ed25519: await makeKey(at('host-ed25519')), rsa: await makeKey(at('host-rsa'), 'rsa') };
  await makeKey(at('client'));
  writeFileSync(at('ecluse-read'), options.script ?? readScript(), { mode: 0o755 });
  chmodSync(at('ecluse-read'), 0o755);
  const command = [...(options.inside ?? []), at('ecluse-read')].join(' ');
  const how = options.plain ? 'restrict' : `restrict,command="${command}"`;
  writeFileSync(at('authorized'), `${how} ${readFileSync(at('client.pub'), 'utf8')}`, { mode: 0o600 });
  const port = await freePort();
  writeFileSync(
    at('sshd.conf'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${at('host-ed25519')}`,
      `HostKey ${at('host-rsa')}`,
      `AuthorizedKeysFile ${at('authorized')}`,
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin prohibit-password',
      'MaxStartups 100',
      // A bash that sshd starts at the outermost level reads the account's .bashrc, which is no part of the test.
      'SetEnv SHLVL=2',
      ...(options.settings ?? []),
      '',
    ].join('\n'),
  );
  // Debian's sshd wants its empty folder, which only the service makes.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const child: ChildProcess = spawn(findProgram('sshd')!, ['-D', '-e', '-f', at('sshd.conf'), '-E', at('log')], {
    stdio: 'ignore',
    env: { PATH: systemPath() },
  });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const log = (): string => (existsSync(at('log')) ? readFileSync(at('log'), 'utf8') : '');
  const listens = (): Promise<boolean> =>
    new Promise((resolve) => {
      const probe = connect({ host: '127.0.0.1', port });
      probe.on('error', () => resolve(false));
      probe.on('connect', () => {
        probe.destroy();
        resolve(true);
      });
    });
  await waitFor(listens, { timeoutMs: 20_000, what: 'sshd to listen' });
  return {
    pid: child.pid!,
    port,
    user: userInfo().username,
    key: at('client'),
    fingerprints,
    log,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
