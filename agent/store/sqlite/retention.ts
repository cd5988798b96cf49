import { decode, keyText } from '../codec.js';
import type { Database } from './engine.js';
import { type Queries, sql } from './query.js';
import type { Manifest } from './snapshots.js';

/** What is too old to be kept, and what stays however old it is. Times are milliseconds since the epoch, UTC. */
export interface Retention {
  /** What was last of use before this instant goes. */
  readonly before: number;
  /** Snapshots that something refers to, by id. Approved ones and the latest of each device stay in any case. */
  readonly snapshots: readonly string[];
  /** The snapshot that showed a device at an instant stays too: what was seen when a finding was raised, or a window closed. */
  readonly moments: readonly { readonly device: string; readonly at: number }[];
  /** Findings whose history stays. What no sink has taken yet stays in any case. */
  readonly findings: readonly string[];
}

export interface Pruned {
  readonly snapshots: number;
  readonly events: number;
}

/** Removes in one transaction; a store that lost a quarter of its pages is made smaller. */
export function prune(database: Database, db: Queries, retention: Retention): Pruned {
  const pruned = db.transaction(() => ({
    snapshots: pruneSnapshots(db, retention),
    events: pruneEvents(db, retention),
  }));
  if (pruned.snapshots + pruned.events > 0 && freeShare(database) > 0.25) {
    database.exec('vacuum; pragma wal_checkpoint(truncate)');
  }
  return pruned;
}

function freeShare(database: Database): number {
  const count = (name: string): number =>
    Number(Object.values(database.prepare(`pragma ${name}`).get() as Record<string, number>)[0]);
  return count('freelist_count') / Math.max(1, count('page_count'));
}

function pruneSnapshots(db: Queries, { before, snapshots, moments }: Retention): number {
  const kept = new Set(snapshots);
  for (const { snapshot } of db.all(sql.selectFrom('baselines').select('snapshot').distinct())) kept.add(snapshot);
  const latest = db.all(
    sql
      .selectFrom('snapshots')
      .select((row) => row.fn.max('number').as('number'))
      .groupBy('device'),
  );
  const numbers = new Set(latest.map(({ number }) => number));
  for (const { device, at } of moments) {
    const shown = db.first(
      sql
        .selectFrom('snapshots')
        .select('id')
        .where('device', '=', keyText(device))
        .where('taken_at', '<=', at)
        .orderBy('number', 'desc')
        .limit(1),
    );
    if (shown) kept.add(shown.id);
  }
  const old = db.all(sql.selectFrom('snapshots').select(['number', 'id']).where('last_seen', '<', before));
  const gone = old.filter(({ id, number }) => !kept.has(id) && !numbers.has(number));
  for (const { number } of gone) db.run(sql.deleteFrom('snapshots').where('number', '=', number));
  if (gone.length > 0) pruneTexts(db);
  return gone.length;
}

/** Captures that no snapshot names, then texts that no capture names. */
function pruneTexts(db: Queries): void {
  db.run(sql.deleteFrom('captures').where('hash', 'not in', sql.selectFrom('snapshots').select('capture')));
  const named = new Set<string>();
  for (const { manifest } of db.all(sql.selectFrom('captures').select('manifest'))) {
    for (const { sections } of decode<Manifest>(manifest)) for (const { text } of sections) named.add(text);
  }
  for (const { hash } of db.all(sql.selectFrom('contents').select('hash'))) {
    if (!named.has(hash)) db.run(sql.deleteFrom('contents').where('hash', '=', hash));
  }
}

function pruneEvents(db: Queries, { before, findings }: Retention): number {
  const kept = new Set(findings.map(keyText));
  const waiting = sql.selectFrom('outbox').select('event').where('delivered_at', 'is', null);
  const old = db.all(
    sql
      .selectFrom('finding_events')
      .select(['number', 'finding'])
      .where('at', '<', before)
      .where('number', 'not in', waiting),
  );
  const gone = old.filter(({ finding }) => !kept.has(finding));
  for (const { number } of gone) {
    db.run(sql.deleteFrom('outbox').where('event', '=', number));
    db.run(sql.deleteFrom('finding_events').where('number', '=', number));
  }
  return gone.length;
}
