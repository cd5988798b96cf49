/**
 * model: the neutral nouns every platform is read into (Device, Pipeline, RuleList, Rule, Condition, AddressSet, Nat,
 * Listener, AccessFact, Origin, Coverage). Data only: no platform, no verdicts.
 */
export * from './address.js';
export * from './condition.js';
export * from './device.js';
export * from './later.js';
export * from './mac.js';
export * from './origin.js';
export * from './public.js';
export * from './rule.js';
export * from './session.js';
export * from './zone.js';
