import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { openGuard, realParts } from '../../agent/app/guard/index.js';
import { forcedCommandScript } from '../../agent/collect/ssh/index.js';
import { loadSettings } from '../../agent/config/index.js';
import { drivers } from '../../agent/drivers/registry.js';
import { fakeLog, must } from '../app/fakes.js';
import { rules } from '../support/services.js';
import { type Sshd, sshd } from '../support/sshd.js';
import { type Namespace, systemTest, tempDir, waitFor, withNamespaces } from '../support/system.js';

const LINE = fileURLToPath(new URL('../kernel/line.js', import.meta.url));
const PORT = 9000;
const LONG = { timeoutMs: 60_000, intervalMs: 100 };

const FILTER = `flush ruleset
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established accept
    iifname lo accept
  }
}
`;

/** A program in a namespace, with what it has said up to now. */
function start(namespace: Namespace, ...argv: readonly string[]) {
  const child = namespace.start([process.execPath, LINE, ...argv]);
  let said = '';
  child.stderr!.resume();
  child.stdout!.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  return { child, hears: (words: string) => waitFor(() => said.includes(words), { ...LONG, what: words }) };
}

function guardOf(folder: string, { user, port, key, fingerprints }: Sshd) {
  const file = join(folder, 'config.yaml');
  const source = `{ssh: "${user}@127.0.0.1:${port}", key: "file:${key}", hostKeys: ["${fingerprints.rsa}"]}`;
  const device = `devices:\n  - {id: web, kind: host, drivers: [nftables, linux-listeners], source: ${source}}\n`;
  writeFileSync(file, `site: hospital\nstate: ./state\npoll: 2s\ngrace: 0m\n${device}`);
  const settings = must(loadSettings(file, { drivers: drivers.map(({ id }) => id) }));
  return openGuard(settings, { parts: realParts, rules: rules(), log: fakeLog([]) });
}

/** Opens a window over SSH in which a connection is let in, shuts the rule, and closes. */
async function story(script: string | undefined, then: (close: Closing) => Promise<void>): Promise<void> {
  await withNamespaces(['web', 'far'], async ({ web, far }) => {
    await web.must(['ip', 'link', 'add', 'wan0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', far.name]);
    for (const [one, name, address] of [
      [web, 'wan0', '192.0.2.1/24'] as const,
      [far, 'eth0', '192.0.2.9/24'] as const,
    ]) {
      await one.must(['ip', 'address', 'add', address, 'dev', name]);
      await one.must(['ip', 'link', 'set', name, 'up']);
    }
    await web.must(['nft', '-f', '-'], { input: FILTER });
    await start(web, 'answer', String(PORT)).hears('listening');
    const folder = tempDir();
    const inside = ['ip', 'netns', 'exec', web.name];
    const server = await sshd(folder, { inside, ...(script !== undefined && { script }) });
    const guard = must(await guardOf(folder, server));
    try {
      const running = guard.run({});
      await running.firstReadings;
      const now = Date.now();
      const plan = {
        id: 'W1',
        vendor: 'Prestataire',
        devices: ['web'],
        start: new Date(now).toISOString(),
        end: new Date(now + 3_600_000).toISOString(),
        scope: [{}],
      };
      must(await guard.openWindow('W1', plan));
      await web.must(`nft insert rule inet filter input tcp dport ${PORT} accept`.split(' '));
      const far9 = start(far, 'call', '192.0.2.1', String(PORT));
      await far9.hears('connected');
      await waitFor(() => guard.seen('web')!.observation.undeclared.some(({ kind }) => kind === 'rule'), {
        ...LONG,
        what: 'the rule to be seen',
      });
      await web.must(['nft', '-f', '-'], { input: FILTER });
      far9.child.stdin!.write('still here\n');
      await far9.hears('heard still here');
      await then({ close: async () => must(await guard.closeWindow('W1')), web });
    } finally {
      await guard.close();
      await server.stop();
    }
  });
}

interface Closing {
  close(): Promise<{
    readonly state: string;
    readonly sessions?: readonly { readonly summary: string; readonly command: string }[];
    readonly coverage: { readonly notCovered: readonly string[] };
  }>;
  readonly web: Namespace;
}

systemTest(
  ['root', 'netns', 'nft', 'sshd', 'ssh-keygen', 'conntrack'],
  'a connection that outlives its rule on a host over SSH is told by the forced command, with its end',
  () =>
    story(undefined, async ({ close, web }) => {
      const first = await close();
      expect(first).toMatchObject({ state: 'closed', sessions: [{ device: 'web', certainty: 'certain' }] });
      expect(first.sessions![0]!.summary).toMatch(/^tcp 192\.0\.2\.9:\d+ → 192\.0\.2\.1:9000$/);
      await web.must(['sh', '-ec', first.sessions![0]!.command]);
      expect(await close()).toMatchObject({ state: 'closed', sessions: [] });
    }),
  120_000,
);

systemTest(
  ['root', 'netns', 'nft', 'sshd', 'ssh-keygen', 'conntrack'],
  'a forced command of before, which lists no connections, is said as not covered and never as none',
  () =>
    story(forcedCommandScript(drivers), async ({ close }) => {
      const answer = await close();
      expect(answer).toMatchObject({ state: 'closed', sessions: [] });
      expect(answer.coverage.notCovered).toContainEqual(
        expect.stringMatching(/^web: connections that are up: .*the forced command on the device does not allow it/),
      );
    }),
  120_000,
);
