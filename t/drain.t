# A pod that is taken out of its Service: what helm/weir has nginx say while
# it drains, and that requests which are there when it ends have their answers.

use Weir 'no_plan';
use Time::HiRes qw(sleep);
use Weir::Live;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'ends nginx');
}

workers(2);

# The lines of the chart, with the mark of its preStop in a place of ours.
our $MARK = image_dir() . '/draining';
my $chart = read_file('helm/weir/templates/_nginx.tpl')
            =~ s{/run/weir/draining}{$MARK}gr;
our ($MAP) = $chart =~ /^(    map \$draining:.*?^    }\n)/ms or die 'no map';
our ($SAYS) = $chart =~ /^(        open_file_cache max.*?add_header [^\n]*\n)/ms
    or die 'no add_header';

our $POLICY = <<'POLICY';
policy: {name: drain}
routes:
  - {id: open, match: {path: "/open/**"}, public: true}
  - {id: shut, match: {path: "/shut"}}
POLICY

# An answer's Connection headers, in order.
sub says {
    my ($request, $version, @headers) = @_;
    my $socket = raw_connect();
    my $head   = '';

    print $socket "$request HTTP/$version\r\nHost: localhost\r\n",
        (map { "$_\r\n" } @headers), "\r\n";

    while (my $line = <$socket>) {
        last if $line eq "\r\n";
        $head .= $line;
    }

    return join ',', $head =~ /^HTTP\S+ (\d+)/,
                     $head =~ /^Connection: ([^\r]*)/mgi;
}

# As the chart's preStop does; each worker looks once a second.
sub mark {
    my ($on) = @_;

    unlink $MARK;
    Weir::Live::write_bytes($MARK, '') if $on;
    sleep 1.2 if $on;

    return wait_long(sub {
        20 == grep {
            (says('GET /open/x', '1.0', 'Connection: keep-alive') =~ /,close$/)
                == $on
        } 1 .. 20;
    });
}

# What lasts is with another nginx in a pod; here it must be connected before
# this one takes no more connections.
our $CONFIG = $Weir::Live::CONFIG
              =~ s/(location \/up\/ \{)/$1\n        proxy_request_buffering off;/r;

run_tests();

__DATA__

=== connections are asked to end while it drains, and not before
--- policy eval: $::POLICY
--- http_weir eval: $::MAP
--- config eval
"$::SAYS
    location / {
        weir on;
        return 200 ok;
    }"
--- h2
--- then
my @close = ('1.1', 'Connection: close');
my @keep = ('1.0', 'Connection: keep-alive');
is(main::says('GET /open/x', @keep), '200,keep-alive', 'before');

ok(main::mark(1), 'preStop');
is(main::says('GET /open/x', @close), '200,close,close', 'an answer');
is(main::says('GET /open/x', @keep), '200,keep-alive,close', 'of an older protocol');
is(main::says('GET /shut', @keep), '403,keep-alive,close', 'a refusal');
is(main::says('GET /none', @keep), '404,keep-alive,close', 'no route');
is(main::says('GET /open/x', @close, 'Upgrade: websocket'), '200,close', 'who asks for another protocol is not disturbed');
my $text = qx(nghttp -v http://127.0.0.1:@{[h2_port()]}/open/x 2>&1);
like($text, qr/:status: 200/, 'HTTP/2');
unlike($text, qr/recv .* connection:/i, 'has no such header');

ok(main::mark(0), 'the mark is gone');
is(main::says('GET /open/x', @keep), '200,keep-alive', 'it serves on');


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
