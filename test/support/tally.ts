import { relative } from 'node:path';

/** The part of jest's `--json` output that is used here. */
export interface JestOutput {
  readonly wasInterrupted?: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Every skipped test with its reason, a suite skipped as a whole as one line, then suites that could not run. */
  readonly notes: readonly string[];
}

const REASON = /^(?<name>.*?) ?\[skipped because (?<reason>.*?)\](?<rest>.*)$/s;

function explain(fullName: string): { readonly name: string; readonly reason: string } {
  const found = REASON.exec(fullName)?.groups;
  if (found === undefined) return { name: fullName, reason: 'no reason given' };
  return { name: `${found.name}${found.rest}`, reason: found.reason! };
}

/** The first line of a failure that says something: jest puts a headline with a bullet before it. */
function firstWords(message: string): string {
  const lines = message.split('\n').map((one) => one.trim());
  return lines.find((one) => one !== '' && !one.startsWith('●')) ?? 'no message';
}

/**
 * Counts what jest did. A suite that could not run at all (it did not load, an `afterAll` threw) has no failed test of
 * its own and would vanish from jest's count of tests: it is one failure here.
 */
export function tally(output: JestOutput, root: string): Tally {
  const count = { passed: 0, failed: 0, skipped: 0 };
  const notes: string[] = [];
  for (const suite of output.testResults) {
    const file = relative(root, suite.name)
      .replace(/^build\//, '')
      .replace(/\.js$/, '.ts');
    const all = suite.assertionResults;
    const failed = all.filter((one) => one.status === 'failed').length;
    const skipped = all.filter((one) => !['passed', 'failed'].includes(one.status));
    count.failed += failed;
    count.passed += all.length - failed - skipped.length;
    count.skipped += skipped.length;
    if (suite.status === 'failed' && failed === 0) {
      count.failed++;
      notes.push(`failed as a whole: ${file}: ${firstWords(suite.message)}`);
    }
    const reasons = new Set(skipped.map((one) => explain(one.fullName).reason));
    if (skipped.length === all.length && reasons.size === 1) {
      notes.push(`left out: ${file} (${all.length}): ${[...reasons][0]}`);
    } else {
      for (const one of skipped) {
        const { name, reason } = explain(one.fullName);
        notes.push(`skipped: ${file}: ${name}: ${reason}`);
      }
    }
  }
  return { ...count, notes };
}

/** Several runs as one. */
export function together(tallies: readonly Tally[]): Tally {
  const sum = (of: (one: Tally) => number): number => tallies.reduce((total, one) => total + of(one), 0);
  return {
    passed: sum((one) => one.passed),
    failed: sum((one) => one.failed),
    skipped: sum((one) => one.skipped),
    notes: tallies.flatMap((one) => one.notes),
  };
}

export function summaryLine(counts: Pick<Tally, 'passed' | 'failed' | 'skipped'>): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

/** Nothing ran, something failed, or something was skipped where nothing may be: not a pass. */
export function exitCode(counts: Pick<Tally, 'passed' | 'failed' | 'skipped'>, skipsAllowed: boolean): 0 | 1 {
  return counts.failed > 0 || counts.passed === 0 || (counts.skipped > 0 && !skipsAllowed) ? 1 : 0;
}
