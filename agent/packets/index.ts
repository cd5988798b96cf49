/**
 * packets: exact algebra over sets of packets. It knows nothing of firewalls: a packet is a tuple of whole numbers,
 * a rule is a box with a label, a rule list is a function from packets to labels.
 */

export { type Alignment, alignLists } from './align.js';
export { bitsKernel } from './bits-kernel.js';
export { type ChangedRule, type ChangePart, compareLists, type ListChanges } from './changes.js';
export { createKernel, type KernelOptions, withKernels } from './choose.js';
export { intervalsKernel } from './intervals-kernel.js';
export * from './kernel.js';
export { type Lookup, listLookup } from './lookup.js';
export { type Column, type OverlapIndex, overlapIndex } from './overlap.js';
export { type RuleList, ruleList } from './rule-list.js';
export { type RuleWise, type ToldRule, tellRules } from './rule-wise.js';
export { type RulePool, rulePool } from './rules.js';
export { spaceBuilder } from './space.js';
