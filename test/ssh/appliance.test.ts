import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { Speaker } from '../../agent/collect/index.js';
import type { SshTarget } from '../../agent/collect/ssh/index.js';
import { drivers } from '../../agent/drivers/registry.js';
import { type Appliance, serveAppliance } from './appliance.js';
import { password, sectionsFrom } from './asking.js';

const recorded = (path: string): string => readFileSync(`test/recordings/${path}`, 'utf8').replaceAll('\r\n', '\n');
const driver = (id: string): Speaker => drivers.find((one) => one.id === id)!;

const answers =
  (texts: Readonly<Record<string, string>>): Appliance['answer'] =>
  (line) =>
    texts[line];

const ASA = {
  'show version': recorded('asa/edge/session/show-version.txt'),
  'show running-config': recorded('asa/edge/session/running-config.txt'),
  'show running-config all sysopt': recorded('asa/edge/session/sysopt.txt'),
  'show startup-config': recorded('asa/edge/session/startup-config.txt'),
  'show failover': recorded('asa/edge/session/failover-state.txt'),
};
const FORTIOS = {
  'get system status': 'Version: FortiGate-60F v7.4.3,build2573,240201 (GA.F)\n',
  'get system ha status': 'HA Health Status: OK\nMode: Standalone\n',
  'show full-configuration': recorded('fortios/clinic-74/configuration.txt'),
};
const PANOS = {
  'show config running': recorded('panos/ward-xml/running-config.xml'),
  'show config pushed-shared-policy': '',
  'show config pushed-shared-policy vsys vsys1': 'No shared policy pushed to device\n',
  'show config pushed-template': recorded('panos/managed-two-systems/pushed-template.xml'),
  'show config candidate': recorded('panos/one-of-a-pair/candidate-config.xml'),
  'show high-availability state': recorded('panos/one-of-a-pair/high-availability.txt'),
};

describe('the texts of an appliance arrive as they are, where', () => {
  test.each<[string, string, Appliance, Readonly<Record<string, string>>, Partial<SshTarget>]>([
    [
      'an ASA has its pager on',
      'asa',
      { prompt: 'edge# ', answer: answers(ASA), pageLines: 23, pager: '<--- More --->' },
      ASA,
      {},
    ],
    [
      'an ASA wants to be enabled, and sends a few bytes at a time',
      'asa',
      {
        prompt: 'edge> ',
        answer(line, appliance) {
          if (line === 'enable') {
            (appliance.questions as [string, string][]).push(['Password: ', 'more']);
            appliance.prompt = 'edge# ';
            return '';
          }
          return appliance.prompt === 'edge# ' ? answers(ASA)(line, appliance) : undefined;
        },
        questions: [],
        chunk: 700,
      },
      ASA,
      { enable: password('more') },
    ],
    [
      'a FortiGate greets, wants a key, and has a pager',
      'fortios',
      {
        prompt: 'clinic-edge # ',
        greeting: 'clinic-edge # \nauthorised persons only\nclinic-edge # \n',
        questions: [["(Press 'a' to accept):", 'a']],
        answer: answers(FORTIOS),
        pageLines: 22,
        chunk: 1400,
      },
      FORTIOS,
      {},
    ],
    [
      'a PAN-OS has a long login message',
      'panos',
      {
        prompt: 'reader@ward> ',
        greeting: 'Last login: today\n\nWarning: \n'.repeat(50),
        answer: answers(PANOS),
        chunk: 100,
      },
      PANOS,
      {},
    ],
    [
      'a shell asks for the login again',
      'asa',
      {
        prompt: 'edge# ',
        questions: [
          ['Username: ', 'ecluse'],
          ['Password: ', 's3cret'],
        ],
        answer: answers(ASA),
      },
      ASA,
      { password: password('s3cret') },
    ],
  ])(
    '%s',
    async (_case, id, appliance, texts, more) => {
      const sections = await sectionsFrom(
        await serveAppliance({ unknown: '% Invalid input\n', ...appliance }),
        driver(id),
        more,
      );
      expect(sections.map(({ failure }) => failure?.problem.message)).toEqual(sections.map(() => undefined));
      expect(Object.fromEntries(sections.map(({ source, text }) => [source, text]))).toEqual(texts);
    },
    60_000,
  );

  test('an ASA has contexts: each is entered, and what one does not let in is said', async () => {
    const contexts: Record<string, string> = {
      system: recorded('asa/contexts/session/system.txt'),
      admin: recorded('asa/contexts/session/admin.txt'),
      ward: recorded('asa/contexts/session/ward.txt'),
    };
    let place = 'admin';
    const appliance: Appliance = {
      prompt: 'fw/admin# ',
      answer(line, self) {
        const to = /^changeto (?:context (?<name>\S+)|system)$/.exec(line)?.groups;
        if (line.startsWith('changeto')) {
          place = to?.name ?? 'system';
          self.prompt = place === 'system' ? 'fw# ' : `fw/${place}# `;
          return '';
        }
        if (line === 'show running-config') return contexts[place];
        if (line === 'show running-config all sysopt') return ASA[line];
        return line.startsWith('show ') ? `${place}\n` : undefined;
      },
    };
    const sections = await sectionsFrom(await serveAppliance(appliance), driver('asa'));
    const texts = new Map(sections.map(({ name, text }) => [name, text]));
    expect(texts.get('running-config')).toBe(contexts.system);
    expect(texts.get('admin-running-config')).toBe(contexts.admin);
    expect(texts.get('ward-running-config')).toBe(contexts.ward);
    expect(texts.get('ward-startup-config')).toBe('ward\n');
    place = 'admin';
    const shut: Appliance = {
      ...appliance,
      prompt: 'fw/admin# ',
      answer: (line, self) =>
        line === 'changeto context ward' ? 'Command not authorized\n' : appliance.answer(line, self),
    };
    const refused = await sectionsFrom(await serveAppliance(shut), driver('asa'));
    const ward = refused.find(({ name }) => name === 'ward-running-config');
    expect(ward?.failure?.problem.message).toContain('it does not let this user into ward');
    expect(refused.find(({ name }) => name === 'admin-running-config')?.failure).toBeUndefined();
  }, 60_000);
});
