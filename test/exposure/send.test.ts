import { describe, expect, test } from '@jest/globals';
import { compiler } from '../../agent/exposure/compile.js';
import { envKey } from '../../agent/exposure/env.js';
import { occurrencesOf } from '../../agent/exposure/identity.js';
import { inUniverse } from '../../agent/exposure/universe.js';
import { type Decider, type Outcome, walkDevice } from '../../agent/exposure/walk.js';
import type { Device, Direction, Family } from '../../agent/model/index.js';
import { createKernel } from '../../agent/packets/index.js';
import { iptablesDevice, nftDevice, recordedDevices } from './rulesets.js';

function deciderText(by: Decider | undefined): string {
  if (!by) return 'nobody';
  return by.kind === 'rule' ? `${by.list} ${by.index}` : by.kind === 'policy' ? `policy ${by.base.list}` : by.text;
}

function outcomeText(outcome: Outcome): string {
  const by = 'by' in outcome ? outcome.by : undefined;
  const answer = outcome.kind === 'deny' ? (outcome.answer ?? '') : '';
  return `${outcome.kind} ${answer} ${deciderText(by)} ${envKey(outcome.env)}`;
}

/** What becomes of packets that are sent down the lists, where it is not what the lists' functions say of them. */
function differences({ pipeline }: Device, direction: Direction, family: Family, wideNodes: number) {
  return inUniverse(
    family,
    (builder) => {
      const names = occurrencesOf(pipeline);
      for (const { rules } of pipeline.lists) for (const rule of rules) builder.rule(rule, names);
      builder.field('destinationPort', [0, 1023]);
    },
    (universe) => {
      const kernel = createKernel(universe.space);
      const options = {
        pipeline,
        direction,
        compiler: compiler({
          kernel,
          universe,
          localAddresses: pipeline.localAddresses,
          broadcastAddresses: pipeline.broadcastAddresses,
          state: 'new',
          tcpFlags: 2,
          occurrences: occurrencesOf(pipeline),
        }),
        withDeciders: true,
        translates: true,
      };
      const low = kernel.test(4, [0, 1023]);
      return [kernel.all, low, kernel.not(low)].flatMap((region) => {
        const made = walkDevice({ ...options, region });
        const sent = walkDevice({ ...options, region, sends: true, wideNodes });
        const found: string[] = [];
        kernel.pair(made.diagram, sent.diagram, (one, other) => {
          const [a, b] = [
            one === 0 ? 'outside' : outcomeText(made.outcome(one)),
            other === 0 ? 'outside' : outcomeText(sent.outcome(other)),
          ];
          if (a !== b) found.push(`${a} but ${b}`);
          return 0;
        });
        return found;
      });
    },
  );
}

const ways = (['forward', 'input', 'output'] as const).flatMap((direction) =>
  (['ip4', 'ip6'] as const).flatMap((family) => [0, 64].map((wideNodes) => ({ direction, family, wideNodes }))),
);

function allDifferences(device: Device): readonly string[] {
  return ways.flatMap(({ direction, family, wideNodes }) =>
    differences(device, direction, family, wideNodes).map((one) => `${direction} ${family} ${wideNodes}: ${one}`),
  );
}

describe('packets that are sent down the lists fare as the lists say', () => {
  test.each(recordedDevices())('%s', (_, device) => expect(allDifferences(device)).toEqual([]));

  test('return, goto, marks and what is not tracked', () => {
    const device = nftDevice(`table inet filter {
	chain raw {
		type filter hook prerouting priority raw; policy accept;
		ip saddr 192.0.2.7 notrack
		iifname "wan0" meta mark set 0x5
		tcp dport 1-500 meta mark set 0x7
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state untracked accept
		iifname "wan0" jump first
		meta mark 0x5 tcp dport 2222 accept
		iifname "lan0" goto second
		tcp dport 80 accept
	}
	chain first {
		ip saddr 198.51.100.0/24 return
		tcp dport 22 jump third
		tcp dport 443 accept
		meta mark set 0x9
		meta mark 0x9 tcp dport 9 accept
	}
	chain second {
		udp dport 53 accept
		ip daddr 10.0.0.0/8 return
		tcp dport vmap { 25 : accept, 26 : drop, 27 : jump third }
	}
	chain third {
		ip saddr 203.0.113.9 drop
		meta mark 0x7 return
		ip saddr 203.0.113.0/24 accept
	}
}
table ip nat {
	chain pre {
		type nat hook prerouting priority dstnat; policy accept;
		iifname "wan0" tcp dport 8080 dnat to 10.0.0.5:80
	}
	chain post {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan0" masquerade
	}
}`);
    expect(allDifferences(device)).toEqual([]);
  });

  test('a list without rules, and one that is called twice', () => {
    const device = iptablesDevice(`*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:empty - [0:0]
:twice - [0:0]
-A FORWARD -i eth0 -j empty
-A FORWARD -i eth0 -o eth1 -j twice
-A FORWARD -s 192.0.2.0/24 -g twice
-A FORWARD -p tcp --dport 443 -j ACCEPT
-A twice -m limit --limit 3/min -j RETURN
-A twice -p tcp --dport 22 -j ACCEPT
COMMIT
`);
    expect(allDifferences(device)).toEqual([]);
  });
});
