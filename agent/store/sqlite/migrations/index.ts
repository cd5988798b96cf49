/**
 * migrations: the schema's history, in order. A migration that was released is never edited: its checksum is recorded
 * in every store, and a store made by another text is refused.
 */
import { judgement } from './0001-judgement.js';
import { delivery } from './0002-delivery.js';
import { snapshots } from './0003-snapshots.js';
import { acceptances } from './0004-acceptances.js';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
  { number: 1, name: 'judgement', sql: judgement },
  { number: 2, name: 'delivery', sql: delivery },
  { number: 3, name: 'snapshots', sql: snapshots },
  { number: 4, name: 'acceptances', sql: acceptances },
];
