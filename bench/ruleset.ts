/** A firewall in nft's own words: so many rules, each for one host and one port, behind a policy that drops. */
export function ruleset(rules: number): string {
  const lines = Array.from(
    { length: rules },
    (_, i) =>
      `\t\tiifname "wan0" ip saddr 203.0.113.${i % 250} ip daddr 10.${i >> 8}.${i & 255}.7 tcp dport ${1000 + i} accept`,
  );
  return `table inet filter {
\tchain input {
\t\ttype filter hook input priority filter; policy drop;
\t\tct state established,related accept
\t\tiif "lo" accept
\t}

\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tct state established,related accept
${lines.join('\n')}
\t}
}
`;
}
