import type { Identification, Section } from '../contract.js';

export const SS_HEADER = /^(?:Netid\s+)?State\s+Recv-Q\s+Send-Q\s+Local Address:Port/;
export const PROC_HEADER = /^ *sl +local_address/;
export const INTERNET = /^Active Internet connections \((?:only servers|servers and established|w\/o servers)\)/m;
/** Protocol, local address, state (NA for datagrams), uid, inode, pid/program: net-tools columns with those between left out. */
export const SHORT =
  /^(?<proto>tcp|udp|raw)(?<six>6?)\s+(?<local>\S+:\d+)\s+(?<state>LISTEN|NA)\s+(?<uid>\d+)\s+\d+\s+(?<program>\S.*)$/;

/** The listing of ss(8). */
export function looksLikeSs(text: string): boolean {
  return (
    SS_HEADER.test(text) || /^(?:tcp|udp|sctp|dccp)\s+(?:LISTEN|UNCONN)\s+\d+\s+\d+\s+\S+:\S+\s+\S+:\S+/m.test(text)
  );
}

/** A table of /proc/net. */
export function looksLikeProc(text: string): boolean {
  return PROC_HEADER.test(text);
}

/** The listing of net-tools' netstat(8). */
export function looksLikeNetstat(text: string): boolean {
  return INTERNET.test(text) || looksShort(text);
}

/** A listing without the columns of queues and peers. */
export function looksShort(text: string): boolean {
  return SHORT.test(firstLine(text));
}

function firstLine(text: string): string {
  return text.split(/\r?\n/).find((line) => line.trim() !== '') ?? '';
}

export type ListingKind = 'ss' | 'netstat' | 'proc';

/** What each listing looks like. */
export const listings: Record<ListingKind, (text: string) => boolean> = {
  ss: looksLikeSs,
  netstat: looksLikeNetstat,
  proc: looksLikeProc,
};

/** Whether any of these sections is a listing of sockets that wait. */
export function identify(sections: readonly Section[]): Identification {
  return sections.some((section) => Object.values(listings).some((looks) => looks(section.text))) ? 'certain' : 'no';
}
