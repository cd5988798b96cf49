/** One row for each event and sink; the partial index holds only what still waits, so a long history costs nothing. */
export const delivery = `
create table outbox (
  sequence integer primary key autoincrement,
  sink text not null,
  event integer not null references finding_events (number),
  attempts integer not null default 0,
  next_attempt_at integer not null,
  delivered_at integer,
  last_error text,
  unique (event, sink)
) strict;
create index outbox_waiting on outbox (sink, sequence) where delivered_at is null;
`;
