# A request that waits: what ends the wait, and what is left of it.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'quits and reloads by itself');
}

our $UPSTREAM = $Weir::Live::UPSTREAM . <<'END';
    log_format waits '$uri|$status|$weir_decision|$weir_route|$weir_policy';
    access_log logs/waits.log waits;

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_2;
        http2 on;
        server_name localhost;
        weir on;
        location / { weir_test_delay 200ms; return 200 "waited\n"; }
        location /now { return 200 "at once\n"; }
        location /long { weir_test_delay 20s timeout=20s; return 200 "long\n"; }
    }
END

our $CONFIG = <<'END';
    weir on;

    location / {
        weir_test_delay 300ms;
        return 200 "waited $weir_route\n";
    }

    location /now {
        return 200 "at once\n";
    }

    location /long {
        weir_test_delay 20s timeout=20s;
        return 200 "long\n";
    }

    location /late {
        weir_test_delay 20s timeout=200ms;
        return 200 "late\n";
    }

    location /body {
        weir_test_delay 300ms;
        client_body_buffer_size 1k;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    location /dry {
        weir dry_run;
        weir_test_delay 20s timeout=100ms;
        return 200 "dry\n";
    }

    location /redirected {
        error_page 503 /page;
        weir_test_delay 20s timeout=100ms;
    }

    location = /page {
        weir off;
        return 503 "page $weir_decision\n";
    }

    location = /status {
        weir off;
        weir_status;
    }
END

sub http_of {
    my $http = Weir::Live::http('check=20ms');

    return $http =~ s/\Q$Weir::Live::UPSTREAM\E/$UPSTREAM/r;
}

sub pins {
    my $n = 0;

    $n += $_->{pins} for @{status()->{workers}};

    return $n;
}

sub waits { status()->{decisions}{waits} }

# A request on a connection of its own; what it is sent, not the answer.
sub send_on {
    my ($target, $more, $socket) = @_;

    $socket ||= raw_connect();
    syswrite $socket, "GET $target HTTP/1.1\r\nHost: acme.example\r\n"
                      . ($more // '') . "\r\n";

    return $socket;
}

sub logged {
    my ($uri) = @_;
    my @lines;

    wait_long(sub {
        @lines = grep { /^\Q$uri\E\|/ }
                 split /\n/, read_file(server_root() . '/logs/waits.log');
        return scalar @lines;
    }, 2);

    return join ' ', @lines;
}


# As much of HTTP/2 as these tests need

sub h2_frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1)
           . pack('CCN', $type, $flags, $stream) . $payload;
}

sub h2_request {
    my ($stream, $target) = @_;
    my $block = "\x82\x86" . "\x04" . chr(length $target) . $target
                . "\x01" . chr(length 'acme.example') . 'acme.example';

    return h2_frame(1, 5, $stream, $block);
}

sub h2_connect {
    my $socket = raw_connect(rand_port(2));

    syswrite $socket, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" . h2_frame(4, 0, 0, '');

    return $socket;
}

# The answers that come within a time: stream to body.
sub h2_answers {
    my ($socket, $seconds, $want) = @_;
    my $until = time() + $seconds;
    my $in    = '';
    my %body;

    while (keys %body < $want && time() < $until) {
        next if !IO::Select->new($socket)->can_read(0.1);
        last if !sysread $socket, $in, 65536, length $in;

        while (length $in >= 9) {
            my $length = unpack 'N', "\0" . substr $in, 0, 3;
            last if length $in < 9 + $length;
            my ($type, $flags, $stream) = unpack 'x3 CCN', $in;
            my $payload = substr $in, 9, $length;
            substr $in, 0, 9 + $length, '';
            $body{$stream} .= $payload if $type == 0;
        }
    }

    return \%body;
}

master_on();
run_tests();

__DATA__

=== it goes on where it was
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my $began = time();
my $a = http('GET', '/x', Host => 'acme.example');
my $took = time() - $began;
is("$a->{status} $a->{body}", "200 waited r1\n");
cmp_ok($took, '>=', 0.29);
cmp_ok($took, '<', 2);
is(waits(), 1);
is(pins(), 0, 'and its pin is let go');
is(logged('/x'), '/x|200|allow|r1|v1/-/1');
is(http('GET', '/x?deny', Host => 'acme.example')->{status}, 403, 'also to be refused');
is(http('GET', '/x', Host => 'zzz.example')->{status}, 404);


=== the worker serves others meanwhile
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my @waiting = map { send_on("/w$_") } 1 .. 50;
ok(wait_long(sub { pins() == 50 }));
my $began = time();
is(http('GET', '/now', Host => 'acme.example')->{status}, 200);
cmp_ok(time() - $began, '<', 0.25);
is(answer_of($_)->{body}, "waited r1\n") for @waiting;


=== a timeout ends it with a refusal
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my $a = http('GET', '/late', Host => 'acme.example', Accept => '*/*;q=0.1, application/problem+json');
is($a->{status}, 503);
like(header($a, 'Content-Type'), qr{^application/problem\+json});
is(logged('/late'), '/late|503|deny|-|v1/-/1');
my $d = status()->{decisions};
is("$d->{waits} $d->{timeouts} $d->{denied}{undecided}", '1 1 1');
is(pins(), 0);
is(http('GET', '/late', Host => 'acme.example', version => '1.0')->{status}, 503);
is(http('GET', '/dry', Host => 'acme.example')->{body}, "dry\n", 'dry_run goes on');
$a = http('GET', '/redirected', Host => 'acme.example');
is("$a->{status} $a->{body}", "503 page deny\n", 'an error page may follow');


=== a client that leaves ends it
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my @gone = map { send_on("/long/$_") } 1 .. 10;
ok(wait_long(sub { waits() == 10 }));
close $_ for splice @gone, 0, 5;
like(logged("/long/$_"), qr{^/long/$_\|499\|-\|-\|}, 'seen at once, and logged') for 1 .. 5;
is(logged('/long/6'), '', 'others wait on');
my ($reset) = splice @gone, 0, 1;
setsockopt $reset, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack 'ii', 1, 0;
close $reset;
like(logged('/long/6'), qr{^/long/6\|499\|}, 'also by a reset');
@gone = ();
like(logged('/long/10'), qr{^/long/10\|499\|});
is(pins(), 0);
is(http('GET', '/now', Host => 'acme.example')->{status}, 200);


=== half closed is gone, too
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my $socket = send_on('/long/half');
ok(wait_long(sub { waits() == 1 }));
shutdown $socket, 1;
like(logged('/long/half'), qr{\|499\|}, 'as nginx takes it');


=== a body that comes meanwhile is kept, whatever its size
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
for my $n (0, 1, 1000, 5000, 300_000) {
    my $a = http('POST', '/body', Host => 'acme.example', body => 'x' x $n);
    is("$a->{status} $a->{body}", "200 up\n", "$n bytes");
}
my $socket = raw_connect();
syswrite $socket, "POST /body HTTP/1.1\r\nHost: acme.example\r\nContent-Length: 3000\r\n\r\n";
for (1 .. 30) {
    syswrite $socket, 'x' x 100;
    sleep 0.02;
}
is(answer_of($socket)->{status}, 200, 'by pieces, before and after it goes on');
is(http('POST', '/late', Host => 'acme.example', body => 'x' x 300_000)->{status}, 503,
   'also when it is refused');


=== what follows on the connection is served
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my $socket = send_on('/a');
is(answer_of($socket)->{body}, "waited r1\n");
send_on('/b', '', $socket);
is(answer_of($socket)->{body}, "waited r1\n", 'kept alive');
send_on('/late', '', $socket);
is(answer_of($socket)->{status}, 503);
send_on('/now', '', $socket);
is(answer_of($socket)->{body}, "at once\n", 'after a timeout');
my $answer = http_raw(join '', map { "GET $_ HTTP/1.1\r\nHost: acme.example\r\n"
                                     . (/e$/ ? "Connection: close\r\n" : '') . "\r\n" }
                      '/p1', '/now', '/p2', '/close');
my @bodies = $answer =~ /^(waited r1|at once)\r?$/mg;
is("@bodies", 'waited r1 at once waited r1 waited r1', 'pipelined, in their order');
my $n = () = $answer =~ m{^HTTP/1.1 200}mg;
is($n, 4);


=== a worker that quits ends what it has
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my $master = master();
my @waiting = map { send_on("/q$_") } 1 .. 5;
my $late = send_on('/late');
ok(wait_long(sub { waits() == 6 }));
my $began = time();
kill 'QUIT', $master;
is(answer_of($_)->{body}, "waited r1\n", 'it is answered') for @waiting;
is(answer_of($late)->{status}, 503, 'or times out');
ok(wait_long(sub { gone($master) }), 'then it is gone');
cmp_ok(time() - $began, '<', 2, 'and soon');
is(count_of(qr/open socket/), 0, 'nothing left behind');


=== a reload changes nothing for those who wait
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my @waiting = map { send_on("/r$_") } 1 .. 5;
my $gone = send_on('/long/gone');
ok(wait_long(sub { waits() == 6 }));
ok(reload('keep'), 'new workers are there');
is(http('GET', '/now', Host => 'acme.example')->{status}, 200);
is(answer_of($_)->{body}, "waited r1\n") for @waiting;
close $gone;
like(logged('/long/gone'), qr{\|499\|}, 'a client may leave the old worker');
ok(wait_long(sub { workers_of(master()) == 1 }), 'which ends then');
is(waits(), 6, 'counters stay');
is(pins(), 0);


=== it holds its policy while it waits
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my @waiting = map { send_on("/s$_") } 1 .. 3;
ok(wait_long(sub { pins() == 3 }));
place(version(2));
served(2);
is(pins(), 3);
is(http('GET', '/now', Host => 'acme.example')->{status}, 200);
is(answer_of($_)->{body}, "waited r1\n", 'and ends under it') for @waiting;
ok(wait_long(sub { pins() == 0 }));
is(logged('/s1'), '/s1|200|allow|r1|v1/-/1');
my @gone = map { send_on("/long/s$_") } 1 .. 3;
ok(wait_long(sub { pins() == 3 }));
@gone = ();
ok(wait_long(sub { pins() == 0 }), 'or lets it go with its client');


=== streams of HTTP/2 wait each for itself
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my $socket = h2_connect();
syswrite $socket, join '', map { h2_request($_, $_ == 5 ? '/now' : "/h$_") } 1, 3, 5, 7;
my $bodies = h2_answers($socket, 5, 4);
is_deeply($bodies, { 1 => "waited\n", 3 => "waited\n", 5 => "at once\n", 7 => "waited\n" });
is(waits(), 3);
is(pins(), 0);


=== a stream that is reset ends, and others go on
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my $socket = h2_connect();
syswrite $socket, h2_request(1, '/long/h2') . h2_request(3, '/h3');
ok(wait_long(sub { waits() == 2 }));
syswrite $socket, h2_frame(3, 0, 1, pack 'N', 8);
is_deeply(h2_answers($socket, 5, 1), { 3 => "waited\n" });
like(logged('/long/h2'), qr{^/long/h2\|499\|});
syswrite $socket, h2_request(5, '/long/all') . h2_request(7, '/long/all');
ok(wait_long(sub { waits() == 4 }));
close $socket;
ok(wait_long(sub { logged('/long/all') =~ m{^/long/all\|499\|.* /long/all\|499\|} }), 'all end with the connection');
is(pins(), 0);


=== on HTTP/2 a quitting worker ends what it has
--- http_config eval: ::http_of()
--- config eval: $::CONFIG
--- then
my $socket = h2_connect();
my $master = master();
syswrite $socket, h2_request(1, '/h1') . h2_request(3, '/h3');
ok(wait_long(sub { waits() == 2 }));
kill 'QUIT', $master;
is_deeply(h2_answers($socket, 5, 2), { 1 => "waited\n", 3 => "waited\n" });
close $socket;
ok(wait_long(sub { gone($master) }));
is(count_of(qr/open socket/), 0);


=== the variables of a decision do not outlast the wait
--- http_config eval: ::http_of()
--- config
    weir on;
    set $early "[$weir_route]";

    location / {
        weir_test_delay 100ms;
        return 200 "$early $weir_route\n";
    }
--- then
is(http('GET', '/', Host => 'acme.example')->{body}, "[] r1\n");
