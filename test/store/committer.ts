import { writeSync } from 'node:fs';
import { problemText } from '../../agent/lib/result.js';
import { openStore } from '../../agent/store/index.js';
import { SUBJECTS_MAX, stepState } from './steps.js';

/**
 * A program for the crash test: it commits steps for ever and says each one on standard output after the commit has
 * answered. With `hold` it only opens the store and waits.
 */
const [path, mode] = process.argv.slice(2);
const opened = openStore({ path: path!, route: () => ['file', 'siem'] });
if (!opened.ok) {
  writeSync(1, `refused ${problemText(opened.error)}\n`);
  process.exitCode = 1;
} else {
  const { judge, snapshots, outbox } = opened.value;
  writeSync(1, `open ${process.pid}\n`);
  if (mode === 'hold') setInterval(() => {}, 60_000);
  else {
    for (let state = judge.load(); ; ) {
      const step = state.judgedUpTo + 1;
      const { next, events } = stepState(step);
      snapshots.save({
        device: 'fw1',
        captures: [
          {
            driver: 'nftables',
            device: 'fw1',
            sections: [{ name: 'nft', source: 'nft', text: `${step}\n${'x'.repeat(500 * (step % SUBJECTS_MAX))}` }],
          },
        ],
        takenAt: step * 1_000,
        complete: true,
        blind: [],
        hash: `${step}`,
      });
      judge.commit({ previous: state, next, events, at: step });
      for (const record of outbox.due('file', step, 1)) outbox.delivered(record.sequence, step);
      state = next;
      writeSync(1, `${step}\n`);
    }
  }
}
