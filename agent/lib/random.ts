/** From 0 up to, and without, 1. Injected like time: a test or the simulator gives a seeded one, so that a run repeats. */
export type Random = () => number;

export const systemRandom: Random = () => Math.random();
