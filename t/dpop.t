# Tokens that are bound to a key: the proof of possession that DPoP asks for
# (RFC 9449).

use Weir 'no_plan';
use Weir::Token;
use Digest::SHA qw(sha256);
use JSON::PP ();

our $json = JSON::PP->new->canonical->utf8;

sub policy {
    my ($dpop) = @_;
    my $set = jwks('ES256');

    return <<"END";
policy: {name: shop}
issuers:
  main: {iss: "https://id.example/", jwks: {file: $set}, alg: [ES256, EdDSA]$dpop}
routes:
  - id: all
    match: {path: "/**"}
    allow: [{id: all, when: 'true'}]
    upstream: orders
END
}

our $CONFIG = <<'END';
    location / {
        weir on;
        proxy_pass http://orders;
    }
END

our $UPSTREAM = <<'END';
    location / { return 200 "$http_authorization|$http_dpop\n"; }
END

# RFC 7638
sub thumbprint {
    my ($jwk) = @_;
    my %part = map { $_ => $jwk->{$_} } grep { /^(?:crv|kty|x|y)$/ } keys %$jwk;

    return base64url(sha256($json->encode(\%part)));
}

our $jti = 0;

# A proof for a token; `key` makes it, HEADER and CLAIMS change it.
sub proof {
    my ($token, %o) = @_;
    my $key = $o{key} // 'ES256-client';

    return jws($key, { typ => 'dpop+jwt', jwk => jwk($key, 1),
                       %{ $o{header} // {} } },
               { htm => 'GET', htu => 'http://localhost/a', iat => time(),
                 jti => 'j' . ++$jti . $$,
                 ath => base64url(sha256($token)), %{ $o{claims} // {} } });
}

sub token_for {
    my ($key) = @_;

    return token('ES256', iss => 'https://id.example/', sub => 'ann',
                 -exp => '10m',
                 $key ? (cnf => { jkt => thumbprint(jwk($key, 1)) }) : ());
}

sub ask_with {
    my ($token, $proof, %o) = @_;

    return http($o{method} // 'GET', $o{path} // '/a',
                Authorization => ($o{scheme} // 'DPoP') . " $token",
                defined $proof ? (DPoP => $proof) : ());
}

run_tests();

__DATA__

=== a proof is needed, of the key that the token is bound to
--- policy eval: main::policy(', dpop: required')
--- config eval: $::CONFIG
--- upstream eval: $::UPSTREAM
--- then
my $token = token_for('ES256-client');
for my $turn (1 .. 2) {
    my $answer = ask_with($token, proof($token));
    is("$answer->{status} $answer->{body}", "200 |\n",
       "good, and both end here, time $turn");
}
my $none = http('GET', '/a');
is($none->{status}, 401, 'no token');
like(header($none, 'WWW-Authenticate'), qr/^DPoP .*algs="[^"]*ES256/,
     'and what is asked for');
my %bad = (
    'no proof' => undef,
    'no JWS' => 'a.b.c',
    'another key' => proof($token, key => 'ES256-thief'),
    'another method' => proof($token, claims => { htm => 'POST' }),
    'another path' => proof($token, claims => { htu => 'http://localhost/b' }),
    'another host' => proof($token, claims => { htu => 'http://evil/a' }),
    'another scheme' => proof($token, claims => { htu => 'https://localhost/a' }),
    'another token' => proof(token_for('ES256-client')),
    'no ath' => proof($token, claims => { ath => undef }),
    'old' => proof($token, claims => { iat => time() - 600 }),
    'of the future' => proof($token, claims => { iat => time() + 600 }),
    'no jti' => proof($token, claims => { jti => undef }),
    'another typ' => proof($token, header => { typ => 'JWT' }),
    'a key that is not its own' =>
        proof($token, header => { jwk => jwk('ES256-thief', 1) }),
    'a private key' => proof($token, header => { jwk => jwk('ES256-client') }),
);
for my $name (sort keys %bad) {
    my $answer = ask_with($token, $bad{$name});
    is($answer->{status}, 401, "$name: refused");
    like(header($answer, 'WWW-Authenticate'),
         qr/^DPoP .*error="invalid_dpop_proof"/, "$name: challenge");
}
is(ask_with($token, proof($token, claims => { htu => $_ }))->{status}, 200,
   "the same URL as $_")
    for 'http://LOCALHOST/a', 'HTTP://localhost:80/a', 'http://localhost/a?x=1';
is(ask_with($token, proof($token), path => '/a?q=1')->{status}, 200,
   'the query is no part of it');
is(ask_with($token, proof($token), scheme => 'Bearer')->{status}, 401,
   'a bound token is no bearer token');
is(ask_with(token_for(), proof(token_for()))->{status}, 401,
   'a token that is bound to no key');
my $two = http('GET', '/a', Authorization => "DPoP $token",
               DPoP => [proof($token), proof($token)]);
is($two->{status}, 401, 'two proofs');


=== a proof is good once, whichever worker sees it
--- policy eval: main::policy(', dpop: required')
--- config eval: $::CONFIG
--- upstream eval: $::UPSTREAM
--- then
my $token = token_for('ES256-client');
for (1 .. 5) {
    my $proof = proof($token);
    is(ask_with($token, $proof)->{status}, 200, 'first');
    is(ask_with($token, $proof)->{status}, 401, 'again') for 1 .. 4;
}


=== a bound token needs its proof also where the issuer does not ask for it
--- policy eval: main::policy('')
--- config eval: $::CONFIG
--- upstream eval: $::UPSTREAM
--- then
my $bound = token_for('ES256-client');
my $plain = token_for();
is(ask_with($plain, undef, scheme => 'Bearer')->{status}, 200, 'not bound');
is(ask_with($bound, undef, scheme => 'Bearer')->{status}, 401,
   'bound, without a proof');
is(ask_with($bound, proof($bound), scheme => 'Bearer')->{status}, 401,
   'bound, as a bearer token');
is(ask_with($bound, proof($bound))->{status}, 200, 'bound, with its proof');
