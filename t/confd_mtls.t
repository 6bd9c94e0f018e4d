# conf.d/mtls.*: services that prove who they are with certificates.

use Weir 'no_plan';
use Weir::Certs;
use Weir::Confd;
use Weir::Live qw(reload wait_long);

our $DIR = image_dir() . '/services';

# NAME => the first name of its certificate
my %services = (
    billing => 'acme/billing',
    reports => 'acme/reports',
    mailer  => 'acme/mailer',
    lost    => 'acme/old-billing',
    globex  => 'globex/billing',
    revoked => 'acme/billing',
    later   => 'acme/billing',
);

our $CA = Weir::Certs->new($DIR, 'ca');

if (!-e "$DIR/stranger.crt") {
    $CA->issue($_, "URI:spiffe://shop.example/$services{$_}")
        for sort keys %services;
    $CA->issue('ended', 'URI:spiffe://shop.example/acme/billing', -ended => 1);
    $CA->issue('nameless', 'DNS:billing.shop.example');
    $CA->issue('outside', 'URI:spiffe://other.example/acme/billing');
    $CA->revoke('revoked');

    Weir::Certs->new($DIR, 'ca2')
        ->issue('stranger', 'URI:spiffe://shop.example/acme/billing');
}

my $tls = tls();

our $HTTP = confd('mtls', 'tls/server.crt' => "$tls/cert.pem",
                          'tls/server.key' => "$tls/key.pem",
                          'tls/services-ca.crt' => "$DIR/ca.crt",
                          'tls/services.crl' => "$DIR/ca.crl")
            . on_ports(<<'END');

server {
    listen 127.0.0.1:9000;
    return 200 "$request_method $uri $http_x_tenant $http_x_service";
}
END

compile();

our $ACME = 'acme.shop.example';

# "STATUS BODY" as curl gets them with the certificate of a service; a body
# only of 200.
sub ask_as {
    my ($service, $host, $path, @more) = @_;
    my @cert = $service ? ('--cert', "$DIR/$service.crt", '--key',
                           "$DIR/$service.key") : ();

    open my $out, '-|', 'curl', '-sk', '-m', 5, '-w', '\n%{http_code}', @cert,
         '-H', "Host: $host", @more,
         'https://127.0.0.1:' . port_of(8443) . $path or die "curl: $!";
    my $said = do { local $/; <$out> };
    close $out;

    my ($body, $status) = $said =~ /^(.*)\n(\d+)$/s;
    return $status == 200 ? "200 $body" : $status;
}

run_tests();

__DATA__

=== the policy is sound
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
sound();


=== a certificate says who calls, of which tenant, and what it may
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $name = 'spiffe://shop.example';
is(ask_as('mailer', $::ACME, '/v1/whoami'), "200 GET /v1/whoami acme $name/acme/mailer", 'a service');
is(ask_as('mailer', $::ACME, '/v1/whoami', '-H', 'X-Tenant: globex', '-H', 'X-Service: root'), "200 GET /v1/whoami acme $name/acme/mailer", 'whatever it says of itself');
is(ask_as('reports', $::ACME, '/v1/invoices/7'), "200 GET /v1/invoices/7 acme $name/acme/reports", 'a reader reads');
is(ask_as('reports', $::ACME, '/v1/invoices', '-d', '{}'), 403, 'but does not write');
is(ask_as('billing', $::ACME, '/v1/invoices', '-d', '{}'), "200 POST /v1/invoices acme $name/acme/billing", 'a clerk does');
is(ask_as('mailer', $::ACME, '/v1/invoices/7'), 403, 'a certificate without a role does not');
is(ask_as('', $::ACME, '/v1/invoices/7'), 401, 'nor does no certificate');
is(ask_as('', $::ACME, '/v1/whoami'), 401);


=== it is of its tenant alone
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
like(ask_as('globex', 'globex.shop.example', '/v1/invoices/7'), qr/^200 GET .* globex spiffe/, 'its own');
is(ask_as('globex', $::ACME, '/v1/invoices/7'), 403, 'and no other');
is(ask_as('billing', 'globex.shop.example', '/v1/invoices/7'), 403);
is(ask_as('outside', $::ACME, '/v1/whoami'), 403, 'a name of another form has none');
is(ask_as('nameless', $::ACME, '/v1/whoami'), 401, 'one without such a name is nobody');
is(ask_as('billing', 'nobody.shop.example', '/v1/whoami'), 404, 'a tenant that nobody knows');


=== one that does not hold is refused by nginx, on every path
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
for my $service (qw(stranger ended revoked)) {
    is(ask_as($service, $::ACME, $_), 400, "$service: $_")
        for '/v1/whoami', '/v1/invoices/7', '/healthz';
}
like(ask_as('', 'any.example', '/healthz'), qr/^200 ok/, 'health is for those without');
is(http('GET', '/v1/whoami', port => port_of(8443), Host => $::ACME)->{status}, 400, 'there is nothing without TLS');
is(ask_as('lost', $::ACME, '/v1/whoami'), 403, 'a lost key, whose certificate holds');


=== a key is lost: the policy knows within a second, the list after a reload
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
like(ask_as('later', $::ACME, '/v1/whoami'), qr/^200/, 'it holds');
edit('"spiffe://shop.example/acme/old-billing"', '"spiffe://shop.example/acme/billing"');
compile();
ok(wait_for(sub { ask_as('later', $::ACME, '/v1/whoami') eq '403' }), 'refused by name');
edit('"spiffe://shop.example/acme/billing"]', '"spiffe://shop.example/acme/old-billing"]');
compile();
ok(wait_for(sub { ask_as('later', $::ACME, '/v1/whoami') =~ /^200/ }), 'and taken back');

$::CA->revoke('later');
like(ask_as('later', $::ACME, '/v1/whoami'), qr/^200/, 'the list is not read yet');
ok(reload(), 'a reload');
is(ask_as('later', $::ACME, '/v1/whoami'), 400, 'reads it');
like(ask_as('billing', $::ACME, '/v1/whoami'), qr/^200/, 'others hold');
