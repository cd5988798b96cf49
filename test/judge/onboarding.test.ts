import { describe, expect, test } from '@jest/globals';
import { coverageOf } from '../../agent/judge/index.js';
import { guardOf, hospital, minute, subject } from '../support/guard.js';

const UNTIL = 600;

function onboarding(until = UNTIL) {
  return guardOf({ devices: { ...hospital, fw: { kind: 'fw', onboardingUntil: minute(until) } } });
}

const web = subject({ id: 'web', src: '10.9.0.0/16', ports: '8080' });
const vnc = subject({ id: 'vnc', src: 'internet', dst: 'pacs', ports: '104' });
const lan = subject({ id: 'lan', src: '10.1.0.0/16', dst: 'web', ports: '443' });

describe('a device that is new', () => {
  test('gives one report of what is open, worst first, and tells the rest at its end', () => {
    const guard = onboarding();
    guard.read(0, 'fw', lan, web);
    expect(guard.rows()).toEqual(['0 ONBOARDING_REPORT fw info']);
    expect(guard.finding('onboarding/fw')?.details).toEqual([
      'medium UNPLANNED_OPENING 10.9.0.0/16 → web tcp 8080',
      'low UNPLANNED_OPENING 10.1.0.0/16 → web tcp 443',
    ]);
    for (let at = 5; at < 100; at += 5) guard.read(at, 'fw', lan, web);
    expect(guard.events).toHaveLength(1);
    guard.tick(UNTIL);
    expect(guard.rows().slice(1)).toEqual([
      `${UNTIL} UNPLANNED_OPENING lan low`,
      `${UNTIL} UNPLANNED_OPENING web medium`,
      `${UNTIL} RESOLVED fw info`,
    ]);
    expect(guard.finding('fw/lan')?.firstSeen).toBe(minute(0));
  });

  test('tells what is critical and open to the internet at once', () => {
    const guard = onboarding();
    guard.read(0, 'fw', vnc, web);
    expect(guard.rows()).toEqual(['0 UNPLANNED_OPENING vnc critical', '0 ONBOARDING_REPORT fw info']);
    expect(guard.finding('onboarding/fw')?.details).toHaveLength(1);
    guard.read(5, 'fw', web);
    expect(guard.rows().at(-1)).toBe('5 RESOLVED vnc info');
    const engine = subject({ id: 'off', kind: 'engine', dst: 'any', proto: 'any', ports: 'any' });
    guard.read(10, 'fw', web, engine);
    expect(guard.rows().at(-1)).toBe('10 UNPLANNED_OPENING off critical');
  });

  test('a critical rule between inside networks waits; it is told once it is opened to the internet', () => {
    const inside = (src: string) => subject({ id: 'any', src, dst: 'pacs', proto: 'any', ports: 'any', set: src });
    const guard = onboarding();
    guard.read(0, 'fw', inside('10.1.0.0/16'));
    expect(guard.rows()).toEqual(['0 ONBOARDING_REPORT fw info']);
    expect(guard.finding('onboarding/fw')?.details?.[0]).toMatch(/^critical UNPLANNED_OPENING/);
    guard.read(5, 'fw', inside('internet'));
    expect(guard.rows().at(-1)).toBe('5 UNPLANNED_OPENING any critical');
  });

  test('is worked on in a window: that is judged as ever', () => {
    const guard = onboarding();
    guard.read(0, 'fw', web);
    guard.plan({ start: 10, end: 60, scope: [{ dst: 'web' }] });
    guard.open(10);
    guard.read(20, 'fw', web, lan);
    guard.tick(80);
    expect(guard.rows().slice(1)).toEqual([
      '20 IN_WINDOW_CHANGE lan info',
      '75 LEFT_OPEN lan low',
      expect.stringMatching(/WINDOW_NOT_CLOSED W medium$/),
    ]);
  });

  test('keeps its report up to date without telling it again, through restarts too', () => {
    const guard = onboarding();
    guard.read(0, 'fw', web);
    guard.read(5, 'fw', web, lan);
    expect(guard.finding('onboarding/fw')).toMatchObject({
      severityBecause: expect.stringMatching(/2 held back$/),
      details: [expect.anything(), expect.anything()],
    });
    guard.observe(10, 'fw', { declared: [web, lan] });
    expect(guard.finding('onboarding/fw')?.details).toEqual([]);
    guard.tick(UNTIL);
    expect(guard.rows()).toEqual(['0 ONBOARDING_REPORT fw info', `${UNTIL} RESOLVED fw info`]);
  });

  test('is not reported before a complete reading, and a waived opening is in no report', () => {
    const guard = onboarding();
    guard.observe(0, 'fw', { undeclared: [web], blind: ['line 7 not understood'] });
    expect(guard.rows()).toEqual([]);
    guard.waive(1, 'lan', 5000);
    guard.read(5, 'fw', web, lan);
    expect(guard.finding('onboarding/fw')?.details).toHaveLength(1);
    guard.tick(UNTIL);
    expect(guard.rows().slice(1)).toEqual([`${UNTIL} UNPLANNED_OPENING web medium`, `${UNTIL} RESOLVED fw info`]);
  });

  test('no clean word is said of it meanwhile', () => {
    const guard = onboarding();
    guard.read(0, 'fw', web, lan);
    expect(coverageOf(guard.state, guard.context, ['fw']).notCovered[0]).toBe(
      `fw: onboarding until ${new Date(minute(UNTIL)).toISOString()}, 2 not judged before`,
    );
    expect(coverageOf(guard.state, guard.context, ['web']).notCovered.join()).not.toContain('onboarding');
    guard.tick(UNTIL);
    expect(coverageOf(guard.state, guard.context, ['fw']).notCovered.join()).not.toContain('onboarding');
  });

  test('what was told before an onboarding was set goes on', () => {
    const before = guardOf();
    before.read(0, 'fw', web);
    const guard = onboarding();
    Object.assign(guard.state, before.state);
    guard.read(5, 'fw', web, lan);
    expect(guard.finding('fw/web')?.resolvedAt).toBeUndefined();
    expect(guard.rows()).toEqual(['5 ONBOARDING_REPORT fw info']);
    expect(guard.finding('onboarding/fw')?.details).toHaveLength(1);
  });
});
