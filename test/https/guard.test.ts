import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { openGuard, realParts } from '../../agent/app/guard/index.js';
import { loadSettings } from '../../agent/config/index.js';
import { drivers } from '../../agent/drivers/registry.js';
import { fakeLog, must } from '../app/fakes.js';
import { certificates } from '../support/certificates.js';
import { rules } from '../support/services.js';
import { describeSystem, systemTest, tempDir, waitFor } from '../support/system.js';
import { PASSWORD, passwordFile, recordedAnswers, type Sns, serveSns } from './appliance.js';

const LONG = { timeoutMs: 60_000 };
const FILTER = 'CONFIG FILTER EXPLICIT index=5 type=filter global=0';
const RULE = 'position=5; usage=0 match=0 ruleid=3: pass from any to portal port https # vendor-test';

/** As the firewall numbers its rules after somebody put one at the position: separators take positions too. */
function withRule(text: string): string {
  const later = text.replaceAll(/^position=(?<at>\d+);/gm, (line, at: string) =>
    Number(at) >= 5 ? `position=${Number(at) + 1};` : line,
  );
  return later.replace(/^(?=position=6;)/m, `${RULE}\n`);
}

/** What is in force without the rules of the local slot, which come behind the global ones. */
function withoutSlot(text: string): string {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.includes('pass log from adm_net'));
  return [...lines.slice(0, first), ...lines.slice(-2)].join('\n');
}

async function guarded(sns: Sns, heard: string[] = []) {
  const folder = tempDir();
  const file = join(folder, 'config.yaml');
  writeFileSync(
    file,
    [
      'state: ./state',
      'grace: 0m',
      'devices:',
      '  - id: clinic-edge',
      '    kind: fw',
      '    drivers: [stormshield]',
      '    interfaces: {out: internet, in: lan-clinical}',
      `    source: {https: "ecluse@127.0.0.1:${sns.port}", password: "file:${passwordFile()}", certificates: ["${sns.fingerprint}"]}`,
      '',
    ].join('\n'),
  );
  const settings = must(loadSettings(file, { drivers: drivers.map((one) => one.id) }));
  const lines: string[] = [];
  const guard = must(await openGuard(settings, { parts: realParts, rules: rules(), log: fakeLog(lines) }));
  const running = guard.run({ onEvents: (events) => heard.push(...events.map(({ finding: { code } }) => code)) });
  await running.firstReadings;
  await waitFor(() => guard.seen('clinic-edge'), { ...LONG, what: 'a reading' });
  return { guard, folder, lines };
}

const opening = () => ({
  vendor: 'Vendor',
  devices: ['clinic-edge'],
  start: new Date().toISOString(),
  end: new Date(Date.now() + 3_600_000).toISOString(),
  scope: [],
});

describeSystem(['openssl'], 'Stormshield over HTTPS, guarded', () => {
  systemTest(
    ['openssl'],
    'what a vendor leaves open is refused at the close, with its own words',
    async () => {
      const sns = await serveSns({ answers: recordedAnswers() });
      const { guard, folder, lines } = await guarded(sns);
      try {
        const { reading } = guard.seen('clinic-edge')!;
        expect(reading.blind).toEqual([]);
        expect(reading.rules).toBeGreaterThan(10);
        must(await guard.openWindow('W', opening()));
        const plain = recordedAnswers();
        const inForce = plain['MONITOR FILTER']!;
        sns.options.answers = {
          ...plain,
          [FILTER]: withRule(plain[FILTER]!),
          'MONITOR FILTER': inForce.replace(/^100 /m, `ruleid=3: pass from any to portal port https\n100 `),
        };
        const closed = must(await guard.closeWindow('W'));
        expect(closed).toMatchObject({ state: 'refused' });
        const text = JSON.stringify([closed, must(await guard.findings({ all: false }))]);
        expect(text).toMatch(/filter slot 05 position 5/);
        expect(text).toMatch(/5-local-filter:7/);
        expect(text).toMatch(/pass from any to portal port https/);
        expect(text).toContain('CONFIG FILTER RULE REMOVE index=5 type=filter global=0 position=5');
        expect(text).toContain('CONFIG FILTER ACTIVATE');
        sns.options.answers = plain;
        expect(must(await guard.closeWindow('W'))).toMatchObject({ state: 'closed' });
      } finally {
        await guard.close();
      }
      // Neither the password nor the session, nor a key that the firewall shows, stands anywhere.
      for (const secret of [PASSWORD, Buffer.from(PASSWORD).toString('base64'), 'correct-horse-battery']) {
        for (const name of readdirSync(join(folder, 'state')))
          expect([name, readFileSync(join(folder, 'state', name)).includes(secret)]).toEqual([name, false]);
        expect(lines.join('\n')).not.toContain(secret);
      }
      await waitFor(() => sns.sessions() === 0, { ...LONG, what: 'the last session to be given back' });
    },
    180_000,
  );

  systemTest(
    ['openssl'],
    'the slot “pass all” made active is filtering switched off, also where a window declares it',
    async () => {
      const sns = await serveSns({ answers: recordedAnswers() });
      const { guard } = await guarded(sns);
      try {
        must(await guard.openWindow('W', { ...opening(), scope: [{ kind: 'engine' }] }));
        const plain = recordedAnswers();
        const all =
          '101 code=00a01000 msg="Begin" format="list"\n[Filter]\nposition=1; ruleid=1: pass from any to any\n100 code=00a00100 msg="Ok"\n';
        sns.options.answers = {
          ...plain,
          'CONFIG SLOT LIST type=filter global=0': plain['CONFIG SLOT LIST type=filter global=0']!.replace(
            'active=05',
            'active=10',
          ),
          'CONFIG FILTER EXPLICIT index=10 type=filter global=0': all,
          'CONFIG FILTER EXPLICIT index=10 type=nat global=0': all
            .replace('Filter', 'NAT')
            .replace(/^position.*\n/m, ''),
          'MONITOR FILTER': withoutSlot(plain['MONITOR FILTER']!).replace(
            /^100 /m,
            'ruleid=1: pass from any to any\n100 ',
          ),
        };
        must(await guard.snapshot(['clinic-edge']));
        expect(guard.seen('clinic-edge')!.reading.blind).toEqual([]);
        expect(JSON.stringify(must(await guard.findings({ all: false })))).toContain('"FILTERING_OFF"');
        const refused = must(await guard.closeWindow('W'));
        expect(refused).toMatchObject({ state: 'refused' });
        expect(JSON.stringify(refused)).toContain('filtering off on clinic-edge');
      } finally {
        await guard.close();
      }
    },
    180_000,
  );

  systemTest(
    ['openssl'],
    'another certificate is an alarm of its own, and nothing is sent to it',
    async () => {
      const sns = await serveSns({ answers: recordedAnswers() });
      const heard: string[] = [];
      const { guard } = await guarded({ ...sns, fingerprint: certificates(tempDir()).serverPin }, heard);
      try {
        await waitFor(() => heard.includes('HOST_KEY_CHANGED'), { ...LONG, what: 'an alarm' });
        expect(guard.seen('clinic-edge')!.reading).toMatchObject({ complete: false, captures: [] });
        expect([...sns.logins, ...sns.commands]).toEqual([]);
      } finally {
        await guard.close();
      }
    },
    180_000,
  );
});
