import { describe, expect, test } from '@jest/globals';
import { START } from '../support/guard.js';
import { fakeWorld, must, startGuard } from './fakes.js';

const at = (minutes: number): string => new Date(START + minutes * 60_000).toISOString();
const plan = { vendor: 'Integrator', devices: ['fw'], start: at(0), end: at(60), scope: [] };
const rdp = { id: 'rdp', ports: '3389' };

describe('a refused close', () => {
  test('names its four ways out, and each of them is one', async () => {
    const world = fakeWorld();
    const { guard, until } = await startGuard(world);
    must(await guard.openWindow('INT 1', plan));
    world.devices.fw!.open = [rdp];
    await until(5);
    const refused = must(await guard.closeWindow('INT 1'));
    expect(refused.waysOut?.map(({ way, command, until: end }) => [way, command, end])).toEqual([
      ['fix', "ecluse window close 'INT 1'", undefined],
      ['resume', "ecluse window resume 'INT 1' --by NAME", at(60)],
      ['waive', 'ecluse waive fw/rdp --until DATE --owner NAME --reason TEXT', undefined],
      ['handOver', "ecluse window hand-over 'INT 1' --to NAME --by NAME", undefined],
    ]);
    // Nobody was named, and no site either: it has an owner all the same.
    expect(refused.owner).toBe('whoever runs Écluse');
    expect(must(await guard.handOverWindow('INT 1', { to: 'on call', by: 'RSSI' }))).toMatchObject({
      state: 'refused',
      handedOver: { to: 'on call', by: 'RSSI' },
    });
    expect(must(await guard.closeWindow('INT 1')).owner).toBe('on call');
    expect(must(await guard.resumeWindow('INT 1', 'technician'))).toMatchObject({
      state: 'open',
      effectiveEnd: at(60),
      resumed: { by: 'technician' },
    });
    must(await guard.waive({ finding: 'fw/rdp', until: at(600), owner: 'RSSI', reason: 'until Monday' }));
    const closed = must(await guard.closeWindow('INT 1'));
    expect(closed).toMatchObject({ state: 'closed', openings: [] });
    expect(closed).not.toHaveProperty('waysOut');
    await guard.close();
  });

  test('has an owner: who was named, the on-call of an emergency, or whom the site names', async () => {
    const world = fakeWorld();
    const sites = { nord: { name: 'Hôpital Nord', contact: 'Astreinte, 4100' } };
    const { guard, until } = await startGuard({ ...world, settings: { ...world.settings, site: 'nord', sites } });
    const emergency = { caller: 'a nurse', reason: 'the scanner is down', onCall: 'Astreinte B' };
    must(await guard.openWindow('named', { ...plan, owner: 'Responsable A' }));
    must(await guard.openWindow('emergency', { ...plan, emergency }));
    must(await guard.openWindow('nobody', plan));
    world.devices.fw!.open = [rdp];
    await until(5);
    const owners: (string | undefined)[] = [];
    for (const id of ['named', 'emergency', 'nobody']) owners.push(must(await guard.closeWindow(id)).owner);
    expect(owners).toEqual(['Responsable A', 'Astreinte B', 'Astreinte, 4100']);
    await guard.close();
  });

  test('past the planned end offers another window instead of resuming', async () => {
    const world = fakeWorld();
    const { guard, until } = await startGuard(world);
    must(await guard.openWindow('W1', { ...plan, end: at(10) }));
    world.devices.fw!.open = [rdp];
    await until(12);
    const refused = must(await guard.closeWindow('W1'));
    expect(refused.waysOut?.[1]).toMatchObject({ way: 'resume', text: expect.stringContaining('too late') });
    expect(await guard.resumeWindow('W1', 'technician')).toMatchObject({ ok: false });
    await guard.close();
  });
});

describe('what is open beside a window', () => {
  test('refuses no close and is told with it; what is waived, shut or the window’s own is not', async () => {
    const world = fakeWorld();
    world.devices.fw!.open = [];
    const { guard, until } = await startGuard(world);
    const [before, waived] = [
      { id: 'telnet', ports: '23' },
      { id: 'ftp', ports: '21' },
    ];
    world.devices.fw!.open = [before, waived];
    await until(6);
    must(await guard.waive({ finding: 'fw/ftp', until: at(600), owner: 'RSSI', reason: 'until Monday' }));
    must(await guard.openWindow('W1', { ...plan, start: at(6), end: at(60) }));
    world.devices.fw!.open = [before, waived, rdp];
    await until(8);
    const refused = must(await guard.closeWindow('W1'));
    expect(refused).toMatchObject({ state: 'refused', openings: [{ id: 'rdp' }] });
    expect(refused.alsoOpen.map(({ key, code }) => [key, code])).toEqual([['fw/telnet', 'UNPLANNED_OPENING']]);
    world.devices.fw!.open = [before, waived];
    await until(9);
    const closed = must(await guard.closeWindow('W1'));
    expect(closed).toMatchObject({ state: 'closed', openings: [], alsoOpen: [{ key: 'fw/telnet' }] });
    await guard.close();
  });
});

describe('an emergency', () => {
  const emergency = { caller: 'ward 3', reason: 'PACS down', onCall: 'RSSI' };
  const scope = [{ kind: 'rule' as const, ports: '3389' }];

  test('declared after the fact: unplanned first, then its own, and there is no before', async () => {
    const world = fakeWorld();
    const { guard, rows, until } = await startGuard(world);
    world.devices.fw!.open = [rdp];
    await until(6);
    const late = { ...plan, start: at(-5), end: at(60), scope, emergency: { ...emergency, late: true } };
    const { window } = must(await guard.openWindow('E1', late));
    expect(window).toMatchObject({ start: at(-5), emergency });
    expect(rows()).toEqual(['5 UNPLANNED_OPENING rdp', '6 IN_WINDOW_CHANGE rdp']);
    const { findings } = must(await guard.findings({ all: false }));
    expect(findings[0]).toMatchObject({ code: 'IN_WINDOW_CHANGE', earlier: [{ code: 'UNPLANNED_OPENING' }] });
    const refused = must(await guard.closeWindow('E1'));
    expect(refused.coverage.notCovered.join()).toContain('fw: no before snapshot of window E1');
    await guard.close();
  });

  test('of which nobody says that it began earlier takes over nothing', async () => {
    const world = fakeWorld();
    const { guard, rows, until } = await startGuard(world);
    world.devices.fw!.open = [rdp];
    await until(6);
    must(await guard.openWindow('E1', { ...plan, scope, emergency }));
    await until(8);
    expect(rows()).toEqual(['5 UNPLANNED_OPENING rdp']);
    await guard.close();
  });

  test('that would be over already is refused before anything is planned', async () => {
    const { guard, until } = await startGuard(fakeWorld());
    await until(6);
    const late = { ...plan, start: at(-300), end: at(-60), emergency: { ...emergency, late: true } };
    expect(await guard.openWindow('E1', late)).toMatchObject({
      ok: false,
      error: { code: 'WINDOW_PLAN', message: `window E1 would have ended at ${at(-60)} already` },
    });
    expect(must(await guard.windows({ all: true }))).toEqual([]);
    must(await guard.openWindow('E1', { ...plan, emergency }));
    expect(await guard.openWindow('E1', { ...plan, emergency })).toMatchObject({
      ok: false,
      error: { code: 'WINDOW_EXISTS', message: 'there is a window E1 already: open' },
    });
    await guard.close();
  });

  test('longer than four hours is refused', async () => {
    const { guard } = await startGuard(fakeWorld());
    const answer = await guard.openWindow('E1', { ...plan, end: at(241), emergency });
    expect(answer).toMatchObject({ ok: false, error: { code: 'WINDOW_PLAN' } });
    await guard.close();
  });
});

test('an unplanned opening is claimed by name, and both are shown', async () => {
  const world = fakeWorld();
  const { guard, until } = await startGuard(world);
  world.devices.fw!.open = [rdp];
  await until(6);
  const claimed = must(await guard.claim({ finding: 'fw/rdp', by: 'network team', reason: 'printer vendor' }));
  expect(claimed).toMatchObject({
    code: 'UNPLANNED_OPENING',
    claimed: { by: 'network team', reason: 'printer vendor' },
  });
  expect(await guard.claim({ finding: 'fw/none', by: 'x', reason: 'y' })).toMatchObject({ ok: false });
  await guard.close();
});

test('G17: what a vendor opened is not declared on one word, and never on the vendor’s', async () => {
  const world = fakeWorld();
  const { guard, until } = await startGuard(world);
  must(await guard.openWindow('W1', { ...plan, technician: 'Head of imaging' }));
  world.devices.fw!.open = [rdp];
  await until(5);
  const code = async (by: string, second?: string): Promise<string> => {
    const answer = await guard.acceptBaseline({ device: 'fw', by, ...(second !== undefined && { second }) });
    return answer.ok ? `approved by ${answer.value.approvedBy}` : answer.error.code;
  };
  expect(await code('RSSI')).toBe('BASELINE_UNSIGNED');
  expect(await code('RSSI', ' rssi ')).toBe('BASELINE_UNSIGNED');
  expect(await code('RSSI', 'integrator')).toBe('BASELINE_TAMPER');
  expect(await code('Head of imaging', 'RSSI')).toBe('BASELINE_TAMPER');
  expect(await code('RSSI', 'DSI')).toBe('approved by RSSI and DSI');
  await guard.close();
});

describe('a scope by the names of services', () => {
  const planned = async (scope: readonly object[]) => {
    const { guard } = await startGuard(fakeWorld());
    const answer = await guard.planWindow({ ...plan, scope: scope as never });
    await guard.close();
    return answer;
  };

  test('is kept by protocol and ports, each part with what else was said of it', async () => {
    const keep = { owner: 'Head of imaging', review: at(600) };
    const view = must(await planned([{ dst: 'pacs', service: 'dicom', keep }, { service: 'rdp' }, { proto: '6' }]));
    expect(view.scope).toEqual([
      { dst: 'pacs', proto: 'tcp', ports: '104,11112', keep },
      { proto: 'tcp,udp', ports: '3389' },
      { proto: 'tcp' },
    ]);
  });

  test('that are none is refused, with the one that was meant', async () => {
    expect(await planned([{ service: 'https,dicmo' }])).toMatchObject({
      ok: false,
      error: {
        code: 'BAD_SCOPE',
        message: '`dicmo` is neither a protocol nor a service',
        remedy: 'did you mean `dicom`?',
      },
    });
    expect(await planned([{ service: 'rpd' }])).toMatchObject({ error: { remedy: 'did you mean `rdp`?' } });
    expect(await planned([{ service: 'https', ports: '443' }])).toMatchObject({
      ok: false,
      error: { code: 'BAD_SCOPE', message: 'the service https beside a protocol or ports' },
    });
  });
});

test('a flow that stays: one word before a restart and one after it; what is declared then stays declared', async () => {
  const world = fakeWorld();
  const keep = { owner: 'Head of imaging', review: at(6000) };
  const first = await startGuard(world);
  must(await first.guard.openWindow('W1', { ...plan, scope: [{ kind: 'rule', ports: '3389', keep }] }));
  world.devices.fw!.open = [rdp];
  await first.until(20);
  expect(must(await first.guard.closeWindow('W1')).state).toBe('closed');
  await first.until(40);
  const half = must(await first.guard.accept({ finding: 'fw/rdp', word: { kind: 'accept', by: 'RSSI' } }));
  expect(half).toMatchObject({
    code: 'PENDING_ACCEPTANCE',
    awaits: { owners: ['Head of imaging'], people: 2, until: at(6000), signed: [{ by: 'RSSI' }] },
  });
  await first.guard.close();
  const second = await startGuard(world);
  const whole = must(await second.guard.accept({ finding: 'fw/rdp', word: { kind: 'accept', by: 'Head of imaging' } }));
  expect(whole).toMatchObject({ code: 'BASELINE_EXPOSURE' });
  await second.guard.close();
  const third = await startGuard(world);
  expect(must(await third.guard.drift(['fw']))[0]).toMatchObject({ undeclared: [], missing: [] });
  expect(must(await third.guard.baseline(['fw']))).toContain('by: RSSI and Head of imaging');
  expect(await third.guard.accept({ finding: 'fw/rdp', word: { kind: 'accept', by: 'DSI' } })).toMatchObject({
    ok: false,
    error: { code: 'CANNOT_ACCEPT' },
  });
  world.devices.fw!.open = [];
  must(await third.guard.snapshot(['fw']));
  expect(must(await third.guard.drift(['fw']))[0]).toMatchObject({ undeclared: [], missing: [{ id: 'rdp' }] });
  await third.guard.close();
});

test('approving takes two people at any time where the hospital says so', async () => {
  const world = fakeWorld();
  const { guard } = await startGuard({ ...world, settings: { ...world.settings, approvalPeople: 2 } });
  expect(await guard.acceptBaseline({ device: 'fw', by: 'RSSI' })).toMatchObject({
    ok: false,
    error: { code: 'BASELINE_UNSIGNED' },
  });
  expect(must(await guard.acceptBaseline({ device: 'fw', by: 'RSSI', second: 'DSI' })).approvedBy).toBe('RSSI and DSI');
  await guard.close();
});

test('a scope that names a zone which there is not is refused where zones are declared', async () => {
  const world = fakeWorld();
  const zones = { imagerie: { kind: 'imaging' as const, trust: 'inside' as const } };
  const { guard } = await startGuard({ ...world, settings: { ...world.settings, zones } });
  const to = (dst: string) => guard.planWindow({ ...plan, id: dst, scope: [{ src: 'any', dst }] });
  expect(await to('imagrie')).toMatchObject({
    ok: false,
    error: {
      code: 'BAD_SCOPE',
      message: '`imagrie` is neither an address nor a zone',
      remedy: 'did you mean `imagerie`?',
    },
  });
  for (const known of ['imagerie', 'internet', '10.0.0.0/8', 'fw', 'any']) expect((await to(known)).ok).toBe(true);
  await guard.close();
});
