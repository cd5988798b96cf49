import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Guard } from '../../agent/app/guard/contract.js';
import { guardClient, serveOnSocket, socketState } from '../../agent/http/index.js';
import { buildServer } from '../../agent/http/server.js';
import { problemText } from '../../agent/lib/result.js';
import { guardContract, plan } from '../contract/guard.js';
import { fakeGuard } from '../support/fake-guard.js';
import { tempDir } from '../support/index.js';

guardContract({ name: 'a guard in this process', open: async (guard) => ({ guard, close: async () => {} }) });

async function serve(guard: Guard, path = join(tempDir(), 'ecluse.sock'), onFault?: (error: unknown) => void) {
  const served = await serveOnSocket(guard, path, onFault ? { onFault } : {});
  if (!served.ok) throw new Error(problemText(served.error));
  return { path, guard: guardClient(path), close: () => served.value.close() };
}

guardContract({ name: 'a guard behind a socket', open: (guard) => serve(guard) });

interface Reply {
  readonly status: number | undefined;
  readonly body: { readonly error?: { readonly code: string; readonly message: string } };
}

function send(path: string, method: string, url: string, body?: string, type = 'application/json'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': type };
    const outgoing = request({ socketPath: path, method, path: url, agent: false, headers }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (part) => {
        text += part;
      });
      incoming.on('end', () => resolve({ status: incoming.statusCode, body: JSON.parse(text) as Reply['body'] }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('requests', () => {
  const window = JSON.stringify(plan);
  test.each([
    ['GET', '/v1/windows/nowhere', undefined, 404, 'NO_WINDOW', 'no window is called nowhere'],
    ['POST', '/v1/windows', window, 409, 'WINDOW_EXISTS', 'already'],
    ['POST', `/v1/windows/${encodeURIComponent(plan.id!)}/close`, '{}', 409, 'WINDOW_TRANSITION', 'cannot be closed'],
    ['POST', '/v1/drift', '{"devices": ["stranger"]}', 404, 'UNKNOWN_DEVICE', 'stranger'],
    ['POST', '/v1/devices/fw1/capture', '{"path": "/x.pdf"}', 422, 'NO_DRIVER', 'no driver'],
    ['POST', '/v1/devices/fw1/capture', '{"path": "x.nft"}', 400, 'BAD_REQUEST', 'a path that starts at the root'],
    ['POST', '/v1/drift', '{"devices": "fw1"}', 400, 'BAD_REQUEST', 'devices: Invalid input: expected array'],
    ['POST', '/v1/drift', '{"device": ["fw1"]}', 400, 'BAD_REQUEST', 'devices: Invalid input: expected array'],
    ['POST', '/v1/drift', '{"devices": [', 400, 'BAD_REQUEST', 'JSON'],
    ['POST', '/v1/drift', undefined, 400, 'BAD_REQUEST', 'body: Invalid input'],
    [
      'POST',
      '/v1/windows',
      window.replace('"2026-11-23T14:00:00.000Z"', '17'),
      400,
      'BAD_REQUEST',
      'start: Invalid input',
    ],
    [
      'POST',
      '/v1/windows',
      window.replace('"src"', '"source"'),
      400,
      'BAD_REQUEST',
      'scope.0: Unrecognized key: "source"',
    ],
    ['GET', '/v1/windows?al=true', undefined, 400, 'BAD_REQUEST', 'al'],
    ['GET', '/v1/windows?all=yes', undefined, 400, 'BAD_REQUEST', 'all: Invalid option'],
    ['GET', '/v1/snapshots?limit=0', undefined, 400, 'BAD_REQUEST', 'limit: Too small'],
    ['POST', '/v1/drift', `{"devices": ["${'x'.repeat(1024 * 1024)}"]}`, 413, 'BAD_REQUEST', 'too large'],
    ['GET', '/v1/nowhere', undefined, 404, 'NO_ROUTE', '/v1/nowhere'],
    ['DELETE', '/v1/windows/x', undefined, 404, 'NO_ROUTE', 'DELETE'],
  ])('%s %s %.40s is answered with %d %s', async (method, url, body, status, code, words) => {
    const behind = fakeGuard();
    await behind.planWindow({ ...plan, devices: ['fw1'] });
    const { path, close } = await serve(behind);
    const reply = await send(path, method, url, body);
    await close();
    expect(reply).toMatchObject({ status, body: { error: { code, message: expect.stringContaining(words) } } });
  });

  test('of another type than JSON are refused', async () => {
    const { path, close } = await serve(fakeGuard());
    const reply = await send(path, 'POST', '/v1/drift', 'devices=fw1', 'application/x-www-form-urlencoded');
    await close();
    expect(reply).toMatchObject({ status: 415, body: { error: { code: 'BAD_REQUEST' } } });
  });

  test('that break something of ours say so to the log and not to the caller', async () => {
    const faults: unknown[] = [];
    const broken = { ...fakeGuard(), status: () => Promise.reject(new Error('secret inner words')) };
    const { path, guard, close } = await serve(broken, undefined, (error) => faults.push(error));
    const reply = await send(path, 'GET', '/v1/status');
    await expect(guard.status()).rejects.toThrow('in the daemon: a fault of Écluse itself');
    await close();
    expect(reply).toMatchObject({ status: 500, body: { error: { code: 'FAULT' } } });
    expect(JSON.stringify(reply)).not.toContain('secret');
    expect(faults).toHaveLength(2);
  });

  test('answered against the schema are a fault, not a wrong answer', async () => {
    const broken = { ...fakeGuard(), windows: async () => ({ ok: true, value: [{ id: 'half' }] }) } as unknown as Guard;
    const reply = await buildServer(broken).inject({ method: 'GET', url: '/v1/windows' });
    expect(reply.statusCode).toBe(500);
  });
});

describe('the socket', () => {
  test('is for its owner alone, and goes when the daemon goes', async () => {
    const { path, close } = await serve(fakeGuard());
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(await socketState(path)).toBe('live');
    await close();
    expect(existsSync(path)).toBe(false);
    expect(await socketState(path)).toBe('absent');
  });

  test('that answers belongs to the first instance', async () => {
    const first = await serve(fakeGuard());
    const second = await serveOnSocket(fakeGuard(), first.path);
    expect(second).toMatchObject({ ok: false, error: { code: 'SECOND_INSTANCE', file: first.path } });
    expect((await first.guard.status()).ok).toBe(true);
    await first.close();
  });

  test('that nobody answers is replaced', async () => {
    const path = join(tempDir(), 'ecluse.sock');
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await once(spawn(process.execPath, ['-e', script], { stdio: 'ignore' }), 'exit');
    expect(await socketState(path)).toBe('stale');
    const { guard, close } = await serve(fakeGuard(), path);
    expect((await guard.status()).ok).toBe(true);
    await close();
  });

  test('is not put where something else is', async () => {
    const path = join(tempDir(), 'ecluse.sock');
    writeFileSync(path, 'precious');
    expect(await serveOnSocket(fakeGuard(), path)).toMatchObject({ ok: false, error: { code: 'SOCKET_FAILED' } });
    expect(existsSync(path)).toBe(true);
  });

  test.each([
    ['in a folder that is not there', '/nonexistent/ecluse.sock', 'cannot be made'],
    ['with a path that is too long', `/${'x'.repeat(120)}/ecluse.sock`, 'too long'],
  ])('%s cannot be made', async (_name, path, words) => {
    const served = await serveOnSocket(fakeGuard(), path);
    expect(served).toMatchObject({
      ok: false,
      error: { code: 'SOCKET_FAILED', message: expect.stringContaining(words) },
    });
  });

  test('of an instance that has started since is left alone', async () => {
    const first = await serve(fakeGuard());
    const { rmSync } = await import('node:fs');
    rmSync(first.path);
    const second = await serve(fakeGuard(), first.path);
    await first.close();
    expect((await second.guard.status()).ok).toBe(true);
    await second.close();
  });
});

describe('a client', () => {
  test('whose daemon is not there says so', async () => {
    const path = join(tempDir(), 'ecluse.sock');
    expect(await guardClient(path).status()).toMatchObject({ ok: false, error: { code: 'NO_DAEMON', file: path } });
  });

  test.each([
    ['cut off', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a', 'NO_DAEMON'],
    ['not HTTP', 'SSH-2.0-OpenSSH\r\n', 'NO_DAEMON'],
    ['not JSON', 'HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes', 'BAD_ANSWER'],
    ['of another shape', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}', 'BAD_ANSWER'],
    ['a refusal without a reason', 'HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}', 'BAD_ANSWER'],
  ])('that is answered with something %s says so', async (_name, answer, code) => {
    const path = join(tempDir(), 'ecluse.sock');
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answer));
    });
    server.listen(path);
    await once(server, 'listening');
    expect(await guardClient(path).status()).toMatchObject({ ok: false, error: { code } });
    server.close();
    await once(server, 'close');
  });
});
