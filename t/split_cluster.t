# What becomes of splits on several nodes: over Redis, while it is away, and
# after restarts.

use Weir 'no_plan';
use File::Path qw(remove_tree);
use JSON::PP ();
use POSIX ();
use Time::HiRes qw(sleep time);
use Weir::Live;
use Weir::Redis;
use Weir::Splits;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'starts nginx by itself');
}

our $redis = Weir::Redis->start(acl => ['default on nopass ~* &* +@all',
                                        "app on >secret $Weir::Redis::RULES"]);
our @GO = ('Weir-Control' => '1');
our $STICKY = $Weir::Splits::STICKY;
our $UPSTREAM = $Weir::Splits::UPSTREAM;
our $GUARD = "$STICKY\nguard: {arm: v2, versus: v1, window: 2s, min_requests: 20, error_rate: 2%}\n";
our $RAMP = "${GUARD}ramp: {arm: v2, steps: [\"10%\@1s\", \"20%\@1h\", \"30%\@1h\", \"50%\"]}\n";
our $SLOW = $RAMP =~ s/1s/1h/r;

# Nodes: each is an nginx of its own; see start().

my (@nodes, @proxies);

END { my $status = $?; end_nodes(); $? = $status }

# Of the policy that Test::Nginx serves; options: redis (a URL), state (a file
# in the node's own folder "var", which with `made` nginx makes), workers.
sub node {
    my (%o) = @_;
    my $port = Weir::Redis::free_port();
    my $image = image_path();
    my $upstreams = join '', Weir::read_file(server_root() . '/conf/nginx.conf')
                             =~ /(upstream v\d \{ server 127\.0\.0\.1:\d+; \})/g;

    my $dir = Weir::write_conf(
        "weir_policy $image check=20ms; $upstreams"
        . ($o{redis} ? "weir_redis $o{redis} user=app password_file=secret timeout=200ms; " : '')
        . ($o{state} ? "weir_state_file var/$o{state}; " : '')
        . 'weir_audit_log logs/audit.log; '
        . "server { listen 127.0.0.1:$port; keepalive_requests 100000; "
        . 'location / { weir on; proxy_pass http://$weir_upstream; } '
        . 'location = /control { weir off; weir_control; } '
        . 'location = /status { weir off; weir_status; } }');

    # another test may have had a folder of this name

    remove_tree("$dir/var");
    unlink "$dir/logs/error.log", "$dir/logs/audit.log";

    write_bytes("$dir/conf/secret", "secret\n");

    if (!$o{made}) {
        mkdir "$dir/var";
        chmod 0777, "$dir/var";
    }

    my $node = { port => $port, dir => $dir, workers => $o{workers} // 1 };

    push @nodes, $node;
    start($node);

    return $node;
}

sub start {
    my ($node) = @_;
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDOUT, '>', '/dev/null';
        exec $ENV{TEST_NGINX_BINARY}, '-p', $node->{dir},
             '-e', "$node->{dir}/logs/error.log",
             '-g', "daemon off; worker_processes $node->{workers};"
            or POSIX::_exit(1);
    }

    $node->{pid} = $pid;
    wait_long(sub { eval { raw_connect($node->{port}) } }) or die 'no nginx';
}

sub stop {
    my ($node, $signal) = @_;
    my @workers = workers_of($node->{pid});

    kill $signal, $node->{pid}, $signal eq 'KILL' ? @workers : ();
    waitpid $node->{pid}, 0;
    delete $node->{pid};
    wait_long(sub { !grep { !gone($_) } @workers });
}

sub end_nodes {
    for (splice @nodes) {
        stop($_, 'TERM') if $_->{pid};
    }
}

sub of { return JSON::PP->new->decode(http('GET', '/status', port => $_[0]{port})->{body}) }
sub state_of { return of($_[0])->{splits}{s} }
# Events of splits in the audit log: "name order arm origin".
sub told {
    return map { my $e = $_; join ' ', map { $e->{$_} // '-' } qw(event order arm origin) }
           grep { $_->{event} =~ /^split_/ }
           map { JSON::PP->new->utf8->decode($_) }
           split /\n/, Weir::read_file("$_[0]{dir}/logs/audit.log");
}

sub log_of { return Weir::read_file("$_[0]{dir}/logs/error.log") }

sub order {
    my ($node, $order) = @_;
    my $answer = http('POST', "/control?split=s&order=$order", @GO, port => $node->{port});

    return $answer->{status};
}

# Says in one word how the split stands.
sub word {
    my $s = state_of($_[0]);

    return $s->{pinned} ? "pinned:$s->{pinned}" : $s->{state};
}

# Arms of fifty keys.
sub arms {
    my ($node, $target) = @_;
    my (%arm, $text);

    $text = join '', map { request_text($target // '/', 'X-User' => "k$_") } 1 .. 50;
    $text =~ s/\r\n\z/Connection: close\r\n\r\n/;
    $arm{$_} = 1 for http_raw($text, $node->{port}) =~ /^(v\d)/mg;

    return join ' ', sort keys %arm;
}

# How long it takes until nodes say so; fails after a while.
sub becomes {
    my ($want, $title, @all) = @_;
    my $from = time();

    ok(wait_long(sub { !grep { word($_) ne $want } @all }), $title)
        or diag(map { word($_) . ' ' } @all);

    return time() - $from;
}

sub agree {
    for my $node (@_) {
        wait_long(sub { of($node)->{agreement}{agreed} }) or die 'no agreement';
    }
}

sub proxy {
    push @proxies, $redis->proxy;
    return $proxies[-1];
}

# The epoch that the state file has, or none.
sub kept {
    my ($word) = Weir::read_file("$_[0]{dir}/var/splits") =~ /^\w{32} (\d+) /m;

    return $word ? $word >> 48 : 0;
}

sub key { return (grep { /^weir:split:[0-9a-f]{32}$/ } $redis->keys)[0] }

# The key of the split, when there is nothing under it.
sub find_key {
    my $node = node(redis => $redis->url);

    agree($node);
    order($node, 'pin&arm=v1');
    wait_long(sub { key() }) or die 'no key';
    my $key = key();
    stop($node, 'KILL');
    $redis->flush;

    return $key;
}

sub packed {
    my (%w) = @_;

    return sprintf '%u', ($w{epoch} // 0) << 48 | ($w{rolled} // 0) << 47
                         | ($w{hand} // 0) << 46 | ($w{step} // 0) << 41
                         | ($w{pin} // 0) << 37 | ($w{spare} // 0) << 32
                         | ($w{since} // int time());
}

add_block_preprocessor(sub {
    end_nodes();
    $redis->again if !$redis->up;
    $redis->flush;
});

run_tests();

__DATA__

=== an order holds on all nodes, within a second
--- policy eval: main::policy_of($::GUARD)
--- http_config eval: $::UPSTREAM
--- config
--- then
my @n = map { main::node(redis => $redis->url, workers => 2) } 1 .. 3;
main::agree(@n);
is(main::arms($n[0]), 'v1 v2');
is(main::order($n[0], 'rollback'), 200);
is(main::arms($n[0]), 'v1', 'here at once');
cmp_ok(main::becomes('rolled_back', 'there', @n), '<', 1, 'within a second');
is(main::arms($_), 'v1', 'all workers') for @n;
like(main::log_of($n[1]), qr/\[notice\].*weir: split "s" is as another node says: rolled back, epoch \d+/);
my ($ttl) = $redis->cli('TTL', main::key());
cmp_ok($ttl, '>', 604000, 'a key that is not kept for ever');
is(join(' ', $redis->eternal), '');

is(main::order($n[1], 'resume'), 200);
cmp_ok(main::becomes('serving', 'resumed by another', @n), '<', 1);
is(main::arms($_), 'v1 v2') for @n;
is(main::order($n[2], 'pin&arm=v2'), 200);
cmp_ok(main::becomes('pinned:v2', 'pinned', @n), '<', 1);
is(main::arms($_), 'v2') for @n;
is_deeply([main::told($n[0])],
          ['split_ordered rollback v2 node', 'split_resumed - v2 store',
           'split_ordered pin v2 store'], 'each once in the audit log');
is_deeply([main::told($n[2])],
          ['split_ordered rollback v2 store', 'split_resumed - v2 store',
           'split_ordered pin v2 node'], 'of each node, with two workers');
unlike(main::log_of($_), qr/\[(error|alert|emerg)\]/) for @n;


=== a split without a guard is pinned on all nodes, too
--- policy eval: main::policy_of($::STICKY)
--- http_config eval: $::UPSTREAM
--- config
--- then
my @n = map { main::node(redis => $redis->url) } 1 .. 2;
main::agree(@n);
is(main::order($n[0], 'pin&arm=v1'), 200);
cmp_ok(main::becomes('pinned:v1', 'there', @n), '<', 1, 'within a second');


=== what a guard finds on one node holds on all
--- policy eval: main::policy_of($::GUARD)
--- http_config eval: $::UPSTREAM
--- config
--- then
my @n = map { main::node(redis => $redis->url) } 1 .. 2;
main::agree(@n);
my $until = time() + 20;
main::arms($n[0], '/bad') while main::word($n[0]) eq 'serving' && time() < $until;
is(main::word($n[0]), 'rolled_back', 'the guard has seen it');
cmp_ok(main::becomes('rolled_back', 'the other did not', @n), '<', 1, 'within a second');
ok(!main::state_of($n[1])->{by_hand});
is(main::arms($n[1]), 'v1');
is_deeply([map { [main::told($_)] } @n],
          [['split_rolled_back - v2 node'], ['split_rolled_back - v2 store']]);


=== orders of two nodes at once end as one
--- policy eval: main::policy_of($::GUARD)
--- http_config eval: $::UPSTREAM
--- config
--- then
my @n = map { main::node(redis => $redis->url) } 1 .. 2;
main::agree(@n);
for my $orders (['pin&arm=v1', 'pin&arm=v2'], ['rollback', 'resume'], ['rollback', 'rollback'],
                ['resume', 'pin&arm=v2'], ['pin&arm=v2', 'pin&arm=v1'])
{
    my @s = map { raw_connect($_->{port}) } @n;
    syswrite $s[$_], "POST /control?split=s&order=$orders->[$_] HTTP/1.1\r\nHost: a\r\n"
                     . "Weir-Control: 1\r\nConnection: close\r\n\r\n" for 0, 1;
    like(scalar(readline $_), qr/ (200|409) /) for @s;
    my $same = 0;
    ok(wait_long(sub {
        sleep 0.1;
        $same = main::word($n[0]) eq main::word($n[1]) ? $same + 1 : 0;
        return $same == 8;
    }), "@$orders: " . main::word($n[0]));
    my ($a, $b) = map { main::state_of($_) } @n;
    is($a->{epoch}, $b->{epoch});
}


=== the store is away: a node rolls back, and does not resume
--- policy eval: main::policy_of($::GUARD)
--- http_config eval: $::UPSTREAM
--- config
--- then
my @n = map { main::node(redis => $redis->url) } 1 .. 2;
main::agree(@n);
$redis->kill;
ok(wait_long(sub { !grep { main::of($_)->{agreement}{agreed} } @n }), 'nobody knows what others know');
is(main::order($n[0], 'rollback'), 200);
is(main::word($n[0]), 'rolled_back');
is(main::arms($n[0]), 'v1');
is(main::order($n[0], 'resume'), 409, 'not without the others');
is(main::word($n[1]), 'serving');
my $until = time() + 20;
main::arms($n[1], '/bad') while main::word($n[1]) eq 'serving' && time() < $until;
is(main::word($n[1]), 'rolled_back', 'what a guard finds holds here');
like(main::log_of($n[0]), qr/\[error\].*weir: the state of splits could not be read from the store: \w+/);
$redis->again;
main::agree(@n);
cmp_ok(main::becomes('rolled_back', 'both, of one epoch', @n), '<', 3);
ok(wait_long(sub { main::state_of($n[0])->{epoch} == main::state_of($n[1])->{epoch} }));
like(main::log_of($n[0]), qr/\[notice\].*the state of splits is read from the store again/);
is(main::order($n[1], 'resume'), 200);
main::becomes('serving', 'resumed', @n);


=== no ramp advances while others may know more
--- policy eval: main::policy_of($::RAMP)
--- http_config eval: $::UPSTREAM
--- config
--- then
my $proxy = main::proxy();
$proxy->cut;
my $n = main::node(redis => $proxy->url);
my $until = time() + 5;
main::arms($n) while time() < $until;
is(main::state_of($n)->{step}, 1, 'the first step, since the store was never read');
ok(!main::of($n)->{agreement}{agreed});
$proxy->pass;
$until = time() + 20;
main::arms($n) while main::state_of($n)->{step} == 1 && time() < $until;
is(main::state_of($n)->{step}, 2, 'then it advances');


=== a node that comes late begins with the step that others are at
--- policy eval: main::policy_of($::SLOW)
--- http_config eval: $::UPSTREAM
--- config
--- then
my $key = main::find_key();
$redis->cli('SET', $key, main::packed(step => 2));
my $n = main::node(redis => $redis->url);
ok(wait_long(sub { main::state_of($n)->{step} == 3 }), 'step 3');
is(main::state_of($n)->{weights}{v2}, 30);
is(main::state_of($n)->{steps}, 4);


=== resumed while a node is cut off
--- policy eval: main::policy_of($::GUARD)
--- http_config eval: $::UPSTREAM
--- config
--- then
my $proxy = main::proxy();
my @n = (main::node(redis => $redis->url), main::node(redis => $proxy->url));
main::agree(@n);
main::order($n[0], 'rollback');
main::becomes('rolled_back', 'both', @n);
$proxy->cut;
ok(wait_long(sub { !main::of($n[1])->{agreement}{agreed} }));
is(main::order($n[0], 'resume'), 200);
sleep 1;
is(main::word($n[0]), 'serving');
is(main::word($n[1]), 'rolled_back', 'who does not know stays as it is');
$proxy->pass;
main::becomes('serving', 'and learns of it', @n);
sleep 1;
is(main::word($n[0]), 'serving', 'what it had said before does not come back');


=== a store that hangs, or talks nonsense
--- policy eval: main::policy_of($::GUARD)
--- http_config eval: $::UPSTREAM
--- config
--- then
my $proxy = main::proxy();
my $n = main::node(redis => $proxy->url);
main::agree($n);
for my $how (sub { $proxy->stall }, sub { $proxy->garbage("*3\r\n") }, sub { $proxy->garbage("hello\r\n") },
             sub { $proxy->mute })
{
    $how->();
    ok(wait_long(sub { !main::of($n)->{agreement}{agreed} }), 'does not agree');
    is(main::order($n, 'rollback'), 200, 'rolls back');
    is(main::arms($n), 'v1');
    $proxy->pass;
    main::agree($n);
    ok(wait_long(sub { main::order($n, 'resume') == 200 }), 'and resumes');
}


=== a store that forgets
--- policy eval: main::policy_of($::GUARD)
--- http_config eval: $::UPSTREAM
--- config
--- then
my @n = map { main::node(redis => $redis->url) } 1 .. 2;
main::agree(@n);
main::order($n[0], 'rollback');
main::becomes('rolled_back', 'both', @n);
$redis->flush;
ok(wait_long(sub { main::key() }, 2), 'it is told again');
$redis->kill;
$redis->again;
ok(wait_long(sub { main::key() }), 'and after a restart of it');
is(main::word($_), 'rolled_back') for @n;


=== values that are no words
--- policy eval: main::policy_of($::SLOW)
--- http_config eval: $::UPSTREAM
--- config
--- then
my $key = main::find_key();
my $n = main::node(redis => $redis->url);
main::agree($n);
my @bad = ('', '-1', '01', '1 ', '1e9', "\x00\xff", '18446744073709551616', 'x' x 5000,
           '18446744073709551615', main::packed(epoch => 65280), main::packed(step => 4),
           main::packed(step => 31), main::packed(pin => 3), main::packed(spare => 1),
           main::packed(since => time() + 100000), main::packed(since => 4294967295));
for my $value (@bad) {
    my $passed = main::of($n)->{agreement}{passed_over};
    $redis->cli('DEL', $key);
    sleep 0.5;
    $redis->cli('SET', $key, $value);
    wait_long(sub { main::of($n)->{agreement}{passed_over} > $passed }, 2);
    is(main::of($n)->{agreement}{passed_over}, $passed + 1, 'passed over: ' . (substr $value, 0, 30) =~ s/[^ -~]/?/gr);
    is(main::word($n), 'serving');
}
main::agree($n);
my @lines = main::log_of($n) =~ /\[error\].*what the store says of split "s" is ignored/g;
is(scalar @lines, scalar @bad, 'each is logged once');

$redis->cli('DEL', $key);
$redis->cli('RPUSH', $key, 'a', 'b');
sleep 1;
main::agree($n);
is(main::order($n, 'rollback'), 200);
ok(wait_long(sub { $redis->cli('GET', $key) =~ /^\d+$/ }), 'is overwritten once there is something to say');
main::order($n, 'resume');
$redis->cli('SET', $key, 'nonsense');
is(main::order($n, 'pin&arm=v2'), 200);
ok(wait_long(sub { $redis->cli('GET', $key) =~ /^\d+$/ }), 'so is nonsense');
main::becomes('pinned:v2', 'the order holds', $n);


=== a value that is too long to be read
--- policy eval: main::policy_of($::GUARD)
--- http_config eval: $::UPSTREAM
--- config
--- then
my $key = main::find_key();
my $n = main::node(redis => $redis->url);
main::agree($n);
$redis->cli('EVAL', "redis.call('SET', KEYS[1], string.rep('7', 200000))", 1, $key);
ok(wait_long(sub { !main::of($n)->{agreement}{agreed} }), 'is not agreed upon');
is(main::order($n, 'rollback'), 200);
is(main::arms($n), 'v1');
my $lost = main::of($n)->{store}{reconnects};
sleep 2;
cmp_ok(main::of($n)->{store}{reconnects}, '<=', $lost + 2, 'costs few connections');
ok(wait_long(sub { $redis->cli('STRLEN', $key) < 30 }, 15), 'and is overwritten');


=== restarts with a state file, and no store
--- policy eval: main::policy_of($::SLOW)
--- http_config eval: $::UPSTREAM
--- config
--- then
my $n = main::node(state => 'splits', made => 1, workers => 4);
my $file = "$n->{dir}/var/splits";
is(main::of($n)->{agreement}, undef);
main::order($n, 'rollback');
ok(wait_long(sub { main::kept($n) == 1 }), 'written');
is(sprintf('%o', (stat $file)[2] & 07777), '600');
is(sprintf('%o', (stat "$n->{dir}/var")[2] & 07777), '700', 'in a folder that nginx made');
like(Weir::read_file($file), qr/\Aweir state 1\n[0-9a-f]{32} \d+ \d+\n\z/);

main::stop($n, 'KILL');
main::start($n);
is(main::arms($n), 'v1', 'from the first request on');
is(main::word($n), 'rolled_back');
like(main::log_of($n), qr/\[notice\].*weir: split "s" is as ".*var\/splits" says: rolled back, step 1 of 4, epoch 1\b/);

main::order($n, 'pin&arm=v2');
main::stop($n, 'QUIT');
main::start($n);
is(main::arms($n), 'v2', 'what was ordered a moment before the end');
main::order($n, 'resume');
main::stop($n, 'TERM');
main::start($n);
is(main::word($n), 'serving');
is(main::state_of($n)->{epoch}, 3);
is(join(' ', glob "$n->{dir}/var/*"), $file, 'nothing else is left');

kill 'HUP', $n->{pid};
main::order($n, 'rollback');
sleep 1;
is(main::word($n), 'rolled_back', 'a reload reads nothing old');


=== what a state file says of other policies is kept, and bad lines are not
--- policy eval: main::policy_of($::SLOW)
--- http_config eval: $::UPSTREAM
--- config
--- then
my $n = main::node(state => 'splits');
my $file = "$n->{dir}/var/splits";
main::order($n, 'pin&arm=v2');
wait_long(sub { main::kept($n) == 1 }) or die 'not written';
main::stop($n, 'TERM');
my ($line) = Weir::read_file($file) =~ /\n(.*)\n/;
my ($uid, $word, $now) = split / /, $line;
my %other = (kept => ('a' x 32) . " 77 @{[$now - 86400]}", old => ('b' x 32) . " 78 @{[$now - 31 * 86400]}");
write_bytes($file, join "\n", 'weir state 1', '', 'x', "$uid $word", "$uid 18446744073709551616 $now",
            "$uid -1 $now", uc($other{kept}), "$uid  $word $now", $line, @other{qw(kept old)},
            "$uid 1 $now", substr($line, 0, 40));
chmod 0666, $file;
main::start($n);
is(main::word($n), 'pinned:v2', 'the greatest of good lines');
like(main::log_of($n), qr/\[error\].*weir: 8 lines of ".*splits" are no state of a split, and were not used/);
main::order($n, 'resume');
ok(wait_long(sub { Weir::read_file($file) =~ /^$uid (\d+) /m && $1 ne $word }));
like(Weir::read_file($file), qr/^$other{kept}$/m, 'of another policy');
unlike(Weir::read_file($file), qr/^$other{old}$/m, 'too old');
is(() = Weir::read_file($file) =~ /^\w+ \d+ \d+$/mg, 2);

for (['word', "$uid 18446744073709551615 $now\n", qr/says of split "s" is ignored: 18446744073709551615/])
{
    main::stop($n, 'TERM');
    write_bytes($file, "weir state 1\n$_->[1]");
    main::start($n);
    is(main::word($n), 'serving', $_->[0]);
    like(main::log_of($n), $_->[2]);
}

for my $text ('', "weir keys 1\n$uid $word $now\n", "\x00" x 100, 'x' x 300000) {
    main::stop($n, 'TERM');
    write_bytes($file, $text);
    chmod 0666, $file;
    main::start($n);
    is(main::word($n), 'serving', length($text) . ' bytes of nothing');
    like(main::log_of($n), qr/\[error\].*weir: state of splits in ".*splits" was not used: /);
}

rename "$n->{dir}/var", "$n->{dir}/away" or die;
main::order($n, 'rollback');
is(main::word($n), 'rolled_back', 'a folder that is gone stops nothing');
ok(wait_long(sub { main::log_of($n) =~ /\[error\].*the state of splits was not kept in ".*splits"/ }), 'but is logged');
ok(!-e "$n->{dir}/var", 'and workers make no other');
rename "$n->{dir}/away", "$n->{dir}/var" or die;


=== a clock that was set back makes no state forgotten
--- policy eval: main::policy_of($::SLOW)
--- http_config eval: $::UPSTREAM
--- config
--- then
my $n = main::node(state => 'splits');
my $file = "$n->{dir}/var/splits";
main::order($n, 'rollback');
wait_long(sub { main::kept($n) == 1 }) or die 'not written';
main::stop($n, 'TERM');
my $then = int(time()) + 86400;
my $word = main::packed(epoch => 7, rolled => 1, since => $then);
write_bytes($file, Weir::read_file($file) =~ s/ \d+ \d+$/ $word $then/mr);
chmod 0666, $file;
main::start($n);
is(main::arms($n), 'v1', 'what was rolled back stays so');
is(main::state_of($n)->{epoch}, 7);
cmp_ok(main::state_of($n)->{since}, 'lt',
       POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime time() + 60), 'since now');
ok(wait_long(sub { Weir::read_file($file) !~ / $word / && main::kept($n) == 7 }));


=== a policy that comes back finds what became of it
--- policy eval: main::policy_of($::SLOW)
--- http_config eval: $::UPSTREAM
--- config
--- then
my $n = main::node(state => 'splits');
my $file = "$n->{dir}/var/splits";
my $first = Weir::read_file(image_path());
main::order($n, 'rollback');
wait_long(sub { main::kept($n) == 1 }) or die 'not written';
place(Weir::compile_policy(main::policy_of($::GUARD)));
ok(wait_long(sub { main::word($n) eq 'serving' }), 'another split, by what it says');
main::stop($n, 'KILL');
main::start($n);
is(main::word($n), 'serving');
main::order($n, 'pin&arm=v1');
ok(wait_long(sub { (() = Weir::read_file($file) =~ /\n/g) == 3 }), 'both are kept');
place_bytes($first);
ok(wait_long(sub { main::word($n) eq 'rolled_back' }), 'as it was left');


=== restarts with a store, and no state file
--- policy eval: main::policy_of($::SLOW)
--- http_config eval: $::UPSTREAM
--- config
--- then
my @n = map { main::node(redis => $redis->url) } 1 .. 2;
main::agree(@n);
main::order($n[0], 'rollback');
main::becomes('rolled_back', 'both', @n);
main::stop($_, 'KILL') for @n;
main::start($n[1]);
cmp_ok(main::becomes('rolled_back', 'the store knows', $n[1]), '<', 1);
is(main::arms($n[1]), 'v1');


=== a start while the store is away, with a state file
--- policy eval: main::policy_of($::SLOW)
--- http_config eval: $::UPSTREAM
--- config
--- then
my @n = (main::node(redis => $redis->url), main::node(redis => $redis->url, state => 'splits'));
main::agree(@n);
main::order($n[0], 'rollback');
main::becomes('rolled_back', 'both', @n);
ok(wait_long(sub { main::kept($n[1]) == 1 }), 'kept, though another ordered it');
main::stop($n[1], 'KILL');
main::order($n[0], 'resume');
$redis->kill;
main::start($n[1]);
is(main::word($n[1]), 'rolled_back', 'what it knew');
$redis->again;
main::becomes('serving', 'what all know', @n);
