/**
 * app: the composition root: what wires the rooms to each other and to the world. Here live replays of scenarios, on a
 * virtual clock and through the same judgement and store as the daemon.
 */
export * from './replay.js';
