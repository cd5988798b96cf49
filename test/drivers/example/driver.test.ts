import { describe, expect, test } from '@jest/globals';
import { driver } from '../../../agent/drivers/example/index.js';
import { compare } from '../../../agent/exposure/index.js';
import type { Device } from '../../../agent/model/index.js';
import { recordingsOf } from '../recorded.js';

/** What the template says of its three recordings, written out by hand before it was run: a recording is the test. */

function recorded(name: string, defaultsOf?: string): Device {
  const { sections } = recordingsOf(driver).find((one) => one.name === name)!;
  const context = { device: 'ward', ...(defaultsOf !== undefined && { defaultsOf }) };
  const read = driver.read({ driver: driver.id, device: 'ward', sections }, context);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

const openings = (device: Device): readonly string[] =>
  compare(device.pipeline).undeclared.map(
    ({ direction, permittedBy, certainty }) =>
      `${direction} ${permittedBy.kind === 'unfiltered' ? '' : permittedBy.origin.rule} ${certainty}`,
  );

describe('the template', () => {
  test('reads policies, local services, facts, the saved configuration and the pair', () => {
    const ward = recorded('ward');
    expect(ward.coverage.blind).toEqual([]);
    expect(new Set(openings(ward))).toEqual(
      new Set([
        'forward policy 10 possible',
        'forward policy 20 certain',
        'input local ssh certain',
        // Policy 30 stops everything before traffic within a zone would pass.
      ]),
    );
    expect(ward.facts.map(({ kind, subject }) => `${kind} ${subject}`)).toEqual([
      'administrator administrator maria',
      'logging log',
    ]);
    expect(ward.later).toEqual([expect.objectContaining({ kind: 'saved' })]);
    expect(ward.availability).toMatchObject({ member: 'a', members: [{ role: 'active' }, { role: 'standby' }] });
    expect(ward.version).toBe('2.4.1');
  });

  test('takes a default from the version, or from another where it is asked to', () => {
    expect(openings(recorded('version-3'))).toEqual(['forward policy 1 certain']);
    expect(openings(recorded('version-3', '2.4'))).toContain('forward within inside certain');
  });

  test('says what it did not understand, and claims nothing of a text without its end', () => {
    const { coverage, pipeline } = recorded('not-whole');
    expect(pipeline.speaksOf).toEqual([]);
    expect(coverage.blind).toEqual([
      'gate.cfg:5: not understood: policy 2',
      'gate.cfg: the address nowhere is referred to and is not in this capture',
      'gate.cfg: the configuration has no end: a part of it is missing',
      'gate.cfg: there is no “administrator” in it, and every configuration has one: it was not shown',
    ]);
  });

  test('shuts what was opened in its own words, and quotes nothing that could say more', () => {
    const origin = (text: string) => ({ file: 'running', line: 1, rule: 'policy 9', text });
    const text = 'policy 9 permit from a to b source any destination any service any';
    expect(driver.undo!({ edit: 'added', rule: origin(text), list: 'policy' })).toBe('no policy 9');
    expect(driver.undo!({ edit: 'added', rule: origin(`${text}; reload`), list: 'policy' })).toBeUndefined();
  });
});
