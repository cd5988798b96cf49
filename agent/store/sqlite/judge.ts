import type { JudgeState, JudgeStore } from '../../judge/findings.js';
import { guarded } from '../failure.js';
import { orderedList } from './ordered.js';
import type { EventQueue } from './outbox.js';
import { type Queries, sql } from './query.js';

const JUDGED_UP_TO = 'judged-up-to';
const FORGOTTEN = 'generations-forgotten';

const lists = ['present', 'findings', 'windows', 'waivers', 'acceptances', 'devices'] as const;

/** Keys join their parts as JSON, which no name can imitate. */
function join(...parts: readonly unknown[]): string {
  return JSON.stringify(parts);
}

/** The judge's memory: a step's state, its events and what each sink has to be told are one transaction. */
export function sqliteJudgeStore(path: string, db: Queries, queue: EventQueue): JudgeStore {
  const kept = {
    present: orderedList<JudgeState['present'][number]>(
      'present',
      ({ subject, declared, missing }) => join(subject.device, subject.id, declared, missing ?? false),
      db,
    ),
    findings: orderedList<JudgeState['findings'][number]>('findings', ({ key }) => key, db),
    windows: orderedList<JudgeState['windows'][number]>('windows', ({ id }) => id, db),
    waivers: orderedList<JudgeState['waivers'][number]>(
      'waivers',
      ({ device, subject, set }) => join(device, subject, set ?? null),
      db,
    ),
    acceptances: orderedList<NonNullable<JudgeState['acceptances']>[number]>(
      'acceptances',
      ({ device, subject }) => join(device, subject),
      db,
    ),
    devices: orderedList<JudgeState['devices'][number]>('devices', ({ device }) => device, db),
  };
  // A commit compares with what is stored, also when nobody has loaded yet.
  let loaded = false;
  const ready = (): void => {
    if (!loaded) for (const list of lists) kept[list].load();
    loaded = true;
  };
  const numberOf = (key: string): number | undefined => {
    const row = db.first(sql.selectFrom('meta').select('value').where('key', '=', key));
    return row && Number(row.value);
  };
  const keep = (key: string, number: number): void => {
    const value = String(number);
    db.run(
      sql
        .insertInto('meta')
        .values({ key, value })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value })),
    );
  };

  return {
    load: () =>
      guarded(path, () => {
        loaded = true;
        const acceptances = kept.acceptances.load();
        const generationsForgotten = numberOf(FORGOTTEN);
        return {
          present: kept.present.load(),
          findings: kept.findings.load(),
          windows: kept.windows.load(),
          waivers: kept.waivers.load(),
          ...(acceptances.length > 0 && { acceptances }),
          devices: kept.devices.load(),
          judgedUpTo: numberOf(JUDGED_UP_TO) ?? 0,
          ...(generationsForgotten !== undefined && { generationsForgotten }),
        };
      }),
    commit({ previous, next, events, at }) {
      guarded(path, () => {
        ready();
        const settle = db.transaction(() => {
          const done = [
            kept.present.write(next.present),
            kept.findings.write(next.findings),
            kept.windows.write(next.windows),
            kept.waivers.write(next.waivers),
            kept.acceptances.write(next.acceptances ?? []),
            kept.devices.write(next.devices),
          ];
          keep(JUDGED_UP_TO, next.judgedUpTo);
          const { generationsForgotten } = next;
          if (generationsForgotten !== undefined && generationsForgotten !== previous.generationsForgotten)
            keep(FORGOTTEN, generationsForgotten);
          queue.add(events, at);
          return done;
        });
        for (const take of settle) take();
      });
    },
  };
}
