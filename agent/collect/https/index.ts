/**
 * collect/https: an appliance asked over its own HTTPS interface, as its driver says. Certificates that a person has
 * seen, limits at every step, and a refused login that is not tried until the account locks.
 */
export { fingerprintText } from './certificates.js';
export { type HttpsOptions, type HttpsRunner, httpsRunner } from './runner.js';
export { scanCertificate } from './scan.js';
export * from './target.js';
