# Weir::Token: keys and tokens, made with the weir command.
#
# A key is named by its algorithm, or by ALGORITHM-WORD where a test needs
# several, and Ed448 is one of EdDSA; it is made once in a run.  Its kid is its
# name.
#
#     issuers: {main: {iss: ..., jwks: {file: @{[jwks('ES256', 'RS256-old')]}}}}
#
#     http('GET', '/', bearer(token('ES256', sub => 'ann', roles => ['clerk'])))
#     http('GET', '/', bearer(jws('ES256', {crit => ['x']}, {sub => 'ann'})))
#     http('GET', '/', bearer(jws('ES256', '{"alg":"ES256","alg":1}', '')))
#
# token() is what libjwt issues.  jws() signs any two texts, so that what is
# wrong with a token can be all but its signature.

package Weir::Token;

use strict;
use warnings;

use base 'Exporter';

use Digest::SHA qw(hmac_sha256 hmac_sha384 hmac_sha512 sha1_hex);
use File::Path qw(make_path);
use IPC::Open2 qw(open2);
use JSON::PP ();
use MIME::Base64 qw(decode_base64url encode_base64url);
use Weir ();

our @EXPORT = qw(base64url bearer claims_of jwk jws jwks key_file pem_file
                 sign_bytes token token_of);

my $json = JSON::PP->new->canonical->utf8->allow_nonref;

my %hmac = (HS256 => \&hmac_sha256, HS384 => \&hmac_sha384,
            HS512 => \&hmac_sha512);

sub base64url($) {
    my ($bytes) = @_;

    return encode_base64url($bytes);
}

sub dir {
    my $dir = Weir::image_dir() . '/keys';

    make_path($dir);

    return $dir;
}

sub write_file {
    my ($path, $bytes) = @_;

    open my $out, '>:raw', $path or die "$path: $!";
    print $out $bytes;
    close $out or die "$path: $!";

    return $path;
}

# What the weir command prints.
sub weir {
    my ($input, @args) = @_;

    my $pid = open2(my $out, my $in, Weir::weir(), @args);
    print $in $input;
    close $in;
    my $said = do { local $/; <$out> };
    waitpid $pid, 0;
    die "weir @args: exit code " . ($? >> 8) if $? != 0;

    return $said;
}


# Keys

# The file with the private JWK of a key, or with its secret.
sub key_file($) {
    my ($name) = @_;
    my $path = dir() . "/$name.jwk";

    if (!-e $path) {
        my ($alg) = $name =~ /^(\w+)/;
        weir('', 'jwks', 'new', '--alg', $alg, '--kid', $name, '-o', $path);
    }

    return $path;
}

# The private JWK, or with `public` the public one, to be changed at will.
sub jwk($;$) {
    my ($name, $public) = @_;
    my $path = key_file($name);

    return $json->decode(Weir::read_file($path)) if !$public;
    return $json->decode(Weir::read_file("$path.pub"))->{keys}[0];
}

# The file of a set: of public keys by their names, of secrets by theirs, and
# of JWKs as they are.
sub jwks(@) {
    my @keys = map { ref $_ ? $_ : /^HS/ ? jwk($_) : jwk($_, 1) } @_;
    my $text = $json->encode({ keys => \@keys });

    return write_file(dir() . '/' . sha1_hex($text) . '.jwks', $text);
}

# The file of a private key in PEM.
sub pem_file($) {
    my ($name) = @_;
    my $path = dir() . "/$name.pem";

    if (!-e $path) {
        weir('', 'jwks', 'pem', key_file($name), '-o', $path);
    }

    return $path;
}


# Tokens

# A token of a key: claims, and of -kid, -typ, -exp, -nbf, -iat, -time and
# -alg what the options of `weir token sign` mean.
sub token($;%) {
    my ($key, %claims) = @_;
    my @args;

    for my $option (sort grep { /^-/ } keys %claims) {
        push @args, "-$option", delete $claims{$option};
    }

    my $token = weir($json->encode(\%claims), 'token', 'sign', '-k',
                     key_file($key), '--claims', '-', @args);
    chomp $token;

    return $token;
}

sub slurp_command {
    my ($bytes, @command) = @_;

    my $file = write_file(dir() . "/to-sign.$$", $bytes);
    open my $out, '-|', @command, $file or die "@command: $!";
    binmode $out;
    my $said = do { local $/; <$out> };
    close $out or die "@command: exit code " . ($? >> 8);

    return $said;
}

# r and s of a signature in DER, of so many octets each.
sub raw_ecdsa {
    my ($der, $n) = @_;
    my $at = ord(substr $der, 1, 1) == 0x81 ? 3 : 2;
    my $raw = '';

    for (1 .. 2) {
        my $len = ord substr $der, $at + 1, 1;
        my $int = substr $der, $at + 2, $len;
        $int =~ s/^\0+//;
        $raw .= "\0" x ($n - length $int) . $int;
        $at += 2 + $len;
    }

    return $raw;
}

# The signature of bytes by a key; `alg` in place of the key's own.
sub sign_bytes($$;$) {
    my ($key, $bytes, $alg) = @_;

    ($alg) = $key =~ /^(\w+)/ if !defined $alg;

    if ($hmac{$alg}) {
        return $hmac{$alg}->($bytes, decode_base64url(jwk($key)->{k}));
    }

    my $pem = pem_file($key);

    if ($alg =~ /^Ed/) {
        return slurp_command($bytes, qw(openssl pkeyutl -sign -rawin -inkey),
                             $pem, '-in');
    }

    my ($hash) = $alg =~ /(256|384|512)/;
    my @pss = $alg =~ /^PS/ ? qw(-sigopt rsa_padding_mode:pss -sigopt
                                 rsa_pss_saltlen:digest) : ();
    my $signature = slurp_command($bytes, 'openssl', 'dgst', "-sha$hash",
                                  '-sign', $pem, @pss);

    return $signature if $alg !~ /^ES/;
    return raw_ecdsa($signature, { 256 => 32, 384 => 48, 512 => 66 }->{$hash});
}

# A token of any header and payload, texts or values, truly signed.  The
# header {alg, kid, typ} is added to where it is a value.
sub jws($$$;$) {
    my ($key, $header, $payload, $alg) = @_;

    ($alg) = $key =~ /^(\w+)/ if !defined $alg;

    if (ref $header) {
        my $name = $alg =~ /^Ed/ ? 'EdDSA' : $alg;
        $header = $json->encode({ alg => $name, kid => $key, typ => 'JWT',
                                  %$header });
    }

    $payload = $json->encode($payload) if ref $payload;

    my $text = encode_base64url($header) . '.' . encode_base64url($payload);

    return "$text." . encode_base64url(sign_bytes($key, $text, $alg));
}

# A token of parts as they are: texts and values are encoded, a reference to
# a text is not.
sub token_of(@) {
    return join '.', map {
        ref $_ eq 'SCALAR' ? $$_ : encode_base64url(ref $_ ? $json->encode($_)
                                                           : $_)
    } @_;
}

sub claims_of($) {
    my (undef, $payload) = split /\./, $_[0];

    return $json->decode(decode_base64url($payload));
}

# The header that carries a token, for http() of Weir.
sub bearer($) {
    return (Authorization => "Bearer $_[0]");
}

1;
