import type { Generated } from 'kysely';

/** A list kept in order: `position` grows along it, with gaps where something was taken out. */
export interface OrderedTable {
  readonly key: string;
  readonly position: number;
  readonly body: string;
}

export type OrderedTableName = 'present' | 'findings' | 'windows' | 'waivers' | 'acceptances' | 'devices';

/** The tables, as the migrations leave them. Bodies are JSON (see codec.ts). */
export interface Tables extends Readonly<Record<OrderedTableName, OrderedTable>> {
  readonly meta: { readonly key: string; readonly value: string };
  readonly finding_events: {
    readonly number: Generated<number>;
    readonly id: string;
    readonly finding: string;
    readonly kind: string;
    readonly at: number;
    readonly body: string;
  };
  readonly outbox: {
    readonly sequence: Generated<number>;
    readonly sink: string;
    readonly event: number;
    readonly attempts: number;
    readonly next_attempt_at: number;
    readonly delivered_at: number | null;
    readonly last_error: string | null;
  };
  readonly contents: {
    readonly hash: string;
    readonly encoding: string;
    readonly bytes: number;
    readonly body: Uint8Array;
  };
  readonly captures: { readonly hash: string; readonly manifest: string };
  readonly snapshots: {
    readonly number: Generated<number>;
    readonly id: string;
    readonly device: string;
    readonly taken_at: number;
    readonly last_seen: number;
    readonly count: number;
    readonly capture: string;
    readonly state: string;
    readonly body: string;
  };
  readonly baselines: {
    readonly number: Generated<number>;
    readonly device: string;
    readonly snapshot: string;
    readonly at: number;
    readonly body: string;
  };
}
