import { describe, expect, test } from '@jest/globals';
import { compare } from '../../../agent/exposure/index.js';
import type { Device } from '../../../agent/model/index.js';
import { readSections, sectionsOf } from './support.js';

const sections = sectionsOf('edge');
const told = sections.find(({ name }) => name === 'failover-state')!.text;

function read(failover: string, running?: (text: string) => string): Device {
  const result = readSections(
    sections.map((one) => ({
      ...one,
      text:
        one.name === 'failover-state'
          ? failover
          : one.name === 'running-config' && running
            ? running(one.text)
            : one.text,
    })),
  );
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

describe('the pair of an ASA', () => {
  test('says who answered, and that the other was not read', () => {
    const { availability, coverage } = read(told);
    expect(availability).toMatchObject({
      member: 'primary',
      members: [
        { name: 'primary', role: 'active' },
        { name: 'secondary', role: 'standby' },
      ],
      origin: { file: 'failover-state', line: 1, rule: 'failover', text: 'Failover On' },
    });
    expect(coverage.notCovered.join()).toContain('Read was the member primary, and not secondary (standby)');
    expect(coverage.lines.filter(({ state }) => state === 'unrecognized')).toEqual([]);
  });

  test('after a failover another member answers, and nothing has changed', () => {
    const swapped = told
      .replace('Failover unit Primary', 'Failover unit Secondary')
      .replace('This host: Primary', 'This host: Secondary')
      .replace('Other host: Secondary', 'Other host: Primary');
    const unit = (name: string) => (text: string) =>
      text.replace(/^(?=access-group )/m, `failover\nfailover lan unit ${name}\n`);
    const [before, after] = [read(told, unit('primary')), read(swapped, unit('secondary'))];
    expect([before.availability!.member, after.availability!.member]).toEqual(['primary', 'secondary']);
    const both = compare(after.pipeline, { pipeline: before.pipeline, withClosed: true });
    expect([both.undeclared, both.closed]).toEqual([[], []]);
    const facts = ({ facts: list }: Device) => list.map(({ kind, subject, value }) => [kind, subject, value]);
    expect(facts(after)).toEqual(facts(before));
  });

  const groups = `Failover On
  This host:    Secondary
  Group 1       State:          Standby Ready
                Active time:    10 (sec)
  Group 2       State:          Active
                Active time:    2896 (sec)
  Other host:   Primary
  Group 1       State:          Active
  Group 2       State:          Standby Ready
`;
  test.each<[string, string, object]>([
    ['one has failed', told.replace('Standby Ready', 'Failed'), { members: [{ role: 'active' }, { role: 'failed' }] }],
    [
      'one takes the configuration over',
      told.replace('Standby Ready', 'Sync Config'),
      { members: [{}, { role: 'standby' }], outOfStep: 'secondary is in Sync Config' },
    ],
    ['one says what nobody knows', told.replace('Standby Ready', 'Dreaming'), { members: [{}, { role: 'unknown' }] }],
    [
      'contexts stand in groups',
      groups,
      {
        member: 'secondary',
        members: [
          { name: 'secondary', role: 'active' },
          { name: 'primary', role: 'active' },
        ],
      },
    ],
  ])('%s', (_, text, expected) => expect(read(text).availability).toMatchObject(expected));

  test.each(['Failover Off\n', '', 'Failover On\nand nothing else\n'])('%j is no pair', (text) => {
    expect(read(text).availability).toBeUndefined();
  });
});
