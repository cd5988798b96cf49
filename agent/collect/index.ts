/**
 * collect: where bytes come from (this machine, a file). Runs a driver's dialogue with time and size limits, removes
 * secrets, and takes a capture only when two readings agree.
 */
export {};
