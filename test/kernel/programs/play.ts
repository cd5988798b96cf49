import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { withLab } from '../oracle/lab.js';
import { namesOf, type Program } from './program.js';
import { shootProgram } from './shoot.js';

/** `node build/test/kernel/programs/play.js [--packets N] [--seed S] FILE…`: the programs of these files, for longer than in the tests. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    packets: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    stop: { type: 'string', default: '3' },
  },
});

for (const file of positionals) {
  for (const program of parse(readFileSync(file, 'utf8')) as readonly Program[]) {
    for (const tools of program.tools) {
      const startedMs = performance.now();
      const options = {
        seed: Number(values.seed),
        perStep: Number(values.packets),
        wrongMax: Number(values.stop),
        everyReading: true,
      };
      const shot = await withLab((lab) => shootProgram(lab, program, tools, options), namesOf(program)).catch(
        (error: unknown) => {
          process.stdout.write(`\n— ${program.program}, ${tools}: ${String(error).slice(-600)}\n`);
          process.exitCode = 1;
        },
      );
      if (!shot) continue;
      const { wrong, maybe, ...counts } = shot;
      for (const text of wrong) process.stdout.write(`\n— ${text}\n`);
      const seconds = Math.round(performance.now() - startedMs) / 1000;
      const found = { program: program.program, tools, ...counts, wrong: wrong.length, seconds };
      process.stdout.write(`${JSON.stringify({ ...found, maybe: Object.fromEntries(maybe) })}\n`);
      if (wrong.length > 0) process.exitCode = 1;
    }
  }
}
