# weir_metrics: formats, names, and that it is written a piece at a time.

use Weir 'no_plan';
use IO::Socket::INET ();
use Socket qw(AF_INET SOCK_STREAM SOL_SOCKET SO_RCVBUF inet_aton pack_sockaddr_in);
use Time::HiRes qw(sleep time);
use Weir::Live;
use Weir::Metrics;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'what is counted outlives a reload');
}

workers(1);

our $TENANTS = 400;

our $POLICY = <<"END";
policy: {name: edge, serial: 7}
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
@{[join "\n", map { "    t$_: {}" } 1 .. $TENANTS]}
routes:
  - {id: open, match: {path: "/open/**"}, public: true}
  - {id: metrics, match: {path: "/seen"}, public: true}
END

our $CONFIG = <<'END';
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1 sndbuf=16k;
    keepalive_requests 10000;
    send_timeout 60s;

    location / { weir on; return 200 "ok\n"; }
    location = /metrics { weir off; weir_metrics; }
    location = /seen { weir on; weir_metrics; }
    location = /gzip {
        weir off;
        gzip on;
        gzip_types text/plain application/openmetrics-text;
        weir_metrics;
    }
    location = /limited { weir off; limit_rate 400k; weir_metrics; }
    location = /pages { weir off; postpone_output 1m; weir_metrics; }
    location = /inside { weir off; auth_request /metrics; return 200 "inside\n"; }
    location = /fast { weir off; return 200 "fast\n"; }
END

# A request of each tenant.
sub fill {
    my $in = http_raw(join '', map {
        "GET /open/ HTTP/1.1\r\nHost: t$_.shop.example\r\n"
            . ($_ == $TENANTS ? "Connection: close\r\n\r\n" : "\r\n")
    } 1 .. $TENANTS);

    is(() = $in =~ /^HTTP\/1.1 200/mg, $TENANTS, 'each tenant has a request');
}

# A connection that holds little, and a request on it.
sub slow_reader {
    my ($target) = @_;

    socket my $socket, AF_INET, SOCK_STREAM, 0 or die;
    setsockopt $socket, SOL_SOCKET, SO_RCVBUF, 4096 or die;
    connect $socket, pack_sockaddr_in(rand_port(1), inet_aton('127.0.0.1'))
        or die;
    syswrite $socket, "GET $target HTTP/1.1\r\nHost: localhost\r\n"
                      . "Connection: close\r\n\r\n";
    return $socket;
}

sub rest_of {
    my ($socket) = @_;
    my $in = '';

    1 while sysread $socket, $in, 65536, length $in;
    return parse_answer($in);
}

# kB of memory of its own, ticks of time.
sub worker {
    my ($pid) = workers_of(master());
    my ($kb) = read_file("/proc/$pid/status") =~ /^RssAnon:\s*(\d+) kB/m;
    my @stat = split ' ', read_file("/proc/$pid/stat") =~ s/^.*\) //sr;

    return ($kb, $stat[11] + $stat[12]);
}

# Tests that an answer has every tenant, once.
sub whole {
    my ($answer, $what, $n) = @_;
    my $samples = eval { parse_metrics($answer->{body}) };

    if (!$samples) {
        fail("$what: $@");
        return;
    }

    is(sum_of($samples, 'weir_http_requests_total', 'route="open"'), $n // $TENANTS, $what);
    return $samples;
}

run_tests();

__DATA__

=== both formats are valid
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
fill();
my $text = http('GET', '/metrics');
is($text->{status}, 200);
is(header($text, 'Content-Type'), 'text/plain; version=0.0.4; charset=utf-8');
is(header($text, 'Transfer-Encoding'), 'chunked');
promtool($text->{body}, 'the text format');
my $samples = whole($text, 'text');
check_metrics($samples);
is($samples->{'weir_policy_info{name="edge",serial="7",digest="' . (status_digest($samples)) . '"}'}, 1, 'state is there');

my $open = http('GET', '/metrics', Accept => 'application/openmetrics-text');
is(header($open, 'Content-Type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
my $same = eval { parse_metrics($open->{body}, 1) };
is($@, '');
is(sum_of($same, 'weir_http_requests_total'), $TENANTS);
is_deeply([grep { /^weir_http|^weir_dec/ } sort keys %$same],
          [grep { /^weir_http|^weir_dec/ } sort keys %$samples], 'the same samples');
like($open->{body}, qr/^# TYPE weir_http_requests counter$/m);
like($text->{body}, qr/^# TYPE weir_http_requests_total counter$/m);

sub status_digest { my ($d) = map { /digest="([0-9a-f]+)"/ } grep { /^weir_policy_info/ } keys %{$_[0]}; return $d }


=== the format is the one that the client prefers
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $prometheus = 'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
my @open = ('application/openmetrics-text', 'Application/OpenMetrics-Text; version=1.0.0',
    'application/openmetrics-text;version="1.0.0", text/plain',
    'application/openmetrics-text; q=0.5, text/plain; q=0.5',
    'application/openmetrics-text, */*', 'text/plain;q=0, application/openmetrics-text;q=0.1',
    'application/openmetrics-text;q=0.5, text/plain;q=0.2, */*',
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;q=0.9,text/plain;version=0.0.4;q=0.4',
    $prometheus);
my @text = ('', '*/*', 'text/plain', 'application/*', 'text/html, application/xml', 'application/json',
    'application/openmetrics-text;q=0.4, text/plain;q=0.5', 'application/openmetrics-text;q=0.5, */*',
    'application/openmetrics-text;q=0', 'application/openmetrics-text;q=x',
    'application/openmetrics-text;version=0.0.1', 'application/openmetrics-text;version=2.0.0',
    'application/openmetrics-texts', ';;,,;q=1,', 'application/openmetrics-text;q=0.5, text/*;q=0.6');
for (@open) {
    like(header(http('GET', '/metrics', Accept => $_), 'Content-Type'), qr/^application\/openmetrics-text; version=1\.0\.0;/, $_);
}
for (@text) {
    like(header(http('GET', '/metrics', Accept => $_), 'Content-Type'), qr/^text\/plain; version=0\.0\.4;/, $_);
}
like(header(http('GET', '/metrics'), 'Content-Type'), qr/^text\/plain;/, 'none');
like(header(http('GET', '/metrics', Accept => ['text/plain;q=0.1', 'application/openmetrics-text']), 'Content-Type'), qr/^application/, 'two headers');


=== name[] leaves out all others
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
http('GET', '/open/', Host => 't1.shop.example');
sub families { return join ' ', http('GET', "/metrics?$_[0]")->{body} =~ /^# TYPE (\S+)/mg }
is(families('name[]=weir_http_requests_total'), 'weir_http_requests_total');
is(families('name[]=weir_http_requests'), 'weir_http_requests_total', 'as OpenMetrics has it');
is(families('name%5B%5D=weir_decisions_total&name[]=weir_policy_serial'), 'weir_policy_serial weir_decisions_total');
is(families('name[]=weir_http_request_duration_seconds_bucket'), 'weir_http_request_duration_seconds');
is(families('name[]=weir_http_request_duration_seconds'), 'weir_http_request_duration_seconds');
is(families('name[]=weir_policy_serial_total'), '', 'a gauge has no total');
is(families('name[]=none&name[]=%ff'), '', 'unknown names');
is(families('name[]='), '', 'an empty one');
like(families('name=weir_decisions&other[]=x&%'), qr/^weir_build_info .*weir_decisions/, 'other arguments say nothing');
is(families('name[]=none'), '');
my $a = http('GET', '/metrics?name[]=none');
is("$a->{status} $a->{body}", '200 ', 'an empty exposition');
$a = http('GET', '/metrics?name[]=none', Accept => 'application/openmetrics-text');
is($a->{body}, "# EOF\n", 'an empty one of OpenMetrics');


=== methods and versions of HTTP
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
fill();
for my $method (qw(POST PUT DELETE OPTIONS)) {
    my $a = http($method, '/metrics', body => 'x');
    is($a->{status}, 405, $method);
    is(header($a, 'Allow'), 'GET, HEAD');
}
my $a = http('HEAD', '/metrics');
is($a->{status}, 200);
is($a->{body}, '');
like(header($a, 'Content-Type'), qr/^text\/plain/);
$a = http('GET', '/metrics', version => '1.0');
is(header($a, 'Transfer-Encoding'), undef);
whole($a, 'HTTP/1.0');
my $old = http_raw("GET /metrics\r\n");
whole({body => $old}, 'HTTP/0.9');
$a = http('GET', '/metrics', body => 'x' x 100000);
whole($a, 'a body is passed over');
my $twice = http_raw("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" . "GET /fast HTTP/1.1\r\nHost: localhost\r\n\r\n"
                     . "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
my @answers = map { parse_answer("HTTP/1.1 200$_") } grep { length } split /^HTTP\/1\.1 200/m, $twice;
is(scalar @answers, 3, 'pipelined');
whole($answers[0], 'the first');
is($answers[1]{body}, "fast\n");
whole($answers[2], 'the third');
whole(http('GET', '/pages'), 'a large postpone_output');
is(http('GET', '/inside')->{body}, "inside\n", 'as a subrequest');
whole(http('GET', '/seen'), 'under the policy');


=== gzip
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
use IO::Uncompress::Gunzip qw(gunzip);
fill();
for my $accept ('text/plain', 'application/openmetrics-text') {
    my $a = http('GET', '/gzip', 'Accept-Encoding' => 'gzip', Accept => $accept);
    is(header($a, 'Content-Encoding'), 'gzip', $accept);
    gunzip(\$a->{body}, \my $text) or fail('gunzip');
    my $samples = eval { parse_metrics($text, $accept =~ /open/) } or fail($@);
    is(sum_of($samples, 'weir_http_requests_total'), $TENANTS);
    cmp_ok(length $a->{body}, '<', length($text) / 8, 'it is small');
}


=== a client that reads slowly is waited for, without memory and time
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
fill();
whole(http('GET', '/metrics'), 'once');
my ($kb, $ticks) = worker();
my @slow = map { slow_reader('/metrics') } 1 .. 30;
sleep 0.3;
my ($kb2, $ticks2) = worker();
is(http('GET', '/fast')->{body}, "fast\n", 'others are served');
cmp_ok($kb2 - $kb, '<', 5000, '30 scrapes hold little');
sleep 1;
my (undef, $ticks3) = worker();
cmp_ok($ticks3 - $ticks2, '<', 10, 'nothing spins');
close pop @slow for 1 .. 10;
whole(rest_of($_), 'it is whole in the end') for @slow;
is(http('GET', '/fast')->{body}, "fast\n");


=== in a page that is read slowly, one behind the other
--- policy eval: $::POLICY
--- config eval
$::CONFIG . <<'END';
    location = /page {
        weir off;
        ssi on;
        default_type text/html;
        return 200 '<!--# include virtual="/metrics" -->#<!--# include virtual="/limited" -->';
    }
END
--- then
fill();
my $slow = slow_reader('/page');
my $in = '';
my (undef, $ticks) = worker();
eval {
    local $SIG{ALRM} = sub { die "it hangs\n" };
    alarm 20;
    for (1 .. 200) {
        sysread $slow, $in, 2048, length $in;
        sleep 0.005;
    }
    1 while sysread $slow, $in, 65536, length $in;
    alarm 0;
};
is($@, '');
my (undef, $ticks2) = worker();
cmp_ok($ticks2 - $ticks, '<', 100, 'nothing spins');
my ($first, $second) = split /^#(?=# HELP)/m, parse_answer($in)->{body} // '';
whole({ body => $first }, 'the first is whole');
whole({ body => $second }, 'and so is the second');


=== over HTTP/2, by its windows
--- h2
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
use Weir::H2;
fill();
my $port = h2_port();
my $body = qx{nghttp --window-bits=12 http://127.0.0.1:$port/metrics 2>&1};
whole({ body => $body }, 'a small window');

my (undef, $ticks) = worker();
my $a = h2_request($port, ':method' => 'GET', ':scheme' => 'http', ':authority' => 'localhost', ':path' => '/metrics');
my (undef, $ticks2) = worker();
is(length $a->{body}, 65535, 'one that is never made larger');
cmp_ok($ticks2 - $ticks, '<', 30, 'nothing spins');
is(http('GET', '/fast')->{body}, "fast\n");


=== a client that never reads is given up
--- policy eval: $::POLICY
--- config eval: $::CONFIG =~ s/send_timeout 60s/send_timeout 300ms/r
--- then
fill();
my $slow = slow_reader('/metrics');
ok(wait_for(sub { log_text() =~ /client timed out .*GET \/metrics/ }), 'by send_timeout');
my $a = rest_of($slow);
ok(!eval { parse_metrics($a->{body}) } || $a->{body} !~ /weir_decisions_total/, 'it is not whole');


=== several at once, of which some are slow, some limited, some go away
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
fill();
my @all = map { slow_reader($_ % 3 ? '/metrics' : '/limited') } 1 .. 9;
my $gone = slow_reader('/metrics');
sysread $gone, my $in, 1000;
close $gone;
my $began = time;
whole(rest_of($_), 'whole') for @all;
cmp_ok(time - $began, '>', 0.5, 'limit_rate holds');
is(http('GET', '/fast')->{body}, "fast\n");


=== a reload, while one is read
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
fill();
my $slow = slow_reader('/metrics');
sysread $slow, my $in, 1000;
ok(reload(1), 'reloaded');
my $rest = '';
1 while sysread $slow, $rest, 65536, length $rest;
whole(parse_answer($in . $rest), 'it is whole');
whole(http('GET', '/metrics'), 'and so is that of the new worker');


=== the zone is that of the configuration
--- policy eval: $::POLICY
--- http_weir
    weir_metrics_zone 1m max_series=1000;
--- config eval: $::CONFIG
--- then
http('GET', '/open/', Host => 't1.shop.example');
my $m = metrics();
is($m->{weir_series_max}, 1000);
is(sum_of($m, 'weir_http_requests_total', 'tenant="t1"'), 1);
