import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Fixture, parseFixture, type ReplayResult, replay } from '../../agent/app/replay.js';
import { openStore } from '../../agent/store/index.js';
import { guardOf, subject } from '../support/guard.js';
import { memoryStore } from '../support/memory-store.js';
import { rules } from '../support/services.js';

const folder = join('test', 'scenarios');
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

function load(name: string): Fixture {
  const fixture = parseFixture(readFileSync(join(folder, name), 'utf8'), name);
  if (!fixture.ok) throw new Error(fixture.error.message);
  return fixture.value;
}

describe('the seed incidents, replayed', () => {
  test('all thirteen are here', () => expect(files).toHaveLength(13));

  test.each(files)('%s', (name) => {
    const result = replay(load(name), { store: memoryStore(), rules: rules() });
    expect(result.findings).toEqual(result.expected);
    expect(result.differences).toEqual([]);
    expect(result.equal).toBe(true);
  });
});

const quiet =
  (...ids: readonly string[]) =>
  ({ events }: ReplayResult): boolean =>
    events.every(({ finding, severity }) => severity === 'info' || !ids.includes(finding.subjectId));
const silent = ({ events }: ReplayResult): boolean => events.length === 0;
const notTold =
  (code: string, until: string) =>
  ({ events }: ReplayResult): boolean =>
    events.every((event) => event.code !== code || event.at >= Date.parse(until));
const says =
  (text: string) =>
  (result: ReplayResult): boolean =>
    silent(result) && result.coverage.notCovered.includes(text);
const nothingOn =
  (day: string) =>
  ({ findings }: ReplayResult): boolean =>
    findings.every((row) => !row.t.startsWith(day));
/** About something that is no rule, listener or engine, so that no fixture can hold it: nothing else may be told. */
const onlyAbout =
  (...ids: readonly string[]) =>
  ({ events }: ReplayResult): boolean =>
    events.every(({ finding }) => ids.includes(finding.subjectId));

/** What must stay unsaid, line by line as the fixtures write it. */
const unsaid: Readonly<Record<string, (result: ReplayResult) => boolean>> = {
  'rename of the antivirus service': onlyAbout('tv', 'fwd', 'W1'),
  'antivirus update egress already in the baseline': onlyAbout('tv', 'fwd', 'W1'),
  "anything; the window report must print 'not covered: removable media, third-party premises, search engines'": says(
    'removable media, third-party premises, search engines',
  ),
  'b-vpn and l-web, in the baseline': quiet('b-vpn', 'l-web'),
  'any LEFT_OPEN before 12:15': notTold('LEFT_OPEN', '2016-02-16T12:15:00+01:00'),
  'a second LEFT_OPEN with a new key on 17 Feb (reminders only)': ({ events }) =>
    new Set(events.filter(({ code }) => code === 'LEFT_OPEN').map(({ finding }) => finding.key)).size === 1 &&
    events
      .filter(({ at }) => new Date(at).toISOString().startsWith('2016-02-17'))
      .every(({ kind, row }) => kind === 'remind' && !row),
  'tmp: opened in scope and removed in time': quiet('tmp'),
  '12:20: extension to 13:00 is approved': nothingOn('2016-02-16T12:20'),
  "after 12:45: state equals the baseline; the hook answers 'closed, baseline restored'": ({ findings, open }) =>
    findings.every((row) => row.t <= '2016-02-16T12:45:00+01:00') && open.length === 0,
  'b-partner: one declared /32': quiet('b-partner'),
  'b-mod: internal modality to PACS': quiet('b-mod'),
  'l1: declared': quiet('l1'),
  'b-8042 before its exception expires': ({ events }) =>
    events.every(({ finding, at }) => finding.subjectId !== 'b-8042' || at >= load(EXPOSED).exceptions[0]!.expires.at),
  'modalities sending studies to 104': quiet('b-mod', 'l1'),
  'ephemeral client ports of C-MOVE': onlyAbout('orth', 'jdwp', 'pub', 'W1'),
  'b-vpn': quiet('b-vpn'),
  'no event on 26 June: the attack itself leaves firewall and listeners unchanged': nothingOn('2025-06-26'),
  "anything; coverage text: 'authenticated misuse of a declared service is outside this control'": says(
    'authenticated misuse of a declared service is outside this control',
  ),
  'b-hds: approved host': quiet('b-hds'),
  "anything; coverage text: 'destinations behind the general proxy are not judged; import proxy categories to cover them'":
    says('destinations behind the general proxy are not judged; import proxy categories to cover them'),
  'l-sip': quiet('l-sip'),
  'b-pub and l1': quiet('b-pub', 'l1'),
};
const EXPOSED = 'S3a-pacs-in-baseline.yaml';

describe('what must not be told', () => {
  const lines = files.flatMap((name) => load(name).mustNotAlarm.map((line) => [name, line] as const));

  test.each(lines)('%s: %s', (name, line) => {
    expect(Object.keys(unsaid)).toContain(line);
    expect(unsaid[line]!(replay(load(name), { store: memoryStore(), rules: rules() }))).toBe(true);
  });

  test('every check is about a line that a fixture has', () => {
    expect(Object.keys(unsaid).filter((line) => !lines.some(([, written]) => written === line))).toEqual([]);
  });
});

describe('through the store that the daemon uses', () => {
  const opened = () => {
    const store = openStore({ path: ':memory:' });
    if (!store.ok) throw new Error(store.error.message);
    return store.value;
  };

  test.each(files)('%s: the same, event for event', (name) => {
    const store = opened();
    const kept = replay(load(name), { store: store.judge, rules: rules() });
    const written = replay(load(name), { store: memoryStore(), rules: rules() });
    store.close();
    expect(kept.findings).toEqual(kept.expected);
    expect(kept.events).toEqual(written.events);
  });

  test('a declared flow that is partly cut is kept both as declared and as missing', () => {
    const guard = guardOf();
    const previous = guard.state;
    const flow = subject({ id: 'flow', ports: '443' });
    const step = guard.observe(0, 'fw', { declared: [flow], missing: [flow] });
    const store = opened();
    store.judge.commit({ previous, next: step.state, events: step.events, at: step.state.judgedUpTo });
    expect(store.judge.load()).toEqual(step.state);
    store.close();
  });
});
