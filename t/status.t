# weir_status: the state of the policy and of the workers as JSON.

use Weir 'no_plan';

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


=== it takes GET and HEAD
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- ask
HEAD /status         -> 200 ""
POST /status body=ab -> 405
PUT /status          -> 405
DELETE /status       -> 405


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
