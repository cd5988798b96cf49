import { expect, test } from '@jest/globals';
import { realParts } from '../../agent/app/guard/index.js';
import type { CommandOutput } from '../../agent/collect/index.js';
import type { DeviceSource } from '../../agent/config/index.js';
import { START } from '../support/guard.js';
import { answering } from './answering.js';
import { fakeWorld, must, startGuard } from './fakes.js';

/** So many minutes since the start of the test, as `-m time` takes it. */
const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString().slice(0, 19);

/** A firewall of iptables that lets one host of its own in by these rules; the clock of the guard is the test's. */
async function guarded(source: DeviceSource, rules: () => readonly string[]) {
  const save = (): string => `*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT DROP [0:0]\n`;
  const lines = (): string =>
    rules()
      .map((words) => `-A INPUT -s 10.1.2.3/32 -p tcp -m tcp ${words} -j ACCEPT\n`)
      .join('');
  const answer = (id: string): CommandOutput => {
    if (!/^ip6?tables-save$/.test(id)) return { kind: 'missing', what: id };
    const stdout = `${save()}${id === 'iptables-save' ? lines() : ''}COMMIT\n`;
    return { kind: 'exited', exitCode: 0, stdout, stderr: '' };
  };
  const runner = answering(answer);
  const world = fakeWorld(['fw'], { pollSeconds: 3600 });
  const devices = world.settings.devices.map((device) => ({ ...device, source, drivers: ['iptables'] }));
  const parts: typeof realParts = (place) => ({
    ...realParts({ ...place, runner: () => runner }),
    watch: () => ({ stop: () => {} }),
  });
  const running = await startGuard({
    ...world,
    settings: { ...world.settings, devices },
    tools: { ...world.tools, parts },
  });
  const told = (): readonly string[] =>
    running.events.flatMap(({ row, at: when, code }) => (row ? [`${(when - START) / 60_000} ${code}`] : []));
  return { ...running, told };
}

test('a rule that nobody touches begins and ends by itself: told then, and not at the next poll', async () => {
  const rules: string[] = ['--dport 443'];
  const { guard, until, told } = await guarded({ kind: 'local' }, () => rules);
  try {
    await until(1);
    rules.push(`--dport 3389 -m time --datestart ${at(4.5)} --datestop ${at(10.5)}`);
    must(await guard.snapshot(['fw']));
    await until(30);
    expect(told()).toEqual([
      '1 LATENT_OPENING',
      '4.5 RESOLVED',
      '4.5 UNPLANNED_OPENING',
      // The second that the rule names is its last.
      '10.75 RESOLVED',
    ]);
    expect(must(await guard.drift(['fw']))[0]).toMatchObject({ undeclared: [], missing: [] });
  } finally {
    await guard.close();
  }
});

test('what was approved with its times is neither told when it begins nor missed when it has ended', async () => {
  const rules = ['--dport 443', `--dport 3389 -m time --datestart ${at(4.5)} --datestop ${at(10.5)}`];
  const { guard, until, told } = await guarded({ kind: 'local' }, () => rules);
  try {
    await until(30);
    must(await guard.snapshot(['fw']));
    expect(told()).toEqual([]);
  } finally {
    await guard.close();
  }
});

test('of another machine the clock is not known: its rules may hold, whatever ours says', async () => {
  const rules: string[] = ['--dport 443'];
  const server = { host: '192.0.2.1', port: 22, user: 'ecluse', hostKeys: [], legacyAlgorithms: [] };
  const { guard, until, told } = await guarded({ kind: 'ssh', ...server }, () => rules);
  try {
    await until(1);
    rules.push(`--dport 3389 -m time --datestop ${at(-600)}`);
    must(await guard.snapshot(['fw']));
    await until(5);
    expect(told()).toEqual(['1 UNPLANNED_OPENING']);
    const [finding] = must(await guard.findings({ all: false })).findings;
    expect(finding?.conditions?.join()).toContain('--datestop');
  } finally {
    await guard.close();
  }
});
