import type { LineState } from '../../agent/model/index.js';
import { appliances, type Count, type Folder, type Measured, measure, rulesets } from './measure.js';

const START = '<!-- counted by `npm run generate` where the corpus is -->';
const END = '<!-- end of what is counted -->';

/** The page with its tables as the corpus is now. */
export async function counted(page: string, corpus: string): Promise<string> {
  const [head, tail] = [page.split(START)[0], page.split(END)[1]];
  if (head === undefined || tail === undefined) throw new Error('docs/coverage.md has lost its marks');
  return `${head}${START}\n\n${await tables(corpus)}\n${END}${tail}`;
}

async function tables(corpus: string): Promise<string> {
  const all = async (folders: readonly Folder[]): Promise<readonly (readonly [Folder, Measured])[]> =>
    Promise.all(folders.map(async (folder) => [folder, await measure(corpus, folder)] as const));
  const [linux, others] = [await all(rulesets), await all(appliances)];
  return [
    '## Linux rulesets',
    '',
    row('', 'files', 'not read', 'rules', 'exact', 'bounded', 'not understood', 'exact'),
    row('---', '---:', '---:', '---:', '---:', '---:', '---:', '---:'),
    ...linux.flatMap(([{ title }, one]) => [rulesRow(title, one, one.rules), ...withoutRow(title, one)]),
    '',
    ...linux.flatMap(([{ title }, one]) => [
      `## ${title}, by what rules ask with`,
      '',
      row('', 'rules', 'exact', 'bounded', 'not understood'),
      row('---', '---:', '---:', '---:', '---:'),
      ...[...one.byMatch]
        .sort(([a, x], [b, y]) => sum(y) - sum(x) || (a < b ? -1 : 1))
        .map(([name, count]) => row(name, sum(count), count.exact, count.bounded, count.unread)),
      '',
    ]),
    '## Appliances, by lines',
    '',
    row(
      '',
      'files',
      'not read',
      'modelled',
      'irrelevant',
      'approximated',
      'unmodelled',
      'unrecognized',
      'of what filters',
    ),
    row('---', '---:', '---:', '---:', '---:', '---:', '---:', '---:', '---:'),
    ...others.flatMap(([{ title }, { files, refused, lines, gaps }]) => [
      row(title, files, refused.length, ...states.map((state) => lines[state]), filtering(lines)),
      ...withoutGaps(lines, gaps),
    ]),
    '',
    '## Appliances, by rules',
    '',
    row('', 'rules', 'exact', 'bounded', 'not understood', 'exact'),
    row('---', '---:', '---:', '---:', '---:', '---:'),
    ...others.map(([{ title }, { rules }]) =>
      row(title, sum(rules), rules.exact, rules.bounded, rules.unread, percent(rules.exact, sum(rules))),
    ),
    '',
    '## Files that were not read',
    '',
    ...[...linux, ...others].flatMap(([{ title }, { refused }]) => refusals(title, refused)),
    '',
  ].join('\n');
}

const states: readonly LineState[] = ['modelled', 'irrelevant', 'approximated', 'unmodelled', 'unrecognized'];

function row(...cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`;
}

function sum({ exact, bounded, unread }: Count): number {
  return exact + bounded + unread;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${(Math.floor((part / whole) * 1000) / 10).toFixed(1)} %`;
}

function rulesRow(title: string, { files, refused }: Measured, rules: Count): string {
  const whole = sum(rules);
  return row(
    title,
    files,
    refused.length,
    whole,
    rules.exact,
    rules.bounded,
    rules.unread,
    percent(rules.exact, whole),
  );
}

/** What the file itself does not say cannot be read out of it. */
const ABSENT: Readonly<Record<string, string>> = {
  iptables: 'without hardware addresses that were blanked out before publication',
  nftables: 'without extensions of iptables, of which nft prints the name and nothing else',
};

/** Shares of rules that are exact: of all, and of those whose file says what they ask for. */
export function exactShare({ rules, absent }: Measured): number {
  return rules.exact / (sum(rules) - absent);
}

function withoutRow(title: string, { rules, absent }: Measured): readonly string[] {
  const words = ABSENT[title];
  const [whole, bounded] = [sum(rules) - absent, rules.bounded - absent];
  return words === undefined
    ? []
    : [row(`… ${words}`, '', '', whole, rules.exact, bounded, rules.unread, percent(rules.exact, whole))];
}

function filtering(lines: Readonly<Record<LineState, number>>): string {
  const bearing = lines.modelled + lines.approximated + lines.unmodelled + lines.unrecognized;
  return percent(lines.modelled, bearing);
}

/** The same without the lines that need what the file does not hold. */
function withoutGaps(lines: Measured['lines'], gaps: Measured['gaps']): readonly string[] {
  if (Object.values(gaps).every((count) => count === 0)) return [];
  const rest = Object.fromEntries(states.map((state) => [state, lines[state] - gaps[state]])) as Measured['lines'];
  return [
    row(
      '… without lines that need what the file does not hold',
      '',
      '',
      ...states.map((s) => rest[s]),
      filtering(rest),
    ),
  ];
}

function refusals(title: string, refused: Measured['refused']): readonly string[] {
  const byReason = new Map<string, number>();
  for (const { why } of refused) byReason.set(why, (byReason.get(why) ?? 0) + 1);
  return [...byReason].map(([why, count]) => `- ${title}, ${count} ${count === 1 ? 'file' : 'files'}: ${why}`);
}
