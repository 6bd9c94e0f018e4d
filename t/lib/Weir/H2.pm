# Weir::H2: one request over HTTP/2 without TLS, any headers in any order.

package Weir::H2;

use strict;
use warnings;

use Exporter 'import';
use IO::Select ();
use IO::Socket::INET ();
use Time::HiRes qw(time);

our @EXPORT = qw(h2_request);

use constant {
    DATA => 0, HEADERS => 1, RST_STREAM => 3, SETTINGS => 4, GOAWAY => 7,
    END_STREAM => 1, END_HEADERS => 4, ACK => 1,
};

# RFC 7541, appendix A, as far as nginx answers with it
my %indexed = (8 => 200, 9 => 204, 10 => 206, 11 => 304, 12 => 400,
               13 => 404, 14 => 500);

sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}

sub string {
    my ($s) = @_;

    return chr(length $s) . $s if length $s < 127;
    return "\x7f" . integer(length($s) - 127) . $s;
}

sub integer {
    my ($n) = @_;
    my $bytes = '';

    for (; $n > 127; $n >>= 7) {
        $bytes .= chr($n & 127 | 128);
    }

    return $bytes . chr $n;
}

# :status of a header block; nginx writes it first.
sub status_of {
    my ($block) = @_;

    $block =~ s/^[\x20-\x3f]+//;

    my $first = ord $block;

    return $indexed{$first & 127} if $first & 128;
    return substr $block, 2, 3;
}

# Headers are a list of names and values, or 'body' and a text; status is 400
# where the server resets the stream or goes away.  The block of headers in the
# answer is as it was sent.
sub h2_request {
    my ($port, @headers) = @_;
    my ($block, $body) = ('');

    while (my ($name, $value) = splice @headers, 0, 2) {
        if ($name eq 'body') {
            $body = $value;
            next;
        }

        $block .= "\0" . string($name) . string($value);
    }

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
                                       PeerPort => $port)
                 or die "cannot connect: $!";

    syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        . frame(SETTINGS, 0, 0, '')
        . frame(HEADERS, END_HEADERS | (defined $body ? 0 : END_STREAM), 1,
                $block)
        . (defined $body ? frame(DATA, END_STREAM, 1, $body) : '');

    my $in     = '';
    my $answer = { status => 0, body => '', reset => undef };
    my $until  = time() + 3;

    while (IO::Select->new($socket)->can_read($until - time())) {
        last if !sysread $socket, $in, 65536, length $in;

        while (length $in >= 9) {
            my $length = unpack 'N', "\0" . substr $in, 0, 3;
            last if length $in < 9 + $length;

            my ($type, $flags, $stream) = unpack 'x3 CCN', $in;
            my $payload = substr $in, 9, $length;
            substr $in, 0, 9 + $length, '';

            if ($type == SETTINGS && !($flags & ACK)) {
                syswrite $socket, frame(SETTINGS, ACK, 0, '');

            } elsif ($type == HEADERS && $stream == 1) {
                $answer->{status} = status_of($payload);
                $answer->{block} = $payload;

            } elsif ($type == DATA) {
                $answer->{body} .= $payload;

            } elsif ($type == RST_STREAM || $type == GOAWAY) {
                $answer->{reset} = unpack $type == GOAWAY ? 'x4 N' : 'N',
                                          $payload;
                $answer->{status} ||= 400;
                return $answer;
            }

            return $answer if $stream == 1 && $flags & END_STREAM
                              && ($type == DATA || $type == HEADERS);
        }
    }

    return $answer;
}

1;
