import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { SshTarget } from '../../agent/collect/ssh/index.js';
import { makeKey, sshd } from '../support/sshd.js';
import { must, systemTest, tempDir, waitFor } from '../support/system.js';
import { type Behaviour, endsWithTest, keyFile, keyPair, serve, target } from './hostile.js';
import { knownKeysPath, LIMITS, patient, readyProblem, targetOf, withRunner } from './targets.js';

describe('a login', () => {
  const refuse: Behaviour = { login: (context) => context.reject(['publickey', 'password', 'keyboard-interactive']) };

  test('that is refused twice is not tried again, until something changes', async () => {
    const server = await serve(refuse);
    const path = keyFile();
    const knownKeys = knownKeysPath();
    await withRunner(
      target(server, { keyFile: path }),
      async (runner) => {
        expect(await runner.ready()).toMatchObject({ code: 'SSH_LOGIN_REFUSED' });
        expect(await runner.ready()).toMatchObject({ code: 'SSH_LOGIN_STOPPED' });
        for (let i = 0; i < 5; i++) {
          expect(await runner.ready()).toMatchObject({
            code: 'SSH_LOGIN_STOPPED',
            remedy: expect.stringContaining('ecluse trust web'),
          });
        }
        expect(server.connections()).toBe(2);
        writeFileSync(path, keyPair().private);
        expect(await runner.ready()).toMatchObject({ code: 'SSH_LOGIN_REFUSED' });
        expect(server.connections()).toBe(3);
      },
      { ...patient, knownKeys },
    );
  });

  test('offers a password once a connection, in one way', async () => {
    const server = await serve(refuse);
    process.env.ECLUSE_TEST_PASSWORD = 'correct horse';
    const { keyFile: _none, ...rest } = target(server, { password: { kind: 'env', place: 'ECLUSE_TEST_PASSWORD' } });
    expect(await readyProblem(rest)).toMatchObject({ code: 'SSH_LOGIN_REFUSED' });
    expect(server.logins).toEqual(['password correct horse']);
    delete process.env.ECLUSE_TEST_PASSWORD;
    expect(await readyProblem(rest)).toMatchObject({ code: 'SSH_CREDENTIALS', file: '$ECLUSE_TEST_PASSWORD' });
    expect(server.connections()).toBe(1);
  });

  const passwordFile = (text: string, mode = 0o600): string => {
    const path = join(tempDir(), 'password');
    writeFileSync(path, text, { mode });
    return path;
  };
  const byQuestion = (
    prompts: readonly { readonly prompt: string; readonly echo: boolean }[],
    good: readonly string[],
  ): Behaviour => ({
    login(context) {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      context.prompt([...prompts], '\u001b[2J', '', (answers) => {
        if (JSON.stringify(answers) === JSON.stringify(good)) context.accept();
        else context.reject();
      });
    },
  });

  test.each([
    ['one hidden question', [{ prompt: 'Password:', echo: false }], ['s3cret'], undefined],
    ['one that is shown', [{ prompt: 'Token:', echo: true }], ['s3cret'], 'SSH_LOGIN_REFUSED'],
    [
      'two',
      [
        { prompt: 'Password:', echo: false },
        { prompt: 'Token:', echo: false },
      ],
      ['s3cret', ''],
      'SSH_LOGIN_REFUSED',
    ],
  ])('by keyboard-interactive answers %s', async (_case, prompts, good, code) => {
    const server = await serve(byQuestion(prompts, good));
    const { keyFile: _none, ...rest } = target(server, { password: { kind: 'file', place: passwordFile('s3cret\n') } });
    expect((await readyProblem(rest))?.code).toBe(code);
  });

  test('needs files that are their owner’s alone', async () => {
    const server = await serve();
    const { keyFile: _none, ...rest } = target(server);
    for (const bad of [
      { keyFile: keyFile(0o644) },
      { keyFile: join(tempDir(), 'missing') },
      { keyFile: tempDir() },
      { keyFile: passwordFile('no key') },
      { password: { kind: 'file', place: passwordFile('x', 0o640) } } as const,
    ]) {
      expect(await readyProblem({ ...rest, ...bad })).toMatchObject({ code: 'SSH_CREDENTIALS' });
    }
    expect(server.connections()).toBe(0);
  });
});

describe('a jump host', () => {
  test('is passed, and each of both has its own host key', async () => {
    const jump = await serve({ forward: 'works' });
    const server = await serve();
    const by = (more: Partial<SshTarget>): SshTarget => target(server, { jump: target(jump, more) });
    await withRunner(by({}), async (runner) => {
      expect(await runner.run(['nft'], LIMITS)).toMatchObject({
        kind: 'exited',
        stdout: expect.stringContaining('nft'),
      });
    });
    expect(await readyProblem(by({ hostKeys: [server.fingerprint] }))).toMatchObject({
      code: 'HOST_KEY_CHANGED',
      message: expect.stringContaining(`127.0.0.1:${jump.port}`),
    });
    expect(await readyProblem(target(server, { hostKeys: [jump.fingerprint], jump: target(jump) }))).toMatchObject({
      code: 'HOST_KEY_CHANGED',
      message: expect.stringContaining(`127.0.0.1:${server.port}`),
    });
  });

  test.each<[Behaviour['forward'], string]>([
    ['hangs', 'SSH_TIMEOUT'],
    ['refuses', 'SSH_UNREACHABLE'],
  ])('that %s when asked for the way', async (forward, code) => {
    const jump = await serve({ ...(forward && { forward }) });
    const server = await serve();
    expect(await readyProblem(target(server, { jump: target(jump) }))).toMatchObject({ code });
  });
});

systemTest(
  ['sshd', 'ssh-keygen', 'ssh-agent'],
  'an agent and a key with a passphrase open a real sshd',
  async () => {
    const folder = tempDir();
    const server = endsWithTest(await sshd(folder));
    const socket = join(folder, 'agent.sock');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    endsWithTest({ stop: async () => void agent.kill() });
    await waitFor(() => existsSync(socket), { timeoutMs: 20_000 });
    await must(['ssh-add', '-q', server.key], { env: { SSH_AUTH_SOCK: socket } });
    const { keyFile: _none, ...rest } = targetOf(server);
    expect(await readyProblem({ ...rest, agent: { kind: 'file', place: socket } })).toBeUndefined();
    expect(await readyProblem({ ...rest, agent: { kind: 'file', place: `${socket}.none` } })).toMatchObject({
      code: 'SSH_LOGIN_REFUSED',
    });

    await makeKey(join(folder, 'locked'), 'ed25519', 'open sesame');
    writeFileSync(join(folder, 'authorized'), readFileSync(join(folder, 'locked.pub')));
    const locked = { ...rest, keyFile: join(folder, 'locked') };
    expect(await readyProblem(locked)).toMatchObject({
      code: 'SSH_CREDENTIALS',
      remedy: expect.stringContaining('passphrase'),
    });
    writeFileSync(join(folder, 'words'), 'open sesame\n', { mode: 0o600 });
    const passphrase = { kind: 'file', place: join(folder, 'words') } as const;
    expect(await readyProblem({ ...locked, passphrase })).toBeUndefined();
  },
  60_000,
);
