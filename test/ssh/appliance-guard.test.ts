import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { openGuard, realParts } from '../../agent/app/guard/index.js';
import { loadSettings } from '../../agent/config/index.js';
import { drivers } from '../../agent/drivers/registry.js';
import { fakeLog, must } from '../app/fakes.js';
import { rules } from '../support/services.js';
import { tempDir, waitFor } from '../support/system.js';
import { type Appliance, serveAppliance } from './appliance.js';
import { keyFile } from './hostile.js';

const recorded = (path: string): string => readFileSync(`test/recordings/${path}`, 'utf8').replaceAll('\r\n', '\n');
const asa = recorded('asa/edge/session/running-config.txt');
const fortios = recorded('fortios/clinic-74/configuration.txt');
const panos = recorded('panos/ward-xml/running-config.xml');

const XML_RULE = `                <entry name="vendor-test">
                  <from><member>internet</member></from>
                  <to><member>servers</member></to>
                  <source><member>any</member></source>
                  <destination><member>pacs</member></destination>
                  <application><member>any</member></application>
                  <service><member>any</member></service>
                  <action>allow</action>
                </entry>
`;
const FORTI_RULE = `    edit 99
        set name "vendor-test"
        set srcintf "wan1"
        set dstintf "medical"
        set action accept
        set srcaddr "all"
        set dstaddr "all"
        set schedule "always"
        set service "ALL"
    next
`;

interface Platform {
  readonly prompt: string;
  readonly pager?: string;
  /** The configuration with the vendor's rule. */
  readonly opened: string;
  readonly plain: string;
  readonly answers: (configuration: string) => Readonly<Record<string, string>>;
  /** The rule's own name and line, and the words that shut it again. */
  readonly words: readonly RegExp[];
}

const platforms: Readonly<Record<string, Platform>> = {
  asa: {
    prompt: 'edge# ',
    pager: '<--- More --->',
    plain: asa,
    opened: asa.replace(
      /^(?=access-list outside_in remark)/m,
      'access-list outside_in extended permit tcp any any eq 8443 \n',
    ),
    answers: (configuration) => ({
      'show version': recorded('asa/edge/session/show-version.txt'),
      'show running-config': configuration,
      'show running-config all sysopt': recorded('asa/edge/session/sysopt.txt'),
      'show startup-config': configuration,
      'show failover': 'Failover Off\n',
    }),
    words: [/outside_in/, /running-config:\d+/, /no access-list outside_in extended permit tcp any any eq 8443/],
  },
  fortios: {
    prompt: 'clinic-edge # ',
    plain: fortios,
    opened: fortios.replace('config firewall policy\n', `config firewall policy\n${FORTI_RULE}`),
    answers: (configuration) => ({
      'get system status': 'Version: FortiGate-60F v7.4.3,build2573,240201 (GA.F)\n',
      'show full-configuration': configuration,
    }),
    words: [
      /vendor-test|policy 99/,
      /full-configuration:\d+|configuration:\d+/,
      /config firewall policy\\ndelete 99\\nend/,
    ],
  },
  panos: {
    prompt: 'reader@ward> ',
    plain: panos,
    opened: panos.replace(/(?= *<entry name="no-infected">)/, XML_RULE),
    answers: (configuration) => ({
      'show config running': configuration,
      'show config pushed-shared-policy': '',
      'show config pushed-template': '',
      'show config candidate': configuration,
      'show high-availability state': 'HA not enabled\n',
    }),
    words: [/vendor-test/, /running-config:\d+/, /delete rulebase security rules vendor-test\\ncommit/],
  },
};

test.each(Object.entries(platforms))(
  '%s over SSH: what a vendor leaves open is refused at the close, with its own words',
  async (id, platform) => {
    expect(platform.opened).not.toBe(platform.plain);
    let configuration = platform.plain;
    const appliance: Appliance = {
      prompt: platform.prompt,
      answer: (line) => platform.answers(configuration)[line],
      unknown: 'Unknown command\n',
      pageLines: 40,
      ...(platform.pager !== undefined && { pager: platform.pager }),
    };
    // Where the reader turns the pager off, there is none.
    const { pageLines: _, ...unpaged } = appliance;
    const server = await serveAppliance(id === 'panos' ? unpaged : appliance);
    const folder = tempDir();
    const file = join(folder, 'config.yaml');
    writeFileSync(
      file,
      [
        'state: ./state',
        'grace: 0m',
        'devices:',
        '  - id: edge',
        '    kind: fw',
        `    drivers: [${id}]`,
        '    interfaces: {wan1: internet, outside: internet, ethernet1/1: internet}',
        `    source: {ssh: "ecluse@127.0.0.1:${server.port}", key: "file:${keyFile()}", hostKeys: ["${server.fingerprint}"]}`,
        '',
      ].join('\n'),
    );
    const settings = must(loadSettings(file, { drivers: drivers.map((one) => one.id) }));
    const guard = must(await openGuard(settings, { parts: realParts, rules: rules(), log: fakeLog([]) }));
    try {
      const running = guard.run({ onEvents: () => {} });
      await running.firstReadings;
      await waitFor(() => guard.seen('edge'), { timeoutMs: 60_000, what: 'a reading' });
      expect(guard.seen('edge')!.reading.blind).toEqual([]);
      expect(guard.seen('edge')!.reading.rules).toBeGreaterThan(0);
      const end = new Date(Date.now() + 3_600_000).toISOString();
      must(
        await guard.openWindow('W', {
          vendor: 'Vendor',
          devices: ['edge'],
          start: new Date().toISOString(),
          end,
          scope: [],
        }),
      );
      configuration = platform.opened;
      const closed = must(await guard.closeWindow('W'));
      expect(closed).toMatchObject({ state: 'refused' });
      const text = JSON.stringify([closed, must(await guard.findings({ all: false }))]);
      for (const words of platform.words) expect(text).toMatch(words);
      configuration = platform.plain;
      expect(must(await guard.closeWindow('W'))).toMatchObject({ state: 'closed' });
    } finally {
      await guard.close();
    }
  },
  120_000,
);
