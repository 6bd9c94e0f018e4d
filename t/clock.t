# A clock that is set while nginx serves: what is counted by time goes by a
# clock that is not set, what is dated by the one that is.

use Weir 'no_plan';
use Time::HiRes qw(sleep);
use Weir::Live;
use Weir::Token;

my ($PRELOAD) = glob '/usr/lib/*/faketime/libfaketime.so.1';

if ($ENV{TEST_NGINX_BINARY} =~ /asan/) {
    plan(skip_all => 'faketime and sanitizers');
}

die "no libfaketime: make deps\n" if !$PRELOAD;

our $POLICY = <<'END';
limits:
  gcra:    {key: [source.ip], rate: 4/20s, burst: 2}
  sliding: {key: [source.ip], rate: 2/1h, algorithm: sliding_window}
  fixed:   {key: [source.ip], rate: 2/1h, algorithm: fixed_window}
  daily:   {key: [source.ip], quota: {day: 2}}
routes:
  - {id: gcra, match: {path: /gcra}, public: true, limits: [gcra]}
  - {id: sliding, match: {path: /sliding}, public: true, limits: [sliding]}
  - {id: fixed, match: {path: /fixed}, public: true, limits: [fixed]}
  - {id: daily, match: {path: /daily}, public: true, limits: [daily]}
END

my ($pid, $port, $dir);

END {
    my $status = $?;
    stop();
    $? = $status;
}

# Sets the clock of the nginx that start() started, by seconds from ours.
sub set_clock {
    my ($seconds) = @_;

    write_bytes("$dir/clock.new", sprintf '%+d', $seconds);
    rename "$dir/clock.new", "$dir/clock" or die "rename: $!";
    sleep 0.3;
}

# An nginx of its own under a policy, with such a clock.
sub start {
    my ($image) = @_;

    $port = $Test::Nginx::Util::ServerPortForClient + 7;
    $dir  = Weir::write_conf("weir_policy $image check=20ms; weir_zone 1m; "
                             . "server { listen 127.0.0.1:$port; location / { "
                             . 'weir on; return 200 "$weir_subject\n"; } }');

    set_clock(0);
    $pid = fork // die "fork: $!";

    if ($pid == 0) {
        %ENV = (%ENV, LD_PRELOAD => $PRELOAD, FAKETIME_NO_CACHE => 1,
                FAKETIME_DONT_FAKE_MONOTONIC => 1,
                FAKETIME_TIMESTAMP_FILE => "$dir/clock");
        open STDOUT, '>', '/dev/null';
        exec $ENV{TEST_NGINX_BINARY}, '-p', $dir, '-e', "$dir/logs/error.log",
             '-g', 'daemon off; worker_processes 2; '
                   . join ' ', map { "env $_;" } grep { /^FAKETIME/ } keys %ENV
            or POSIX::_exit(1);
    }

    wait_long(sub { eval { raw_connect($port) } }) or die 'no second nginx';
}

sub stop {
    return if !$pid;

    kill 'QUIT', $pid;
    waitpid $pid, 0;
    $pid = 0;
    is((() = read_file("$dir/logs/error.log") =~ /\[(?:alert|emerg)\]/g), 0,
       'nothing to be alarmed at');
}

# What requests are answered with, one after the other.
sub codes {
    my ($path, $n, @headers) = @_;

    return join ' ', map {
        my ($raw) = http_raw("GET $path HTTP/1.1\r\nHost: a\r\n"
                             . join('', map { "$_\r\n" } @headers)
                             . "Connection: close\r\n\r\n", $port);
        $raw =~ m{^HTTP/1\.1 (\d+)}
    } 1 .. $n;
}

run_tests();

__DATA__

=== limits are neither held up nor let go
--- policy eval: $::POLICY
--- then
main::start(main::compile_policy($::POLICY));
is(main::codes("/$_", 3), '200 200 429', "$_: so many") for qw(gcra sliding fixed daily);
for my $step (['an hour back', -3600], ['an hour ahead', 3600]) {
    my ($title, $seconds) = @$step;
    main::set_clock($seconds);
    is(main::codes("/$_", 1), '429', "$_: $title") for qw(sliding fixed);
}
main::set_clock(-30 * 86400);
ok(wait_long(sub { main::codes('/gcra', 1) eq '200' }),
   'gcra: units come back as time goes by, a month back');
is(main::codes('/daily', 3), '200 200 429', 'another day is another quota');
main::set_clock(0);
main::stop();


=== a token is good while the clock says so, known or not
--- policy
routes: [{id: none, match: {path: /none}, public: true}]
--- then
my $keys = jwks('ES256');
main::start(main::compile_policy(<<"END"));
issuers:
  main:
    iss: https://id.example/
    jwks: {file: $keys}
    alg: [ES256]
    skew: 1s
routes:
  - id: all
    match: {path: "/**"}
    auth: {any: [jwt: main]}
    allow: [{id: known, when: 'principal.kind == "jwt"'}]
END
my @bearer = map {
    my ($name, $value) = bearer(jws('ES256', {}, {
        iss => 'https://id.example/', sub => $_->[0], exp => time() + 600, %{$_->[1]} }));
    "$name: $value"
} ['ann', {}], ['bob', { nbf => time() - 60 }];
is(main::codes('/', 4, $_), '200 200 200 200', 'taken') for @bearer;
main::set_clock(3600);
is(main::codes('/', 4, $_), '401 401 401 401', 'over, an hour ahead') for @bearer;
main::set_clock(0);
is(main::codes('/', 4, $_), '200 200 200 200', 'taken again') for @bearer;
main::set_clock(-3600);
is(main::codes('/', 4, $bearer[0]), '200 200 200 200', 'without nbf, an hour back');
is(main::codes('/', 4, $bearer[1]), '401 401 401 401', 'not yet, an hour back');
main::set_clock(0);
main::stop();


=== a policy that comes while the clock is set is taken
--- policy eval: $::POLICY
--- then
my $image = Weir::image_dir() . '/swapped.weir';
main::compile_policy($::POLICY, $image);
main::start($image);
is(main::codes('/new', 1), '404', 'before');
for my $step ([-86400, '/new'], [86400, '/newer']) {
    main::set_clock($step->[0]);
    main::compile_policy("$::POLICY  - {id: new, match: {path: $step->[1]}, public: true}\n",
                         $image);
    ok(wait_long(sub { main::codes($step->[1], 1) eq '200' }), "by $step->[0] s");
}
main::set_clock(0);
main::stop();
