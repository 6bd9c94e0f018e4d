# Mirrors: copies of requests that nobody waits for.

use Weir 'no_plan';
use IO::Select ();
use IO::Socket::INET ();
use Weir::Live;
use Weir::Splits;

our $CONFIG = $Weir::Splits::CONFIG;
our $UPSTREAM = $Weir::Splits::UPSTREAM;

my $shadow;

# The shadow is the upstream "hand": a listener of this block.
sub listening {
    $shadow = IO::Socket::INET->new(
        LocalAddr => '127.0.0.1', Listen => 16, ReuseAddr => 1,
        LocalPort => rand_port(3)) or die "listen: $!";
}

# The next copy: its connection, and what came on it.
sub copy {
    my $body = $_[0] // 0;
    my $whole = qr/\r\n\r\n.{$body}/s;

    IO::Select->new($shadow)->can_read(10) or return (undef, 'no copy');

    my $c    = $shadow->accept or die "accept: $!";
    my $text = '';

    while ($text !~ $whole) {
        sysread $c, $text, 65536, length $text or last;
    }

    return ($c, $text);
}

sub no_copy {
    return !IO::Select->new($shadow)->can_read(0.3);
}

# Counts of the mirror, once one of them is as expected.
sub mirrored {
    my ($what, $n) = @_;
    my $found;

    wait_long(sub { ($found = of_split()->{mirror}{$what}) == $n });

    return $found;
}

sub mirror {
    return policy_of("mirror: {upstream: hand, timeout: 300ms$_[0]}",
                     weight => 0);
}

run_tests();

__DATA__

=== a copy tells what the upstream was told, and ends with its connection
--- policy eval
main::mirror('') =~ s/public: true/public: true, transform: {request: {set: {x-told: "by \${route.id}"}, remove: [x-secret]}}/r
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
listening();
is(http('GET', '/a%20b?c=d', 'X-Secret' => 's', 'X-Other' => 'o')->{status},
   200);
my ($c, $text) = copy();
like($text, qr{^GET /a%20b\?c=d HTTP/1\.1\r\n});
like($text, qr{^Host: localhost\r$}mi);
like($text, qr{^x-told: by all\r$}mi);
like($text, qr{^x-other: o\r$}mi);
like($text, qr{^Connection: close\r$}mi);
unlike($text, qr{secret}i);
is(() = $text =~ /^connection:/mgi, 1, 'one Connection header');
tell($c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
close $c;
is(mirrored('ok', 1), 1, 'and is counted');


=== the original does not wait, and does not fail
--- policy eval: main::mirror('')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
listening();
is(http('GET', '/')->{body}, "v1\n", 'answered while the shadow says nothing');
my ($c) = copy();
ok($c, 'it has the copy');
is(mirrored('failed', 1), 1, 'which is given up in time');

is(http('GET', '/')->{body}, "v1\n");
($c) = copy();
tell($c, "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n");
close $c;
is(mirrored('errors', 1), 1, 'an error of the shadow is its own');

is(http('GET', '/')->{body}, "v1\n");
($c) = copy();
tell($c, "no such protocol\r\n\r\n");
close $c;
is(mirrored('failed', 2), 2, 'nor is what is no answer');


=== an answer that never ends holds nobody up
--- log_level: debug
--- policy eval: main::mirror('')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
listening();
is(http('GET', '/')->{status}, 200);
my ($c) = copy();
my $writer = fork // die "fork: $!";

if ($writer == 0) {
    $SIG{PIPE} = 'DEFAULT';
    alarm 6;
    tell($c, "HTTP/1.1 200 OK\r\n\r\n");
    tell($c, 'x' x 1_000_000) while 1;
}

close $c;
is(mirrored('ok', 1), 1, 'it is given up in time');
kill 'KILL', $writer;
waitpid $writer, 0;

my ($run, $longest) = (0, 0);

for (split /\n/, log_text()) {
    $run = 0 if /epoll timer:/;
    $longest = $run if /recv: fd:\d+ 16384 of 16384/ && ++$run > $longest;
}

cmp_ok($longest, '>', 0, 'it was read');
cmp_ok($longest, '<=', 8, 'and others had their turn meanwhile');


=== a shadow that hangs leaves connections to others
--- policy eval: main::mirror('') =~ s/300ms/60s/r
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
listening();
my %n;
$n{http('GET', '/')->{status}}++ for 1 .. 100;
is(join(' ', %n), '200 100');
cmp_ok(of_split()->{mirror}{left_out}, '>', 0);


=== a shadow that is down
--- policy eval: main::mirror('') =~ s/hand/dead/r
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(http('GET', '/')->{body}, "v1\n");
is(mirrored('failed', 1), 1);


=== a shadow that the configuration lacks
--- policy eval: main::mirror('') =~ s/hand/nowhere/r
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(http('GET', '/')->{body}, "v1\n");
is(mirrored('left_out', 1), 1);


=== only GET and HEAD unless the split names others
--- policy eval: main::mirror('')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
listening();
is(http('POST', '/')->{status}, 200);
ok(no_copy(), 'POST');
is(http('HEAD', '/')->{status}, 200);
my ($c, $text) = copy();
like($text, qr{^HEAD / });


=== a body goes along, one that is too large or on disk does not
--- policy eval: main::mirror(', methods: [POST]')
--- http_config eval: $::UPSTREAM
--- config eval: 'client_body_buffer_size 8k;' . $::CONFIG
--- then
listening();

sub post {
    my ($body, $head) = @_;
    return http_raw("POST / HTTP/1.1\r\nHost: localhost\r\n"
                    . "Connection: close\r\n$head\r\n\r\n$body");
}

like(post('hello', 'Content-Length: 5'), qr{^HTTP/1.1 200 });
my ($c, $text) = copy(5);
like($text, qr{^Content-Length: 5\r$}mi);
like($text, qr{\r\n\r\nhello\z});

like(post("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 'Transfer-Encoding: chunked'),
     qr{^HTTP/1.1 200 });
($c, $text) = copy(5);
like($text, qr{^Content-Length: 5\r$}mi, 'in one piece');
unlike($text, qr{transfer-encoding}i);
like($text, qr{\r\n\r\nabcde\z});

like(post('x' x 20_000, 'Content-Length: 20000'), qr{^HTTP/1.1 200 });
is(mirrored('left_out', 1), 1);
ok(no_copy());


=== what is refused, by whomever, is not copied, nor what is not enforced
--- policy eval
main::mirror('')
. "deny: [{id: d, when: 'request.url_path.startsWith(\"/no\")'}]\n"
--- http_config eval: $::UPSTREAM
--- config eval
$::CONFIG . <<'END';
    location /dry { weir dry_run; proxy_pass http://$weir_upstream; }
    location /closed { weir on; deny all; proxy_pass http://$weir_upstream; }
    location /asks {
        weir on;
        auth_request /auth;
        proxy_pass http://$weir_upstream;
    }
    location = /auth { internal; return 401; }
END
--- then
listening();
is(http('GET', '/no')->{status}, 403);
is(http('GET', '/dry')->{status}, 200);
is(http('GET', '/closed')->{status}, 403);
is(http('GET', '/asks')->{status}, 401);
ok(no_copy());


=== a worker that quits does not wait for copies
--- policy eval: main::mirror('') =~ s/300ms/60s/r
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
listening();
is(http('GET', '/')->{status}, 200);
my ($c) = copy();
my @old = workers_of(master());
ok(reload(), 'reloaded');
ok(wait_long(sub { gone($old[0]) }), 'the old worker is gone');
