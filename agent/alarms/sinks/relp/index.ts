/**
 * relp: the Reliable Event Logging Protocol, the client's side, version 0: a session, a window of messages, and an
 * answer to each. Written for rsyslog's imrelp.
 */
export { relpConnection } from './client.js';
