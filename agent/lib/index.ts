/**
 * lib: what every room may use and what uses none of them: intervals, clock, result, assertions, secrets, log.
 */
export * from './assert.js';
export * from './clock.js';
export * from './result.js';
export * from './secret.js';
