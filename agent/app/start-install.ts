import type { CommandRunner } from '../collect/index.js';
import { displayMessage } from '../collect/index.js';

/** What the quick start may do for a machine that lacks the programs by which it is read. */
export interface InstallTools {
  readonly runner: Pick<CommandRunner, 'run' | 'readFile'>;
  readonly isRoot: boolean;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/** The program that shows whether a package is there. */
const NEEDED = [
  { package: 'nftables', programs: ['nft'] },
  { package: 'iproute2', programs: ['ss', 'ip'] },
] as const;

const LOOK = { timeoutMsMax: 2_000, bytesMax: 64 * 1024 };
const APT = { timeoutMsMax: 120_000, bytesMax: 16 * 1024 * 1024 };

/**
 * Installs what is missing, said before it is done; where that is not possible the command is named, and the start
 * goes on with what can be seen. Only ever these two packages, and only on Debian and its kin as root.
 */
export async function installMissing({ runner, isRoot, say, signal }: InstallTools): Promise<void> {
  const missing = await missingPackages(runner);
  if (missing.length === 0) return;
  const names = missing.join(' ');
  const command = `apt-get install -y --no-install-recommends ${names}`;
  const isDebian = await isDebianKin(runner);
  if (!isDebian) {
    say(
      `${names}: not installed, so less can be seen. Install ${missing.length === 1 ? 'it' : 'them'} with the package manager of this system.`,
    );
    return;
  }
  if (!isRoot) {
    say(`${names}: not installed, so less can be seen. Install with: sudo ${command}`);
    return;
  }
  say(`${names}: not installed. Installing now: ${command}`);
  const apt = async (...argv: readonly string[]): Promise<string | undefined> => {
    const output = await runner.run(['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...argv], { ...APT, signal });
    if (output.kind === 'exited')
      return output.exitCode === 0 ? undefined : output.stderr || `exit code ${output.exitCode}`;
    return output.kind === 'timeout' ? `no end after ${output.afterMs / 1000} s` : output.kind;
  };
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  // A fresh container has no package lists; anywhere else fetching them would only cost time.
  const trouble = (await apt(...install)) && ((await apt('update')) ?? (await apt(...install)));
  if (trouble !== undefined) {
    say(
      `${names}: could not be installed (${displayMessage(trouble)}). Going on with what can be seen; by hand: ${command}`,
    );
    return;
  }
  const still = await missingPackages(runner);
  say(
    still.length === 0
      ? `${names}: installed.`
      : `${still.join(' ')}: installed, but ${still.length === 1 ? 'its program is' : 'their programs are'} not found. Going on with what can be seen.`,
  );
}

async function missingPackages(runner: InstallTools['runner']): Promise<readonly string[]> {
  const found = await Promise.all(
    NEEDED.map(async ({ package: name, programs }) => {
      const outputs = await Promise.all(programs.map((program) => runner.run([program, '-V'], LOOK)));
      return outputs.some((output) => output.kind === 'missing') ? [name] : [];
    }),
  );
  return found.flat();
}

async function isDebianKin(runner: InstallTools['runner']): Promise<boolean> {
  const release = await runner.readFile('/etc/os-release', LOOK);
  if (release.kind !== 'exited' || !/^ID(?:_LIKE)?=.*\bdebian\b/m.test(release.stdout)) return false;
  return (await runner.run(['apt-get', '--version'], LOOK)).kind === 'exited';
}
