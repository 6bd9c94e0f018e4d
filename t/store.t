# What one Redis, or something that is none, may do to a node: whatever it
# says, requests are answered, and by what the limits say of a store that fails.

use Weir 'no_plan';
use IO::Socket::INET;
use Time::HiRes qw(sleep time);
use Weir::Live;
use Weir::Redis;

workers(2);

our $CONFIG = <<'END';
    location / {
        weir on;
        return 200 "$weir_limit_remaining\n";
    }

    location = /status {
        weir_status;
    }
END

# Every request asks the store, and is refused when it does not answer.
our $POLICY = <<'END';
limits:
  all:
    key: ['"one"']
    rate: 100000/h
    algorithm: fixed_window
    scope: cluster
    lease: 1
    on_store_failure: deny
routes:
  - {id: all, match: {path: "/**"}, public: true, limits: [all]}
END

our $redis = Weir::Redis->start(socket => 1);
our $proxy = $redis->proxy;
our $GOOD  = 'timeout=500ms';

our $mute    = Weir::Redis->start(lines => ['rename-command AUTH ""']);
our $secret  = Weir::Redis->start(tls => 1);
our $guarded = Weir::Redis->start(
    password => 'geheim',
    acl => ['weir on >pw ~weir:* resetchannels -@all +set +incrby +decrby '
            . '+expire +time +select +zadd +zremrangebyscore +zcard +zrem']);

sub weir_redis { "    weir_redis $_[0] " . ($_[1] // $GOOD) . ";\n" }

sub asked { http('GET', '/')->{status} }

# The store of a worker that has been asked.
sub store { status()->{store} }

sub comes {
    my ($what) = @_;

    ok(wait_long(sub { asked() == 200 }), $what // 'requests are counted');
}

# One after the other, so that both workers see it; none waits for long.
sub refused {
    my ($what, $error) = @_;
    my (%seen, $slowest);

    $slowest = 0;

    for (1 .. 20) {
        my $from = time();
        $seen{asked()}++;
        my $took = time() - $from;
        $slowest = $took if $took > $slowest;
    }

    is(join(' ', sort keys %seen), 503, "$what: requests are refused");
    cmp_ok($slowest, '<', 1, "$what: and soon");
    ok(wait_long(sub { store()->{error} =~ $error }),
       "$what: weir_status says why") or diag(store()->{error});
}

run_tests();

__DATA__

=== what is no reply ends the connection, and a good server is found again
--- policy eval: $::POLICY
--- http_weir eval: main::weir_redis($main::proxy->url)
--- config eval: $::CONFIG
--- then
my @before = workers_of(master());
for (['no type',    "what is this\r\n",           qr/as reply type byte/],
     ['too long',   "\$999999999\r\n" . 'x' x 200000, qr/a reply is too long/],
     ['too many',   "*999999999\r\n",             qr/too many parts/],
     ['many arrays', "*9000\r\n" x 5000,          qr/too many parts/],
     ['too deep',   "*1\r\n" x 100 . ":1\r\n",    qr/a reply is too deep/],
     ['no length',  "\$-7\r\n",                   qr/out of range/],
     ['no number',  ":12z\r\n",                   qr/Bad integer value/],
     ['a map',      "%1\r\n:1\r\n:2\r\n",         qr/of an unknown type/],
     ['a double',   ",1.5\r\n",                   qr/no integer/],
     ['a truth',    "#t\r\n",                     qr/a truth value/],
     ['too much',   "+x\r\n" x 50,                qr/nobody asked for/])
{
    my ($name, $bytes, $error) = @$_;
    $proxy->pass;
    main::comes();
    $proxy->garbage($bytes);
    main::refused($name, $error);
}
$proxy->pass;
main::comes();
is(join(' ', workers_of(master())), join(' ', @before), 'no worker died');


=== a connection that is cut, again and again
--- policy eval: $::POLICY
--- http_weir eval: main::weir_redis($main::proxy->url)
--- config eval: $::CONFIG
--- then
$proxy->pass;
main::comes();
for (1 .. 3) {
    $proxy->cut;
    main::refused('cut', qr/closed the connection|failed/);
    $proxy->pass;
    main::comes();
}
cmp_ok(main::store()->{reconnects}, '>', 0);


=== a server that is reached, and says nothing
--- policy eval: $::POLICY
--- http_weir eval: main::weir_redis($main::proxy->url, 'timeout=100ms')
--- config eval: $::CONFIG
--- then
$proxy->pass;
main::comes();
$proxy->mute;
main::refused('mute', qr/took too long|does not answer/);
ok(wait_long(sub { main::store()->{connections} == 0 }), 'the connection is given up');
$proxy->pass;
main::comes();


=== errors of the server are its own words, without what terminals obey
--- policy eval: $::POLICY
--- http_weir eval: main::weir_redis($main::redis->url)
--- config eval: $::CONFIG
--- then
main::comes();
$redis->config(maxmemory => 1);
main::refused('full', qr/^OOM command not allowed/);
$redis->config(maxmemory => 0);
main::comes();
$redis->cli('REPLICAOF', '127.0.0.1', 1);
main::refused('a replica', qr/^READONLY /);
$redis->cli('REPLICAOF', 'NO', 'ONE');
main::comes();
$redis->config(requirepass => 'x');
{
    local $redis->{password} = 'x';
    $redis->cli('CLIENT', 'KILL', 'TYPE', 'normal');
    main::refused('no password', qr/^NOAUTH /);
    $redis->config(requirepass => '');
}
main::comes();


=== an error of one key is none of the server
--- policy eval: $::POLICY
--- http_weir eval: main::weir_redis($main::redis->url)
--- config eval: $::CONFIG
--- then
main::comes();
my ($key) = grep { /^weir:\{/ } $redis->keys;
$redis->cli('DEL', $key);
$redis->cli('LPUSH', $key, 'x');
is(main::asked(), 503) for 1 .. 20;
is(main::store()->{circuit}, 'closed');
$redis->cli('DEL', $key);
main::comes();


=== a wrong password is told once a second at most
--- policy eval: $::POLICY
--- http_weir eval: main::weir_redis('redis://:no@' . $main::redis->host)
--- config eval: $::CONFIG
--- then
main::refused('password', qr/refused AUTH: (ERR|WRONGPASS)$/);
sleep 1;
my @lines = lines_of(qr/the store is not asked any more/);
cmp_ok(scalar @lines, '>', 0);
cmp_ok(scalar @lines, '<=', 2, 'each worker once');
unlike(join('', lines_of(qr/./)), qr/:no@/, 'and not the password');


=== a server without AUTH repeats what it was sent: we do not
--- policy eval: $::POLICY
--- http_weir eval: main::weir_redis('redis://gast:geheim@' . $main::mute->host)
--- config eval: $::CONFIG
--- then
main::refused('no AUTH', qr/refused AUTH: ERR$/);
unlike(http('GET', '/status')->{body}, qr/geheim/, 'nor to who sees weir_status');
unlike(log_text(), qr/geheim/, 'nor in a log');


=== a password, a user and his rights, a database
--- policy eval: $::POLICY
--- http_weir eval
main::weir_redis('redis://weir:pw@' . $main::guarded->host . '/3')
--- config eval: $::CONFIG
--- then
main::comes();
ok(wait_long(sub { main::store()->{clock_error_us} > 0 && $main::guarded->cli('-n', 3, 'ZCARD', 'weir:nodes') eq '1' }),
   'two workers are one node');
is(scalar(grep { $_ eq '-1' } map { $main::guarded->cli('-n', 3, 'TTL', $_) }
          split /\n/, $main::guarded->cli('-n', 3, '--scan')), 0, 'no key stays for ever');


=== a unix socket
--- policy eval: $::POLICY
--- http_weir eval: main::weir_redis('unix:' . $main::redis->socket)
--- config eval: $::CONFIG
--- then
chmod 0755, $redis->dir;
main::comes();


=== TLS with a private authority
--- policy eval: $::POLICY
--- http_weir eval
'    weir_trusted_certificate ' . Weir::Redis::ca() . ";\n"
. main::weir_redis($main::secret->url)
--- config eval: $::CONFIG
--- then
main::comes();


=== TLS with an authority that is not ours
--- policy eval: $::POLICY
--- http_weir eval: main::weir_redis($main::secret->url)
--- config eval: $::CONFIG
--- then
main::refused('TLS', qr/is not trusted: /);


=== TLS that the server does not speak
--- policy eval: $::POLICY
--- http_weir eval: main::weir_redis('rediss://' . $main::redis->host, 'connect_timeout=200ms')
--- config eval: $::CONFIG
--- then
main::refused('TLS', qr/TLS handshake/);
