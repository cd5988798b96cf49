import type { Wake } from '../contract.js';

/**
 * Changes of legacy tables, from the kernel's audit: records of type 1325 (NETFILTER_CFG) that it sends to whoever may
 * read them (netlink family 9, group 1). Node knows no netlink, and perl is part of every Debian. Where audit is off
 * the kernel says nothing, and whether it is on is only told to CAP_AUDIT_CONTROL; Écluse never switches it on. What
 * nftables changes is told by `nft monitor`.
 */
const SCRIPT = String.raw`
use strict;
$| = 1;
sub status {
  socket(my $ask, 16, 3, 9) or return;
  syswrite($ask, pack('LSSLL', 16, 1000, 1, 1, 0)) or return;
  sysread($ask, my $answer, 4096) or return;
  my ($length, $type) = unpack('LS', $answer);
  return $type == 1000 ? (unpack('LLLLLL', $answer))[5] : undef;
}
my $enabled = status();
if (defined $enabled && $enabled == 0) { print STDERR "the kernel's audit is off\n"; exit 3; }
my $audit;
socket($audit, 16, 3, 9) && bind($audit, pack('SSLL', 16, 0, 0, 1)) or do { print STDERR "audit: $!\n"; exit 3; };
print "ready\n";
for (;;) {
  my $length = sysread($audit, my $record, 65536);
  if (!defined $length) { next if $! == 4; if ($! == 105) { print "changed\n"; next; } print STDERR "audit: $!\n"; exit 1; }
  my (undef, $type) = unpack('LS', $record);
  print "changed\n" if $type == 1325 && $record !~ /\bop=nft_/;
}
`;

export const legacyTables: Wake = {
  id: 'legacy-tables',
  title: 'changes of legacy tables, by the kernel’s audit',
  argv: ['perl', '-e', SCRIPT],
  needs: 'CAP_AUDIT_READ in the first namespaces, perl, and audit switched on',
};
