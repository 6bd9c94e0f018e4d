# Weir::Load: clients that ask all the time and keep a record of each answer.
#
#     my $load = Weir::Load->start(port => 8080, clients => 2);
#     my $seen = $load->stop;
#
# Each record tells when a request was sent and when its answer was there (on
# one clock, also across clients), its status and its X-Version; status 0 is
# an answer that never came, with the reason as its version.  A kept-alive
# connection that nginx closes before a byte of an answer is tried again on a
# new one, as RFC 9112, 9.3.1 asks of clients; a new connection never is.
#
# Version N of the policy is told by name, plan, route and rule at once:
# X-Version is "vN/SERIAL/GENERATION pN rN aN" where one policy decided.

package Weir::Load;

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Handle ();
use IO::Select ();
use IO::Socket::INET ();
use POSIX ();
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Time::HiRes qw(clock_gettime usleep CLOCK_MONOTONIC);

sub start {
    my ($class, %o) = @_;

    $o{clients}   //= 2;
    $o{keepalive} //= 1;
    $o{pause}     //= 1000;         # us between requests of a client
    $o{host}      //= 'acme.example';
    $o{target}    //= '/';
    $o{timeout}   //= 10;
    $o{dir}         = tempdir(CLEANUP => 1);

    $o{parent}      = $$;

    my $self = bless \%o, $class;

    for my $n (1 .. $o{clients}) {
        my $pid = fork;
        die "fork: $!" if !defined $pid;

        if ($pid == 0) {
            eval { $self->client("$o{dir}/$n") };
            warn $@ if $@;
            POSIX::_exit($@ ? 1 : 0);
        }

        push @{$self->{pids}}, $pid;
    }

    return $self;
}

# How many answers there have been.
sub answered {
    my ($self) = @_;
    my $n = 0;

    for my $file (glob "$self->{dir}/*") {
        open my $in, '<', $file or die "$file: $!";
        $n += () = <$in>;
    }

    return $n;
}

# The records of all clients, in the order in which the answers came.
sub stop {
    my ($self) = @_;
    my @records;

    kill 'TERM', @{$self->{pids}};

    waitpid $_, 0 for @{$self->{pids}};

    # one that was stopped before it began has left nothing

    for my $file (glob "$self->{dir}/*") {
        open my $in, '<', $file or die "$file: $!";

        while (<$in>) {
            chomp;
            my ($sent, $done, $status, $version) = split ' ', $_, 4;
            push @records, { sent => $sent, done => $done,
                             status => $status, version => $version };
        }
    }

    die "nobody had an answer\n" if !@records;

    return [sort { $a->{done} <=> $b->{done} } @records];
}

sub client {
    my ($self, $file) = @_;
    my $stop = 0;
    my $socket;

    local $SIG{TERM} = sub { $stop = 1 };
    local $SIG{PIPE} = 'IGNORE';

    open my $out, '>', $file or die "$file: $!";
    $out->autoflush;

    # nor longer than who asked for it
    while (!$stop && getppid == $self->{parent}) {
        my $sent   = clock_gettime(CLOCK_MONOTONIC);
        my $reused = defined $socket;
        my ($status, $version);

        $socket ||= $self->connect;

        if ($socket) {
            ($status, $version) = $self->ask($socket);

            if (!$status) {
                undef $socket;
                next if $reused && $version eq 'closed';
            }
        } else {
            ($status, $version) = (0, "connect: $!");
        }

        undef $socket if !$self->{keepalive};

        printf $out "%.6f %.6f %d %s\n", $sent,
               clock_gettime(CLOCK_MONOTONIC), $status, $version;

        usleep($self->{pause});
    }

    close $out;
}

sub connect {
    my ($self) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $self->{port},
                                       Timeout => $self->{timeout});

    $socket->setsockopt(IPPROTO_TCP, TCP_NODELAY, 1) if $socket;

    return $socket;
}

sub whole {
    my ($answer) = @_;

    return $answer =~ /^(.*?\r\n\r\n)/s
           && length($answer) >= length($1)
              + ($answer =~ /^Content-Length: (\d+)/mi ? $1 : 0);
}

# Status and X-Version; or 0 and what went wrong.
sub ask {
    my ($self, $socket) = @_;
    my $answer     = '';
    my $connection = $self->{keepalive} ? 'keep-alive' : 'close';

    syswrite($socket, "GET $self->{target} HTTP/1.1\r\nHost: $self->{host}\r\n"
             . "Connection: $connection\r\n\r\n") or return (0, 'closed');

    my $select = IO::Select->new($socket);
    my $until  = clock_gettime(CLOCK_MONOTONIC) + $self->{timeout};

    while (!whole($answer)) {
        my $left = $until - clock_gettime(CLOCK_MONOTONIC);

        return (0, 'timeout') if $left <= 0;
        next if !$select->can_read($left);              # or a signal came

        if (!sysread $socket, $answer, 65536, length $answer) {
            return (0, $answer eq '' ? 'closed' : "cut: $answer" =~ s/\s+/ /gr);
        }
    }

    my ($status)  = $answer =~ m{^HTTP/1\.1 (\d+)};
    my ($version) = $answer =~ /^X-Version: (.*?)\r/m;

    return ($status // 0, $version // '-');
}


# Versions of a policy

# serial => NUMBER, `tenants` beside acme, and `more` lines of the policy.
sub source {
    my ($n, %o) = @_;
    my $serial  = defined $o{serial} ? ", serial: $o{serial}" : '';
    my $tenants = $o{tenants} // '';
    my $more    = $o{more} // '';

    return <<"END";
policy: {name: v$n$serial}
tenants:
  resolve: [{host: "{tenant}.example"}]
  list:
    acme: {plan: p$n}
$tenants$more
routes:
  - id: r$n
    match: {path: "/**"}
    deny: [{id: d$n, when: '"deny" in request.params', message: "m$n"}]
    allow: [{id: a$n, when: 'true'}]
END
}


# What a record must be

# "vN/SERIAL/GENERATION pN rN aN": all of one version.
sub generation {
    my ($version) = @_;

    return $version =~ m{^v(\d+)/(?:\d+|-)/(\d+) p\1 r\1 a\1$} ? $2 : undef;
}

# The first few records, to be read.
sub text {
    my @records = @_;

    splice @records, 5;

    return map { "sent $_->{sent} done $_->{done}: $_->{status} "
                 . "$_->{version}\n" } @records;
}

# Those that failed, or were decided by more than one version.
sub faults {
    my ($seen) = @_;

    return grep { $_->{status} != 200 || !defined generation($_->{version}) }
           @$seen;
}

# Those sent after anybody had an answer of a newer generation.
sub stale {
    my ($seen) = @_;
    my (%first, @stale);

    for (@$seen) {
        my $g = generation($_->{version}) // next;
        $first{$g} = $_->{done} if !defined $first{$g};
    }

    my $newer = 9**9**9;
    my %until;

    for my $g (sort { $b <=> $a } keys %first) {
        $until{$g} = $newer;
        $newer = $first{$g} if $first{$g} < $newer;
    }

    return grep {
        my $g = generation($_->{version});
        defined $g && $_->{sent} > $until{$g};
    } @$seen;
}

# How many answers each generation gave.
sub generations {
    my ($seen) = @_;
    my %n;

    $n{generation($_->{version}) // 'none'}++ for @$seen;

    return \%n;
}

1;
