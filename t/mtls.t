# Certificates of clients: which say who calls, and tokens bound to them.

use Weir 'no_plan';
use Weir::Certs;
use Weir::Token;
use Cwd qw(abs_path);
use Digest::SHA qw(sha256);

our $DIR = Weir::image_dir() . '/clients';

# Client certificates: NAME => subjectAltName; "stranger" is of another CA.
our %CLIENTS = (
    billing  => 'URI:spiffe://shop.example/acme/billing',
    orders   => 'URI:spiffe://shop.example/globex/orders,DNS:orders.example',
    outside  => 'URI:spiffe://other.example/acme/billing',
    plain    => 'DNS:plain.example,email:plain@x.example',
    stranger => 'URI:spiffe://shop.example/acme/billing',
);

if (!-e "$DIR/stranger.crt") {
    my %ca = map { $_ => Weir::Certs->new($DIR, $_) } 'ca', 'ca2';

    $ca{$_ eq 'stranger' ? 'ca2' : 'ca'}->issue($_, $CLIENTS{$_})
        for sort keys %CLIENTS;
}

tls();

$ENV{TEST_NGINX_CLIENTS} = abs_path($DIR);

sub tls_port {
    my ($port) = read_file(server_root() . '/conf/nginx.conf')
                 =~ /listen 127\.0\.0\.1:(\d+) ssl;/;
    return $port;
}

# Status and body as curl gets them with the certificate of a client.
sub ask_as {
    my ($client, $path, @headers) = @_;
    my @cert = $client ? ('--cert', "$DIR/$client.crt", '--key',
                          "$DIR/$client.key") : ();
    my @args = map { ('-H', $_) } @headers;

    open my $out, '-|', 'curl', '-sk', '-m', 5, '-w', '%{http_code}', @cert,
         @args, 'https://127.0.0.1:' . tls_port() . $path or die "curl: $!";
    my $said = do { local $/; <$out> };
    close $out;

    return $said;
}

sub x5t {
    my ($client) = @_;
    my $der = qx{openssl x509 -in $DIR/$client.crt -outform DER};

    return base64url(sha256($der));
}

our $CONFIG = <<'END';
    listen 127.0.0.1:$TEST_NGINX_RAND_PORT_4 ssl;
    ssl_certificate $TEST_NGINX_TLS/cert.pem;
    ssl_certificate_key $TEST_NGINX_TLS/key.pem;
    ssl_verify_client optional_no_ca;
    ssl_client_certificate $TEST_NGINX_CLIENTS/ca.crt;

    location / {
        weir on;
        default_type text/plain;
        return 200 "$weir_tenant|$weir_subject|$weir_roles|";
    }
END

run_tests();

__DATA__

=== a verified certificate says who calls, and for which tenant
--- policy
policy: {name: shop}
mtls:
  sub: uri_san
  tenant: "spiffe://shop.example/{tenant}/**"
  identities:
    "spiffe://shop.example/acme/billing": {tenant: acme, roles: [clerk, viewer]}
tenants: {list: {acme: {}, globex: {}}}
routes:
  - id: all
    match: {path: "/**"}
    auth: {any: [mtls]}
    allow: [{id: all, when: 'principal.kind == "mtls"'}]
--- config eval: $::CONFIG
--- then
is(ask_as('billing', '/'),
   'acme|spiffe://shop.example/acme/billing|clerk,viewer|200', 'known');
is(ask_as('orders', '/'), 'globex|spiffe://shop.example/globex/orders||200',
   'not listed: by its name');
is(ask_as('outside', '/'), '|spiffe://other.example/acme/billing||200',
   'a name of another form has no tenant');
like(ask_as('plain', '/'), qr/401$/, 'without such a name');
like(ask_as('stranger', '/'), qr/401$/, 'a chain that is not verified');
like(ask_as('', '/'), qr/401$/, 'no certificate');
is(http('GET', '/')->{status}, 401, 'no TLS');


=== other names of a certificate
--- policy
policy: {name: shop}
mtls: {sub: dns_san}
routes:
  - id: all
    match: {path: "/**"}
    allow:
      - id: all
        when: |
          connection.mtls && connection.dns_san_peer_certificate == principal.sub
          && connection.subject_peer_certificate == "CN=plain,O=Shop"
          && connection.uri_san_peer_certificate == ""
          && size(connection.sha256_peer_certificate_digest) == 64
--- config eval: $::CONFIG
--- then
is(ask_as('plain', '/'), '|plain.example||200', 'dns_san');
like(ask_as('orders', '/'), qr/403$/, 'another');


=== the certificate must be of the tenant
--- policy
policy: {name: shop}
mtls: {sub: uri_san, tenant: "spiffe://shop.example/{tenant}/**"}
tenants:
  resolve: [{header: x-tenant, trust: [lists.all]}]
  bind: [mtls.tenant]
  list: {acme: {}, globex: {}}
lists: {all: {cidr: [127.0.0.0/8]}}
routes:
  - id: all
    match: {path: "/**"}
    allow: [{id: all, when: 'true'}]
--- config eval: $::CONFIG
--- then
like(ask_as('billing', '/', 'x-tenant: acme'), qr/^acme\|.*200$/, 'its own');
like(ask_as('billing', '/', 'x-tenant: globex'), qr/403$/, 'another');
like(ask_as('outside', '/', 'x-tenant: acme'), qr/403$/, 'none');
like(ask_as('billing', '/'), qr/^acme\|.*200$/, 'not named otherwise');


=== a token bound to a certificate is of no use without it (RFC 8705)
--- policy eval
    my $set = main::jwks('ES256');
    <<"END";
policy: {name: shop}
issuers:
  main: {iss: "https://id.example/", jwks: {file: $set}, alg: [ES256]}
routes:
  - id: all
    match: {path: "/**"}
    allow: [{id: all, when: 'true'}]
END
--- config eval: $::CONFIG
--- then
my $token = sub {
    'Authorization: Bearer '
    . token('ES256', iss => 'https://id.example/', sub => 'ann',
            -exp => '10m', cnf => $_[0]);
};
my $bound = $token->({ 'x5t#S256' => x5t('billing') });
for my $turn (1 .. 2) {
    is(ask_as('billing', '/', $bound), '|ann||200', "its own, time $turn");
    like(ask_as('orders', '/', $bound), qr/401$/, "another's, time $turn");
    like(ask_as('', '/', $bound), qr/401$/, "none, time $turn");
}
like(ask_as('stranger', '/', $token->({ 'x5t#S256' => x5t('stranger') })),
     qr/200$/, 'the key is proven, whoever signed the certificate');
like(ask_as('billing', '/', $token->({ 'x5t#S256' => 'AAAA' })), qr/401$/,
     'no digest');
like(ask_as('billing', '/', $token->({ jku => 'https://x.example/' })),
     qr/401$/, 'a binding that nobody knows');
