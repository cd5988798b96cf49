import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Device, LineCoverage } from '../../../agent/model/index.js';
import { describeSystem, withNamespaces } from '../../support/system.js';
import { essence, plain, readSections, section } from './support.js';

/**
 * Each folder of test/recordings/nftables is one recording: `source.nft` or `source.iptables`, what nft 1.0.6 listed
 * after loading it in an empty network namespace (`nft-text`, `nft-json`, some with `nft-bytecode`), and what the driver must make of it.
 * A new folder runs by being there; ECLUSE_UPDATE_RECORDINGS=1 writes the expectations, for a person to review.
 */
const root = join('test', 'recordings', 'nftables');
const commands: Readonly<Record<string, string>> = {
  'nft-text': 'nft -s list ruleset',
  'nft-json': 'nft -j list ruleset',
  'nft-bytecode': 'nft -s -a -t --debug=netlink list ruleset',
};

function model(device: Device) {
  return plain({
    bases: device.pipeline.bases,
    lists: device.pipeline.lists.map(({ id, families, table, rules }) => ({
      id,
      families,
      table,
      rules: rules.map(({ origin, steps, comment }) => ({ line: origin.line, text: origin.text, comment, steps })),
    })),
    facts: device.facts,
  });
}

/** Runs of lines in one state, such as `5-9 modelled`, with their reasons. */
function lineStates(lines: readonly LineCoverage[]): string[] {
  const runs: { first: LineCoverage; last: number }[] = [];
  for (const line of lines) {
    const run = runs.at(-1);
    const same =
      run && run.first.file === line.file && run.first.state === line.state && run.first.reason === line.reason;
    if (same && run.last === line.line - 1) run.last = line.line;
    else runs.push({ first: line, last: line.line });
  }
  return runs.map(({ first, last }) => {
    const place = first.line === last ? `${last}` : `${first.line}-${last}`;
    return `${first.file}:${place} ${first.state}${first.reason === undefined ? '' : ` (${first.reason})`}`;
  });
}

const folders = readdirSync(root);

describe('recordings', () => {
  test('there are at least eight', () => expect(folders.length).toBeGreaterThanOrEqual(8));

  test.each(folders)('%s', (name) => {
    const folder = join(root, name);
    const sections = Object.entries(commands).flatMap(([step, command]) => {
      const isThere = step !== 'nft-bytecode' || existsSync(join(folder, step));
      return isThere ? [{ name: step, source: command, text: readFileSync(join(folder, step), 'utf8') }] : [];
    });
    const read = readSections(...sections);
    if (!read.ok) throw new Error(read.error.message);
    const { lines, ...rest } = read.value.coverage;
    const found = { model: model(read.value), coverage: plain({ ...rest, lines: lineStates(lines) }) };
    for (const [part, value] of Object.entries(found)) {
      const file = join(folder, `${part}.json`);
      if (process.env.ECLUSE_UPDATE_RECORDINGS === '1') writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
      expect(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : `${file} is missing`).toEqual(value);
    }
  });
});

describeSystem(['root', 'netns', 'nft', 'ip'], 'recordings, loaded again', () => {
  const loadable = folders.filter((name) => existsSync(join(root, name, 'source.nft')));

  test.each(loadable)('%s lists as it was recorded', async (name) => {
    await withNamespaces(['fw'], async ({ fw }) => {
      await fw.must(['nft', '-f', '-'], { input: readFileSync(join(root, name, 'source.nft')) });
      const live = readSections(section('nft-text', await fw.must(['nft', '-s', 'list', 'ruleset'])));
      const recorded = readSections(section('nft-text', readFileSync(join(root, name, 'nft-text'), 'utf8')));
      if (!live.ok || !recorded.ok) throw new Error('not read');
      expect(essence(live.value)).toEqual(essence(recorded.value));
    });
  });
});
