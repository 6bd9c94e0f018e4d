# Requests and the keys of their tokens: who waits, how long, and what a flood
# of unknown keys can do.

use Weir 'no_plan';
use IO::Select ();
use Time::HiRes qw(sleep time);
use Weir::Issuer;
use Weir::Live;
use Weir::Token;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'keys outlive a reload');
}

workers(2);

our $ISSUER = Weir::Issuer->start;
our $OLD    = read_file(jwks('ES256'));
our $BOTH   = read_file(jwks('ES256', 'ES256-b'));
our $NEW    = read_file(jwks('ES256-b'));

our $CONFIG = <<'END';
    location / {
        weir on;
        default_type text/plain;
        return 200 "$weir_subject\n";
    }

    location = /status { weir off; weir_status; }
END

sub policy_of {
    my ($jwks) = @_;

    return "issuers: {main: {iss: https://id.example, jwks: {$jwks}}}\n" . <<'END';
routes:
  - id: all
    match: {path: "/**"}
    auth: {any: [jwt: main]}
    allow: [{id: known, when: 'principal.kind == "jwt"'}]
END
}

sub url_of { "url: \"" . $::ISSUER->url($_[0]) . "\"" }

sub main_of { status()->{issuers}{main} }

sub good {
    my ($key, %header) = @_;

    return jws($key, { %header }, { iss => 'https://id.example', sub => 'ann',
                                    exp => int(time()) + 600 });
}

# Status and seconds.
sub ask_with {
    my ($token) = @_;
    my $from   = time();
    my $answer = http('GET', '/', bearer($token));

    return ($answer->{status}, time() - $from);
}

# Waits until each worker has these keys.
sub all_have {
    my ($kids) = @_;
    my %said;

    return wait_long(sub {
        my $status = status();
        $said{$status->{pid}} = "@{$status->{issuers}{main}{keys}}";
        return 2 == grep { $_ eq $kids } values %said;
    });
}

# A connection to each of the two.
sub one_of_each_worker {
    my %sockets;

    wait_long(sub {
        my $socket = raw_connect();
        syswrite $socket, "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n";
        my ($pid) = answer_of($socket)->{body} =~ /"pid": *(\d+)/ or return;
        $sockets{$pid} = $socket;
        return 2 == keys %sockets;
    });

    return values %sockets;
}

run_tests();

__DATA__

=== the first request waits for the first keys
--- policy eval
$::ISSUER->set('/a', body => $::OLD, delay => 0.5);
::policy_of(::url_of('/a'))
--- config eval: $::CONFIG
--- then
my ($status, $seconds) = ask_with(good('ES256'));
is($status, 200);
is($::ISSUER->asked('/a'), 1, 'one fetch');


=== but not for ever: without keys it is refused when its time is over
--- policy eval
$::ISSUER->set('/b', delay => 50);
::policy_of(::url_of('/b') . ', wait: 500ms')
--- config eval: $::CONFIG
--- then
my ($status, $seconds) = ask_with(good('ES256'));
is($status, 503);
cmp_ok($seconds, '>', 0.4);
cmp_ok($seconds, '<', 2);
my %n = %{status()->{decisions}{denied}};
is($n{keys_unavailable}, 1);


=== a key that is new is fetched for the request that has it
--- policy eval
$::ISSUER->set('/c', body => $::OLD);
::policy_of(::url_of('/c'))
--- config eval: $::CONFIG
--- then
ok(all_have('ES256'));
is((ask_with(good('ES256')))[0], 200);
$::ISSUER->set('/c', body => $::BOTH, delay => 0.3);
is((ask_with(good('ES256-b')))[0], 200, 'the new key');
is((ask_with(good('ES256')))[0], 200, 'the old one');
is($::ISSUER->asked('/c'), 2);


=== a flood of unknown keys is one fetch, and holds up nobody
--- policy eval
$::ISSUER->set('/d', body => $::OLD);
::policy_of(::url_of('/d') . ', refresh: 1m')
--- config eval: $::CONFIG
--- then
ok(all_have('ES256'));
my ($good, @forged) = (good('ES256'), map { good('ES256', kid => "forged$_") } 1 .. 20);
my $from = time();
is(join(' ', map { (ask_with($_))[0] } @forged), join ' ', (401) x 20);
cmp_ok(time() - $from, '<', 5, 'none waits');
is($::ISSUER->asked('/d'), 2, 'one fetch');
is((ask_with($good))[0], 200);
is(status()->{decisions}{waits}, 1);


=== nor does it become more where the requests of every worker wait for it
--- policy eval
$::ISSUER->set('/flood', body => $::OLD);
::policy_of(::url_of('/flood') . ', refresh: 1m')
--- config eval: $::CONFIG
--- then
ok(all_have('ES256'));
$::ISSUER->set('/flood', body => $::OLD, delay => 0.3);
my $forged = good('ES256', kid => 'forged');
my @sockets = one_of_each_worker();
for (1 .. 8) {
    syswrite $_, "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer $forged\r\n\r\n" for @sockets;
    is(answer_of($_)->{status}, 401) for @sockets;
}
is($::ISSUER->asked('/flood'), 2, 'one fetch');


=== a slow issuer: the verdict comes when the wait is over
--- policy eval
$::ISSUER->set('/e', body => $::OLD);
::policy_of(::url_of('/e') . ', wait: 300ms')
--- config eval: $::CONFIG
--- then
ok(all_have('ES256'));
$::ISSUER->set('/e', body => $::OLD, delay => 5);
my ($status, $seconds) = ask_with(good('ES256', kid => 'forged'));
is($status, 401);
cmp_ok($seconds, '>', 0.2);
cmp_ok($seconds, '<', 2);
($status, $seconds) = ask_with(good('ES256'));
is($status, 200, 'others do not wait');
cmp_ok($seconds, '<', 0.2);


=== many wait for one fetch, in every worker, and one leaves
--- policy eval
$::ISSUER->set('/f', body => $::OLD);
::policy_of(::url_of('/f') . ', wait: 5s')
--- config eval: $::CONFIG
--- then
ok(all_have('ES256'));
$::ISSUER->set('/f', body => $::BOTH, delay => 1);
my $token = good('ES256-b');
my @sockets = map {
    my $socket = raw_connect();
    syswrite $socket, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer $token\r\n\r\n";
    $socket;
} 1 .. 10;
close shift @sockets;
my @codes = map { my $text = do { local $/; <$_> }; $text =~ m{^HTTP/1.1 (\d+)} } @sockets;
is("@codes", join ' ', (200) x 9);
is($::ISSUER->asked('/f'), 2, 'one fetch');


=== a key that is taken away is gone in all workers
--- policy eval
$::ISSUER->set('/g', body => $::OLD);
::policy_of(::url_of('/g') . ', ttl: 1s')
--- config eval: $::CONFIG
--- then
ok(all_have('ES256'));
my $token = good('ES256');
is((ask_with($token))[0], 200) for 1 .. 4;
$::ISSUER->set('/g', body => $::NEW);
wait_long(sub { "@{main_of()->{keys}}" eq 'ES256-b' });
is(join(' ', map { (ask_with($token))[0] } 1 .. 12), join ' ', (401) x 12);


=== a policy with keys in another file: no request comes too early
--- http_config eval: Weir::Live::http('check=20ms', Weir::compile_policy(::policy_of('file: "' . ::jwks('ES256') . '"')))
--- config eval: $::CONFIG
--- then
is((ask_with(good('ES256')))[0], 200);
my ($old, $new) = (good('ES256'), good('ES256-b'));
place(Weir::compile_policy(policy_of('file: "' . jwks('ES256-b') . '"')));
my %seen;
my $until = time() + 5;
while (time() < $until) {
    my $code = (ask_with($new))[0];
    $seen{$code}++;
    last if $code == 200;
}
is(join(' ', sort keys %seen), '200 401', 'refused by the old, let in by the new');


=== a reload while requests wait: they have their answer
--- policy eval
$::ISSUER->set('/h', body => $::OLD);
::policy_of(::url_of('/h') . ', wait: 10s')
--- config eval: $::CONFIG
--- then
ok(all_have('ES256'));
$::ISSUER->set('/h', body => $::BOTH, delay => 1);
my $socket = raw_connect();
syswrite $socket, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer " . good('ES256-b') . "\r\n\r\n";
wait_long(sub { $::ISSUER->asked('/h') == 2 });
reload('keep');
my $text = do { local $/; <$socket> };
like($text, qr{^HTTP/1\.1 200}, 'fetched again by the worker that quits, or by a new one');
