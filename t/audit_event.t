# What the audit log says beside decisions: of the policy and of splits, once
# a node, in every log, as JSON and by the names of the Elastic Common Schema.

use Weir 'no_plan';
use POSIX ();
use Time::HiRes qw(sleep time);
use Weir::Image;
use Weir::Live;
use Weir::Splits;
use Weir::Strict;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'reloads by itself');
}

workers(2);

our @GO = ('Weir-Control' => '1');
our $STICKY = $Weir::Splits::STICKY;
our $CONFIG = $Weir::Splits::CONFIG;
our $UPSTREAM = $Weir::Splits::UPSTREAM;
our $GUARD = "$STICKY\nguard: {arm: v2, versus: v1, window: 1s, "
             . "min_requests: 30, error_rate: 5%}\n";

# Three servers with two logs: one as JSON, and one by the names of ECS.
our $LOGS = <<'END';
    weir_audit_log logs/audit.log;
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_6; server_name a;
             weir_audit_log logs/ecs.log format=ecs; weir on; }
    server { listen 127.0.0.1:$TEST_NGINX_RAND_PORT_6; server_name b;
             weir_audit_log logs/ecs.log format=ecs; weir on; }
END

# Events of a log by names, without decisions, once there are that many.
sub events {
    my ($n, $log, $names) = @_;
    my @lines;

    wait_long(sub {
        @lines = grep { !/"event(?:\.action)?":"decision"/ } split /\n/,
                 read_file(server_root() . '/logs/' . ($log // 'audit.log'));
        return @lines >= $n;
    });

    return map { strict_json($_) } @lines;
}

sub named { my $name = shift; return grep { $_->{event} eq $name } events(@_) }

sub bad_image { return write_bytes(image_dir() . '/bad.weir', 'x' x 200) }

sub digest { return Weir::Image->digest($_[0]) }

run_tests();

__DATA__

=== the first policy, a swap, a refusal: once a node, in every log
--- http_config eval: Weir::Live::http() . $::LOGS
--- config eval: $Weir::Live::CONFIG
--- then
my ($e) = events(1);
like(delete $e->{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
is_deeply($e, { event => 'policy_loaded', policy => 'v1', generation => 1,
                digest => digest(version(1)) });

place(version(2));
served(2);
place(main::bad_image());
my $s = rejected('bad_magic');
(undef, my @l) = events(3);
my $g = status()->{generation};

delete $_->{time} for @l;
is_deeply($l[0], { event => 'policy_swapped', policy => 'v2', generation => $g,
                   digest => digest(version(2)), previous_generation => 1 });
is($l[1]{event}, 'policy_rejected');
is("$l[1]{policy} $l[1]{generation} $l[1]{reason}", "v2 $g bad_magic", 'of what serves on');
is("$l[1]{reason}: $l[1]{text}", status()->{last_rejection}{reason}, 'as status says');

sleep 0.3;
is(scalar events(3), 3, 'once, of two workers that look all the time');

my @ecs = events(3, 'ecs.log');
is(scalar @ecs, 3, 'the other log has them once, named twice as it is');
is(join(' ', map { $_->{'event.action'} } @ecs), 'policy_loaded policy_swapped policy_rejected');
is(join(' ', map { $_->{'event.outcome'} } @ecs), 'success success failure');
like($ecs[0]{'@timestamp'}, qr/^\d{4}-.*Z$/);
is_deeply([sort keys %{$ecs[1]}], [sort qw(@timestamp ecs.version event.kind event.dataset event.action event.outcome weir.policy weir.generation weir.digest weir.previous_generation)]);
is("$ecs[1]{'weir.policy'} $ecs[1]{'weir.digest'}", 'v2 ' . digest(version(2)));
is("$ecs[2]{'weir.reason'}: $ecs[2]{message}", status()->{last_rejection}{reason});
--- error_log
refused: bad_magic


=== a reload with the same policy is no event, nor is the death of who leads
--- http_config eval: Weir::Live::http('check=20ms') . $::LOGS
--- config eval: $Weir::Live::CONFIG
--- then
is(scalar(my @one = events(1)), 1);
ok(reload());
ok(reload());
my @old = workers_of(master());
kill 'KILL', @old;
ok(wait_long(sub { my @now = grep { my $p = $_; !grep { $_ == $p } @old } workers_of(master()); @now >= 2 }), 'other workers');
ok(wait_long(sub { http('GET', '/')->{status} == 200 }));
sleep 0.3;
is(join(' ', map { $_->{event} } events(1)), 'policy_loaded');

place(version(3));
served(3);
is(join(' ', map { $_->{event} } events(2)), 'policy_loaded policy_swapped', 'but they do tell');
--- no_error_log
[emerg]
Sanitizer
--- no_shutdown_error_log
Sanitizer


=== serials are those of the policies
--- http_config eval
Weir::Live::http('check=20ms', Weir::compile_policy("policy: {name: a, serial: 3}\nroutes: []\n")) . $::LOGS
--- config eval: $Weir::Live::CONFIG
--- then
is((events(1))[0]{serial}, 3);
my $next = Weir::compile_policy("policy: {name: b, serial: 5}\nroutes: []\n");
place($next);
served($next);
my $e = (events(2))[1];
is("$e->{policy} $e->{serial} $e->{previous_serial}", 'b 5 3');

place(Weir::compile_policy("policy: {name: c, serial: 4}\nroutes: []\n"));
$e = (events(3))[2];
is("$e->{event} $e->{policy} $e->{serial}", 'policy_rejected b 5');
like($e->{text}, qr/serial is 4, that of the running policy 5/);
--- error_log
refused


=== a start with the last good copy: what was refused, and what serves
--- http_config eval
my $copy = ::image_dir() . '/audit.copy';
::write_bytes($copy, ::read_file(Weir::Live::version(1)));
Weir::Live::http("check=20ms last_good=$copy", ::bad_image()) . $::LOGS
--- config eval: $Weir::Live::CONFIG
--- then
my @l = events(2);
is(join(' ', map { $_->{event} } @l), 'policy_rejected policy_loaded');
is("$l[0]{reason}: $l[0]{text}", status()->{last_rejection}{reason});
ok($l[1]{from_last_good}, 'it is said');
ok($l[0]{from_last_good}, 'of what serves on, too');
sleep 0.3;
is(scalar events(2), 2);
--- error_log
serving the last good copy


=== events are not sampled
--- http_config eval
Weir::Live::http('check=20ms', Weir::compile_policy(
    "routes: [{id: r, match: {path: '/**'}, public: true}]\n"
    . "audit: {sample: {allow: 0%, deny: 0%}}\n")) . $::LOGS
--- config eval: $Weir::Live::CONFIG
--- then
is(http('GET', '/')->{status}, 200);
place(version(2));
served(2);
is(join(' ', map { $_->{event} } events(2)), 'policy_loaded policy_swapped');
is(read_file(server_root() . '/logs/audit.log') =~ /"decision"/, '', 'decisions are');


=== a guard that rolls back, an order, a resumption
--- policy eval: main::policy_of($::GUARD)
--- http_weir eval: $::LOGS
--- http_config eval: $::UPSTREAM
--- config eval
$::CONFIG . 'location = /control { weir off; weir_control; }'
--- then
ok(feed('/bad', sub { of_split()->{state} eq 'rolled_back' }), 'rolled back');
my ($e) = main::named('split_rolled_back', 2);
my $text = $e->{text};
is("$e->{split} $e->{arm} $e->{about} $e->{origin}", 's v2 error_rate node');
like($text, qr/^rolls back arm "v2" by its error_rate: "v2" has errors \d/);
is(count_of(qr/\Q$text\E/), 1, 'as the error log says');

for ('resume', 'pin&arm=v1', 'rollback') {
    is(http('POST', "/control?split=s&order=$_", @GO)->{status}, 200);
}
is(http('POST', '/control?split=s&order=explode', @GO)->{status}, 400);
my @orders = main::named('split_ordered', 5);
is(join(' ', map { "$_->{order}:$_->{arm}:$_->{source}:" . ($_->{subject} // '') } @orders),
   'resume:v2:127.0.0.1: pin:v1:127.0.0.1: rollback:v2:127.0.0.1:', 'orders, and who gave them');

my @ecs = events(5, 'ecs.log');
is(join(' ', map { $_->{'event.action'} } @ecs), 'policy_loaded split_rolled_back split_ordered split_ordered split_ordered');
is("$ecs[3]{'weir.split'} $ecs[3]{'weir.order'} $ecs[3]{'weir.arm'} $ecs[3]{'client.ip'}", 's pin v1 127.0.0.1');
is($ecs[1]{message}, $text);
--- error_log
rolls back arm "v2"


=== who gave an order is named, and redacted as the policy says
--- policy eval
main::policy_of($::GUARD) =~ s/^routes:.*//msr . 'apikeys: {list: {ops: {sha256: '
. Digest::SHA::sha256_hex('sesame') . "}}}\n" . <<'END'
routes: [{id: r, match: {path: "/**"}, auth: {any: [apikey]}, allow: [{id: all, when: 'true'}]}]
audit: {redact: [source.ip]}
END
--- http_weir eval: $::LOGS
--- http_config eval: $::UPSTREAM
--- config eval
$::CONFIG . 'location = /control { weir on; weir_control; }'
--- then
my @key = ('X-API-Key' => 'ops.sesame');
is(http('POST', '/control?split=s&order=rollback', @GO)->{status}, 401);
is(http('POST', '/control?split=s&order=rollback', @GO, @key)->{status}, 200);
my @e = main::named('split_ordered', 2);
is(scalar @e, 1, 'what was refused is none');
is($e[0]{subject}, 'ops');
is($e[0]{source}, substr(Digest::SHA::sha256_hex('127.0.0.1'), 0, 32));
my $ecs = (events(2, 'ecs.log'))[1];
is($ecs->{'user.id'}, 'ops');
is($ecs->{'client.address'}, $e[0]{source}, 'what is no address is not called one');
ok(!exists $ecs->{'client.ip'});
unlike(read_file(server_root() . "/logs/$_"), qr/sesame/, $_) for 'audit.log', 'ecs.log', 'error.log';


=== a ramp advances, a hold ends
--- policy eval
main::policy_of("$::STICKY\nguard: {arm: v2, window: 1s, min_requests: 30, error_rate: 5%, hold: 1s}\n"
    . "ramp: {arm: v2, steps: [\"50%\@1s\", \"60%\"]}\n")
--- http_weir eval: $::LOGS
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
ok(feed('/', sub { scalar main::named('split_advanced', 1) }), 'a step');
my ($e) = main::named('split_advanced', 1);
is("$e->{split} $e->{arm} $e->{origin}", 's v2 node');
like($e->{text}, qr/^gives arm "v2" step 2 of 2, 60\.00%/);
ok(feed('/bad', sub { scalar main::named('split_rolled_back', 1) }), 'rolled back');
ok(wait_long(sub { scalar main::named('split_resumed', 1) }), 'resumed');
is((main::named('split_resumed', 1))[0]{text}, 'resumes with arm "v2", since the rollback is over');
--- error_log
resumes with arm "v2"


=== a guard that only reports
--- policy eval: main::policy_of($::GUARD =~ s/error_rate: 5%/error_rate: 5%, action: report/r)
--- http_weir eval: $::LOGS
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
ok(feed('/bad', sub { scalar main::named('split_reported', 1) }), 'reported');
my ($e) = main::named('split_reported', 1);
is("$e->{split} $e->{arm} $e->{about}", 's v2 error_rate');
like($e->{text}, qr/^would roll back arm "v2"/);
--- error_log
would roll back


=== lines of several workers do not mix
--- policy
routes: [{id: r, match: {path: "/**"}, public: true}]
audit: {sample: {allow: 100%}}
--- http_weir eval: $::LOGS
--- config
    weir on;
    location / { return 200 "ok\n"; }
--- then
my @pids = map {
    my $n = $_;
    my $pid = fork // die $!;
    if ($pid == 0) {
        my $s = raw_connect();
        my $path = '/open/' . ($n x (600 + 50 * $n));
        syswrite $s, "GET $path HTTP/1.1\r\nHost: a\r\n\r\n" x 100
                     . "GET $path HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        1 while sysread $s, my $some, 65536;
        POSIX::_exit(0);
    }
    $pid;
} 1 .. 6;
waitpid $_, 0 for @pids;
my %n;
$n{substr $_->{path}, 6}++ for audit(606);
is(join(' ', map { $n{$_ x (600 + 50 * $_)} } 1 .. 6), join(' ', (101) x 6));
