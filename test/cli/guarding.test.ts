import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type FakeScene, finding, opening } from '../support/fake-guard.js';
import { guarded } from './capture.js';

const folder = 'test/cli/transcripts';
const pacsBlind = { fw1: [], pacs: ['ss: permission denied'] };

/** What the guard of each transcript sees. */
const scenes: Readonly<Record<string, FakeScene>> = {
  clean: {},
  blind: { devices: pacsBlind },
  'new-device': {
    more: {
      fw1: {
        onboarding: { until: '2026-12-31T00:00:00.000Z', heldBack: 2 },
        wakes: [
          { source: 'new listening sockets' },
          { source: 'changes of legacy tables', why: 'the kernel’s audit is off; it needs audit' },
        ],
      },
    },
    listening: {
      udp: '0.0.0.0:5514',
      tcp: '0.0.0.0:5514',
      devices: [{ id: 'fw1', messages: 40, reports: 2, readings: 1, lastReport: '2026-11-23T13:59:00.000Z' }],
      unknown: [{ address: '198.51.100.7', messages: 3 }],
    },
    findings: [
      {
        key: 'onboarding/fw1',
        code: 'ONBOARDING_REPORT',
        severity: 'info',
        severityBecause: 'info: onboarding until 2026-12-31T00:00:00.000Z, 2 held back',
        device: 'fw1',
        summary: 'medium UNPLANNED_OPENING lan → 192.0.2.10 tcp 8080',
        windows: [],
        firstSeen: finding.firstSeen,
        lastSeen: finding.lastSeen,
        count: 1,
        details: [
          'medium UNPLANNED_OPENING lan → 192.0.2.10 tcp 8080',
          'low UNPLANNED_OPENING lan → 192.0.2.10 tcp 443',
        ],
      },
    ],
  },
  'left-open': {
    devices: pacsBlind,
    undeclared: [
      opening,
      {
        id: 'li-1',
        device: 'pacs',
        kind: 'listener',
        summary: 'sshd listens on any tcp 22',
        severity: 'medium',
        because: 'SSH 22 high, one level lower',
        certainty: 'possible',
        conditions: ['the set admins was not read'],
      },
    ],
    missing: [
      {
        id: 'mi-1',
        device: 'fw1',
        kind: 'rule',
        summary: 'lan → 192.0.2.123 udp 123',
        severity: 'low',
        because: 'low: a declared flow is cut',
      },
    ],
    findings: [
      finding,
      {
        key: 'blind/pacs',
        code: 'GUARD_BLIND',
        severity: 'low',
        severityBecause: 'low: blind for 10 min',
        device: 'pacs',
        summary: 'ss: permission denied',
        windows: ['INT-4711'],
        firstSeen: finding.firstSeen,
        lastSeen: finding.lastSeen,
        count: 2,
        details: ['ss: permission denied'],
      },
    ],
  },
};

/** Words of a command line, with quotes as in a shell. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/'(?<quoted>[^']*)'|(?<plain>\S+)/g)].map(({ groups }) => groups!.quoted ?? groups!.plain!);
}

/** Plays the questions of a transcript, and gives the transcript as it should have been. */
async function play(name: string, text: string): Promise<string> {
  const { ask, close } = await guarded(scenes[name]);
  const out: string[] = [];
  for (const { groups } of text.matchAll(/^\$ (?<line>.+)$/gm)) {
    const line = groups!.line!;
    const { code, stdout, stderr } = await ask(...words(line));
    out.push(`$ ${line}\n${stdout}${stderr}exit code ${code}\n`);
  }
  await close();
  // A capture's path is shown in full; where the repository lies is nobody's business.
  return out.join('\n').replaceAll(process.cwd(), '.');
}

describe('commands against a guard answer as in the transcript', () => {
  // Who asks is whoever runs the tests, unless sudo says who it was.
  const asks = process.env.SUDO_USER;
  beforeAll(() => {
    process.env.SUDO_USER = 'garde';
  });
  afterAll(() => {
    if (asks === undefined) delete process.env.SUDO_USER;
    else process.env.SUDO_USER = asks;
  });

  test('which there is one of for every scene', () => {
    expect(readdirSync(folder).sort()).toEqual(
      Object.keys(scenes)
        .map((name) => `${name}.txt`)
        .sort(),
    );
  });

  test.each(Object.keys(scenes))('%s', async (name) => {
    const file = join(folder, `${name}.txt`);
    const text = readFileSync(file, 'utf8');
    const played = await play(name, text);
    // ECLUSE_WRITE_TRANSCRIPTS=1 writes them anew, to be read in the difference.
    if (process.env.ECLUSE_WRITE_TRANSCRIPTS === '1') writeFileSync(file, played);
    else expect(played).toBe(text);
  });
});
