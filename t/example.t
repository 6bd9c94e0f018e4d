# conf.d/ serves as it is: the gateway that people copy.

use Weir 'no_plan';

use File::Copy qw(copy);

our $DIR = image_dir();

copy("conf.d/$_", "$DIR/$_") or die "conf.d/$_: $!"
    for qw(gateway.yaml gateway.weir-test.yaml);

sub compile {
    my $said = qx{@{[weir()]} compile $DIR/gateway.yaml -o $DIR/gateway.weir 2>&1};
    is($said, '', 'the policy compiles');
}

compile();

# The two files, on ports of our own.
our $HTTP = join '', map { read_file("conf.d/$_") }
            qw(gateway.conf demo-upstreams.conf);

$HTTP =~ s/\bgateway\.weir check=1s/$DIR\/gateway.weir check=20ms/ or die;
$HTTP =~ s/127\.0\.0\.1:808(\d)/127.0.0.1:\$TEST_NGINX_RAND_PORT_1$1/g;

sub gateway {
    my ($method, $target, %more) = @_;
    my ($port) = read_file(server_root() . '/conf/nginx.conf')
                 =~ /upstream catalog.*?listen 127\.0\.0\.1:(\d+);/s;
    return http($method, $target, port => $port, %more);
}

run_tests();

__DATA__

=== allows, refusals, a public route and a live edit
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $a = gateway('GET', '/v1/orders/7', Host => 'acme.shop.example', 'X-Tenant' => 'evil');
is($a->{status}, 200, 'a tenant reads an order');
is($a->{body}, "orders: GET /v1/orders/7 for acme\n", 'as itself');

$a = gateway('POST', '/v1/orders', Host => 'globex.shop.example', body => '{}', Accept => '*/*');
is($a->{status}, 402, 'a suspended tenant does not write');
like($a->{body}, qr/"detail":"this account is suspended"/);

my ($deny) = grep { $_->{verdict} eq 'deny' } audit(2);
is("$deny->{tenant} $deny->{rule} $deny->{status}", 'globex suspended 402', 'the audit log says why');

is(gateway('GET', '/v1/orders/7', Host => 'nobody.shop.example')->{status}, 404, 'an unknown tenant');
is(gateway('GET', '/healthz')->{body}, "catalog: GET /healthz\n", 'a public route');
is(gateway('GET', '/weir/status')->{status}, 200, 'status, from here');
is(gateway('GET', '/v1%2Forders/7', Host => 'acme.shop.example')->{status}, 400);

my $yaml = read_file("$::DIR/gateway.yaml");
$yaml =~ s/state: suspended/state: active/;
open my $out, '>', "$::DIR/gateway.yaml"; print $out $yaml; close $out;
compile();
ok(wait_for(sub { gateway('POST', '/v1/orders', Host => 'globex.shop.example', body => '{}')->{status} == 200 }),
   'a live edit takes effect');
