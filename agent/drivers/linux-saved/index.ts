/**
 * drivers/linux-saved: the rules that a Linux machine would load at its next start: /etc/nftables.conf with what it
 * includes, the files of netfilter-persistent, ufw, and the permanent configuration of firewalld. What is in them is read by
 * the drivers that read such text; here it is found, put together, and said who would load it.
 */
import { failure, problemText, type Result, success } from '../../lib/result.js';
import type { Device } from '../../model/index.js';
import type { Capture, Driver, SavedCapture, SavedRules, Section } from '../contract.js';
import { coverageBuilder, linesOf } from '../shared/coverage.js';
import { dialogue, UFW_RULES } from './dialogue.js';
import { firewalldLoads } from './firewalld.js';
import { firewalldOf } from './firewalld-config.js';
import { identify } from './identify.js';
import { enabledLoaders, type Loader } from './loaders.js';
import { expanded, type Files, filesOf, numberedFilesOf, type Placed } from './nft.js';
import { settingsOf, ufwSave } from './ufw.js';

const FOLDERS: readonly string[] = ['nftables-d', 'nftables-folder'];
const LISTS: readonly string[] = ['systemd', 'openrc', 'sysv'];
const names: ReadonlySet<string> = new Set(dialogue.steps.map(({ id }) => id));

function isAbsent({ failure }: Section): boolean {
  return failure !== undefined && /No such file or directory/.test(failure.problem.message);
}

/** What stands in the files is judged through the drivers that read it; here every line is only accounted for. */
function read({ device, sections }: Capture): Result<Device> {
  if (!sections.some(({ name }) => names.has(name))) {
    const place = sections[0] && { file: sections[0].source };
    const expected = 'the files from which a Linux machine loads its rules at its start, by the names of the dialogue';
    return failure({ code: 'NOT_THIS_PLATFORM', message: 'no saved rules are in this capture', ...place, expected });
  }
  const coverage = coverageBuilder();
  for (const section of sections) {
    if (!names.has(section.name)) coverage.notCovered(`${section.source} is not read by this driver.`);
    else if (section.failure && !isAbsent(section)) {
      const isSaid = section.failure.kind === 'missing-right' || section.failure.kind === 'exit-code';
      const say = isSaid ? coverage.notCovered : coverage.blind;
      say(`Rules that would come back at the next start: ${problemText(section.failure.problem)}.`);
    }
    for (const index of coverage.source(section.name, section.text, section.source).keys()) {
      coverage.mark(section.name, index + 1, LISTS.includes(section.name) ? 'irrelevant' : 'modelled');
    }
  }
  for (const sentence of savedRules(sections).notCovered) coverage.notCovered(sentence);
  return success({
    id: device,
    pipeline: { lists: [], bases: [], speaksOf: [] },
    listeners: [],
    facts: [],
    coverage: coverage.build(),
  });
}

function savedRules(sections: readonly Section[]): SavedRules {
  const { known, loaders } = enabledLoaders(sections);
  const text = (name: string): string | undefined => {
    const section = sections.find((one) => one.name === name);
    return section?.failure ? undefined : section?.text;
  };
  const captures: SavedCapture[] = [];
  const notCovered: string[] = [];
  const add = (loader: Loader, saved: Omit<SavedCapture, 'returnsWhen'>): void => {
    const start = loader === 'firewalld' ? 'at the next start or reload' : 'at the next start';
    if (loaders.has(loader)) captures.push({ ...saved, returnsWhen: `${start}, when ${loader} loads ${saved.what}` });
    else if (known) notCovered.push(`${saved.what}: nothing loads it at the start (${loader} is not enabled).`);
    else notCovered.push(`${saved.what}: whether something loads it at the start was not read.`);
  };
  const files = nftFiles(sections);
  for (const [id, path] of [
    ['nftables', '/etc/nftables.conf'],
    ['nftables-sysconfig', '/etc/sysconfig/nftables.conf'],
  ] as const) {
    if (text(id) === undefined) continue;
    const { lines, missing } = expanded(path, files);
    notCovered.push(...missing);
    add('nftables', {
      driver: 'nftables',
      what: path,
      whole: missing.length === 0,
      sections: [section('nft-text', lines)],
    });
  }
  for (const [loaders4, loaders6, v4, v6] of [
    ['netfilter-persistent', 'netfilter-persistent', 'rules-v4', 'rules-v6'],
    ['iptables', 'ip6tables', 'sysconfig-v4', 'sysconfig-v6'],
  ] as const) {
    for (const [loader, id, name] of [
      [loaders4, v4, 'iptables-save'],
      [loaders6, v6, 'ip6tables-save'],
    ] as const) {
      const saved = text(id);
      if (saved === undefined) continue;
      const path = dialogue.steps.find((step) => step.id === id)!.file!;
      const sets = text('ipsets');
      const setSection =
        sets === undefined || name !== 'iptables-save'
          ? []
          : [section('ipset-save', placedLines('/etc/iptables/ipsets', sets))];
      add(loader, {
        driver: 'iptables',
        what: path,
        whole: true,
        sections: [section(name, placedLines(path, saved)), ...setSection],
      });
    }
  }
  addUfw(text, add, notCovered);
  addFirewalld(sections, { add, notCovered, isLoaded: loaders.has('firewalld'), others: captures.length });
  if (!known) notCovered.push('What loads rules at the start of this machine was not found.');
  if (known && loaders.size === 0) {
    notCovered.push('Nothing known here loads rules at the start of this machine: what holds after one is not known.');
  }
  return { captures, notCovered };
}

interface Adding {
  readonly add: (loader: Loader, saved: Omit<SavedCapture, 'returnsWhen'>) => void;
  readonly notCovered: string[];
  readonly isLoaded: boolean;
  /** What else is loaded at the start: which of them comes first is not known. */
  readonly others: number;
}

function addFirewalld(sections: readonly Section[], { add, notCovered, isLoaded, others }: Adding): void {
  const textOf = (name: string): string => {
    const section = sections.find((one) => one.name === name);
    return section && (!section.failure || isAbsent(section)) ? section.text : '';
  };
  const own = filesOf(textOf('firewalld'));
  if (own.size === 0 && !isLoaded) return;
  const what = '/etc/firewalld';
  const { lines, direct, notRead } = firewalldLoads(firewalldOf(own, numberedFilesOf(textOf('firewalld-stock'))));
  const reasons = [
    ...(own.size === 0 ? ['it was not read'] : notRead),
    ...(others > 0 ? ['other rules are loaded besides, before it or after it'] : []),
  ];
  if (isLoaded) {
    for (const reason of reasons)
      notCovered.push(`${what}: what firewalld would let through after the next start is not known: ${reason}.`);
    notCovered.push(`${what}: interfaces that NetworkManager puts into zones are not read.`);
  }
  const whole = reasons.length === 0;
  add('firewalld', { driver: 'nftables', what, whole, sections: [section('nft-text', lines)] });
  const tables = [section('iptables-save', direct.ipv4), section('ip6tables-save', direct.ipv6)];
  const present = tables.filter(({ text }) => text !== '');
  if (present.length > 0)
    add('firewalld', { driver: 'iptables', what: `${what}/direct.xml`, whole, sections: present });
}

function addUfw(
  text: (name: string) => string | undefined,
  add: (loader: Loader, saved: Omit<SavedCapture, 'returnsWhen'>) => void,
  notCovered: string[],
): void {
  const switches = text('ufw');
  if (switches === undefined) return;
  if (settingsOf(switches).get('ENABLED')?.toLowerCase() !== 'yes') {
    notCovered.push('/etc/ufw: ufw is not enabled there, so nothing of it is loaded at the start.');
    return;
  }
  const defaults = settingsOf(text('ufw-defaults') ?? '');
  for (const family of ['ip4', 'ip6'] as const) {
    if (family === 'ip6' && defaults.get('IPV6')?.toLowerCase() === 'no') continue;
    const suffix = family === 'ip4' ? '' : '6';
    const found = UFW_RULES.map((name) => ({
      path: `/etc/ufw/${name}${suffix}.rules`,
      text: text(`ufw-${name}${suffix}`),
    }));
    const whole = found.every((one) => one.text !== undefined);
    const lines = ufwSave(
      found.flatMap(({ path, text: rules }) => (rules === undefined ? [] : [{ path, text: rules }])),
      defaults,
      family,
    );
    const name = family === 'ip4' ? 'iptables-save' : 'ip6tables-save';
    add('ufw', { driver: 'iptables', what: `/etc/ufw/*${suffix}.rules`, whole, sections: [section(name, lines)] });
  }
}

function nftFiles(sections: readonly Section[]): Files {
  const files = new Map<string, readonly string[]>();
  for (const { name, text, failure } of sections) {
    if (FOLDERS.includes(name)) for (const [path, lines] of filesOf(text)) files.set(path, lines);
    const path = dialogue.steps.find((step) => step.id === name)?.file;
    if (path !== undefined && !failure) files.set(path, linesOf(text));
  }
  return files;
}

function placedLines(file: string, text: string): readonly Placed[] {
  return linesOf(text).map((line, index) => ({ file, line: index + 1, text: line }));
}

function section(name: string, lines: readonly Placed[]): SavedCapture['sections'][number] {
  return {
    name,
    text: lines.map(({ text }) => `${text}\n`).join(''),
    places: lines.map(({ file, line }) => ({ file, line })),
  };
}

export const driver: Driver = {
  id: 'linux-saved',
  title: 'rules that are loaded at the next start (Linux)',
  platform: 'linux',
  versions: 'nftables.service, netfilter-persistent, iptables-services, ufw 0.36, firewalld 1.0–1.3',
  models: [
    '/etc/nftables.conf with what it includes, rules.v4 and rules.v6, ufw, firewalld, where the machine loads them at its start',
    'compared with what holds now: what would come back is told as latent',
  ],
  identify,
  dialogue,
  secrets: [],
  volatile: [],
  read,
  saved: ({ sections }) => savedRules(sections),
};
