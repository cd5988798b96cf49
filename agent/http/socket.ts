import { chmodSync, lstatSync, renameSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import type { Guard } from '../app/guard/contract.js';
import { failure, type Problem, type Result, success } from '../lib/result.js';
import type { ServerOptions } from './server.js';

/** `live`: somebody answers. `stale`: whoever made it is gone. `forbidden`: it is another user's. */
export type SocketState = 'live' | 'stale' | 'absent' | 'forbidden' | 'not a socket';

/** What answers at a path, found by knocking once. */
export function socketState(path: string): Promise<SocketState> {
  const file = lstatSync(path, { throwIfNoEntry: false });
  if (!file) return Promise.resolve('absent');
  if (!file.isSocket()) return Promise.resolve('not a socket');
  return new Promise((resolve) => {
    const knock = connect({ path });
    knock.on('connect', () => {
      knock.destroy();
      resolve('live');
    });
    knock.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES' || error.code === 'EPERM') resolve('forbidden');
      // A full queue refuses with EAGAIN: somebody is there, and busy.
      else resolve(error.code === 'EAGAIN' ? 'live' : error.code === 'ENOENT' ? 'absent' : 'stale');
    });
  });
}

/** Linux has 108 bytes for the path of a socket, with the zero at its end. */
const PATH_BYTES_MAX = 107;

export interface ServedSocket {
  readonly path: string;
  /** Answers what was asked already, then takes the socket away. */
  close(): Promise<void>;
}

/**
 * Serves a guard at a path for the socket's owner alone. The socket gets its rights under another name first: at the
 * path itself there is never one that others may open, and a stale one is replaced in one step.
 */
export async function serveOnSocket(
  guard: Guard,
  path: string,
  options: ServerOptions = {},
): Promise<Result<ServedSocket>> {
  const making = `${path}~`;
  const refused = obstacle(path, Buffer.byteLength(making) > PATH_BYTES_MAX, await socketState(path));
  if (refused) return failure(refused);
  // The server is loaded when a daemon starts: a question from the command line need not wait for it.
  const { buildServer } = await import('./server.js');
  const server = buildServer(guard, options);
  try {
    rmSync(making, { force: true });
    await server.listen({ path: making });
    chmodSync(making, 0o600);
    renameSync(making, path);
  } catch (error) {
    await server.close();
    rmSync(making, { force: true });
    return failure({
      code: 'SOCKET_FAILED',
      message: `the socket cannot be made: ${(error as Error).message}`,
      file: path,
      expected: 'a folder that may be written',
    });
  }
  const inode = lstatSync(path).ino;
  return success({
    path,
    async close() {
      // Taken away before the last answers, so that a daemon started now finds the path free; one that has it already keeps it.
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === inode) rmSync(path, { force: true });
      await server.close();
    },
  });
}

function obstacle(path: string, isTooLong: boolean, state: SocketState): Problem | undefined {
  if (isTooLong) {
    return {
      code: 'SOCKET_FAILED',
      message: 'the path is too long for a socket',
      file: path,
      expected: `at most ${PATH_BYTES_MAX - 1} bytes`,
      remedy: 'give a shorter state folder',
    };
  }
  if (state === 'live') {
    return {
      code: 'SECOND_INSTANCE',
      message: 'another daemon answers here',
      file: path,
      remedy: 'stop it first, or give this one its own state folder',
    };
  }
  if (state === 'absent' || state === 'stale') return undefined;
  return {
    code: 'SOCKET_FAILED',
    message: state === 'forbidden' ? 'the socket there is another user’s' : 'something that is no socket is there',
    file: path,
    remedy: 'move it away, or give another state folder',
  };
}
