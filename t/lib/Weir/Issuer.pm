# Weir::Issuer: a server that answers with key sets, or as badly as a test
# likes.
#
#     our $issuer = Weir::Issuer->start;
#     $issuer->set('/jwks', body => $set);          200, with a length
#     $issuer->set('/jwks', raw => "HTTP/1.1 ...")  these bytes
#
# More of set(): status, type, headers (lines); delay => seconds before the
# answer, pause => seconds in the midst of it, hold => 1 to keep the connection
# open after it.  What has not been set is 404.
#
#     $issuer->url('/jwks'), $issuer->asked('/jwks')    how often it was asked
#     $issuer->stop, $issuer->again                     an outage
#
# dns(name => address) is a resolver on 127.0.0.1, and silent() one that never
# answers: ports.

package Weir::Issuer;

use strict;
use warnings;

use Digest::SHA qw(sha1_hex);
use File::Path qw(make_path remove_tree);
use IO::Socket::INET ();
use POSIX ();
use Storable qw(nstore retrieve);
use Time::HiRes qw(sleep);
use Weir ();

my $issuers = 0;
my %children;
my $parent = $$;

END {
    if ($$ == $parent) {
        my $status = $?;
        kill '-KILL', keys %children if %children;
        $? = $status;
    }
}

sub start {
    my ($class) = @_;
    my $dir  = Weir::image_dir() . '/issuer' . ++$issuers;
    my $self = bless { dir => $dir, port => 0 }, $class;

    remove_tree($dir);
    make_path($dir);

    return $self->again;
}

# A child, in a group of its own with its children, that does nothing of what
# END blocks of a test do, and does not keep what reads the test waiting.
sub child {
    my ($run) = @_;
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        setpgrp;
        $SIG{$_} = 'DEFAULT' for qw(INT TERM CHLD);
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        eval { $run->() };
        POSIX::_exit(0);
    }

    $children{$pid} = 1;

    return $pid;
}

sub again {
    my ($self) = @_;
    my $listen = IO::Socket::INET->new(Listen => 64, ReuseAddr => 1,
                                       LocalAddr => '127.0.0.1',
                                       LocalPort => $self->{port})
                 or die "issuer: $!";

    $self->{port} = $listen->sockport;
    $self->{pid}  = child(sub {
        $SIG{CHLD} = 'IGNORE';

        while (1) {
            my $socket = $listen->accept or next;
            next if fork;
            close $listen;
            $self->answer($socket);
            POSIX::_exit(0);
        }
    });

    return $self;
}

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid};

    kill '-KILL', $pid;
    waitpid $pid, 0;
    delete $children{$pid};
}

sub port { $_[0]{port} }
sub url  { "http://127.0.0.1:$_[0]{port}$_[1]" }

sub file_of {
    my ($self, $path) = @_;

    return "$self->{dir}/" . sha1_hex($path);
}

sub set {
    my ($self, $path, %answer) = @_;
    my $file = $self->file_of($path);

    nstore(\%answer, "$file.next");
    rename "$file.next", $file or die "$file: $!";
}

sub asked {
    my ($self, $path) = @_;

    return -s $self->file_of($path) . '.asked' || 0;
}

# What was last sent to a path.
sub request {
    my ($self, $path) = @_;

    return Weir::read_file($self->file_of($path) . '.request');
}

sub note {
    my ($file, $mode, $text) = @_;

    open my $out, $mode, $file or return;
    print $out $text;
    close $out;
}

sub bytes_of {
    my ($answer) = @_;

    return $answer->{raw} if defined $answer->{raw};

    return 'HTTP/1.1 ' . ($answer->{status} // '200 OK') . "\r\n"
           . "Content-Length: " . length($answer->{body} // '') . "\r\n"
           . join('', map { "$_\r\n" } @{$answer->{headers} // []})
           . "\r\n" . ($answer->{body} // '');
}

sub answer {
    my ($self, $socket) = @_;
    my $request = '';

    $SIG{ALRM} = 'DEFAULT';
    alarm 60;

    while ($request !~ /\r\n\r\n/) {
        sysread $socket, $request, 4096, length $request or return;
    }

    my ($path) = $request =~ m{^GET (\S+) };
    my $file   = $self->file_of($path // '');
    my $answer = -e $file ? retrieve($file)
                          : { status => '404 Not Found' };
    my $bytes  = bytes_of($answer);

    note("$file.request", '>:raw', $request);
    note("$file.asked", '>>:raw', '.');
    sleep $answer->{delay} if $answer->{delay};

    if ($answer->{pause}) {
        syswrite $socket, substr $bytes, 0, length($bytes) / 2, '';
        sleep $answer->{pause};
    }

    while (length $bytes) {
        my $n = syswrite $socket, $bytes or return;
        substr $bytes, 0, $n, '';
    }

    sleep 60 if $answer->{hold};
    shutdown $socket, 1;
}

# Answers questions of type A for names it knows; its port.
sub dns {
    my (%names) = @_;
    my $socket = IO::Socket::INET->new(Proto => 'udp',
                                       LocalAddr => '127.0.0.1')
                 or die "dns: $!";

    child(sub {
        while (my $from = $socket->recv(my $question, 512)) {
            my $id     = unpack 'n', $question;
            my $rest   = substr $question, 12;
            my ($text) = $rest =~ /^(.*?)\0/s;
            my $name   = join '.', unpack '(C/a)*', $text;
            my $type   = unpack 'n', substr $rest, length($name) + 2, 2;
            my $known  = $names{$name};
            my $has    = defined $known && $type == 1;

            $socket->send(pack('n6', $id, defined $known ? 0x8180 : 0x8183, 1,
                               $has ? 1 : 0, 0, 0)
                          . substr($rest, 0, length($name) + 6)
                          . ($has ? pack('n3Nna4', 0xc00c, 1, 1, 5, 4,
                                    pack('C4', split /\./, $known)) : ''));
        }
    });

    return $socket->sockport;
}

# A port of a resolver that never answers.
my @silent;

sub silent {
    push @silent, IO::Socket::INET->new(Proto => 'udp',
                                        LocalAddr => '127.0.0.1');

    return $silent[-1]->sockport;
}

1;
