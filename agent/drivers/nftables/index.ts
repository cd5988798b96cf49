/**
 * drivers/nftables: how the ruleset of nftables is read, as text (complete but for iptables extensions) and as JSON
 * (a cross-check where there is text). Three passes: parse-text and parse-json → ast; extract; convert.
 */
import { failure, type Problem, type Result, success } from '../../lib/result.js';
import type { Device } from '../../model/index.js';
import type { Capture, DialogueStep, Driver, Identification, Section } from '../contract.js';
import { type CoverageBuilder, coverageBuilder } from '../shared/coverage.js';
import { convert } from './convert.js';
import { extract, type Ruleset } from './extract.js';
import { parseText } from './parse-text.js';

const right = {
  capability: 'CAP_NET_ADMIN',
  command: 'sudo setcap cap_net_admin+ep "$(command -v nft)"   # or run Écluse with AmbientCapabilities=CAP_NET_ADMIN',
};
const bounds = { need: 'required', timeoutMsMax: 5000, bytesMax: 64 * 1024 * 1024 } as const;
const refused = /Operation not permitted|you must be root/i;

const steps: readonly DialogueStep[] = [
  // -s leaves counters and remaining times out, so that two listings of one ruleset are one text.
  {
    id: 'nft-text',
    argv: ['nft', '-s', 'list', 'ruleset'],
    alternatives: [['/usr/sbin/nft', '-s', 'list', 'ruleset']],
    ...bounds,
    right,
    refused,
    package: 'nftables',
  },
  {
    id: 'nft-json',
    argv: ['nft', '-j', 'list', 'ruleset'],
    alternatives: [['/usr/sbin/nft', '-j', 'list', 'ruleset']],
    ...bounds,
    right,
    refused,
    package: 'nftables',
  },
];

const tablePattern = /^[ \t]*(?:add[ \t]+)?table[ \t]+(?:(?:ip6?|inet|bridge|netdev|arp)[ \t]+)?[\w./-]+[ \t]*\{/m;
const likelyPattern = /^(?:#!.*\bnft\b|[ \t]*(?:flush[ \t]+ruleset|add[ \t]+(?:table|chain|rule|set|element)[ \t]))/m;

function isJson(section: Section): boolean {
  return section.name === 'nft-json' || /^\s*\{\s*"nftables"\s*:/.test(section.text);
}

function recognise(section: Section): Identification {
  if (section.name === 'nft-text' || section.name === 'nft-json') return 'certain';
  if (isJson(section) || tablePattern.test(section.text)) return 'certain';
  return likelyPattern.test(section.text) ? 'likely' : 'no';
}

function identify(sections: readonly Section[]): Identification {
  const found = sections.map(recognise);
  return found.includes('certain') ? 'certain' : found.includes('likely') ? 'likely' : 'no';
}

function read(capture: Capture): Result<Device> {
  const own = capture.sections.filter((section) => recognise(section) !== 'no');
  const sections = own.length > 0 ? own : capture.sections;
  const text = sections.find((section) => !isJson(section));
  const main = text;
  if (!main) return failure(nothing(capture));
  if (main.failure) return failure(main.failure.problem);
  const file = main.source;
  const script = parseText(file, main.text);
  if (!script.ok) return script;
  const ruleset = extract(script.value);
  const coverage = coverageBuilder();
  claim(coverage, file, main.text, ruleset);
  const { pipeline, facts } = convert(ruleset, file, coverage);
  return success({ id: capture.device, pipeline, listeners: [], facts, coverage: coverage.build() });
}

function claim(coverage: CoverageBuilder, file: string, text: string, ruleset: Ruleset): void {
  const lines = coverage.source(file, text);
  for (let line = 1; line <= lines.length; line++) coverage.mark(file, line, 'irrelevant');
  for (const line of ruleset.contentLines) coverage.mark(file, line, 'modelled');
  for (const loss of ruleset.losses) {
    coverage.lose(file, loss.line, loss.reason);
    for (let line = loss.line; line <= loss.lastLine; line++) coverage.mark(file, line, 'unrecognized', loss.reason);
  }
}

function nothing(capture: Capture): Problem {
  return {
    code: 'NOT_UNDERSTOOD',
    message: 'there is no nftables ruleset in this capture',
    ...(capture.sections[0] && { file: capture.sections[0].source }),
    expected: 'the output of “nft list ruleset” or “nft -j list ruleset”, or a file for “nft -f”',
  };
}

export const driver: Driver = {
  id: 'nftables',
  title: 'nftables (Linux)',
  versions: 'nft 0.9–1.1',
  models: [
    'tables ip, ip6 and inet with their chains, hooks, priorities and policies',
    'sets, maps, verdict maps, intervals, concatenations',
    'connection state, marks, address translation',
    'bridge, netdev and arp tables are recognised and said as not covered',
  ],
  identify,
  dialogue: { steps, monitors: [['nft', 'monitor']] },
  secrets: [],
  volatile: [
    { title: 'packet and byte counters', pattern: /\bpackets \d+ bytes \d+/g, replacement: 'packets 0 bytes 0' },
    { title: 'counters (JSON)', pattern: /"packets": \d+, "bytes": \d+/g, replacement: '"packets": 0, "bytes": 0' },
    { title: 'handles', pattern: / # handle \d+/g, replacement: '' },
    { title: 'handles (JSON)', pattern: /, "handle": \d+/g, replacement: '' },
    { title: 'remaining time of elements', pattern: / expires \w+/g, replacement: '' },
    { title: 'remaining time of elements (JSON)', pattern: /, "expires": \d+/g, replacement: '' },
    { title: 'used part of quotas', pattern: / used \d+ [kmg]?bytes/g, replacement: '' },
    { title: 'used part of quotas (JSON)', pattern: /, "used": \d+/g, replacement: '' },
  ],
  read,
};
