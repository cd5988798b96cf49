import type { SecretPattern, VolatilePattern } from '../contract.js';

/** What the device shows encrypted is another text each time, and can be decrypted with a key that is public. */
export const secrets: readonly SecretPattern[] = [
  { title: 'encrypted values', pattern: /^[ \t]*(?:set|append) [\w-]+ ENC (?<value>\S+)/gm },
  {
    title: 'keys and passwords',
    pattern:
      /^[ \t]*(?:set|append) (?!ssh-public-key)(?:[\w-]*(?:passwd|password|secret|psk|passphrase|private-key|-pwd|api-key|token|hash|credential)[\w-]*|(?:[\w-]+-)?key|authkey|enckey|key-string|ppk|activation-code|seed) (?<value>(?!ENC )(?:"(?:[^"\\]|\\[\s\S])*"|\S+))/gm,
  },
  {
    title: 'private keys',
    pattern: /(?<value>-{5}BEGIN (?:[A-Z]+ )*PRIVATE KEY-{5}[\s\S]*?-{5}END (?:[A-Z]+ )*PRIVATE KEY-{5})/g,
  },
  {
    title: 'SNMP communities',
    pattern:
      /^[ \t]*edit \d+\n[ \t]*set name (?<value>"(?:[^"\\\n]|\\.)*"|\S+)\n(?=(?:[ \t]*set status \w+\n)?[ \t]*(?:config hosts|set (?:query|trap)-|next$))/gm,
  },
];

export const volatile: readonly VolatilePattern[] = [
  { title: 'version of the file', pattern: /^#conf_file_ver=.*$/gm, replacement: '#conf_file_ver=0' },
  { title: 'who reads, in the header', pattern: /^(?<head>#config-version=.*:user=).*$/gm, replacement: '$<head>' },
  {
    title: 'encrypted values',
    pattern: /^(?<head>[ \t]*(?:set|append) [\w-]+ ENC ).*$/gm,
    replacement: '$<head>0',
  },
  { title: 'uuid', pattern: /^[ \t]*set uuid [\w-]+$/gm, replacement: '' },
  {
    title: 'private keys, which are encrypted anew',
    pattern: /^(?<head>[ \t]*set private-key )(?:"[^"]*"|\S+\n*)/gm,
    replacement: '$<head>0',
  },
  { title: 'how long a member has not been heard', pattern: /\(updated \d+ seconds? ago\)/g, replacement: '()' },
  {
    title: 'counters of a cluster',
    pattern: /^(?<head>Cluster Uptime: |Cluster uptime: |[ \t]+sessions=|[ \t]+[\w/-]+: physical\/).*$/gm,
    replacement: '$<head>',
  },
  { title: 'time of the device', pattern: /^(?<head>System time: ).*$/gm, replacement: '$<head>' },
];
