import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { udpReceiver } from '../alarms/receivers.js';
import { tempDir } from '../support/index.js';
import { freePort } from '../support/rsyslog.js';
import { ecluse } from './capture.js';

function configured(sinks: string): { readonly folder: string; readonly config: string } {
  const folder = tempDir();
  const config = join(folder, 'config.yaml');
  writeFileSync(config, `site: hopital-nord\nstate: ./state\nsinks: [${sinks}]\n`);
  return { folder, config };
}

describe('ecluse sinks test', () => {
  test('sends each sink a record that says it is a test, and says who took it', async () => {
    const receiver = await udpReceiver();
    const dead = await freePort();
    const { folder, config } = configured(
      `{id: file, jsonl: a.jsonl}, {id: siem, syslog: "127.0.0.1:${receiver.port}", transport: udp}, {id: soc, syslog: "127.0.0.1:${dead}", transport: relp}`,
    );
    const { code, stdout } = await ecluse('sinks', 'test', '--config', config);
    await receiver.stop();
    expect(code).toBe(1);
    const [file, siem, soc] = stdout.split('\n');
    expect(file).toBe(`sink file: ${join(folder, 'a.jsonl')}: took it`);
    expect(siem).toBe(`sink siem: 127.0.0.1:${receiver.port} over udp: took it`);
    expect(soc).toContain(`sink soc: 127.0.0.1:${dead} over relp: 127.0.0.1:${dead}: connect ECONNREFUSED`);
    expect(JSON.parse(readFileSync(join(folder, 'a.jsonl'), 'utf8'))).toMatchObject({
      code: 'SINK_TEST',
      stream: 'heartbeat',
      site: 'hopital-nord',
      what: 'a test of the sink file: nothing is open, and nothing has to be done',
    });
    expect(receiver.messages[0]!.raw.toString('utf8')).toContain('SINK_TEST');
  });

  test('those that are named alone, as JSON', async () => {
    const { config } = configured('{id: a, jsonl: a.jsonl}, {id: b, jsonl: /proc/none/b.jsonl}');
    const { code, stdout } = await ecluse('sinks', 'test', 'a', '--json', '--config', config);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ sinks: [{ id: 'a' }] });
  });

  test.each([
    ['{id: a, jsonl: a.jsonl}', ['b'], 'there is no sink b'],
    ['', [], 'the configuration names no sink'],
    [
      '{id: m, mail: a@b.example, from: c@d.example, server: "127.0.0.1:1", user: u, password: env:NOT_SET}',
      [],
      'the variable NOT_SET is not set',
    ],
    ['{id: h, webhook: "https://127.0.0.1:1/x", secret: file:none}', [], 'cannot be read: ENOENT'],
    ['{id: s, syslog: "127.0.0.1:1", transport: tls, tls: {ca: none.pem}}', [], 'cannot be read: ENOENT'],
  ])('%s %j cannot be tested', async (sinks, names, message) => {
    const { config } = configured(sinks);
    const { code, stderr } = await ecluse('sinks', 'test', ...names, '--config', config);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  test('a secret that is too weak is refused, and not shown', async () => {
    const { folder, config } = configured('{id: h, webhook: "https://127.0.0.1:1/x", secret: file:hook}');
    writeFileSync(join(folder, 'hook'), 'hunter2\n');
    const { code, stdout, stderr } = await ecluse('sinks', 'test', '--config', config);
    expect(code).toBe(2);
    expect(stderr).toContain('its secret cannot be used (expected `whsec_` and 24 to 64 random bytes in base64)');
    expect(stdout + stderr).not.toContain('hunter2');
  });
});
