import { get } from 'node:http';

/**
 * Someone on the internet who tries a door, a program of its own because it runs in the internet's namespace.
 * Arguments: address, port, milliseconds to wait. Prints one JSON line.
 */
export type Visit =
  | { readonly kind: 'reached'; readonly status: number; readonly page: string }
  | { readonly kind: 'shut'; readonly how: string };

function visit(host: string, port: number, timeoutMs: number): Promise<Visit> {
  return new Promise((resolve) => {
    const request = get({ host, port, timeout: timeoutMs, agent: false }, (response) => {
      let page = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        page += chunk;
      });
      response.on('end', () => resolve({ kind: 'reached', status: response.statusCode!, page: page.trim() }));
    });
    request.on('timeout', () => {
      request.destroy();
      resolve({ kind: 'shut', how: `no answer within ${timeoutMs} ms` });
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ kind: 'shut', how: error.code ?? error.message });
    });
  });
}

const [host, port, timeoutMs] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await visit(host!, Number(port), Number(timeoutMs)))}\n`);
