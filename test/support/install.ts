import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findProgram, isRoot, systemPath } from './needs.js';

/**
 * Gets Debian packages where that is possible (as root, on Debian, unless ECLUSE_INSTALL=0), after saying so; where it
 * is not, names the command. Shared by the test command and the play.
 */
export function installPackages(
  packages: readonly string[],
  say: (line: string) => void,
): 'installed' | 'failed' | 'impossible' {
  const aptGet = findProgram('apt-get');
  if (!isRoot() || aptGet === undefined || !existsSync('/etc/debian_version') || process.env.ECLUSE_INSTALL === '0') {
    const names = packages.join(' ');
    say(`Missing on this machine: ${names}. On Debian, as root:`);
    say(`  apt-get update && apt-get install -y --no-install-recommends ${names}`);
    return 'impossible';
  }
  say(`Installing what is used here (ECLUSE_INSTALL=0 leaves it): ${packages.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', PATH: systemPath() };
  for (const argv of [
    ['-q', 'update'],
    ['-q', '-y', '--no-install-recommends', 'install', ...packages],
  ]) {
    // Standard error goes to standard output, and input is closed: a question would wait for ever.
    const outcome = spawnSync(aptGet, argv, { env, stdio: ['ignore', 1, 1] });
    if (outcome.status !== 0) {
      say(`apt-get ${argv.join(' ')} failed.`);
      return 'failed';
    }
  }
  return 'installed';
}
