# Concurrency: requests in flight, given back once, whatever ends them.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'reloads by itself');
}

workers(2);

our $POLICY = <<'END';
limits:
  flight: {key: ['"all"'], concurrency: 4}
routes:
  - {id: up, match: {path: "/up/**"}, public: true, limits: [flight]}
  - {id: all, match: {path: "/**"}, public: true}
END

our $CONFIG = <<'END';
    location / { weir on; return 200 "ok\n"; }

    location /up/ {
        weir on;
        client_body_timeout 30s;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    location /up/now { weir on; return 200 "ok\n"; }
    location /up/refused { weir on; deny all; }
    location /up/dead { weir on; proxy_pass http://127.0.0.1:1; }
    location /up/page { weir on; error_page 404 /up/now; root html; }
    location /up/moved { weir on; rewrite ^ /up/now; }
    location = /status { weir_status; }
END

our $UPSTREAM = <<'END';
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        location / { return 200 "up\n"; }
    }
END

# How many are in flight; undef: all.
sub flying {
    my $a = http('GET', '/up/now');
    my ($left) = (header($a, 'RateLimit') // '') =~ /^"flight";r=(\d)$/;

    return $a->{status} == 200 ? 3 - $left : undef;
}

sub lands {
    my ($n, $seconds) = @_;

    return wait_long(sub { (flying() // -1) == $n }, $seconds // 2);
}

our $KILLED = join '', map { "$_\n" } '[emerg]', 'Sanitizer', 'runtime error:',
              'exited on signal 11', 'exited on signal 6';

run_tests();

__DATA__

=== so many at once, of both workers together
--- policy eval: $::POLICY
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(flying(), 0);
my @slow = map { slow_start() } 1 .. 3;
ok(lands(3), 'three are in flight');
push @slow, slow_start();
ok(wait_long(sub { !defined flying() }), 'and a fourth');
my $a = http('GET', '/up/now');
is($a->{status}, 429);
is(header($a, 'RateLimit-Policy'), '"flight";q=4;qu="concurrent-requests"');
is(header($a, 'RateLimit'), '"flight";r=0');
is(header($a, 'Retry-After'), 1);
is(http('GET', '/other')->{status}, 200, 'other routes are not concerned');
is(slow_end(shift @slow)->{status}, 200);
ok(lands(3), 'one has ended');
is(http('GET', '/up/now')->{status}, 200);
is(slow_end($_)->{status}, 200) for @slow;
ok(lands(0), 'all have ended');


=== requests on one connection follow each other
--- policy eval: $::POLICY
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $socket = raw_connect();
my $text = '';
syswrite $socket, "GET /up/now HTTP/1.1\r\nHost: a\r\n\r\n" x 20;
wait_for(sub { IO::Select->new($socket)->can_read(0.05)
                   and sysread $socket, $text, 65536, length $text;
               (() = $text =~ m{^HTTP/1.1 }mg) == 20 });
is(scalar(() = $text =~ m{^HTTP/1.1 200}mg), 20);
ok(lands(0));


=== clients that leave
--- policy eval: $::POLICY
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
for my $round (1 .. 3) {
    my @slow = map { slow_start() } 1 .. 3;
    ok(lands(3));
    close $_->{socket} for @slow;
    ok(lands(0), 'all are given back');
}


=== whatever else ends a request
--- policy eval: $::POLICY
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- ask
GET /up/refused -> 403
GET /up/dead    -> 502
GET /up/page/x  -> 404 ok
GET /up/moved   -> 200 ok
GET /up/x       -> 200 up
GET /up/refused -> 403
GET /up/dead    -> 502
GET /up/page/x  -> 404 ok
GET /up/moved   -> 200 ok
--- then
is(flying(), 0);


=== a later refusal, after the limit was taken
--- policy
apikeys:
  list:
    cron: {sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae}
limits:
  flight: {key: ['"all"'], concurrency: 4, phase: preauth}
  calls: {key: ['"all"'], rate: 1/h}
routes:
  - {id: now, match: {path: "/up/now"}, public: true, limits: [flight]}
  - {id: once, match: {path: "/up/once"}, public: true, limits: [flight, calls]}
  - {id: closed, match: {path: "/up/**"}, auth: {any: [apikey]}, allow: [{id: a, when: 'true'}], limits: [flight]}
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(http('GET', '/up/closed')->{status}, 401) for 1 .. 6;
is(http('GET', '/up/once')->{status}, $_) for 200, (429) x 6;
is(flying(), 0);


=== an upgraded connection is in flight until it ends
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => rand_port(1),
                                   Listen => 16, ReuseAddr => 1, Timeout => 5) or die $!;
my @open;
for (1 .. 2) {
    my $client = raw_connect();
    syswrite $client, "GET /up/ws HTTP/1.1\r\nHost: a\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n";
    my $server = $listen->accept or die 'nothing came';
    sysread $server, my $request, 65536;
    syswrite $server, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n";
    sysread $client, my $answer, 65536;
    like($answer, qr{^HTTP/1.1 101 .*^RateLimit: "flight";r=}ms);
    push @open, [$client, $server];
}
is(flying(), 2);
close $open[0][0];
ok(lands(1), 'the client has left');
close $open[1][1];
ok(lands(0), 'the server has left');


=== a worker that is killed holds nothing
--- policy eval: $::POLICY
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- no_error_log eval: $::KILLED
--- then
my @slow = map { slow_start() } 1 .. 4;
ok(wait_long(sub { !defined flying() }), 'four are in flight');
my @workers = workers_of(master());
kill 'KILL', $workers[0];
my $t = time();
my $select = IO::Select->new(map { $_->{socket} } @slow);
sleep 0.3;
my $left = 4 - (() = $select->can_read(0));
ok($left == 4 ? !defined flying() : lands($left, 2), "$left are still held");
cmp_ok(time() - $t, '<', 3);
kill 'KILL', $workers[1];
ok(lands(0, 3), 'and then nothing is');
cmp_ok(time() - $t, '<', 5);


=== a policy that changes and a reload keep the count
--- http_config eval: Weir::Live::http('check=20ms', Weir::compile_policy($::POLICY)) =~ s/\n\s*log_format.*//sr . $::UPSTREAM
--- config eval: $::CONFIG
--- then
my @slow = map { slow_start() } 1 .. 2;
ok(lands(2));
place(Weir::compile_policy("policy: {name: next}\n$::POLICY"));
served(Weir::compile_policy("policy: {name: next}\n$::POLICY"));
is(flying(), 2, 'under another policy');
push @slow, slow_start();
ok(lands(3));
ok(reload('keep'));
ok(lands(3), 'under other workers');
is(slow_end(shift @slow)->{status}, 200);
ok(lands(2));
close $_->{socket} for @slow;
ok(lands(0));


=== others of a limit's keys are not concerned
--- policy
limits:
  flight: {key: ['request.headers["x-user"]'], concurrency: 1}
routes: [{id: up, match: {path: "/up/**"}, public: true, limits: [flight]}]
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $socket = raw_connect();
syswrite $socket, "POST /up/x HTTP/1.1\r\nHost: a\r\nx-user: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n1";
ok(wanted($socket));
is(http('GET', '/up/now', 'x-user' => 'a')->{status}, 429);
is(http('GET', '/up/now', 'x-user' => 'b')->{status}, 200);
syswrite $socket, '2';
is(answer_of($socket)->{status}, 200);
ok(wait_long(sub { http('GET', '/up/now', 'x-user' => 'a')->{status} == 200 }));
