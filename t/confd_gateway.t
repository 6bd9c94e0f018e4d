# conf.d/gateway.*: the gateway that people copy.

use Weir 'no_plan';
use Weir::Confd;
use Weir::Token;

use JSON::PP ();

our $DIR = image_dir();
our $HTTP = confd('gateway', 'state/splits' => "$DIR/state/splits")
            . on_ports(read_file('conf.d/demo-upstreams.conf'));

# beside nginx.conf, which Test::Nginx makes anew
edit('file: jwks.json', 'file: ' . jwks('ES256'));
compile();

sub gateway { return at(8080, @_) }
sub operators { return at(8081, @_) }

sub caller_is {
    my ($sub, $tenant, $role) = @_;

    return bearer(token('ES256', iss => 'https://id.example/', sub => $sub,
                        aud => 'shop-api', tenant_id => $tenant,
                        roles => [$role]));
}

our %VERA = caller_is('vera', 'acme', 'viewer');
our %ADAM = caller_is('adam', 'acme', 'admin');
our %ALAN = caller_is('alan', 'globex', 'admin');

run_tests();

__DATA__

=== the policy is sound
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
sound();


=== allows, refusals, a public route and a live edit
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $a = gateway('GET', '/v1/orders/7', Host => 'acme.shop.example', 'X-Tenant' => 'evil', 'X-User' => 'root', %::VERA);
is($a->{status}, 200, 'a viewer reads an order');
is($a->{body}, 'orders: GET /v1/orders/7 for vera@acme' . "\n", 'as herself');

$a = gateway('GET', '/v1/orders/7', Host => 'acme.shop.example');
is($a->{status}, 401, 'nobody does');
like(header($a, 'WWW-Authenticate'), qr/^Bearer /, 'and is told how');
is(gateway('GET', '/v1/orders/7', Host => 'acme.shop.example', %::ALAN)->{status}, 403, 'nor does an admin elsewhere');

my %acme = (Host => 'acme.shop.example', body => '{}', Accept => '*/*');
is(gateway('POST', '/v1/orders', %acme, %::VERA)->{status}, 403, 'a viewer does not order');
is(gateway('POST', '/v1/orders', %acme, %::ADAM)->{body}, 'orders: POST /v1/orders for adam@acme' . "\n", 'an admin does');

my %globex = (Host => 'globex.shop.example', body => '{}', Accept => '*/*', %::ALAN);
$a = gateway('POST', '/v1/orders', %globex);
is($a->{status}, 402, 'nor does a suspended tenant');
like($a->{body}, qr/"detail":"this account is suspended"/);

my ($deny) = grep { $_->{status} == 402 } audit(6);
is("$deny->{verdict} $deny->{tenant} $deny->{rule}", 'deny globex suspended', 'the audit log says why');

is(gateway('GET', '/v1/orders/7', Host => 'nobody.shop.example')->{status}, 404, 'an unknown tenant');
is(gateway('GET', '/healthz')->{body}, "catalog: GET /healthz\n", 'a public route');
is(operators('GET', '/status')->{status}, 200, 'status, from here');
is(gateway('GET', $_)->{status}, 404, "not on everybody's port: $_") for qw(/status /metrics /usage /control /dashboard);
is(gateway('GET', '/v1%2Forders/7', Host => 'acme.shop.example')->{status}, 400);

is(gateway('GET', '/catalog/1', 'X-User' => 'ann')->{body}, "catalog: GET /catalog/1\n", 'a user has the catalog');
$a = gateway('GET', '/catalog/1', 'X-User' => 'bob');
is($a->{body}, "next catalog: GET /catalog/1\n", 'another one the next');
is(header($a, 'Server'), undef, 'and is not told what serves');
is(gateway('GET', '/catalog/1', 'X-User' => 'ann', 'X-Canary' => 'next')->{body}, "next catalog: GET /catalog/1\n", 'as has who asks for it');

for (1 .. 600) {
    gateway('GET', '/catalog/broken', 'X-User' => qw(ann bob)[$_ % 2]);
    last if gateway('GET', '/catalog/1', 'X-User' => 'bob')->{body} =~ /^catalog/;
    select undef, undef, undef, 0.02;
}
is(gateway('GET', '/catalog/1', 'X-User' => 'bob')->{body}, "catalog: GET /catalog/1\n", 'nobody has it any more: it fails');
is(operators('POST', '/control?split=catalog&order=resume', 'Weir-Control' => 1)->{status}, 200);
is(gateway('GET', '/catalog/1', 'X-User' => 'bob')->{body}, "next catalog: GET /catalog/1\n", 'until it is resumed');

my $usage = JSON::PP->new->utf8->decode(gateway('GET', '/v1/usage', Host => 'acme.shop.example', %::VERA)->{body});
is($usage->{tenant}, 'acme', 'a viewer sees what her tenant used');
is($usage->{day}{routes}{'order-read'}{requests}, 1, 'and not what others sent in its name');
is(gateway('GET', '/v1/usage', Host => 'acme.shop.example')->{status}, 401, 'nobody does');
like(operators('GET', '/metrics')->{body}, qr/^weir_decisions_total\{tenant="acme",route="order-read",verdict="deny",reason="unauthenticated"\} 1$/m, 'metrics say who was refused, and why');
like(operators('GET', '/dashboard')->{body}, qr/^<!doctype html>/i, 'there is a page over it');

edit('state: suspended', 'state: active');
compile();
ok(wait_for(sub { gateway('POST', '/v1/orders', %globex)->{status} == 200 }),
   'a live edit takes effect');
