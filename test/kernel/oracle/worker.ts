/**
 * The program that runs inside the namespace, in perl because Node can open neither a TUN device nor a raw socket. It
 * carries out what comes on standard input, one message after another: `X` runs a program and gives its exit code
 * and output; `P` injects packets and gives, for each, every packet that came out anywhere before the next went in. A
 * write to a TUN runs the whole path through the kernel before it returns, so nothing has to be waited for.
 */
export const WORKER = String.raw`
use strict; use warnings; use Fcntl qw(O_RDWR O_NONBLOCK F_SETFL F_GETFL);
use Socket qw(AF_INET AF_INET6 SOCK_RAW inet_aton pack_sockaddr_in pack_sockaddr_in6);
binmode STDIN; binmode STDOUT;
my ($folder, $names, $protocols) = @ARGV;
my @places;
for my $name (split /,/, $names) {
  sysopen(my $tun, "/dev/net/tun", O_RDWR | O_NONBLOCK) or die "tun: $!";
  ioctl($tun, 0x400454ca, pack("a16 s x22", $name, 0x1001)) or die "TUNSETIFF: $!";
  push @places, [$tun, scalar @places];
}
my @tuns = map { $_->[0] } @places;
for my $protocol (split /,/, $protocols) {
  my ($family, $number) = $protocol =~ /^(4|6):(\d+)$/ or die "protocol";
  my $raw; socket($raw, $family == 4 ? AF_INET : AF_INET6, SOCK_RAW, $number) or die "raw: $!";
  fcntl($raw, F_SETFL, fcntl($raw, F_GETFL, 0) | O_NONBLOCK);
  push @places, [$raw, $family == 4 ? 100 : 101];
}
socket(my $out4, AF_INET, SOCK_RAW, 255) or die "raw: $!";
socket(my $out6, AF_INET6, SOCK_RAW, 255) or die "raw6: $!";
socket(my $conntrack, 16, SOCK_RAW, 12) or die "netlink: $!";

sub exactly { my ($count) = @_; my $bytes = ""; while (length($bytes) < $count) { my $n = sysread(STDIN, $bytes, $count - length($bytes), length($bytes)); exit 0 unless $n; } return $bytes; }
sub answer { my ($bytes) = @_; $bytes = pack("N", length $bytes) . $bytes; my $at = 0; while ($at < length $bytes) { my $n = syswrite(STDOUT, $bytes, length($bytes) - $at, $at); exit 0 unless $n; $at += $n; } }
sub slurp { my ($path) = @_; open(my $in, "<", $path) or return ""; binmode $in; local $/; my $text = <$in>; return defined $text ? $text : ""; }

sub execute {
  my ($payload) = @_;
  my ($count) = unpack("n", $payload); my @argv = unpack("x2" . ("n/a*" x $count) . "a*", $payload); my $input = pop @argv;
  open(my $file, ">", "$folder/in") or die; binmode $file; print $file $input; close $file;
  my $pid = fork(); die "fork" unless defined $pid;
  if ($pid == 0) { open(STDIN, "<", "$folder/in"); open(STDOUT, ">", "$folder/out"); open(STDERR, ">", "$folder/err"); exec { $argv[0] } @argv; exit 127; }
  waitpid($pid, 0);
  my ($out, $err) = (slurp("$folder/out"), slurp("$folder/err"));
  answer(pack("N N/a* N/a*", $? & 127 ? 128 + ($? & 127) : $? >> 8, $out, $err));
}

sub flush { syswrite($conntrack, pack("L S S L L C C n", 20, 0x102, 5, 1, 0, 0, 0, 0)); my $ack; sysread($conntrack, $ack, 4096); }

sub drain { my $seen = ""; my $count = 0; my $bytes;
  for my $place (@places) { while (sysread($place->[0], $bytes, 65535)) { next if ++$count > 200; $seen .= pack("C n/a*", $place->[1], $bytes); } }
  return pack("C", $count > 200 ? 200 : $count) . $seen; }

sub inject {
  my ($payload) = @_; my $at = 0; my $result = ""; drain();
  while ($at < length $payload) {
    my ($where, $packet) = unpack("C n/a*", substr($payload, $at, 65538)); $at += 3 + length $packet;
    if ($where == 253) { flush(); next; }
    if ($where == 254) { my $to = substr($packet, 16, 4); send($out4, $packet, 0, pack_sockaddr_in(0, $to)); }
    elsif ($where == 255) { my $to = substr($packet, 24, 16); send($out6, $packet, 0, pack_sockaddr_in6(0, $to)); }
    else { syswrite($tuns[$where], $packet); }
    $result .= drain();
  }
  answer($result);
}

answer("ready");
while (1) {
  my ($kind, $length) = unpack("a N", exactly(5)); my $payload = exactly($length);
  if ($kind eq "X") { execute($payload) } elsif ($kind eq "P") { inject($payload) } else { die "unknown message" }
}
`;
