import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { judgeContextOf, outerZonesOf } from '../../agent/app/guard/judge-context.js';
import type { Settings } from '../../agent/config/index.js';
import { outerFirst } from '../../agent/judge/index.js';
import { parseAddressSet } from '../../agent/model/index.js';
import { minute, START } from '../support/guard.js';
import { rules } from '../support/services.js';
import { waitFor } from '../support/system.js';
import { fakeWorld, startGuard } from './fakes.js';

const zones: NonNullable<Settings['zones']> = {
  imagerie: { kind: 'imaging', trust: 'inside', networks: parseAddressSet('10.20.0.0/16')! },
  invites: { kind: 'guest', trust: 'outside' },
};

test('what the settings say of the hospital is what the judge is told', () => {
  const { settings } = fakeWorld(['fw'], {
    zones,
    approvedHosts: [{ hosts: ['203.0.113.9'] }, { hosts: ['203.0.113.10'], name: 'HDS', until: START }],
  });
  expect(judgeContextOf(settings, rules())).toMatchObject({
    zones,
    approvedHosts: ['203.0.113.9'],
    approvals: [{ hosts: ['203.0.113.10'], about: 'HDS (203.0.113.10)', until: START }],
  });
  // A packet that comes in is looked for where strangers sit.
  const interfaces = { lan0: 'imagerie', wifi0: 'invites', wan0: 'internet' };
  expect(outerFirst(interfaces, outerZonesOf(settings))).toEqual(['wifi0', 'wan0', 'lan0']);
});

test('a running guard judges by the zones, ends approvals, and tells the site of each device', async () => {
  const output = new PassThrough();
  let told = '';
  output.on('data', (chunk: Buffer) => {
    told += chunk;
  });
  const world = fakeWorld(['fw', 'pacs'], {
    site: 'nord',
    zones,
    approvedHosts: [{ hosts: ['203.0.113.10'], name: 'HDS', until: minute(30) }],
    sinks: [{ kind: 'jsonl', id: 'out', to: '-' }],
  });
  const devices = world.settings.devices.map((one) => (one.id === 'pacs' ? { ...one, site: 'sud' } : one));
  const { guard, until, rows } = await startGuard({
    ...world,
    settings: { ...world.settings, devices },
    tools: { ...world.tools, output },
  });
  world.devices.fw!.open = [
    { id: 'in', src: 'internet', dst: '10.20.0.5', ports: '443' },
    { id: 'out', src: '10.30.0.0/16', dst: '203.0.113.10', ports: '443' },
  ];
  world.devices.fw!.wake();
  world.devices.pacs!.open = [{ id: 'ssh', ports: '22' }];
  world.devices.pacs!.wake();
  await until(40);
  const codes = rows().map((row) => row.split(' ').slice(1).join(' '));
  expect(codes.sort()).toEqual([
    'EGRESS_UNAPPROVED_HOST out',
    'UNPLANNED_OPENING in',
    'UNPLANNED_OPENING out',
    'UNPLANNED_OPENING ssh',
  ]);
  // What waits for the next look at the queue waits by the clock of the guard.
  let at = 40;
  await waitFor(async () => {
    if (!told.includes('EGRESS_UNAPPROVED_HOST')) await until(++at);
    return told.includes('EGRESS_UNAPPROVED_HOST');
  });
  const records = told
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  const of = (key: string) => records.find((one) => one.key === key);
  // HTTPS that the internet reaches is medium; in an imaging zone it is not.
  expect(of('nord/fw/in')).toMatchObject({ severity: 'high', site: 'nord' });
  expect(of('sud/pacs/ssh')).toMatchObject({ site: 'sud' });
  expect(records.find(({ code }) => code === 'EGRESS_UNAPPROVED_HOST')?.details).toContain('HDS (203.0.113.10)');
  await guard.close();
});
