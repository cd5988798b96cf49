/** What was said of flows that windows announced as staying. */
export const acceptances = `
create table acceptances (key text primary key, position integer not null, body text not null) strict;
`;
