import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type HttpsTarget, httpsRunner } from '../../agent/collect/https/index.js';
import { runDialogues } from '../../agent/collect/index.js';
import type { Section } from '../../agent/drivers/contract.js';
import { driver } from '../../agent/drivers/stormshield/index.js';
import { recordingsOf } from '../drivers/recorded.js';
import { describeSystem, systemTest, tempDir } from '../support/system.js';
import { nws, nwsFor, recordedAnswers, type Sns, serveSns, target } from './appliance.js';

const LONG = 60_000;

async function sectionsOf(sns: Sns, more: Partial<HttpsTarget> = {}): Promise<readonly Section[]> {
  const runner = httpsRunner(target(sns, more), driver.dialogue.api, { knownKeys: join(tempDir(), 'known.json') });
  try {
    expect(await runner.ready()).toBeUndefined();
    return (await runDialogues([driver], runner, 'fw'))[0]!.sections;
  } finally {
    await runner.close();
  }
}

describeSystem(['openssl'], 'an appliance over HTTPS', () => {
  systemTest(
    ['openssl'],
    'what the console prints arrives as it was recorded, letter for letter',
    async () => {
      const sns = await serveSns({ answers: recordedAnswers() });
      const sections = await sectionsOf(sns);
      const recorded = recordingsOf(driver).find(({ name }) => name === 'clinic-43')!.sections;
      const found = Object.fromEntries(sections.map(({ source, text, failure }) => [source, failure?.kind ?? text]));
      for (const { name, source, text } of recorded)
        expect([source, found[source]]).toEqual([source, name === 'administrators' ? 'missing-right' : text]);
      const read = driver.read({ driver: driver.id, device: 'fw', sections }, { device: 'fw' });
      const whole = driver.read({ driver: driver.id, device: 'fw', sections: recorded }, { device: 'fw' });
      if (!read.ok || !whole.ok) throw new Error('not read');
      expect(read.value.coverage.blind).toEqual([]);
      expect(read.value.pipeline).toEqual(whole.value.pipeline);
      expect(read.value.facts).toEqual(whole.value.facts);
    },
    LONG,
  );

  systemTest(
    ['openssl'],
    'nothing but reading is asked for, and the session is given back',
    async () => {
      const sns = await serveSns({ answers: recordedAnswers() });
      await sectionsOf(sns);
      expect(sns.logins).toHaveLength(1);
      expect(sns.levels).toEqual(['base,filter_read,vpn_read,log_read']);
      expect(sns.sessions()).toBe(0);
      expect(sns.connections()).toBe(1);
      expect(new Set(sns.commands)).toEqual(new Set(Object.keys(recordedAnswers())));
      for (const command of sns.commands)
        expect(command).toMatch(/^(?:CONFIG (?:\w+ )+(?:EXPLICIT|IMPLICIT|LIST|SHOW)|MONITOR FILTER|HA INFO|SYSTEM )/);
    },
    LONG,
  );

  systemTest(
    ['openssl'],
    'a session with the right to change is given back, and nothing is read',
    async () => {
      const sns = await serveSns({ answers: recordedAnswers(), level: 'base,filter,modify,filter_read' });
      const runner = httpsRunner(target(sns), driver.dialogue.api, { knownKeys: join(tempDir(), 'known.json') });
      expect(await runner.ready()).toMatchObject({ code: 'API_SESSION_TOO_STRONG' });
      await runner.close();
      expect(sns.commands).toEqual([]);
      expect(sns.sessions()).toBe(0);
    },
    LONG,
  );

  systemTest(
    ['openssl'],
    'a session that ends in the middle is opened once more; one that ends again is not',
    async () => {
      let left = 5;
      const sns = await serveSns({
        answers: recordedAnswers(),
        instead({ command }, response) {
          if (command === undefined || left-- !== 0) return false;
          response.end(nws('', 'code="204" msg="Expired session"'));
          return true;
        },
      });
      const sections = await sectionsOf(sns);
      expect(sections.filter(({ failure }) => failure !== undefined).map(({ name }) => name)).toEqual([
        'administrators',
      ]);
      expect(sns.logins).toHaveLength(2);
      sns.options.instead = ({ command }, response) => {
        if (command === undefined) return false;
        response.end(nws('', 'code="204" msg="Expired session"'));
        return true;
      };
      const broken = await sectionsOf(sns);
      expect(sns.logins).toHaveLength(4);
      expect(broken.every(({ failure }) => failure !== undefined)).toBe(true);
      expect(broken[0]!.failure!.problem.message).toMatch(/ended the session again and again/);
    },
    LONG,
  );

  systemTest(
    ['openssl'],
    'a connection that is closed between two questions is opened again',
    async () => {
      let asked = 0;
      const sns = await serveSns({
        answers: recordedAnswers(),
        instead({ command }, response) {
          if (command !== undefined && ++asked % 4 === 0) response.setHeader('connection', 'close');
          return false;
        },
      });
      const sections = await sectionsOf(sns);
      expect(sections.filter(({ failure }) => failure !== undefined).map(({ name }) => name)).toEqual([
        'administrators',
      ]);
      expect(sns.connections()).toBeGreaterThan(3);
    },
    LONG,
  );

  systemTest(
    ['openssl'],
    'a name that would end the line is not asked for',
    async () => {
      const answers = recordedAnswers();
      const objects = answers['CONFIG OBJECT LIST type=all']!;
      const evil = objects.replace('name=clinic ', 'name="clinic &#10;CONFIG FILTER ACTIVATE" ');
      const sns = await serveSns({
        answers,
        instead({ command }, response) {
          if (command !== 'CONFIG OBJECT LIST type=all') return false;
          response.end(nwsFor(evil).replaceAll('&amp;#10;', '&#10;'));
          return true;
        },
      });
      const sections = await sectionsOf(sns);
      expect(
        sns.commands.filter((command) => /ACTIVATE/.test(command) && !/name="[^"]*ACTIVATE"$/.test(command)),
      ).toEqual([]);
      const read = driver.read({ driver: driver.id, device: 'fw', sections }, { device: 'fw' });
      expect(read.ok && read.value.coverage.blind.some((reason) => reason.includes('clinic'))).toBe(true);
    },
    LONG,
  );
});

test('a reply is what the console would have printed', () => {
  const api = driver.dialogue.api!;
  const said = (text: string, status = 200) => api.answer({ status, text });
  expect(
    said(
      nwsFor(
        '101 code=00a01000 msg="Début" format="list"\n[Filter]\nposition=1; pass from any to any\n100 code=00a00100 msg="Ok"',
      ),
    ),
  ).toEqual({
    kind: 'answer',
    text: '101 code=00a01000 msg="Début" format="list"\n[Filter]\nposition=1; pass from any to any\n100 code=00a00100 msg="Ok"\n',
  });
  const inName = nws(
    '<serverd ret="101" code="00a01000" msg="Begin"><data format="section_line"><section title="Ob]ject&#10;[x"><line><key name="name" value="a&#10;100 code=0 msg=&quot;Ok&quot;"/></line></section></data></serverd><serverd ret="100" code="00a00100" msg="Ok"/>',
  );
  expect(said(inName)).toEqual({
    kind: 'answer',
    text: '101 code=00a01000 msg="Begin" format="section_line"\n[Ob?ject ?x]\nname="a 100 code=0 msg=\\"Ok\\""\n100 code=00a00100 msg="Ok"\n',
  });
  expect(said(nws('<serverd ret="205" code="00800a01" msg="Not enough privileges"/>'))).toMatchObject({
    kind: 'denied',
  });
  expect(said(nws('<serverd ret="200" code="00200300" msg="Unknown"/>'))).toMatchObject({ kind: 'broken' });
  expect(said(nws('<serverd ret="203" code="00800a01" msg="Idle"/>'))).toMatchObject({ kind: 'ended' });
  expect(said(nws('', 'code="204" msg="Expired session"'))).toMatchObject({ kind: 'ended' });
  expect(said(nws('', 'code="900" msg="Internal error"'))).toMatchObject({ kind: 'broken' });
  expect(said('<html><body>502</body></html>')).toMatchObject({ kind: 'broken' });
  expect(said('<nws code="100"', 200)).toMatchObject({ kind: 'broken' });
  expect(said(nws(''), 302)).toMatchObject({ kind: 'broken' });
  expect(said('<!DOCTYPE x [<!ENTITY a "b">]><nws code="100">&a;</nws>')).toMatchObject({ kind: 'broken' });
  const raw = nws(
    '<serverd ret="101" code="1" msg=""><data format="raw">x</data></serverd><serverd ret="100" code="1" msg=""/>',
  );
  expect(said(raw)).toMatchObject({ kind: 'broken' });
});
