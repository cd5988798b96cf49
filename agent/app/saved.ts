import type { Capture, Driver, SavedCapture } from '../drivers/contract.js';
import { combineDevices } from '../exposure/index.js';
import { problemText } from '../lib/result.js';
import type { Device, LaterState, Origin } from '../model/index.js';

export interface Saved {
  readonly state?: LaterState;
  readonly unknown?: true;
  /** Why the saved rules say nothing, or not all: never silence. */
  readonly notCovered: readonly string[];
}

/**
 * The rules that would be loaded at the next start, read by the drivers that read such text and put together as one
 * state. One of the files that is not understood wholly leaves nothing to compare with: what it does not say could be
 * the deny that shuts everything, or the permit that opens it.
 */
export function savedOf(capture: Capture, drivers: readonly Driver[], live: Device): Saved {
  const driver = drivers.find(({ id }) => id === capture.driver);
  const saved = driver?.saved?.(capture);
  if (!saved || saved.captures.length === 0) return { notCovered: [] };
  const notCovered: string[] = [];
  const parts = new Map<string, SavedCapture[]>();
  for (const one of saved.captures) parts.set(one.driver, [...(parts.get(one.driver) ?? []), one]);
  const read = [...parts].flatMap(([id, captures]) => {
    const reader = drivers.find((other) => other.id === id);
    const sections = captures.flatMap((one) => one.sections);
    const text = sections.map(({ name, text }) => ({ name, source: name, text }));
    const what = captures.map((one) => one.what).join(', ');
    const device = reader?.read({ driver: id, device: capture.device, sections: text }, { device: capture.device });
    const wrong = !device
      ? `there is no driver ${id}`
      : !device.ok
        ? problemText(device.error)
        : (device.value.coverage.blind[0] ??
          (captures.every(({ whole }) => whole) ? undefined : 'a part of it was not read'));
    if (wrong !== undefined || !device?.ok) {
      notCovered.push(`${what}: what it would let through after the next start is not known: ${wrong}.`);
      return [];
    }
    return [{ driver: id, device: placed(device.value, sections) }];
  });
  if (notCovered.length > 0) return { notCovered, unknown: true };
  const { pipeline } = combineDevices(capture.device, read);
  const { forwarding, localAddresses, broadcastAddresses, zones, reach } = live.pipeline;
  return {
    state: {
      kind: 'saved',
      // What a saved file does not say stays as it is: whether the machine forwards, and its own addresses.
      pipeline: {
        ...pipeline,
        ...(forwarding && { forwarding }),
        ...(localAddresses && { localAddresses }),
        ...(broadcastAddresses && { broadcastAddresses }),
        ...(zones && { zones }),
        ...(reach && { reach }),
      },
      returnsWhen: saved.captures.map(({ returnsWhen }) => returnsWhen).join('; '),
    },
    notCovered,
  };
}

export function withSaved(device: Device, saved: readonly Saved[]): Device {
  const state = saved.find((one) => one.state)?.state;
  const said = saved.flatMap(({ notCovered }) => notCovered);
  const { coverage } = device;
  return {
    ...device,
    ...(state && { later: [...(device.later ?? []), state] }),
    ...(!state &&
      saved.some(({ unknown }) => unknown) && { laterUnknown: [...(device.laterUnknown ?? []), 'saved' as const] }),
    ...(said.length > 0 && { coverage: { ...coverage, notCovered: [...new Set([...coverage.notCovered, ...said])] } }),
  };
}

/** Rules point at the line of the file that a person can open. */
function placed(device: Device, sections: SavedCapture['sections']): Device {
  const places = new Map(sections.map(({ name, places: lines }) => [name, lines]));
  const moved = (origin: Origin): Origin => {
    const place = places.get(origin.file)?.[origin.line - 1];
    const { lastLine: _, ...rest } = origin;
    return place ? { ...rest, ...place } : origin;
  };
  const lists = device.pipeline.lists.map((list) => ({
    ...list,
    rules: list.rules.map((rule) => ({ ...rule, origin: moved(rule.origin) })),
  }));
  const bases = device.pipeline.bases.map((base) => ({ ...base, policyOrigin: moved(base.policyOrigin) }));
  return { ...device, pipeline: { ...device.pipeline, lists, bases } };
}
