/**
 * Texts are kept once each, addressed by their SHA-256; a capture is the list of its texts; a snapshot names a capture.
 */
export const snapshots = `
create table contents (
  hash text primary key, encoding text not null, bytes integer not null, body blob not null
) strict;
create table captures (hash text primary key, manifest text not null) strict;
create table snapshots (
  number integer primary key autoincrement,
  id text not null unique,
  device text not null,
  taken_at integer not null,
  last_seen integer not null,
  count integer not null,
  capture text not null references captures (hash),
  state text not null,
  body text not null
) strict;
create index snapshots_by_device on snapshots (device, number);
create table baselines (
  number integer primary key autoincrement,
  device text not null,
  snapshot text not null references snapshots (id),
  at integer not null,
  body text not null
) strict;
create index baselines_by_device on baselines (device, number);
`;
