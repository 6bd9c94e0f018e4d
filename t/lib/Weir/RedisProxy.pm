# Weir::RedisProxy: stands before a server on loopback and does harm to what
# passes, as told.
#
#     my $proxy = $redis->proxy;      ->host, ->url
#     $proxy->pass;                   forwards, as from the start
#     $proxy->delay(0.2);             so many seconds later, both ways
#     $proxy->stall;                  keeps all connections and forwards nothing
#     $proxy->cut;                    closes them, and new ones at once
#     $proxy->garbage("bytes");       answers whatever comes with that
#     $proxy->mute;                   forwards what is asked, drops the answers
#
# Each of them returns when it holds.

package Weir::RedisProxy;

use strict;
use warnings;

use IO::Handle ();
use IO::Select ();
use IO::Socket::INET ();
use POSIX ();
use Socket qw(AF_UNIX PF_UNSPEC SOCK_STREAM);
use Time::HiRes qw(time);

sub start {
    my ($class, $to) = @_;
    my $listen = IO::Socket::INET->new(Listen => 64,
                                       LocalAddr => '127.0.0.1')
                 or die "proxy: $!";

    socketpair my $mine, my $its, AF_UNIX, SOCK_STREAM, PF_UNSPEC
        or die "socketpair: $!";

    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        setpgrp;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM CHLD);
        $SIG{PIPE} = 'IGNORE';
        close $mine;
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        eval { serve({ listen => $listen, control => $its, to => $to }) };
        POSIX::_exit(0);
    }

    close $its;
    $mine->autoflush(1);

    return bless { pid => $pid, port => $listen->sockport, control => $mine },
                 $class;
}

sub pid  { $_[0]{pid} }
sub port { $_[0]{port} }
sub host { "127.0.0.1:$_[0]{port}" }
sub url  { 'redis://' . $_[0]->host }

sub tell {
    my ($self, @words) = @_;

    print {$self->{control}} unpack('H*', join "\t", @words) . "\n";
    sysread $self->{control}, my $done, 1;
}

sub pass    { $_[0]->tell('pass') }
sub delay   { $_[0]->tell('delay', $_[1]) }
sub stall   { $_[0]->tell('stall') }
sub cut     { $_[0]->tell('cut') }
sub garbage { $_[0]->tell('garbage', $_[1]) }
sub mute    { $_[0]->tell('mute') }


# The process

# A way is a direction of a connection: what is read from `in` is written to
# `out`, and lies in `queue` until then.
sub serve {
    my ($p) = @_;

    $p->{mode} = 'pass';
    $p->{ways} = {};
    $p->{text} = '';

    while (1) {
        my $ways = $p->{ways};
        my $wait = 10;

        for my $way (values %$ways) {
            next if $p->{mode} eq 'stall' || !@{$way->{queue}};
            my $left = $way->{queue}[0][0] - time();
            $wait = $left > 0 ? $left : 0 if $left < $wait;
        }

        my @read = ($p->{control}, $p->{listen});
        push @read, map { $_->{in} } values %$ways if $p->{mode} ne 'stall';

        for my $socket (IO::Select->new(@read)->can_read($wait)) {
            if ($socket == $p->{control}) {
                obey($p) or return;
            } elsif ($socket == $p->{listen}) {
                accept_one($p);
            } elsif (my $way = $ways->{$socket}) {
                take($p, $way);
            }
        }

        next if $p->{mode} eq 'stall';
        my @ways = values %{$p->{ways}};
        deliver($p, $_) for @ways;
    }
}

sub obey {
    my ($p) = @_;

    sysread $p->{control}, $p->{text}, 65536, length $p->{text} or return 0;

    while ($p->{text} =~ s/^([0-9a-f]*)\n//) {
        ($p->{mode}, $p->{what}) = split /\t/, pack('H*', $1), 2;

        if ($p->{mode} eq 'cut') {
            my @ways = values %{$p->{ways}};
            drop($p, $_) for @ways;
        }

        syswrite $p->{control}, '.';
    }

    return 1;
}

sub accept_one {
    my ($p) = @_;
    my $client = $p->{listen}->accept or return;

    return if $p->{mode} eq 'cut';

    my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $p->{to}, Timeout => 1)
                 or return;

    $p->{ways}{$client} = { in => $client, out => $server, queue => [],
                            asks => 1 };
    $p->{ways}{$server} = { in => $server, out => $client, queue => [] };
}

sub take {
    my ($p, $way) = @_;
    my $n = sysread $way->{in}, my $bytes, 65536;

    return drop($p, $way) if !$n;

    if ($p->{mode} eq 'garbage' && $way->{asks}) {
        syswrite $way->{in}, $p->{what};
        return;
    }

    return if $p->{mode} eq 'mute' && !$way->{asks};

    push @{$way->{queue}},
         [time() + ($p->{mode} eq 'delay' ? $p->{what} : 0), $bytes];
}

sub deliver {
    my ($p, $way) = @_;

    while (@{$way->{queue}} && $way->{queue}[0][0] <= time()) {
        my $bytes = (shift @{$way->{queue}})->[1];

        while (length $bytes) {
            my $n = syswrite $way->{out}, $bytes or return drop($p, $way);
            substr $bytes, 0, $n, '';
        }
    }
}

sub drop {
    my ($p, $way) = @_;

    delete $p->{ways}{$_} for $way->{in}, $way->{out};
    close $_ for $way->{in}, $way->{out};
}

1;
