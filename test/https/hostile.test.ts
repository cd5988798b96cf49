import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type HttpsOptions, type HttpsTarget, httpsRunner } from '../../agent/collect/https/index.js';
import { runDialogues } from '../../agent/collect/index.js';
import type { Driver, Section } from '../../agent/drivers/contract.js';
import { driver } from '../../agent/drivers/stormshield/index.js';
import { certificates } from '../support/certificates.js';
import { describeSystem, systemTest, tempDir } from '../support/system.js';
import { freePort, type Instead, nws, PASSWORD, recordedAnswers, serveSns, serveTcp, target } from './appliance.js';

const LONG = 60_000;
/** For those that never answer; and one that failed is tried again at once. */
const patient = { timeouts: { connectMs: 1_500, handshakeMs: 1_500, loginMs: 1_500 }, backoffMsMin: 0 };

/** The same dialogue with limits that a test can wait for. */
const hasty: Driver = {
  ...driver,
  dialogue: {
    ...driver.dialogue,
    steps: driver.dialogue.steps.map((step) => ({ ...step, timeoutMsMax: 1_500, bytesMax: 100_000 })),
  },
};

function runnerFor(where: HttpsTarget, more: Partial<HttpsOptions> = {}) {
  return httpsRunner(where, driver.dialogue.api, { knownKeys: join(tempDir(), 'known.json'), ...patient, ...more });
}

async function readyProblem(where: HttpsTarget) {
  const runner = runnerFor(where);
  try {
    return await runner.ready();
  } finally {
    await runner.close();
  }
}

async function readWith(where: HttpsTarget): Promise<readonly Section[]> {
  const runner = runnerFor(where);
  try {
    return (await runDialogues([hasty], runner, 'fw'))[0]!.sections;
  } finally {
    await runner.close();
  }
}

const at =
  (path: string, act: (response: ServerResponse) => void): Instead =>
  (asked, response) => {
    if (asked.path !== path) return false;
    act(response);
    return true;
  };
const onCommand =
  (command: RegExp, act: (response: ServerResponse) => void): Instead =>
  (asked, response) => {
    if (asked.command === undefined || !command.test(asked.command)) return false;
    act(response);
    return true;
  };
const hang = (): void => {};
const forever = (response: ServerResponse): void => {
  const more = (): void => {
    if (!response.destroyed) response.write('x'.repeat(64 * 1024), more);
  };
  more();
};

describeSystem(['openssl'], 'a hostile appliance', () => {
  systemTest(
    ['openssl'],
    'that is not there, or says nothing, is a Problem at each step',
    async () => {
      expect(await readyProblem(target({ port: await freePort() }))).toMatchObject({ code: 'HTTPS_UNREACHABLE' });
      const mute = await serveTcp(() => {});
      expect(await readyProblem(target(mute))).toMatchObject({
        code: 'HTTPS_TIMEOUT',
        message: expect.stringMatching(/TLS/),
      });
      const rude = await serveTcp((socket) => void socket.write('SSH-2.0-OpenSSH_9.2\r\n'));
      expect(await readyProblem(target(rude))).toMatchObject({ code: 'HTTPS_BROKEN' });
      const curt = await serveTcp((socket) => void socket.destroy());
      expect(await readyProblem(target(curt))).toMatchObject({ code: 'HTTPS_BROKEN' });
      for (const path of ['/auth/admin.html', '/api/auth/login']) {
        const sns = await serveSns({ answers: {}, instead: at(path, hang) });
        expect([path, await readyProblem(target(sns))]).toMatchObject([path, { code: 'HTTPS_TIMEOUT' }]);
      }
    },
    LONG,
  );

  systemTest(
    ['openssl'],
    'whose certificate nobody accepted is given nothing',
    async () => {
      const sns = await serveSns({ answers: recordedAnswers() });
      const unseen = await readyProblem(target({ port: sns.port }));
      expect(unseen).toMatchObject({ code: 'HOST_KEY_UNKNOWN', message: expect.stringContaining(sns.fingerprint) });
      const other = certificates(tempDir());
      const changed = await readyProblem(target({ port: sns.port, fingerprint: other.serverPin }));
      expect(changed).toMatchObject({ code: 'HOST_KEY_CHANGED', message: expect.stringContaining(sns.fingerprint) });
      expect(sns.logins).toEqual([]);
    },
    LONG,
  );

  systemTest(
    ['openssl'],
    'that takes the place of the right one between two questions is given nothing',
    async () => {
      const right = await serveSns({ answers: recordedAnswers() });
      const where = target(right);
      const runner = runnerFor(where);
      expect(await runner.ready()).toBeUndefined();
      await right.stop();
      const wrong = await serveSns({
        answers: recordedAnswers(),
        certificate: certificates(tempDir()),
        port: right.port,
      });
      const [capture] = await runDialogues([hasty], runner, 'fw');
      await runner.close();
      expect(capture!.sections.every(({ failure }) => failure !== undefined)).toBe(true);
      expect(capture!.sections[0]!.failure!.problem.message).toContain('HOST_KEY_CHANGED');
      expect([...wrong.logins, ...wrong.commands]).toEqual([]);
    },
    LONG,
  );

  systemTest(
    ['openssl'],
    'that refuses the login is asked twice, and not until something changes',
    async () => {
      const sns = await serveSns({
        answers: recordedAnswers(),
        instead: at('/auth/admin.html', (response) => {
          response.end(nws('', 'code="205" msg="AUTH_FAILED"'));
        }),
      });
      const runner = runnerFor(target(sns));
      expect(await runner.ready()).toMatchObject({ code: 'API_LOGIN_REFUSED' });
      expect(await runner.ready()).toMatchObject({
        code: 'API_LOGIN_STOPPED',
        message: expect.stringMatching(/2 refusals/),
      });
      for (let times = 0; times < 5; times++) expect(await runner.ready()).toMatchObject({ code: 'API_LOGIN_STOPPED' });
      await runner.close();
      expect(sns.logins).toEqual([PASSWORD, PASSWORD]);
    },
    LONG,
  );

  systemTest(
    ['openssl'],
    'that says for how long it locks is left alone for so long',
    async () => {
      const sns = await serveSns({
        answers: {},
        instead: at('/auth/admin.html', (response) => {
          response.end(nws('', 'code="205" msg="ERR_BRUTEFORCE" delay="120"'));
        }),
      });
      const runner = runnerFor(target(sns));
      expect(await runner.ready()).toMatchObject({
        code: 'API_LOGIN_REFUSED',
        message: expect.stringMatching(/120 s/),
      });
      expect(await runner.ready()).toMatchObject({ code: 'API_LOGIN_REFUSED' });
      await runner.close();
      expect(sns.logins).toHaveLength(1);
    },
    LONG,
  );

  systemTest(
    ['openssl'],
    'that asks for what nobody can type is said to',
    async () => {
      const sns = await serveSns({
        answers: {},
        instead: at('/auth/admin.html', (response) => {
          response.end(nws('', 'code="205" msg="NEED_TOTP_AUTH"'));
        }),
      });
      expect(await readyProblem(target(sns))).toMatchObject({
        code: 'API_LOGIN_REFUSED',
        message: expect.stringMatching(/one-time/),
      });
    },
    LONG,
  );

  systemTest(
    ['openssl'],
    'that goes on for ever at its login is ended',
    async () => {
      const sns = await serveSns({ answers: {}, instead: at('/auth/admin.html', forever) });
      expect(await readyProblem(target(sns))).toMatchObject({
        code: 'HTTPS_BROKEN',
        message: expect.stringMatching(/endless/),
      });
    },
    LONG,
  );

  const questions: readonly (readonly [string, RegExp, (response: ServerResponse) => void, RegExp])[] = [
    ['hangs', /EXPLICIT/, hang, /no end after 1500 ms/],
    ['goes on for ever', /EXPLICIT/, forever, /more than 100000 bytes/],
    ['is garbage', /EXPLICIT/, (response) => void response.end('<nws code="100"><serverd ret="101"'), /no XML/],
    ['is no text', /EXPLICIT/, (response) => void response.end(Buffer.from([0x3c, 0xff, 0xfe])), /UTF-8/],
    [
      'is another page',
      /EXPLICIT/,
      (response) => void response.writeHead(302, { location: 'https://192.0.2.1/' }).end(),
      /HTTP 302/,
    ],
    [
      'is cut off',
      /EXPLICIT/,
      (response) => {
        response.writeHead(200, { 'content-length': '9000' });
        response.write('<nws');
        setTimeout(() => response.destroy(), 20);
      },
      /connection broke|closed in the middle/,
    ],
    [
      'has no end of its own',
      /EXPLICIT/,
      (response) =>
        void response.end(
          nws(
            '<serverd ret="101" code="00a01000" msg="Begin"><data format="list"><section title="Filter"><line>position=1; ruleid=1: pass from any to any</line></section></data></serverd>',
          ),
        ),
      /./,
    ],
  ];
  for (const [what, command, act, words] of questions) {
    systemTest(
      ['openssl'],
      `whose answer ${what} is blind, and never clean`,
      async () => {
        const sns = await serveSns({ answers: recordedAnswers(), instead: onCommand(command, act) });
        const sections = await readWith(target(sns));
        const failed = sections.find(({ name }) => name.endsWith('local-filter'))!;
        const read = driver.read({ driver: driver.id, device: 'fw', sections }, { device: 'fw' });
        if (read.ok) expect(read.value.coverage.blind).not.toEqual([]);
        else expect(read.error.message).not.toBe('');
        expect(`${failed.failure?.problem.message} ${failed.text}`).toMatch(words);
      },
      LONG,
    );
  }
});
