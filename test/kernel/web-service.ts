import { createServer } from 'node:http';

/**
 * The web service behind the firewall, a program of its own because it runs in the dmz's namespace: on each port of
 * its arguments it answers with a page. The results page asks for no login, as in 2016: the firewall alone stands
 * before it. Everyone named on it is invented.
 */
const pages: Readonly<Record<string, string>> = {
  '443': 'Portal. Please log in.',
  '8080': 'Results of patient 0001 (invented): blood test of 12 February, name, address.',
};

for (const port of process.argv.slice(2)) {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' });
    response.end(`${pages[port] ?? 'A page.'}\n`);
  });
  server.listen({ port: Number(port), host: '::' }, () => process.stdout.write(`listening ${port}\n`));
}
