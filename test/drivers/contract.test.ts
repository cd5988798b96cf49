import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stepOfSection } from '../../agent/collect/capture.js';
import type { Section } from '../../agent/drivers/contract.js';
import { linesOf } from '../../agent/drivers/shared/coverage.js';
import type { Device } from '../../agent/model/index.js';
import { capture, allDrivers as drivers, recordingsOf } from './recorded.js';

/** What every driver keeps, whatever the platform. */

function file(text: string, name = 'imported'): readonly Section[] {
  return [{ name, source: name, text }];
}

/** A clean model claims to have seen everything: nothing blind, no line that was not understood. */
function isClean(device: Device): boolean {
  return device.coverage.blind.length === 0 && device.coverage.lines.every(({ state }) => state !== 'unrecognized');
}

const refining: ReadonlySet<string> = new Set(
  drivers.flatMap(({ dialogue }) => dialogue.steps.filter(({ refines }) => refines !== undefined).map(({ id }) => id)),
);

/** Each line of each section in exactly one state. */
function expectEachLineOnce({ coverage: { lines } }: Device, sections: readonly Section[]): void {
  const keys = lines.map(({ file: name, line }) => `${name}:${line}`);
  expect(new Set(keys).size).toBe(keys.length);
  for (const section of sections) {
    const covered = lines.filter(({ file: name }) => name === section.name || name === section.source);
    expect(covered.map(({ line }) => line)).toEqual(covered.map((_, index) => index + 1));
    // A JSON text may be covered by its entries, and what refines a listing by the rules that both have.
    if (/^\s*[[{]/.test(section.text) || refining.has(section.name)) continue;
    expect([section.name, covered.length]).toEqual([section.name, linesOf(section.text).length]);
  }
}

const programsThatOnlyRead =
  /^(?:nft|ip6?tables(?:-nft|-legacy)?-save|ipset|ss|ip|sysctl|cat|grep|ls|findmnt|getent|hostname|uname|stat|readlink|show|get|netstat|lsof|docker|podman|tc|bpftool|conntrack|lsns|nsenter|wg|find)$/;
const wordsThatChange =
  /^(?:-[ADIRNXPFZE]|--(?:append|delete|insert|replace|flush|zero|policy|rename-chain)|add|del|delete|destroy|create|flush|set|insert|replace|restore|swap|rename|reset|up|down)$/;

/** The console of commands of Stormshield: nouns, the verb that shows them, and fields. Nothing else is ever asked. */
const nsrpcThatOnlyReads =
  /^(?:CONFIG (?:[A-Z0-9]+ )+(?:EXPLICIT|IMPLICIT|LIST|SHOW)|MONITOR FILTER|HA INFO|SYSTEM (?:PROPERTY|RIGHT LIST))(?: [a-z]+=[\w{}]+)*$/;

/** find lists, and may give what it found to a program that only reads; it can also delete and write files. */
function expectOnlyFinds(argv: readonly string[]): void {
  for (const [index, word] of argv.entries()) {
    expect(word).not.toMatch(/^-(?:delete|execdir|ok|okdir|fprint.*|fls)$/);
    if (word === '-exec') expect(argv[index + 1]).toMatch(/^(?:cat|grep)$/);
  }
}

describe.each(drivers.map((driver) => [driver.id, driver] as const))('driver %s', (id, driver) => {
  const own = recordingsOf(driver);

  test('names itself', () => {
    expect(id).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(driver.title).not.toBe('');
    expect(driver.versions).not.toBe('');
    expect(driver.models.length).toBeGreaterThan(0);
    expect(drivers.filter((other) => other.id === id)).toHaveLength(1);
  });

  test('has a dialogue that only reads, within limits, and says what to grant', () => {
    const { steps, monitors = [], glances = [] } = driver.dialogue;
    expect(new Set(steps.map((step) => step.id)).size).toBe(steps.length);
    for (const step of steps) {
      expect(step.id).toMatch(/^[a-z0-9][a-z0-9-]*$/);
      for (const argv of [step.argv, ...(step.alternatives ?? [])]) {
        const program = argv[0]?.split('/').at(-1) ?? '';
        if (id === 'stormshield') {
          expect(argv.join(' ')).toMatch(nsrpcThatOnlyReads);
          continue;
        }
        expect(program).toMatch(programsThatOnlyRead);
        if (program === 'find') expectOnlyFinds(argv);
        if (program !== 'grep') for (const word of argv.slice(1)) expect(word).not.toMatch(wordsThatChange);
      }
      expect(step.timeoutMsMax).toBeGreaterThan(0);
      expect(step.timeoutMsMax).toBeLessThanOrEqual(120_000);
      expect(step.bytesMax).toBeGreaterThan(0);
      expect(step.bytesMax).toBeLessThanOrEqual(256 * 1024 * 1024);
      if (step.refused) {
        expect(step.right?.capability).toBeTruthy();
        expect(step.right?.command).toBeTruthy();
      }
    }
    for (const argv of monitors) for (const word of argv) expect(word).not.toMatch(wordsThatChange);
    for (const { file, argv } of glances) {
      expect([file === undefined, argv === undefined]).toContain(true);
      expect(file ?? argv?.[0]).toBeTruthy();
      if (argv) expect(argv[0]).toMatch(programsThatOnlyRead);
      for (const word of argv ?? []) expect(word).not.toMatch(wordsThatChange);
    }
  });

  test('its patterns name their groups, and secrets have a value', () => {
    // What sed(1) leaves out on a device as well is written in its words, and those know no names.
    const volatile = driver.volatile.filter(({ onDevice }) => onDevice === undefined);
    const patterns = [...driver.secrets, ...volatile].map(({ pattern }) => pattern);
    for (const step of driver.dialogue.steps) if (step.refused) patterns.push(step.refused);
    for (const { source } of patterns) expect(source).not.toMatch(/(?<!\\)\((?!\?)/);
    for (const { pattern } of driver.secrets) expect(pattern.source).toContain('(?<value>');
  });

  test('does not take the recordings of others for its own', () => {
    for (const other of drivers.filter((one) => one.id !== id)) {
      for (const { name, sections } of recordingsOf(other)) {
        expect([other.id, name, driver.identify(sections)]).toEqual([other.id, name, 'no']);
      }
    }
  });

  test('knows its own recordings and reads them: every line once, twice the same', () => {
    for (const { sections } of own) {
      expect(driver.identify(sections)).not.toBe('no');
      const first = driver.read(capture(driver, sections), { device: 'device' });
      expect(driver.read(capture(driver, sections), { device: 'device' })).toEqual(first);
      if (!first.ok) continue;
      expectEachLineOnce(first.value, sections);
    }
  });

  test('a section that every reading has and this one lacks is blind, and not empty', () => {
    const { steps } = driver.dialogue;
    const isRequired = (name: string): boolean =>
      steps.some(({ id: step, need }) => step === name && need === 'required');
    for (const { name: recording, sections } of own) {
      for (const one of sections.filter(({ name }) => isRequired(name))) {
        const failure = { kind: 'missing-right', problem: { code: 'MISSING_RIGHT', message: 'refused' } } as const;
        const hidden = sections.map((section) => (section === one ? { ...section, text: '', failure } : section));
        const read = driver.read(capture(driver, hidden), { device: 'device' });
        expect([recording, one.name, read.ok && isClean(read.value)]).toEqual([recording, one.name, false]);
      }
    }
  });

  test('what it points at is there', () => {
    for (const { sections } of own) {
      const result = driver.read(capture(driver, sections), { device: 'device' });
      if (!result.ok) continue;
      const { lists, bases } = result.value.pipeline;
      const names = new Set(lists.map((list) => list.id));
      expect(names.size).toBe(lists.length);
      for (const base of bases) expect(names).toContain(base.list);
      for (const { rules } of lists) {
        for (const { origin, steps } of rules) {
          expect(origin.line).toBeGreaterThan(0);
          expect(origin.rule).not.toBe('');
          for (const step of steps)
            if (step.kind === 'jump' || step.kind === 'goto') expect(names).toContain(step.list);
        }
      }
    }
  });

  const strange: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['blank lines', '\n \n\t\n'],
    ['a letter', 'Dear colleague,\nthe firewall is fine.\nRegards\n'],
    ['NUL bytes', '\0'.repeat(500)],
    ['escape sequences', '\u001b[2J\u001b[31mERROR\u001b[0m\r\n'.repeat(50)],
    ['a web page', '<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>\n'],
    ['broken JSON', '{"nftables": [{"metainfo": {"version": "1.0.6"'],
    ['one very long line', 'x'.repeat(2_000_000)],
    [
      'names of Object.prototype',
      '__proto__ constructor toString\n*constructor\n:hasOwnProperty ACCEPT\n-A valueOf -j __proto__\nCOMMIT\n',
    ],
  ];

  test.each(strange)('does not throw on %s, and does not call it clean', (_, text) => {
    const names = [
      'imported',
      ...driver.dialogue.steps.filter((step) => step.need === 'required').map((step) => step.id),
    ];
    for (const name of names) {
      driver.identify(file(text, name));
      const result = driver.read(capture(driver, file(text, name)), { device: 'device' });
      // Emptiness is what a program prints where nothing is configured. Nobody recognises it in a file; whoever is
      // told to read it may take it for that.
      if (text.trim() === '') expect(driver.identify(file(text))).toBe('no');
      else if (result.ok) expect(isClean(result.value)).toBe(false);
    }
  });

  test('answers on 50 MB of nonsense and on 8 MB of its own kind', () => {
    const nonsense = 'lorem ipsum dolor sit amet 192.0.2.1\n';
    const result = driver.read(capture(driver, file(nonsense.repeat((50 * 1024 * 1024) / nonsense.length))), {
      device: 'device',
    });
    if (result.ok) expect(isClean(result.value)).toBe(false);
    const longest = own.flatMap(({ sections }) => sections).sort((a, b) => b.text.length - a.text.length)[0];
    if (!longest) return;
    const again = longest.text.repeat(Math.ceil((8 * 1024 * 1024) / longest.text.length));
    expect(() => driver.read(capture(driver, [{ ...longest, text: again }]), { device: 'device' })).not.toThrow();
  }, 60_000);

  test('a capture cut anywhere, or with garbage in it, is read without throwing', () => {
    const sections = own.flatMap((recording) => recording.sections).filter(({ text }) => text.length > 100);
    if (sections.length === 0) return;
    fc.assert(
      fc.property(fc.constantFrom(...sections), fc.nat(), fc.string(), (section, at, garbage) => {
        const where = at % section.text.length;
        for (const text of [
          section.text.slice(0, where),
          `${section.text.slice(0, where)}${garbage}${section.text.slice(where)}`,
        ]) {
          const read = driver.read(capture(driver, [{ ...section, text }]), { device: 'device' });
          if (read.ok) expectEachLineOnce(read.value, [{ ...section, text }]);
        }
      }),
      { seed: 20262, numRuns: 150 },
    );
  });

  test('a section that was not read whole never makes another model that is clean', () => {
    const failure = { kind: 'timeout', problem: { code: 'TIMEOUT', message: 'no answer in time' } } as const;
    for (const { sections } of own) {
      const whole = driver.read(capture(driver, sections), { device: 'device' });
      for (const broken of sections.filter(({ text }) => text !== '')) {
        const some = sections.map((section) => (section === broken ? { ...section, text: '', failure } : section));
        const result = driver.read(capture(driver, some), { device: 'device' });
        if (!result.ok || !isClean(result.value) || !whole.ok) continue;
        // Only what checks another section may be missing without a word here; what refines one, with one.
        const refines = stepOfSection(driver.dialogue, broken.name)?.refines !== undefined;
        const rest = sections.filter((section) => section !== broken);
        const without = refines ? driver.read(capture(driver, rest), { device: 'device' }) : whole;
        if (!without.ok) throw new Error(without.error.message);
        expect([broken.name, result.value.pipeline]).toEqual([broken.name, without.value.pipeline]);
        if (refines) expect(result.value.coverage.notCovered.join()).toContain(failure.problem.message);
        expect([broken.name, result.value.listeners]).toEqual([broken.name, whole.value.listeners]);
        expect([broken.name, result.value.facts]).toEqual([broken.name, whole.value.facts]);
      }
    }
  });

  test('two readings that differ in what changes by itself are one text', () => {
    const steady = (text: string): string =>
      driver.volatile.reduce(
        (rest, { pattern, replacement }) =>
          rest.replace(new RegExp(pattern, `${pattern.flags.replace('g', '')}g`), replacement),
        text,
      );
    for (const { text } of own.flatMap(({ sections }) => sections)) {
      const later = text
        .replace(/\[\d+:\d+\]/g, '[4711:815000]')
        .replace(/packets \d+ bytes \d+/g, 'packets 4711 bytes 815000')
        .replace(/^(?<head># (?:Generated|Completed).* on ).*$/gm, '$<head>Tue Dec  1 00:00:00 2026');
      expect(steady(later)).toBe(steady(text));
    }
  });
});
