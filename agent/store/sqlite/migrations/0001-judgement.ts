/** What the judge remembers, and every event it ever told. */
export const judgement = `
create table meta (key text primary key, value text not null) strict, without rowid;
create table present (key text primary key, position integer not null, body text not null) strict;
create table findings (key text primary key, position integer not null, body text not null) strict;
create table windows (key text primary key, position integer not null, body text not null) strict;
create table waivers (key text primary key, position integer not null, body text not null) strict;
create table devices (key text primary key, position integer not null, body text not null) strict;
create table finding_events (
  number integer primary key autoincrement,
  id text not null unique,
  finding text not null,
  kind text not null,
  at integer not null,
  body text not null
) strict;
create index finding_events_by_finding on finding_events (finding, number);
create index finding_events_by_time on finding_events (at);
`;
