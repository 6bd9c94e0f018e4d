# Fetches over TLS: whom they trust, by which name, and how names are found.

use Weir 'no_plan';
use Weir::Certs;
use Weir::Issuer;
use Weir::Token;

our $DIR = tls_dir();
our $DNS = Weir::Issuer::dns('id.example' => '127.0.0.1',
                             'far.b.example' => '127.0.0.1');

# Two authorities, and certificates of the first but for `foreign`.
sub tls_dir {
    my $dir = Weir::image_dir() . '/fetch_tls';
    my $ca = Weir::Certs->new($dir, 'ca');
    my $other = Weir::Certs->new($dir, 'other');

    # no name is taken from here
    my @cn = (-cn => 'id.example');

    $ca->issue('good', 'DNS:id.example', @cn);
    $ca->issue('wild', 'DNS:*.b.example', @cn);
    $ca->issue('address', 'IP:127.0.0.1', @cn);
    $ca->issue('text', 'DNS:127.0.0.1', @cn);
    $ca->issue('expired', 'DNS:id.example', @cn, -ended => 1);
    $other->issue('foreign', 'DNS:id.example', @cn);

    Weir::Issuer::note("$dir/jwks", '>', read_file(jwks('ES256')));

    return $dir;
}

# A server with a certificate; MORE are its directives.
sub server {
    my ($n, $leaf, $more) = @_;

    $more //= '';

    return <<"END";
    server {
        listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_$n ssl;
        access_log logs/tls.log tls;
        ssl_certificate $::DIR/$leaf.crt;
        ssl_certificate_key $::DIR/$leaf.key;
        $more
        location = /jwks { alias $::DIR/jwks; }
    }
END
}

our $FORMAT = "    log_format tls '\$server_port \$ssl_server_name \$ssl_protocol "
              . "\$http_host';\n";

our $CONFIG = <<'END';
    location = /status { weir off; weir_status; }
END

sub trusting { "    weir_trusted_certificate $::DIR/" . ($_[0] // 'ca') . ".crt;\n" }
sub resolving { "    resolver 127.0.0.1:$::DNS ipv6=off;\n" }

# name => [host, number of the port]
sub policy_of {
    my (%urls) = @_;

    return "issuers:\n" . join('', map {
        my ($host, $n) = @{$urls{$_}};
        "  $_: {iss: \"https://$_.example\", jwks: {url: \"https://$host:"
            . port_of($n) . "/jwks\"}}\n"
    } sort keys %urls) . <<'END';
routes:
  - {id: all, match: {path: "/**"}, public: true}
END
}

sub port_of { $ENV{TEST_NGINX_PORT} + 30 + $_[0] }

sub servers {
    my $text = join '', $::FORMAT, @_;

    return $text =~ s/\$TEST_NGINX_RAND_PORT_(\d+)/port_of($1)/ger;
}

sub tried {
    my ($name) = @_;
    my $state;

    wait_for(sub {
        $state = status()->{issuers}{$name};
        return @{$state->{keys}} || defined $state->{last_error};
    });

    return $state;
}

sub taken {
    my ($name) = @_;
    my $state = tried($name);

    is(join(' ', @{$state->{keys}}, $state->{last_error} // '-'), 'ES256 -',
       $name);
}

sub refused {
    my ($name, $why) = @_;
    my $state = tried($name);

    like($state->{last_error}, $why, $name);
    is_deeply($state->{keys}, [], "$name: no keys");
}

run_tests();

__DATA__

=== a certificate must be of a trusted authority, in time, and for the name
--- policy eval
::policy_of(good => ['id.example', 1], wild => ['far.b.example', 2],
            address => ['127.0.0.1', 3], text => ['127.0.0.1', 4],
            foreign => ['id.example', 5], expired => ['id.example', 6],
            other_name => ['far.b.example', 1], other_address => ['127.0.0.1', 1])
--- http_weir eval
::servers(::server(1, 'good'), ::server(2, 'wild'), ::server(3, 'address'), ::server(4, 'text'), ::server(5, 'foreign'), ::server(6, 'expired')) . ::trusting() . ::resolving()
--- config eval: $::CONFIG
--- then
taken($_) for qw(good wild address);
refused('text', qr/certificate of "127\.0\.0\.1" is not trusted: IP address mismatch/);
refused('foreign', qr/certificate of "id\.example" is not trusted: unable to get local issuer certificate/);
refused('expired', qr/is not trusted: certificate has expired/);
refused('other_name', qr/certificate of "far\.b\.example" is not trusted: hostname mismatch/);
refused('other_address', qr/is not trusted: IP address mismatch/);
my $log = read_file(server_root() . '/logs/tls.log');
like($log, qr/^\d+ id\.example TLSv1\.[23] id\.example:\d+$/m, 'SNI and Host');
like($log, qr/^\d+ - TLSv1\.[23] 127\.0\.0\.1:\d+$/m, 'no SNI of an address');


=== old TLS is not spoken
--- policy eval: ::policy_of(old => ['127.0.0.1', 3], new => ['127.0.0.1', 4])
--- http_weir eval
::servers(::server(3, 'address', 'ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;'), ::server(4, 'address', 'ssl_protocols TLSv1.2;')) . ::trusting()
--- config eval: $::CONFIG
--- then
refused('old', qr/TLS handshake with 127\.0\.0\.1:\d+ failed/);
taken('new');


=== authorities of the system are those that count by default
--- policy eval: ::policy_of(main => ['127.0.0.1', 3])
--- http_weir eval: ::servers(::server(3, 'address'))
--- config eval: $::CONFIG
--- then
refused('main', qr/is not trusted: unable to get local issuer certificate/);


=== an issuer that was found over TLS has its keys there, too
--- http_config eval
::servers(::server(1, 'address', q(location = /.well-known/openid-configuration { return 200 '{"issuer":"https://127.0.0.1:) . ::port_of(1) . q(","jwks_uri":"http://127.0.0.1:) . ::port_of(2) . q(/jwks"}'; })))
--- http_weir eval: ::trusting()
--- policy eval
"issuers: {main: {iss: \"https://127.0.0.1:" . ::port_of(1) . "\"}}\nroutes: [{id: all, match: {path: \"/**\"}, public: true}]\n"
--- config eval: $::CONFIG
--- then
is(tried('main')->{last_error}, q(the "jwks_uri" of the issuer's configuration is not https));


=== a server that speaks no TLS
--- policy eval
our $plain = Weir::Issuer->start;
"issuers: {main: {iss: \"https://a.example\", jwks: {url: \"https://127.0.0.1:" . $plain->port . "/\"}}}
routes: [{id: all, match: {path: \"/**\"}, public: true}]"
--- config eval: $::CONFIG
--- then
my $s;
for (1 .. 3) { $s = tried('main'); last if $s->{last_error}; }
like($s->{last_error}, qr/TLS handshake/);


=== names need a resolver
--- policy eval: ::policy_of(main => ['id.example', 1])
--- http_weir eval: ::trusting()
--- config eval: $::CONFIG
--- then
refused('main', qr/the name "id\.example" needs a "resolver" in http\{\}/);


=== a name that is not there
--- policy eval: ::policy_of(main => ['gone.example', 1])
--- http_weir eval: ::trusting() . ::resolving()
--- config eval: $::CONFIG
--- then
refused('main', qr/"gone\.example" could not be resolved \(3: Host not found\)/);


=== a resolver that is silent
--- policy eval: ::policy_of(main => ['id.example', 1])
--- http_weir eval: ::trusting() . '    resolver 127.0.0.1:' . Weir::Issuer::silent() . " ipv6=off;\n"
--- config eval: $::CONFIG
--- then
my $s;
for (1 .. 3) { $s = tried('main'); last if $s->{last_error}; }
like($s->{last_error}, qr/could not be resolved \(110: Operation timed out\)/);


=== files of authorities that are none
--- policy
routes: [{id: all, match: {path: "/**"}, public: true}]
--- config eval: $::CONFIG
--- then
my $image = (read_file(server_root() . '/conf/nginx.conf') =~ /weir_policy (\S+)/)[0];
for my $case (['/nowhere.pem', qr/no certificates in "\/nowhere\.pem"/],
              ["$::DIR/jwks", qr/no certificates in/],
              ['""', qr/"weir_trusted_certificate" directive needs a file/]) {
    my ($code, $said) = nginx_t("weir_policy $image; weir_trusted_certificate $case->[0];");
    is($code, 1, $case->[0]);
    like($said, $case->[1], "$case->[0]: a sentence");
}
my ($code, $said) = nginx_t("weir_trusted_certificate $::DIR/ca.crt;");
like($said, qr/"weir_trusted_certificate" in \S+:1 needs a "weir_policy"/);
($code, $said) = nginx_t("weir_policy $image; weir_trusted_certificate $::DIR/ca.crt; weir_trusted_certificate $::DIR/ca.crt;");
like($said, qr/"weir_trusted_certificate" directive is duplicate/);
