import type { SealedBaseline, SealStore } from '../../baseline/seal.js';
import { decode, encode } from '../codec.js';
import { guarded } from '../failure.js';
import { type Queries, sql } from './query.js';

const SEALED = 'baseline-files';

/** What the baseline files said when they were taken last, beside the judge's own clock. */
export function sqliteSeal(path: string, db: Queries): SealStore {
  return {
    load: () =>
      guarded(path, () => {
        const row = db.first(sql.selectFrom('meta').select('value').where('key', '=', SEALED));
        return row && decode<SealedBaseline>(row.value);
      }),
    save: (sealed) =>
      guarded(path, () => {
        const value = encode(sealed);
        db.run(
          sql
            .insertInto('meta')
            .values({ key: SEALED, value })
            .onConflict((conflict) => conflict.column('key').doUpdateSet({ value })),
        );
      }),
  };
}
