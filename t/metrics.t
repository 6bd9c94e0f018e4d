# weir_metrics: what was sent is what is counted, once, whatever nginx does
# with a request inside.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live;
use Weir::Metrics;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'what is counted outlives a reload');
}

workers(2);

our $POLICY = <<'END';
policy: {name: edge, serial: 7}
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
    acme: {plan: pro}
    globex: {}
plans:
  pro: {quota: {day: 100}}
limits:
  few: {key: [tenant.id], rate: 2/h, burst: 2}
  user: {key: [tenant.id, 'request.headers["x-user"]'], rate: 1/h, burst: 1}
  trial: {key: ['"all"'], rate: 1/h, burst: 1, dry_run: true}
  bytes: {key: [tenant.id], quota: {month: 1000000}, charge: response, cost: '1000'}
  flight: {key: [tenant.id], concurrency: 100}
deny:
  - {id: robots, when: '"deny" in request.params', status: 451}
  - {id: soon, when: '"soon" in request.params', dry_run: true}
  - {id: bad, when: '"bad" in request.params && int("x") > 1'}
splits:
  s:
    salt: a-salt-of-this-test
    sticky: 'request.headers["x-user"]'
    arms:
      v1: {weight: 50, upstream: v1}
      v2: {weight: 50, upstream: v2}
routes:
  - {id: open, match: {path: "/open/**"}, public: true}
  - {id: shop, match: {path: "/shop/**"}, allow: [{id: everyone, when: 'request.method != "PUT"'}]}
  - {id: few, match: {path: "/few/**"}, public: true, limits: [few, flight]}
  - {id: user, match: {path: "/user/**"}, public: true, limits: [trial, user]}
  - {id: bytes, match: {path: "/bytes/**"}, public: true, limits: [bytes]}
  - {id: split, match: {path: "/split/**"}, public: true, split: s}
  - {id: up, match: {path: "/up/**"}, public: true}
  - {id: inside, match: {path: "/inside/**"}, public: true}
  - {id: metrics, match: {path: "/seen"}, public: true}
END

our $HTTP = <<'END';
    upstream v1 { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    upstream v2 { server 127.0.0.1:$TEST_NGINX_RAND_PORT_1; }

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        access_log off;
        location / { return 200 "up\n"; }
    }
END

our $CONFIG = <<'END';
    large_client_header_buffers 4 8k;

    location / { weir on; return 200 "ok\n"; }
    location /dry/ { weir dry_run; return 200 "ok\n"; }
    location /few/dry { weir dry_run; return 200 "ok\n"; }
    location /off/ { weir off; return 200 "ok\n"; }
    location /split/ { weir on; proxy_pass http://$weir_upstream; }
    location = /metrics { weir off; weir_metrics; }
    location = /seen { weir on; weir_metrics; }

    location /up/ {
        weir on;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2;
    }

    location /inside/ { weir on; root html; }
    location /inside/redirect { weir on; rewrite ^ /inside/there; }
    location /inside/there { weir on; return 200 "there\n"; }
    location /inside/page { weir on; error_page 404 = /inside/there; root html; }
    location /inside/named { weir on; try_files /none @named; }
    location @named { weir on; return 201 "named\n"; }
    location /inside/closed { weir on; return 444; }
    location /inside/auth { weir on; auth_request /inside/sub; root html; }
    location = /inside/sub { weir on; return 403; }
    location = /inside/empty { weir on; return 204; }
END

# name{labels} with the labels of requests, or of decisions.
sub r { return sprintf 'weir_http_requests_total{%s}', labels(@_) }
sub d { return sprintf 'weir_decisions_total{%s}', labels(@_) }
sub l { return sprintf 'weir_limit_decisions_total{%s}', labels(@_) }

sub sorted { return join "\n", sort { $a cmp $b } @_ }

sub labels {
    my @labels;

    while (my ($name, $value) = splice @_, 0, 2) {
        push @labels, "$name=\"$value\"";
    }

    return join ',', @labels;
}

# Samples of a name that are not 0.
sub counted {
    my ($samples, $name) = @_;

    return join "\n", map { "$_ $samples->{$_}" }
           grep { /^\Q$name\E\{/ && $samples->{$_} } sort keys %$samples;
}

# A request whose end this does not wait for.
sub start {
    my ($target, @lines) = @_;
    my $socket = raw_connect();

    syswrite $socket, join "\r\n", "GET $target HTTP/1.1", 'Host: localhost',
                                   @lines, '', '';
    return $socket;
}

sub settled {
    my ($n) = @_;

    return wait_for(sub {
        return sum_of(metrics(), 'weir_http_requests_total') == $n;
    });
}

run_tests();

__DATA__

=== requests by tenant, route and class; decisions by what decided
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config eval: $::CONFIG
--- ask
GET /open/a Host:acme.shop.example    -> 200
GET /open/b Host:acme.shop.example    -> 200
GET /open/c Host:globex.shop.example  -> 200
GET /open/d                           -> 200
GET /open/e?deny Host:acme.shop.example -> 451
GET /open/f?soon                      -> 200
GET /open/g?bad                       -> 403
GET /shop/a Host:acme.shop.example    -> 200
PUT /shop/a Host:acme.shop.example    -> 403
GET /none                             -> 404
GET / Host:nobody.shop.example        -> 404
GET /a%3Bb                            -> 400
GET /dry/                             -> 200
GET /off/                             -> 200
--- then
my $m = metrics();
check_metrics($m);
is(counted($m, 'weir_http_requests_total'), sorted(
    r(code => '2xx') . ' 1',
    r(code => '4xx') . ' 3',
    r(tenant => 'acme', route => 'open', code => '2xx') . ' 2',
    r(tenant => 'acme', route => 'open', code => '4xx') . ' 1',
    r(tenant => 'acme', route => 'shop', code => '2xx') . ' 1',
    r(tenant => 'acme', route => 'shop', code => '4xx') . ' 1',
    r(tenant => 'globex', route => 'open', code => '2xx') . ' 1',
    r(route => 'open', code => '2xx') . ' 2',
    r(route => 'open', code => '4xx') . ' 1'));
is(counted($m, 'weir_decisions_total'), sorted(
    d(route => 'open', verdict => 'allow', reason => 'public') . ' 2',
    d(route => 'open', verdict => 'deny', reason => 'deny_error', rule => 'bad') . ' 1',
    d(tenant => 'acme', route => 'open', verdict => 'allow', reason => 'public') . ' 2',
    d(tenant => 'acme', route => 'open', verdict => 'deny', reason => 'deny_rule', rule => 'robots') . ' 1',
    d(tenant => 'acme', route => 'shop', verdict => 'allow', reason => 'allowed', rule => 'everyone') . ' 1',
    d(tenant => 'acme', route => 'shop', verdict => 'deny', reason => 'not_allowed') . ' 1',
    d(tenant => 'globex', route => 'open', verdict => 'allow', reason => 'public') . ' 1',
    d(verdict => 'deny', reason => 'bad_request') . ' 1',
    d(verdict => 'deny', reason => 'no_route') . ' 1',
    d(verdict => 'deny', reason => 'unknown_tenant') . ' 1',
    d(verdict => 'dry_run', reason => 'no_route') . ' 1'));


=== bytes, and the time that requests took
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config eval: $::CONFIG
--- then
my $request = "GET /open/a HTTP/1.1\r\nHost: acme.shop.example\r\nConnection: close\r\n\r\n";
my $answer = http_raw($request);
my $labels = '{tenant="acme",route="open",code="2xx"}';
my $m = metrics();
is($m->{"weir_http_received_bytes_total$labels"}, length $request, 'received');
is($m->{"weir_http_sent_bytes_total$labels"}, length $answer, 'sent');
is($m->{"weir_http_request_duration_seconds_count$labels"}, 1, 'one');
cmp_ok($m->{"weir_http_request_duration_seconds_sum$labels"}, '<', 1, 'took no second');

my $slow = raw_connect();
syswrite $slow, "GET /open/a HTTP/1.1\r\n";
sleep 0.3;
syswrite $slow, "Host: globex.shop.example\r\nConnection: close\r\n\r\n";
1 while sysread $slow, my $in, 4096;
$m = metrics();
$labels =~ s/acme/globex/;
cmp_ok($m->{"weir_http_request_duration_seconds_sum$labels"}, '>=', 0.25, 'took its time');
my $bucket = $labels =~ s/\}/,le="0.1"}/r;
is($m->{"weir_http_request_duration_seconds_bucket$bucket"}, 0, 'more than 0.1 s');
$bucket = $labels =~ s/\}/,le="1.0"}/r;
is($m->{"weir_http_request_duration_seconds_bucket$bucket"}, 1, 'less than 1 s');
check_metrics($m);


=== what limits said, what they charged, what is left
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config eval: $::CONFIG
--- ask
GET /few/ Host:acme.shop.example                 -> 200
GET /few/ Host:acme.shop.example                 -> 200
GET /few/ Host:acme.shop.example                 -> 429
GET /few/dry Host:acme.shop.example              -> 200
GET /user/ Host:acme.shop.example x-user:a       -> 200
GET /user/ Host:acme.shop.example x-user:a       -> 429
GET /user/ Host:acme.shop.example x-user:b       -> 200
GET /shop/ Host:acme.shop.example                -> 200
GET /shop/ Host:acme.shop.example                -> 200
GET /shop/ Host:globex.shop.example              -> 200
GET /bytes/ Host:globex.shop.example             -> 200
GET /bytes/ Host:globex.shop.example             -> 200
--- then
my $m = metrics();
check_metrics($m);
is(counted($m, 'weir_limit_decisions_total'), sorted(
    l(tenant => 'acme', limit => 'few', verdict => 'allowed') . ' 2',
    l(tenant => 'acme', limit => 'few', verdict => 'refused') . ' 1',
    l(tenant => 'acme', limit => 'few', verdict => 'dry_run') . ' 1',
    l(tenant => 'acme', limit => 'flight', verdict => 'allowed') . ' 2',
    l(tenant => 'acme', limit => 'trial', verdict => 'allowed') . ' 1',
    l(tenant => 'acme', limit => 'trial', verdict => 'dry_run') . ' 2',
    l(tenant => 'acme', limit => 'user', verdict => 'allowed') . ' 2',
    l(tenant => 'acme', limit => 'user', verdict => 'refused') . ' 1',
    l(tenant => 'acme', limit => 'pro.day', verdict => 'allowed') . ' 2',
    l(tenant => 'globex', limit => 'bytes.month', verdict => 'allowed') . ' 2'));
is(counted($m, 'weir_limit_charged_units_total'), join("\n", map { "weir_limit_charged_units_total{$_" }
    'tenant="acme",limit="few"} 2', 'tenant="acme",limit="pro.day"} 2',
    'tenant="acme",limit="trial"} 1',
    'tenant="acme",limit="user"} 2',
    'tenant="globex",limit="bytes.month"} 2000'));
is(sum_of($m, 'weir_decisions_total', 'verdict="deny"', 'reason="limit"', 'limit="few"'), 1);
is(sum_of($m, 'weir_decisions_total', 'verdict="dry_run"', 'reason="limit"', 'limit="few"'), 1);
is(sum_of($m, 'weir_decisions_total', 'verdict="deny"', 'reason="limit"', 'limit="user"'), 1);
is(sum_of($m, 'weir_decisions_total', 'reason="limit"'), 3);
my %gauge = map { $_ => $m->{"weir_limit_remaining_units{$_}"} . ' of ' . $m->{"weir_limit_capacity_units{$_}"} }
            map { /^weir_limit_capacity_units\{(.*)\}/ } keys %$m;
is_deeply(\%gauge, {
    'tenant="acme",limit="pro.day"' => '98 of 100',
    'tenant="globex",limit="bytes.month"' => '998000 of 1000000',
}, 'gauges are of quotas whose key is the tenant alone');


=== arms
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config eval: $::CONFIG
--- then
http('GET', '/split/', 'x-user' => "u$_") for 1 .. 30;
my $m = metrics();
my $v1 = sum_of($m, 'weir_http_requests_total', 'arm="v1"', 'route="split"', 'code="2xx"');
my $v2 = sum_of($m, 'weir_http_requests_total', 'arm="v2"', 'route="split"', 'code="2xx"');
is($v1 + $v2, 30);
cmp_ok($v1, '>', 0);
cmp_ok($v2, '>', 0);
check_metrics($m);


=== once, whatever becomes of a request inside
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config eval: $::CONFIG
--- then
my %sent = ('/inside/redirect' => 200, '/inside/page' => 200, '/inside/named' => 201,
            '/inside/auth' => 403, '/inside/none' => 404, '/inside/closed' => 0,
            '/inside/empty' => 204);
my $n = 0;
for my $target (sort keys %sent) {
    is(http('GET', $target)->{status}, $sent{$target}, $target);
    $n++;
}
is(http('HEAD', '/inside/there')->{status}, 200);
is(http('GET', '/inside/there', version => '1.0')->{status}, 200);
is(http_raw("GET /inside/there\r\n"), "there\n", 'HTTP/0.9');
$n += 3;
my $m = metrics();
my $labels = 'route="inside"';
is(sum_of($m, 'weir_http_requests_total', $labels, 'code="2xx"'), 7, '2xx');
is(sum_of($m, 'weir_http_requests_total', $labels, 'code="4xx"'), 2, '4xx');
is(sum_of($m, 'weir_http_requests_total', $labels, 'code="none"'), 1, 'nothing was sent');
is(sum_of($m, 'weir_decisions_total', $labels, 'verdict="allow"'), $n, 'decisions');
check_metrics($m);


=== keepalive and pipelining: each by itself
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config eval: $::CONFIG
--- then
my $a = "GET /open/a HTTP/1.1\r\nHost: acme.shop.example\r\n\r\n";
my $b = "GET /open/b?deny HTTP/1.1\r\nHost: globex.shop.example\r\nConnection: close\r\n\r\n";
my $in = http_raw("$a$a$b");
is(() = $in =~ /^HTTP/mg, 3);
my $m = metrics();
is($m->{'weir_http_received_bytes_total{tenant="acme",route="open",code="2xx"}'}, 2 * length $a);
is($m->{'weir_http_received_bytes_total{tenant="globex",route="open",code="4xx"}'}, length $b);
my ($of_a) = $in =~ /^(.*?\r\n\r\nok\n)HTTP/s;
is($m->{'weir_http_sent_bytes_total{tenant="acme",route="open",code="2xx"}'}, 2 * length $of_a);
is($m->{'weir_http_sent_bytes_total{tenant="globex",route="open",code="4xx"}'}, length($in) - 2 * length $of_a);
check_metrics($m);


=== HTTP/2
--- h2
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config eval: $::CONFIG
--- then
use Weir::H2;
my @head = (':method' => 'GET', ':scheme' => 'http', ':authority' => 'acme.shop.example');
is(h2_request(h2_port(), @head, ':path' => '/open/')->{status}, 200);
is(h2_request(h2_port(), @head, ':path' => '/inside/empty')->{status}, 204);
is(h2_request(h2_port(), @head, ':path' => '/open/?deny')->{status}, 451);
my $m = metrics();
my $labels = '{tenant="acme",route="open",code="2xx"}';
is($m->{"weir_http_requests_total$labels"}, 1);
cmp_ok($m->{"weir_http_sent_bytes_total$labels"}, '>', 20);
is($m->{'weir_http_requests_total{tenant="acme",route="inside",code="2xx"}'}, 1);
is($m->{'weir_http_requests_total{tenant="acme",route="open",code="4xx"}'}, 1);
check_metrics($m);
my $a = h2_request(h2_port(), @head, ':path' => '/metrics');
is($a->{status}, 200);
my $same = eval { parse_metrics($a->{body}) } or fail($@);
is($same->{"weir_http_requests_total$labels"}, 1, 'the exposition over HTTP/2');


=== clients that go away, and upgrades: once, when they end
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config eval: $::CONFIG
--- then
my $port = rand_port(2);
my $server = IO::Socket::INET->new(LocalAddr => "127.0.0.1:$port", Listen => 9, ReuseAddr => 1) or die;

my $gone = start('/up/gone');
my $up = $server->accept;
sysread $up, my $in, 4096;
is(sum_of(metrics(), 'weir_http_requests_total'), 0, 'not before it ends');
close $gone;
ok(settled(1), 'a client that went away');
my $m = metrics();
is($m->{r(route => 'up', code => 'none')}, 1, 'nothing was sent');
close $up;

my $half = start('/up/half');
$up = $server->accept;
sysread $up, $in, 4096;
syswrite $up, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" . 'x' x 20000;
sysread $half, $in, 4096;
like($in, qr/200/);
close $half;
ok(settled(2), 'one that went away within the answer');
is(metrics()->{r(route => 'up', code => '2xx')}, 1, 'a status was sent');
close $up;

my $ws = start('/up/ws', 'Connection: Upgrade', 'Upgrade: x');
$up = $server->accept;
sysread $up, $in, 4096;
syswrite $up, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
sysread $ws, $in, 4096;
like($in, qr/101/);
$m = metrics();
is(sum_of($m, 'weir_decisions_total', 'route="up"'), 3, 'it is decided');
is(sum_of($m, 'weir_http_requests_total', 'route="up"'), 2, 'and has not ended');
syswrite $up, 'hello';
sysread $ws, $in, 4096;
is($in, 'hello');
close $up;
close $ws;
ok(settled(3), 'an upgrade that ended');
$m = metrics();
is($m->{r(route => 'up', code => '1xx')}, 1);
check_metrics($m);


=== errors before there is a request are nobody's
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config eval: $::CONFIG
--- then
like(http_raw("GET /open/ HTTP/1.1\r\n\r\n"), qr/ 400 /, 'no Host');
like(http_raw("BROKEN\x01\r\n\r\n"), qr/ 400 /, 'no request');
like(http_raw("GET /open/ HTTP/1.1\r\nHost: a\r\nX: " . 'x' x 40000 . "\r\n\r\n"), qr/ 400 /, 'too much');
my $m = metrics();
is(sum_of($m, 'weir_http_requests_total'), 0);
is(sum_of($m, 'weir_decisions_total'), 0);


=== an error of nginx's own that comes to the policy is a refusal
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config
    error_page 400 /open/page;
    location / { weir on; return 200 "ok\n"; }
    location = /metrics { weir off; weir_metrics; }
--- then
like(http_raw("GET /open/ HTTP/1.1\r\n\r\n"), qr/ 400 /, 'no Host');
my $m = metrics();
is($m->{d(verdict => 'deny', reason => 'undecided')}, 1);
is($m->{r(code => '4xx')}, 1);
check_metrics($m);


=== weir_metrics under the policy is counted, too: when it has ended
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config eval: $::CONFIG
--- then
is(sum_of(metrics('/seen'), 'weir_http_requests_total'), 0);
is(sum_of(metrics('/seen'), 'weir_http_requests_total'), 1);
my $m = metrics();
is($m->{r(route => 'metrics', code => '2xx')}, 2);
cmp_ok($m->{'weir_http_sent_bytes_total{route="metrics",code="2xx"}'}, '>', 1000);
check_metrics($m);


=== what a dry run would have refused is not told to anybody
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config
    weir dry_run;
    location / { return 200 "ok\n"; }
    location = /seen { weir_metrics; }
--- ask
GET /seen           -> 200 ~# HELP weir_
GET /seen?deny      -> 403
GET /inside/?deny   -> 200 ok


=== what is counted outlives workers and reloads
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config eval: $::CONFIG
--- no_error_log
[emerg]
--- then
http('GET', '/open/', Host => 'acme.shop.example') for 1 .. 5;
kill 'KILL', $_ for workers_of(master());
ok(wait_for(sub { eval { http('GET', '/open/', Host => 'acme.shop.example')->{status} == 200 } }), 'others serve');
my $labels = '{tenant="acme",route="open",code="2xx"}';
is(metrics()->{"weir_http_requests_total$labels"}, 6, 'after kill -9 of all workers');
reload();
http('GET', '/open/', Host => 'acme.shop.example');
is(metrics()->{"weir_http_requests_total$labels"}, 7, 'after a reload');


=== nothing is counted by tenant where nothing asks for it
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config
    location / { weir on; return 200 "ok\n"; }
--- ask
GET /open/ Host:acme.shop.example -> 200
