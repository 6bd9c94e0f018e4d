# Usage that nodes write to Redis and sum up: what is there was counted, and
# what was counted gets there, whatever happens to the store or to workers.

use Weir 'no_plan';
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);
use Weir::Live;
use Weir::Redis;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'starts nginx by itself');
}

workers(2);

our $redis = Weir::Redis->start;

our $CONFIG = <<'END';
    keepalive_requests 100000;

    location / {
        weir on;
        return 200 "hello\n";
    }

    location = /usage {
        weir off;
        weir_usage all;
    }

    location = /mine {
        weir on;
        weir_usage tenant;
    }

    location = /status {
        weir off;
        weir_status;
    }

    location = /metrics {
        weir off;
        weir_metrics;
    }
END

our $POLICY = <<'END';
tenants:
  resolve: [{host: "{tenant}.example"}]
  list: {acme: {}, globex: {}, idle: {}}
limits:
  calls: {key: [tenant.id], rate: 1000000/s, burst: 1000000}
  shared:
    key: [tenant.id]
    rate: 1000000/h
    algorithm: fixed_window
    scope: cluster
    on_store_failure: deny
routes:
  - {id: mine, match: {path: /mine}, public: true}
  - {id: shared, match: {path: /shared}, public: true, limits: [shared]}
  - {id: all, match: {path: "/**"}, public: true, limits: [calls]}
END

# http {} with a store, which is told often.
sub http_conf {
    my (%o) = @_;
    my $url = $o{url} // $redis->url;

    return "    weir_redis $url timeout=" . ($o{timeout} // '300ms') . ";\n"
           . '    weir_metrics_zone ' . ($o{zone} // '4m') . ' max_series=10000 flush='
           . ($o{flush} // '200ms') . ";\n";
}

my @nodes;

END { my $status = $?; end_nodes(); $? = $status }

# Another node, as that of Test::Nginx; what it is asked with is its port.
sub node {
    my (%o) = @_;
    my ($image) = Weir::read_file(server_root() . '/conf/nginx.conf')
                  =~ /weir_policy ([^ ;]+)/;
    my $port = Weir::Redis::free_port();
    my $dir  = Weir::write_conf("weir_policy $image; " . http_conf(%o)
               . "server { listen 127.0.0.1:$port; $CONFIG }");
    my $pid  = fork // die "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>', '/dev/null';
        exec @{$o{wrap} // []}, $ENV{TEST_NGINX_BINARY}, '-p', $dir, '-e',
             "$dir/logs/error.log", '-g', 'daemon off; worker_processes 2;'
            or POSIX::_exit(1);
    }

    my $node = { pid => $pid, dir => $dir, port => $port };
    push @nodes, $node;

    wait_long(sub { eval { raw_connect($port) } }) or die 'no second nginx';

    return $node;
}

sub master_of {
    my ($pid) = Weir::read_file("$_[0]{dir}/logs/nginx.pid") =~ /^(\d+)/;

    return $pid // $_[0]{pid};
}

# Ends a node by a signal; how long that took.
sub end_node {
    my ($node, $signal) = @_;
    my $from = time();

    if ($signal eq 'KILL') {
        # first who would start others
        my $master = master_of($node);
        kill 'KILL', $master, workers_of($master);
    } else {
        kill $signal, master_of($node);
    }

    waitpid $node->{pid}, 0;
    @nodes = grep { $_ != $node } @nodes;

    return time() - $from;
}

sub end_nodes { end_node($_, 'KILL') for @nodes }

# So many requests of a tenant, over one connection.
sub send_some {
    my ($n, $tenant, $port, $path) = @_;
    my $socket = raw_connect($port);
    my $text   = '';
    my $head   = 'GET ' . ($path // '/') . " HTTP/1.1\r\nHost: $tenant.example\r\n";

    syswrite $socket, "$head\r\n" x ($n - 1) . "${head}Connection: close\r\n\r\n";
    1 while sysread $socket, $text, 65536, length $text;

    return scalar(() = $text =~ m{^HTTP/1\.1 200}mg);
}

# A policy of so many tenants.
sub many {
    my $list = join ', ', map { sprintf 't%04d: {}', $_ } 1 .. $_[0];

    return $POLICY =~ s/list: .*/list: {$list}/r;
}

# A request of each of them.
sub send_all {
    my ($n, $port) = @_;
    my $socket = raw_connect($port);
    my $text   = '';

    syswrite $socket, join('', map { sprintf "GET / HTTP/1.1\r\nHost: t%04d.example\r\n%s\r\n", $_,
                                     $_ == $n ? "Connection: close\r\n" : '' } 1 .. $n);
    1 while sysread $socket, $text, 65536, length $text;
}

sub usage {
    my ($target, %headers) = @_;

    return JSON::PP->new->utf8->decode(http('GET', $target, %headers)->{body});
}

sub day   { POSIX::strftime('%Y-%m-%d', gmtime) }
sub month { POSIX::strftime('%Y-%m', gmtime) }

sub key_of {
    my ($tenant, $period) = @_;

    return ($period // 'day') eq 'day'
           ? 'weir:usage:day:' . day() . ":$tenant"
           : 'weir:usage:month:' . month() . ":$tenant";
}

# Requests of a tenant that the store knows of: of all nodes and routes.
sub stored {
    my ($tenant, $period) = @_;
    my @all = split /\n/, $redis->cli('HGETALL', key_of($tenant, $period));
    my $sum = 0;

    while (my ($field, $value) = splice @all, 0, 2) {
        $sum += $1 if $field =~ /:r:/ && $value =~ /^(\d+) \d+ \d+$/;
    }

    return $sum;
}

# The store comes to know of so many requests; and never of more.
sub comes {
    my ($n, $tenant, $what) = @_;

    wait_long(sub { stored($tenant) >= $n });
    is(stored($tenant), $n, "$what: of the day");
    is(stored($tenant, 'month'), $n, "$what: of the month");
}

# A figure of the node's metrics.
sub metric {
    my ($name, $port) = @_;
    my ($value) = http('GET', '/metrics', port => $port)->{body}
                  =~ /^\Q$name\E (\S+)$/m;

    return $value;
}

run_tests();

__DATA__

=== what was counted gets into the store, by route and limit, and is kept for long
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
$redis->flush;
my $sent = main::send_some(7, 'acme');
main::comes(7, 'acme', 'requests');
my $node = main::usage('/usage')->{node};
my $key  = main::key_of('acme');
like($redis->cli('HGET', $key, "$node:r:all"), qr/^7 \d+ \d+$/, 'a route');
is($redis->cli('HGET', $key, "$node:l:calls"), 7, 'a limit');
cmp_ok($redis->cli('TTL', $key), '>', 61 * 86400, 'days');
cmp_ok($redis->cli('TTL', main::key_of('acme', 'month')), '>', 399 * 86400, 'months');
is(join(' ', grep { /usage/ } $redis->eternal), '', 'no key stays for ever');
like($redis->cli('HGET', $key, "$node:r:all"),
     qr/^7 $_->{bytes_in} $_->{bytes_out}$/, 'bytes')
    for main::usage('/usage')->{tenants}{acme}{day}{routes}{all};


=== what did not change is not written again
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
my $calls = sub { $redis->cli('INFO', 'commandstats') =~ /cmdstat_hset:calls=(\d+)/ ? $1 : 0 };
my $had = main::stored('idle');
main::send_some(1, $_) for qw(acme globex idle);
main::comes($had + 1, 'idle', 'once');
sleep 1;
my $before = $calls->();
sleep 1;
is($calls->(), $before, 'nothing');
main::send_some(1, 'acme');
wait_long(sub { $calls->() > $before });
sleep 0.5;
is($calls->(), $before + 4, 'one route and one limit, of a day and a month');
cmp_ok(main::metric('weir_usage_flushes_total{result="ok"}'), '>', 5, 'but it was looked at');


=== nodes sum up what all of them counted
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
$redis->flush;
my $other = main::node();
main::send_some(5, 'acme');
main::send_some(20, 'acme', $other->{port});
main::comes(25, 'acme', 'both');
for my $port (undef, $other->{port}) {
    my $mine = main::usage('/mine', Host => 'acme.example', port => $port);
    ok($mine->{complete}, 'all of it');
    is($mine->{scope}, 'cluster');
    is($mine->{day}{routes}{all}{requests}, 25);
    is($mine->{month}{units}{calls}, 25);
    is(main::usage('/usage?tenant=acme', port => $port)->{day}{routes}{all}{requests}, 25);
}
is(main::usage('/usage')->{tenants}{acme}{day}{routes}{all}{requests}, 5, 'a list is one node\'s');
main::send_some(2, 'acme');
is(main::usage('/usage?tenant=acme')->{day}{routes}{all}{requests}, 27, 'at once, of this node');
is(main::usage('/usage?tenant=acme&period=previous')->{month}{requests}, 0, 'not before');
main::end_node($other, 'KILL');
is(main::usage('/usage?tenant=acme')->{day}{routes}{all}{requests}, 27, 'that of a dead node stays');


=== a store that is away or slow: this node's alone, and soon
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf(timeout => '200ms')
--- config eval: $::CONFIG
--- then
$redis->flush;
main::send_some(3, 'acme');
main::comes(3, 'acme', 'before');
$redis->cli('HSET', main::key_of('acme', $_), 'a' x 32 . ':r:all', '10 0 0') for qw(day month);
is(main::usage('/mine', Host => 'acme.example')->{day}{routes}{all}{requests}, 13);
$redis->stop;
for (1 .. 8) {
    my $from = time();
    my $mine = main::usage('/mine', Host => 'acme.example');
    cmp_ok(time() - $from, '<', 0.5, 'soon');
    is($mine->{complete}, JSON::PP::false, 'not complete');
    is($mine->{scope}, 'node');
    is($mine->{day}{routes}{all}{requests}, 3);
}
cmp_ok(main::metric('weir_usage_flushes_total{result="failed"}'), '>', 0, 'flushes that failed');
$redis->cont;
ok(wait_long(sub { main::usage('/mine', Host => 'acme.example')->{day}{routes}{all}{requests} == 13 }),
   'again');


=== a store that starts without what it had gets all of it again
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
main::send_some(4, 'acme');
main::send_some(2, 'idle');
$redis->flush;
ok(wait_long(sub { main::stored('acme') }), 'there') or diag($redis->cli('KEYS', '*'));
for (1 .. 3) {
    $redis->kill;
    main::send_some(5, 'acme');
    $redis->again;
    main::comes(4 + 5 * $_, 'acme', "loss $_");
    main::comes(2, 'idle', "loss $_");
}


=== what somebody deletes comes again with the next request that is counted
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
main::send_some(4, 'acme');
main::send_some(2, 'idle');
wait_long(sub { main::stored('idle') >= 2 });
sleep 0.5;
$redis->flush;
main::send_some(1, 'acme');
main::comes(5, 'acme', 'one that goes on');
main::comes(2, 'idle', 'one that does not');
--- error_log
usage is gone from the store


=== workers that die lose nothing
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
$redis->flush;
my $sent = 0;
for (1 .. 6) {
    $sent += main::send_some(50, 'acme');
    my ($worker) = workers_of(master());
    sleep 0.1;          # connections that are closed end, and their requests
    kill 'KILL', $worker;
    wait_long(sub { my @now = workers_of(master()); @now == 2 && !grep { $_ == $worker } @now });
}
is($sent, 300);
main::comes(300, 'acme', 'workers killed');
--- no_error_log
[emerg]


=== a node that ends writes the rest, whether it quits or is terminated
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
$redis->flush;
my $sum = 0;
for my $signal (qw(QUIT TERM QUIT TERM)) {
    my $other = main::node(flush => '1h');
    sleep 1.5;
    main::send_some(100, 'acme', $other->{port});
    is(main::stored('acme'), $sum, 'not yet');
    cmp_ok(main::end_node($other, $signal), '<', 2, "$signal: soon");
    $sum += 100;
    is(main::stored('acme'), $sum, "$signal: all of it");
    is(main::stored('acme', 'month'), $sum, "$signal: all of it");
}
is(main::usage('/usage?tenant=acme')->{day}{routes}{all}{requests}, 400);


=== a node that ends does not wait for a store that hangs
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
for my $signal (qw(QUIT TERM)) {
    my $other = main::node(flush => '1h');
    sleep 1.5;
    main::send_some(100, 'acme', $other->{port});
    $redis->stop;
    cmp_ok(main::end_node($other, $signal), '<', 1.5, $signal);
    $redis->cont;
}


=== a node that ends within a flush, while the store hangs
--- policy eval: main::many(300)
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
for my $signal (qw(QUIT TERM)) {
    my $proxy = $redis->proxy;
    my $other = main::node(url => $proxy->url, timeout => '1s', flush => '2s');
    sleep 1;
    $proxy->delay(0.1);
    main::send_all(300, $other->{port});
    ok(wait_long(sub { $redis->cli('KEYS', 'weir:usage:day:*:t0*') =~ /t0.*\n.*t0/s }), 'it writes');
    $proxy->stall;
    cmp_ok(main::end_node($other, $signal), '<', 3, "$signal: soon");
    unlike(Weir::read_file("$other->{dir}/logs/error.log"), qr/exited on signal/, "$signal: whole");
    $redis->flush;
}


=== another size of the zone: workers that leave write what they have
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
$redis->flush;
my $other = main::node(flush => '1h');
sleep 1.5;
main::send_some(30, 'acme', $other->{port});
my $conf = "$other->{dir}/conf/nginx.conf";
my $text = Weir::read_file($conf);
$text =~ s/weir_metrics_zone 4m/weir_metrics_zone 5m/ or die;
open my $out, '>', $conf or die;
print $out $text;
close $out;
my %old = map { $_ => 1 } workers_of($other->{pid});
kill 'HUP', $other->{pid};
wait_long(sub { my @now = workers_of($other->{pid}); @now == 2 && !grep { $old{$_} } @now });
main::comes(30, 'acme', 'of the old zone');
main::send_some(3, 'acme', $other->{port});
is(main::usage('/mine', Host => 'acme.example', port => $other->{port})->{day}{routes}{all}{requests},
   33, 'both');
main::end_node($other, 'QUIT');
main::comes(34, 'acme', 'of both zones');   # /mine is a request, too


=== what is no count is ignored, and said once
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
$redis->flush;
main::send_some(1, 'acme');
main::comes(1, 'acme', 'before');
my $key = main::key_of('acme');
my $n = 'b' x 32;
$redis->cli('HSET', $key, @$_) for
    ["$n:r:all", '7 x 0'], ["$n:r:b", '7 0'], ["$n:r:c", '7 0 0 0'], ["$n:r:d", '-7 0 0'],
    ["$n:r:e", '9999999999999999999999 0 0'], ["$n:r:f", ' 7 0 0'], ["$n:r:g", '7  0 0'],
    ["$n:l:h", ''], ["$n:l:i", '7 7'], ["$n:x:j", 7], ['x', 7], ["$n:r", 7], ["$n:r:", '100 0 0'],
    ["$n:l:" . 'k' x 300, 7], ["$n:l:\"}\n", 5], ["$n:r:ok", '7 8 9'];
for (1 .. 3) {
    my $u = main::usage('/usage?tenant=acme')->{day};
    is($u->{requests}, 108, 'requests');
    is(join(',', sort keys %{$u->{routes}}), ',all,ok', 'routes, and none');
    is(join(' ', sort keys %{$u->{units}}), "\"}\n calls", 'limits');
}
is(count_of(qr/what the store says of usage is ignored/), 1, 'said once');


=== a key of another type is not touched, and nothing else suffers
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
$redis->flush;
$redis->cli('SET', main::key_of('acme'), 'mine');
main::send_some(3, $_) for qw(acme globex);
main::comes(3, 'globex', 'another tenant');
wait_long(sub { main::stored('acme', 'month') == 3 });
is(main::stored('acme', 'month'), 3, 'the same tenant');
is($redis->cli('GET', main::key_of('acme')), 'mine');
my $u = main::usage('/usage?tenant=acme');
is($u->{complete}, JSON::PP::false);
is($u->{day}{requests}, 3);
is(main::send_some(5, 'acme', undef, '/shared'), 5, 'limits are counted');
cmp_ok(main::metric('weir_usage_flushes_total{result="failed"}'), '>', 0, 'and told');
$redis->cli('DEL', main::key_of('acme'));
main::comes(8, 'acme', 'once it is gone');
--- error_log
the store does not take usage: WRONGTYPE


=== a user that may not: limits do not suffer
--- policy eval: $::POLICY
--- http_weir eval
our $guarded = Weir::Redis->start(
    password => 'geheim',
    acl => ['weir on >pw ~weir:* resetchannels -@all +set +get +incrby '
            . '+decrby +expire +time +select +zadd +zremrangebyscore +zcard +zrem']);
main::http_conf(url => 'redis://weir:pw@' . $guarded->host);
--- config eval: $::CONFIG
--- then
ok(wait_long(sub { main::send_some(1, 'acme', undef, '/shared') }), 'counted');
my $end = time() + 3;
my ($refused, $n) = (0, 0);
while (time() < $end) {
    $n++;
    main::send_some(1, 'acme', undef, '/shared') or $refused++;
    main::usage('/mine', Host => 'acme.example');
}
is($refused, 0, "none of $n");
is(Weir::status()->{store}{circuit}, 'closed');
is(main::usage('/mine', Host => 'acme.example')->{complete}, JSON::PP::false);
--- error_log
the store does not take usage: NOPERM


=== many nodes that are no more: sums are right, by pages
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
$redis->flush;
my @fields = map { my $n = $_; map { (sprintf('%032x:r:route%d', $n, $_), '1 2 3') } 1 .. 10 } 1 .. 300;
while (my @some = splice @fields, 0, 200) {
    $redis->cli('HSET', main::key_of('globex', $_), @some) for qw(day month);
}
my $u = main::usage('/usage?tenant=globex');
ok($u->{complete}, 'in time');
for my $period (qw(day month)) {
    is($u->{$period}{requests}, 3000, "$period: requests");
    is($u->{$period}{bytes_out}, 9000, "$period: bytes");
    is($u->{$period}{routes}{route3}{requests}, 300, "$period: a route");
}


=== a client that leaves while the store is asked
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
main::usage('/usage?tenant=acme');
$redis->stop;
for (1 .. 10) {
    my $socket = raw_connect();
    syswrite $socket, "GET /usage?tenant=acme HTTP/1.1\r\nHost: a\r\n\r\n";
    sleep 0.01;
    close $socket;
}
my $socket = raw_connect();
syswrite $socket, "GET /usage?tenant=acme HTTP/1.1\r\nHost: a\r\n\r\n" x 3;
sleep 0.1;
$redis->cont;
close $socket;
ok(wait_long(sub { main::usage('/usage?tenant=acme')->{complete} }), 'and others are answered');


=== midnight, at the end of a month
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
SKIP: {
    skip('faketime and sanitizers') if $ENV{TEST_NGINX_BINARY} =~ /asan/;
    $redis->flush;
    my $other = main::node(flush => '1h', wrap => ['faketime', '-f', '@2030-11-30 23:59:55']);
    my $began = time();
    main::send_some(10, 'acme', $other->{port});
    sleep 6.5 - (time() - $began);
    main::send_some(4, 'acme', $other->{port});
    my $u;
    wait_long(sub {
        $u = main::usage('/usage?tenant=acme', port => $other->{port});
        $u->{day}{requests} >= 4;
    });
    is("$u->{day}{period} $u->{day}{requests}", '2030-12-01 4', 'the new day');
    is("$u->{month}{period} $u->{month}{requests}", '2030-12 4', 'the new month');
    $u = main::usage('/usage?tenant=acme&period=previous', port => $other->{port});
    is("$u->{day}{period} $u->{day}{requests}", '2030-11-30 10', 'the day before');
    is("$u->{month}{period} $u->{month}{requests}", '2030-11 10', 'the month before');
    main::end_node($other, 'QUIT');
    my ($field) = grep { /:r:all$/ } split /\n/, $redis->cli('HKEYS', 'weir:usage:day:2030-11-30:acme');
    like($redis->cli('HGET', "weir:usage:$_->[0]:acme", $field), qr/^$_->[1] /, $_->[0])
        for ['day:2030-11-30', 10], ['day:2030-12-01', 4], ['month:2030-11', 10],
            ['month:2030-12', 4];
}


=== over HTTP/2
--- h2
--- policy eval: $::POLICY
--- http_weir eval: main::http_conf()
--- config eval: $::CONFIG
--- then
use Weir::H2;
$redis->flush;
main::send_some(2, 'acme');
main::comes(2, 'acme', 'before');
for my $path ('/usage', '/usage?tenant=acme') {
    my $answer = h2_request(h2_port(), ':method' => 'GET', ':scheme' => 'http',
                            ':path' => $path, ':authority' => 'a');
    is($answer->{status}, 200, $path);
    like($answer->{body}, qr/"day":\{"period":"\d{4}-\d\d-\d\d","requests":2,/, $path);
}
