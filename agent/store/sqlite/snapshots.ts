import { createHash } from 'node:crypto';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import type { Approval, Snapshot, SnapshotHeader, SnapshotInput, SnapshotStore } from '../../baseline/snapshots.js';
import { decode, encode, keyText } from '../codec.js';
import { guarded } from '../failure.js';
import { type Queries, sql } from './query.js';

/** Brotli's default of 11 takes seconds on a large rule base and saves a tenth more than 5, which takes milliseconds. */
const BROTLI_QUALITY = 5;

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** UTF-8, or UTF-16 for a text with a lone surrogate, which UTF-8 cannot hold: what was captured is given back as it was. */
function bytesOf(text: string): { readonly encoding: 'utf8' | 'utf16le'; readonly bytes: Buffer } {
  const bytes = Buffer.from(text, 'utf8');
  if (bytes.toString('utf8') === text) return { encoding: 'utf8', bytes };
  return { encoding: 'utf16le', bytes: Buffer.from(text, 'utf16le') };
}

function addressOf(text: string): string {
  return sha256(bytesOf(text).bytes);
}

type StoredBody = Omit<SnapshotHeader, 'id' | 'takenAt' | 'lastSeen' | 'count'>;

/** The parts of a capture as they are kept: every text replaced by its address. */
export type Manifest = readonly {
  readonly driver: string;
  readonly device: string;
  readonly sections: readonly (Omit<Snapshot['captures'][number]['sections'][number], 'text'> & {
    readonly text: string;
  })[];
}[];

interface Row {
  readonly id: string;
  readonly taken_at: number;
  readonly last_seen: number;
  readonly count: number;
  readonly body: string;
}

function headerOf(row: Row): SnapshotHeader {
  return {
    id: row.id,
    ...decode<StoredBody>(row.body),
    takenAt: row.taken_at,
    lastSeen: row.last_seen,
    count: row.count,
  };
}

/** `S-20261122-093015-fw1`; a device's odd characters become `-`. */
function idStem(device: string, takenAt: number): string {
  const [date, time] = new Date(takenAt).toISOString().replaceAll(/[-:]/g, '').split(/[T.]/);
  const name = device.replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 40);
  return `S-${date}-${time}-${name}`;
}

const headers = sql.selectFrom('snapshots').select(['id', 'taken_at', 'last_seen', 'count', 'body']);

export function sqliteSnapshots(path: string, db: Queries): SnapshotStore {
  const latestRow = (device: string) =>
    db.first(
      sql
        .selectFrom('snapshots')
        .select(['number', 'id', 'state', 'last_seen'])
        .where('device', '=', keyText(device))
        .orderBy('number', 'desc')
        .limit(1),
    );

  const keepText = (text: string): string => {
    const { encoding, bytes } = bytesOf(text);
    const hash = sha256(bytes);
    if (db.first(sql.selectFrom('contents').select('hash').where('hash', '=', hash))) return hash;
    const body = brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    db.run(sql.insertInto('contents').values({ hash, encoding, bytes: bytes.length, body }));
    return hash;
  };

  const textOf = (hash: string): string => {
    const row = db.first(sql.selectFrom('contents').select(['encoding', 'body']).where('hash', '=', hash))!;
    return brotliDecompressSync(row.body).toString(row.encoding as BufferEncoding);
  };

  const keepCapture = ({ captures }: SnapshotInput): string => {
    const manifest: Manifest = captures.map(({ driver, device, sections }) => ({
      driver,
      device,
      sections: sections.map((section) => ({ ...section, text: keepText(section.text) })),
    }));
    const text = encode(manifest);
    const hash = sha256(text);
    db.run(
      sql
        .insertInto('captures')
        .values({ hash, manifest: text })
        .onConflict((conflict) => conflict.column('hash').doNothing()),
    );
    return hash;
  };

  const freeId = (stem: string): string => {
    for (let suffix = 1; ; suffix++) {
      const id = suffix === 1 ? stem : `${stem}-${suffix}`;
      if (!db.first(sql.selectFrom('snapshots').select('id').where('id', '=', id))) return id;
    }
  };

  const save = (input: SnapshotInput): { readonly id: string; readonly unchanged: boolean } => {
    const { device, complete, blind, hash, modelVersion, summary, takenAt } = input;
    const body: StoredBody = {
      device,
      complete,
      blind,
      hash,
      ...(modelVersion === undefined ? {} : { modelVersion }),
      ...(summary === undefined ? {} : { summary }),
    };
    const state = sha256(encode([hash, complete, blind, modelVersion ?? null]));
    const last = latestRow(device);
    if (last?.state === state) {
      db.run(
        sql
          .updateTable('snapshots')
          .set((row) => ({ count: row('count', '+', 1), last_seen: Math.max(last.last_seen, takenAt) }))
          .where('number', '=', last.number),
      );
      return { id: last.id, unchanged: true };
    }
    const id = freeId(idStem(device, takenAt));
    db.run(
      sql.insertInto('snapshots').values({
        id,
        device: keyText(device),
        taken_at: takenAt,
        last_seen: takenAt,
        count: 1,
        capture: keepCapture(input),
        state,
        body: encode(body),
      }),
    );
    return { id, unchanged: false };
  };

  const get = (id: string): Snapshot | undefined => {
    const row = db.first(
      sql
        .selectFrom('snapshots')
        .innerJoin('captures', 'captures.hash', 'snapshots.capture')
        .select(['id', 'taken_at', 'last_seen', 'count', 'body', 'manifest', 'capture'])
        .where('id', '=', id),
    );
    if (!row) return undefined;
    const manifest = decode<Manifest>(row.manifest);
    let isWhole = sha256(row.manifest) === row.capture;
    const captures = manifest.map((capture) => ({
      ...capture,
      sections: capture.sections.map((section) => {
        const text = textOf(section.text);
        isWhole &&= addressOf(text) === section.text;
        return { ...section, text };
      }),
    }));
    return { ...headerOf(row), captures, ...(!isWhole && { altered: true as const }) };
  };

  const approve = (id: string, by: string, at: number): boolean => {
    const row = db.first(sql.selectFrom('snapshots').select('body').where('id', '=', id));
    if (!row) return false;
    const { device } = decode<StoredBody>(row.body);
    const approval: Approval = { snapshot: id, device, by, at };
    db.run(sql.insertInto('baselines').values({ device: keyText(device), snapshot: id, at, body: encode(approval) }));
    return true;
  };

  const approvals = (device: string): readonly Approval[] =>
    db
      .all(sql.selectFrom('baselines').select('body').where('device', '=', keyText(device)).orderBy('number', 'desc'))
      .map(({ body }) => decode<Approval>(body));

  const header = (id: string | undefined): SnapshotHeader | undefined => {
    const row = id === undefined ? undefined : db.first(headers.where('id', '=', id));
    return row && headerOf(row);
  };

  return {
    // The judgement of the reading is stored next, and waits for the disk with this before it: if the power fails
    // between the two, nothing refers to it yet.
    save: (input) => guarded(path, () => db.unhurried(() => db.transaction(() => save(input)))),
    latest: (device) => guarded(path, () => header(latestRow(device)?.id)),
    get: (id) => guarded(path, () => get(id)),
    list: ({ device, limit } = {}) =>
      guarded(path, () => {
        let query = headers.orderBy('number', 'desc');
        if (device !== undefined) query = query.where('device', '=', keyText(device));
        if (limit !== undefined) query = query.limit(limit);
        return db.all(query).map(headerOf);
      }),
    approve: (id, by, at) => guarded(path, () => db.transaction(() => approve(id, by, at))),
    approved: (device) => guarded(path, () => header(approvals(device)[0]?.snapshot)),
    approvals: (device) => guarded(path, () => approvals(device)),
  };
}
