import { expect, test } from '@jest/globals';
import { parseSettings, sinkPlace } from '../../agent/config/index.js';
import { problemText } from '../../agent/lib/result.js';

const here = { env: {}, host: 'pacs-1', home: '/home', isRoot: false };

function read(text: string) {
  return parseSettings(text, 'config.yaml', { surroundings: here });
}

test.each([
  [
    'sinks: [{id: s, syslog: "a:1", escalation: {}}]',
    '`sinks[1].escalation` is a map (expected times by severity, such as {critical: 15m, high: 1h}; name at least one severity)',
  ],
  [
    'sinks: [{id: s, syslog: "a:1", escalation: {critical: 5s}}]',
    '`sinks[1].escalation.critical` is `5s` (expected a duration between 1m and 30d, such as 5m',
  ],
  ['metrics: {listen: everywhere}', '`metrics.listen` is `everywhere` (expected HOST:PORT, such as 127.0.0.1:9464'],
  [
    'sinks: [{id: s, syslog: "a:1", tls: {ca: x}}]',
    'config.yaml:1:37: `sinks[1].tls` is a map (expected `transport: tls` or `transport: relp-tls` beside it; add what is missing, or remove this)',
  ],
  [
    'sinks: [{id: s, syslog: "a:1", transport: tls, tls: {cert: x}}]',
    'config.yaml:1:53: `sinks[1].tls` is a map (expected `cert` and `key` together; add what is missing, or remove this)',
  ],
  [
    'sinks: [{id: s, syslog: "a:1", transport: tls, tls: {authority: x}}]',
    'there is no setting `authority` in `sinks[1].tls` (expected one of ca, cert, key, serverName, pins; remove it)',
  ],
  [
    'sinks: [{id: s, syslog: "a:1", transport: relp, framing: newline}]',
    '`sinks[1].framing` is `newline` (expected `transport: tcp` or `transport: tls` beside it; add what is missing, or remove this)',
  ],
  [
    'sinks: [{id: s, webhook: "http://hooks.example.org/x", secret: env:S}]',
    '`sinks[1].webhook` is `http://hooks.example.org/<secret>` (expected an address that starts with https://',
  ],
  [
    'sinks: [{id: s, webhook: "https://hooks.example.org/x"}]',
    '(expected a `secret` beside it, with which each message is signed; add one, for example `secret: env:ECLUSE_HOOK_SECRET`)',
  ],
  [
    'sinks: [{id: s, webhook: "https://hooks.example.org/x", secret: whsec_abc}]',
    '(expected `env:NAME` or `file:PATH`: a secret never stands in this file; put the secret in a file of its own (chmod 600) and name that: file:PATH)',
  ],
  [
    'sinks: [{id: s, mail: "a@b.example\\nBcc: x@y.example", server: "s:25", from: a@b.example}]',
    '(expected addresses such as astreinte@hopital.example.org)',
  ],
  [
    'sinks: [{id: s, mail: a@b.example, from: a@b.example}]',
    '(expected `server: HOST:PORT` beside it; add what is missing, or remove this)',
  ],
  [
    'sinks: [{id: s, mail: a@b.example, from: a@b.example, server: "s:25", user: u, password: env:P, security: none}]',
    '(expected `starttls` or `tls`: a password needs one of them; write one of them)',
  ],
  [
    'sinks: [{id: s, syslog: "a:1", facility: 24}]',
    'config.yaml:1:42: `sinks[1].facility` is `24` (expected a syslog facility: 0 to 23, or local0 to local7; write it like `facility: local4`)',
  ],
  [
    'sinks: [{id: s, syslog: "a:1", streams: [alarms]}]',
    'config.yaml:1:42: `sinks[1].streams[1]` is `alarms` (expected a list of `alert`, `reminder`, `notice` and `heartbeat`)',
  ],
  [
    'sinks: [{id: s, syslog: "a:1", enterprise: 0}]',
    '`sinks[1].enterprise` is `0` (expected a private enterprise number that IANA has given, such as 32473)',
  ],
])('%j is wrong, and it is said what was expected', (text, message) => {
  const settings = read(text);
  const complaint = settings.ok ? 'no complaint' : problemText(settings.error);
  expect(complaint).toContain(message);
  expect(complaint).not.toContain('\n');
});

test.each([
  ['{id: f, jsonl: "-"}', '-'],
  ['{id: s, syslog: "siem.example.org:514"}', 'siem.example.org:514'],
  ['{id: s, syslog: "siem.example.org:2514", transport: relp}', 'siem.example.org:2514 over relp'],
  ['{id: h, webhook: "https://hooks.example.org/T0/secret", style: slack}', 'hooks.example.org'],
  ['{id: h, webhook: "env:HOOK", style: teams}', 'an address kept apart'],
  [
    '{id: m, mail: [a@b.example, c@d.example], from: e@b.example, server: "smtp.example.org:25"}',
    'a@b.example, c@d.example through smtp.example.org:25',
  ],
])('%s tells %s', (text, place) => {
  const settings = read(`sinks: [${text}]`);
  if (!settings.ok) throw new Error(problemText(settings.error));
  expect(settings.value.sinks.map(sinkPlace)).toEqual([place]);
});
