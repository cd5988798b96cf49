/**
 * rules: the exposures that people know by name, as data: what each one is, why it matters, how it is shut, and what
 * it does to the severity. A rule of the hospital's own stands in the place of one of ours with the same id.
 */
export * from './examples.js';
export * from './file.js';
export * from './match.js';
export * from './types.js';
