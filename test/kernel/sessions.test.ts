import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect } from '@jest/globals';
import { type Namespace, waitFor } from '../support/machine.js';
import { type Firewall, iptablesNft, nftables } from './firewalls.js';
import type { Guarded } from './guarded.js';
import { openWindow, type Story, testStories } from './story.js';
import { someone, web } from './world.js';

const PORT = 9000;
const PATIENCE_MS = 20_000;
/** Silence is believed sooner than an answer is given up. */
const SILENCE_MS = 1_000;

const line = fileURLToPath(new URL('./line.js', import.meta.url));

/** A program with what it has said up to now. */
interface Talker {
  readonly child: ChildProcess;
  said(): string;
  until(words: string): Promise<void>;
}

function talker(namespace: Namespace, ...argv: readonly string[]): Talker {
  const child = namespace.start([process.execPath, line, ...argv]);
  let said = '';
  child.stderr!.resume();
  child.stdout!.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  const until = async (words: string): Promise<void> => {
    await waitFor(() => said.includes(words), { timeoutMs: PATIENCE_MS, what: words });
  };
  return { child, said: () => said, until };
}

interface Closed {
  readonly state: string;
  readonly openings: readonly unknown[];
  readonly sessions: readonly { readonly summary: string; readonly command: string; readonly admittedBy: string }[];
}

async function close({ ecluse }: Guarded, window: string): Promise<Closed> {
  const outcome = await ecluse('window', 'close', window, '--json');
  expect([outcome.code, outcome.stderr]).toEqual([0, '']);
  return JSON.parse(outcome.stdout) as Closed;
}

async function expectSeen({ ecluse }: Guarded, code: string): Promise<void> {
  await waitFor(async () => (await ecluse('findings', '--json')).stdout.includes(`"${code}"`), {
    timeoutMs: PATIENCE_MS,
    what: `${code} among the findings`,
  });
}

function outlives(firewall: Firewall): Story {
  return {
    name: `${firewall.title}: a connection that outlives its rule is told at the close with its end, which ends it`,
    firewall,
    needs: ['conntrack'],
    action: async (guarded) => {
      const { world, ecluse } = guarded;
      await talker(world.dmz, 'answer', String(PORT)).until('listening');
      const window = await openWindow(guarded, '--for', '10m', '--allow', `any -> ${web[4]} tcp/${PORT}`);
      await world.firewall.must(firewall.addRule(PORT));
      const call = talker(world.internet, 'call', web[4], String(PORT));
      await call.until('connected');
      call.child.stdin!.write('while the door is open\n');
      await call.until('heard while the door is open');
      await expectSeen(guarded, 'IN_WINDOW_CHANGE');
      await firewall.load(world.firewall);
      call.child.stdin!.write('after it was shut\n');
      await call.until('heard after it was shut');

      const answer = await close(guarded, window);
      expect(answer).toMatchObject({ state: 'closed', openings: [] });
      expect(answer.sessions).toEqual([
        expect.objectContaining({ device: 'fw1', state: 'ESTABLISHED', certainty: 'certain' }),
      ]);
      const [session] = answer.sessions;
      expect(session!.summary).toMatch(new RegExp(`^tcp ${someone[4]}:\\d+ → ${web[4]}:${PORT}$`));
      expect(session!.admittedBy).toContain(String(PORT));
      expect(session!.command).toMatch(/^conntrack -D -f ipv4 -p tcp -s \S+ -d \S+ --sport \d+ --dport 9000$/);
      const text = (await ecluse('window', 'show', window)).stdout;
      expect(text).toContain(session!.command);
      expect((await ecluse('alarms', '--json')).stdout).toContain('SESSIONS_LEFT');

      // Closing again looks anew, and says it to a person as well.
      const again = await ecluse('window', 'close', window);
      expect([again.code, again.stderr]).toEqual([0, '']);
      expect(again.stdout).toContain(`window ${window} is closed\n1 connection that was let in meanwhile is still up:`);
      expect(again.stdout).toContain(`ends by    ${session!.command}`);

      // Nobody but a person ends it.
      call.child.stdin!.write('still here\n');
      await call.until('heard still here');
      await world.firewall.must(['sh', '-ec', session!.command]);
      call.child.stdin!.write('gone\n');
      await sleep(SILENCE_MS);
      expect(call.said()).not.toContain('heard gone');
      expect(await close(guarded, window)).toMatchObject({ state: 'closed', sessions: [] });
    },
  };
}

describe('connections that outlive a window', () => {
  testStories([outlives(nftables), outlives(iptablesNft)]);
});
