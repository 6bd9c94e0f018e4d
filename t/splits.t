# Splits: which arm a request has, and that it stays.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live;
use Weir::Splits;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'reloads by itself');
}

workers(2);

our $STICKY = $Weir::Splits::STICKY;
our $CONFIG = $Weir::Splits::CONFIG;
our $UPSTREAM = $Weir::Splits::UPSTREAM;
our @KEYS = map { "user-$_" } 1 .. 200;
our %FIRST;

# Arms of all keys, by key.
sub arms {
    my %arm;
    @arm{@KEYS} = burst('/', @KEYS);
    return \%arm;
}

sub moved {
    my ($from, $to) = @_;
    return scalar grep { $from->{$_} ne $to->{$_} } @KEYS;
}

# The pin that an answer gives, and its attributes.
sub pin_of {
    my ($value, $rest) = (header($_[0], 'Set-Cookie') // '')
                         =~ /^arm=([0-9a-f]{32}\.[0-9a-f]{32}); (.*)$/;
    return wantarray ? ($value, $rest) : $value;
}

our $COOKIE = "cookie: {name: arm, max_age: 30d}\n";

our $TLS = <<'END';
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_7 ssl;
    ssl_certificate $TEST_NGINX_TLS/cert.pem;
    ssl_certificate_key $TEST_NGINX_TLS/key.pem;
END

run_tests();

__DATA__

=== a key has one arm: on every worker, after a swap and a reload
--- http_config eval
Weir::Live::http('check=20ms', Weir::compile_policy(main::policy_of($::STICKY)))
. $::UPSTREAM
--- config eval: $::CONFIG
--- then
%FIRST = %{arms()};
my %n;
$n{$_}++ for values %FIRST;
is($n{v1} + $n{v2}, 200, 'each is of an arm');
cmp_ok($n{v2}, '>', 60);
cmp_ok($n{v2}, '<', 140);

my (%workers, @other);
wait_long(sub {
    my $key = $KEYS[rand @KEYS];
    my $a = http('GET', '/', 'X-User' => $key);
    $workers{header($a, 'X-Worker')} = 1;
    push @other, $key if arm_of($a) ne $FIRST{$key};
    return keys %workers == 2;
});
is(scalar keys %workers, 2, 'both workers were asked');
is("@other", '', 'and agree');

place(Weir::compile_policy(policy_of($STICKY) . "policy: {name: next}\n"));
wait_long(sub { status()->{policy} eq 'next' });
is(moved(\%FIRST, arms()), 0, 'after a swap');

ok(reload(), 'reloaded');
is(moved(\%FIRST, arms()), 0, 'after a reload');


=== and after a restart
--- policy eval: main::policy_of($::STICKY)
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(moved(\%FIRST, arms()), 0);


=== a weight that grows takes keys, and moves no other
--- http_config eval
Weir::Live::http('check=20ms',
                 Weir::compile_policy(main::policy_of($::STICKY, weight => 20)))
. $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $before = arms();
place(Weir::compile_policy(policy_of($STICKY, weight => 40)
                           . "policy: {name: next}\n"));
wait_long(sub { status()->{policy} eq 'next' });
my $after = arms();
is(scalar(grep { $before->{$_} eq 'v2' && $after->{$_} ne 'v2' } @KEYS), 0,
   'who had the arm has it');
cmp_ok(moved($before, $after), '>', 10, 'others came');


=== nobody is in an arm of 0, everybody in one of 100
--- http_config eval
Weir::Live::http('check=20ms',
                 Weir::compile_policy(main::policy_of($::STICKY, weight => 0)))
. $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(scalar(grep { $_ ne 'v1' } burst('/', @KEYS)), 0);
is(scalar(grep { $_ ne 'v1' } burst('/', ('') x 100)), 0, 'nor by chance');
place(Weir::compile_policy(policy_of($STICKY, weight => 100)
                           . "policy: {name: next}\n"));
wait_long(sub { status()->{policy} eq 'next' });
is(scalar(grep { $_ ne 'v2' } burst('/', @KEYS)), 0);
is(scalar(grep { $_ ne 'v2' } burst('/', ('') x 100)), 0, 'nor by chance');


=== without a key a request is drawn, each anew
--- policy eval: main::policy_of($::STICKY)
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my %n;
$n{$_}++ for burst('/', ('') x 200);
cmp_ok($n{v1}, '>', 50);
cmp_ok($n{v2}, '>', 50);


=== overrides: the first that matches
--- policy eval
main::policy_of(<<"END", weight => 0);
$::STICKY
override:
  - {header: X-Arm, equals: two, when: 'request.method != "POST"', use: v2}
  - {header: X-Arm, equals: two, use: v1}
  - {cookie: beta, equals: "yes", use: v2}
  - {when: 'request.headers["x-none"] == "1"', use: v2}
  - {when: 'request.path == "/new"', use: v2}
END
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- ask
GET / X-User:a                 -> 200 v1
GET / X-User:a X-Arm:two       -> 200 v2
GET / X-User:a X-Arm:Two       -> 200 v1
POST / X-User:a X-Arm:two      -> 200 v1
GET / X-User:a Cookie:beta=yes -> 200 v2
GET / "Cookie:a=b; beta=yes"   -> 200 v2
GET / Cookie:beta=no           -> 200 v1
GET /new                       -> 200 v2
GET / x-none:1                 -> 200 v2


=== what is told of the arm
--- policy eval: main::policy_of("$::STICKY\noverride: [{when: 'true', use: v2}]")
--- http_config eval: $::UPSTREAM
--- config eval
$::CONFIG . <<'END';
    location /vars {
        weir on;
        return 200 "$weir_split $weir_arm $weir_upstream|$weir_cache_key\n";
    }
END
--- ask
GET /vars?q X-User:a -> 200 s v2 v2| all v2 localhost q /vars
GET /status          -> 200 ~.*"splits":\{"s":\{"state":"serving","by_hand":false,"pinned":null,"step":null,"steps":0,"since":null,"epoch":0,"weights":\{"v1":50,"v2":50\},"arms":\{"v1":\{"upstream":"v1","requests":0,"errors":0,"gone":0,"breaker":null\},"v2":\{"upstream":"v2","requests":0,"errors":0,"gone":0,"breaker":null\}\},"guard":null,"mirror":null\}\}


=== the audit log has split and arm, also of what a breaker refused
--- policy eval
main::policy_of($::STICKY, weight => 100,
                arm => 'breaker: {failures: 1, open: 60s}')
. "audit: {sample: {allow: 100%, deny: 100%}}\n"
--- audit
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
http('GET', '/bad');
http('GET', '/');
my ($allowed, $refused) = audit(2);
is("$allowed->{split} $allowed->{arm} $allowed->{status}", 's v2 500');
is("$refused->{split} $refused->{arm} $refused->{reason}",
   's v2 breaker_open');


=== a route without a split has no arm
--- policy
routes: [{id: all, match: {path: "/**"}, public: true, upstream: v1}]
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $a = http('GET', '/');
is(arm_of($a), 'v1');
is(header($a, 'X-Arm'), '/');
is_deeply(status()->{splits}, {});


=== an arm whose upstream the configuration lacks
--- policy eval: main::policy_of("$::STICKY", weight => 100, upstream => 'nowhere')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- ask
GET / -> 500
--- then
is(counts('v2'), '0 0 0', 'nobody was asked');
--- error_log
weir: split "s" of the policy names upstream "nowhere" for arm "v2", and the configuration has no such upstream block


=== a client without a key is given a pin, and keeps its arm by it
--- policy eval: main::policy_of($::COOKIE)
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my %n;
for (1 .. 20) {
    my $a = http('GET', '/');
    my ($pin, $rest) = pin_of($a);
    my $arm = arm_of($a);
    $n{$arm}++;
    is($rest, 'Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax') if $_ == 1;
    is(header($a, 'Cache-Control'), 'private') if $_ == 1;

    my @again = map { http('GET', '/', Cookie => "x=y; arm=$pin") } 1 .. 3;
    is(join(' ', map { arm_of($_) } @again), "$arm $arm $arm", "pin $_");
    is(scalar(grep { defined header($_, 'Set-Cookie')
                     || defined header($_, 'Cache-Control') } @again), 0);
}
is(scalar keys %n, 2, 'they are of both arms');


=== nobody makes a pin
--- policy eval: main::policy_of($::COOKIE)
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $pin = pin_of(http('GET', '/'));
my ($id, $code) = split /\./, $pin;
my %bad = (
    'another id'    => ('0' x 32) . ".$code",
    'another code'  => "$id." . ($code =~ tr/0-9a-f/1-9a-f0/r),
    'cut'           => substr($pin, 0, -1),
    'longer'        => "${pin}0",
    'in upper case' => uc $pin,
    'no code'       => $id,
    'empty'         => '',
    'of another salt' => do {
        my $other = '00000000000000000000000000000001';
        "$other." . '0123456789abcdef' x 2 },
);
for (sort keys %bad) {
    my $new = pin_of(http('GET', '/', Cookie => "arm=$bad{$_}"));
    ok($new && $new ne $bad{$_}, "$_: a new one") or diag("$bad{$_}");
}
is(pin_of(http('GET', '/', Cookie => "arm=$pin")), undef, 'the good one');


=== a pin of another salt is none
--- http_config eval
Weir::Live::http('check=20ms', Weir::compile_policy(main::policy_of($::COOKIE)))
. $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $pin = pin_of(http('GET', '/'));
ok($pin);
place(Weir::compile_policy(
    policy_of($COOKIE) =~ s/a-salt-of-this-test/b-salt-of-this-test/r
    . "policy: {name: next}\n"));
wait_long(sub { status()->{policy} eq 'next' });
my $new = pin_of(http('GET', '/', Cookie => "arm=$pin"));
ok($new && $new ne $pin);


=== a pin is for https where it was given there
--- policy eval: main::policy_of($::COOKIE =~ s/, max_age: 30d//r)
--- http_config eval: $::UPSTREAM
--- config eval
Weir::tls();
$::TLS . $::CONFIG
--- then
require IO::Socket::SSL;
my $socket = IO::Socket::SSL->new(PeerAddr => '127.0.0.1',
    PeerPort => rand_port(7), SSL_verify_mode => 0) or die;
print $socket "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
local $/;
my ($pin, $rest) = pin_of(parse_answer(scalar <$socket>));
is($rest, 'Path=/; HttpOnly; SameSite=Lax; Secure');


=== a key comes before a pin, and needs none
--- policy eval: main::policy_of("$::STICKY\n$::COOKIE")
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(pin_of(http('GET', '/', 'X-User' => 'a')), undef);
ok(pin_of(http('GET', '/')));


=== a cache of nginx keeps an answer without the pin
--- policy eval: main::policy_of($::COOKIE)
--- http_config eval
"proxy_cache_path cache keys_zone=c:1m;\n$::UPSTREAM"
--- config eval
$::CONFIG . <<'END';
    location /cached {
        weir on;
        proxy_cache c;
        proxy_cache_key $weir_cache_key;
        proxy_cache_valid 1h;
        add_header X-Cache $upstream_cache_status always;
        proxy_pass http://$weir_upstream;
    }
END
--- then
my (%pins, %cache);
for (1 .. 20) {
    my $a = http('GET', '/cached');
    $pins{pin_of($a)} = 1;
    $cache{arm_of($a) . ' ' . header($a, 'X-Cache')}++;
}
is(scalar keys %pins, 20, 'each client has its own');
is($cache{"$_ MISS"}, 1, $_) for 'v1', 'v2';
is($cache{'v1 HIT'} + $cache{'v2 HIT'}, 18);


=== what is refused, or not looked after, has no pin
--- policy eval
main::policy_of($::COOKIE) =~ s/public: true/public: true, deny: [{id: d, when: 'request.path == "\/no"'}]/r
--- http_config eval: $::UPSTREAM
--- config eval
$::CONFIG . <<'END';
    location /dry { weir dry_run; return 200 "dry\n"; }
END
--- then
for ('/no', '/dry') {
    is(header(http('GET', $_), 'Set-Cookie'), undef, $_);
}


=== a breaker opens, and sends to the other arm
--- policy eval
main::policy_of($::STICKY, weight => 100,
      arm => 'breaker: {failures: 3, open: 600s, fallback: v1}')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(join(' ', burst('/bad', ('k') x 3)), 'v2 v2 v2', 'it fails');
is(of_split()->{arms}{v2}{breaker}{state}, 'open');
is(join(' ', burst('/bad', ('k') x 5)), 'v1 v1 v1 v1 v1');
is(of_split()->{arms}{v2}{breaker}{refused}, 5);


=== it lets one try after a while, and closes when all is well
--- policy eval
main::policy_of($::STICKY, weight => 100,
      arm => 'breaker: {failures: 3, open: 1s, fallback: v1}')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
burst('/bad', ('k') x 3);
is(of_split()->{arms}{v2}{breaker}{opened}, 1, 'it opens');
ok(wait_long(sub { of_split()->{arms}{v2}{breaker}{state} eq 'half_open' }));
burst('/bad', 'k');
is(of_split()->{arms}{v2}{breaker}{opened}, 2, 'who tried failed');
ok(wait_long(sub { of_split()->{arms}{v2}{breaker}{state} eq 'half_open' }));
is(join(' ', burst('/', ('k') x 3)), 'v2 v2 v2', 'who tried did not');
my $breaker = of_split()->{arms}{v2}{breaker};
is("$breaker->{state} $breaker->{opened}", 'closed 2');


=== what never gets to the arm tries nothing: the next request may
--- policy eval
main::policy_of($::STICKY, weight => 100,
      arm => 'breaker: {failures: 3, open: 2s, fallback: v1}')
=~ s|\]$|, {id: moved, match: {path: "/moved/**"}, public: true, split: s,
          transform: {request: {path: '\${request.headers["x-path"]}'}}}]|r
--- http_config eval: $::UPSTREAM
--- config eval
"$::CONFIG
    location /here { weir on; return 200 \"here\n\"; }
    location /dry { weir dry_run; return 200 \"dry\n\"; }"
--- then
burst('/bad', ('k') x 3);
ok(wait_long(sub { of_split()->{arms}{v2}{breaker}{state} eq 'half_open' }));
is(http('GET', '/here', 'X-User' => 'k')->{body}, "here\n");
is(http('GET', '/dry', 'X-User' => 'k')->{body}, "dry\n");
is(http('GET', '/moved/x', 'X-User' => 'k', 'X-Path' => '/a/../b')->{status}, 400);
is(http('GET', '/moved/x', 'X-User' => 'k')->{status}, 500);
is(http('GET', '/', 'X-User' => 'k')->{body}, "v2\n");
is(of_split()->{arms}{v2}{breaker}{state}, 'closed');
is(of_split()->{arms}{v2}{gone}, 0, 'nor did any client leave');


=== without another arm a breaker refuses, and says for how long
--- policy eval
main::policy_of($::STICKY, weight => 100, arm => 'breaker: {failures: 2, open: 60s}')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
burst('/bad', 'k', 'k');
my $a = http('GET', '/');
is($a->{status}, 503);
cmp_ok(header($a, 'Retry-After'), '<=', 60);
cmp_ok(header($a, 'Retry-After'), '>', 0);
is(status()->{decisions}{denied}{breaker_open}, 1);
is(counts('v2'), '2 2 0', 'what is refused is not counted');
--- error_log
weir: policy denies with 503: breaker_open


=== a breaker by a rate wants so many requests
--- policy eval
main::policy_of($::STICKY, weight => 100,
      arm => 'breaker: {error_rate: 50%, min_requests: 10, window: 60s, '
             . 'open: 60s, fallback: v1}')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
burst('/bad', ('k') x 5);
burst('/', ('k') x 4);
is(of_split()->{arms}{v2}{breaker}{state}, 'closed');
burst('/bad', 'k');
is(of_split()->{arms}{v2}{breaker}{state}, 'open');


=== a breaker outlives a reload, and is of all workers
--- policy eval
main::policy_of($::STICKY, weight => 100,
      arm => 'breaker: {failures: 2, open: 600s, fallback: v1}')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
burst('/bad', 'k', 'k');
ok(reload());
my %n;
wait_long(sub {
    my $a = http('GET', '/');
    $n{header($a, 'X-Worker')}{arm_of($a)} = 1;
    return keys %n == 2;
});
is(join(' ', map { keys %$_ } values %n), 'v1 v1');


=== after an upgrade the arm is still known
--- policy eval
main::policy_of($::STICKY, weight => 100, upstream => 'hand')
--- http_config eval
"log_format arm '\$weir_split \$weir_arm \$weir_upstream';\n$::UPSTREAM"
--- config eval
"access_log logs/arm.log arm;\n"
. $::CONFIG =~ s/proxy_pass/proxy_http_version 1.1;
        proxy_set_header Upgrade \$http_upgrade;
        proxy_set_header Connection upgrade;
        proxy_pass/r
--- then
by_hand();
my ($client, $upstream) = by_hand(request_text('/', Upgrade => 'websocket',
                                               Connection => 'Upgrade'));
tell($upstream, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
     . "Connection: Upgrade\r\n\r\nhello");
my $text = '';
wait_long(sub { sysread $client, $text, 4096, length $text;
                $text =~ /hello/ });
is(counts('v2'), '1 0 0', 'it is counted while it is open');
is(status()->{workers}[0]{pins} + status()->{workers}[1]{pins}, 0,
   'and holds no policy');
close $client;
close $upstream;
ok(wait_for(sub { read_file(server_root() . '/logs/arm.log')
                  =~ /^s v2 hand$/m }));
