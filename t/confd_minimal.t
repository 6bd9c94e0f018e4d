# conf.d/minimal.*: one service, one limit, and a port for operators.

use Weir 'no_plan';
use Weir::Confd;

our $HTTP = confd('minimal');

compile();
run_tests();

__DATA__

=== the policy is sound
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
sound();


=== it answers, and refuses what it does not name
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $a = at(8080, 'GET', '/');
is("$a->{status} $a->{body}", "200 app: GET /\n", 'the first page');
like(header($a, 'RateLimit'), qr/^"per-address";r=\d+;t=1$/, 'with what is left');
is(header($a, 'Server'), 'nginx', 'and no version of nginx');
is(at(8080, 'HEAD', '/')->{status}, 200);
is(at(8080, 'POST', '/api/orders', body => '{}', Accept => '*/*')->{body}, "app: POST /api/orders\n", 'the interface, from here');

is(at(8080, 'GET', '/admin')->{status}, 404, 'a path that nobody named');
is(at(8080, 'DELETE', '/')->{status}, 404, 'a method that nobody named');
is(at(8080, 'GET', '/api/..%2Fadmin')->{status}, 400, 'an ambiguous path');


=== the twenty-first at once is one too many
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my @statuses = map { at(8080, 'GET', '/')->{status} } 1 .. 40;
is("@statuses[0 .. 19]", join(' ', (200) x 20), 'twenty pass');
my ($refused) = grep { $_ == 429 } @statuses;
is($refused, 429, 'not all of forty');
my $a;
wait_for(sub { $a = at(8080, 'GET', '/'); return $a->{status} == 429 });
is(header($a, 'Retry-After'), 1, 'and is told when to come again');
ok(wait_for(sub { at(8080, 'GET', '/')->{status} == 200 }), 'it may');


=== operators see it live, and what it did
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
is(at(8081, 'GET', '/healthz')->{body}, "ok\n", 'it lives');
is(at(8081, 'GET', '/readyz')->{body}, "ready\n", 'and has a policy');

at(8080, 'GET', '/');
at(8080, 'GET', '/admin');
like(at(8081, 'GET', '/metrics')->{body}, qr/^weir_decisions_total\{route="home",verdict="allow",reason="public"\} [1-9]/m, 'metrics');
is(JSON::PP::decode_json(at(8081, 'GET', '/status')->{body})->{policy}, 'minimal', 'status');
like(at(8081, 'GET', '/dashboard')->{body}, qr/^<!doctype html>/i, 'the dashboard');
is(at(8080, 'GET', "/$_")->{status}, 404, "$_ is not on everybody's port") for qw(metrics status dashboard healthz readyz);


=== without a policy it does not start
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my ($code, $said) = nginx_t($::HTTP =~ s/\bminimal\.weir check/none.weir check/r
                                   =~ s/\$TEST_NGINX_RAND_PORT_(\d)/2000$1/gr);
is($code, 1);
like($said, qr/none\.weir" refused: unreadable/, 'and says why');
