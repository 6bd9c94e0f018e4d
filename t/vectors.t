# The signatures that standards print, through nginx: what their keys signed is
# known for signed, and is refused for what it says; nothing else is signed.

use Weir 'no_plan';
use Weir::Token;

# Rows of policy/test/jws_vectors.h: title, algorithm, key, token.
sub vectors {
    my $source = read_file('policy/test/jws_vectors.h');
    my ($table) = $source =~ /jws_vectors\[\] = \{(.*?)^\};/ms;
    my (%text, @rows, @row);

    while ($source =~ /^#define (\w+)\s*\\\n((?:\s+".*\n)+)/mg) {
        my ($name, $strings) = ($1, $2);
        $text{$name} = join '', $strings =~ /"([^"]*)"/g;
    }

    while ($table =~ /"((?:[^"\\]|\\.)*)"|(\w+)|([{},])/g) {
        if (!defined $3) {
            $row[-1] .= defined $1 ? $1 =~ s{\\"}{"}gr : $text{$2} // $2;
        } elsif ($3 eq '}') {
            my ($title, $alg, $key, $token) = @row;

            $alg =~ s/^WEIR_ALG_//;
            push @rows, { title => $title, key => $key, token => $token,
                          alg => $alg eq 'EDDSA' ? 'EdDSA' : $alg };
        } else {
            @row = () if $3 eq '{';
            push @row, '';
        }
    }

    return @rows;
}

our @VECTORS = vectors();

sub policy {
    my $issuers = '';
    my $routes  = '';

    for my $i (0 .. $#VECTORS) {
        my $v    = $VECTORS[$i];
        my $file = Weir::Token::write_file(Weir::Token::dir() . "/vector$i",
                                           $v->{key});
        my $keys = $v->{alg} =~ /^HS/ ? 'secret' : 'jwks';

        $issuers .= "  v$i: {iss: \"https://v$i.example/\", "
                    . "$keys: {file: $file}, alg: [$v->{alg}]}\n";
        $routes .= "  - {id: v$i, match: {path: /v$i}, "
                   . "auth: {any: [jwt: v$i]}, "
                   . "allow: [{id: all, when: 'true'}]}\n";
    }

    return "policy: {name: vectors}\nissuers:\n${issuers}routes:\n$routes";
}

sub told {
    my ($i, $token) = @_;
    my $answer = http('GET', "/v$i", bearer($token));

    is($answer->{status}, 401, "$VECTORS[$i]{title}: refused");

    return header($answer, 'WWW-Authenticate');
}

run_tests();

__DATA__

=== what a standard signed is signed, and nothing else is
--- policy eval: main::policy()
--- then
cmp_ok(scalar @main::VECTORS, '>=', 9, 'there are vectors');
for my $i (0 .. $#main::VECTORS) {
    my ($title, $token) = @{$main::VECTORS[$i]}{qw(title token)};
    my ($head, $body, $sig) = split /\./, $token;
    unlike(told($i, $token), qr/signature|token is malformed|key|algorithm/,
           "$title: signed");
    my $other = $body;
    substr($other, 4, 1) = substr($other, 4, 1) eq 'x' ? 'y' : 'x';
    like(told($i, "$head.$other.$sig"), qr/signature is wrong/,
         "$title: another payload");
    my $spoilt = $sig;
    substr($spoilt, 10, 1) = substr($spoilt, 10, 1) eq 'x' ? 'y' : 'x';
    like(told($i, "$head.$body.$spoilt"), qr/signature is wrong/,
         "$title: another signature");
}
