# Tokens: which are taken, which are refused, and what a client is told.

use Weir 'no_plan';
use Weir::Token;

# How a route asks for tokens of these keys; MORE goes into the issuer.
sub policy_of {
    my ($keys, %more) = @_;
    my $set = jwks(@$keys);
    my $alg = $more{alg} // join ', ', map { /^Ed/ ? 'EdDSA' : /^(\w+)/ } @$keys;
    my $source = (grep { /^HS/ } map { ref $_ ? () : $_ } @$keys)
                 ? "secret: {file: $set}" : "jwks: {file: $set}";
    my $issuer = $more{issuer} // '';

    return <<"END";
policy: {name: shop}
issuers:
  main:
    iss: https://id.example/
    aud: [shop-api]
    $source
    alg: [$alg]
    $issuer
routes:
  - id: all
    match: {path: "/**"}
    auth: {any: [jwt: main]}
    allow: [{id: known, when: 'principal.kind == "jwt"'}]
END
}

our $CONFIG = <<'END';
    location / {
        weir on;
        default_type text/plain;
        return 200 "$weir_subject/$weir_roles\n";
    }
END

our %CLAIMS = (iss => 'https://id.example/', aud => 'shop-api', sub => 'ann');

# A good token with some claims changed; undef takes one out.
sub good {
    my ($key, %more) = @_;
    my %claims = (%CLAIMS, exp => time() + 600, %more);

    delete @claims{grep { !defined $claims{$_} } keys %claims};

    return jws($key, {}, \%claims);
}

sub try_token {
    my ($token) = @_;

    return http('GET', '/', bearer($token));
}

sub takes {
    my ($token, $title, $body) = @_;
    my $answer = try_token($token);

    is("$answer->{status} $answer->{body}",
                   '200 ' . ($body // "ann/\n"), $title);
}

# Refused as RFC 6750 says; SENTENCE is the reason that the client is told.
sub refuses {
    my ($token, $title, $sentence) = @_;
    my $answer = try_token($token);
    my $challenge = header($answer, 'WWW-Authenticate') // '';

    is($answer->{status}, 401, "$title: status");
    like($challenge,
                     defined $sentence
                     ? qr/^Bearer .*error="invalid_token".*\Q$sentence\E/
                     : qr/^Bearer .*error="invalid_token"/,
                     "$title: challenge");
}

# A copy with one character of a part changed.
sub spoil {
    my ($token, $part, $at, $to) = @_;
    my @parts = split /\./, $token, -1;

    substr($parts[$part], $at, length $to) = $to;

    return join '.', @parts;
}

sub claims_text {
    my ($members) = @_;
    my $exp = time() + 600;

    return qq({"iss":"https://id.example/","aud":"shop-api","sub":"ann",)
           . qq("exp":$exp$members});
}

run_tests();

__DATA__

=== each algorithm is verified
--- policy eval
    main::policy_of([qw(RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512
                        ES256K EdDSA)])
--- config eval: $::CONFIG
--- then
for my $alg (qw(RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 ES256K
                EdDSA))
{
    takes(token($alg, %CLAIMS, -exp => '10m'), $alg);
}


=== secrets are verified, each for its own length
--- policy eval: main::policy_of([qw(HS256 HS384 HS512)])
--- config eval: $::CONFIG
--- then
for my $alg (qw(HS256 HS384 HS512)) {
    takes(token($alg, %CLAIMS, -exp => '10m'), $alg);
}
refuses(jws('HS256', { alg => 'HS384' }, \%CLAIMS, 'HS384'),
              'a secret of another algorithm');


=== without a token, the client is told to send one
--- policy eval: main::policy_of(['ES256'])
--- config eval: $::CONFIG
--- then
my $answer = http('GET', '/');
is($answer->{status}, 401, 'status');
is(header($answer, 'WWW-Authenticate'), 'Bearer realm="shop"',
               'challenge without an error');


=== alg: none in any spelling, missing, or of the wrong case
--- policy eval: main::policy_of(['ES256', 'RS256'])
--- config eval: $::CONFIG
--- then
my $claims = { %CLAIMS, exp => time() + 600 };
for my $alg (qw(none None NONE nOnE es256 ES257), '', 'ES256 ') {
    refuses(token_of({ alg => $alg, kid => 'ES256' }, $claims,
                                 \''),
                  "alg \"$alg\" without signature");
    refuses(jws('ES256', { alg => $alg }, $claims),
                  "alg \"$alg\" with one");
}
refuses(jws('ES256', '{"kid":"ES256"}', $claims), 'no alg');
refuses(jws('ES256', '{"alg":7,"kid":"ES256"}', $claims),
              'alg that is a number');
refuses(jws('ES256', '{"alg":["ES256"],"kid":"ES256"}', $claims),
              'alg that is a list');


=== a public key is no secret, and a key is for its own algorithms
--- policy eval
    main::policy_of(['RS256', 'ES256'], alg => 'RS256, ES256, ES384')
--- config eval: $::CONFIG
--- then
use Digest::SHA qw(hmac_sha256);
my $claims = { %CLAIMS, exp => time() + 600 };
my $pem = read_file(pem_file('RS256'));
my $public = qx{openssl pkey -in @{[pem_file('RS256')]} -pubout};
for my $secret ($pem, $public, jwk('RS256', 1)->{n}) {
    my $text = join '.', (split /\./, token_of(
        { alg => 'HS256', kid => 'RS256' }, $claims, ''))[0, 1];
    refuses("$text." . base64url(hmac_sha256($text, $secret)),
                  'HS256 with the public key');
}
refuses(jws('RS256', { alg => 'PS256' }, $claims, 'PS256'),
              'PS256 that the policy does not allow');
refuses(jws('ES256', { alg => 'RS256', kid => 'RS256' }, $claims,
                        'ES256'),
              'an ECDSA signature under RS256');
refuses(jws('RS256', { kid => 'ES256' }, $claims),
              'the kid of a key of another type');


=== ECDSA: r or s of 0, of n, or over-long; DER; a spoilt one
--- policy eval: main::policy_of(['ES256'])
--- config eval: $::CONFIG
--- then
use MIME::Base64 qw(decode_base64url);
my $good = good('ES256');
my ($text, $sig) = $good =~ /^(.*)\.(.*)$/;
my $raw = decode_base64url($sig);
my $n = pack 'H*', 'ffffffff00000000ffffffffffffffff'
                   . 'bce6faada7179e84f3b9cac2fc632551';
my ($r, $s) = (substr($raw, 0, 32), substr($raw, 32));
my $zero = "\0" x 32;
my %bad = (
    'r = 0' => $zero . $s, 's = 0' => $r . $zero, 'both 0' => $zero . $zero,
    'r = n' => $n . $s, 's = n' => $r . $n,
    'r over-long' => "\0" . $r . $s, 's over-long' => $r . "\0" . $s,
    'both over-long' => "\0$r\0$s", 'cut' => substr($raw, 0, 63),
    'empty' => '', 'swapped' => $s . $r,
    'DER' => "0D\x02 $r\x02 $s", 'flipped' => ~$r . $s,
);
takes($good, 'good');
refuses("$text." . base64url($bad{$_}), $_,
        $_ eq 'empty' ? 'malformed' : 'signature')
    for sort keys %bad;


=== RSA: a spoilt signature, one of another length, a bad padding
--- policy eval: main::policy_of(['RS256'])
--- config eval: $::CONFIG
--- then
use MIME::Base64 qw(decode_base64url);
my $good = good('RS256');
my ($text, $sig) = $good =~ /^(.*)\.(.*)$/;
my $raw = decode_base64url($sig);
takes($good, 'good');
refuses("$text." . base64url($_->[1]), $_->[0], 'signature')
    for ['short', substr $raw, 1], ['long', "\0$raw"],
        ['zeros', "\0" x length $raw], ['ones', "\xff" x length $raw],
        ['one bit', $raw ^ ("\0" x (length($raw) - 1) . "\1")],
        ['the text itself', substr $text, 0, length $raw];
# what the key makes of paddings that PKCS#1 v1.5 does not have
use Digest::SHA qw(sha256);
my $size = length $raw;
my $info = pack('H*', '3031300d060960864801650304020105000420')
           . sha256($text);
my %padded = (
    'PKCS#1 itself' => "\0\1" . "\xff" x ($size - 3 - length $info)
                       . "\0$info",
    'short padding' => "\0\1\xff\0$info" . "\0" x ($size - 4 - length $info),
    'type 2' => "\0\2" . "\xff" x ($size - 3 - length $info) . "\0$info",
    'no separator' => "\0\1" . "\xff" x ($size - 2 - length $info) . $info,
    'hash without its name' => "\0\1" . "\xff" x ($size - 35) . "\0"
                               . sha256($text),
    'a byte behind' => "\0\1" . "\xff" x ($size - 4 - length $info)
                       . "\0$info\0",
    'a hole in the padding' => "\0\1\xff\xfe"
                               . "\xff" x ($size - 5 - length $info)
                               . "\0$info",
);
(my $absent = $info) =~ s/^\x30\x31\x30\x0d(.{11})\x05\0/\x30\x2f\x30\x0b$1/s;
$padded{'parameters left out'} =
    "\0\1" . "\xff" x ($size - 3 - length $absent) . "\0$absent";
for my $name (sort keys %padded) {
    my $file = Weir::Token::dir() . '/padded';
    Weir::Token::write_file($file, $padded{$name});
    my $pem = pem_file('RS256');
    my $made = qx{openssl pkeyutl -decrypt -inkey $pem -pkeyopt rsa_padding_mode:none -in $file};
    is(length $made, $size, "$name: made");
    my $token = "$text." . base64url($made);
    $name eq 'PKCS#1 itself' ? takes($token, $name)
                             : refuses($token, $name, 'signature');
}


=== base64url: blanks, padding, foreign characters, bits left over
--- policy eval: main::policy_of(['HS256'])
--- config eval: $::CONFIG
--- then
my $good = good('HS256');
my @parts = split /\./, $good;
takes($good, 'good');
for my $part (0 .. 2) {
    for my $bad ('=', '==', "\t", '+', '/', '*', '%3D') {
        my @p = @parts;
        $p[$part] .= $bad;
        refuses(join('.', @p), "part $part ends in \"$bad\"");
        @p = @parts;
        substr($p[$part], 4, 1) = $bad;
        refuses(join('.', @p), "part $part has \"$bad\" inside");
    }
}
# 32 bytes are 43 characters: the last has two bits that must be zero
my $last = substr $parts[2], -1;
my $alphabet = join '', 'A' .. 'Z', 'a' .. 'z', 0 .. 9, '-', '_';
my $at = index $alphabet, $last;
refuses(substr($good, 0, -1) . substr($alphabet, $at + $_, 1),
              "bits left over: $_") for 1 .. 3;


=== keys in the header are never used
--- policy eval: main::policy_of(['ES256'])
--- config eval: $::CONFIG
--- then
my $claims = { %CLAIMS, exp => time() + 600 };
my $evil = jwk('ES256-evil', 1);
my %headers = (
    jwk => $evil,
    jku => 'http://127.0.0.1:1/jwks.json',
    x5u => 'http://127.0.0.1:1/cert.pem',
    x5c => ['MIIB'],
);
for my $name (sort keys %headers) {
    for my $kid ('ES256', 'ES256-evil', undef) {
        my %more = ($name => $headers{$name});
        $more{kid} = $kid;
        refuses(jws('ES256-evil', \%more, $claims),
                      "$name with kid " . ($kid // 'null'));
    }
    takes(jws('ES256', { $name => $headers{$name} }, $claims),
                "$name is not looked at");
}


=== kid is an opaque exact match
--- policy eval: main::policy_of(['ES256'])
--- config eval: $::CONFIG
--- then
my $claims = { %CLAIMS, exp => time() + 600 };
for my $kid ('../../../../dev/null', '/etc/passwd', "' OR 1=1 --", '`id`',
             '$(id)', "ES256\r\nX: y", "ES256\0", 'es256', 'ES256 ', 'ES25',
             '*', 'x' x 256, 'x' x 4000)
{
    refuses(jws('ES256', { kid => $kid }, $claims),
                  'kid ' . substr $kid, 0, 20);
}
refuses(jws('ES256', '{"alg":"ES256","kid":7}', $claims),
              'kid that is a number');
takes(jws('ES256', '{"alg":"ES256"}', $claims),
            'no kid: keys of the algorithm are tried');


=== size and shape: dots, long tokens, parts that lack or are too many
--- policy eval: main::policy_of(['HS256'])
--- config eval: $::CONFIG
--- http_weir
    large_client_header_buffers 4 2m;
--- then
my $good = good('HS256');
my ($h, $p, $s) = split /\./, $good;
refuses($_->[1], $_->[0], 'malformed')
    for ['one part', $h], ['two parts', "$h.$p"], ['four parts', "$good.$s"],
        ['five parts, as JWE', "$h.$p.$s.$p.$s"], ['dots alone', '..'],
        ['empty header', ".$p.$s"];
refuses("$h.$p.", 'empty signature', 'malformed');
refuses("$h..$s", 'empty payload');
refuses('.' x 5000, 'thousands of dots');
refuses('{"payload":"e30","signatures":[]}', 'JSON serialisation');
refuses("$h.$p." . 'A' x 1_000_000, 'a megabyte', 'too large');
refuses('A' x 16385, 'just too large', 'too large');
# exactly as long as may be
my $claims = sub { good('HS256', pad => 'x' x $_[0]) };
my $n = 11000;
$n += 1 while length($claims->($n)) < 16380;
$n -= 1 while length($claims->($n)) > 16384;
takes($claims->($n), 'as large as may be');
refuses($claims->($n + 8), 'and a little more', 'too large');


=== headers that change what a token is: crit, b64, enc, typ
--- policy eval: main::policy_of(['ES256'])
--- config eval: $::CONFIG
--- then
my $claims = { %CLAIMS, exp => time() + 600 };
for my $header ({ crit => ['exp'], exp => 1 }, { crit => [] },
                { crit => ['b64'], b64 => JSON::PP::false() },
                { b64 => JSON::PP::false() }, { crit => 'exp' },
                { enc => 'A128GCM' }, { zip => 'DEF' })
{
    my ($name) = sort keys %$header;
    refuses(jws('ES256', $header, $claims), "header $name");
}
refuses(jws('ES256', { typ => $_ }, $claims), "typ $_", 'type')
    for 'dpop+jwt', 'logout+jwt', 'JWE', 'x';
takes(jws('ES256', { typ => $_ }, $claims), "typ $_")
    for 'JWT', 'jwt', 'at+jwt', 'application/at+JWT';
refuses(jws('ES256', $_, $claims), "header $_")
    for '[]', '"ES256"', '', '{', '{"alg":"ES256"}x',
        '{"alg":"ES256","alg":"ES256"}', '{"alg":"none","alg":"ES256"}',
        "{\"alg\":\"ES256\",\"kid\":\"\xff\"}",
        '{"alg":"ES256","x":' . '[' x 64 . ']' x 64 . '}';


=== claims: duplicates, numbers, nesting, texts
--- policy eval: main::policy_of(['HS256'])
--- config eval: $::CONFIG
--- http_weir
    large_client_header_buffers 4 32k;
--- then
my $now = time();
my $token = sub { jws('HS256', {}, $_[0]) };
takes($token->(claims_text('')), 'good');
for my $more (',"sub":"bob"', ',"iss":"https://id.example/"',
              ',"x":{"a":1,"a":2}', ',"x":1e400', ',"x":NaN', ',"x":Infinity',
              ',"x":99999999999999999999', ",\"x\":\"\xc3\"",
              ",\"x\":\"\xed\xa0\x80\"", ',"x":"\\ud800"', ',"x":"\\u0000"',
              ",\"x\":\"a\0b\"", ",\"x\":\"a\nb\"", ',"x":01', ',"x":.5',
              ',"x":' . '[' x 5000 . ']' x 5000,
              ',"x":' . '{"a":' x 30 . '1' . '}' x 30, ',"x":[1,]', ',')
{
    refuses($token->(claims_text($more)),
                  'claims with ' . substr $more, 0, 24);
}
refuses($token->($_), 'claims ' . substr $_, 0, 24)
    for '[]', 'null', '"a"', '1', '', '{}x', '{', "\xef\xbb\xbf{}";
my $claims = sub {
    my ($exp) = @_;
    return $token->('{"iss":"https://id.example/","aud":"shop-api",'
                    . "\"sub\":\"ann\",\"exp\":$exp}");
};
refuses($claims->($_), "exp $_")
    for '1e400', 'NaN', '"' . ($now + 600) . '"', '-1', 'null', 'true', '[]',
        '-9223372036854775808', '99999999999999999999';
takes($claims->($now + 600 . '.5'), 'exp with a fraction');
takes($claims->(($now + 600) . 'e0'), 'exp with an exponent');


=== what would reach a header has no control characters
--- policy eval
    main::policy_of(['HS256'], issuer => 'map: {tenant: org}')
--- config eval: $::CONFIG
--- then
for my $bad ("a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x7fb", "a\tb", "\x01",
             'x' x 256)
{
    my $name = substr($bad, 0, 8) =~ s/[^ -~]/?/gr;
    refuses(good('HS256', sub => $bad), "sub $name");
    refuses(good('HS256', roles => [$bad]), "roles $name");
    refuses(good('HS256', org => $bad), "tenant $name");
}
takes(good('HS256', roles => ['a', 'b']), 'roles', "ann/a,b\n");
takes(good('HS256', roles => 'a b'), 'roles by blanks',
            "ann/a,b\n");
takes(good('HS256', name => "a\r\nb"),
            'a claim that reaches no header');


=== issuer, audience, times
--- policy eval
    main::policy_of(['HS256'], issuer => "skew: 5s\n    max_age: 1h")
--- config eval: $::CONFIG
--- then
my $now = time();
my @iat = (iat => $now);
takes(good('HS256', @iat), 'good');
takes(good('HS256', @iat, aud => ['x', 'shop-api']), 'aud list');
refuses(good('HS256', @iat, aud => $_), 'aud', 'audience')
    for 'shop', 'shop-api2', ['x'], [], 'Shop-API';
refuses(good('HS256', @iat, aud => $_), 'aud') for undef, 7, {};
refuses(good('HS256', @iat, iss => $_), 'iss', 'issuer')
    for 'https://id.example', 'https://id.example//', 'https://evil.example/';
refuses(good('HS256', @iat, iss => $_), 'iss') for undef, 7, [];
refuses(good('HS256', @iat, exp => $now - 6), 'expired',
              'expired');
takes(good('HS256', @iat, exp => $now - 2), 'within the skew');
refuses(good('HS256', @iat, nbf => $now + 60), 'nbf',
              'not valid yet');
takes(good('HS256', @iat, nbf => $now + 2), 'nbf in the skew');
refuses(good('HS256', iat => $now + 60), 'iat of the future',
              'not valid yet');
refuses(good('HS256', iat => $now - 3610), 'too old',
              'too long ago');
refuses(good('HS256'), 'no iat where an age is limited');


=== required claims, types that the policy lists
--- policy eval
    main::policy_of(['HS256'],
                    issuer => "required: [sub, org]\n    typ: [at+jwt]")
--- config eval: $::CONFIG
--- then
my $claims = { %CLAIMS, exp => time() + 600, org => 'acme' };
takes(jws('HS256', { typ => 'at+jwt' }, $claims), 'good');
refuses(jws('HS256', { typ => 'JWT' }, $claims), 'typ', 'type');
refuses(jws('HS256', '{"alg":"HS256","kid":"HS256"}', $claims),
              'no typ', 'type');
delete $claims->{org};
refuses(jws('HS256', { typ => 'at+jwt' }, $claims), 'org',
              'required claim');


=== what is revoked
--- policy eval
    main::policy_of(['HS256', 'HS256-old'], alg => 'HS256',
                    issuer => 'revoked: {jti: [stolen], sub: [mallory], '
                              . 'kid: [HS256-old]}')
--- config eval: $::CONFIG
--- then
takes(good('HS256', jti => 'mine'), 'good');
refuses(good('HS256', jti => 'stolen'), 'jti', 'revoked');
refuses(good('HS256', sub => 'mallory'), 'sub', 'revoked');
refuses(good('HS256-old'), 'kid', 'revoked');
takes(good('HS256', jti => 'stole'), 'another jti');


=== a token is verified once, and known from then on
--- policy eval: main::policy_of(['ES256'])
--- config eval
    $::CONFIG . '
    location = /status { weir off; weir_status; }'
--- then
my $token = good('ES256');
takes($token, "time $_") for 1 .. 5;
my $decisions = status('/status')->{decisions};
is($decisions->{tokens_verified}, 1, 'verified once');
is($decisions->{tokens_known}, 4, 'known four times');
refuses(spoil($token, 2, 0, 'AA'), 'a spoilt copy of it');
my $short = good('ES256', exp => time() - 28);
takes($short, 'within the skew');
sleep 3;
refuses($short, 'known, and expired', 'expired');
