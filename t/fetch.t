# Fetches of key sets: which answers are taken, and why others are not.

use Weir 'no_plan';
use Weir::Issuer;
use Weir::Token;

our $ISSUER = Weir::Issuer->start;
our $SET    = read_file(jwks('ES256'));
our $LONG   = 'x' x (1 << 20);

sub chunked {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n$_[0]";
}

sub chunks {
    return join('', map { sprintf("%x\r\n%s\r\n", length $_, $_) } @_);
}

sub raw { return "HTTP/1.1 200 OK\r\n$_[0]\r\n\r\n" . ($_[1] // $::SET) }

our $N = length $SET;

# by a name: what is answered, and how it is refused; '' = it is taken
our %CASES = (
    length        => [{ body => $SET }, ''],
    close         => [{ raw => raw('Server: x') }, ''],
    old           => [{ raw => "HTTP/1.0 200\r\n\r\n$SET" }, ''],
    slow          => [{ body => $SET, pause => 0.3 }, ''],
    kept          => [{ body => $SET, hold => 1 }, ''],
    chunks        => [{ raw => chunked(chunks(substr($SET, 0, 7),
                                              substr($SET, 7)) . "0\r\n\r\n") },
                      ''],
    trailer       => [{ raw => chunked(sprintf("%X;a=b\r\n", $N)
                                       . "$SET\r\n00;c\r\nA: b\r\n\r\n"),
                        hold => 1 }, ''],
    largest       => [{ body => $SET . ' ' x ((1 << 20) - $N) }, ''],

    missing       => [undef, qr/status is 404$/],
    redirect      => [{ status => '302 Found', headers => ['Location: /length'] },
                      qr/status is 302, and redirects are not followed/],
    error         => [{ status => '500 Oh', body => $SET }, qr/status is 500$/],
    early         => [{ raw => "HTTP/1.1 100 Go on\r\n\r\n"
                               . "HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\n"
                               . raw("Content-Length: $N") }, ''],
    early_length  => [{ raw => "HTTP/1.1 103 Early\r\nContent-Length: 9\r\n\r\n"
                               . raw("Content-Length: $N") }, ''],
    only_early    => [{ raw => "HTTP/1.1 103 Early\r\n\r\n" },
                      qr/ended without an answer/],
    early_always  => [{ raw => "HTTP/1.1 103 Early\r\n\r\n" x 1000 },
                      qr/headers have more than 16384 bytes$/],
    early_bad     => [{ raw => "HTTP/1.1 103 Early\r\nLink\r\n\r\n"
                               . raw("Content-Length: $N") },
                      qr/malformed header$/],
    switched      => [{ raw => "HTTP/1.1 101 To What\r\n\r\n" . raw('A: b') },
                      qr/status is 101$/],
    nothing       => [{ raw => '' }, qr/ended without an answer/],
    garbage       => [{ raw => "\0\1\2 what\r\n\r\n" }, qr/control character/],
    version       => [{ raw => "HTTP/2.0 200 OK\r\n\r\n" }, qr/not one of HTTP/],
    digits        => [{ raw => "HTTP/1.1 2000 OK\r\n\r\n" },
                      qr/not one of HTTP/],
    half_head     => [{ raw => "HTTP/1.1 200 OK\r\nA: b\r\n" },
                      qr/ended within the answer's headers/],
    half_body     => [{ raw => raw('Content-Length: 9999') },
                      qr/ended within the answer's body/],
    half_chunk    => [{ raw => chunked("ff\r\n{}") },
                      qr/ended within the answer's body/],
    no_last       => [{ raw => chunked(chunks($SET)) },
                      qr/ended within the answer's body/],
    linefeeds     => [{ raw => "HTTP/1.1 200 OK\nA: b\r\n\r\n" },
                      qr/control character/],
    folded        => [{ raw => raw("A: b\r\n c") }, qr/malformed header/],
    blank         => [{ raw => raw('Content-Length : 1') },
                      qr/malformed header/],
    no_colon      => [{ raw => raw('Content-Length') }, qr/malformed header/],
    twice         => [{ raw => raw("Content-Length: $N\r\ncontent-length: $N") },
                      qr/no good Content-Length/],
    signed        => [{ raw => raw("Content-Length: +$N") },
                      qr/no good Content-Length/],
    huge_length   => [{ raw => raw('Content-Length: 99999999999999999999') },
                      qr/no good Content-Length/],
    both          => [{ raw => raw("Content-Length: $N\r\n"
                                   . 'Transfer-Encoding: chunked') },
                      qr/has a length and is chunked/],
    gzip_chunked  => [{ raw => raw('Transfer-Encoding: gzip, chunked') },
                      qr/Transfer-Encoding is not "chunked"/],
    gzip          => [{ body => $SET, headers => ['Content-Encoding: gzip'] },
                      qr/compressed/],
    behind        => [{ raw => raw("Content-Length: 2") },
                      qr/bytes behind its end/],
    bad_size      => [{ raw => chunked("x\r\n") }, qr/chunks are malformed/],
    no_size       => [{ raw => chunked("\r\n") }, qr/chunks are malformed/],
    long_size     => [{ raw => chunked("000000001\r\n{\r\n") },
                      qr/chunks are malformed/],
    chunk_end     => [{ raw => chunked("2\r\n{}x\r\n") },
                      qr/chunks are malformed/],
    bad_trailer   => [{ raw => chunked("0\r\nA: b\n\r\n") },
                      qr/trailer is malformed/],
    long_trailer  => [{ raw => chunked("0\r\n" . 'A' x 5000) },
                      qr/trailer is malformed/],
    long_head     => [{ raw => 'HTTP/1.1 200 OK' . "\r\nA: " . 'b' x 20000 },
                      qr/headers have more than 16384 bytes/],
    too_long      => [{ body => "$LONG." },
                      qr/has 1048577 bytes, more than 1048576/],
    too_long_end  => [{ raw => raw('A: b', "$LONG.") },
                      qr/has more than 1048576 bytes/],
    too_many      => [{ raw => chunked(chunks($LONG, '.')) },
                      qr/has more than 1048576 bytes/],

    no_json       => [{ body => 'keys' }, qr/./],
    no_set        => [{ body => '[]' }, qr/./],
    no_keys       => [{ body => '{"keys": []}' }, qr/./],
    torn          => [{ body => substr $SET, 0, -1 }, qr/./],
    empty         => [{ body => '' }, qr/./],
    mixed         => [{ body => read_file(jwks('ES256', 'HS256')) }, qr/./],
);

$ISSUER->set("/$_", %{$CASES{$_}[0]})
    for grep { $CASES{$_}[0] } keys %CASES;

sub issuers {
    return "issuers:\n" . join '', map {
        "  $_:\n    iss: https://$_.example/\n"
            . "    jwks: {url: \"" . $::ISSUER->url("/$_") . "\"}\n"
    } @_;
}

our $POLICY = issuers(sort keys %CASES) . <<'END';
routes:
  - {id: all, match: {path: "/**"}, public: true}
END

our $CONFIG = <<'END';
    location = /status { weir off; weir_status; }
END

# The state of an issuer once it was tried.
sub tried {
    my ($name) = @_;
    my $state;

    wait_for(sub {
        $state = status()->{issuers}{$name};
        return @{$state->{keys}} || defined $state->{last_error};
    });

    return $state;
}

run_tests();

__DATA__

=== answers are read strictly
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
for my $name (sort keys %::CASES) {
    my $wanted = $::CASES{$name}[1];
    my $state = tried($name);

    if ($wanted eq '') {
        is_deeply($state->{keys}, ['ES256'], "$name: is taken");
        is($state->{last_error}, undef, "$name: no error");
        is("$state->{fetches} $state->{failures}", '1 0', "$name: once");
    } else {
        is_deeply($state->{keys}, [], "$name: is not taken");
        like($state->{last_error}, $wanted, "$name: a sentence");
        cmp_ok($state->{failures}, '>=', 1, "$name: a failure");
    }
}
like($::ISSUER->request('/length'), qr{^GET /length HTTP/1\.1\r\nHost: 127\.0\.0\.1:\d+\r\nUser-Agent: weir/[\d.]+\S*\r\n.*Connection: close\r\n\r\n$}s, 'the request');


=== a server that is silent is waited for, but not for ever
--- policy eval
$::ISSUER->set('/hang', delay => 60);
$::ISSUER->set('/stuck', body => $::SET, pause => 60);
::issuers('hang', 'stuck') . 'routes: [{id: all, match: {path: "/**"}, public: true}]'
--- config eval: $::CONFIG
--- then
for my $name ('hang', 'stuck') {
    my $state;
    for (1 .. 3) { $state = tried($name); last if $state->{last_error} }
    like($state->{last_error}, qr/the server sent nothing for 5000ms/, $name);
    ok(!$state->{fetching}, 'that is over');
}
is(http('GET', '/status')->{status}, 200, 'and nothing stands still');


=== a server that is not there
--- policy eval
::issuers('none') =~ s/127\.0\.0\.1:\d+/127.0.0.1:1/r . 'routes: [{id: all, match: {path: "/**"}, public: true}]'
--- config eval: $::CONFIG
--- then
like(tried('none')->{last_error}, qr/connecting to 127\.0\.0\.1:1 failed \(111: Connection refused\)/);
--- error_log
weir: no new keys of issuer "none" from "http://127.0.0.1:1/none": connecting to 127.0.0.1:1 failed
