import type { Pipeline } from '../model/index.js';
import { universeBuilder } from './universe.js';

/** The interfaces that a device's rules ask for by name, in order; patterns such as `ppp*` are none. */
export function interfacesAskedFor({ lists }: Pipeline): readonly string[] {
  const builder = universeBuilder('ip4');
  for (const { rules } of lists) for (const rule of rules) builder.rule(rule);
  // The last one stands for every other.
  return builder
    .build()
    .interfaces.slice(0, -1)
    .filter((name) => !name.endsWith('*'));
}
