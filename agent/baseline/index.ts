/**
 * baseline: what is declared and approved. The file a hospital keeps its flow matrix in (read, checked, and written
 * for the first time from what a device lets through), and the port through which approved snapshots are kept.
 */
export * from './declared.js';
export { parseBaseline } from './file.js';
export { type Learned, type LearnInput, learnBaseline } from './learn.js';
export { lintBaseline } from './lint.js';
export * from './seal.js';
export { contentId, flowSetOf } from './shape.js';
export * from './snapshots.js';
export { uniteBaselines } from './unite.js';
