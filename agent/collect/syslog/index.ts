/**
 * collect/syslog: what devices say of themselves in their own log. A message that a configuration has changed is a
 * reason to read the device now, never a substitute for reading it, and nothing in it is believed.
 */
export * from './calm.js';
export * from './listener.js';
export * from './message.js';
