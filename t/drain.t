# A pod that is taken out of its Service: what helm/weir has nginx say while
# it drains, and that requests which are there when it ends have their answers.

use Weir 'no_plan';
use IO::Select ();
use Time::HiRes qw(sleep);
use Weir::Live;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'ends nginx');
}

workers(2);

our $MARK = image_dir() . '/draining';

our $POLICY = <<'POLICY';
policy: {name: drain}
routes:
  - {id: open, match: {path: "/open/**"}, public: true}
  - {id: shut, match: {path: "/shut"}}
POLICY

# An answer's Connection headers, in order; and whether the connection ended.
sub says {
    my ($request, $version, @headers) = @_;
    my $socket = raw_connect();
    my $head   = '';
    my $length = 0;
    my $body;

    print $socket "$request HTTP/$version\r\nHost: localhost\r\n",
        (map { "$_\r\n" } @headers), "\r\n";

    while (my $line = <$socket>) {
        last if $line eq "\r\n";
        $length = $1 if $line =~ /^Content-Length: (\d+)/i;
        $head .= $line;
    }

    read $socket, $body, $length;

    return join ',', $head =~ /^HTTP\S+ (\d+)/,
                     $head =~ /^Connection: ([^\r]*)/mgi,
                     IO::Select->new($socket)->can_read(0.1) ? 'ended' : ();
}

# As the chart's preStop does; each worker looks once a second.
sub mark {
    my ($on) = @_;

    unlink $MARK;
    Weir::Live::write_bytes($MARK, '') if $on;
    sleep 1.2 if $on;

    return wait_long(sub {
        20 == grep {
            (says('GET /open/x', '1.1') =~ /,close,ended$/) == $on
        } 1 .. 20;
    });
}

# What lasts is with another nginx in a pod; here it must be connected before
# this one takes no more connections.
our $CONFIG = $Weir::Live::CONFIG
              =~ s/(location \/up\/ \{)/$1\n        proxy_request_buffering off;/r;

run_tests();

__DATA__

=== connections end while it drains, and not before
--- policy eval: $::POLICY
--- http_weir eval: "weir_drain $::MARK;"
--- config
    location / {
        weir on;
        add_header X-Own own always;
        return 200 ok;
    }
    location /open/up {
        weir on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_SERVER_PORT/101;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
    }
    location /101 {
        weir off;
        return 101;
    }
    location /off {
        weir off;
        return 200 ok;
    }
--- h2
--- then
my @old = ('1.0', 'Connection: keep-alive');
my @up = ('1.1', 'Connection: upgrade', 'Upgrade: websocket');
is(main::says('GET /open/x', '1.1'), '200,keep-alive', 'before');
is(main::says('GET /open/x', @old), '200,keep-alive', 'of an older protocol');

ok(main::mark(1), 'preStop');
is(main::says('GET /open/x', '1.1'), '200,close,ended', 'an answer, whatever else it adds');
is(main::says('GET /open/x', @old), '200,close,ended', 'of an older protocol');
is(main::says('GET /shut', '1.1'), '403,close,ended', 'a refusal');
is(main::says('GET /none', '1.1'), '404,close,ended', 'no route');
is(main::says('GET /off', '1.1'), '200,close,ended', 'where there is no policy');
like(main::says('GET /open/up', @up), qr/^101,upgrade/, 'another protocol begins');
my $text = qx(nghttp -v http://127.0.0.1:@{[h2_port()]}/open/x 2>&1);
like($text, qr/:status: 200/, 'HTTP/2');
unlike($text, qr/recv .* connection:/i, 'has no such header');

ok(main::mark(0), 'the mark is gone');
is(main::says('GET /open/x', '1.1'), '200,keep-alive', 'it serves on');


=== who is there when it ends has an answer, by the policy that it began with
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $::CONFIG
--- then
my $slow = slow_start();
my $load = load(clients => 2, keepalive => 0);
sleep 1;
place(version(2));
served(2);
is(scalar(Weir::Load::faults($load->stop)), 0, 'nothing is lost before');

my $pid = master();
my @workers = workers_of($pid);
kill 'QUIT', $pid;
ok(wait_long(sub { !eval { raw_connect() } }), 'nobody new gets in');
ok(!gone($pid), 'it waits for who is there');
my $answer = slow_end($slow);
is($answer->{status}, 200, 'who has an answer');
like(header($answer, 'X-Version'), qr/^v1/, 'of the policy before');
ok(wait_long(sub { gone($pid) && !grep { !gone($_) } @workers }), 'then it ends');
