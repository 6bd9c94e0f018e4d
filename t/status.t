# weir_status: the state of the policy and of the workers as JSON.

use Weir 'no_plan';
use Weir::Live ();

workers(2);

our $POLICY = <<'END';
policy: {name: edge, serial: 7}
deny:
  - {id: nope, when: '"deny" in request.params', status: 451}
  - {id: soon, when: '"soon" in request.params', dry_run: true}
  - {id: bad, when: '"bad" in request.params && int("x") > 1'}
routes:
  - {id: open, match: {path: "/open/**"}, public: true}
  - {id: shut, match: {path: "/shut"}}
END

our $CONFIG = <<'END';
    weir on;
    location / { return 200 "ok\n"; }
    location /dry { weir dry_run; return 200 "ok\n"; }
    location = /status { weir off; weir_status; }
END

# http {} with an image that is none, and a good copy.
sub refused_at_start {
    my $dir = image_dir();

    Weir::Live::put(Weir::Live::version(1), "$dir/good.weir");

    return Weir::Live::http("check=20ms last_good=$dir/good.weir",
                            Weir::Live::write_bytes("$dir/bad", 'x' x 1000));
}

run_tests();

__DATA__

=== it says what is served
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $a = http('GET', '/status');
is($a->{status}, 200);
is(header($a, 'Content-Type'), 'application/json');
is(header($a, 'Content-Length'), length $a->{body});
my $s = JSON::PP->new->utf8->decode($a->{body});
like(delete $s->{version}, qr/^\d+\.\d+/);
like(delete $s->{digest}, qr/^[0-9a-f]{64}$/);
like(delete $s->{loaded}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
is($s->{policy}, 'edge');
is($s->{serial}, 7);
cmp_ok($s->{generation}, '>=', 1);
ok(!$s->{from_last_good});
ok(!$s->{waiting});
is($s->{last_rejection}, undef);
like($s->{started}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
is_deeply($s->{history}, []);
is("@{[map { defined $s->{$_} } qw(metrics usage store)]}", '  ', 'what is off');
is_deeply($s->{trace}, {exported => 0, dropped => 0, failed => 0, waiting => 0});
is_deeply($s->{audit}, {written => 0, lost => 0});
my %part = map { $_->{part} => $_ } @{$s->{memory}};
is(join(' ', sort keys %part), 'images keys limits proofs rest revoked splits tokens');
is(scalar(grep { $_->{bytes} < ($_->{used} // 0) } values %part), 0);
is($part{tokens}{used}, undef, 'which is not known');
cmp_ok($part{images}{used}, '>', 0);
is_deeply([grep { $_ != 0 } values %{$s->{rejected}}], [], 'nothing rejected');
is(scalar @{$s->{workers}}, 2, 'two workers');
is(scalar(grep { $_->{pid} == $s->{pid} } @{$s->{workers}}), 1, 'one answers');
for (@{$s->{workers}}) {
    is($_->{generation}, 0, 'has not yet served under a policy');
    is($_->{pins}, 0, 'weir off pins nothing');
}
http('GET', '/open/');
is(join(' ', grep { $_ } map { $_->{generation} } @{status()->{workers}}), $s->{generation}, 'one has');


=== it counts decisions by what decided
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- ask
GET /open/        -> 200
GET /open/        -> 200
GET /open/?deny   -> 451
GET /open/?soon   -> 200
GET /open/?bad    -> 403
GET /shut         -> 403
GET /none         -> 404
GET /a%3Bb        -> 400
GET /dry          -> 200
--- then
my $d = status()->{decisions};
is($d->{allowed}, 3);
is($d->{dry_run}, 1);
is($d->{rule_dry_run}, 1);
is($d->{errors}, 1);
is($d->{denied}{deny_rule}, 1);
is($d->{denied}{deny_error}, 1);
is($d->{denied}{default_deny}, 1);
is($d->{denied}{no_route}, 1);
is($d->{denied}{bad_request}, 1);


=== with metrics, and usage that goes nowhere
--- policy eval: $::POLICY
--- http_weir: weir_metrics_zone 8m max_series=2000;
--- config eval: $::CONFIG
--- then
http('GET', '/open/');
my $s = status();
is("$s->{metrics}{max} $s->{metrics}{folded}", '2000 0');
cmp_ok($s->{metrics}{series}, '>', 0);
is_deeply($s->{usage}, {folded => 0, flushes => 0, failed => 0, flushed => undef});
my %part = map { $_->{part} => $_ } @{$s->{memory}};
cmp_ok($part{metrics}{used}, '>', 0);
cmp_ok($part{metrics}{bytes} + $part{usage}{bytes}, '<', 8 << 20);


=== it takes GET and HEAD
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- ask
HEAD /status         -> 200 ""
POST /status body=ab -> 405
PUT /status          -> 405
DELETE /status       -> 405
--- then
is(header(http('PUT', '/status'), 'Allow'), 'GET, HEAD');


=== what a dry run lets on is not told to whom it would have refused
--- policy eval: $::POLICY
--- config
    weir dry_run;
    location = /open/status { weir_status; }
    location = /shut { weir_status; }
--- ask
GET /open/status      -> 200
GET /open/status?deny -> 403
GET /shut             -> 403
POST /shut body=ab    -> 405


=== under the policy it is decided like any other location
--- policy eval: $::POLICY
--- config
    weir on;
    location = /open/status { weir_status; }
    location = /status { weir_status; }
--- ask
GET /open/status?deny -> 451
GET /open/status      -> 200 ~\{
GET /status           -> 404
--- then
my $pins = 0;
$pins += $_->{pins} for @{status('/open/status')->{workers}};
is($pins, 1, 'it pins the policy itself');


=== nginx guards it with allow and deny
--- policy eval: $::POLICY
--- config
    weir on;
    location = /status { weir off; deny all; weir_status; }
--- ask
GET /status -> 403


=== counters of many workers are summed
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
http('GET', '/open/') for 1 .. 40;
my $s = status();
is($s->{decisions}{allowed}, 40);
is(scalar(keys %{{ map { $_->{pid} => 1 } @{$s->{workers}} }}), 2, 'each once');


=== the last swaps and rejections, newest first, also after a reload
--- http_config eval: Weir::Live::http('check=20ms', Weir::Live::version(1, serial => 1))
--- config eval: $Weir::Live::CONFIG
--- then
my $first = status();
is_deeply($first->{history}, [], 'the first took no other\'s place');
for my $n (2 .. 9) {
    Weir::Live::place(Weir::Live::version($n, serial => $n));
    Weir::Live::served(Weir::Live::version($n, serial => $n));
    Weir::Live::place(Weir::Live::version(1, serial => 1));
    Weir::Live::rejected('older_serial', $n - 1);
}
Weir::Live::place(Weir::Live::version(10, serial => 10));
my $s = Weir::Live::served(Weir::Live::version(10, serial => 10));
my @h = @{$s->{history}};
is(scalar @h, 16);
is(join(' ', map { "$_->{event}/$_->{serial}" } @h),
   'swapped/10 ' . join(' ', map { "rejected/$_ swapped/$_" } reverse 3 .. 9) . ' rejected/2');
is("$h[0]{digest} $h[0]{generation}", "$s->{digest} $s->{generation}");
is("@{[map { defined } @{$h[0]}{qw(reason text)}]}", ' ');
is($h[1]{reason}, 'older_serial');
is($h[1]{text}, 'its serial is 1, that of the running policy 9');
is("$h[1]{digest} $h[1]{generation}", "$h[2]{digest} $h[2]{generation}", 'what served on');
like($_->{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) for @h[0, 15];

ok(Weir::Live::reload());
is_deeply(status()->{history}, \@h, 'after a reload');


=== an image that was refused at the start
--- http_config eval: main::refused_at_start()
--- config eval: $Weir::Live::CONFIG
--- then
my $s = status();
ok($s->{from_last_good});
is(join(' ', map { "$_->{event}/$_->{reason}/$_->{generation}" } @{$s->{history}}), 'rejected/bad_magic/1');
is($s->{history}[0]{serial}, undef);
is($s->{history}[0]{digest}, $s->{digest});
--- no_error_log
[alert]
