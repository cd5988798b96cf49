import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { driverById } from '../../agent/drivers/registry.js';

/**
 * A guard reads a firewall for years, and most readings have a line or two that none before had. What is remembered of
 * a line must not be a view of the listing that it stood in: V8 would keep all of it (see lib/owned.ts).
 */
const FILLING = 2_000;
const WARM = 10;
const READINGS = 40;
/** A tenth of what is read: what keeps each listing keeps all of it. */
const HELD_SHARE_MAX = 0.1;

const address = (number: number): string => `198.51.${number >> 8}.${number & 255}`;
const filling = (line: (number: number) => string): string =>
  Array.from({ length: FILLING }, (_, number) => line(number)).join('\n');

interface Listing {
  readonly section: string;
  /** A listing of which only a few lines, with this number in them, were in none before. */
  readonly text: (number: number) => string;
  /** Another section beside it. */
  readonly beside?: { readonly section: string; readonly text: (number: number) => string };
}

const listings: Readonly<Record<string, Listing>> = {
  iptables: {
    section: 'iptables-save',
    text: (number) => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:a-chain-of-the-ticket-${number} - [0:0]
-A INPUT -j a-chain-of-the-ticket-${number}
-A INPUT -p tcp -m tcp --dport ${number} -m comment --comment "opened for ticket ${number}" -j ACCEPT
${filling((at) => `-A FORWARD -s ${address(at)}/32 -j REJECT --reject-with icmp-port-unreachable`)}
-A FORWARD -s 203.0.113.${number}/32 -j REJECT --reject-with icmp-port-unreachable
COMMIT
`,
  },
  nftables: {
    section: 'nft-text',
    text: (number) => `table inet filter { # handle 1
	set banned-for-a-while {
		type ipv4_addr
		elements = { 192.0.2.1, 203.0.113.${number} }
	}

	chain a-chain-of-the-ticket-${number} {
		ip saddr 203.0.113.${number} drop
	}

	chain forward {
		type filter hook forward priority filter; policy drop;
		ip saddr @banned-for-a-while drop
		jump a-chain-of-the-ticket-${number}
		tcp dport ${number} accept comment "opened for ticket ${number}" # handle ${9000 + number}
${filling((at) => `\t\tip saddr ${address(at)} reject with icmp port-unreachable # handle ${at + 10}`)}
	}
}
`,
    beside: {
      section: 'nft-bytecode',
      text: (number) => `inet filter forward ${9000 + number}
  [ meta load l4proto => reg 1 ]
  [ cmp eq reg 1 0x00000006 ]
  [ payload load 2b @ transport header + 2 => reg 1 ]
  [ cmp eq reg 1 0x0000${number.toString(16).padStart(2, '0')}00 ]
  [ immediate reg 0 accept ]

${filling(
  (at) => `inet filter forward ${at + 10}
  [ meta load nfproto => reg 1 ]
  [ cmp eq reg 1 0x00000002 ]
  [ payload load 4b @ network header + 12 => reg 1 ]
  [ cmp eq reg 1 0x${(at % 97).toString(16).padStart(8, '0')} ]
  [ reject type 0 code 3 ]
`,
)}
table inet filter { # handle 1
	chain a-chain-of-the-ticket-${number} { # handle 1
	}
}
`,
    },
  },
  fortios: {
    section: 'show',
    text: (number) => `#config-version=FGT60F-7.2.5-FW-build1517-230606:opmode=0:vdom=0:user=admin
config firewall address
${filling((at) => `    edit "a-host-with-the-number-${at}"\n        set subnet ${address(at)} 255.255.255.255\n    next`)}
    edit "the-host-of-ticket-${number}"
        set subnet 203.0.113.${number} 255.255.255.255
    next
end
config firewall policy
    edit 1
        set name "opened for ticket ${number}"
        set srcintf "port1"
        set dstintf "port2"
        set srcaddr "the-host-of-ticket-${number}"
        set dstaddr "all"
        set action accept
        set schedule "always"
        set service "ALL"
    next
end
`,
  },
};

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

test.each(Object.entries(listings))(
  '%s: nothing that is remembered holds a listing',
  (id, { section, text, beside }) => {
    let read = 0;
    const readings = (from: number, to: number): void => {
      for (let number = from; number < to; number++) {
        // As it comes from a program: a text made of pieces is another kind of text to V8.
        const whole = Buffer.from(text(number)).toString();
        read += whole.length;
        const sections = [{ name: section, source: section, text: whole }];
        if (beside) {
          const more = Buffer.from(beside.text(number)).toString();
          read += more.length;
          sections.push({ name: beside.section, source: beside.section, text: more });
        }
        const capture = { driver: id, device: 'fw', sections };
        expect(driverById(id)!.read(capture, { device: 'fw' }).ok).toBe(true);
      }
    };
    readings(1, WARM);
    const before = heldBytes();
    read = 0;
    readings(WARM, WARM + READINGS);
    expect(heldBytes() - before).toBeLessThan(read * HELD_SHARE_MAX);
  },
);
