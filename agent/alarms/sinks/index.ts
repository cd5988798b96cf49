/**
 * sinks: one folder for each way to tell an alarm. A sink knows its encoding and its transport, nothing of queues.
 */
export { type JsonlOptions, jsonlSink } from './jsonl/index.js';
export { type MailOptions, mailSink } from './mail/index.js';
export { facilities, type SyslogOptions, syslogSink } from './syslog/index.js';
export { signingKey, type WebhookOptions, webhookSink } from './webhook/index.js';
