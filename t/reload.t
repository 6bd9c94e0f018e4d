# Reloads, a new binary and workers that die: no request is lost but those of
# a killed worker, and what is served and counted stays.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'reloads by itself');
}

workers(2);

# Both kinds of clients: with a connection each request, and with one for all.
sub loads { (load(clients => 2, keepalive => 0), load(clients => 2)) }

sub nothing_lost {
    my ($what, @loads) = @_;

    # a busy machine takes longer than what went on meanwhile
    wait_long(sub {
        my $n = 0;
        $n += $_->answered for @loads;
        return $n > 100;
    });

    my @seen   = map { @{$_->stop} } @loads;
    my @faults = Weir::Load::faults(\@seen);

    cmp_ok(scalar @seen, '>', 100, "$what: there was load");
    is(scalar @faults, 0, "$what: nothing was lost")
        or diag(Weir::Load::text(@faults));

    return \@seen;
}

sub pins {
    my $n = 0;

    $n += $_->{pins} for @{status()->{workers}};

    return $n;
}

sub leader {
    my ($leader) = grep { $_->{leader} } @{(shift // status())->{workers}};

    return $leader ? $leader->{pid} : 0;
}

# Kills a worker, and waits until its master knows.
sub killed {
    my ($pid) = @_;

    return $pid if !$pid;

    kill 'KILL', $pid;
    wait_long(sub { !grep { $_ == $pid } workers_of(master()) });

    return $pid;
}

# All workers are there, and none of another life.
sub whole {
    my ($n) = @_;
    my $s;

    return wait_long(sub {
        $s = status();
        my @pids = sort map { $_->{pid} } @{$s->{workers}};
        my @live = sort { $a cmp $b } workers_of(master());
        return "@pids" eq "@live" && @pids == ($n // 2) && leader($s);
    }) ? $s : undef;
}

# Five swaps need each slot at least once.
sub swaps_go_on {
    my ($what, $from) = @_;

    for my $n ($from .. $from + 4) {
        place(version($n));
        is(eval { served($n)->{policy} } // $@, "v$n", "$what: swaps go on");
    }
}

# A policy that takes a while to read and verify, and one that takes a while
# to open.
sub large {
    my ($n) = @_;
    my $list = join '', map { "    t$_: {plan: p$_}\n" } 1 .. 20000;

    return version($n, tenants => $list);
}

sub patterns {
    my ($n) = @_;

    return version($n, more => patterned(150));
}

# Places images until `find` has seen a worker in a state, and has killed it.
sub kill_during {
    my ($what, $image, $find) = @_;
    my $before = status()->{reaped};
    my $killed;

    for my $try (1 .. 40) {
        place($image->(2 + $try % 2));

        my $until = time() + 0.3;

        while (!$killed && time() < $until) {
            $killed = killed($find->());
        }

        last if $killed;
    }

    ok($killed, "$what: one was killed") or return;
    my $s = whole();
    ok($s, "$what: another takes its place");
    wait_long(sub { ($s = status())->{reaped} > $before });
    is($s->{reaped}, $before + 1, "$what: its slot came back");
    is(count_of(qr/\[notice\].* weir: worker $killed died with \d+ requests in flight; slot \d+ is free again/),
       1, "$what: the log says so");
    swaps_go_on($what, 4);
}

our $KILLED = join '', map { "$_\n" } '[emerg]', 'Sanitizer', 'runtime error:',
              'exited on signal 11', 'exited on signal 6';

master_on();
run_tests();

__DATA__

=== a reload under load loses nothing, and all state stays
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
place(version(2));
served(2);
my $before = status();
my @loads = loads();
for (1 .. 3) {
    sleep 0.2;
    ok(reload(), 'reloaded');
    is(status()->{generation}, 2);
}
my $seen = nothing_lost('reload', @loads);
my $after = status();
is($after->{$_}, $before->{$_}, "$_ stays") for 'digest', 'generation', 'loaded', 'swaps';
is($after->{decisions}{allowed} - $before->{decisions}{allowed}, scalar @$seen, 'all were counted');
is(scalar @{$after->{workers}}, 2, 'the old workers gave their slots back');
is($after->{reaped}, 0);
is(count_of(qr/starts fresh: /), 0);
swaps_go_on('after it', 3);


=== a request in flight ends in the old worker, under its version
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $slow = slow_start();
ok(wait_long(sub { pins() == 1 }));
ok(reload('keep'));
swaps_go_on('meanwhile', 2);
is(scalar @{status()->{workers}}, 3, 'the old worker is still there');
is(pins(), 1);
my $answer = slow_end($slow);
is($answer->{status}, 200);
like(header($answer, 'X-Version'), qr{^v1/-/1 });
ok(whole(), 'then it goes');


=== a swap while workers change is taken by the new ones
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
my @loads = loads();
for my $n (2 .. 6) {
    kill 'HUP', master();
    place(version($n));
    is(served($n)->{policy}, "v$n");
}
nothing_lost('swaps and reloads', @loads);
ok(whole());


=== a bad file at a reload: the running policy stays
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
place_bytes('x' x 300);
rejected('bad_magic');
ok(reload());
ok(wait_long(sub { status()->{rejected}{bad_magic} == 2 }), 'the new workers looked, too');
is(status()->{policy}, 'v1');
is(http('GET', '/', Host => 'acme.example')->{status}, 200);
unlink image_path();
rejected('unreadable');
ok(reload());
is(status()->{policy}, 'v1', 'nor is a file needed');
place(version(2));
is(served(2)->{policy}, 'v2');


=== another file in the configuration
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $path = image_path();
my $conf = server_root() . '/conf/nginx.conf';
put(version(2), "$path.other");
write_bytes($conf, read_file($conf) =~ s/(weir_policy \S+)/$1.other/r);
my @loads = loads();
ok(reload());
is(served(2)->{generation}, 2, 'is served by the new workers');
put(version(3), $path);
sleep 0.2;
is(status()->{policy}, 'v2', 'and nobody looks at the first any more');
nothing_lost('another file', @loads);


=== a new size starts fresh, and the log says so
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
place(version(2));
served(2);
my $conf = server_root() . '/conf/nginx.conf';
write_bytes($conf, read_file($conf) =~ s/max_size=1m/max_size=2m/r);
my @loads = loads();
ok(reload());
is(status()->{generation}, 1);
is(status()->{policy}, 'v2');
nothing_lost('a new size', @loads);
--- error_log eval
qr/\[notice\].* weir: state of the policy starts fresh: max_size has changed/


=== a new binary loses nothing, and starts with fresh state
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
place(version(2));
served(2);
my $old = master();
my @loads = loads();
sleep 0.3;
my $slow = slow_start();
kill 'USR2', $old;
ok(wait_long(sub { my $new = eval { master() }; $new && $new != $old && workers_of($new) == 2 }),
   'both are there');
place(version(3));
sleep 0.3;
kill 'WINCH', $old;
sleep 0.3;
kill 'QUIT', $old;
is(header(slow_end($slow), 'X-Version'), 'v2/-/2 p2 r2 a2', 'a slow request ends in the old one');
ok(wait_long(sub { gone($old) }), 'the old one has gone');
is(status()->{policy}, 'v3');
my $seen = nothing_lost('a new binary', @loads);
my $s = whole();
cmp_ok($s->{decisions}{allowed}, '<', scalar @$seen, 'counters started anew');
is($s->{reaped}, 0);
is(count_of(qr/\[notice\].* weir: state of the policy starts fresh: a new binary took over/), 1);
is(count_of(qr/\[notice\].* weir: local state starts fresh in zone "weir"/), 2, 'at the start, and now');
swaps_go_on('then', 4);


=== a worker that quits while images come leaves at once
--- http_config eval: Weir::Live::http('check=5ms last_good=' . ::image_dir() . '/quit.weir')
--- config eval: $Weir::Live::CONFIG
--- then
my $idle = raw_connect();
syswrite $idle, "GET / HTTP/1.1\r\nHost: acme.example\r\n\r\n";
is(answer_of($idle)->{status}, 200);
my $master = master();
for (1 .. 50) { place(version(2 + $_ % 3)); sleep 0.005 }
my $began = time();
kill 'QUIT', $master;
for (1 .. 50) { place(version(2 + $_ % 3)); sleep 0.001 }
ok(wait_long(sub { gone($master) }));
cmp_ok(time() - $began, '<', 1.5);
is(count_of(qr/open socket/), 0);


=== killed while it holds pins
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- no_error_log eval: $::KILLED
--- then
my @slow = map { slow_start() } 1 .. 12;
ok(wait_long(sub { pins() == 12 }));
my ($victim) = sort { $b->{pins} <=> $a->{pins} } @{status()->{workers}};
killed($victim->{pid});
my $s = whole();
ok($s, 'another takes its place');
is($s->{reaped}, 1);
is(pins(), 12 - $victim->{pins}, 'its pins are let go');
like((lines_of(qr/weir: worker $victim->{pid} died/))[0],
     qr/\[notice\].* died with $victim->{pins} requests in flight; slot \d+ is free again/);
my @answers = map { slow_end($_)->{status} } @slow;
is(scalar(grep { $_ == 200 } @answers), 12 - $victim->{pins}, 'those of the other worker end well');
ok(wait_long(sub { pins() == 0 }), 'and let go');
swaps_go_on('then', 2);


=== killed while it leads
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- no_error_log eval: $::KILLED
--- then
for my $round (0 .. 2) {
    ok(whole(), 'there is a leader');
    my $leader = killed(leader());
    my $s = whole();
    ok($s && leader($s) != $leader, 'another leads');
    place(version(2 + $round));
    is(served(2 + $round)->{policy}, 'v' . (2 + $round));
}
is(status()->{reaped}, 3);


=== all killed at once
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- no_error_log eval: $::KILLED
--- then
place(version(2));
served(2);
my @slow = map { slow_start() } 1 .. 6;
ok(wait_long(sub { pins() == 6 }));
kill 'KILL', workers_of(master());
sleep 0.1;
my $s = whole();
ok($s, 'there are others');
is($s->{generation}, 2, 'what was served is served');
is($s->{reaped}, 2);
is(pins(), 0);
swaps_go_on('then', 3);


=== killed while it reads and verifies
--- http_config eval: Weir::Live::http('check=20ms max_size=4m', ::large(1))
--- config eval: $Weir::Live::CONFIG
--- no_error_log eval: $::KILLED
--- then
kill_during('loading', \&large, sub {
    my ($pid) = grep { threads_of($_) > 1 } workers_of(master());
    return $pid;
});


=== killed while its image is staged, and while another opens it
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- no_error_log eval: $::KILLED
--- then
my $leader = leader(whole());
kill_during('staged', \&patterns, sub {
    my ($other) = grep { $_ != $leader } workers_of(master());
    return threads_of($other) > 1 ? $leader : 0;
});
$leader = leader(whole());
kill_during('opening', \&patterns, sub {
    my ($other) = grep { $_ != $leader } workers_of(master());
    return threads_of($other) > 1 ? $other : 0;
});


=== killed while it keeps a copy
--- http_config eval
Weir::Live::http('check=20ms max_size=4m last_good=' . ::image_dir() . '/saved.weir')
--- config eval: $Weir::Live::CONFIG
--- no_error_log eval: $::KILLED
--- then
my $file = image_dir() . '/saved.weir';
kill_during('saving', \&large, sub {
    my ($temp) = glob "$file.*.tmp";
    return $temp ? $temp =~ /(\d+)\.tmp$/ ? $1 : 0 : 0;
});
ok(wait_long(sub { read_file($file) eq read_file(version(8)) }), 'the last one is kept in the end');


=== killed at random while images come
--- http_config eval
Weir::Live::http('check=5ms last_good=' . ::image_dir() . '/random.weir', ::patterns(1))
--- config eval: $Weir::Live::CONFIG
--- no_error_log eval: $::KILLED
--- then
srand 5;
my $load = load(clients => 3, keepalive => 0);
my @images = map { ($_ % 2 ? patterns($_) : version($_)) } 2 .. 5;
my $kills = 0;
for my $i (1 .. 150) {
    place($images[$i % 4]);
    sleep 0.001 + rand 0.03;
    if ($i % 10 == 0) {
        my @pids = workers_of(master());
        $kills++ if killed($pids[rand @pids]);
    }
}
my $s = whole();
ok($s, 'all workers are there');
cmp_ok($s->{reaped}, '>=', $kills - 1);
swaps_go_on('then', 6);
my $seen = $load->stop;
ok(wait_long(sub { pins() == 0 }), 'no pin is left');
my @faults = Weir::Load::faults($seen);
cmp_ok(scalar @faults, '<=', 3 * $kills, 'only what a killed worker had is lost');
is(scalar(grep { $_->{status} != 0 && $_->{status} != 200 } @$seen), 0, 'no answer is an error');
is(scalar(grep { $_->{status} == 200 && !defined Weir::Load::generation($_->{version}) } @$seen), 0,
   'and none is mixed');
