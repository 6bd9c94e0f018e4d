# Guards and ramps: what becomes of an arm by what is counted of it.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live;
use Weir::Splits;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'reloads by itself');
}

workers(2);

our $STICKY = $Weir::Splits::STICKY;
our $CONFIG = $Weir::Splits::CONFIG;
our $UPSTREAM = $Weir::Splits::UPSTREAM;

our $GUARD = 'guard: {arm: v2, window: 1s, min_requests: 30, error_rate: 5%}';

# The worker of an answer and its arm, until both workers have answered.
sub arms_of_workers {
    my %n;

    wait_long(sub {
        my $a = http('GET', '/', 'X-User' => 'u' . rand);
        $n{header($a, 'X-Worker')}{arm_of($a)} = 1;
        return keys %n == 2;
    }, 30);

    return map { sort keys %$_ } values %n;
}

our $KILLED = join '', map { "$_\n" } '[emerg]', 'Sanitizer', 'runtime error:',
              'exited on signal 11', 'exited on signal 6';

run_tests();

__DATA__

=== a canary that fails is rolled back, by all workers, and that is said once
--- policy eval: main::policy_of("$::STICKY\n$::GUARD")
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
ok(feed('/bad', sub { of_split()->{state} eq 'rolled_back' }), 'rolled back');
my $s = of_split();
is("$s->{weights}{v1} $s->{weights}{v2} $s->{by_hand}", '100 0 0');
like($s->{since}, qr/^20\d\d-\d\d-\d\dT/);
is(join(' ', arms_of_workers()), 'v1 v1', 'nobody goes there');
is(scalar(grep { $_ ne 'v1' } burst('/', map { "k$_" } 1 .. 100)), 0);

ok(reload());
is(of_split()->{state}, 'rolled_back', 'after a reload');
is(join(' ', arms_of_workers()), 'v1 v1');
is(count_of(qr/\[warn\].*weir: split "s" rolls back arm "v2" by its error_rate: "v2" has errors \d+\.\d\d% \(\d+ of \d+\), p50 \d+ p95 \d+ p99 \d+ us; "v1" has errors 0\.00% \(0 of \d+\)/),
   1, 'the log');
--- error_log
rolls back arm "v2"


=== a rollback is of what the split says: a policy of the same split keeps it
--- http_config eval
Weir::Live::http('check=20ms',
    Weir::compile_policy(main::policy_of("$::STICKY\n$::GUARD")))
. $::UPSTREAM
--- config eval: $::CONFIG
--- then
ok(feed('/bad', sub { of_split()->{state} eq 'rolled_back' }));
my $one = policy_of("$STICKY\n$GUARD");
place(Weir::compile_policy("policy: {name: same}\n$one"));
ok(wait_long(sub { status()->{policy} eq 'same' }));
is(of_split()->{state}, 'rolled_back');
is(join(' ', arms_of_workers()), 'v1 v1');

$one =~ s/min_requests: 30/min_requests: 31/;
place(Weir::compile_policy("policy: {name: other}\n$one"));
ok(wait_long(sub { status()->{policy} eq 'other' }));
is(of_split()->{state}, 'serving', 'another guard has found nothing yet');
is(counts('v2'), '0 0 0');


=== one that is fine is not
--- policy eval: main::policy_of("$::STICKY\n$::GUARD")
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
ok(feed('/', sub { of_split()->{guard}{finding} eq 'content' }), 'content');
my $until = time() + 2;
feed('/', sub { time() > $until });
is(of_split()->{state}, 'serving');
is(of_split()->{guard}{about}, undef);
is(count_of(qr/rolls back/), 0);


=== nor is one that is as bad as the other
--- policy eval: main::policy_of("$::STICKY\n$::GUARD")
--- http_config eval: $::UPSTREAM =~ s/return 200 "v1\\n"/return 500 "v1\\n"/gr
--- config eval: $::CONFIG
--- then
ok(feed('/bad', sub { of_split()->{guard}{finding} eq 'content' }), 'content');
is(of_split()->{state}, 'serving');


=== a canary that is slow is rolled back
--- policy eval
main::policy_of($::STICKY . "\nguard: {arm: v2, window: 10s, min_requests: 30, "
          . 'p95_ratio: 2}')
--- http_config eval
$::UPSTREAM =~ s/(location \/bad) \{ return 500/$1 { weir on; weir_test_delay 100ms; return 200/r
--- config eval: $::CONFIG
--- then
ok(feed('/bad', sub { of_split()->{state} eq 'rolled_back' }, 20));
--- error_log
rolls back arm "v2" by its p95_ratio


=== a guard that reports rolls nothing back
--- policy eval
main::policy_of("$::STICKY\n" . $::GUARD =~ s/\}/, action: report}/r)
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
ok(feed('/bad', sub { count_of(qr/\[warn\].*would roll back arm "v2"/) }));
is(of_split()->{state}, 'serving');


=== overrides still lead to what was rolled back, and a guard does not see them
--- policy eval
main::policy_of(<<"END");
$::STICKY
$::GUARD
override: [{header: X-Arm, equals: two, use: v2}]
END
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
http('GET', '/bad', 'X-Arm' => 'two') for 1 .. 50;
is(counts('v2'), '50 50 0', 'they are counted');
is(of_split()->{guard}{seen}{v2}{requests}, 0, 'but not compared');
ok(feed('/bad', sub { of_split()->{state} eq 'rolled_back' }));
is(arm_of(http('GET', '/', 'X-Arm' => 'two')), 'v2');


=== a hold ends
--- policy eval
main::policy_of("$::STICKY\n" . $::GUARD =~ s/\}/, hold: 2s}/r)
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
ok(feed('/bad', sub { of_split()->{state} eq 'rolled_back' }));
ok(wait_long(sub { of_split()->{state} eq 'serving' }, 30), 'and it serves');
is(of_split()->{epoch}, 1);
is(count_of(qr/\[notice\].*split "s" resumes with arm "v2"/), 1);


=== a ramp goes on while the canary is well, not without requests
--- policy eval
main::policy_of(<<"END");
$::STICKY
$::GUARD
ramp: {arm: v2, steps: ["10%\@1s", "50%\@1s", "100%"]}
END
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $s = of_split();
is("$s->{step} $s->{steps} $s->{weights}{v2}", '1 3 10', 'its first step');
sleep 3;
is(of_split()->{step}, 1, 'no traffic is no success');
my %n;
$n{$_}++ for burst('/', map { "k$_" } 1 .. 200);
cmp_ok($n{v2}, '<', 60, 'the share of the step');
ok(feed('/', sub { of_split()->{step} == 3 }, 100), 'its last step');
is(of_split()->{weights}{v2}, 100);
is(count_of(qr/\[notice\].*gives arm "v2" step [23] of 3, (?:50|100)\.00%:/),
   2);
ok(reload());
is(of_split()->{step}, 3, 'a reload keeps it');


=== a ramp that fails on its way
--- policy eval
main::policy_of(<<"END");
$::STICKY
$::GUARD
ramp: {arm: v2, steps: ["30%\@1s", "50%\@600s", "100%"]}
END
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
ok(feed('/', sub { of_split()->{step} == 2 }, 100));
ok(feed('/bad', sub { of_split()->{state} eq 'rolled_back' }, 100));
is(of_split()->{weights}{v2}, 0);


=== a worker that dies takes nothing along
--- policy eval: main::policy_of("$::STICKY\n$::GUARD")
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $stop = time() + 2;
feed('/', sub { time() > $stop });
my $before = of_split()->{arms}{v1}{requests};
my @old = workers_of(master());
kill 'KILL', $_ for @old;
ok(wait_long(sub {
    my %now = map { $_ => 1 } workers_of(master());
    return keys %now == 2 && !grep { $now{$_} } @old;
}));
cmp_ok(of_split()->{arms}{v1}{requests}, '>=', $before, 'counts are kept');
ok(feed('/bad', sub { of_split()->{state} eq 'rolled_back' }));
kill 'KILL', $_ for workers_of(master());
ok(wait_long(sub { eval { of_split()->{state} eq 'rolled_back' } }));
--- no_error_log eval: $::KILLED
--- no_shutdown_error_log eval: $::KILLED


=== a zone without room: the weights hold, and it is said
--- policy eval: main::policy_of("$::STICKY\n$::GUARD")
--- http_weir: weir_zone 64k;
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(http('GET', '/')->{status}, 200);
is(of_split()->{weights}{v2}, 50);
ok(wait_long(sub { count_of(qr/has no room for the state of splits/) == 1 }));
--- error_log
has no room for the state of splits: nothing guards them


=== a zone with room for some splits: the others are told of, once
--- policy eval
main::policy_of("$::STICKY\n$::GUARD") =~ s{(  s:.*?)(?=routes:)}
    {CORE::join '', map { my $n = $_; $1 =~ s/  s:/  $n:/r } 's', 't', 'u'}ers
--- http_weir: weir_zone 256k;
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(http('GET', '/')->{status}, 200);
ok(wait_long(sub { count_of(qr/has no room for the state of [12] splits more: nothing guards them/) == 1 }));
sleep 0.5;
is(count_of(qr/has no room for/), 1, 'by one of the workers');
