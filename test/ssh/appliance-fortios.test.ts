import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { runDialogues } from '../../agent/collect/index.js';
import type { Section } from '../../agent/drivers/contract.js';
import { driver } from '../../agent/drivers/fortios/index.js';
import { type Appliance, serveAppliance } from './appliance.js';
import { target } from './hostile.js';
import { patient, withRunner } from './targets.js';

const configuration = readFileSync('test/recordings/fortios/two-domains-62/configuration.txt', 'utf8').replaceAll(
  '\r\n',
  '\n',
);
const status = `Version: FortiGate-100E v6.2.3,build1066,191218 (GA)
Serial-Number: FG100E4Q16000001
Virtual domain configuration: multiple
Virtual domains status: 2 in NAT mode, 0 in TP mode
Current HA mode: a-p, master
`;
const cluster = `Mode: HA A-P
Master: edge-a          , FG100E4Q16000001, HA cluster index = 0
Slave : edge-b          , FG100E4Q16000002, HA cluster index = 1
`;
const nowhere = "command parse error before 'ha'\nCommand fail. Return code -61\n";

/** A FortiGate with virtual domains: of the cluster it tells in the place where the whole device is configured. */
function device(letsIn: boolean): Appliance {
  return {
    prompt: 'edge # ',
    pageLines: 30,
    answer(line, self) {
      const inside = self.prompt.includes('(global)');
      switch (line) {
        case 'config global':
          if (!letsIn) return 'Unknown action 0\n';
          self.prompt = 'edge (global) # ';
          return '';
        case 'end':
          self.prompt = 'edge # ';
          return '';
        case 'get system status':
          return status;
        case 'get system ha status':
          return inside ? cluster : nowhere;
        case 'show full-configuration':
          return inside ? 'config system global\nend\n' : configuration;
        default:
          return undefined;
      }
    },
  };
}

async function sectionsOf(appliance: Appliance): Promise<readonly Section[]> {
  const server = await serveAppliance(appliance);
  return withRunner(
    target(server, {}),
    async (runner) => {
      expect(await runner.ready()).toBeUndefined();
      return (await runDialogues([driver], runner, 'edge'))[0]!.sections;
    },
    patient,
  );
}

const read = (sections: readonly Section[]) =>
  driver.read({ driver: 'fortios', device: 'edge', sections }, { device: 'edge' });

test('a FortiGate with virtual domains is asked for its cluster where that is told', async () => {
  const sections = await sectionsOf(device(true));
  const texts = new Map(sections.map(({ name, text }) => [name, text]));
  expect(texts.get('configuration')).toBe(configuration);
  expect(texts.get('multiple-cluster')).toBe(cluster);
  const result = read(sections);
  expect(result).toMatchObject({
    ok: true,
    value: {
      availability: {
        member: 'FG100E4Q16000001',
        members: [{ role: 'active' }, { name: 'FG100E4Q16000002', role: 'standby' }],
      },
      coverage: { blind: [] },
    },
  });
}, 60_000);

test('an account that is not let in there reads the rest, and says nothing of a cluster', async () => {
  const result = read(await sectionsOf(device(false)));
  if (!result.ok) throw new Error(result.error.message);
  expect(result.value.availability).toBeUndefined();
  expect(result.value.coverage.blind).toEqual([]);
}, 60_000);
