import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { installPackages } from './install.js';
import { whyMissing } from './needs.js';
import { run, systemTest, tempDir, waitFor, withNamespaces } from './system.js';

describe('programs', () => {
  test('an exit code is an outcome, a program that is not there is an error', async () => {
    expect(await run(['sh', '-c', 'cat; echo no >&2; exit 3'], { input: 'yes' })).toEqual({
      code: 3,
      signal: undefined,
      stdout: 'yes',
      stderr: 'no\n',
    });
    await expect(run(['ecluse-no-such-program'])).rejects.toThrow('ENOENT');
  });

  test('a program that hangs is ended', async () => {
    expect((await run(['sleep', '60'], { timeoutMs: 50 })).signal).toBe('SIGKILL');
  });
});

describe('packages', () => {
  const lines: string[] = [];
  const installs = process.env.ECLUSE_INSTALL;
  afterEach(() => {
    if (installs === undefined) delete process.env.ECLUSE_INSTALL;
    else process.env.ECLUSE_INSTALL = installs;
  });

  test('that may not be installed are named with the command that brings them', () => {
    process.env.ECLUSE_INSTALL = '0';
    expect(installPackages(['rsyslog', 'nftables'], (line) => lines.push(line))).toBe('impossible');
    expect(lines.join('\n')).toContain('apt-get install -y --no-install-recommends rsyslog nftables');
  });
});

describe('waiting', () => {
  test('gives the first truthy answer', async () => {
    let asked = 0;
    expect(await waitFor(() => (++asked === 3 ? asked : undefined), { intervalMs: 1 })).toBe(3);
  });

  test('says what did not come', async () => {
    await expect(waitFor(() => false, { timeoutMs: 5, intervalMs: 1, what: 'the boat' })).rejects.toThrow('the boat');
  });
});

test('a temporary folder exists', () => expect(existsSync(tempDir())).toBe(true));

test('a need that is not met names its reason and what to do', () => {
  const reason = whyMissing(['root', 'tun', 'nft']);
  if (reason !== undefined) expect(reason).toMatch(/\(.+\)/);
  expect(whyMissing([])).toBeUndefined();
});

systemTest(['root', 'netns', 'ip', 'ss'], 'namespaces have lo up, and vanish with what runs in them', async () => {
  let gone = '';
  let pid = 0;
  await withNamespaces(['near', 'far'], async ({ near, far }) => {
    gone = near.path;
    expect(near.name).not.toBe(far.name);
    expect(await near.must(['ip', '-brief', 'address', 'show', 'lo'])).toContain('127.0.0.1');
    pid = near.start(['sleep', '600']).pid!;
    await waitFor(async () => (await run(['ip', 'netns', 'pids', near.name])).stdout.includes(`${pid}`));
  });
  expect(existsSync(gone)).toBe(false);
  expect(existsSync(`/proc/${pid}/exe`)).toBe(false);
});

systemTest(['root', 'netns', 'ip'], 'a failure inside still deletes the namespace', async () => {
  let path = '';
  const failing = withNamespaces(['only'], ({ only }) => {
    path = only.path;
    throw new Error('the test failed');
  });
  await expect(failing).rejects.toThrow('the test failed');
  expect(existsSync(path)).toBe(false);
});
