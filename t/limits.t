# Limits of rate and quota on one node: what is counted, by whom, and when.

use Weir 'no_plan';

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'what is counted outlives a reload');
}

workers(2);

our $CONFIG = <<'END';
    location / {
        weir on;
        default_type text/plain;
        return 200 "$weir_limit $weir_limit_remaining\n";
    }

    location = /status {
        weir_status;
    }
END

# `limits` on one public route.
sub policy {
    my ($limits, $names) = @_;

    return "limits:\n$limits"
           . "routes: [{id: all, match: {path: \"/**\"}, public: true, "
           . "limits: [$names]}]\n";
}

run_tests();

__DATA__

=== each value of the key has its own units
--- policy eval
main::policy(<<'END', 'per-user');
  per-user: {key: ['request.headers["x-user"]'], rate: 2/h, burst: 2}
END
--- config eval: $::CONFIG
--- ask
GET / x-user:a   -> 200 per-user 1
GET / x-user:a   -> 200 per-user 0
GET / x-user:a   -> 429
GET / x-user:b   -> 200 per-user 1
GET /x x-user:a  -> 429
GET / x-user:b   -> 200 per-user 0
GET / x-user:b   -> 429
GET / x-user:A   -> 200 per-user 1
GET / "x-user:"  -> 200 per-user 1


=== parts of a key do not run into each other
--- policy eval
main::policy(<<'END', 'two');
  two: {key: ['request.headers["x-a"]', 'request.headers["x-b"]'], rate: 1/h}
END
--- config eval: $::CONFIG
--- ask
GET / x-a:ab x-b:c   -> 200 two 0
GET / x-a:a x-b:bc   -> 200 two 0
GET / x-a:abc "x-b:" -> 200 two 0
GET / "x-a:" x-b:abc -> 200 two 0
GET / x-a:ab x-b:c   -> 429


=== the address of the client is that after realip
--- policy eval
main::policy(<<'END', 'per-ip');
  per-ip: {key: [source.ip], rate: 1/h}
END
--- config eval
"set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;\n$::CONFIG"
--- ask
GET / X-Real-IP:192.0.2.1     -> 200 per-ip 0
GET / X-Real-IP:192.0.2.1     -> 429
GET / X-Real-IP:192.0.2.2     -> 200 per-ip 0
GET / X-Real-IP:2001:db8::1   -> 200 per-ip 0
GET / X-Real-IP:2001:db8:0::1 -> 429
GET /                         -> 200 per-ip 0


=== units of gcra come back one by one
--- policy eval
main::policy(<<'END', 'r');
  r: {key: ['"all"'], rate: 2/s, burst: 2}
END
--- config eval: $::CONFIG
--- ask
GET / -> 200 r 1
--- then
ok(wait_for(sub { http('GET', '/')->{status} == 429 }), 'none is left');
select undef, undef, undef, 1.05;
is(http('GET', '/')->{status}, 200, 'one came back');
is(http('GET', '/')->{status}, 200, 'and another');
is(http('GET', '/')->{status}, 429, 'and no third');


=== a fixed window starts anew
--- policy eval
main::policy(<<'END', 'f');
  f: {key: ['"all"'], rate: 3/2s, algorithm: fixed_window}
END
--- config eval: $::CONFIG
--- then
# from the beginning of a window on
sub used { return scalar grep { http('GET', '/')->{status} == 200 } 1 .. 5 }
used();
wait_for(sub { http('GET', '/')->{status} == 200 });
is(used(), 2, 'three in a window');
is(http('GET', '/')->{status}, 429);
sleep 2;
is(used(), 3, 'and three in the next one');


=== a sliding window never lets the limit pass twice at its edge
--- policy eval
main::policy(<<'END', 's');
  s: {key: ['"all"'], rate: 10/2s, algorithm: sliding_window}
END
--- config eval: $::CONFIG
--- then
my ($n, $end) = (0, time() + 4);
my (@times);
while (time() < $end) {
    push @times, Time::HiRes::time() if http('GET', '/')->{status} == 200;
    select undef, undef, undef, 0.005;
}
my $most = 0;
for my $t (@times) {
    my $in = grep { $_ >= $t && $_ < $t + 2 } @times;
    $most = $in if $in > $most;
}
cmp_ok($most, '<', 20, 'less than twice the limit in any window') or diag("@times");
cmp_ok(scalar @times, '>=', 10, 'and it is had');


=== what one limit refuses has cost the others nothing
--- policy eval
main::policy(<<'END', 'a, b, c');
  a: {key: ['request.headers["x-a"]'], rate: 3/h, burst: 3}
  b: {key: ['request.headers["x-b"]'], rate: 1/h}
  c: {key: ['request.headers["x-a"]'], rate: 3/d, algorithm: fixed_window}
END
--- config eval: $::CONFIG
--- ask
GET / x-a:1 x-b:1 -> 200 b 0
GET / x-a:1 x-b:1 -> 429
GET / x-a:1 x-b:1 -> 429
GET / x-a:1 x-b:1 -> 429
GET / x-a:1 x-b:2 -> 200 b 0
GET / x-a:1 x-b:3 -> 200 ~[abc] 0
GET / x-a:1 x-b:4 -> 429
GET / x-a:2 x-b:4 -> 200 b 0


=== requests cost what the policy says
--- policy eval
main::policy(<<'END', 'r');
  r:
    key: ['"all"']
    rate: 10/h
    burst: 10
    cost: 'int(request.headers["x-cost"])'
END
--- config eval: $::CONFIG
--- ask
GET / x-cost:7  -> 200 r 3
GET / x-cost:4  -> 429
GET / x-cost:3  -> 200 r 0
GET / x-cost:x  -> 500
GET / x-cost:-1 -> 500
GET /           -> 500
GET / x-cost:11 -> 429
--- then
my $a = http('GET', '/', 'x-cost' => 11);
is(header($a, 'Retry-After'), undef, 'what can never pass need not come again');
$a = http('GET', '/', 'x-cost' => 4);
is($a->{status}, 429);
like(header($a, 'Retry-After'), qr/^14[0-4]\d$/, 'four tenths of an hour');
my $d = status()->{decisions}{denied};
is($d->{limit_error}, 3);


=== a refusal has the status and the message of its limit
--- policy eval
main::policy(<<'END', 'r');
  r: {key: ['"all"'], rate: 1/h, status: 503, message: "come back later"}
END
--- config eval: $::CONFIG
--- ask
GET /                              -> 200 r 0
GET / Accept:application/json      -> 503 ~.*"detail":"come back later"
GET / Accept:text/html             -> 503 ~.*<html>
--- error_log
policy denies with 503: limit, limit "r"


=== quotas of days and months, and what may pass beyond
--- policy eval
main::policy(<<'END', 'q');
  q:
    key: ['request.headers["x-user"]']
    quota: {day: 2, month: 5}
    overage: 50%
    time_zone: Europe/Dublin
END
--- config eval: $::CONFIG
--- ask
GET / x-user:a -> 200 q.day 1
GET / x-user:a -> 200 q.day 0
GET / x-user:a -> 200 q.day 0
GET / x-user:a -> 429
GET / x-user:b -> 200 q.day 1
--- error_log
limit "q.day"


=== a plan limits its tenants, on all but public routes
--- policy
plans:
  free: {quota: {day: 2}}
  pro: {quota: {day: 3, month: 100}}
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
    acme: {plan: pro}
    globex: {plan: free}
    other: {plan: free}
    none: {}
routes:
  - {id: open, match: {path: "/open"}, public: true}
  - {id: all, match: {path: "/**"}, allow: [{id: any, when: 'true'}]}
--- config eval: $::CONFIG
--- ask
GET / Host:globex.shop.example     -> 200 free.day 1
GET /x Host:globex.shop.example    -> 200 free.day 0
GET / Host:globex.shop.example     -> 429
GET / Host:other.shop.example      -> 200 free.day 1
GET / Host:acme.shop.example       -> 200 pro.day 2
GET /open Host:globex.shop.example -> 200 ~\s*$
GET / Host:none.shop.example       -> 200 ~\s*$
GET / Host:localhost               -> 200 ~\s*$


=== preauth limits come before authentication, the others after it
--- policy
apikeys:
  list:
    cron: {sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae}
limits:
  guesses: {key: [source.ip], rate: 3/h, burst: 3, phase: preauth}
  calls: {key: ['"all"'], rate: 1/h}
routes:
  - id: all
    match: {path: "/**"}
    auth: {any: [apikey]}
    allow: [{id: any, when: 'true'}]
    limits: [guesses, calls]
--- config eval: $::CONFIG
--- ask
GET / -> 401
GET / -> 401
GET / -> 401
GET / -> 429
GET / -> 429
--- error_log
limit "guesses"


=== a limit on trial refuses nobody, and says what it would have done
--- policy eval
main::policy(<<'END', 'trial, r');
  trial: {key: ['"all"'], rate: 1/h, dry_run: true}
  r: {key: ['"all"'], rate: 100/h, burst: 100}
END
--- config eval: $::CONFIG
--- ask
GET / -> 200 r 99
GET / -> 200 r 98
GET / -> 200 r 97
--- then
my $s = status();
is($s->{limits}{dry_run}, 2);
is($s->{decisions}{denied}{limit}, 0);
my $a = http('GET', '/');
unlike($a->{head}, qr/trial/, 'and the client is told nothing');


=== weir dry_run counts and reports, and lets through
--- policy eval
main::policy(<<'END', 'r');
  r: {key: ['"all"'], rate: 1/h}
END
--- audit
--- config
    location / { weir dry_run; return 200 "$weir_decision $weir_limit $weir_limit_remaining\n"; }
    location /on { weir on; return 200 "in\n"; }
    location = /status { weir_status; }
--- ask
GET /   -> 200 allow r 0
GET /   -> 200 deny r 0
GET /on -> 429
--- then
unlike(http('GET', '/')->{head}, qr/RateLimit|Retry-After/i, 'clients are not told');
is(status()->{decisions}{dry_run}, 2);


=== the tests above have told what the counts are, the log tells whose
--- policy
limits:
  r: {key: ['"all"'], rate: 2/h, burst: 2}
routes: [{id: all, match: {path: "/**"}, public: true, limits: [r]}]
audit: {sample: {allow: 100%, deny: 100%}}
--- audit
--- http_config
    log_format limits '$status $weir_limit $weir_limit_remaining';
    access_log logs/limits.log limits;
--- config eval: $::CONFIG
--- ask
GET / -> 200 r 1
GET / -> 200 r 0
GET / -> 429
--- then
my @l = audit(3);
is(join(' ', map { "$_->{verdict}/$_->{reason}/$_->{limit}/$_->{remaining}/"
                   . ($_->{retry_after} // '-') } @l[0 .. 1]),
   'allow/public/r/1/- allow/public/r/0/-');
is("$l[2]{verdict}/$l[2]{reason}/$l[2]{limit}/$l[2]{remaining}", 'deny/limit/r/0');
cmp_ok($l[2]{retry_after}, '>', 1700);
wait_for(sub { read_file(server_root() . '/logs/limits.log') =~ /429/ });
is(read_file(server_root() . '/logs/limits.log'), "200 r 1\n200 r 0\n429 r 0\n");
my $s = status();
is($s->{limits}{allowed}, 2);
is($s->{decisions}{denied}{limit}, 1);
cmp_ok($s->{limits}{cells}, '>', 1000);


=== a response that costs is paid for by the next request
--- policy eval
main::policy(<<'END', 'tokens');
  tokens:
    key: ['request.headers["x-user"]']
    rate: 100/h
    burst: 100
    charge: response
    cost: 'int(response.headers["x-usage-tokens"])'
    default_cost: 10
END
--- upstream
        location / { add_header X-Usage-Tokens $arg_cost; return 200 "ok\n"; }
--- config
    location / { weir on; proxy_pass http://orders; }
--- ask
GET /?cost=60 x-user:a -> 200 ok
GET /?cost=70 x-user:a -> 200 ok
GET /?cost=1 x-user:a  -> 429
GET /?cost=-5 x-user:b -> 200 ok
GET /?cost=x x-user:b  -> 200 ok
GET / x-user:b         -> 200 ok
--- then
like(header(http('GET', '/?cost=1', 'x-user' => 'b'), 'RateLimit'),
     qr/r=70;/, 'three that cannot be told cost ten each');
like(header(http('GET', '/?cost=1', 'x-user' => 'b'), 'RateLimit'),
     qr/r=69;/, 'and one cost one');


=== a cost may be of what is known when a request is over
--- policy eval
my $limits = join '', map {
    "  $_->[0]: {key: ['\"all\"'], rate: 10000/d, burst: 10000, charge: response, cost: '$_->[1]'}\n"
} ['bytes', 'request.size'],
  ['took', 'request.duration.getSeconds() * 1000 + request.duration.getMilliseconds()'],
  ['head', 'response.backend_latency < duration("0.1s") ? 1 : '
           . 'response.backend_latency + duration("0.2s") > request.duration ? 7 : 20'];
my $routes = join '', map {
    "  - {id: $_, match: {path: /$_}, public: true, limits: [$_]}\n"
} qw(bytes took head);
"settings: {limit_headers: legacy}\nlimits:\n${limits}routes:\n$routes"
. "  - {id: up, match: {path: /up}, public: true}\n"
--- upstream
        location /up { weir on; weir_test_delay 120ms; return 200 "ok\n"; }
--- config
    location / { weir on; return 200 "ok\n"; }
    location /took { weir on; proxy_pass http://orders/up; }
    location /head { weir on; proxy_pass http://orders/up; }
--- then
sub left { header(http('GET', "/$_[0]"), 'X-RateLimit-Remaining') }
is(left('bytes'), 10000, 'nothing is known yet');
my $size = 10000 - left('bytes');
is(10000 - left('bytes'), 2 * $size, 'as many again');
http_raw("GET /bytes HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: " . 'x' x 500 . "\r\n\r\n");
cmp_ok(10000 - left('bytes'), '>', 3 * $size + 450, 'a longer one costs more');
left('took');
my $took = 10000 - left('took');
cmp_ok($took, '>=', 110, 'in ms');
cmp_ok($took, '<', 5000, 'and no more');
left('head');
is(10000 - left('head'), 7, 'the upstream took its part of it');
my $raw = raw_connect();
syswrite $raw, "GET /head HTTP/1.1\r\nHost: a\r\n";
Time::HiRes::sleep(0.3);
syswrite $raw, "Connection: close\r\n\r\n";
1 while sysread $raw, my $in, 4096;
is(10000 - left('head'), 34, 'and a slow client none');


=== a table that is full refuses new keys, or lets them pass uncounted
--- policy
limits:
  strict: {key: ['request.headers["x-user"]'], rate: 1/d, algorithm: fixed_window}
  loose: {key: ['request.headers["x-user"]'], rate: 1/d, algorithm: fixed_window, on_full: allow}
routes:
  - {id: strict, match: {path: "/strict"}, public: true, limits: [strict]}
  - {id: loose, match: {path: "/loose"}, public: true, limits: [loose]}
--- http_weir
    weir_zone 128k;
--- config eval: $::CONFIG
--- then
my $text = '';
my $socket = raw_connect();
for (1 .. 999) {
    syswrite $socket, "GET /strict HTTP/1.1\r\nHost: a\r\nx-user: $_\r\n\r\n";
    sysread $socket, $text, 65536, length $text;
}
like($text, qr/ 200 OK/, 'some have room');
like($text, qr/ 503 /, 'some have none');
like($text, qr/Retry-After: 1\r/, 'they may come again');
is(http('GET', '/strict', 'x-user' => 1)->{status}, 429, 'who is known is counted');
my @loose = map { http('GET', '/loose', 'x-user' => "l$_") } 1 .. 40;
is(scalar(grep { $_->{status} != 200 } @loose), 0, 'on_full: allow');
my ($free) = grep { !defined header($_, 'RateLimit') } @loose;
ok($free, 'who is not counted is told nothing');
my $s = status();
cmp_ok($s->{decisions}{denied}{limit_table_full}, '>', 100);
cmp_ok($s->{limits}{uncounted}, '>', 0);
cmp_ok($s->{limits}{used}, '>', $s->{limits}{cells} / 2);


=== HTTP/2 streams of a connection are requests each
--- policy eval
main::policy(<<'END', 'r');
  r: {key: [source.ip], rate: 2/h, burst: 2}
END
--- h2
--- config eval: $::CONFIG
--- then
use Weir::H2;
for (200, 200, 429) {
    my $a = h2_request(h2_port(), ':method' => 'GET', ':scheme' => 'http', ':authority' => 'localhost', ':path' => '/');
    is($a->{status}, $_);
}
