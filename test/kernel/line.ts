import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * Both ends of a connection that lasts, programs of their own because each runs in a namespace. `answer PORT` says back
 * every line it is told. `call HOST PORT` connects, tells it each line of its input, and prints what comes back.
 */
const [mode, ...rest] = process.argv.slice(2);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

if (mode === 'answer') {
  createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  }).listen(Number(rest[0]), '::', () => say('listening'));
} else {
  const socket = connect(Number(rest[1]), rest[0], () => say('connected'));
  socket.on('error', (error: NodeJS.ErrnoException) => say(`ended ${error.code}`));
  createInterface(socket).on('line', (line) => say(`heard ${line}`));
  createInterface(process.stdin).on('line', (line) => socket.write(`${line}\n`));
}
