import { appendFileSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { type Outcome, tempDir, withNamespaces } from '../support/machine.js';
import { nftables, withMore } from './firewalls.js';
import { type Guarded, gateway } from './guarded.js';
import {
  closeWindow,
  codes,
  expectDoor,
  expectFacts,
  expectWitnessPasses,
  findingsOnce,
  first,
  nft,
  openWindow,
  testStories,
} from './story.js';
import { failOver, forwards, PORTAL, RESULTS, serve, web } from './world.js';

/** Cases of the scenarios that are about whose opening it is: beside what is told stands who gets in. */

/** A second service of the web server, and a port that nobody announced. */
const VIEWER = 8443;
const CONSOLE = 9090;

/** nobody(8). */
const VENDOR_ACCOUNT = 65_534;

/** By the text that stands in it. */
async function remove(guarded: Guarded, port: number): Promise<void> {
  const listed = await guarded.world.firewall.must(['nft', '-a', 'list', 'chain', 'inet', 'filter', 'forward']);
  const handle = new RegExp(`dport ${port} accept # handle (?<handle>\\d+)$`, 'm').exec(listed)!.groups!.handle!;
  await nft(guarded, `delete rule inet filter forward handle ${handle}`);
}

const summaryOf = (port: number): unknown =>
  expect.objectContaining({ summary: expect.stringContaining(`${web[4]} tcp ${port}`) });

describe('on the real kernel', () => {
  testStories([
    {
      name: 'G9: of two vendors on one firewall each answers for the opening that is theirs, both for one that is neither’s',
      firewall: nftables,
      action: async (guarded) => {
        const { world, told } = guarded;
        await serve(world.dmz, VIEWER, CONSOLE);
        const open = (vendor: string, ticket: string, port: number): Promise<string> =>
          openWindow(
            guarded,
            ...['--vendor', vendor, '--ticket', ticket, '--for', '10m', '--allow', `any -> ${web[4]} tcp/${port}`],
          );
        const agency = await open('Agence web', 'INT-A', RESULTS);
        const imaging = await open('Imagerie', 'INT-B', VIEWER);
        for (const port of [RESULTS, VIEWER, CONSOLE]) {
          await world.firewall.must([...nftables.addRule(port)]);
          await expectDoor(guarded, port, 'reached');
        }
        const findings = await findingsOnce(guarded, 'IN_WINDOW_CHANGE', 'IN_WINDOW_CHANGE', 'OUT_OF_SCOPE_OPENING');
        const windowsOf = (port: number): readonly string[] =>
          findings.find(({ summary }) => summary.includes(`tcp ${port}`))!.windows;
        expect(windowsOf(RESULTS)).toEqual([agency]);
        expect(windowsOf(VIEWER)).toEqual([imaging]);
        expect(windowsOf(CONSOLE)).toEqual([agency, imaging]);
        const both = first(await told('OUT_OF_SCOPE_OPENING'), 'OUT_OF_SCOPE_OPENING');
        expect([both.param('what'), both.param('window')]).toEqual([
          expect.stringContaining(`tcp ${CONSOLE}`),
          `${agency}, ${imaging}`,
        ]);

        const no = await closeWindow(guarded, imaging);
        expect(no).toMatchObject({ exit: 1, answer: { state: 'refused' } });
        expect(no.answer.openings).toHaveLength(2);
        expect(no.answer.openings).toEqual(expect.arrayContaining([summaryOf(VIEWER), summaryOf(CONSOLE)]));
        for (const port of [VIEWER, CONSOLE]) {
          await remove(guarded, port);
          await expectDoor(guarded, port, 'shut');
        }
        // What is open now is the other's.
        expect(await closeWindow(guarded, imaging)).toMatchObject({
          exit: 0,
          answer: { state: 'closed', openings: [] },
        });
        await expectDoor(guarded, RESULTS, 'reached');
        const his = await closeWindow(guarded, agency);
        expect(his).toMatchObject({ exit: 1, answer: { state: 'refused', openings: [summaryOf(RESULTS)] } });
        const left = first(await told('LEFT_OPEN'), 'LEFT_OPEN');
        expect([left.param('vendor'), left.param('window')]).toEqual(['Agence web', agency]);
        await expectDoor(guarded, RESULTS, 'reached');
      },
    },
    {
      name: 'G20: a window on one firewall excuses nothing on the server behind it',
      // The firewall lets the internet to the results page, and the server keeps it out by itself.
      firewall: withMore(`insert rule inet filter forward iifname wan0 ip daddr ${web[4]} tcp dport ${RESULTS} accept`),
      startsLater: true,
      action: async (guarded) => {
        const { world, configure, daemon, told } = guarded;
        const rules = [
          'policy drop ;',
          'ct state established,related accept',
          'tcp dport 443 accept',
          'meta l4proto { icmp, icmpv6 } accept',
        ];
        const input = `table inet filter { chain input { type filter hook input priority filter ; ${rules.join('\n')}\n}\n}\n`;
        await world.dmz.must(['nft', '-f', '-'], { input });
        await expectDoor(guarded, RESULTS, 'shut');
        configure({
          devices: [`{id: web1, kind: host, interfaces: {eth0: internet}, source: {netns: ${world.dmz.name}}}`],
        });
        await daemon.start();
        const window = await openWindow(guarded, '--for', '10m');
        await world.dmz.must(['nft', `insert rule inet filter input tcp dport ${RESULTS} accept`]);
        const alarm = first(await told('UNPLANNED_OPENING'), 'UNPLANNED_OPENING');
        expect(['device', 'window', 'vendor'].map((name) => alarm.param(name))).toEqual(['web1', undefined, undefined]);
        await expectDoor(guarded, RESULTS, 'reached');
        expect(await closeWindow(guarded, window)).toMatchObject({
          exit: 0,
          answer: { state: 'closed', openings: [] },
        });
        await world.dmz.must(['sh', '-ec', alarm.param('undo')!]);
        await told('RESOLVED');
        await expectDoor(guarded, RESULTS, 'shut');
      },
    },
    {
      name: 'G7: the active member was shut, the one that stands by was not, and a failover opens the door',
      firewall: nftables,
      startsLater: true,
      action: (guarded) =>
        withNamespaces(['standby'], async ({ standby }) => {
          const { world, configure, daemon, told } = guarded;
          await forwards(standby);
          await nftables.load(standby);
          configure({ devices: [gateway('fw2', standby.name)] });
          await daemon.start();
          const window = await openWindow(
            guarded,
            ...['--device', 'fw2', '--for', '10m', '--allow', `any -> ${web[4]} tcp/${RESULTS}`],
          );
          for (const member of [world.firewall, standby]) await member.must([...nftables.addRule(RESULTS)]);
          await expectDoor(guarded, RESULTS, 'reached');
          await findingsOnce(guarded, 'IN_WINDOW_CHANGE', 'IN_WINDOW_CHANGE');
          await remove(guarded, RESULTS);
          await expectDoor(guarded, RESULTS, 'shut');
          const no = await closeWindow(guarded, window);
          expect(no).toMatchObject({ exit: 1, answer: { state: 'refused', openings: [{ device: 'fw2' }] } });
          expect(no.answer.openings).toHaveLength(1);
          const left = first(await told('LEFT_OPEN'), 'LEFT_OPEN');
          expect([left.param('device'), left.param('window')]).toEqual(['fw2', window]);
          await failOver(world, standby);
          await expectDoor(guarded, RESULTS, 'reached');
        }),
    },
    {
      name: 'G13: an emergency that is declared after the fact takes over what was unplanned, and both are kept',
      firewall: nftables,
      action: async (guarded) => {
        const { world, ecluse, told } = guarded;
        await world.firewall.must([...nftables.addRule(RESULTS)]);
        const alarm = first(await told('UNPLANNED_OPENING'), 'UNPLANNED_OPENING');
        expect([alarm.param('window'), alarm.param('vendor')]).toEqual([undefined, undefined]);
        await expectDoor(guarded, RESULTS, 'reached');
        const who = ['--vendor', 'Prestataire', '--technician', 'Technicien 12', '--ticket', 'INT-0216'];
        const emergency = ['--emergency', '--caller', 'Imagerie', '--reason', 'PACS en panne', '--since', '10m'];
        const scope = ['--device', 'fw1', '--for', '20m', '--allow', `any -> ${web[4]} tcp/${RESULTS}`, '--json'];
        const unsigned = await ecluse('window', 'open', ...who, ...emergency, ...scope);
        expect([unsigned.code, unsigned.stderr]).toEqual([2, expect.stringContaining('--on-call')]);
        const declared = await ecluse('window', 'open', ...who, ...emergency, '--on-call', 'Astreinte', ...scope);
        expect([declared.code, declared.stderr]).toEqual([0, '']);
        expect(JSON.parse(declared.stdout)).toMatchObject({ window: { emergency: { onCall: 'Astreinte' } } });
        const [finding] = await findingsOnce(guarded, 'IN_WINDOW_CHANGE');
        expect(finding).toMatchObject({
          key: alarm.param('key')!.replace(/^[^/]*\//, ''),
          windows: ['INT-0216'],
          earlier: [{ code: 'UNPLANNED_OPENING' }],
        });
        const no = await closeWindow(guarded, 'INT-0216');
        expect(no).toMatchObject({ exit: 1, answer: { state: 'refused', openings: [summaryOf(RESULTS)] } });
        expectFacts(first(await told('LEFT_OPEN'), 'LEFT_OPEN'));
        await expectDoor(guarded, RESULTS, 'reached');
      },
    },
    {
      name: 'G17: a vendor who opens a door and declares it himself is told twice, and takes no baseline',
      firewall: nftables,
      startsLater: true,
      action: async (guarded) => {
        const { world, ecluse, daemon, configure, told } = guarded;
        const baseline = join(tempDir(), 'baseline.yaml');
        const flow = (to: string, port: number, why: string): string =>
          `  - {from: any, to: ${to}, service: tcp/${port}, why: ${why}, owner: RSSI}\n`;
        writeFileSync(baseline, `version: 1\nflows:\n${flow(web[4], PORTAL, 'portal')}`);
        chownSync(baseline, VENDOR_ACCOUNT, VENDOR_ACCOUNT);
        configure({ settings: [`baseline: ${baseline}`] });
        await daemon.start();
        // What the file does not declare of the firewall as it is; approved as it is seen.
        expect((await ecluse('baseline', 'accept', 'fw1', '--by', 'RSSI')).code).toBe(0);
        const window = await openWindow(guarded, '--for', '10m');
        appendFileSync(baseline, flow(web[4], RESULTS, 'tests'));
        await world.firewall.must([...nftables.addRule(RESULTS)]);
        expectFacts(first(await told('OUT_OF_SCOPE_OPENING'), 'OUT_OF_SCOPE_OPENING'));
        const tamper = first(await told('BASELINE_TAMPER'), 'BASELINE_TAMPER');
        expect(['severity', 'window', 'vendor'].map((name) => tamper.param(name))).toEqual([
          'high',
          window,
          'Prestataire',
        ]);
        expect(tamper.param('details')).toMatch(
          new RegExp(`baseline\\.yaml:4: added: flow any → ${web[4]} tcp/${RESULTS}; .* belongs to nobody`),
        );
        await expectDoor(guarded, RESULTS, 'reached');
        const reload = (...names: readonly string[]): Promise<Outcome> => ecluse('reload', '--by', 'RSSI', ...names);
        expect(await reload()).toMatchObject({ code: 2, stderr: expect.stringContaining('two different people') });
        const his = await reload('--second', 'Technicien 12');
        expect(his).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot change what is declared') });
        expect(await closeWindow(guarded, window)).toMatchObject({ exit: 1, answer: { state: 'refused' } });
        expect(await reload('--second', 'DSI')).toMatchObject({ code: 0, stdout: 'baseline: changed\n' });
        // Declared by two people, and open to the internet all the same.
        await findingsOnce(guarded, 'BASELINE_EXPOSURE');
      },
    },
    {
      name: 'G19: a guard that starts in the middle of a window says that it knows no before, and judges by the baseline',
      firewall: nftables,
      action: async (guarded) => {
        const { world, ecluse, daemon, configure, told, heard } = guarded;
        const learned = await ecluse('baseline', 'learn', 'fw1');
        expect([learned.code, learned.stderr]).toEqual([0, '']);
        const baseline = join(tempDir(), 'baseline.yaml');
        writeFileSync(baseline, learned.stdout);
        await daemon.kill();
        await world.firewall.must([...nftables.addRule(RESULTS)]);
        const [start, end] = [-10, 10].map((minutes) => new Date(Date.now() + minutes * 60_000).toISOString());
        const window = `{id: INT-0219, vendor: Prestataire, technician: Technicien 12, ticket: INT-0216, devices: [fw1], start: '${start}', end: '${end}', scope: [{dst: ${web[4]}, proto: tcp, ports: '${RESULTS}'}]}`;
        configure({ state: 'fresh', settings: [`baseline: ${baseline}`, `windows: [${window}]`] });
        await daemon.start();
        await expectDoor(guarded, RESULTS, 'reached');
        expect(await findingsOnce(guarded, 'IN_WINDOW_CHANGE')).toMatchObject([{ windows: ['INT-0219'] }]);
        const text = (await ecluse('window', 'show', 'INT-0219')).stdout;
        expect(text).toContain('no before snapshot');
        const no = await closeWindow(guarded, 'INT-0219');
        expect(no).toMatchObject({ exit: 1, answer: { state: 'refused', openings: [summaryOf(RESULTS)] } });
        expect(no.answer.openings).toHaveLength(1);
        expect(no.answer.coverage.notCovered.join('\n')).toContain('fw1: no before snapshot of window INT-0219');
        const left = first(await told('LEFT_OPEN'), 'LEFT_OPEN');
        await expectWitnessPasses(guarded, left, true);
        await remove(guarded, RESULTS);
        await told('RESOLVED');
        await expectDoor(guarded, RESULTS, 'shut');
        const yes = await closeWindow(guarded, 'INT-0219');
        expect(yes).toMatchObject({ exit: 0, answer: { state: 'closed', openings: [] } });
        expect(yes.answer.coverage.notCovered.join('\n')).toContain('no before snapshot');
        expect(codes(heard())).toEqual(['LEFT_OPEN', 'RESOLVED']);
      },
    },
  ]);
});
