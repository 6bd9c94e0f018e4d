# Limits that nodes share over Redis: exact while it answers, bounded while it
# does not.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live;
use Weir::Redis;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'starts nginx by itself');
}

workers(4);
worker_connections(512);

our $redis = Weir::Redis->start;

our $CONFIG = <<'END';
    keepalive_requests 100000;

    location / {
        weir on;
        return 200 "$weir_limit_remaining\n";
    }

    location = /status {
        weir_status;
    }
END

# One public route of each limit; its path is the limit's name.
sub policy {
    my (%limits) = @_;
    my ($limits, $routes) = ('', '');

    for my $name (sort keys %limits) {
        $limits .= "  $name: {key: ['request.headers[\"x-user\"]'], "
                 . "scope: cluster, $limits{$name}}\n";
        $routes .= "  - {id: $name, match: {path: \"/$name\"}, public: true, "
                 . "limits: [$name]}\n";
    }

    return "limits:\n${limits}routes:\n$routes";
}

sub redis_conf {
    my ($options) = @_;

    return '    weir_redis ' . $redis->url . ' ' . ($options // '') . ";\n";
}

# Another node, as that of Test::Nginx: its port.
my @nodes;

sub node {
    my ($options, $more) = @_;
    my ($image) = Weir::read_file(server_root() . '/conf/nginx.conf')
                  =~ /weir_policy (\S+)/;
    my $port = Weir::Redis::free_port();
    my $dir  = Weir::write_conf("weir_policy $image; " . redis_conf($options)
               . "server { listen 127.0.0.1:$port; $CONFIG }");
    my $pid  = fork // die "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>', '/dev/null';
        exec $ENV{TEST_NGINX_BINARY}, '-p', $dir, '-e', "$dir/logs/error.log",
             '-g', 'daemon off; worker_processes 2;'
            or POSIX::_exit(1);
    }

    push @nodes, { pid => $pid, dir => $dir };

    wait_long(sub { eval { raw_connect($port) } }) or die 'no second nginx';

    return $port;
}

sub end_nodes {
    for (splice @nodes) {
        kill 'TERM', $_->{pid};
        waitpid $_->{pid}, 0;
    }
}

END { my $status = $?; end_nodes(); $? = $status }

sub ports { (server_port(), @_) }

# A store that both nodes know the clock of.
sub beats {
    my (@ports) = @_;

    for my $port (@ports) {
        wait_long(sub {
            my $s = JSON::PP->new->decode(http('GET', '/status', port => $port)->{body});
            return $s->{store}{circuit} eq 'closed' && $s->{store}{nodes} >= @ports
                   && $s->{store}{clock_error_us} > 0;
        }) or die "no beat at $port";
    }
}

# Sends so many requests at once over connections to all ports; the statuses.
sub flood {
    my ($target, $n, @ports) = @_;
    my (@sockets, %count);

    for my $port (@ports, @ports, @ports) {
        my $socket = raw_connect($port);
        my $k = int $n / (3 * @ports);
        syswrite $socket, "GET $target HTTP/1.1\r\nHost: a\r\nx-user: u\r\n\r\n" x ($k - 1)
                 . "GET $target HTTP/1.1\r\nHost: a\r\nx-user: u\r\nConnection: close\r\n\r\n";
        push @sockets, $socket;
    }

    for my $socket (@sockets) {
        my $text = '';
        1 while sysread $socket, $text, 65536, length $text;
        $count{$1}++ while $text =~ m{^HTTP/1\.1 (\d+)}mg;
    }

    return \%count;
}

sub took(&) {
    my ($do) = @_;
    my $from = time();

    $do->();

    return time() - $from;
}

sub without_ttl {
    return grep { $redis->cli('TTL', $_) < 0 } split /\n/, $redis->cli('KEYS', 'weir:{*');
}

# The next whole window of so many seconds, when less than some are left of it.
sub early {
    my ($window, $need) = @_;
    my $left = $window - time() - int(time() / $window) * -$window;

    sleep $left + 0.05 if $left < $need;
}

run_tests();

__DATA__

=== nodes share a limit exactly, whatever they lease at once
--- policy eval
main::policy(one => 'rate: 60/h, algorithm: fixed_window, lease: 1',
             ten => 'rate: 60/h, algorithm: fixed_window, lease: 10',
             demand => 'rate: 600/h, algorithm: fixed_window',
             quota => 'quota: {month: 40}, overage: 50%, lease: 3')
--- http_weir eval: main::redis_conf('timeout=500ms')
--- config eval: $::CONFIG
--- then
main::early(3600, 30);
my @ports = main::ports(main::node('timeout=500ms'));
main::beats(@ports);
for (['one', 60, 120], ['ten', 60, 240], ['demand', 600, 1800], ['quota', 60, 150]) {
    my ($name, $limit, $asked) = @$_;
    my $seen = main::flood("/$name", $asked, @ports);
    is(join(' ', map { "$_:$seen->{$_}" } sort keys %$seen),
       "200:$limit 429:" . ($asked - $limit), $name);
}
is(join(' ', main::without_ttl()), '', 'no key stays for ever');
my @s = map { JSON::PP->new->decode(http('GET', '/status', port => $_)->{body}) } @ports;
is($_->{limits}{failed}, 0) for @s;
is($_->{store}{nodes}, 2, 'each knows of both') for @s;
my $granted = 0;
$granted += $_->{limits}{granted} for @s;
is($granted, 60 + 60 + 600 + 60, 'granted: what was had');
main::end_nodes();


=== a burst and then the rate, for both together
--- policy eval
main::policy(g => 'rate: 50/s, burst: 100')
--- http_weir eval: main::redis_conf('timeout=500ms')
--- config eval: $::CONFIG
--- then
my @ports = main::ports(main::node('timeout=500ms'));
main::beats(@ports);
my ($ok, $from) = (0, time());
while (time() < $from + 3) {
    $ok += main::flood('/g', 30, @ports)->{200} // 0;
    sleep 0.05;
}
my $t = time() - $from;
cmp_ok($ok, '<=', 50 * $t + 2 * 100, 'at most the rate and two budgets');
cmp_ok($ok, '>=', 50 * ($t - 2), 'and it is had');
is(join(' ', main::without_ttl()), '');
main::end_nodes();


=== a sliding window, shared
--- policy eval
main::policy(s => 'rate: 100/2s, algorithm: sliding_window')
--- http_weir eval: main::redis_conf('timeout=500ms')
--- config eval: $::CONFIG
--- then
my @ports = main::ports(main::node('timeout=500ms'));
main::beats(@ports);
my ($ok, $from) = (0, time());
while (time() < $from + 4) {
    $ok += main::flood('/s', 60, @ports)->{200} // 0;
    sleep 0.05;
}
my $t = time() - $from;
cmp_ok($ok, '<=', 100 * ($t / 2 + 1) + 30, 'about the limit in any window');
cmp_ok($ok, '>=', 100, 'and it is had');
is(join(' ', main::without_ttl()), '');
main::end_nodes();


=== requests that wait for the same key share round trips
--- policy eval
main::policy(d => 'rate: 10000/h, algorithm: fixed_window',
             one => 'rate: 10000/h, algorithm: fixed_window, lease: 1')
--- http_weir eval: main::redis_conf('timeout=500ms')
--- config eval: $::CONFIG
--- then
main::early(3600, 10);
main::beats(main::ports());
my $before = status()->{limits}{asks};
is(main::flood('/d', 900, main::ports())->{200}, 900);
my $asks = status()->{limits}{asks} - $before;
cmp_ok($asks, '<', 300, 'a third of the requests at most');
my @at_once = map { raw_connect() } 1 .. 100;
syswrite $_, "GET /one HTTP/1.1\r\nHost: a\r\nx-user: z\r\nConnection: close\r\n\r\n" for @at_once;
my $ok = 0;
for (@at_once) {
    my $text = '';
    1 while sysread $_, $text, 65536, length $text;
    $ok += $text =~ m{^HTTP/1\.1 200};
}
is($ok, 100);
ok((grep { $redis->cli('GET', $_) eq '100' } split /\n/, $redis->cli('KEYS', 'weir:{*')),
   'lease: 1 counts each request in the store');


=== nobody is refused for the haste of others
--- policy
limits:
  a: {key: ['"a"'], rate: 1000000/h, algorithm: fixed_window, scope: cluster, lease: 1}
  b: {key: ['"b"'], rate: 1000000/h, algorithm: fixed_window, scope: cluster, lease: 1}
  c: {key: ['"c"'], rate: 1000000/h, algorithm: fixed_window, scope: cluster, lease: 1}
routes: [{id: all, match: {path: "/all"}, public: true, limits: [a, b, c]}]
--- http_weir eval: main::redis_conf('timeout=2s')
--- config eval: $::CONFIG
--- then
main::early(3600, 20);
main::beats(main::ports());
my ($n, %seen) = (200);
my @at_once = map { raw_connect() } 1 .. 150;
syswrite $_, "GET /all HTTP/1.1\r\nHost: a\r\n\r\n" x $n for @at_once;
my %text = map { $_ => '' } @at_once;
my $select = IO::Select->new(@at_once);
my $left = $n * @at_once;
while ($left > 0 and my @ready = $select->can_read(5)) {
    for (@ready) {
        sysread $_, $text{$_}, 65536, length $text{$_} or $select->remove($_);
        $left--, $seen{$1}++ while $text{$_} =~ s{^.*?HTTP/1\.1 (\d+)}{}s;
    }
}
is(join(' ', map { "$_:$seen{$_}" } sort keys %seen), '200:30000');


=== a store that is gone: each limit does what it says
--- policy eval
main::policy(local => 'rate: 8/h, algorithm: fixed_window',
             allow => 'rate: 2/h, algorithm: fixed_window, on_store_failure: allow',
             deny => 'rate: 1000/h, algorithm: fixed_window, lease: 1, on_store_failure: deny')
--- http_weir eval: main::redis_conf('timeout=100ms')
--- config eval: $::CONFIG
--- then
main::early(3600, 20);
my @ports = main::ports(main::node('timeout=100ms'));
main::beats(@ports);
is(http('GET', '/deny', 'x-user' => 'd')->{status}, 200);
$redis->kill;
wait_long(sub { http('GET', '/deny', 'x-user' => 'd')->{status} == 503 });
my $a = http('GET', '/deny', 'x-user' => 'd');
is($a->{status}, 503);
is(header($a, 'Retry-After'), 1);
my $seen = main::flood('/local', 30, server_port());
is($seen->{200}, 4, 'local: a half, since two nodes are known');
is($seen->{429}, 26);
$seen = main::flood('/allow', 30, server_port());
is($seen->{200}, 30, 'allow: all');
cmp_ok(main::took(sub { main::flood('/deny', 300, @ports) }), '<', 2, 'nobody waits for it');
my $s = status();
isnt($s->{store}{circuit}, 'closed');
cmp_ok($s->{decisions}{denied}{store_unavailable}, '>', 1);
$redis->again;
ok(wait_long(sub { http('GET', '/deny', 'x-user' => 'd')->{status} == 200 }), 'it is back');
main::end_nodes();


=== a store that hangs: requests wait for the timeout and no longer
--- policy eval
main::policy(deny => 'rate: 1000/h, algorithm: fixed_window, lease: 1, on_store_failure: deny',
             local => 'rate: 1000/h, algorithm: fixed_window, lease: 1')
--- http_weir eval: main::redis_conf('timeout=100ms')
--- config eval: $::CONFIG
--- then
main::early(3600, 20);
main::beats(main::ports());
is(http('GET', '/local', 'x-user' => 'd')->{status}, 200);
$redis->stop;
my @slow;
my $most = 0;
my %status;
for (1 .. 60) {
    my $path = $_ % 2 ? '/local' : '/deny';
    my $t = main::took(sub { $status{$path . http('GET', $path, 'x-user' => 'd')->{status}}++ });
    $most = $t if $t > $most;
    push @slow, $t if $t > 0.05;
}
cmp_ok($most, '<', 0.3, 'the timeout, and a little');
cmp_ok(scalar @slow, '<', 40, 'once the circuit is open nobody waits');
is($status{'/local200'}, 30);
is($status{'/deny503'}, 30);
$redis->cont;
ok(wait_long(sub { http('GET', '/deny', 'x-user' => 'd')->{status} == 200 }), 'it is back');


=== a node that ends says so
--- policy eval
main::policy(d => 'rate: 10/h, algorithm: fixed_window')
--- http_weir eval: main::redis_conf('timeout=500ms')
--- config eval: $::CONFIG
--- then
for (1 .. 3) {
    main::beats(main::ports(main::node('timeout=500ms')));
    $redis->cli('DEL', 'weir:nodes');
    wait_long(sub { $redis->cli('ZCARD', 'weir:nodes') eq '2' });
    my $from = time();
    main::end_nodes();
    ok(wait_long(sub { $redis->cli('ZCARD', 'weir:nodes') eq '1' }, 3));
    cmp_ok(time() - $from, '<', 3, 'sooner than it would be forgotten');
}


=== clients that leave while they wait
--- policy eval
main::policy(d => 'rate: 1000/h, algorithm: fixed_window, lease: 1, on_store_failure: deny')
--- http_weir eval: main::redis_conf('timeout=1s')
--- config eval: $::CONFIG
--- then
main::early(3600, 20);
main::beats(main::ports());
$redis->stop;
my @wait = map { raw_connect() } 1 .. 20;
syswrite $_, "GET /d HTTP/1.1\r\nHost: a\r\nx-user: w\r\n\r\n" for @wait;
sleep 0.2;
close $_ for splice @wait, 0, 19;
sleep 0.1;
$redis->cont;
is(answer_of($wait[0])->{status}, 200, 'who stays is answered');
is(http('GET', '/d', 'x-user' => 'w')->{status}, 200);
is(scalar(workers_of(master())), 4);


=== a response that costs is told to the store
--- policy
limits:
  tokens:
    key: ['request.headers["x-user"]']
    rate: 100/h
    algorithm: fixed_window
    scope: cluster
    lease: 1
    charge: response
    cost: 'int(response.headers["x-usage-tokens"])'
routes: [{id: up, match: {path: "/**"}, public: true, limits: [tokens]}]
--- upstream
        location / { add_header X-Usage-Tokens $arg_cost; return 200 "ok\n"; }
--- http_weir eval: main::redis_conf('timeout=500ms')
--- config
    location / { weir on; proxy_pass http://orders; }
    location = /status { weir off; weir_status; }
--- then
main::early(3600, 20);
main::beats(main::ports());
is(http('GET', '/?cost=60', 'x-user' => 'a')->{status}, 200);
ok(wait_long(sub { grep { $redis->cli('GET', $_) eq '60' } split /\n/, $redis->cli('KEYS', 'weir:{*') }), 'the store knows');
is(http('GET', '/?cost=70', 'x-user' => 'a')->{status}, 200);
ok(wait_long(sub { http('GET', '/?cost=0', 'x-user' => 'a')->{status} == 429 }));
is(join(' ', main::without_ttl()), '');


=== what the store was not told of is paid for while it is away
--- policy
limits:
  tokens:
    key: ['request.headers["x-user"]']
    rate: 100/h
    algorithm: fixed_window
    scope: cluster
    lease: 1
    charge: response
    cost: 'int(response.headers["x-usage-tokens"])'
routes: [{id: up, match: {path: "/**"}, public: true, limits: [tokens]}]
--- upstream
        location / { add_header X-Usage-Tokens $arg_cost; return 200 "ok\n"; }
--- http_weir eval: main::redis_conf('timeout=100ms')
--- config
    location / { weir on; proxy_pass http://orders; }
    location = /status { weir off; weir_status; }
--- then
main::early(3600, 20);
$redis->cli('DEL', 'weir:nodes');
main::beats(main::ports());
my $socket = raw_connect();
syswrite $socket, "POST /?cost=150 HTTP/1.1\r\nHost: a\r\nx-user: b\r\n"
                  . "Content-Length: 2\r\n\r\n1";
sleep 0.3;
$redis->stop;
syswrite $socket, '2';
is(answer_of($socket)->{status}, 200);
sleep 0.3;
is(http('GET', '/?cost=1', 'x-user' => 'b')->{status}, 429);
is(http('GET', '/?cost=1', 'x-user' => 'c')->{status}, 200);
$redis->cont;


=== without a store a limit of the cluster is this node's
--- policy eval
main::policy(d => 'rate: 3/h, algorithm: fixed_window', strict => 'rate: 3/h, on_store_failure: deny')
--- config eval: $::CONFIG
--- then
main::early(3600, 5);
is(http('GET', '/d', 'x-user' => 'w')->{status}, $_) for 200, 200, 200, 429;
is(http('GET', '/strict', 'x-user' => 'w')->{status}, 503);
is(status()->{store}, undef);
ok(wait_long(sub { count_of(qr/\[warn\].* there is no "weir_redis": limit "\w+" of the cluster/) == 1 }),
   'and the operator is told');
