# Swaps while nginx serves: no request fails, each is decided by one version,
# and what a request began under stays until it has ended.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'an image may not follow that of another block');
}

workers(3);

# All answers came, each of one version, none older than what was seen before.
sub all_well {
    my ($seen, $what) = @_;
    my @faults = Weir::Load::faults($seen);
    my @stale  = Weir::Load::stale($seen);

    cmp_ok(scalar @$seen, '>', 50, "$what: there was load");
    is(scalar @faults, 0, "$what: none failed, none was mixed")
        or diag(Weir::Load::text(@faults));
    is(scalar @stale, 0, "$what: none came late")
        or diag(Weir::Load::text(@stale));

    is(join("\n", mixed()), '', "$what: nor was one in the log");

    return Weir::Load::generations($seen);
}

# Does something again and again under load; each round ends in a version.
sub under_load {
    my ($what, $rounds, $do) = @_;
    my $load = load(clients => 3);

    for my $n (2 .. $rounds + 1) {
        $do->(image_path(), $n);
        is(served($n)->{policy}, "v$n", "$what: version $n is served");
    }

    my $generations = all_well($load->stop, $what);

    cmp_ok(scalar keys %$generations, '>=', $rounds,
           "$what: the load has seen them");
}

sub pins {
    my $n = 0;

    $n += $_->{pins} for @{status()->{workers}};

    return $n;
}

# An upstream whose answers are written by hand.
sub upstream {
    my $port = rand_port(2);

    return IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port,
                                 Listen => 16, ReuseAddr => 1, Timeout => 5)
           || die "$port: $!";
}

our %AUDITED = (more => "audit: {sample: {allow: 100%}}\n");

sub version_of { (header($_[0], 'X-Version') // '') =~ /^(v\d+)/ ? $1 : '' }

master_on();
run_tests();

__DATA__

=== by rename
--- http_config eval: Weir::Live::http('check=10ms')
--- config eval: $Weir::Live::CONFIG
--- then
under_load('rename', 8, sub {
    my ($path, $n) = @_;
    place(version($n));
});


=== by rewriting the file in place, at once and by pieces
--- http_config eval: Weir::Live::http('check=10ms')
--- config eval: $Weir::Live::CONFIG
--- then
under_load('in place', 8, sub {
    my ($path, $n) = @_;
    my $bytes = read_file(version($n));
    my $piece = $n % 2 ? length $bytes : 1 + int length($bytes) / 5;
    open my $out, '>:raw', $path or die;
    while ($bytes ne '') {
        syswrite $out, substr $bytes, 0, $piece, '';
        sleep 0.008 if $bytes ne '';
    }
});


=== a truncated file is refused, and a whole one follows
--- http_config eval: Weir::Live::http('check=10ms')
--- config eval: $Weir::Live::CONFIG
--- then
under_load('truncate', 5, sub {
    my ($path, $n) = @_;
    my $generation = status()->{generation};
    truncate $path, (-s $path) / 2;
    is(rejected('truncated', $n - 1)->{generation}, $generation, 'half a file is refused');
    place(version($n));
});


=== a deleted file changes nothing until there is another
--- http_config eval: Weir::Live::http('check=10ms')
--- config eval: $Weir::Live::CONFIG
--- then
under_load('delete', 5, sub {
    my ($path, $n) = @_;
    my $generation = status()->{generation};
    unlink $path;
    is(rejected('unreadable', $n - 1)->{generation}, $generation, 'it serves on without');
    put(version($n), "$path.new");
    rename "$path.new", $path;
});


=== through the ..data link of a ConfigMap
--- http_config eval
my $http = Weir::Live::http('check=10ms');
my ($path) = $http =~ /weir_policy (\S+)/;
my ($dir) = $path =~ m{(.*)/};
mkdir "$dir/..1";
rename $path, "$dir/..1/policy.weir";
unlink "$dir/..data";
symlink '..1', "$dir/..data" or die;
symlink '..data/policy.weir', $path or die;
$http
--- config eval: $Weir::Live::CONFIG
--- then
under_load('ConfigMap', 8, sub {
    my ($path, $n) = @_;
    my ($dir) = $path =~ m{(.*)/};
    mkdir "$dir/..$n";
    put(version($n), "$dir/..$n/policy.weir");
    symlink "..$n", "$dir/..data_tmp";
    rename "$dir/..data_tmp", "$dir/..data";
    my $old = $n - 1;
    unlink "$dir/..$old/policy.weir";
    rmdir "$dir/..$old";
});


=== a hundred swaps in six seconds
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
version($_) for 2 .. 11;
my $before = status();
my $slow = slow_start(length => 100);
my $load = load(clients => 3);
my $began = time();
for my $i (1 .. 100) {
    place(version(2 + $i % 10));
    served(2 + $i % 10);
    my $ahead = $began + 0.06 * $i - time();
    sleep $ahead if $ahead > 0;
}
my $took = time() - $began;
my $after = status();
is($after->{swaps} - $before->{swaps}, 100, 'each was taken');
is($after->{generation} - $before->{generation}, 100);
cmp_ok($took, '<', 15, 'in time');
my $answer = slow_end($slow);
is($answer->{status}, 200, 'a slow request has outlived them');
is(version_of($answer), 'v1', 'under its own version');
my $generations = all_well($load->stop, 'storm');
cmp_ok(scalar keys %$generations, '>', 90, 'the load has seen nearly all');


=== a request ends under the version that it began under
--- http_config eval: Weir::Live::http('check=10ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $slow = slow_start();
ok(wait_long(sub { pins() == 1 }), 'it holds a pin');
place(version(2));
served(2);
my $second = slow_start();
ok(wait_long(sub { pins() == 2 }));
is(version_of(http('GET', '/', Host => 'acme.example')), 'v2');
my $answer = slow_end($slow);
is($answer->{status}, 200);
like(header($answer, 'X-Version'), qr{^v1/-/1 p1 r1 a1$}, 'all of it is of version 1');
like(header(slow_end($second), 'X-Version'), qr{^v2/-/2 p2 r2 a2$});
ok(wait_long(sub { pins() == 0 }), 'and both pins are let go');


=== a refusal is of one version too
--- http_config eval: Weir::Live::http('check=10ms')
--- config eval: $Weir::Live::CONFIG
--- then
my %seen;
for my $n (2 .. 6) {
    place(version($n));
    for (1 .. 40) {
        my $a = http('GET', '/?deny', Host => 'acme.example', Accept => 'application/problem+json');
        my ($v) = (header($a, 'X-Version') // '') =~ m{^v(\d+)/-/\d+ p\1 r\1 d\1$};
        my ($m) = $a->{body} =~ /"m(\d+)"/;
        is("$a->{status} " . ($m // '-'), "403 " . ($v // '?')) if $a->{status} != 403 || ($m // 0) != ($v // -1);
        $seen{$v // 0}++;
    }
    served($n);
}
cmp_ok(scalar keys %seen, '>=', 4, 'refusals of several versions');
ok(!$seen{0}, 'none was mixed');


=== with all slots in use a swap waits, and status says so
--- http_config eval: Weir::Live::http('check=10ms')
--- config eval: $Weir::Live::CONFIG
--- then
my @slow = slow_start();
ok(wait_long(sub { pins() == 1 }));
for my $n (2 .. 4) {
    place(version($n));
    served($n);
    push @slow, slow_start();
    ok(wait_long(sub { pins() == $n }));
}
ok(!status()->{waiting});
place(version(5));
ok(wait_long(sub { status()->{waiting} }), 'it waits');
sleep 0.3;
is(status()->{policy}, 'v4', 'and goes on waiting');
is(version_of(http('GET', '/', Host => 'acme.example')), 'v4', 'while the last one serves');
place(version(6));
sleep 0.1;
is(version_of(slow_end($slow[1])), 'v2');
ok(!served(6)->{waiting}, 'once a slot is free it goes on, with the newest file');
is(status()->{generation}, 5, 'and not with what has been replaced');
is(version_of(slow_end($slow[$_])), 'v' . ($_ + 1)) for 0, 2, 3;
ok(wait_long(sub { pins() == 0 }));
place(version(7));
is(served(7)->{policy}, 'v7');


=== an answer that is being read holds up no swap
--- http_config eval
Weir::Live::http('check=10ms', Weir::Live::version(1, %::AUDITED)) . 'weir_audit_log logs/audit.log;'
--- config eval
$Weir::Live::CONFIG =~ s/RAND_PORT_1/RAND_PORT_2/r . <<'END';
    location = /metrics { weir off; weir_metrics; }
END
--- then
my $listen = main::upstream();
my @open;
for my $n (1 .. 7) {
    if ($n > 1) {
        place(version($n, %::AUDITED));
        is(served(version($n, %::AUDITED))->{policy}, "v$n");
    }
    my $client = raw_connect();
    syswrite $client, "GET /up/$n HTTP/1.1\r\nHost: acme.example\r\n"
             . "Connection: close\r\n\r\n";
    my $server = $listen->accept or die 'nothing came';
    sysread $server, my $request, 65536;
    syswrite $server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"
             . "X-Accel-Buffering: no\r\n\r\nhalf";
    sysread $client, my $answer, 65536;
    like($answer, qr{^HTTP/1.1 200 .*^X-Version: v$n/}ms, "begun under version $n");
    push @open, [$client, $server];
}
ok(!status()->{waiting});
for (@open) {
    my ($client, $server) = @$_;
    syswrite $server, "-half";
    close $server;
    my $rest = '';
    1 while sysread $client, $rest, 100, length $rest;
    like($rest, qr/-half$/, 'and each is read to its end');
}
ok(wait_long(sub { pins() == 0 }));
my @log = grep { !/^-/ } split /\n/, read_file(server_root() . '/logs/versions.log');
is(join(' ', map { /^(v\d+)/ } grep { m{ r\d+ } } @log), 'v1 v2 v3 v4 v5 v6 v7', 'in the access log, too');
is(join("\n", mixed()), '');
my @paths = map { "/up/$_" } 1 .. 7;
my @audited = sort(read_file(server_root() . '/logs/audit.log') =~ m{"path":"(/up/\d)"}g);
is("@audited", "@paths", 'audited, once');
my $metrics = http('GET', '/metrics')->{body};
for my $name (qw(weir_decisions_total weir_http_requests_total)) {
    my @counted = sort $metrics =~ /^$name\{.*route="(r\d)".*\} 1$/mg;
    is("@counted", join(' ', map { "r$_" } 1 .. 7), "in $name, once");
}


=== an upgraded connection holds no slot
--- http_config eval: Weir::Live::http('check=10ms')
--- config eval
$Weir::Live::CONFIG =~ s/RAND_PORT_1/RAND_PORT_2/r
--- then
my $listen = main::upstream();
my @open;
for my $n (1 .. 6) {
    if ($n > 1) {
        place(version($n));
        served($n);
    }
    my $client = raw_connect();
    syswrite $client, "GET /up/ws HTTP/1.1\r\nHost: acme.example\r\n"
             . "Upgrade: test\r\nConnection: Upgrade\r\n\r\n";
    my $server = $listen->accept or die 'nothing came';
    sysread $server, my $request, 65536;
    like($request, qr/^Upgrade: test\r$/mi) if $n == 1;
    syswrite $server, "HTTP/1.1 101 Switching Protocols\r\n"
             . "Upgrade: test\r\nConnection: Upgrade\r\n\r\n";
    sysread $client, my $answer, 65536;
    like($answer, qr{^HTTP/1.1 101 .*^X-Version: v$n/}ms, "upgraded under version $n");
    push @open, [$client, $server];
}
ok(wait_long(sub { pins() == 0 }), 'six open connections, no pin');
ok(!status()->{waiting});
for (@open) {
    my ($client, $server) = @$_;
    syswrite $client, "ping\n";
    sysread $server, my $ping, 100;
    is($ping, "ping\n", 'and each still works');
}
@open = ();
my $log = server_root() . '/logs/versions.log';
ok(wait_long(sub { (() = read_file($log) =~ /^v/mg) == 6 }));
is(join(' ', sort grep { /^v/ } split /\n/, read_file($log)),
   join(' ', map { "v$_/-/$_ p$_ r$_ a$_" } 1 .. 6),
   'the log has the version of each, though its slot is another\'s by now');


=== more patterns than a request compiles: all workers are ready first
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $many = patterned(150);
my $load = load(clients => 3);
for my $n (2 .. 5) {
    my $image = version($n, more => $many);
    place($image);
    is(served($image)->{policy}, "v$n");
}
all_well($load->stop, 'many patterns');


=== of many files that come at once the last one is served
--- http_config eval: Weir::Live::http('check=10ms')
--- config eval: $Weir::Live::CONFIG
--- then
version($_) for 2 .. 6;
my $load = load(clients => 2);
for my $i (1 .. 300) {
    place(version(2 + $i % 4));
    sleep 0.002;
}
place(version(6));
is(served(6)->{policy}, 'v6');
sleep 0.1;
is(status()->{policy}, 'v6', 'and stays');
all_well($load->stop, 'at once');
