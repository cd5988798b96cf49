import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import type { Bench, Row } from './bench.js';

/**
 * `npm run bench [-- NAME… [--write]]`: runs the benches named, or all, and prints their figures as tables.
 * `--write` puts each table in its own section of bench/RESULTS.md, with the machine, the date and the command.
 */
const BENCHES: Readonly<Record<string, () => Promise<{ readonly bench: Bench }>>> = {
  apart: () => import('./apart.js'),
  appliances: () => import('./appliances.js'),
  ask: () => import('./ask.js'),
  daemon: () => import('./daemon.js'),
  dumps: () => import('./dumps.js'),
  engine: () => import('./engine.js'),
  'engine-large': async () => ({ bench: (await import('./engine.js')).large }),
  'engine-more': async () => ({ bench: (await import('./engine.js')).more }),
  'engine-wide': async () => ({ bench: (await import('./engine.js')).wide }),
  feed: () => import('./feed.js'),
  fortios: () => import('./fortios.js'),
  history: () => import('./history.js'),
  'engine-growth': () => import('./growth.js'),
  'engine-peers': () => import('./peers.js'),
  judge: () => import('./judge.js'),
  loading: () => import('./loading.js'),
  ssh: () => import('./ssh.js'),
  wakes: () => import('./wakes.js'),
};

const RESULTS = 'bench/RESULTS.md';

function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30);
  const load = loadavg()[0]!.toFixed(1);
  return `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ${memory} GiB, Linux ${release()}, Node ${process.version}, load ${load} before`;
}

/** Three significant digits, and no more than a reader wants. */
function shown(figure: number): string {
  if (Number.isInteger(figure)) return figure.toLocaleString('en');
  return Math.abs(figure) >= 100 ? Math.round(figure).toLocaleString('en') : figure.toPrecision(3);
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(({ what, figure, unit, goal, peer }) => {
    const beside = peer ? `${peer.name}: ${shown(peer.figure)} ${unit} (× ${shown(peer.figure / figure)})` : '';
    return `| ${what} | ${shown(figure)} ${unit} | ${goal ?? ''} | ${beside} |`;
  });
  return ['| what | measured | goal | beside it |', '| --- | --- | --- | --- |', ...lines].join('\n');
}

function section(name: string, { about }: Bench, rows: readonly Row[], on: string): string {
  const when = new Date().toISOString().slice(0, 10);
  return `## ${name}\n\n${about}\n\n\`npm run bench -- ${name}\`, ${when}: ${on}.\n\n${table(rows)}\n`;
}

/** The document with this section in the place of the one of the same name, or at its end. */
function withSection(document: string, name: string, text: string): string {
  const sections = document.split(/^(?=## )/m);
  const at = sections.findIndex((one) => one.startsWith(`## ${name}\n`));
  if (at < 0) sections.push(text);
  else sections[at] = text;
  return `${sections.map((one) => one.trimEnd()).join('\n\n')}\n`;
}

const HEAD = `# What was measured

Figures of \`npm run bench\`, each with the machine, the day and the command. They are what that machine did that day,
also where a goal was missed; ratios beside another program were taken in the same run.
`;

async function main(argv: readonly string[]): Promise<number> {
  const write = argv.includes('--write');
  const asked = argv.filter((one) => !one.startsWith('--'));
  const strange = [
    ...asked.filter((name) => !(name in BENCHES)),
    ...argv.filter((one) => one.startsWith('--') && one !== '--write'),
  ];
  if (strange.length > 0) {
    process.stderr.write(
      `npm run bench: ${strange.join(', ')}: not known; benches: ${Object.keys(BENCHES).join(', ')}; option: --write\n`,
    );
    return 2;
  }
  const on = machine();
  let failed = false;
  for (const name of asked.length > 0 ? asked : Object.keys(BENCHES)) {
    const { bench } = await BENCHES[name]!();
    const missing = bench.missing?.();
    if (missing !== undefined) {
      process.stdout.write(`## ${name}\n\nnot run: ${missing}\n\n`);
      failed = true;
      continue;
    }
    const rows = await bench.run((progress) => process.stderr.write(`${name}: ${progress}\n`));
    const text = section(name, bench, rows, on);
    process.stdout.write(`${text}\n`);
    if (write) {
      const before = existsSync(RESULTS) ? readFileSync(RESULTS, 'utf8') : HEAD;
      writeFileSync(RESULTS, withSection(before, name, text));
    }
  }
  return failed ? 1 : 0;
}

// Not process.exit: it would cut off lines that a pipe has not taken yet.
process.exitCode = await main(process.argv.slice(2));
