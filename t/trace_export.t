# Spans: what a collector gets, and what one that fails does to nginx.

use Weir 'no_plan';
use Digest::SHA qw(sha256_hex);
use IO::Select ();
use IO::Socket::INET ();
use Time::HiRes qw(sleep time);
use Weir::Collector;
use Weir::H2;
use Weir::Issuer;
use Weir::Live qw(count_of gone log_text master rand_port reload wait_long
                  workers_of);

our $collector = Weir::Collector->start;

our $POLICY = <<'END';
policy: {name: edge, serial: 7}
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list: {acme: {plan: pro}}
audit: {sample: {allow: 0%}}
deny:
  - {id: never, when: '"deny" in request.params', status: 451}
routes:
  - {id: read, match: {path: "/read/**"}, allow: [{id: whoever, when: 'true'}]}
  - {id: rest, match: {path: "/**"}, public: true}
END

our $CONFIG = <<'END';
    location = /metrics { weir off; weir_metrics; }

    location / {
        weir on;
        weir_trace on sample=100%;
        return 200 "$weir_traceparent\n";
    }
END

our $PROXY = <<'END';
    location = /metrics { weir off; weir_metrics; }

    weir on;
    weir_trace on sample=100%;
    location / { proxy_pass http://orders; }
END

our $TRACE  = '0af7651916cd43dd8448eb211c80319c';
our $PARENT = 'b7ad6b7169203331';

sub otlp {
    my ($options) = @_;

    return '    weir_otlp ' . $::collector->url . ' '
           . ($options // 'interval=100ms') . ";\n";
}

my %before;

# What became of spans, since the block began.
sub counted {
    my $text = http('GET', '/metrics')->{body};
    my %n    = $text =~ /^weir_trace_spans_total\{result="(\w+)"\} (\d+)$/mg;

    return { map { $_ => $n{$_} - ($before{$_} // 0) } keys %n };
}

sub begin {
    %before = ();
    %before = %{counted()};
    $collector->clear;
}

sub become {
    my (%want) = @_;
    my $found;

    %want = (exported => 0, dropped => 0, failed => 0, %want);
    wait_long(sub {
        $found = counted();
        return !grep { $found->{$_} != $want{$_} } keys %want;
    });
    is_deeply($found, \%want, join ' ', 'spans:', map { "$_ $want{$_}" }
                              grep { $want{$_} } sort keys %want);
}

sub all_well { is($collector->complaints, '', 'nothing to complain about') }

run_tests();

__DATA__

=== a span says what was asked, decided and answered, in the client's trace
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- upstream
    location / { return 201 "$http_traceparent\n"; }
--- config eval: $::PROXY
--- then
begin();
my $from = int(time() * 1000);
my $got = http('POST', '/read/a%20b?q=secret', Host => 'Acme.shop.example:99', body => 'x',
               traceparent => "00-$::TRACE-$::PARENT-01", tracestate => 'v=1', 'User-Agent' => 'tester/1 "q"');
my $until = int(time() * 1000);
my ($s, @more) = $collector->spans(1);
all_well();
is(@more, 0, 'one span');
my ($id) = $got->{body} =~ /^00-$::TRACE-([0-9a-f]{16})-01$/;
is($s->{traceId}, $::TRACE);
is($s->{parentSpanId}, $::PARENT, 'the parent is the client\'s span');
is($s->{spanId}, $id, 'and this one the parent of the upstream\'s');
is($s->{traceState}, 'v=1');
is($s->{name}, 'POST read');
is_deeply($s->{status}, {});
cmp_ok($s->{startTimeUnixNano}, '>=', ($from - 2) . '000000');
cmp_ok($s->{endTimeUnixNano}, '<=', ($until + 2) . '000000');
like(delete $s->{attributes}{'weir.policy'}, qr{^edge/7/\d+$});
is_deeply($s->{attributes}, {
    'http.request.method' => 'POST', 'http.response.status_code' => 201,
    'http.route' => 'read', 'url.path' => '/read/a b', 'url.scheme' => 'http',
    'server.address' => 'acme.shop.example', 'client.address' => '127.0.0.1',
    'user_agent.original' => 'tester/1 "q"', 'network.protocol.version' => '1.1',
    'weir.tenant' => 'acme', 'weir.verdict' => 'allow', 'weir.reason' => 'allowed', 'weir.rule' => 'whoever',
}, 'every attribute');
is($s->{resource}{'service.name'}, 'weir');
like($s->{resource}{'process.pid'}, qr/^\d+$/);
ok(length $s->{resource}{'host.name'});
become(exported => 1);


=== a trace that begins here has no parent; one that is not sampled has no span
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- config eval: $::CONFIG
--- then
begin();
http('GET', '/a', traceparent => "00-$::TRACE-$::PARENT-00");
my ($trace, $id) = http('GET', '/b', tracestate => 'v=1')->{body} =~ /^00-(\w+)-(\w+)-01/;
my ($s, @more) = $collector->spans(1);
is(@more, 0, 'one span');
is("$s->{traceId} $s->{spanId}", "$trace $id");
ok(!exists $s->{parentSpanId}, 'no parent');
ok(!exists $s->{traceState}, 'no state');
is($s->{attributes}{'url.path'}, '/b');
all_well();
become(exported => 1);


=== refusals, failures and dry runs, each by what became of it
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- config
    location = /metrics { weir off; weir_metrics; }
    location = /off { weir off; weir_trace on sample=100%; return 200; }
    weir on;
    weir_trace on sample=100%;
    location / { return 200; }
    location = /bad { return 502; }
    location = /lost { return 404; }
    location = /closed { return 444; }
    location = /named { error_page 404 = @named; return 404; }
    location @named { return 200 "named\n"; }
    location = /dry { weir dry_run; return 200; }
--- then
begin();
http('GET', $_) for '/?deny', '/bad', '/lost', '/closed', '/named', '/dry?deny', '/off', '/a%3Bb';
http('PURGE', '/other');
my %s = map { ($_->{attributes}{'url.path'} => $_) } $collector->spans(8);
all_well();
sub of { my $s = $s{$_[0]}; my $a = $s->{attributes};
    return join ' ', $s->{name}, map { $_ // '-' } @$a{qw(http.response.status_code error.type weir.verdict weir.reason weir.rule)}, $s->{status}{code}; }
is(of('/'), 'GET rest 451 - deny deny_rule never -');
is(of('/bad'), 'GET rest 502 502 allow public - 2');
is(of('/lost'), 'GET rest 404 - allow public - -');
like(of('/closed'), qr/^GET rest (444|-) - allow public - -$/);
is(of('/named'), 'GET rest 200 - allow public - -');
is(of('/dry'), 'GET rest 200 - dry_run deny_rule never -');
is(of('/other'), 'HTTP rest 200 - allow public - -');
is($s{'/other'}{attributes}{'http.request.method'}, '_OTHER');
is($s{'/other'}{attributes}{'http.request.method_original'}, 'PURGE');
is(of('/a%3Bb'), 'GET 400 - deny bad_request - -');
ok(!exists $s{'/off'}, 'no decision, no span');
become(exported => 8);


=== whatever clients send, the spans are valid, and bounded
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- config eval: $::CONFIG
--- then
begin();
my $long = 'x' x 3000;
my @agents = ('"}]}', '\\', "\x7f\x80\xff", "\xed\xa0\x80", "\xc0\x80", '</script>', "\xf0\x9f\x98\x80", '\u0000', $long, "\xc3" x 1000, '"' x 2000);
http('GET', '/' . $_ % 2, 'User-Agent' => $agents[$_], traceparent => "00-$::TRACE-$::PARENT-01",
     tracestate => $agents[$_ - 1]) for 0 .. $#agents;
http('GET', "/%22%7D%5D%ff%00$long", Host => 'a"b');
http('GET', "/%22%5C%ff$long" . '%22' x 1000, Host => 'acme.shop.example');
http("G\"ET", '/');
my @s = $collector->spans(@agents + 1);
all_well();
is($s[0]{attributes}{'user_agent.original'}, '"}]}');
is($s[1]{attributes}{'user_agent.original'}, '\\');
is($s[2]{attributes}{'user_agent.original'}, "\x7f\x{fffd}\x{fffd}");
is($s[3]{attributes}{'user_agent.original'}, "\x{fffd}" x 3);
is($s[6]{attributes}{'user_agent.original'}, "\x{1f600}");
cmp_ok(length $s[8]{attributes}{'user_agent.original'}, '<=', 300, 'bounded');
cmp_ok(length $s[8]{attributes}{'user_agent.original'}, '>=', 200, 'and not much less');


=== over HTTP/2, and 1.0
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- h2
--- config eval: $::CONFIG
--- then
begin();
h2_request(h2_port(), ':method' => 'GET', ':scheme' => 'http', ':authority' => 'acme.shop.example',
           ':path' => '/read/2', traceparent => "00-$::TRACE-$::PARENT-01");
http('GET', '/1', version => '1.0');
my ($s, $t) = $collector->spans(2);
all_well();
is("$s->{traceId} $s->{parentSpanId}", "$::TRACE $::PARENT");
my @keys = qw(network.protocol.version server.address url.path weir.tenant http.response.status_code);
is(join(' ', @{$s->{attributes}}{@keys}), '2 acme.shop.example /read/2 acme 200');
is($t->{attributes}{'network.protocol.version'}, '1.0');


=== what the policy redacts is hashed, as in the audit log
--- policy eval: $::POLICY =~ s/sample: \{allow: 0%\}/sample: {allow: 100%}, redact: [request.path, source.ip, tenant.id, route.id, request.host, request.method]/r
--- audit
--- http_weir eval: ::otlp()
--- config eval: $::CONFIG
--- then
begin();
http('GET', '/read/me', Host => 'acme.shop.example');
my ($s) = $collector->spans(1);
my ($line) = audit();
my $a = $s->{attributes};
all_well();
is($a->{'url.path'}, substr(sha256_hex('/read/me'), 0, 32));
is($a->{'url.path'}, $line->{path}, 'the same as in the audit log');
is($a->{'client.address'}, $line->{source});
is($a->{'weir.tenant'}, $line->{tenant});
is($a->{'http.route'}, $line->{route});
is($a->{'server.address'}, $line->{host});
is($a->{'http.request.method'}, $line->{method});
unlike($s->{name}, qr/read|GET/, 'nor does the name tell');
is("$line->{trace_id} $line->{span_id}", "$s->{traceId} $s->{spanId}");


=== an upgraded connection has its span when it ends, redacted all the same
--- policy eval: $::POLICY =~ s/allow: 0%\}/allow: 0%}, redact: [request.path]/r
--- http_weir eval: ::otlp()
--- config
    location = /metrics { weir off; weir_metrics; }
    location / {
        weir on;
        weir_trace on sample=100%;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_3;
    }
--- then
begin();
my $up = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1, ReuseAddr => 1, LocalPort => rand_port(3)) or die $!;
my $c = raw_connect();
syswrite $c, "GET /read/ws HTTP/1.1\r\nHost: acme.shop.example\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
my $u = $up->accept;
sysread $u, my $head, 65536;
syswrite $u, "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello";
my $text = '';
wait_for(sub { IO::Select->new($c)->can_read(0.1) and sysread $c, $text, 4096, length $text; $text =~ /hello/ });
sleep 0.5;
is($collector->spans(0), 0, 'not yet');
close $u; close $c;
my ($s) = $collector->spans(1);
all_well();
is($s->{attributes}{'http.response.status_code'}, 101);
is($s->{attributes}{'weir.tenant'}, 'acme');
is($s->{attributes}{'url.path'}, substr(sha256_hex('/read/ws'), 0, 32));
cmp_ok($s->{endTimeUnixNano} - $s->{startTimeUnixNano}, '>', 4e8, 'it took as long as it did');
like($head, qr/^traceparent: 00-$s->{traceId}-$s->{spanId}-01\r$/m);


=== requests share a POST, and POSTs a connection
--- policy eval: $::POLICY
--- http_weir eval: ::otlp('interval=300ms')
--- config eval: $::CONFIG
--- then
begin();
http('GET', "/$_") for 1 .. 20;
is(() = $collector->spans(20), 20);
cmp_ok($collector->posts, '<=', 10, 'few POSTs');
for my $n (21 .. 23) {
    http('GET', "/$n");
    $collector->spans($n);
}
is(() = $collector->spans(23), 23);
is($collector->connections, 1, 'one connection');
my @paths = map { $_->{attributes}{'url.path'} } $collector->spans(23);
is("@paths", join(' ', map { "/$_" } 1 .. 23), 'in their order, each once');
all_well();


=== a connection that the collector does not keep is not used again
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- config eval: $::CONFIG
--- then
begin();
$collector->set(headers => ['Connection: close'], linger => 1);
for my $n (1 .. 3) {
    http('GET', "/$n");
    is(() = $collector->spans($n), $n);
}
is($collector->connections, 3);

# one that ends meanwhile, without a word
$collector->set;
http('GET', '/4');
$collector->spans(4);
$collector->stop;
$collector->again;
http('GET', '/5');
is(() = $collector->spans(5), 5);
become(exported => 5);
all_well();


=== the collector gets its headers, and the service its name
--- policy eval: $::POLICY
--- http_weir eval
Weir::Issuer::note(Weir::image_dir() . '/headers', '>:raw', "Authorization: Bearer a:b c\r\n\nX-Scope:  shop\n");
::otlp('interval=100ms "service=my \"shop\"" headers=' . Weir::image_dir() . '/headers')
--- config eval: $::CONFIG
--- then
begin();
http('GET', '/');
my ($s) = $collector->spans(1);
like($collector->head, qr/\r\nAuthorization: Bearer a:b c\r\nX-Scope:  shop\r\n/);
is($s->{resource}{'service.name'}, 'my "shop"');
all_well();


=== spans that the collector rejects are counted as failed
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- config eval: $::CONFIG
--- error_log
spans for the collector
are lost: the collector rejected them; not said again for 60 seconds
--- then
begin();
$collector->set(body => '{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too\nold"}}', times => 1);
http('GET', '/') for 1 .. 3;
become(exported => 1, failed => 2);
$collector->set(body => '{"partialSuccess":{"rejectedSpans":99}}', times => 1);
http('GET', '/');
become(exported => 1, failed => 3);
for my $body ('', '{}', '{"partialSuccess":{}}', '{"partialSuccess":null,"more":[]}', '{"partialSuccess":{"rejectedSpans":"0"}}') {
    $collector->set(body => $body, times => 1);
    my $n = counted()->{exported};
    http('GET', '/');
    become(exported => $n + 1, failed => 3);
}


=== a collector that is busy is asked again, when it wants to be
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- config eval: $::CONFIG
--- then
begin();
for my $status ('429 Slow Down', '502 Bad', '503 Busy', '504 Late') {
    my $n = counted()->{exported};
    $collector->set(status => $status, times => 2);
    http('GET', '/');
    become(exported => $n + 1);
}
is($collector->posts, 12, 'each at the third try');
$collector->set(raw => '', times => 2);
http('GET', '/');
become(exported => 5);
is($collector->posts, 15, 'so is one that ends without an answer');
is(() = $collector->spans(5), 5, 'each once');
my $start = time();
$collector->set(status => '503 Busy', times => 1, headers => ['retry-After:  2 ']);
http('GET', '/');
become(exported => 6);
cmp_ok(time() - $start, '>', 1.8, 'it waited');
$start = time();
$collector->set(raw => "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 503 Busy\r\nRetry-After: 2\r\n\r\n", times => 1);
http('GET', '/');
become(exported => 7);
cmp_ok(time() - $start, '>', 1.8, 'and so it did behind a 1xx');
all_well();


=== a collector that stays busy loses what it was asked five times
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- config eval: $::CONFIG
--- error_log
are lost: the answer's status is 503
--- then
begin();
$collector->set(status => '503 Busy');
http('GET', '/');
become(failed => 1);
is($collector->posts, 5);
http('GET', '/');
become(failed => 2);
is(count_of(qr/are lost/), 1, 'which is said once');


=== what is no answer of a collector is none, and is not asked again
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- config eval: $::CONFIG
--- then
begin();
my $n = 0;
for my $answer ([status => '400 Bad'], [status => '401 Who'], [status => '413 Much'], [status => '500 Oops'],
    [status => '301 Moved', headers => ['Location: /elsewhere']],
    [body => '<html>welcome</html>'], [body => '[]'], [body => '"ok"'], [body => '{'], [body => '{"partialSuccess":{"rejectedSpans":"many"}}'],
    [raw => "no such protocol\r\n\r\n"], [raw => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"],
    [raw => "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"], [raw => "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"],
    [raw => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
    [raw => "HTTP/1.1 101 Other\r\n\r\n"], [raw => "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 400 Bad\r\n\r\n"])
{
    $collector->set(@$answer);
    http('GET', '/');
    become(failed => ++$n);
}
is($collector->posts, $n, 'one POST each');
is(count_of(qr/are lost/), 1, 'one line for all of them');
is($collector->complaints, '');


=== of what has another 2xx the spans are taken, too
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- config eval: $::CONFIG
--- then
begin();
my $n = 0;
for my $answer ([status => '202 Later'], [status => '204 None', body => ''], [raw => "HTTP/1.1 201 Made\r\n\r\n"],
    [raw => "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 102 Working\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"],
    [raw => "HTTP/1.1 100 Go\r\nContent-Length: 7\r\n\r\nHTTP/1.1 202 Later\r\n\r\n"]) {
    $collector->set(@$answer);
    http('GET', '/');
    become(exported => ++$n);
}
is($collector->posts, $n, 'one POST each');
is(count_of(qr/are lost/), 0);
is($collector->complaints, '');


=== answers by chunks, and to their end, are answers
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- config eval: $::CONFIG
--- then
begin();
$collector->set(raw => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
http('GET', '/');
become(exported => 1);
$collector->set(raw => "HTTP/1.0 200 OK\r\n\r\n{}");
http('GET', '/');
become(exported => 2);


=== while the collector is away, spans wait; requests do not
--- policy eval: $::POLICY
--- http_weir eval: ::otlp('interval=200ms')
--- config eval: $::CONFIG
--- then
begin();
$collector->stop;
my $start = time();
is(http('GET', "/$_")->{status}, 200) for 1 .. 10;
cmp_ok(time() - $start, '<', 2, 'requests are answered');
sleep 0.3;
$collector->again;
is(() = $collector->spans(10), 10, 'and so are spans, later');
become(exported => 10);
all_well();


=== a collector that stays away is given up
--- policy eval: $::POLICY
--- http_weir eval: ::otlp()
--- config eval: $::CONFIG
--- error_log
are lost: connecting to 127.0.0.1
--- then
begin();
$collector->stop;
http('GET', '/') for 1 .. 3;
become(failed => 3);
is(count_of(qr/are lost/), 1);
$collector->again;
http('GET', '/');
become(failed => 3, exported => 1);


=== more than may wait is dropped, and every span is counted once
--- policy eval: $::POLICY
--- http_weir eval: ::otlp('interval=100ms queue=128k')
--- config eval: $::CONFIG
--- error_log
are lost: too many wait
--- then
begin();
$collector->stop;
my $request = "GET /" . 'x' x 800 . " HTTP/1.1\r\nHost: acme.shop.example\r\n";
for (1 .. 5) {
    http_raw("$request\r\n" x 99 . "${request}Connection: close\r\n\r\n");
}
my $n = counted();
cmp_ok($n->{dropped}, '>', 200, 'most are dropped');
cmp_ok($n->{dropped}, '<', 450, 'some wait');
$collector->again;
wait_long(sub { $n = counted(); $n->{exported} + $n->{dropped} + $n->{failed} == 500 });
is($n->{exported} + $n->{dropped} + $n->{failed}, 500, 'all are counted');
is($n->{failed}, 0);
is(() = $collector->spans($n->{exported}), $n->{exported}, 'as many as came');
all_well();


=== what is full does not wait for the interval
--- policy eval: $::POLICY
--- http_weir eval: ::otlp('interval=1m')
--- config eval: $::CONFIG
--- then
begin();
my $request = "GET /" . 'x' x 800 . " HTTP/1.1\r\nHost: acme.shop.example\r\n";
for (1 .. 3) {
    http_raw("$request\r\n" x 99 . "${request}Connection: close\r\n\r\n");
}
cmp_ok(scalar(() = $collector->spans(100)), '>=', 100, 'some are there');
cmp_ok(scalar(() = $collector->spans(0)), '<', 300, 'others wait');
all_well();


=== a worker that quits sends what waits, at once
--- policy eval: $::POLICY
--- http_weir eval: ::otlp('interval=1m')
--- config eval: $::CONFIG
--- then
begin();
http('GET', "/$_") for 1 .. 3;
my ($worker) = workers_of(master());
my $start = time();
kill 'HUP', master();
is(() = $collector->spans(3), 3, 'they came');
ok(wait_long(sub { gone($worker) }), 'it has gone');
cmp_ok(time() - $start, '<', 3, 'soon');
become(exported => 3);
all_well();


=== a collector that hangs, or is away, keeps no worker
--- policy eval: $::POLICY
--- http_weir eval: ::otlp('interval=100ms')
--- config eval: $::CONFIG
--- then
begin();
$collector->set(hold => 1);
http('GET', '/');
ok(wait_long(sub { $collector->posts == 1 }), 'one is under way');
is(http('GET', '/')->{status}, 200, 'nobody waits for it');
my ($worker) = workers_of(master());
my $start = time();
kill 'HUP', master();
ok(wait_long(sub { gone($worker) }), 'it has gone');
cmp_ok(time() - $start, '<', 3, 'soon');
become(failed => 2);

$collector->set;
$collector->stop;
($worker) = workers_of(master());
http('GET', '/');
$start = time();
kill 'HUP', master();
ok(wait_long(sub { gone($worker) }), 'it has gone');
cmp_ok(time() - $start, '<', 3, 'soon');
become(failed => 3);
$collector->again;


=== without spans a worker quits as ever
--- policy eval: $::POLICY
--- http_weir eval: ::otlp('interval=1m')
--- config eval: $::CONFIG =~ s/100%/0%/r
--- then
begin();
http('GET', '/');
my ($worker) = workers_of(master());
my $start = time();
kill 'HUP', master();
ok(wait_long(sub { gone($worker) }), 'it has gone');
cmp_ok(time() - $start, '<', 2, 'at once');


=== over TLS, where the certificate is of an authority
--- policy eval: $::POLICY
--- http_weir eval
::tls();
my $url = 'https://localhost:' . ($ENV{TEST_NGINX_PORT} + 40) . '/v1/traces';
my $dns = Weir::Issuer::dns('localhost' => '127.0.0.1');
<<"END";
    weir_trusted_certificate $ENV{TEST_NGINX_TLS}/cert.pem;
    resolver 127.0.0.1:$dns ipv6=off;
    weir_otlp $url interval=100ms;
    server {
        listen 127.0.0.1:@{[$ENV{TEST_NGINX_PORT} + 40]} ssl;
        ssl_certificate $ENV{TEST_NGINX_TLS}/cert.pem;
        ssl_certificate_key $ENV{TEST_NGINX_TLS}/key.pem;
        location / {
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host 127.0.0.1:@{[$::collector->port]};
            proxy_pass http://127.0.0.1:@{[$::collector->port]};
        }
    }
END
--- config eval: $::CONFIG
--- then
begin();
for my $n (1 .. 3) {
    http('GET', '/' . 'x' x 800) for 1 .. 30;
    is(() = $collector->spans(30 * $n), 30 * $n);
}
become(exported => 90);
all_well();


=== and not otherwise
--- policy eval: $::POLICY
--- http_weir eval
::tls();
my $url = 'https://127.0.0.1:' . ($ENV{TEST_NGINX_PORT} + 40) . '/v1/traces';
<<"END";
    weir_trusted_certificate $ENV{TEST_NGINX_TLS}/cert.pem;
    weir_otlp $url interval=100ms;
    server {
        listen 127.0.0.1:@{[$ENV{TEST_NGINX_PORT} + 40]} ssl;
        ssl_certificate $ENV{TEST_NGINX_TLS}/cert.pem;
        ssl_certificate_key $ENV{TEST_NGINX_TLS}/key.pem;
        location / { proxy_pass http://127.0.0.1:@{[$::collector->port]}; }
    }
END
--- config eval: $::CONFIG
--- error_log
is not trusted: IP address mismatch
--- then
begin();
http('GET', '/');
become(failed => 1);
is($collector->posts, 0);


=== without weir_otlp nothing is sent, and nothing counted
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
begin();
like(http('GET', '/')->{body}, qr/-01$/, 'sampled');
sleep 0.3;
become();
is($collector->posts, 0);


=== bad parameters are refused with their line
--- then
my $image = compile_policy($::POLICY);
my $dir = Weir::image_dir();
my $good = 'http://127.0.0.1:4318/v1/traces';
my %files = (colon => "Authorization Bearer\n", name => "a b: c\n", none => ": c\n", control => "X-A: b\x01c\n",
    lone => "X-A: b\rX-B: c\n", host => "X-A: b\nHost: c\n", length => "content-length: 5\n", type => "Content-Type: text/plain\n",
    long => 'X-A: ' . 'x' x 9000 . "\n", nul => "X-A: b\0\n");
Weir::Issuer::note("$dir/h_$_", '>:raw', $files{$_}) for keys %files;
my @bad = (
    ['weir_otlp;', 'invalid number of arguments in "weir_otlp"'],
    ["weir_otlp $good;\nweir_otlp $good;", 'directive is duplicate'],
    ['weir_otlp 127.0.0.1:4318;', 'invalid URL "127.0.0.1:4318": the URL begins neither with https:// nor with http://'],
    ['weir_otlp grpc://127.0.0.1:4317;', 'invalid URL'],
    ['weir_otlp http://user:secret@127.0.0.1/;', 'invalid URL'],
    ['weir_otlp http://127.0.0.1:99999/;', 'invalid URL'],
    ['weir_otlp "http://127.0.0.1/a b";', 'invalid URL'],
    ["weir_otlp $good interval=0;", '"interval=0" is not between 100ms and 1m'],
    ["weir_otlp $good interval=99ms;", 'is not between'],
    ["weir_otlp $good interval=61s;", 'is not between'],
    ["weir_otlp $good interval=1s interval=1s;", 'is there twice'],
    ["weir_otlp $good queue=127k;", '"queue=127k" is not between 128k and 64m'],
    ["weir_otlp $good queue=65m;", 'is not between'],
    ["weir_otlp $good queue=x;", 'is not between'],
    ["weir_otlp $good queue=1m queue=1m;", 'is there twice'],
    ["weir_otlp $good service=;", 'invalid parameter "service="'],
    ["weir_otlp $good service=a service=b;", 'invalid parameter "service=b"'],
    ["weir_otlp $good service=" . 'x' x 256 . ';', 'invalid parameter'],
    ["weir_otlp $good timeout=1s;", 'invalid parameter "timeout=1s"'],
    ["weir_otlp $good fast;", 'invalid parameter "fast"'],
    ["weir_otlp $good headers=$dir/missing;", '"' . "$dir/missing" . '" cannot be read (2:'],
    ["weir_otlp $good headers=$dir;", 'cannot be read'],
    (map { ["weir_otlp $good headers=$dir/h_$_;", "$dir/h_$_:1: this is no header, which is \"NAME: VALUE\""] } qw(colon name none)),
    (map { ["weir_otlp $good headers=$dir/h_$_;", "$dir/h_$_:1: the header has a control character"] } qw(control lone nul)),
    ["weir_otlp $good headers=$dir/h_host;", "$dir/h_host:2: this header is for nginx to set"],
    (map { ["weir_otlp $good headers=$dir/h_$_;", 'this header is for nginx to set'] } qw(length type)),
    ["weir_otlp $good headers=$dir/h_long;", 'has more than 8192 bytes'],
);
for (@bad) {
    my ($code, $said) = nginx_t("weir_policy $image;\n$_->[0]");
    is($code, 1, $_->[0]);
    like($said, qr/\Q$_->[1]\E.* in \S+nginx\.conf:[23]/, $_->[0]);
    unlike($said, qr/Bearer|secret@/, 'no secret is told') if $_->[0] =~ /headers/;
}
my ($code, $said) = nginx_t("weir_policy $image; weir_otlp http://collector.example/;");
like("$code $said", qr/^1 .*"weir_otlp" has the name "collector\.example", which needs a "resolver" in http\{\}/s);
for ("weir_otlp http://collector.example/ ; resolver 127.0.0.1;", "weir_otlp http://[::1]:4318;",
     "weir_otlp https://10.0.0.1/v1/traces interval=1m queue=64m service=a;") {
    ($code, $said) = nginx_t("weir_policy $image; $_");
    is($code, 0, $_) or diag($said);
}
($code, $said) = nginx_t("\nweir_otlp $good;");
like("$code $said", qr/^1 .*"weir_otlp" in \S+nginx\.conf:2 needs a "weir_policy"/s);
