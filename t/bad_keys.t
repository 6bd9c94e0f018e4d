# Keys that are no good: the set that has one is refused, and what was good
# before stays.

use Weir 'no_plan';
use Weir::Token;
use JSON::PP ();
use MIME::Base64 qw(decode_base64url);

our $json = JSON::PP->new->canonical->utf8;

sub set_file {
    my ($name, $text) = @_;

    return Weir::Token::write_file(Weir::Token::dir() . "/$name.set", $text);
}

# A public JWK with members changed; undef takes one out.
sub changed {
    my ($name, %more) = @_;
    my %jwk = (%{jwk($name, 1)}, %more);

    delete @jwk{grep { !defined $jwk{$_} } keys %jwk};

    return \%jwk;
}

sub secret {
    my ($n) = @_;

    return { kty => 'oct', alg => 'HS256', k => base64url('k' x $n) };
}

# RSA of so many bits.
sub small_rsa {
    my ($bits) = @_;
    my ($hex) = qx{openssl genrsa $bits 2>/dev/null | openssl rsa -noout -modulus 2>/dev/null}
                =~ /Modulus=(\w+)/;

    return { kty => 'RSA', alg => 'RS256', e => 'AQAB',
             n => base64url(pack 'H*', $hex) };
}

sub flipped {
    my ($text) = @_;
    my $bytes = decode_base64url($text);

    return base64url($bytes ^ ("\0" x (length($bytes) - 1) . "\1"));
}

our $GOOD = jwk('ES256', 1);

our %PUBLIC = (
    mixed        => [$GOOD, secret(32)],
    twice_kid    => [$GOOD, changed('ES256-other', kid => 'ES256')],
    private      => [jwk('ES256')],
    rsa_1024     => [small_rsa(1024)],
    rsa_e_1      => [changed('RS256', e => 'AQ')],
    rsa_e_even   => [changed('RS256', e => 'Ag')],
    rsa_no_n     => [changed('RS256', n => undef)],
    off_curve    => [changed('ES256', y => flipped($GOOD->{y}))],
    other_curve  => [changed('ES256', crv => 'P-384')],
    short_x      => [changed('ES256', x => substr $GOOD->{x}, 0, -4)],
    padded       => [changed('ES256', x => "$GOOD->{x}=")],
    no_curve     => [changed('ES256', crv => 'P-257')],
    no_type      => [changed('ES256', kty => undef)],
    other_type   => [changed('ES256', kty => 'RSA')],
    use_enc      => [changed('ES256', use => 'enc')],
    ops_sign     => [changed('ES256', use => undef, key_ops => ['encrypt'])],
    other_alg    => [changed('ES256', alg => 'RSA-OAEP')],
    okp_short    => [changed('EdDSA', x => 'AAAA')],
    only_secret  => [secret(32)],
    nothing      => [],
);

our %TEXT = (
    same_member  => '{"keys":[],"keys":[' . $json->encode($GOOD) . ']}',
    same_in_key  => '{"keys":[{"kty":"EC",' . substr($json->encode($GOOD), 1)
                    . ']}',
    no_list      => '{"keys":' . $json->encode($GOOD) . '}',
    torn         => '{"keys":[' . $json->encode($GOOD),
    nested       => '{"keys":[' . '[' x 100 . ']' x 100 . ']}',
);

our %SECRET = (
    secret_empty  => [secret(0)],
    secret_short  => [secret(31)],
    secret_public => [$GOOD],
    secret_mixed  => [secret(32), $GOOD],
);

our %FILES = (
    (map { $_ => set_file($_, $json->encode({ keys => $PUBLIC{$_} })) }
         keys %PUBLIC),
    (map { $_ => set_file($_, $TEXT{$_}) } keys %TEXT),
    (map { $_ => set_file($_, $json->encode({ keys => $SECRET{$_} })) }
         keys %SECRET),
);

our @BAD = sort keys %FILES;

# what a file of this name turns into, see the blocks
$FILES{turns} = set_file('turns', read_file(jwks('ES256')));

sub policy {
    my @names = @_;

    return "policy: {name: shop}\nissuers:\n" . join('', map {
        my $kind = $SECRET{$_} ? 'secret' : 'jwks';
        "  $_: {iss: \"https://$_.example/\", $kind: {file: $FILES{$_}}}\n"
    } @names) . "routes:\n" . join '', map {
        "  - {id: $_, match: {path: /$_}, auth: {any: [jwt: $_]}, "
        . "allow: [{id: all, when: 'true'}]}\n"
    } @names;
}

our $CONFIG = <<'END';
    location / { weir on; return 200 "$weir_subject\n"; }
    location = /status { weir off; weir_status; }
END

sub issuer {
    my ($name) = @_;

    return status()->{issuers}{$name};
}

run_tests();

__DATA__

=== a set with a key that is no good gives no keys, and says why
--- policy eval: main::policy(@main::BAD)
--- config eval: $::CONFIG
--- then
for my $name (@main::BAD) {
    wait_for(sub { defined issuer($name)->{last_error} });
    my $state = issuer($name);
    is_deeply($state->{keys}, [], "$name: no keys");
    like($state->{last_error}, qr/\w+ \w+/, "$name: a sentence");
    my $key = $name =~ /rsa/ ? 'RS256' : $name =~ /okp/ ? 'EdDSA'
              : $name =~ /^secret/ ? 'HS256' : 'ES256';
    my $token = token($key, iss => "https://$name.example/");
    is(http('GET', "/$name", bearer($token))->{status}, 503,
       "$name: no token can be told");
}


=== what was good stays when a file turns bad, and goes when it turns good again
--- policy eval: main::policy('turns')
--- config eval: $::CONFIG
--- then
my $token = token('ES256', iss => 'https://turns.example/', sub => 'ann');
my $other = token('ES256-other', iss => 'https://turns.example/', sub => 'bob');
is(http('GET', '/turns', bearer($token))->{body}, "ann\n", 'good');
for my $name (qw(mixed rsa_1024 off_curve torn)) {
    set_file('turns', read_file($main::FILES{$name}));
    my $error = wait_for(sub { issuer('turns')->{last_error} });
    ok($error, "$name: noticed");
    is(http('GET', '/turns', bearer($token))->{body}, "ann\n",
       "$name: the last good set stays");
    set_file('turns', read_file(jwks('ES256')));
    wait_for(sub { !issuer('turns')->{last_error} });
}
set_file('turns', read_file(jwks('ES256-other')));
wait_for(sub { "@{issuer('turns')->{keys}}" eq 'ES256-other' });
is(http('GET', '/turns', bearer($other))->{body}, "bob\n", 'a new key');
is(http('GET', '/turns', bearer($token))->{status}, 401, 'the old one');
