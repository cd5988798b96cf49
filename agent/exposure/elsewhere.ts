import type { Diagram, Kernel } from '../packets/index.js';
import type { Translation } from './env.js';
import { contentText } from './identity.js';

/** What some packets are let through as, and a condition may let others of these parts have the same ones. */
export interface Part {
  readonly destination: Translation | undefined;
  /** Every packet that it may be for, whatever conditions answer. */
  readonly all: Diagram;
  /** Those of them that no part before it may be for. */
  readonly own: Diagram;
}

/** Where packets of a part (by its number) may be sent instead, by what no packet tells; `{}`: they stay as they are. */
export type Elsewhere = (part: number, packets: Diagram) => readonly Translation[];

/** kube-proxy draws one of several endpoints: the entry is the first one's, and the others are told with it. */
export function elsewhereOf(kernel: Kernel, parts: readonly Part[]): Elsewhere {
  if (parts.every(({ destination }) => destination === undefined)) return () => [];
  const rivals = new Map<number, number[]>();
  let owners = kernel.none;
  parts.forEach(({ all, own }, number) => {
    for (const label of kernel.labels(kernel.keep(owners, all))) {
      if (label > 0) rivals.set(label - 1, [...(rivals.get(label - 1) ?? []), number]);
    }
    owners = kernel.override(owners, kernel.paint(own, number + 1));
  });
  return (part, packets) => {
    const found = new Map<string, Translation>();
    const stays = parts[part]!.destination === undefined;
    for (const rival of rivals.get(part) ?? []) {
      const { all, destination = {} } = parts[rival]!;
      // Of everything that passes as it is, the little that may be translated says nothing.
      const isMet = stays ? kernel.isSubset(packets, all) : !kernel.isEmpty(kernel.and(all, packets));
      if (isMet) found.set(contentText(destination), destination);
    }
    found.delete(contentText(parts[part]!.destination ?? {}));
    return [...found.values()];
  };
}
