import { readdirSync, readFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import type { Capture, Section } from '../../../agent/drivers/contract.js';
import { driver } from '../../../agent/drivers/linux-listeners/index.js';
import { type AddressSet, type Device, formatRange } from '../../../agent/model/index.js';

export const recordings = 'test/recordings/linux-listeners';

/** The sections of a recording, each named like its file. */
export function sessionOf(name: string): readonly Section[] {
  const folder = join(recordings, name, 'session');
  return readdirSync(folder)
    .sort()
    .map((file) => ({ name: parse(file).name, source: file, text: readFileSync(join(folder, file), 'utf8') }));
}

export function captureOf(sections: readonly Section[]): Capture {
  return { driver: 'linux-listeners', device: 'host-01', sections };
}

export function deviceOf(sections: readonly Section[]): Device {
  const result = driver.read(captureOf(sections), { device: 'host-01' });
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** Addresses as a person writes them. */
export function shown({ ip4, ip6 }: AddressSet): readonly string[] {
  const ranges = <T extends number | bigint>(bounds: readonly T[]): readonly string[] =>
    Array.from({ length: bounds.length / 2 }, (_, index) => formatRange(bounds[2 * index]!, bounds[2 * index + 1]!));
  return [...ranges(ip4), ...ranges(ip6)];
}

/** What a recording's expected.json holds: the model in short lines, and what was not understood. */
export function summary(device: Device): unknown {
  const { pipeline, listeners, facts, coverage } = device;
  const odd = coverage.lines.filter(({ state }) => state !== 'modelled' && state !== 'irrelevant');
  return {
    listeners: listeners.map((listener) =>
      [
        listener.id,
        `on ${shown(listener.addresses).join(' ')}`,
        ...(listener.user === undefined ? [] : [`user ${listener.user}`]),
        ...(listener.namespace === undefined ? [] : [`in ${listener.namespace}`]),
        ...(listener.interface === undefined ? [] : [`at ${listener.interface}`]),
        ...(listener.loopback ? ['loopback'] : []),
        ...(listener.perhapsClient ? ['perhaps a client'] : []),
      ].join(', '),
    ),
    ...(pipeline.localAddresses && { localAddresses: shown(pipeline.localAddresses) }),
    ...(pipeline.broadcastAddresses && { broadcastAddresses: shown(pipeline.broadcastAddresses) }),
    ...(pipeline.forwarding && { forwarding: pipeline.forwarding }),
    facts: facts.map(({ kind, subject, value }) => `${kind}: ${subject}: ${value}`),
    odd: odd.map(({ file, line, state, reason }) => `${file}:${line}: ${state}: ${reason}`),
    notCovered: coverage.notCovered,
    blind: coverage.blind,
  };
}
