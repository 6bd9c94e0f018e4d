# Workers that come and go while keys are fetched, and what the keys of a
# policy that is replaced become.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Issuer;
use Weir::Live;
use Weir::Token;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'kills, reloads and quits by itself');
}

master_on();
workers(2);

our $ISSUER = Weir::Issuer->start;
our $SET    = read_file(jwks('ES256'));

$ISSUER->set('/hang', delay => 50);
$ISSUER->set('/torn', body => $SET, pause => 50);
$ISSUER->set('/good', body => $SET);

our $CONFIG = <<'END';
    location = /status { weir off; weir_status; }
END

sub policy_of {
    my ($jwks) = @_;

    return "issuers: {main: {iss: https://id.example, jwks: {$jwks}}}\n"
           . "routes: [{id: all, match: {path: \"/**\"}, public: true}]\n";
}

sub url_of { "url: \"" . $::ISSUER->url($_[0]) . "\"" }

# http {} with that policy in a place of its own.
sub live_of {
    return Weir::Live::http('check=20ms',
                            Weir::compile_policy(policy_of(url_of($_[0]))));
}

sub main_of { status()->{issuers}{main} }

# How long it takes until all of these processes are gone, or 9.
sub seconds_until_gone {
    my @pids = @_;
    my $from = time();

    wait_long(sub { !grep { !gone($_) } @pids }, 9);

    return time() - $from;
}

run_tests();

__DATA__

=== workers that quit do not wait for a fetch
--- http_config eval: ::live_of('/hang')
--- config eval: $::CONFIG
--- then
wait_long(sub { $::ISSUER->asked('/hang') });
ok(main_of()->{fetching}, 'it is under way');
my $master = master();
my @workers = workers_of($master);
kill 'QUIT', $master;
cmp_ok(seconds_until_gone(@workers), '<', 3, 'gone at once');
is(count_of(qr/open socket|\[alert\]/), 0, 'nothing left open');


=== nor those of a reload, and a new worker fetches
--- http_config eval: ::live_of('/torn')
--- config eval: $::CONFIG
--- then
wait_long(sub { $::ISSUER->asked('/torn') });
my @workers = workers_of(master());
$::ISSUER->set('/torn', body => $::SET);
reload('keep');
cmp_ok(seconds_until_gone(@workers), '<', 3, 'the old ones are gone at once');
wait_long(sub { @{main_of()->{keys}} }, 8);
is("@{main_of()->{keys}}", 'ES256');
is(main_of()->{failures}, 0, 'that is no failure of the issuer');
is($::ISSUER->asked('/torn'), 2);
is(count_of(qr/open socket|\[alert\]/), 0, 'nothing left open');


=== keys outlive a reload
--- http_config eval: ::live_of('/good')
--- config eval: $::CONFIG
--- then
wait_long(sub { @{main_of()->{keys}} });
reload();
is("@{main_of()->{keys}}", 'ES256', 'at once');
is($::ISSUER->asked('/good'), 1, 'and nobody asked again');


=== and a policy that names the same source; another source is another
--- http_config eval: ::live_of('/good')
--- config eval: $::CONFIG
--- then
wait_long(sub { @{main_of()->{keys}} });
my $asked = $::ISSUER->asked('/good');
my $next = Weir::compile_policy(policy_of(url_of('/good') . ', ttl: 1h') . "policy: {name: next}\n");
place($next);
served($next);
is("@{main_of()->{keys}}", 'ES256', 'at once');
is($::ISSUER->asked('/good'), $asked, 'nobody asked again');
$::ISSUER->set('/good2', body => read_file(jwks('ES256-b')));
$next = Weir::compile_policy(policy_of(url_of('/good2')));
place($next);
served($next);
wait_long(sub { @{main_of()->{keys}} });
is("@{main_of()->{keys}}", 'ES256-b');
$next = Weir::compile_policy("routes: [{id: all, match: {path: \"/**\"}, public: true}]\n");
place($next);
served($next);
wait_long(sub { !%{status()->{issuers}} });
is_deeply(status()->{issuers}, {}, 'a policy without issuers');


=== policies with many issuers, one after the other, do not shut out the last
--- http_config eval: ::live_of('/good')
--- config eval: $::CONFIG
--- then
my $file = jwks('ES256');
for my $n (1 .. 3) {
    my $next = Weir::compile_policy("issuers:\n" . join('', map {
        system('cp', $file, "$file.$n.$_");
        "  i$_: {iss: https://i$_.example, jwks: {file: \"$file.$n.$_\"}}\n"
    } 1 .. 64) . "routes: [{id: all, match: {path: \"/**\"}, public: true}]\n");
    place($next);
    served($next);
    sleep 1;
}
my $with;
wait_long(sub { $with = grep { @{$_->{keys}} } values %{status()->{issuers}}; $with == 64 }, 15);
is($with, 64, 'all of its issuers have keys');
cmp_ok(count_of(qr/weir: the keys of \d+ issuers wait/), '<=', 4, 'said once of a policy, by each worker');


=== a worker is killed while it fetches: another does
--- http_config eval: ::live_of('/killed')
--- config eval
$::ISSUER->set('/killed', delay => 50);
$::CONFIG
--- then
wait_long(sub { $::ISSUER->asked('/killed') });
my $state = main_of();
ok($state->{fetching});
$::ISSUER->set('/killed', body => $::SET);
my $from = time();
kill 'KILL', workers_of(master());
wait_long(sub { my $s = eval { main_of() }; $s && @{$s->{keys}} }, 10);
is("@{main_of()->{keys}}", 'ES256');
cmp_ok(time() - $from, '<', 6, 'soon');
is($::ISSUER->asked('/killed'), 2);
--- no_error_log
[emerg]
open socket
--- no_shutdown_error_log
open socket
