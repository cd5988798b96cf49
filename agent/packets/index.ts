/**
 * packets: exact algebra over sets of packets. It knows nothing of firewalls: a packet is a tuple of whole numbers,
 * a rule is a box with a label, a rule list is a function from packets to labels.
 */
export * from './kernel.js';
