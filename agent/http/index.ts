/**
 * http: a guard as plain HTTP JSON: the routes with their schemas, the socket that only its owner may open, and the
 * client that makes it a guard again. The server itself is loaded when it is needed.
 */
export * from './client.js';
export * from './socket.js';
