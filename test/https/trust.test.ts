import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { ecluse as call } from '../cli/capture.js';
import { certificates } from '../support/certificates.js';
import { describeSystem, systemTest, tempDir } from '../support/system.js';
import { passwordFile, recordedAnswers, type Sns, serveSns } from './appliance.js';

// A test run by a person has a terminal, where the command would ask.
Object.defineProperty(process.stdin, 'isTTY', { value: false, configurable: true });

function site(sns: Pick<Sns, 'port'>) {
  const folder = tempDir();
  const config = join(folder, 'config.yaml');
  const password = passwordFile();
  writeFileSync(
    config,
    `state: ./state\ndevices:\n  - {id: edge, kind: fw, drivers: [stormshield], source: {https: "ecluse@127.0.0.1:${sns.port}", password: "file:${password}"}}\n`,
  );
  return {
    known: join(folder, 'state', 'known-keys.json'),
    ecluse: (...argv: readonly string[]) => call(...argv, '--config', config),
  };
}

const keysIn = (path: string): readonly string[] =>
  (JSON.parse(readFileSync(path, 'utf8')) as { keys: { fingerprint: string }[] }).keys.map((one) => one.fingerprint);

describeSystem(['openssl'], 'ecluse, of an appliance over HTTPS', () => {
  systemTest(
    ['openssl'],
    'trust shows the certificate, accepts exactly that one, and forgets it when a person names another',
    async () => {
      const sns = await serveSns({ answers: recordedAnswers() });
      const { ecluse, known } = site(sns);
      const shown = await ecluse('trust', 'edge');
      expect(shown).toMatchObject({ code: 2, stderr: expect.stringContaining('no key of') });
      expect(shown.stdout).toContain(`new       ${sns.fingerprint}  certificate`);
      const foreign = certificates(tempDir());
      expect(await ecluse('trust', 'edge', '--yes', foreign.serverPin)).toMatchObject({ code: 2 });
      expect(await ecluse('trust', 'edge', '--yes', 'AB:CD')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('is not a fingerprint'),
      });
      expect(sns.logins).toEqual([]);
      expect(await ecluse('trust', 'edge', '--yes', sns.fingerprint)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('the login works'),
      });
      expect(keysIn(known)).toEqual([sns.fingerprint]);
      expect(statSync(known).mode & 0o777).toBe(0o600);
      expect(sns.sessions()).toBe(0);
      // The same address with another certificate: not before a person names it, and the old one is forgotten then.
      await sns.stop();
      const renewed = await serveSns({ answers: recordedAnswers(), certificate: foreign, port: sns.port });
      const changed = await ecluse('trust', 'edge');
      expect(changed.code).toBe(2);
      expect(changed.stdout).toContain(`gone      ${sns.fingerprint}`);
      expect(changed.stdout).toContain(`new       ${renewed.fingerprint}`);
      expect(renewed.logins).toEqual([]);
      expect(await ecluse('trust', 'edge', '--yes', renewed.fingerprint)).toMatchObject({ code: 0 });
      expect(keysIn(known)).toEqual([renewed.fingerprint]);
      expect((await ecluse('trust', 'edge', '--revoke', renewed.fingerprint)).code).toBe(0);
      expect(await ecluse('trust', 'edge', '--yes', renewed.fingerprint)).toMatchObject({ code: 2 });
    },
    120_000,
  );

  systemTest(
    ['openssl'],
    'doctor says how it is reached, what the account may not read, and that its clock is not asked',
    async () => {
      const sns = await serveSns({ answers: recordedAnswers() });
      const { ecluse } = site(sns);
      const unseen = await ecluse('doctor');
      expect(unseen.stdout).toContain('HOST_KEY_UNKNOWN');
      expect((await ecluse('trust', 'edge', '--yes', sns.fingerprint)).code).toBe(0);
      const { stdout } = await ecluse('doctor');
      expect(stdout).toContain(`over HTTPS as ecluse@127.0.0.1:${sns.port}`);
      expect(stdout).toContain(`${sns.fingerprint} (certificate), accepted`);
      expect(stdout).toContain('its clock is not asked');
      expect(stdout).toMatch(/the right admin/);
      expect(stdout).toMatch(/Not read: administrators/);
      expect(sns.sessions()).toBe(0);
    },
    120_000,
  );
});
