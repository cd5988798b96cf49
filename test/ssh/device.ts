import type { Connection, ServerChannel } from 'ssh2';
import type { Speaker } from '../../agent/collect/index.js';
import { planOf } from '../../agent/collect/ssh/plan.js';
import { drivers as allDrivers } from '../../agent/drivers/registry.js';
import type { Behaviour } from './hostile.js';

/** What a device says to one step; `undefined` is a program that is not there. */
export interface Said {
  readonly out?: string | Buffer;
  readonly err?: string;
  readonly status?: number | string;
}

export interface Asked {
  readonly channel: ServerChannel;
  readonly client: Connection;
  readonly mark: string;
  readonly passes: number;
  /** Names of the steps, with the number of the spelling, in their order. */
  readonly names: readonly string[];
}

/** The parts of a request for readings, or undefined for any other command. */
function parse(command: string, speakers: readonly Speaker[]): Omit<Asked, 'channel' | 'client'> | undefined {
  const words = /sh -s -- read (?<mark>[0-9a-f]{32}) (?<passes>[12]) (?<rest>.*)$/.exec(command)?.groups;
  if (!words) return undefined;
  const rest = words.rest!.split(' ');
  const names = speakers
    .map(planOf)
    .filter(({ token }) => rest.includes(token))
    .flatMap(({ steps }) => steps.map(({ name }) => name))
    .filter((name) => !rest.includes(`-${name}`));
  return { mark: words.mark!, passes: Number(words.passes), names: names.map((name) => `${name}:0`) };
}

/** How a device with the script answers, where `say` makes up what its programs print; other commands get `other`. */
export function device(
  say: (name: string, asked: Asked) => Said | undefined,
  { speakers = allDrivers, other }: { speakers?: readonly Speaker[]; other?: Behaviour['exec'] } = {},
): Behaviour {
  return asked(
    (request) => {
      const { channel, mark, passes, names } = request;
      for (let pass = 0; pass < passes; pass++) {
        for (const name of names) {
          const said = say(name, request);
          if (!said) continue;
          for (const [stream, text] of [[channel, said.out] as const, [channel.stderr, said.err] as const]) {
            stream.write(`${mark} ${name}\n`);
            stream.write(text ?? '');
            stream.write(`\n${mark} ${said.status ?? 0}\n`);
          }
        }
        for (const stream of [channel, channel.stderr]) stream.write(`${mark} end\n`);
      }
      channel.exit(0);
      channel.end();
    },
    { speakers, ...(other && { other }) },
  );
}

/** A device that answers requests in whatever way. */
export function asked(
  answer: (request: Asked) => void,
  { speakers = allDrivers, other }: { speakers?: readonly Speaker[]; other?: Behaviour['exec'] } = {},
): Behaviour {
  return {
    exec: (channel, command, client) => {
      const request = parse(command, speakers);
      if (request) answer({ channel, client, ...request });
      else if (other) other(channel, command, client);
      else {
        channel.exit(1);
        channel.end();
      }
    },
  };
}
