# weir_metrics: what is read from where the state lies is what happened.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Issuer;
use Weir::Live;
use Weir::Metrics;
use Weir::Redis;
use Weir::Splits;
use Weir::Token;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'what is counted outlives a reload');
}

workers(2);

our $SEEN = <<'END';
    location = /metrics {
        weir off;
        weir_metrics;
    }

    location = /status {
        weir off;
        weir_status;
    }
END

our $LIVE = $Weir::Live::CONFIG =~ s/weir_status;/weir off; weir_status;/r
            . "    location = /metrics { weir off; weir_metrics; }\n";

our $SPLIT = $Weir::Splits::CONFIG =~ s/weir_status;/weir off; weir_status;/r
             . "    location = /metrics { weir off; weir_metrics; }\n"
             . "    location = /control { weir off; weir_control; }\n";

our $CONFIG = "    location / { weir on; return 200; }\n$SEEN";

our $LEASED = <<'END';
limits:
  all: {key: ['"one"'], rate: 1000/h, algorithm: fixed_window, scope: cluster,
        lease: 1, on_store_failure: allow}
  none: {key: ['"none"'], rate: 1/h, algorithm: fixed_window, scope: cluster,
         lease: 1}
routes:
  - {id: none, match: {path: /none}, public: true, limits: [none]}
  - {id: all, match: {path: "/**"}, public: true, limits: [all]}
END

our $ISSUER = Weir::Issuer->start;
our $REDIS  = Weir::Redis->start;

our $ISSUERS = <<"END";
issuers:
  good: {iss: https://good.example, jwks: {url: "@{[$ISSUER->url('/jwks')]}"}}
  gone: {iss: https://gone.example, jwks: {url: "@{[$ISSUER->url('/nothing')]}"}}
  file: {iss: https://file.example, jwks: {file: "@{[jwks('ES256')]}"}}
routes:
  - {id: all, match: {path: "/**"}, auth: {any: [jwt: good]}, require: {when: 'true'}}
END

our $REVOKED = <<"END";
issuers:
  main: {iss: https://main.example, alg: [HS256], secret: {file: @{[jwks('HS256')]}}, revoked: {store: {refresh: 1s}}}
routes:
  - {id: all, match: {path: "/**"}, auth: {any: [jwt: main]}, require: {when: 'true'}}
END

our $ARMS = join ', ', map { "a$_: {weight: \"12.5%\", upstream: v1}" } 1 .. 8;
our $MANY = "splits:\n"
    . join('', map { "  s$_: {salt: salt-of-s$_-here, arms: {$ARMS}}\n" } 1 .. 256)
    . "routes:\n"
    . join('', map { "  - {id: r$_, match: {path: /r$_}, public: true, split: s$_}\n" }
           1 .. 256);

$ISSUER->set('/jwks', body => read_file(jwks('ES256')));

sub redis_conf { "    weir_redis " . $REDIS->url . " timeout=500ms;\n" }

# The samples, once a test of them holds; else a test fails.
sub become {
    my ($test, $title) = @_;
    my $m;

    ok(wait_long(sub { $m = metrics(); $test->($m) }), $title);

    return $m;
}

# The values of a name by one of its labels, sorted: "a=1 b=2".
sub by {
    my ($m, $name, $label, @rest) = @_;
    my %found;

    for my $sample (keys %$m) {
        next if $sample !~ /^\Q$name\E\{(?:.*,)?$label="([^"]*)"/;
        my $of = $1;
        next if grep { $sample !~ /[{,]\Q$_\E[,}]/ } @rest;
        $found{$of} = $m->{$sample};
    }

    return join ' ', map { "$_=$found{$_}" } sort keys %found;
}

# The same of those that are not 0.
sub some { by(@_) =~ s/\S+=0(?: |$)//gr =~ s/ $//r }

sub names {
    my %names;

    /^([a-z_]+)/ and $names{$1} = 1 for keys %{$_[0]};

    return \%names;
}

add_block_preprocessor(sub {
    $REDIS->again if !$REDIS->up;
    $REDIS->flush;
});

run_tests();

__DATA__

=== a policy that serves, one after it, and one that is refused
--- http_config eval: Weir::Live::http('check=20ms', Weir::Live::version(1, serial => 1))
--- config eval: $::LIVE
--- then
my @v = map { version($_, serial => $_) } 1, 2;
my $m = metrics();
my $s = status();
is(main::by($m, 'weir_build_info', 'version'), "$s->{version}=1");
like(main::by($m, 'weir_build_info', 'nginx'), qr/^1\.\d+\.\d+=1$/);
is($m->{"weir_policy_info{name=\"$s->{policy}\",serial=\"1\",digest=\"$s->{digest}\"}"}, 1)
    or diag(join "\n", grep { /policy_info/ } keys %$m);
is($m->{weir_policy_serial}, 1);
is($m->{weir_policy_generation}, $s->{generation});
is($m->{weir_policy_swaps_total}, 0);
is($m->{weir_policy_rejected_timestamp_seconds}, 0);
is($m->{weir_policy_refused}, 0);
is($m->{weir_policy_from_last_good} . $m->{weir_policy_waiting}, '00');
cmp_ok(abs($m->{weir_policy_loaded_timestamp_seconds} - time), '<', 60);
is(main::some($m, 'weir_policy_rejected_total', 'reason'), '', 'none was refused');
like(main::by($m, 'weir_policy_rejected_total', 'reason'), qr/^bad_digest=0 .*older_serial=0/,
     'and that can be seen');

place($v[1]);
served($v[1]);
$m = metrics();
is($m->{weir_policy_swaps_total} . $m->{weir_policy_serial}, '12', 'swapped');
is(main::by($m, 'weir_policy_info', 'serial'), '2=1', 'only one serves');
is($m->{weir_policy_generation}, $s->{generation} + 1);

place($v[0]);
rejected('older_serial');
$m = metrics();
is(main::some($m, 'weir_policy_rejected_total', 'reason'), 'older_serial=1');
is($m->{weir_policy_refused}, 1, 'it lies there');
cmp_ok(abs($m->{weir_policy_rejected_timestamp_seconds} - time), '<', 10);
is($m->{weir_policy_swaps_total} . $m->{weir_policy_serial}, '12', 'the other serves');

place($v[1]);
$m = main::become(sub { !$_[0]{weir_policy_refused} }, 'the good one is back');
is($m->{weir_policy_swaps_total}, 1, 'which is no swap');
is(main::some($m, 'weir_policy_rejected_total', 'reason'), 'older_serial=1');

place_bytes('x' x 1000);
main::become(sub { $_[0]{weir_policy_refused} == 1 }, 'garbage');
is(main::some(metrics(), 'weir_policy_rejected_total', 'reason'), 'bad_magic=1 older_serial=1');
ok(reload());
main::become(sub { $_[0]{weir_policy_refused} == 1 }, 'after a reload, too');
is(metrics()->{weir_policy_swaps_total}, 1, 'nothing is forgotten');


=== workers: those that still have requests under an older policy, and deaths
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $::LIVE
--- then
is(main::by(metrics(), 'weir_workers', 'policy'), 'current=2 older=0');
my $slow = slow_start();
place(version(2));
served(2);
is(main::by(metrics(), 'weir_workers', 'policy'), 'current=1 older=1');
slow_end($slow);
main::become(sub { main::by($_[0], 'weir_workers', 'policy') eq 'current=2 older=0' },
             'it has ended');
is(metrics()->{weir_worker_deaths_total}, 0);
kill 'KILL', (workers_of(master()))[0];
my $m = main::become(sub { $_[0]{weir_worker_deaths_total} == 1 }, 'one died');
main::become(sub { main::by($_[0], 'weir_workers', 'policy') eq 'current=2 older=0' },
             'another came');
--- no_error_log
[emerg]


=== the store, over all workers
--- policy eval: $::LEASED
--- http_weir eval: main::redis_conf()
--- config eval: $::CONFIG
--- then
main::become(sub { main::by($_[0], 'weir_store_circuit_workers', 'state')
                   eq 'closed=2 half_open=0 open=0' }, 'all reach it');
wait_long(sub { metrics()->{weir_store_clock_error_seconds} });
my $before = metrics();
http('GET', '/') for 1 .. 30;
http('GET', '/none') for 1 .. 3;
my $m = main::become(sub { $_[0]{weir_store_pending_calls} == 0 }, 'nothing waits');
is($m->{weir_store_connections}, 2);
is($m->{weir_store_reconnects_total}, 0);
is($m->{weir_store_nodes}, 1);
ok($m->{weir_store_clock_error_seconds} > 0 && $m->{weir_store_clock_error_seconds} < 1);
my $granted = $m->{'weir_lease_requests_total{result="granted"}'};
cmp_ok($granted, '>=', 2, 'units were granted');
cmp_ok($m->{weir_lease_granted_units_total}, '>=', $granted);
cmp_ok($m->{'weir_lease_requests_total{result="exhausted"}'}, '>=', 1, 'and some not');
is($m->{'weir_lease_requests_total{result="failed"}'}, 0);
cmp_ok($m->{weir_limit_waits_total}, '>=', $granted);
my $calls = $m->{'weir_store_calls_total{result="ok"}'};
cmp_ok($calls, '>=', $granted);
is(main::some($m, 'weir_store_calls_total', 'result') =~ s/ok=\d+//r,
   main::some($before, 'weir_store_calls_total', 'result') =~ s/ok=\d+//r, 'nothing failed');
my $name = 'weir_store_call_duration_seconds';
is($m->{"${name}_count"}, $calls, 'each took a time');
is($m->{"${name}_bucket{le=\"+Inf\"}"}, $calls);
cmp_ok($m->{"${name}_bucket{le=\"0.0001\"}"}, '<=', $m->{"${name}_bucket{le=\"0.01\"}"});
cmp_ok($m->{"${name}_bucket{le=\"0.1\"}"}, '>', 0);
ok($m->{"${name}_sum"} > 0 && $m->{"${name}_sum"} < $calls);
my $s = status()->{store};
is($s->{calls}{ok} >= $calls && $s->{connections}, 2, 'weir_status says it of all');
is_deeply($s->{circuits}, {closed => 2, open => 0, half_open => 0});

$REDIS->stop;
$m = main::become(sub { http('GET', '/');
                        main::by($_[0], 'weir_store_circuit_workers', 'state') =~ /closed=0/ },
                  'it says nothing: circuits open');
my $late = $m->{'weir_store_calls_total{result="timeout"}'};
cmp_ok($late, '>', 0, 'calls were not answered');
cmp_ok($m->{'weir_lease_requests_total{result="failed"}'}, '>', 0);
is($m->{"${name}_count"}, $m->{'weir_store_calls_total{result="ok"}'}, 'which is no time');
$REDIS->cont;
main::become(sub { main::by($_[0], 'weir_store_circuit_workers', 'state') =~ /closed=2/ }, 'it goes on');

$REDIS->kill;
$m = main::become(sub { http('GET', '/'); $_[0]{weir_store_connections} == 0 }, 'killed');
like(main::by($m, 'weir_store_circuit_workers', 'state'), qr/^closed=0 /);
is($m->{weir_store_pending_calls}, 0);

$REDIS->again;
$m = main::become(sub { http('GET', '/');
                        main::by($_[0], 'weir_store_circuit_workers', 'state')
                        eq 'closed=2 half_open=0 open=0' }, 'it is back');
cmp_ok($m->{weir_store_reconnects_total}, '>=', 2);
is($m->{weir_store_connections}, 2);


=== what a worker had goes with it, what it counted stays
--- policy eval: $::LEASED
--- http_weir eval: main::redis_conf()
--- config eval: $::CONFIG
--- then
my $m = main::become(sub { $_[0]{weir_store_connections} == 2 }, 'both are connected');
http('GET', '/') for 1 .. 20;
my $calls = metrics()->{'weir_store_calls_total{result="ok"}'};
cmp_ok($calls, '>', 0);
for my $pid (workers_of(master())) {
    kill 'KILL', $pid;
    wait_long(sub { gone($pid) });
}
$m = main::become(sub { $_[0]{weir_worker_deaths_total} >= 2
                        && main::by($_[0], 'weir_store_circuit_workers', 'state')
                           eq 'closed=2 half_open=0 open=0' }, 'others serve');
is($m->{weir_store_connections}, 2, 'and theirs alone are seen');
cmp_ok($m->{'weir_store_calls_total{result="ok"}'}, '>=', $calls);

ok(reload());
$m = main::become(sub { $_[0]{weir_store_connections} == 2
                        && main::by($_[0], 'weir_store_circuit_workers', 'state')
                           eq 'closed=2 half_open=0 open=0' }, 'after a reload');
cmp_ok($m->{'weir_store_calls_total{result="ok"}'}, '>=', $calls);
--- no_error_log
[emerg]


=== without a store, splits and issuers, there is nothing of them
--- policy
routes: [{id: all, match: {path: "/**"}, public: true}]
--- config eval: $::CONFIG
--- then
my $names = main::names(metrics());
is(join(' ', grep { /^weir_(?:store|split|issuer|revoked|usage_flush)/ } sort keys %$names), '');
ok($names->{$_}, $_) for qw(weir_build_info weir_limit_cells weir_lease_requests_total
                            weir_auth_failures_total weir_series weir_usage_folded_total
                            weir_audit_lines_total weir_trace_spans_total weir_zone_bytes);
promtool(http('GET', '/metrics')->{body}, 'state');


=== a rollback by hand, a pin, and who answered
--- policy eval: main::policy_of("$::Weir::Splits::STICKY\nguard: {arm: v2, versus: v1, window: 20s, min_requests: 10, error_rate: 50%}\nramp: {arm: v2, steps: [\"10%\@1h\", \"50%\"]}")
--- http_config eval: $::Weir::Splits::UPSTREAM
--- config eval: $::SPLIT
--- then
my $m = metrics();
is(main::by($m, 'weir_split_state', 'state', 'split="s"'), 'pinned=0 rolled_back=0 serving=1');
is(main::by($m, 'weir_split_arm_weight_ratio', 'arm'), 'v1=0.9 v2=0.1');
is($m->{'weir_split_step{split="s"}'}, 1);
is(main::some($m, 'weir_split_guard_finding', 'finding'), 'too_few_requests=1');
is(main::by($m, 'weir_split_guard_requests', 'arm'), 'v1=0 v2=0');
is(main::by($m, 'weir_split_guard_error_ratio', 'arm'), '', 'of nothing');
is(main::by($m, 'weir_split_guard_latency_seconds', 'percentile'), '');

my %n;
$n{$_}++ for burst('/', map { "k$_" } 1 .. 400), burst('/bad', map { "k$_" } 1 .. 100);
$n{v2} //= 0;
$m = main::become(sub { sum_of($_[0], 'weir_split_arm_requests_total') == 500 }, 'all are counted');
my $bad = $m->{'weir_split_arm_requests_total{split="s",arm="v2",result="error"}'};
cmp_ok($bad, '>', 0);
is(main::by($m, 'weir_split_arm_requests_total', 'result', 'arm="v1"'), "error=0 gone=0 ok=$n{v1}");
is(main::by($m, 'weir_split_arm_requests_total', 'result', 'arm="v2"'),
   "error=$bad gone=0 ok=" . ($n{v2} - $bad));
is(main::by($m, 'weir_split_guard_requests', 'arm'), "v1=$n{v1} v2=$n{v2}");
cmp_ok(abs($m->{'weir_split_guard_error_ratio{split="s",arm="v2"}'} - $bad / $n{v2}), '<', 1e-6);
is($m->{'weir_split_guard_error_ratio{split="s",arm="v1"}'}, 0);
like(main::by($m, 'weir_split_guard_latency_seconds', 'percentile', 'arm="v1"'),
     qr/^50=0\.\d+ 95=0\.\d+ 99=0\.\d+$/);
main::become(sub { main::some($_[0], 'weir_split_guard_finding', 'finding') eq 'content=1' },
             'the guard is content');

is(http('POST', '/control?split=s&order=rollback', 'Weir-Control' => 1)->{status}, 200);
$m = metrics();
is(main::some($m, 'weir_split_state', 'state'), 'rolled_back=1');
is(main::by($m, 'weir_split_arm_weight_ratio', 'arm'), 'v1=1 v2=0');
is(http('POST', '/control?split=s&order=pin&arm=v2', 'Weir-Control' => 1)->{status}, 200);
$m = metrics();
is(main::some($m, 'weir_split_state', 'state'), 'pinned=1');
is(main::by($m, 'weir_split_arm_weight_ratio', 'arm'), 'v1=0 v2=1');
ok(!main::names($m)->{weir_split_agreement_age_seconds}, 'there is nobody to agree with');
promtool(http('GET', '/metrics')->{body}, 'splits');


=== a breaker that opens
--- policy eval: main::policy_of($::Weir::Splits::STICKY, weight => 100, arm => 'breaker: {failures: 3, open: 600s}')
--- http_config eval: $::Weir::Splits::UPSTREAM
--- config eval: $::SPLIT
--- then
my $m = metrics();
is(main::some($m, 'weir_split_arm_breaker_state', 'state'), 'closed=1');
is(main::by($m, 'weir_split_arm_breaker_opened_total', 'arm'), 'v2=0', 'v1 has none');
http('GET', '/bad', 'X-User' => 'a') for 1 .. 10;
$m = metrics();
is(main::some($m, 'weir_split_arm_breaker_state', 'state', 'arm="v2"'), 'open=1');
is(main::by($m, 'weir_split_arm_breaker_opened_total', 'arm'), 'v2=1');
is(main::by($m, 'weir_split_arm_breaker_refused_total', 'arm'), 'v2=7');
is($m->{'weir_split_arm_requests_total{split="s",arm="v2",result="error"}'}, 3);


=== issuers: keys, their age, what could not be fetched; and who was refused
--- policy eval: $::ISSUERS
--- config eval: $::CONFIG
--- then
my $m = main::become(sub { main::by($_[0], 'weir_issuer_keys', 'issuer') eq 'file=1 gone=0 good=1' },
                     'keys') or diag(main::by(metrics(), 'weir_issuer_keys', 'issuer'));
$m = main::become(sub { $_[0]{'weir_issuer_fetches_total{issuer="gone",result="failed"}'} >= 1 },
                  'a fetch failed');
is($m->{'weir_issuer_fetches_total{issuer="gone",result="ok"}'}, 0);
is($m->{'weir_issuer_fetches_total{issuer="good",result="ok"}'}, 1);
is($m->{'weir_issuer_fetches_total{issuer="good",result="failed"}'}, 0);
cmp_ok($m->{'weir_issuer_fetches_total{issuer="file",result="ok"}'}, '>=', 1);
like(main::by($m, 'weir_issuer_keys_age_seconds', 'issuer'), qr/^good=\d$/,
     'an age has what was fetched');
is(main::some($m, 'weir_auth_failures_total', 'reason'), '');
my $token = token('ES256', iss => 'https://good.example', sub => 'ann');
is(http('GET', '/', bearer($token))->{status}, 200) for 1 .. 3;
http('GET', '/') for 1 .. 2;
http('GET', '/', bearer(substr($token, 0, -4) . 'AAAA'));
$m = metrics();
is(main::some($m, 'weir_auth_failures_total', 'reason'), 'invalid_token=1 unauthenticated=2');
is($m->{weir_token_cache_hits_total}, 2);
cmp_ok($m->{weir_token_cache_misses_total}, '>=', 1);


=== what the store says is revoked
--- policy eval: $::REVOKED
--- http_weir eval: main::redis_conf()
--- config eval: $::CONFIG
--- then
main::become(sub { defined $_[0]{weir_revoked_age_seconds} }, 'it was read');
is(metrics()->{weir_revoked_entries}, 0);
$REDIS->cli('SADD', 'weir:revoked', "main jti $_") for 1 .. 3;
main::become(sub { $_[0]{weir_revoked_entries} == 3 }, 'three');
cmp_ok(metrics()->{weir_revoked_age_seconds}, '<=', 3);


=== rules that fail or only report, requests that wait, and room
--- policy
deny:
  - {id: soon, when: '"soon" in request.params', dry_run: true}
  - {id: bad, when: '"bad" in request.params && int("x") > 1'}
limits:
  one: {key: ['request.params["k"]'], rate: 10/h, burst: 10}
routes:
  - {id: one, match: {path: /one}, public: true, limits: [one]}
  - {id: all, match: {path: "/**"}, public: true}
--- http_weir: weir_zone 4m;
--- config eval: $::CONFIG
--- then
http('GET', '/?soon') for 1 .. 2;
http('GET', '/?bad') for 1 .. 3;
http('GET', "/one?k=$_") for 1 .. 5;
my $m = metrics();
is($m->{weir_rules_dry_run_total}, 2);
is($m->{weir_evaluation_errors_total}, 3);
is($m->{weir_request_waits_total} . $m->{weir_request_wait_timeouts_total}, '00');
cmp_ok($m->{weir_limit_cells}, '>', 1000);
is(sum_of($m, 'weir_zone_bytes', 'part="limits"') > 500000, 1);
my %size;
/^weir_zone_bytes\{part="(\w+)"\}/ and $size{$1} = $m->{$_} for keys %$m;
is(join(' ', sort keys %size), 'images keys limits metrics proofs rest revoked splits tokens usage');
my $zone = 0;
$zone += $size{$_} for qw(tokens limits proofs splits revoked rest);
is($zone, 4 << 20, 'parts make the zone');
for (grep { /^weir_zone_used_bytes/ } keys %$m) {
    my ($part) = /part="(\w+)"/;
    cmp_ok($m->{$_}, '<=', $size{$part}, $_);
}
cmp_ok($m->{'weir_zone_used_bytes{part="metrics"}'}, '>', 0);
cmp_ok($m->{weir_series}, '>', 0);
is($m->{weir_series_max}, 100000);
is($m->{weir_series_folded_total}, 0);


=== a scrape of many splits is one moment, and soon
--- policy eval: $::MANY
--- http_config eval: $::Weir::Splits::UPSTREAM
--- config eval: $::CONFIG
--- then
my $from = time();
my $m = metrics();
cmp_ok(time() - $from, '<', 2);
is(scalar(grep { /^weir_split_arm_requests_total/ } keys %$m), 256 * 8 * 3);
is(scalar(grep { /^weir_split_state/ } keys %$m), 256 * 3);
promtool(http('GET', '/metrics')->{body}, '256 splits');
