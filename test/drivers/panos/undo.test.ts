import { describe, expect, test } from '@jest/globals';
import { undoWith } from '../../../agent/app/undo.js';
import type { UndoRequest } from '../../../agent/drivers/contract.js';
import { driver } from '../../../agent/drivers/panos/index.js';
import { compare } from '../../../agent/exposure/index.js';
import type { Device } from '../../../agent/model/index.js';

function read(lines: readonly string[]): Device {
  const sections = [{ name: 'config', source: 'config', text: `${lines.join('\n')}\n` }];
  const result = driver.read({ driver: 'panos', device: 'fw', sections }, { device: 'fw' });
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const zones = [
  'set network interface ethernet ethernet1/1 layer3 ip 203.0.113.1/24',
  'set network interface ethernet ethernet1/2 layer3 ip 192.0.2.1/24',
];
const zonesOf = (system: string): readonly string[] => [
  `set ${system}zone outside network layer3 ethernet1/1`,
  `set ${system}zone inside network layer3 ethernet1/2`,
];

function rule(path: string, name: string, words: Readonly<Record<string, string>> = {}): readonly string[] {
  const all = { from: 'outside', to: 'inside', source: 'any', destination: 'any', application: 'any', service: 'any' };
  return Object.entries({ ...all, action: 'allow', ...words }).map(
    ([key, value]) => `set ${path} rules ${name} ${key} ${value}`,
  );
}

const security = 'rulebase security';
const web = rule(security, '"the web"', { destination: '192.0.2.80', service: 'service-https' });
const shut = rule(security, 'shut', { destination: '[ 192.0.2.0/25 192.0.2.128/26 ]', action: 'deny' });
const dns = rule(security, 'dns', { destination: '192.0.2.53', 'log-setting': 'central' });
const base = [...zones, ...zonesOf(''), ...web, ...shut, ...dns];

/** What a firewall does with the lines that are typed, as far as they are those of an undo. */
function typed(config: readonly string[], commands: string): readonly string[] {
  let lines = [...config];
  const isOf = (prefix: string) => (line: string) => line === `set ${prefix}` || line.startsWith(`set ${prefix} `);
  for (const command of commands.split('\n')) {
    const move = /^move (?<path>.* rules) (?<name>"[^"]*"|\S+) (?:before (?<other>"[^"]*"|\S+)|bottom)$/.exec(
      command,
    )?.groups;
    if (command.startsWith('set ')) lines.push(command);
    else if (command.startsWith('delete ')) lines = lines.filter((line) => !isOf(command.slice(7))(line));
    else if (move) {
      const own = lines.filter(isOf(`${move.path} ${move.name}`));
      const rest = lines.filter((line) => !own.includes(line));
      const at = move.other === undefined ? rest.length : rest.findIndex(isOf(`${move.path} ${move.other}`));
      lines = [...rest.slice(0, at), ...own, ...rest.slice(at)];
    } else expect(command).toBe('commit');
  }
  return lines;
}

/** What undoes each edit that let something in. */
function undone(before: readonly string[], after: readonly string[]): readonly string[] {
  const [was, is] = [read(before), read(after)];
  const { undeclared } = compare(is.pipeline, { pipeline: was.pipeline });
  expect(undeclared.length).toBeGreaterThan(0);
  const undo = undoWith([is.pipeline, was.pipeline], [driver]);
  return [...new Set(undeclared.map(({ because }) => undo(because!) ?? 'nothing'))];
}

const vendor = rule(security, 'vendor', { service: 'any' });

describe('what was typed is untyped, and nothing is open any more', () => {
  test.each<[string, readonly string[], readonly string[], string]>([
    [
      'a rule',
      base,
      [...base, ...vendor.map((line) => line.replaceAll('to inside', 'to any'))],
      'delete rulebase security rules vendor\ncommit',
    ],
    [
      'a rule before all',
      base,
      [...zones, ...zonesOf(''), ...vendor, ...web, ...shut, ...dns],
      'delete rulebase security rules vendor\ncommit',
    ],
    [
      'a rule that stopped it and is gone',
      base,
      base.filter((line) => !line.includes(' rules shut ')),
      [
        'set rulebase security rules shut from outside',
        'set rulebase security rules shut to inside',
        'set rulebase security rules shut source any',
        'set rulebase security rules shut destination [ 192.0.2.0/25 192.0.2.128/26 ]',
        'set rulebase security rules shut application any',
        'set rulebase security rules shut service any',
        'set rulebase security rules shut action deny',
        'move rulebase security rules shut before dns',
        'commit',
      ].join('\n'),
    ],
    [
      'a rule that was widened',
      base,
      base.map((line) => line.replace('"the web" destination 192.0.2.80', '"the web" destination any')),
      'delete rulebase security rules "the web" destination\nset rulebase security rules "the web" destination 192.0.2.80\ncommit',
    ],
    [
      'a rule that was turned round',
      base,
      base.map((line) => line.replace('shut action deny', 'shut action allow')),
      'set rulebase security rules shut action deny\ncommit',
    ],
    [
      'a rule that was switched on',
      [...base, ...rule(security, 'old', { to: 'any', disabled: 'yes' })],
      [...base, ...rule(security, 'old', { to: 'any' })],
      'set rulebase security rules old disabled yes\ncommit',
    ],
    [
      'a rule that was put to the end',
      base,
      [...zones, ...zonesOf(''), ...web, ...dns, ...shut],
      'move rulebase security rules shut before dns\ncommit',
    ],
    [
      'a rule of one system of several',
      [...zones, ...zonesOf('vsys vsys2 '), 'set vsys vsys1 zone a network layer3 ethernet1/9'],
      [
        ...zones,
        ...zonesOf('vsys vsys2 '),
        'set vsys vsys1 zone a network layer3 ethernet1/9',
        ...rule('vsys vsys2 rulebase security', 'vendor'),
      ],
      'delete vsys vsys2 rulebase security rules vendor\ncommit',
    ],
    [
      'what holds between zones',
      [...base, 'set rulebase default-security-rules rules interzone-default action deny'],
      [...base, 'set rulebase default-security-rules rules interzone-default action allow'],
      'set rulebase default-security-rules rules interzone-default action deny\ncommit',
    ],
    [
      'a service of the device itself',
      [...base, 'set deviceconfig system service disable-telnet yes'],
      [...base, 'set deviceconfig system service disable-telnet no'],
      'set deviceconfig system service disable-telnet yes\ncommit',
    ],
    [
      'a service of the device on an interface',
      [
        ...base,
        'set network interface ethernet ethernet1/1 layer3 interface-management-profile out',
        'set network profiles interface-management-profile out ping yes',
      ],
      [
        ...base,
        'set network interface ethernet ethernet1/1 layer3 interface-management-profile out',
        'set network profiles interface-management-profile out ping yes',
        'set network profiles interface-management-profile out ssh yes',
      ],
      'set network profiles interface-management-profile out ssh no\ncommit',
    ],
  ])('%s', (_, before, after, expected) => {
    const commands = undone(before, after);
    expect(commands).toEqual([expected]);
    const again = typed(after, expected);
    const { undeclared, closed } = compare(read(again).pipeline, { pipeline: read(before).pipeline, withClosed: true });
    expect([undeclared, closed]).toEqual([[], []]);
  });

  test('a rule of a manager is undone on it, and pushed', () => {
    const template = 'set template all config devices localhost.localdomain';
    const groups = [
      'set device-group "the wards" devices 007',
      'set device-group lab devices 008',
      `${template} vsys vsys1 zone outside network layer3 ethernet1/1`,
      `${template} vsys vsys1 zone inside network layer3 ethernet1/2`,
      'set template-stack everybody templates all',
      'set template-stack everybody devices [ 007 008 ]',
    ];
    const added = (path: string): readonly string[] => undone(groups, [...groups, ...rule(path, 'vendor')]);
    expect(added('device-group "the wards" pre-rulebase security')).toEqual([
      'delete device-group "the wards" pre-rulebase security rules vendor\ncommit\nthen push to the device group "the wards"',
    ]);
    expect(added('shared post-rulebase security')).toEqual([
      'delete shared post-rulebase security rules vendor\ncommit\nthen push to all device groups',
    ]);
  });

  test('a rule that was pushed is undone where it came from', () => {
    const pushed = rule('policy panorama pre-rulebase security', 'vendor');
    expect(undone([...base, 'set policy panorama tag a color color1'], [...base, ...pushed])[0]).toMatch(
      /^on Panorama, which pushed it: delete the rule vendor /,
    );
  });
});

describe('what an intruder may have chosen', () => {
  const origin = (text: string, name = text.split('; ')[0]!, place = 'vsys1/') => ({
    file: 'x',
    line: 1,
    rule: `${place}${name}`,
    text,
  });
  test.each<[string, Partial<UndoRequest>, string | undefined]>([
    [
      'a name that looks like a kind',
      { rule: origin('nat foo; from any') },
      'delete rulebase security rules "nat foo"\ncommit',
    ],
    ['a kind and a name', { rule: origin('foo; from any', 'nat foo') }, 'delete rulebase nat rules foo\ncommit'],
    ['a command in a name', { rule: origin('a$(reboot); from any') }, undefined],
    ['a quote in a name', { rule: origin('a" commit; from any') }, undefined],
    ['a line end in a name', { rule: origin('a\ncommit; from any') }, undefined],
    ['a command in a value', { edit: 'removed', rule: origin('a; from any; source-user "x`id`"') }, undefined],
    [
      'another platform’s rule',
      { rule: { file: 'x', line: 1, rule: 'filter/INPUT rule 1', text: '-A INPUT -j ACCEPT' } },
      undefined,
    ],
    [
      'a rule without words',
      { rule: { file: 'x', line: 1, rule: 'vsys1/interzone-default', text: 'interzone-default: deny' } },
      undefined,
    ],
  ])('%s', (_, request, expected) => {
    const whole = { edit: 'added', list: 'vsys1/security', ...request } as UndoRequest;
    expect(driver.undo?.(whole)).toBe(expected);
  });
});
