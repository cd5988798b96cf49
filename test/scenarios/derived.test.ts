import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseFixture, replay } from '../../agent/app/replay.js';
import type { Device } from '../../agent/model/index.js';
import { firewall, watch } from '../judge/devices.js';
import { guardOf, minute, subject } from '../support/guard.js';
import { memoryStore } from '../support/memory-store.js';
import { rules } from '../support/services.js';

const folder = join('test', 'scenarios', 'derived');
const files = readdirSync(folder).sort();

function play(name: string) {
  const fixture = parseFixture(readFileSync(join(folder, name), 'utf8'), name);
  if (!fixture.ok) throw new Error(fixture.error.message);
  return replay(fixture.value, { store: memoryStore(), rules: rules() });
}

const scope = [{ kind: 'rule' as const, dst: 'web' }];
const x = subject({ id: 'x' });
const web = 'iifname "wan0" oifname "dmz0" ip daddr 192.0.2.10 tcp dport 443 accept';
const rdp = 'iifname "wan0" oifname "dmz0" tcp dport 3389 accept';

/** As a platform shows a rule that is switched off and kept. */
function withDisabled(device: Device, text: string): Device {
  const lists = device.pipeline.lists.map((list) => ({
    ...list,
    rules: list.rules.map((rule) => (rule.origin.text === text ? { ...rule, disabled: true } : rule)),
  }));
  return { ...device, pipeline: { ...device.pipeline, lists } };
}

describe('the derived cases, replayed', () => {
  test.each(files)('%s', (name) => {
    const result = play(name);
    expect(result.findings).toEqual(result.expected);
    expect(result.differences).toEqual([]);
  });

  test('a window that nobody signed is noted, and is nothing that is open', () => {
    const { open, coverageText } = play('G04-one-time-schedule.yaml');
    expect(open.map(({ code }) => code)).toEqual(['CLOSED_UNSIGNED']);
    expect(coverageText).toMatch(/\nNo drift from the declared baseline on the sources read/);
  });
});

describe('what a row of a fixture cannot say', () => {
  test('G10: the finding that came back names the one it was', () => {
    const raised = play('G10-back-after-the-close.yaml').events.findLast((event) => event.kind === 'raise');
    expect(raised).toMatchObject({
      code: 'UNPLANNED_OPENING',
      finding: { generation: 2, previous: { code: 'IN_WINDOW_CHANGE', generation: 1 } },
    });
  });

  test('G19: the report of the window says that there is no before snapshot, and of which device', () => {
    const refused = play('G19-started-in-the-middle.yaml').events.find((event) => event.code === 'CLOSURE_REFUSED');
    expect(refused?.finding.details).toContain(
      'fw-edge: no before snapshot of window W1: only compared with the baseline',
    );
    const known = play('G07-ha-pair-member-b.yaml').events.find((event) => event.code === 'CLOSURE_REFUSED');
    expect(known?.finding.details?.join()).not.toContain('before snapshot');
  });

  test('G19: a window that was only planned has a before where the guard had read the device by then', () => {
    const closing = (firstRead: number) => {
      const guard = guardOf();
      guard.plan({ scope, start: 10 });
      guard.read(firstRead, 'fw');
      return guard.close(30, { fw: {} }).answer!;
    };
    expect(closing(5).coverage.notCovered.join()).not.toContain('before snapshot');
    expect(closing(15)).toMatchObject({
      state: 'closed',
      coverage: { notCovered: expect.arrayContaining([expect.stringContaining('no before snapshot of window W')]) },
    });
  });
});

describe('cases that the grammar of the fixtures has no words for', () => {
  test('G3: disabled instead of deleted at the close: resolved, told as coming back, and the close is refused', () => {
    const guard = watch(firewall([web]));
    guard.plan('W', 0, 60, [{ ports: '3389' }]);
    guard.read(5, firewall([web, rdp]));
    const disabled = withDisabled(firewall([web, rdp]), rdp);
    const { answer } = guard.close(30, 'W', disabled);
    guard.tick(45);
    expect(answer).toMatchObject({ state: 'refused', openings: [{ code: 'IN_WINDOW_CHANGE' }] });
    expect(guard.rows()).toEqual([
      '5 IN_WINDOW_CHANGE info internet → dmz tcp 3389 (wan0 → dmz0)',
      '30 RESOLVED info internet → dmz tcp 3389 (wan0 → dmz0)',
      '30 IN_WINDOW_CHANGE info internet → dmz tcp 3389 (wan0 → dmz0)',
      '30 CLOSURE_REFUSED info W',
      '45 LATENT_OPENING high internet → dmz tcp 3389 (wan0 → dmz0)',
    ]);
    const [finding] = guard.state.findings.filter((one) => one.code === 'LATENT_OPENING');
    expect(finding?.subject).toMatchObject({
      latent: { returnsWhen: 'when the disabled rule is enabled' },
      place: { text: rdp },
    });
  });

  test('G3: enabled again, it is open under the finding that it had; deleted, nothing is left', () => {
    const guard = watch(firewall([web]));
    const disabled = withDisabled(firewall([web, rdp]), rdp);
    guard.read(0, disabled);
    guard.read(5, firewall([web, rdp]));
    guard.read(10, disabled);
    guard.read(15, firewall([web]));
    expect(guard.rows().map((row) => row.split(' ').slice(0, 3).join(' '))).toEqual([
      '0 LATENT_OPENING high',
      '5 RESOLVED info',
      '5 UNPLANNED_OPENING critical',
      '10 RESOLVED info',
      '10 LATENT_OPENING high',
      '15 RESOLVED info',
    ]);
  });

  test('G3: a disabled deny, one that was approved disabled, and one that is declared anyway: nothing', () => {
    const deny = 'tcp dport 3389 drop';
    const guard = watch(withDisabled(firewall([web, rdp]), rdp));
    guard.read(0, withDisabled(firewall([web, rdp]), rdp));
    guard.read(5, withDisabled(withDisabled(firewall([web, rdp, deny]), rdp), deny));
    guard.read(10, withDisabled(firewall([web, `${web} comment "again"`, rdp]), rdp));
    expect(guard.rows()).toEqual([]);
  });

  test('G8: a deny above the new rule stops all it lets through: latent and low; the deny gone, it is open', () => {
    const deny = 'iifname "wan0" tcp dport 3380-3390 drop';
    const guard = watch(firewall([deny, web]));
    const { undeclared } = guard.read(0, firewall([deny, web, rdp]));
    guard.read(5, firewall([web, rdp]));
    expect(undeclared).toMatchObject([{ latent: { shadowed: true }, place: { text: rdp } }]);
    expect(guard.rows()).toEqual([
      '0 LATENT_OPENING low internet → dmz tcp 3389 (wan0 → dmz0)',
      '5 RESOLVED info internet → dmz tcp 3389 (wan0 → dmz0)',
      '5 UNPLANNED_OPENING critical internet → dmz tcp 3389 (wan0 → dmz0)',
    ]);
  });

  test('G8: a deny that stops only part of it leaves an opening, and no latent one beside', () => {
    const deny = 'iifname "wan0" ip saddr 203.0.113.0/24 drop';
    const guard = watch(firewall([deny, web]));
    const { undeclared } = guard.read(0, firewall([deny, web, rdp, `${web} comment "twice"`]));
    expect(undeclared).toHaveLength(1);
    expect(undeclared[0]).not.toHaveProperty('latent');
  });

  test('G4: on a schedule: one that has passed is shut, one that comes again is latent and in the way of closing', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x, subject({ id: 'y', ports: '22' }));
    const nightly = subject({ id: 'y+latent', ports: '22', latent: { returnsWhen: 'every day at 22:00' } });
    expect(guard.close(50, { fw: { undeclared: [nightly] } }).answer).toMatchObject({
      state: 'refused',
      openings: [{ id: 'y+latent' }],
    });
    guard.tick(100);
    expect(guard.rows().filter((row) => row.includes(' x '))).toEqual([
      '10 IN_WINDOW_CHANGE x info',
      '50 RESOLVED x info',
    ]);
    expect(guard.rows()).toContain('65 LATENT_OPENING y+latent medium');
    expect(guard.finding('fw/y+latent')?.subject?.latent?.returnsWhen).toBe('every day at 22:00');
  });

  test('G6: running configuration shut, saved one open: latent, and the close is refused for it', () => {
    const guard = guardOf();
    guard.plan({ scope });
    guard.read(10, 'fw', x);
    const saved = subject({ id: 'x+saved', latent: { returnsWhen: 'after a reboot' } });
    const { answer } = guard.close(30, { fw: { undeclared: [saved] } });
    expect(answer).toMatchObject({ state: 'refused', openings: [{ id: 'x+saved' }] });
    guard.tick(45);
    expect(guard.rows()).toEqual([
      '10 IN_WINDOW_CHANGE x info',
      '30 RESOLVED x info',
      '30 IN_WINDOW_CHANGE x+saved info',
      '30 CLOSURE_REFUSED W info',
      '45 LATENT_OPENING x+saved medium',
    ]);
  });

  test('G11: nothing read during the window: blind, and its closing is not attested', () => {
    const guard = guardOf();
    guard.read(-5, 'fw');
    guard.plan({ scope });
    guard.open(1);
    for (const at of [5, 10, 15]) guard.miss(at, 'fw', 'no route to host');
    expect(guard.rows()).toEqual([expect.stringMatching(/^\d+ GUARD_BLIND \S+ high$/)]);
    const { answer } = guard.close(30, {});
    expect(answer).toMatchObject({ state: 'unattested', openings: [] });
    expect(answer?.coverage.observed).toEqual([]);
    const refused = guard.events.find((event) => event.code === 'CLOSURE_REFUSED');
    expect(refused?.finding.details).toEqual(
      expect.arrayContaining(['no attestation possible', expect.stringContaining('no route to host')]),
    );
  });

  test('G13: an emergency declared after the fact: unplanned first, then noted, and both are kept', () => {
    const guard = guardOf();
    guard.read(10, 'fw', x);
    guard.plan({ id: 'E', start: 5, end: 60, scope }, 20);
    expect(guard.rows()).toEqual(['10 UNPLANNED_OPENING x high', '20 IN_WINDOW_CHANGE x info']);
    expect(guard.finding('fw/x')).toMatchObject({
      code: 'IN_WINDOW_CHANGE',
      firstSeen: minute(10),
      earlier: [{ code: 'UNPLANNED_OPENING', until: minute(20) }],
    });
  });

  test('G16: a mapping that miniupnpd made is told with the list it stands in', () => {
    const upnp = (mapping: string) =>
      firewall(['ct status dnat accept'], mapping === '' ? {} : { nat: [`jump miniupnpd`], upnp: [mapping] });
    const guard = watch(upnp(''));
    guard.read(0, upnp(''));
    const { undeclared } = guard.read(5, upnp('iifname "wan0" tcp dport 3389 dnat ip to 10.1.0.5:3389'));
    expect(guard.rows()).toEqual([expect.stringMatching(/^5 UNPLANNED_OPENING critical internet → 10\.1\.0\.5/)]);
    expect(undeclared[0]?.cause?.rule.rule).toContain('miniupnpd');
  });

  test('G18: the same opening on 300 polls: one key, its count grows, and only reminders are told again', () => {
    const guard = guardOf();
    guard.plan({ scope });
    for (let poll = 0; poll < 300; poll++) guard.read(10 + poll * 5, 'fw', x);
    expect(guard.rows()).toEqual([
      '10 IN_WINDOW_CHANGE x info',
      '75 LEFT_OPEN x high',
      '75 WINDOW_NOT_CLOSED W medium',
    ]);
    expect(guard.finding('fw/x')).toMatchObject({
      generation: 1,
      count: 300,
      firstSeen: minute(10),
      lastSeen: minute(10 + 299 * 5),
    });
    const others = guard.events.filter((event) => !event.row);
    expect(others.map((event) => `${event.kind} ${event.finding.key}`)).toEqual(['remind fw/x', 'remind fw/x']);
  });
});
