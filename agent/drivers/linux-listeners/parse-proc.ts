import { formatIp4, formatIp6 } from '../../model/index.js';
import type { CoverageBuilder } from '../shared/coverage.js';
import { PROC_HEADER } from './identify.js';
import { parseBind, type Socket } from './sockets.js';

const LINE =
  /^ *\d+: (?<local>[\dA-F]{8}|[\dA-F]{32}):(?<port>[\dA-F]{4}) (?:[\dA-F]{8}|[\dA-F]{32}):[\dA-F]{4} (?<state>[\dA-F]{2}) [\dA-F]{8}:[\dA-F]{8} [\dA-F]{2}:[\dA-F]{8} [\dA-F]{8} +(?<uid>\d+) +\d+ +(?<inode>\d+)/;

/** /proc/net/{tcp,tcp6,udp,udp6} (proc(5)): sockets and users without processes, and without IPV6_V6ONLY. */
export function parseProc(file: string, lines: readonly string[], whole: boolean, coverage: CoverageBuilder): Socket[] {
  const sockets: Socket[] = [];
  // Only the tables of datagram sockets have the column `drops`.
  const datagrams = / drops\s*$/.test(lines[0] ?? '');
  for (const [index, text] of lines.entries()) {
    const line = index + 1;
    if (PROC_HEADER.test(text) || text.trim() === '') {
      coverage.mark(file, line, 'irrelevant');
      continue;
    }
    const parts = LINE.exec(text)?.groups;
    if (!parts || (!whole && index === lines.length - 1)) {
      coverage.lose(file, line, 'not a line of /proc/net: garbled, or cut');
      continue;
    }
    // net/tcp_states.h: 0A is LISTEN, 07 CLOSE, which is the state of a datagram socket without a peer.
    if (parts.state !== (datagrams ? '07' : '0A')) {
      coverage.mark(file, line, 'irrelevant');
      continue;
    }
    const bind = parseBind(addressText(parts.local!), 'both', 'unknown')!;
    coverage.mark(file, line, bind.doubt === undefined ? 'modelled' : 'approximated', bind.doubt);
    coverage.rule(bind.doubt === undefined ? 'exact' : 'bounded');
    const port = Number.parseInt(parts.port!, 16);
    const protocol = datagrams ? 'udp' : 'tcp';
    sockets.push({ protocol, bind, port, processes: [], uid: Number(parts.uid), file, line });
  }
  return sockets;
}

/** The kernel prints each 32-bit word as a number of its own byte order; every platform read here is little-endian. */
function addressText(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).map((word) => (word.match(/../g) ?? []).toReversed().join('')).join('');
  return hex.length === 8 ? formatIp4(Number.parseInt(bytes, 16)) : formatIp6(BigInt(`0x${bytes}`));
}
