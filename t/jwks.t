# Keys of issuers: where they come from, how long they stay, and what workers
# tell each other.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Issuer;
use Weir::Live;
use Weir::Token;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'keys outlive a reload');
}

workers(3);

our $ISSUER = Weir::Issuer->start;
our %SET    = map { $_ => read_file(jwks($_)) } qw(ES256 ES256-b);
our $BOTH   = read_file(jwks('ES256', 'ES256-b'));
our $DIR    = Weir::image_dir();

our $ROUTES = "routes: [{id: all, match: {path: \"/**\"}, public: true}]\n";

our $CONFIG = <<'END';
    location = /status { weir off; weir_status; }
END

# A policy of the issuer main, with keys from there.
sub policy_of {
    my ($jwks, $iss) = @_;

    $iss //= 'https://id.example/';

    return "issuers: {main: {iss: \"$iss\", $jwks}}\n$::ROUTES";
}

sub url_of { "url: \"" . $::ISSUER->url($_[0]) . "\"" }

sub main_of { status()->{issuers}{main} }

sub kids { join ' ', @{$_[0]{keys}} }

# Waits until the issuer's state is so; the state.
sub until_so {
    my ($test, $seconds) = @_;
    my $state;

    wait_long(sub { $state = main_of(); return $test->($state) },
              $seconds // 5);

    return $state;
}

sub until_kids {
    my ($kids, $seconds) = @_;

    return until_so(sub { kids($_[0]) eq $kids }, $seconds);
}

# What each worker says; every one must say it.
sub each_worker {
    my ($n, $kids) = @_;
    my %said;

    wait_long(sub {
        my $status = status();
        $said{$status->{pid}} = kids($status->{issuers}{main});
        return $n == grep { $_ eq $kids } values %said;
    }, 10);

    return join '|', map { $said{$_} } sort keys %said;
}

sub set { $::ISSUER->set(@_) }

run_tests();

__DATA__

=== all workers have the keys, one fetched them
--- policy eval
::set('/a', body => $::SET{ES256});
::policy_of("jwks: {" . ::url_of('/a') . "}")
--- config eval: $::CONFIG
--- then
is(each_worker(3, 'ES256'), 'ES256|ES256|ES256');
is($::ISSUER->asked('/a'), 1);
my $s = main_of();
is($s->{source}, 'url');
is($s->{from}, 'url');
is($s->{url}, $::ISSUER->url('/a'));
is($s->{file}, undef);
is("$s->{fetches} $s->{failures} $s->{version}", '1 0 1');
like($s->{last_success}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
cmp_ok($s->{next_fetch}, 'gt', $s->{last_success}, 'it will be fetched again');
is($s->{last_error}, undef);
ok(!$s->{fetching});
--- error_log
weir: issuer "main" has 1 keys, version 1, from its URL


=== keys rotate: the new set is that of every worker
--- policy eval
::set('/b', body => $::SET{ES256});
::policy_of("jwks: {" . ::url_of('/b') . ", ttl: 1s}")
--- config eval: $::CONFIG
--- then
is(kids(until_kids('ES256')), 'ES256');
set('/b', body => $::BOTH);
is(each_worker(3, 'ES256 ES256-b'), join '|', ('ES256 ES256-b') x 3);
set('/b', body => $::SET{'ES256-b'});
is(each_worker(3, 'ES256-b'), 'ES256-b|ES256-b|ES256-b');
is(main_of()->{version}, 3, 'a set that is the same is no new version');
my $asked = $::ISSUER->asked('/b');
wait_long(sub { $::ISSUER->asked('/b') >= $asked + 2 }, 5);
is(main_of()->{version}, 3);
is(main_of()->{fetches}, $::ISSUER->asked('/b'), 'one of three fetches');


=== an outage: the keys stay until stale_max, and come back
--- policy eval
::set('/c', body => $::SET{ES256});
::policy_of("jwks: {" . ::url_of('/c') . ", ttl: 1s, stale_max: 4s}")
--- config eval: $::CONFIG
--- then
is(kids(until_kids('ES256')), 'ES256');
$::ISSUER->stop;
my $s = until_so(sub { $_[0]{failures} >= 1 });
like($s->{last_error}, qr/Connection refused/);
is(kids($s), 'ES256', 'keys stay');
$s = until_so(sub { kids($_[0]) eq '' }, 8);
is(kids($s), '', 'not for ever');
cmp_ok($s->{failures}, '<=', 5, 'tries are rare');
$::ISSUER->again;
is(kids(until_kids('ES256', 10)), 'ES256', 'they are back');
is(main_of()->{last_error}, undef);
--- error_log
weir: no new keys of issuer "main" from


=== what is no good set changes nothing
--- policy eval
::set('/d', body => $::SET{ES256});
::policy_of("jwks: {" . ::url_of('/d') . ", ttl: 1s}")
--- config eval: $::CONFIG
--- then
is(kids(until_kids('ES256')), 'ES256');
set('/d', body => '{"keys": []}');
my $s = until_so(sub { $_[0]{failures} >= 1 });
ok($s->{last_error});
is("$s->{version} " . kids($s), '1 ES256');


=== a file is watched
--- policy eval
::put(::jwks('ES256'), "$::DIR/keys.json");
::policy_of("jwks: {file: \"$::DIR/keys.json\"}")
--- config eval: $::CONFIG
--- then
my $s = until_kids('ES256');
is("$s->{source} $s->{from} $s->{file}", "file file $::DIR/keys.json");
ok(!exists $s->{next_fetch});
Weir::Live::write_bytes("$::DIR/keys.next", $::SET{'ES256-b'});
rename "$::DIR/keys.next", "$::DIR/keys.json";
is(each_worker(3, 'ES256-b'), 'ES256-b|ES256-b|ES256-b');
Weir::Live::write_bytes("$::DIR/keys.json", '{"keys": [');
$s = until_so(sub { $_[0]{failures} >= 1 });
is(kids($s), 'ES256-b', 'a wrong file changes nothing');
ok($s->{last_error});
sleep 2;
is(main_of()->{failures}, 1, 'and is looked at once');
unlink "$::DIR/keys.json";
like(until_so(sub { $_[0]{failures} >= 2 })->{last_error}, qr/No such file/);
is(kids(main_of()), 'ES256-b', 'nor does one that is gone');
Weir::Live::write_bytes("$::DIR/keys.json", $::SET{ES256});
is(kids(until_kids('ES256')), 'ES256');
is(main_of()->{last_error}, undef);
is(count_of(qr/weir: no new keys of issuer "main" from "\Q$::DIR\E\/keys\.json"/), 2, 'each is said once');


=== a file that is not there, one that is none, and one of secrets
--- policy eval
::put(::jwks('HS256'), "$::DIR/secret.json");
"issuers:
  none: {iss: \"https://a.example\", jwks: {file: /nowhere/keys.json}}
  dir: {iss: \"https://b.example\", jwks: {file: \"$::DIR\"}}
  mixed: {iss: \"https://c.example\", jwks: {file: \"$::DIR/secret.json\"}}
  secret: {iss: \"https://d.example\", secret: {file: \"$::DIR/secret.json\"}}
$::ROUTES"
--- config eval: $::CONFIG
--- then
my $i;
wait_for(sub { $i = status()->{issuers}; $i->{secret}{from} });
like($i->{none}{last_error}, qr/No such file/);
like($i->{dir}{last_error}, qr/not a regular file/);
ok($i->{mixed}{last_error});
is("$i->{secret}{source} @{$i->{secret}{keys}}", 'secret HS256');
is(join(' ', map { @{$i->{$_}{keys}} } qw(none dir mixed)), '');


=== the file of a URL is for the time until it answers
--- policy eval
::put(::jwks('ES256-b'), "$::DIR/first.json");
::set('/e', body => $::SET{ES256}, delay => 1);
::policy_of("jwks: {" . ::url_of('/e') . ", file: \"$::DIR/first.json\"}")
--- config eval: $::CONFIG
--- then
my $s = until_kids('ES256-b');
is("$s->{from} " . kids($s), 'file ES256-b');
ok($s->{fetching});
$s = until_kids('ES256');
is("$s->{from} " . kids($s), 'url ES256');
Weir::Live::write_bytes("$::DIR/first.json", $::BOTH);
sleep 2;
is(kids(main_of()), 'ES256', 'the file is not looked at any more');


=== an issuer that is found by its name
--- policy eval
my $iss = $::ISSUER->url('/realm');
::set('/realm/.well-known/openid-configuration', body => qq({"issuer":"$iss","jwks_uri":") . $::ISSUER->url('/realm/keys') . '"}');
::set('/realm/keys', body => $::SET{ES256});
::policy_of('aud: [x]', $iss)
--- config eval: $::CONFIG
--- then
my $s = until_kids('ES256');
is("$s->{source} $s->{from} " . kids($s), 'discovery url ES256');
is("$s->{fetches} $s->{failures}", '1 0');


=== configurations of issuers that are not believed
--- policy eval
our %WRONG = (
    other   => ['{"issuer":"https://evil.example","jwks_uri":"https://evil.example/"}', qr/of another issuer/],
    slash   => ['{"issuer":"ISS/","jwks_uri":"https://evil.example/"}', qr/of another issuer/],
    none    => ['{"issuer":"ISS"}', qr/no "jwks_uri"/],
    number  => ['{"issuer":"ISS","jwks_uri":7}', qr/no "jwks_uri"/],
    plain   => ['{"issuer":"ISS","jwks_uri":"http://192.0.2.1/"}', qr/http, which only an address of this machine/],
    name    => ['{"issuer":"ISS","jwks_uri":"http://localhost/"}', qr/http, which only an address of this machine/],
    file    => ['{"issuer":"ISS","jwks_uri":"file:///etc/passwd"}', qr/begins neither with https/],
    user    => ['{"issuer":"ISS","jwks_uri":"https://a@b/"}', qr/host is no name/],
    crlf    => ['{"issuer":"ISS","jwks_uri":"https://a/\r\nX: y"}', qr/character that no URL has/],
    short   => ['{"issuer":"ISS","jwks_uri":"https://127.1/"}', qr/neither a name nor an address/],
    bracket => ['{"issuer":"ISS","jwks_uri":"https://[::1/"}', qr/has no "\]"/],
    port    => ['{"issuer":"ISS","jwks_uri":"https://127.0.0.1:0/"}', qr/port is not a number/],
    json    => ['{"issuer":', qr/./],
    twice   => ['{"issuer":"ISS","issuer":"ISS","jwks_uri":"https://a/"}', qr/./],
    long    => ['"' . 'x' x 70000 . '"', qr/more than 65536/],
);
my $text = '';
for my $name (sort keys %WRONG) {
    my $iss = $::ISSUER->url("/$name");
    ::set("/$name/.well-known/openid-configuration", body => $WRONG{$name}[0] =~ s/ISS/$iss/gr);
    $text .= "  $name: {iss: \"$iss\"}\n";
}
"issuers:\n$text$::ROUTES"
--- config eval: $::CONFIG
--- then
for my $name (sort keys %WRONG) {
    my $s;
    wait_long(sub { $s = status()->{issuers}{$name}; $s->{last_error} });
    like($s->{last_error}, $WRONG{$name}[1], $name);
    is_deeply($s->{keys}, [], "$name: no keys");
}


=== what was good is kept on disk
--- policy eval
::set('/f', body => $::SET{ES256});
::policy_of("jwks: {" . ::url_of('/f') . "}")
--- http_weir eval: "weir_jwks_cache $::DIR/cache;"
--- config eval: $::CONFIG
--- then
until_kids('ES256');
my @files;
wait_for(sub { @files = glob "$::DIR/cache/*"; @files == 1 });
like("@files", qr{/cache/[0-9a-f]{32}\.jwks$});
my @stat = stat $files[0];
is(sprintf('%o', $stat[2] & 07777), '600');
like(read_file($files[0]), qr/^weir keys 1 \d+\n\Q$::SET{ES256}\E$/);
$::ISSUER->stop;


=== and is there at a cold start without the issuer
--- policy eval: ::policy_of("jwks: {" . ::url_of('/f') . "}")
--- http_weir eval: "weir_jwks_cache $::DIR/cache;"
--- config eval: $::CONFIG
--- then
my $s = until_kids('ES256');
is("$s->{from} " . kids($s), 'disk ES256', 'before the issuer answers');
is(each_worker(3, 'ES256'), 'ES256|ES256|ES256');
$s = until_so(sub { $_[0]{failures} >= 1 });
like($s->{last_error}, qr/Connection refused/);
is(kids($s), 'ES256');
set('/f', body => $::SET{'ES256-b'});
$::ISSUER->again;
$s = until_kids('ES256-b', 8);
is("$s->{from} " . kids($s), 'url ES256-b', 'the issuer knows better');
::main::wait_for(sub { read_file((glob "$::DIR/cache/*")[0]) =~ /ES256-b/ });
my ($file) = glob "$::DIR/cache/*";
my $text = read_file($file);
like($text, qr/ES256-b/);
$::ISSUER->stop;
Weir::Live::write_bytes($file, $text =~ s/1 (\d+)/'1 ' . ($1 - 61)/er);


=== but not when it is too old, or no copy
--- policy eval
::policy_of("jwks: {" . ::url_of('/f') . ", ttl: 30s, stale_max: 1m}")
--- http_weir eval: "weir_jwks_cache $::DIR/cache;"
--- config eval: $::CONFIG
--- then
is(kids(until_so(sub { $_[0]{failures} })), '');
$::ISSUER->again;
is(kids(until_kids('ES256-b', 8)), 'ES256-b');
my ($file) = glob "$::DIR/cache/*";
like(read_file($file), qr/ES256-b/);
Weir::Live::write_bytes($file, substr read_file($file), 0, 60);
$::ISSUER->stop;
--- error_log
were not used: it is older than stale_max


=== a torn copy
--- policy eval: ::policy_of("jwks: {" . ::url_of('/f') . "}")
--- http_weir eval: "weir_jwks_cache $::DIR/cache;"
--- config eval: $::CONFIG
--- then
is(kids(until_so(sub { $_[0]{failures} })), '');
wait_for(sub { count_of(qr/were not used/) });
$::ISSUER->again;
--- error_log
were not used:
