/**
 * packets: exact algebra over sets of packets. It knows nothing of firewalls: a packet is a tuple of whole numbers,
 * a rule is a box with a label, a rule list is a function from packets to labels.
 */

export { type Alignment, alignLists } from './align.js';
export { bitsKernel } from './bits-kernel.js';
export { createKernel, type KernelOptions, withKernels } from './choose.js';
export { intervalsKernel } from './intervals-kernel.js';
export * from './kernel.js';
export { spaceBuilder } from './space.js';
