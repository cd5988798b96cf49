import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { whyMissing } from '../test/support/needs.js';
import type { Bench, Row } from './bench.js';
import { unchangedPolls } from './daemon-polls.js';

const inside = fileURLToPath(new URL('./daemon-host.js', import.meta.url));

/**
 * Runs the other half in a network namespace of its own, which ends with it: there the daemon guards "this machine",
 * as it does on a host where it was installed, and a real rsyslogd on the same machine writes what it is told.
 */
function onHostOfItsOwn(say: (progress: string) => void): Promise<readonly Row[]> {
  const scenery = 'ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward; exec "$0" "$1"';
  return new Promise((resolve, reject) => {
    const argv = ['--net', '--', 'sh', '-ec', scenery, process.execPath, inside];
    const child = spawn('unshare', argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      for (const line of lines) say(line);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(out) as readonly Row[]);
      else reject(new Error(`${inside} ended with ${code}: ${rest}`));
    });
  });
}

/** What the daemon costs, and how soon it tells, on the machine that it guards. */
export const bench: Bench = {
  about:
    'The daemon as it is installed on a host (nftables, iptables, listening sockets; state on disk; TCP syslog to a real ' +
    'rsyslogd). Latency: from the moment a line is written to a waiting `nft -i` until the alarm stands in rsyslog’s ' +
    'file, with a pause of chance length between two changes. CPU: the daemon and every program it starts, as the ' +
    'kernel counts it. `ECLUSE_BENCH_IDLE_SECONDS` (60 when left out) is how long it is watched while nothing happens, ' +
    '`ECLUSE_BENCH_CHANGES` (200) how many changes are made.',
  missing: () => whyMissing(['root', 'netns', 'nft', 'ip', 'ss', 'rsyslogd']),
  run: async (say) => [...(await onHostOfItsOwn(say)), ...(await unchangedPolls(say))],
};
