# Weir::Splits: two arms, their upstreams, and what is counted of them.
#
#     --- policy eval: policy_of('sticky: \'request.headers["x-user"]\'')
#     --- http_config eval: $Weir::Splits::UPSTREAM
#     --- config eval: $Weir::Splits::CONFIG
#
# The upstreams v1 and v2 answer with their names; below /bad v2 answers 500.
# The upstream hand is a listener of the test, see by_hand().

package Weir::Splits;

use strict;
use warnings;

use base 'Exporter';

use IO::Select ();
use IO::Socket::INET ();
use Time::HiRes qw(time);
use Weir ();
use Weir::Live ();

our @EXPORT = qw(accepted arm_of burst by_hand counted counts feed of_split
                 policy_of request_text tell);

our $UPSTREAM = <<'END';
    upstream v1 { server 127.0.0.1:$TEST_NGINX_RAND_PORT_4; }
    upstream v2 { server 127.0.0.1:$TEST_NGINX_RAND_PORT_5; }
    upstream hand { server 127.0.0.1:$TEST_NGINX_RAND_PORT_3 max_fails=0; }
    upstream dead { server 127.0.0.1:1 max_fails=0; }

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_4;
        access_log off;
        keepalive_requests 1000000;
        location / { return 200 "v1\n"; }
        location /bad { return 200 "v1\n"; }
    }

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_5;
        access_log off;
        keepalive_requests 1000000;
        location / { return 200 "v2\n"; }
        location /bad { return 500 "v2 bad\n"; }
    }
END

our $CONFIG = <<'END';
    keepalive_requests 1000000;
    add_header X-Arm "$weir_split/$weir_arm" always;
    add_header X-Worker $pid always;

    location / {
        weir on;
        proxy_pass http://$weir_upstream;
    }

    location = /status {
        weir_status;
    }
END

# A policy with the split "s" of v1 and v2 on every path.
sub policy_of($;@) {
    my ($more, %o) = @_;
    my $w    = $o{weight} // 50;
    my $rest = 100 - $w;
    my $u    = $o{upstream} // 'v2';

    $more =~ s/^/    /mg;

    return <<"END";
splits:
  s:
    salt: a-salt-of-this-test
    arms:
      v1: {weight: $rest, upstream: v1}
      v2: {weight: $w, upstream: $u@{[$o{arm} ? ", $o{arm}" : '']}}
$more
routes: [{id: all, match: {path: "/**"}, public: true, split: s}]
END
}

# Our key: the header X-User, none without it.
our $STICKY = q{sticky: '"x-user" in request.headers ? }
              . q{request.headers["x-user"] : ""'};


# What is told

sub of_split(;$) {
    my ($name) = @_;

    return Weir::status()->{splits}{$name // 's'};
}

# "requests errors gone" of an arm.
sub counts($) {
    my ($arm) = @_;
    my $view  = of_split()->{arms}{$arm};

    return "$view->{requests} $view->{errors} $view->{gone}";
}

# The counts, once they are as expected; else what they are.
sub counted($$) {
    my ($arm, $want) = @_;
    my $found;

    Weir::Live::wait_long(sub { ($found = counts($arm)) eq $want });

    return $found;
}

# The arm of an answer, by its upstream.
sub arm_of($) {
    my ($answer) = @_;

    return $answer->{body} =~ /^(v\d+)/ ? $1 : "none: $answer->{status}";
}


# Many requests

sub request_text($;@) {
    my ($target, %headers) = @_;

    return "GET $target HTTP/1.1\r\nHost: localhost\r\n"
           . join('', map { "$_: $headers{$_}\r\n" } sort keys %headers)
           . "\r\n";
}

# Requests behind each other on one connection, each with a key; the arms that
# answered.
sub burst($@) {
    my ($target, @keys) = @_;
    my @arms;

    while (my @some = splice @keys, 0, 50) {
        my $text = join '', map { request_text($target, 'X-User' => $_) }
                   @some;
        $text =~ s/\r\n\z/Connection: close\r\n\r\n/;

        push @arms, map { arm_of(Weir::parse_answer("HTTP/1.1 $_")) }
                    grep { /^\d/ } split /HTTP\/1\.1 (?=\d)/,
                    Weir::http_raw($text);
    }

    return @arms;
}

# Asks until a test holds, up to half a minute; whether it did.
sub feed($$;$) {
    my ($target, $test, $n) = @_;
    my $until = time() + 30;
    my $key   = 0;

    while (time() < $until) {
        burst($target, map { 'f' . $key++ } 1 .. $n // 50);
        return 1 if $test->();
    }

    return 0;
}


# An upstream by hand

my $listener;

# Listens for the upstream "hand" of this block; with a request as text, sends
# that to nginx: the client's socket and the upstream's, which has read it.
sub by_hand(;$) {
    my ($text) = @_;

    if (!defined $text) {
        undef $listener;
        $listener = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1', Listen => 16, ReuseAddr => 1,
            LocalPort => Weir::Live::rand_port(3)) or die "listen: $!";
        return;
    }

    my $client = Weir::raw_connect();
    syswrite $client, $text;

    return ($client, accepted());
}

# The next connection of nginx, its request read.
sub accepted() {
    IO::Select->new($listener)->can_read(10) or die 'nginx did not connect';

    my $upstream = $listener->accept or die "accept: $!";
    my $text     = '';

    while ($text !~ /\r\n\r\n/) {
        sysread $upstream, $text, 65536, length $text or last;
    }

    return $upstream;
}

# Sends bytes to the other end.
sub tell($$) {
    my ($socket, $bytes) = @_;

    syswrite $socket, $bytes;
}

1;
