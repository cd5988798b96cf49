/**
 * sinks: one folder for each way to tell an alarm. A sink knows its encoding and its transport, nothing of queues.
 */
export { type JsonlOptions, jsonlSink } from './jsonl/index.js';
export { facilities, type SyslogOptions, syslogSink } from './syslog/index.js';
