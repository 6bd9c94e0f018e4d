# Tokens that the store says are revoked: by all workers, within the time that
# the policy gives, and while the store is away.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live;
use Weir::Redis;
use Weir::Token;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'what is revoked outlives a reload');
}

workers(2);

our $redis = Weir::Redis->start(acl => ["app on >secret $Weir::Redis::RULES"]);

# Issuers with a route each; what stands under "revoked" of each.
sub policy {
    my (%issuers) = @_;
    my ($issuers, $routes) = ('', '');

    for my $name (sort keys %issuers) {
        $issuers .= "  $name: {iss: \"https://$name.example\", alg: [HS256], "
                    . "secret: {file: @{[jwks('HS256', 'HS256-old')]}}, "
                    . "revoked: {$issuers{$name}}}\n";
        $routes .= "  - {id: $name, match: {path: /$name}, auth: {any: [jwt: $name]}, "
                   . "require: {when: 'true'}}\n";
    }

    return "issuers:\n${issuers}routes:\n$routes";
}

sub redis_conf {
    my ($options) = @_;

    return '    weir_redis ' . $redis->url . ' ' . ($options // '') . ";\n";
}

our $CONFIG = <<'END';
    location / {
        weir on;
        return 200 "$weir_subject\n";
    }

    location = /status {
        weir off;
        weir_status;
    }
END

sub token_for {
    my ($issuer, %more) = @_;
    my $key = delete $more{key} // 'HS256';

    return jws($key, {}, { iss => "https://$issuer.example", sub => 'ann',
                           exp => time() + 600, %more });
}

# Statuses that several connections, and so workers, give it.
sub statuses {
    my ($issuer, $token) = @_;
    my %seen;

    $seen{http('GET', "/$issuer", bearer($token))->{status}} = 1 for 1 .. 12;

    return join ' ', sort keys %seen;
}

# How long it takes until all say so; fails after a while.
sub becomes {
    my ($status, $issuer, $token, $title) = @_;
    my $from = time();

    ok(wait_long(sub { statuses($issuer, $token) eq $status }), $title);

    return time() - $from;
}

sub revoked { return status()->{revoked} }

# A set that was read after this was called.
sub read_anew {
    my $before = revoked()->{read};

    wait_long(sub { revoked()->{read} >= $before + 2 }) or die 'nobody reads';
}

sub fill {
    my ($prefix, $n) = @_;

    $redis->cli('EVAL', "for i = 1, $n do redis.call('SADD', KEYS[1], ARGV[1] .. i) end",
                1, 'weir:revoked', $prefix);
}

add_block_preprocessor(sub {
    my ($block) = @_;

    $redis->again if !$redis->up;
    $redis->flush;
    $redis->kill if defined $block->store_is_down;
});

run_tests();

__DATA__

=== by jti, sub and kid, for all workers, and back again
--- policy eval
main::policy(main => 'sub: [mallory], store: {refresh: 1s}', other => 'store: {}',
             alone => '')
--- http_weir eval: main::redis_conf()
--- config eval: $::CONFIG
--- then
my $a = main::token_for('main', jti => 'a 1');
is(main::statuses('main', $a), '200');
my %by = (jti => ['a 1', $a], sub => ['joe', main::token_for('main', sub => 'joe')],
          kid => ['HS256-old', main::token_for('main', key => 'HS256-old')]);
for my $kind (sort keys %by) {
    my ($value, $token) = @{$by{$kind}};
    is(main::statuses('main', $token), '200', "$kind: known, good");
    $redis->cli('SADD', 'weir:revoked', "main $kind $value");
    cmp_ok(main::becomes('401', 'main', $token, "$kind: revoked"), '<', 3, 'soon');
    like(header(http('GET', '/main', bearer($token)), 'WWW-Authenticate'),
         qr/invalid_token.*the token is revoked/);
    is(main::statuses('other', main::token_for('other', jti => 'a 1', sub => 'joe')),
       '200', 'another issuer');
}
is(main::statuses('alone', main::token_for('alone', sub => 'joe')), '200');
is(main::statuses('main', main::token_for('main', jti => 'b')), '200', 'other tokens');
is(main::statuses('main', main::token_for('main', sub => 'mallory')), '401',
   'the list of the policy');
is(main::revoked()->{members}, 3);
$redis->cli('SREM', 'weir:revoked', 'main jti a 1');
main::becomes('200', 'main', $a, 'taken back');
is(main::statuses('main', $by{sub}[1]), '401', 'the others stay');
$redis->cli('SADD', 'weir:revoked', 'other sub ann');
main::becomes('401', 'other', main::token_for('other'), 'of another issuer');
my $s = main::revoked();
is($s->{error}, '');
is($s->{failed}, 0);
cmp_ok($s->{seconds_ago}, '<', 3);
is($s->{asked}, JSON::PP::true);
--- no_error_log
[error]
[alert]


=== members of other forms are passed over
--- policy eval: main::policy(main => 'store: {refresh: 1s}')
--- http_weir eval: main::redis_conf()
--- config eval: $::CONFIG
--- then
$redis->cli('SADD', 'weir:revoked', '', ' ', 'main', 'main jti', 'main jti ', 'main exp ann',
            'mainsubann', ' sub ann', "main\nsub\nann", "\x01\xff", 'x' x 5000, 'main sub joe');
main::becomes('401', 'main', main::token_for('main', sub => 'joe'), 'the good one counts');
is(main::statuses('main', main::token_for('main')), '200');
my $s = main::revoked();
is($s->{members}, 1);
is($s->{passed_over}, 11);
is($s->{failed}, 0);


=== members so long that only a few make a reply
--- policy eval: main::policy(main => 'store: {refresh: 1s}')
--- http_weir eval: main::redis_conf()
--- config eval: $::CONFIG
--- then
main::fill('x' x 3000, 300);
$redis->cli('SADD', 'weir:revoked', 'main sub joe');
main::becomes('401', 'main', main::token_for('main', sub => 'joe'), 'found in smaller pages');
is(main::revoked()->{passed_over}, 300);


=== what is known outlives a reload and an outage, until it is stale
--- policy eval
main::policy(deny => 'store: {refresh: 1s, stale_max: 6s}',
             late => 'store: {refresh: 1s}',
             allow => 'store: {refresh: 1s, stale_max: 6s, on_stale: allow}')
--- http_weir eval: main::redis_conf()
--- config eval: $::CONFIG
--- then
$redis->cli('SADD', 'weir:revoked', map { "$_ sub joe" } qw(deny late allow));
my @all = qw(deny late allow);
main::becomes('401', $_, main::token_for($_, sub => 'joe'), "$_: revoked") for @all;
$redis->kill;
my $from = time();
reload();
is(main::statuses($_, main::token_for($_, sub => 'joe')), '401', "$_: after a reload")
    for @all;
is(main::statuses($_, main::token_for($_)), '200', "$_: others are served") for @all;
wait_long(sub { main::statuses('deny', main::token_for('deny')) eq '503' });
cmp_ok(time() - $from, '>', 3, 'not before its time');
my $answer = http('GET', '/deny', bearer(main::token_for('deny')));
is($answer->{status}, 503, 'deny');
is(header($answer, 'WWW-Authenticate'), undef);
is(main::statuses('deny', main::token_for('deny', sub => 'joe')), '401',
   'still known to be revoked');
is(main::statuses($_, main::token_for($_)), '200', "$_: goes on") for qw(late allow);
is(main::statuses($_, main::token_for($_, sub => 'joe')), '401', "$_: with what it knows")
    for qw(late allow);
my $s = status();
cmp_ok($s->{revoked}{failed}, '>', 1);
cmp_ok($s->{revoked}{seconds_ago}, '>=', 6);
isnt($s->{revoked}{error}, '');
cmp_ok($s->{decisions}{denied}{revocations_unavailable}, '>', 1);
ok(wait_long(sub { log_text() =~ /\[error\].*what is revoked could not be read from the store for \d+ seconds: \w+/ }),
   'the operator is told');
$redis->again;
main::becomes('200', 'deny', main::token_for('deny'), 'read again');
ok(wait_long(sub { log_text() =~ /\[notice\].*what is revoked is read from the store again/ }));


=== a store that was never there
--- store_is_down
--- policy eval
main::policy(deny => 'store: {refresh: 1s, stale_max: 3s}',
             allow => 'store: {refresh: 1s, stale_max: 3s, on_stale: allow}')
--- http_weir eval: main::redis_conf()
--- config eval: $::CONFIG
--- then
main::becomes('503', 'deny', main::token_for('deny'), 'refused after its time');
is(main::statuses('allow', main::token_for('allow')), '200');
is(main::revoked()->{seconds_ago}, undef);
is(main::revoked()->{read}, 0);
$redis->again;
main::becomes('200', 'deny', main::token_for('deny'), 'when it comes');


=== no store at all
--- policy eval
main::policy(deny => 'store: {}', allow => 'store: {on_stale: allow}', alone => '')
--- config eval: $::CONFIG
--- then
is(main::statuses('deny', main::token_for('deny')), '503', 'nothing is known');
is(main::statuses('allow', main::token_for('allow')), '200');
is(main::statuses('alone', main::token_for('alone')), '200');
ok(wait_long(sub { log_text() =~ /\[warn\].*there is no "weir_redis": what is revoked of issuer "\w+" is not known/ }));


=== a hundred thousand members, and nobody is in their way
--- policy eval: main::policy(main => 'store: {refresh: 1s}')
--- http_weir eval: main::redis_conf('timeout=500ms')
--- config eval: $::CONFIG
--- then
main::fill('main jti t', 100000);
my $from = time();
ok(wait_long(sub { main::revoked()->{members} == 100000 }), 'all are read');
diag(sprintf 'read in %.1f s', time() - $from);
is(main::statuses('main', main::token_for('main', jti => "t$_")), '401', "t$_")
    for 1, 500, 77777, 100000;
is(main::statuses('main', main::token_for('main', jti => "t$_")), '200', "t$_")
    for 0, 100001;
my $before = main::revoked()->{read};
my $token = main::token_for('main', jti => 'mine');
my ($most, $n, $bad) = (0, 0, 0);
while (main::revoked()->{read} < $before + 2 && time() < $from + 30) {
    my $began = time();
    $bad++ if http('GET', '/main', bearer($token))->{status} != 200;
    $most = time() - $began if time() - $began > $most;
    $n++;
}
is($bad, 0);
cmp_ok($most, '<', 0.25, 'no request waits for the reading');
diag(sprintf '%d requests meanwhile, the slowest took %.1f ms', $n, 1000 * $most);
is(main::revoked()->{failed}, 0);
my %members;
for (1 .. 40) {
    $redis->cli('CLIENT', 'KILL', 'TYPE', 'normal');
    $members{main::revoked()->{members}}++;
    sleep 0.05;
}
is(join(' ', keys %members), 100000, 'never a part of it, although connections are lost');
cmp_ok(main::revoked()->{failed}, '>', 0);
$redis->cli('SREM', 'weir:revoked', 'main jti t500');
main::becomes('200', 'main', main::token_for('main', jti => 't500'), 'and read on');
is(main::revoked()->{members}, 99999);


=== more than there is room for: the last good set stays
--- policy eval: main::policy(main => 'store: {refresh: 1s}')
--- http_weir eval: 'weir_zone 1m; ' . main::redis_conf()
--- config eval: $::CONFIG
--- then
$redis->cli('SADD', 'weir:revoked', 'main sub joe');
main::becomes('401', 'main', main::token_for('main', sub => 'joe'), 'revoked');
my $room = main::revoked()->{room};
main::fill('main jti t', $room);
ok(wait_long(sub { main::revoked()->{error} eq 'zone_full' }), 'it is said');
ok(wait_long(sub { log_text() =~ /more is revoked in the store than zone "weir" has room for, $room;/ }));
is(main::statuses('main', main::token_for('main', sub => 'joe')), '401', 'the last good one');
is(main::statuses('main', main::token_for('main', jti => 't1')), '200');
is(main::revoked()->{members}, 1);
$redis->cli('SREM', 'weir:revoked', 'main jti t2');
main::becomes('401', 'main', main::token_for('main', jti => 't1'), 'room again');
is(main::revoked()->{members}, $room);
is(() = log_text() =~ /more is revoked/g, 1, 'said once');


=== a user of an ACL, and a key that is no set
--- policy eval: main::policy(main => 'store: {refresh: 1s}')
--- http_weir eval: (main::redis_conf() =~ s{redis://}{redis://app:secret\@}r)
--- config eval: $::CONFIG
--- then
$redis->cli('SADD', 'weir:revoked', 'main sub joe');
main::becomes('401', 'main', main::token_for('main', sub => 'joe'), 'revoked');
$redis->cli('DEL', 'weir:revoked');
$redis->cli('SET', 'weir:revoked', 'main sub ann');
ok(wait_long(sub { main::revoked()->{error} eq 'error_reply' }), 'no set');
is(main::statuses('main', main::token_for('main', sub => 'joe')), '401', 'the last good one');
is(main::statuses('main', main::token_for('main')), '200');
is(status()->{store}{circuit}, 'closed', 'which is no failure of the store');
$redis->cli('DEL', 'weir:revoked');
main::becomes('200', 'main', main::token_for('main', sub => 'joe'), 'an empty set');


=== nobody reads what no policy asks for
--- policy eval: main::policy(main => 'jti: [x]')
--- http_weir eval: main::redis_conf()
--- config eval: $::CONFIG
--- then
$redis->cli('CONFIG', 'RESETSTAT');
$redis->cli('SADD', 'weir:revoked', 'main sub ann');
sleep 3;
is(main::statuses('main', main::token_for('main')), '200');
unlike($redis->cli('INFO', 'commandstats'), qr/cmdstat_sscan/);
is(main::revoked()->{asked}, JSON::PP::false);
is(main::revoked()->{read}, 0);


=== a policy that begins to ask, long after the start
--- http_config eval: main::redis_conf() . Weir::Live::http('check=20ms')
--- config eval: $::CONFIG
--- then
$redis->cli('SADD', 'weir:revoked', 'main sub joe');
my @bad;
place(Weir::compile_policy(main::policy(main => '')));
ok(wait_long(sub { main::statuses('main', main::token_for('main', sub => 'joe')) eq '200' }));
sleep 4;
place(Weir::compile_policy(main::policy(main => 'store: {refresh: 1s, stale_max: 2s}')));
ok(wait_long(sub {
    my $status = main::statuses('main', main::token_for('main', sub => 'joe'));
    push @bad, $status if $status =~ /5/;
    return $status eq '401';
}), 'revoked');
is("@bad", '', 'and it was not stale from the beginning');


=== a cluster
--- policy eval: main::policy(main => 'store: {refresh: 1s}')
--- http_weir eval
$::cluster = Weir::Redis->cluster;
'    weir_redis ' . $::cluster->url . ";\n"
--- config eval: $::CONFIG
--- then
my $cluster = $::cluster;
my $slot = $cluster->slot('weir:revoked');
my $owner = ($cluster->owner($slot))[0];
$owner->cli('SADD', 'weir:revoked', 'main sub joe', map { "main jti t$_" } 1 .. 1000);
main::becomes('401', 'main', main::token_for('main', sub => 'joe'), 'revoked');
is(main::statuses('main', main::token_for('main')), '200');
$cluster->migrate($slot);
my $to = ($cluster->owner($slot))[0];
isnt($to->port, $owner->port, 'it has moved');
is($to->cli('SADD', 'weir:revoked', 'main sub ann'), 1);
main::becomes('401', 'main', main::token_for('main'), 'revoked where it lives now');
is(main::revoked()->{members}, 1002);
is(main::statuses('main', main::token_for('main', jti => "t$_", sub => 'x')), '401') for 1, 1000;


=== workers that are killed leave it to others
--- policy eval: main::policy(main => 'store: {refresh: 1s}')
--- http_weir eval: main::redis_conf()
--- config eval: $::CONFIG
--- then
main::fill('main jti t', 20000);
ok(wait_long(sub { main::revoked()->{members} == 20000 }));
for my $round (1 .. 3) {
    my @old = workers_of(master());
    $redis->cli('SADD', 'weir:revoked', "main sub joe$round");
    sleep 0.3 * $round;
    kill 'KILL', @old;
    ok(wait_long(sub { !grep { kill 0, $_ } @old }));
    is(main::statuses('main', main::token_for('main', jti => 't7')), '401', 'nothing is lost');
    main::becomes('401', 'main', main::token_for('main', sub => "joe$round"), 'read by others');
}
--- no_error_log
[crit]
--- no_shutdown_error_log
[crit]
