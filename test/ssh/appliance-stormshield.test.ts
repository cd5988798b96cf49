import { expect, test } from '@jest/globals';
import { runDialogues } from '../../agent/collect/index.js';
import type { Section } from '../../agent/drivers/contract.js';
import { driver } from '../../agent/drivers/stormshield/index.js';
import { recordingsOf } from '../drivers/recorded.js';
import { type Appliance, serveAppliance } from './appliance.js';
import { target } from './hostile.js';
import { patient, withRunner } from './targets.js';

const recorded = recordingsOf(driver).find(({ name }) => name === 'clinic-43')!.sections;
const answers = new Map(recorded.map(({ source, text }) => [source, text]));

async function sectionsOf(appliance: Appliance): Promise<readonly Section[]> {
  const server = await serveAppliance(appliance);
  return withRunner(
    target(server),
    async (runner) => (await runDialogues([driver], runner, 'fw'))[0]!.sections,
    patient,
  );
}

test('the console of commands as login shell is read as over HTTPS', async () => {
  const typed: string[] = [];
  const sections = await sectionsOf({
    prompt: 'SRPClient> ',
    greeting: 'Welcome to Cipher/SRP client\nUser=ecluse\nLevel="base,filter_read,vpn_read"\n',
    answer: (line) => answers.get(line),
    unknown: '200 code=00200300 msg="Unknown command"\n',
    instead(line) {
      if (line.trim() !== '') typed.push(line);
      return false;
    },
    chunk: 1_400,
  });
  const found = new Map(sections.map(({ source, text }) => [source, text]));
  for (const { source, text } of recorded)
    expect([source, found.get(source)]).toEqual([source, source === 'SYSTEM RIGHT LIST' ? '' : text]);
  const read = driver.read({ driver: driver.id, device: 'fw', sections }, { device: 'fw' });
  expect(read.ok && read.value.coverage.blind).toEqual([]);
  expect(new Set(typed.filter((line) => line !== 'QUIT'))).toEqual(new Set(answers.keys()));
}, 120_000);

test("the super-administrator's own shell is no console of commands, and blind", async () => {
  const sections = await sectionsOf({
    prompt: 'SN310A17A0000A7>',
    answer: (line) => `${line.split(' ')[0]}: Command not found.\n`,
  });
  expect(sections.find(({ name }) => name === 'local-slots')!.failure!.kind).toBe('missing-right');
  const read = driver.read({ driver: driver.id, device: 'fw', sections }, { device: 'fw' });
  expect(read.ok).toBe(false);
}, 120_000);
