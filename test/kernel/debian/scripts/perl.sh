# perl: processes, signals, files, modules in C.
exec perl - << 'PERL'
use strict; use warnings; $| = 1;
use POSIX qw(:sys_wait_h pause); use Socket; use Digest::SHA qw(sha1_hex); use Time::HiRes qw(sleep alarm); use File::Temp qw(tempdir); use Storable; use List::Util qw(sum); use Encode; use Data::Dumper; use IO::Select; use Fcntl qw(:flock :seek);
my %h = map { $_ => $_ ** 2 } 1 .. 5;
print join(',', map { "$_=$h{$_}" } sort keys %h), "\n";
my $pid = fork; if (!$pid) { exit 7 } waitpid($pid, 0); print $? >> 8, "\n";
$SIG{ALRM} = sub { print "alarm\n" }; alarm 0.1; pause;
$SIG{CHLD} = sub { print "child\n" }; my $k = fork; if (!$k) { sleep 60 } kill TERM => $k; waitpid($k, 0); print $? & 127, "\n"; $SIG{CHLD} = 'DEFAULT';
print join(' ', (stat '/usr/bin/perl')[2, 4, 5, 7]), "\n";
open(my $f, 'ls /usr |'); print <$f>; close $f; print qx(echo hi), sha1_hex('a'), "\n";
my @x = sort { $a <=> $b } map { ($_ * 7919) % 1000 } 1 .. 2000; print "@x[0 .. 5]\n", sum(@x), "\n";
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC); syswrite $a, "ping\n"; print IO::Select->new($b)->can_read(1) ? 'ready ' : '', scalar <$b>;
my $d = tempdir(CLEANUP => 1); store { n => [1, 2, 3] }, "$d/s"; print Dumper(retrieve "$d/s");
open(my $l, '+>', "$d/l"); print flock($l, LOCK_EX | LOCK_NB) ? "locked\n" : "no\n"; truncate $l, 10; seek $l, 0, SEEK_END; print tell($l), "\n";
print encode('UTF-8', lc decode('UTF-8', 'ÄÖÜ')), "\n"; my $text = join ' ', map { "word$_" } 1 .. 3000; my $n = () = $text =~ /\bw\w*?(\d)\1\b/g; print "$n\n";
eval { die { code => 5 } }; print $@->{code}, "\n"; local $@; eval 'syntax error here'; print $@ ? "bad\n" : "good\n";
print join(',', map { sprintf '%.3f', $_ } sin(1), exp(2), sqrt 2, atan2(1, 1), 1e300 * 1e10), "\n"; printf "%s %d %x\n", 2 ** 53, -7 / 2, ~0;
use threads; use threads::shared; my $shared :shared = 0; $_->join for map { threads->create(sub { for (1 .. 100) { lock $shared; $shared++ } }) } 1 .. 3; print "$shared\n";
use IPC::SysV qw(IPC_PRIVATE IPC_CREAT IPC_RMID); my $id = shmget IPC_PRIVATE, 100, IPC_CREAT | 0600; shmwrite $id, 'shared', 0, 6; shmread $id, my $got, 0, 6; shmctl $id, IPC_RMID, 0; print "$got\n";
print "$0 $< $> ", (getpwuid 0)[7], "\n"; exec 'sh', '-c', 'echo exec; exit 0';
PERL
