import type { FindingEvent } from '../../agent/judge/types.js';
import { anEvent } from '../store/samples.js';

/** Openings that are told of together, as after one intervention. */
const TOGETHER = 25;

/** `alarms` events: the lives of several openings, of four events each, mixed as they would be. */
export function aLife(alarms: number): readonly FindingEvent[] {
  return Array.from({ length: alarms }, (_, index) => {
    const group = Math.floor(index / (TOGETHER * 4));
    const within = index % (TOGETHER * 4);
    return anEvent(`g${group}-f${within % TOGETHER}`, Math.floor(within / TOGETHER) + 1);
  });
}
