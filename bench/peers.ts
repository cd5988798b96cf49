import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joined, resolve } from 'node:path';
import { compareLists, ruleList, type Space, spaceBuilder } from '../agent/packets/index.js';
import type { Bench, Row } from './bench.js';
import { mainThreadMs, quantile } from './bench.js';
import { join, ORDER, type Pair, pairOf } from './engine.js';
import { FAMILIES, missingWorkloads, PERMIT } from './workloads.js';

/** Where Debian's packages z3, libz3-4, libbdd-dev and libbdd0c2 are unpacked; left out, they are installed. */
const ROOT = resolve(process.env.ECLUSE_BENCH_PEERS ?? '/');
const LIBRARIES = joined(ROOT, 'usr/lib/x86_64-linux-gnu');
const Z3 = joined(ROOT, 'usr/bin/z3');
const HEADER = joined(ROOT, 'usr/include/bdd.h');
const SECONDS_MAX = 120;
const SIZES = (process.env.ECLUSE_BENCH_SIZES ?? '1000,10000').split(',').map(Number);

interface Answer {
  /** Processor time of the program and what it starts. */
  readonly ms: number;
  readonly text: string;
}

/** Runs a program under a shell that tells its processor time; undefined where it was not done in time. */
function ask(argv: readonly string[]): Answer | undefined {
  const script = 'ulimit -s unlimited 2>/dev/null; "$@"; times >&3';
  const { stdout, output, signal, error } = spawnSync('bash', ['-c', script, 'bash', ...argv], {
    encoding: 'utf8',
    env: { ...process.env, LD_LIBRARY_PATH: LIBRARIES },
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
    timeout: SECONDS_MAX * 1000,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 28,
  });
  if (signal !== null) return undefined;
  if (error !== undefined) throw error;
  // The second line is of the children: user and system time.
  const parts = [...output[3]!.split('\n')[1]!.matchAll(/(?<minutes>\d+)m(?<seconds>[\d.]+)s/g)];
  const ms = parts.reduce((sum, { groups }) => sum + Number(groups!.minutes) * 60e3 + Number(groups!.seconds) * 1e3, 0);
  return { ms, text: stdout };
}

/** Is there a packet that the two lists decide differently? In the words of SMT-LIB, over vectors of bits. */
function smtText({ pool, before, after }: Pair): string {
  const lines = ['(set-logic QF_BV)'];
  const widths = pool.fields.map(({ last }) => 32 - Math.clz32(Number(last)));
  widths.forEach((width, field) => {
    lines.push(`(declare-const f${field} (_ BitVec ${width}))`);
  });
  const asked = new Set([...before.rules, ...after.rules]);
  for (const rule of asked) {
    const tests = pool.fields.flatMap(({ last }, field) => {
      const values = pool.values(field, pool.setOf(rule, field));
      if (values[0] === 0 && values[1] === last) return [];
      const parts: string[] = [];
      for (let at = 0; at < values.length; at += 2) {
        const [low, high] = [values[at]!, values[at + 1]!].map((bound) => `(_ bv${bound} ${widths[field]})`);
        parts.push(low === high ? `(= f${field} ${low})` : `(and (bvule ${low} f${field}) (bvule f${field} ${high}))`);
      }
      return [parts.length === 1 ? parts[0]! : `(or ${parts.join(' ')})`];
    });
    lines.push(`(define-const m${rule} Bool (and true ${tests.join(' ')}))`);
  }
  for (const [name, { rules }] of [['b', before] as const, ['a', after] as const]) {
    lines.push(`(declare-const ${name}${rules.length} Bool)`, `(assert (not ${name}${rules.length}))`);
    for (let at = rules.length - 1; at >= 0; at -= 1) {
      const label = pool.labelOf(rules[at]!) === PERMIT;
      lines.push(`(declare-const ${name}${at} Bool)`);
      lines.push(`(assert (= ${name}${at} (ite m${rules[at]} ${label} ${name}${at + 1})))`);
    }
  }
  return `${lines.join('\n')}\n(assert (distinct b0 a0))\n(check-sat)\n`;
}

function spaceOf({ pool, before, after }: Pair): Space {
  const builder = spaceBuilder(ORDER.map((field) => pool.fields[field]!));
  for (const rule of new Set([...before.rules, ...after.rules])) {
    ORDER.forEach((field, index) => {
      builder.declare(index, pool.values(field, pool.setOf(rule, field)));
    });
  }
  return builder.build();
}

/** The lists in classes, as bench/buddy.c reads them: the bits of each field, then each rule with its intervals. */
function classText(pair: Pair): string {
  const { pool } = pair;
  const space = spaceOf(pair);
  const counts = ORDER.map((_, index) => space.classCount(index));
  const lines = [`${ORDER.length} ${counts.join(' ')}`];
  for (const { rules } of [pair.before, pair.after]) {
    lines.push(`${rules.length}`);
    for (const rule of rules) {
      const sets = ORDER.map((field, index) => {
        const classes = space.classes(index, pool.values(field, pool.setOf(rule, field)));
        return `${classes.length / 2} ${classes.join(' ')}`;
      });
      lines.push(`${pool.labelOf(rule) === PERMIT ? 1 : 0} ${sets.join(' ')}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function ruleText({ pool, before, after }: Pair): readonly [string, string] {
  const lineOf = (rule: number): string =>
    `${pool.labelOf(rule)} ${pool.fields.map((_, field) => pool.values(field, pool.setOf(rule, field)).join(' ')).join(' | ')}`;
  const [was, is] = [before, after].map(({ rules }) => `${Array.from(rules, lineOf).join('\n')}\n`);
  return [was!, is!];
}

/** What each program says, and its time: whether the lists differ at all is what all of them are asked. */
function* questions(folder: string, say: (progress: string) => void): Generator<Row> {
  const buddy = joined(folder, 'buddy');
  const source = resolve('bench/buddy.c');
  execFileSync('cc', ['-O2', '-o', buddy, source, `-I${joined(ROOT, 'usr/include')}`, `-L${LIBRARIES}`, '-lbdd']);
  for (const size of SIZES) {
    for (const family of FAMILIES) {
      const pair = pairOf(family, size, 'ins10');
      const samples: number[] = [];
      let differ = false;
      for (let run = 0; run < 3; run += 1) {
        const startMs = mainThreadMs();
        const [was, is] = [ruleList(pair.pool, pair.before.rules), ruleList(pair.pool, pair.after.rules)];
        const { parts, complete } = compareLists(was, is, { join, order: ORDER });
        samples.push(mainThreadMs() - startMs);
        if (!complete) throw new Error(`${family} ${size}: not complete`);
        differ = parts.some(({ differs }) => differs !== 0);
      }
      const figure = quantile(samples, 0.5);
      const words = `${size.toLocaleString('en')} ${family}, ten insertions`;
      const [smt, classes, was, is] = ['smt2', 'classes', 'was', 'is'].map((name) => joined(folder, name));
      writeFileSync(smt!, smtText(pair));
      writeFileSync(classes!, classText(pair));
      ruleText(pair).forEach((text, at) => {
        writeFileSync([was!, is!][at]!, text);
      });
      const peers = [
        { name: 'z3, yes or no', argv: [Z3, smt!], yes: /^sat$/m },
        { name: 'BuDDy, all of it, same classes and order', argv: [buddy, classes!], yes: /^differ$/m },
        { name: 'diff, lines only', argv: ['diff', was!, is!], yes: /^[<>]/m },
      ];
      for (const { name, argv, yes } of peers) {
        say(`${words}: ${name}`);
        const answer = ask(argv);
        if (answer === undefined) {
          yield { what: `${words}: exact difference (${name}: not done in ${SECONDS_MAX} s)`, figure, unit: 'ms' };
          continue;
        }
        // Lines may differ where no packet does.
        if (!name.startsWith('diff') && yes.test(answer.text) !== differ)
          throw new Error(`${words}: ${name} says ${answer.text.slice(0, 80)}, Écluse ${differ}`);
        yield { what: `${words}: exact difference`, figure, unit: 'ms', peer: { name, figure: answer.ms } };
      }
    }
  }
}

export const bench: Bench = {
  about:
    'The same question asked of other programs in the same run: processor time, without reading the rules for Écluse (median of 3) and with reading its own text for the others. z3: is there a packet on which the lists differ (bit vectors). BuDDy: both lists folded in a balanced tree over the same classes in the order of the bench, the permitted packets of both laid upon each other. diff: the floor, which knows nothing of packets. Each must agree whether the lists differ. `ECLUSE_BENCH_PEERS` names the folder where the Debian packages are unpacked, `ECLUSE_BENCH_SIZES` (1000,10000) the lists.',
  missing() {
    const workloads = missingWorkloads();
    if (workloads !== undefined) return workloads;
    if (!existsSync(Z3))
      return `z3: ${Z3} is not there (Debian package z3; ECLUSE_BENCH_PEERS names where it is unpacked)`;
    if (!existsSync(HEADER)) return `BuDDy: ${HEADER} is not there (Debian package libbdd-dev)`;
    return spawnSync('cc', ['--version']).status === 0 ? undefined : 'cc: no C compiler is there';
  },
  run(say) {
    const folder = mkdtempSync(joined(tmpdir(), 'ecluse-bench-peers-'));
    try {
      return Promise.resolve([...questions(folder, say)]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};
