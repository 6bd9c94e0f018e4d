# What people order about splits: by weir_control, and by the command.

use Weir 'no_plan';
use JSON::PP ();
use Weir::Live;
use Weir::Splits;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'what was ordered outlives a reload');
}

workers(2);

our @GO = ('Weir-Control' => '1');
our $STICKY = $Weir::Splits::STICKY;
our $UPSTREAM = $Weir::Splits::UPSTREAM;
our $GUARD = "$STICKY\nguard: {arm: v2, versus: v1, window: 10s, error_rate: 2%}\n";
our $RAMP = "${GUARD}ramp: {arm: v2, steps: [\"5%\@1h\", \"50%\"]}\n";

our $CONFIG = $Weir::Splits::CONFIG . <<'END';
    location = /control {
        weir off;
        weir_control;
    }
END

our $ROUTE = <<'END';
routes:
  - id: control
    match: {path: "/{where}"}
    allow: [{id: ops, when: '"x-ops" in request.headers'}]
END

# A policy whose only route is one for those who give orders.
sub guarded {
    my $policy = policy_of($GUARD);

    $policy =~ s/^routes:.*//ms;

    return $policy . $ROUTE;
}

sub json { return JSON::PP->new->decode($_[0]{body}) }

# An order: the status, and what it says of the split, or of what is wrong.
sub order {
    my ($query, %headers) = @_;
    my $answer = http('POST', "/control?$query", @GO, %headers);

    return ($answer->{status}, json($answer)->{splits}{s}
                               // json($answer)->{error});
}

# Arms of so many keys.
sub arms {
    my %arm;

    $arm{$_}++ for burst('/', map { "k$_" } 1 .. $_[0]);

    return join ' ', sort keys %arm;
}

# weir split ...: its exit code and all that it says.
sub split_verb {
    my ($words, $server) = @_;

    $server //= 'http://127.0.0.1:' . server_port() . '/control';
    my $said = qx{$ENV{WEIR} split $words --server '$server' 2>&1};

    return ($? >> 8, $said);
}

run_tests();

__DATA__

=== roll back, resume, pin
--- policy eval: main::policy_of($::GUARD)
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(main::arms(100), 'v1 v2', 'both arms');

my ($status, $s) = main::order('split=s&order=rollback');
is($status, 200);
is($s->{state}, 'rolled_back');
is($s->{weights}{v2}, 0);
is($s->{weights}{v1}, 100);
is(main::arms(100), 'v1', 'from the next request on, of all workers');
is(of_split()->{state}, 'rolled_back', 'as weir_status says');

($status, $s) = main::order('split=s&order=resume');
is("$status $s->{state}", '200 serving');
is(main::arms(100), 'v1 v2');

($status, $s) = main::order('order=pin&arm=v2&split=s');
is("$status $s->{state} $s->{pinned}", '200 pinned v2');
is(main::arms(100), 'v2');
($status, $s) = main::order('split=s&order=pin&arm=v1');
is("$status $s->{pinned}", '200 v1');
is(main::arms(100), 'v1');

($status, $s) = main::order('split=%73&order=res%75me');
is("$status $s->{state}", '200 serving', 'what is encoded is decoded');

reload();
is(main::arms(100), 'v1 v2');
main::order('split=s&order=rollback');
reload();
is(main::arms(100), 'v1', 'what was ordered outlives a reload');

is(count_of(qr/\[notice\].*weir: order rollback for split "s" by 127\.0\.0\.1, subject "-": done/),
   2, 'who ordered what is in the log');
is(count_of(qr/weir: order pin v2 for split "s"/), 1);
--- no_error_log
[error]
[alert]


=== what is no order
--- policy eval: main::policy_of($::GUARD)
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my @wrong = (
    [400, ''], [400, 'split=s'], [400, 'order=rollback'], [400, 'split=&order=rollback'],
    [400, 'split=s&order=explode'], [400, 'split=s&order=ROLLBACK'],
    [400, 'split=s&order=rollback&arm=v1'], [400, 'split=s&order=pin'],
    [400, 'split=s&split=s&order=rollback'], [400, 'split=s&order=rollback&force=1'],
    [400, 'split=s&order=rollback&x'], [400, 'split=s%00&order=rollback'],
    [400, 'split=%7&order=rollback'], [400, 'split=%zz&order=rollback'],
    [400, 'splits=s&order=rollback'],
    [404, 'split=t&order=rollback'], [404, 'split=s&order=pin&arm=v3'],
    [404, 'split=s%22%0a&order=rollback'], [404, 'split=' . 's' x 600 . '&order=rollback'],
);
for (@wrong) {
    my ($want, $query) = @$_;
    my ($status, $why) = main::order($query);
    is($status, $want, "?" . substr $query, 0, 60);
    ok(!ref $why && length $why, 'and says why');
}
is(of_split()->{epoch}, 0, 'nothing was done');
is(count_of(qr/weir: order/), 0);


=== only a POST that no page can send
--- policy eval: main::policy_of($::GUARD)
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $order = '/control?split=s&order=rollback';
for my $value (undef, '0', '', '1, 1', '11') {
    is(http('POST', $order, 'Weir-Control' => $value)->{status}, 403,
       'Weir-Control: ' . ($value // 'none'));
}
is(http('POST', $order, 'Content-Type' => 'text/plain', Origin => 'http://evil.example',
        body => 'split=s')->{status}, 403);
for my $method (qw(PUT DELETE PATCH OPTIONS)) {
    my $answer = http($method, $order, @::GO);
    is($answer->{status}, 405, $method);
    is(header($answer, 'Allow'), 'GET, HEAD, POST');
}
is(http('GET', $order, @::GO)->{status}, 400, 'GET takes no arguments');
is(of_split()->{state}, 'serving', 'nothing was done');

my $answer = http('GET', '/control');
is($answer->{status}, 200);
is(header($answer, 'Cache-Control'), 'no-store');
is(header($answer, 'Content-Type'), 'application/json');
is_deeply(main::json($answer)->{splits}{s}{weights}, { v1 => 50, v2 => 50 });
is(http('HEAD', '/control')->{body}, '');
is(http('POST', $order, @::GO, body => 'x' x 100000)->{status}, 200, 'a body is read past');


=== decided by the policy
--- policy eval: main::guarded()
--- http_config eval: $::UPSTREAM
--- config
    location = /control { weir on; weir_control; }
    location = /dry { weir dry_run; weir_control; }
    location = /status { weir off; weir_status; }
--- then
my $order = 'split=s&order=rollback';
is(http('POST', "/control?$order", @::GO)->{status}, 403, 'refused by the policy');
is(of_split()->{state}, 'serving');
is(http('POST', "/dry?$order", @::GO)->{status}, 403, 'a dry run lets no order through');
is(http('GET', '/dry', @::GO)->{status}, 403);
is(of_split()->{state}, 'serving');
is(http('POST', "/control?$order", @::GO, 'X-Ops' => 1)->{status}, 200);
is(of_split()->{state}, 'rolled_back');
is(http('POST', '/dry?split=s&order=resume', @::GO, 'X-Ops' => 1)->{status}, 200);
is(of_split()->{state}, 'serving');


=== without a guard there is nothing to roll back, but arms to pin
--- policy eval: main::policy_of($::STICKY)
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my ($status, $why) = main::order('split=s&order=rollback');
is($status, 409);
ok(!ref $why && length $why, 'and says why');
is(count_of(qr/weir: order rollback for split "s" .*: refused: /), 1, 'a refusal is in the log');
($status) = main::order('split=s&order=pin&arm=v2');
is($status, 200);
is(main::arms(50), 'v2');


=== no splits at all
--- policy
routes: [{id: all, match: {path: "/**"}, public: true}]
--- config eval: $::CONFIG
--- then
is(http('GET', '/control')->{body}, "{\"splits\":{}}\n");
my ($status, $why) = main::order('split=s&order=rollback');
is("$status $why", '404 there is no split "s"');


=== configurations
--- policy
routes: [{id: all, match: {path: "/**"}, public: true}]
--- config
--- then
my $image = image_path();
my %said = (
    'server { location / { weir_control; } }'
        => qr/\[emerg\].*"weir_control" in .*nginx\.conf:\d+ needs "weir on", or "weir off"/,
    'server { location / { weir off; weir_control; weir_control; } }'
        => qr/"weir_control" directive is duplicate/,
    'server { weir_control; }' => qr/"weir_control" directive is not allowed here/,
    'server { location / { weir off; weir_control now; } }' => qr/invalid number of arguments/,
    'weir_state_file ""; ' => qr/"weir_state_file" directive needs a file/,
    'weir_state_file a; weir_state_file b; ' => qr/"weir_state_file" directive is duplicate/,
);
for (sort keys %said) {
    my ($code, $text) = nginx_t("weir_policy $image; $_");
    isnt($code, 0, $_);
    like($text, $said{$_});
}
for ('server { location / { weir off; weir_control; } }',
     'server { weir off; location / { weir_control; } }',
     'weir off; server { location / { location /a { weir_control; } } }',
     'server { location / { weir on; weir_control; } }',
     'weir_state_file state;')
{
    my ($code, $text) = nginx_t("weir_policy $image; $_");
    is($code, 0, $_) or diag($text);
}
my ($code, $text) = nginx_t('server { location / { weir off; weir_control; } }');
like($text, qr/"weir_control" in .* needs a "weir_policy"|"weir" in .* needs a "weir_policy"/);
($code, $text) = nginx_t('weir_state_file a;');
like($text, qr/"weir_state_file" in .* needs a "weir_policy"/);


=== the command
--- policy eval: main::policy_of($::RAMP)
--- http_config eval: $::UPSTREAM
--- config eval: "    listen unix:/tmp/weir-control-\$TEST_NGINX_RAND_PORT_1.sock;\n" . $::CONFIG
--- then
my ($code, $said) = main::split_verb('list');
is($code, 0);
like($said, qr/^s: serving(?: since \S+)?, step 1 of 2, the guard: too_few_requests\n  v1 +95%  to v1, 0 requests, 0 errors\n  v2 +5%  to v2, 0 requests, 0 errors\n\z/);
my $socket = 'unix:/tmp/weir-control-' . rand_port(1) . '.sock:/control';
like((main::split_verb("list$_->[0]", $_->[1]))[1], qr/^s: serving.*\n  v1 +95%/, $_->[2])
    for ['', $socket, 'over a socket'], [' s', undef, 'one split'];

($code, $said) = main::split_verb('rollback s', $socket);
is($code, 0);
like($said, qr/^s: rolled_back by hand since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, .*\n  v1 +100%/);
is(main::arms(30), 'v1');

($code, $said) = main::split_verb('pin s v2 --format json');
is($code, 0);
is(JSON::PP->new->decode($said)->{s}{pinned}, 'v2');
is(main::arms(30), 'v2');
is((main::split_verb('resume s'))[0], 0);

for (['list t', 2, qr/there is no split "t"/], ['rollback t', 2, qr/there is no split "t"/],
     ['pin s v3', 2, qr/the split has no arm "v3"/], ['pin s', 2, qr/usage/],
     ['rollback "s&order=resume"', 2, qr/there is no split "s&order=resume"/],
     ['list', 1, qr/Connection refused/, 'http://127.0.0.1:1/'],
     ['list', 1, qr/No such file/, 'unix:/nowhere.sock:/control'],
     ['list', 1, qr/does not answer as weir_control|not as weir_control does/,
      'http://localhost:' . server_port() . '/'],
     ['list', 2, qr/there is no TLS/, 'https://localhost/'],
     ['list', 2, qr/no address/, 'ftp://localhost/'], ['list', 2, qr/no address/, 'http://'],
     ['list', 2, qr/no address/, 'http://a:b/'], ['list', 2, qr/no address/, 'http://a/b?c'],
     ['list', 2, qr/no address/, 'unix:relative:/x'], ['list', 2, qr/no address/, 'unix:/x'],
     ["list -H 'no header'", 2, qr/no header/], ["list --timeout 0", 2, qr/not 1 to 3600/])
{
    my ($words, $want, $text, $server) = @$_;
    my ($code, $said) = main::split_verb($words, $server);
    is($code, $want, "$words " . ($server // ''));
    like($said, $text);
}


=== the command and a policy that wants to know who asks
--- policy eval: main::guarded()
--- http_config eval: $::UPSTREAM
--- config
    location = /control { weir on; weir_control; }
    location = /status { weir off; weir_status; }
--- then
my ($code, $said) = main::split_verb('rollback s');
is($code, 10, 'refused');
($code, $said) = main::split_verb("rollback s -H 'X-Ops: yes'");
is($code, 0);
my $file = Weir::image_dir() . '/headers';
write_bytes($file, "X-Other: 1\n\nX-Ops: yes\r\n");
is((main::split_verb("resume s --header \@$file"))[0], 0, 'headers of a file');
is((main::split_verb("resume s --header \@/nowhere"))[0], 1);
