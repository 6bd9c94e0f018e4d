# conf.d/edge.*: a cache behind the policy, and one request of it to the origin.

use Weir 'no_plan';
use Time::HiRes qw(sleep);
use Weir::Confd;
use Weir::Live qw(answer_of);
use Weir::Token;

our $DIR = image_dir();
our $KEY = "$DIR/edge.key";

mkdir "$DIR/$_" for 'state', 'origin', 'origin/media';

our $HTTP = confd('edge', 'edge.key.pub' => "$DIR/edge.key.pub",
                          'state/' => "$DIR/state/",
                          'slice 1m' => 'slice 1k') . on_ports(<<"END");

# The origin: it says for whom it answers, how often, and how long that holds.
log_format origin '\$request_method \$request_uri \$http_x_tenant "\$http_range"';

server {
    listen 127.0.0.1:9000;
    access_log logs/origin.log origin;
    add_header Cache-Control "\$arg_cache";

    location / {
        if (-f $DIR/broken) { return 503; }
        return 200 "\$http_x_tenant \$http_accept_language \$request_id\\n";
    }

    location /assets/vary {
        add_header Cache-Control "\$arg_cache";
        add_header Vary Accept-Language;
        return 200 "\$http_accept_language \$request_id\\n";
    }

    location /assets/hand {
        add_header X-None "";
        proxy_pass http://127.0.0.1:9001;
    }

    location /media/hand { proxy_pass http://127.0.0.1:9001; }
    location /media/ { root $DIR/origin; }
}
END

system(weir(), 'keygen', '-o', $KEY) == 0 or die 'keygen' if !-e $KEY;
edit('file: jwks.json', 'file: ' . jwks('ES256'));
compile($KEY);

# Edits of the policy, as a newer one.
my $serial = 1;
sub release {
    my (@edits) = @_;

    while (my ($from, $to) = splice @edits, 0, 2) {
        edit($from, $to);
    }

    edit("serial: $serial", 'serial: ' . ++$serial);
    compile($KEY);
}

sub media {
    my ($name, $text) = @_;

    Weir::Token::write_file("$DIR/origin/media/$name", $text);
}

# 2600 octets: two slices and a bit, no two alike.
our $FILM = join '', map { sprintf '%09d,', $_ } 1 .. 260;
media('film', $FILM);

sub caller_is {
    my ($sub, $tenant, $role) = @_;

    return token('ES256', iss => 'https://id.example/', sub => $sub,
                 aud => 'cdn', tenant_id => $tenant, roles => [$role]);
}

our $ANN = caller_is('ann', 'acme', 'viewer');
our $GUS = caller_is('gus', 'globex', 'viewer');
our $EVE = caller_is('eve', 'acme', 'none');
our $COMMON = 'cdn.example';

# "STATUS CACHE" of an answer.
sub said {
    my ($a) = @_;

    return "$a->{status} " . (header($a, 'X-Cache') // '-');
}

sub get {
    my ($tenant, $target, %more) = @_;

    return at(8080, 'GET', $target, Host => "$tenant.cdn.example", %more);
}

# What the origin was asked, since the last time.
my $seen = 0;
sub asked {
    my @lines = split /\n/, read_file(Test::Nginx::Util::server_root()
                                      . '/logs/origin.log');
    my @new   = @lines[$seen .. $#lines];

    $seen = @lines;
    return @new;
}

# The next request that the origin by hand gets; undef: none comes.
sub next_request {
    my ($socket, $text) = accepted($_[0]) or return undef;

    return { socket => $socket, text => $text };
}

sub reply {
    my ($request, $body, $control) = @_;

    syswrite $request->{socket},
        "HTTP/1.1 200 OK\r\nCache-Control: $control\r\nContent-Length: "
        . length($body) . "\r\n\r\n$body";
    close $request->{socket};
}

# A request whose answer is read later.
sub send_get {
    my ($target) = @_;
    my $socket = Weir::raw_connect(port_of(8080));

    syswrite $socket, "GET $target HTTP/1.1\r\nHost: acme.cdn.example\r\n\r\n";
    return $socket;
}

run_tests();

__DATA__

=== the policy is sound
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
sound();


=== what is kept is the tenant's, on the same host and path too
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
asked();
media('same', 'a film');
my %age = (Host => $::COMMON);
my $path = '/media/same?cache=max-age=60';
my $a = at(8080, 'GET', $path, %age, bearer($::ANN));
is(said($a), '200 MISS', 'of acme');
is(said(at(8080, 'GET', $path, %age, bearer($::ANN))), '200 HIT', 'kept');
media('same', 'another');
$a = at(8080, 'GET', $path, %age, bearer($::GUS));
is(said($a), '200 MISS', 'of globex, the same');
is($a->{body}, 'another', 'is not what acme has');
is(at(8080, 'GET', $path, %age, Cookie => "cdn_token=$::ANN")->{body}, 'a film', 'which has its own');
is(scalar(asked()), 2, 'each asked once');

is(said(get('acme', '/assets/x?cache=max-age=60')), '200 MISS');
my $hit = get('acme', '/assets/x?cache=max-age=60');
is(said($hit), '200 HIT');
like($hit->{body}, qr/^acme /);
$a = get('globex', '/assets/x?cache=max-age=60', 'X-Tenant' => 'acme', 'X-Cache-Generation' => '1 acme');
is(said($a), '200 MISS', 'whatever it says of itself');
like($a->{body}, qr/^globex /);
is(said(get('acme', '/assets/y')), '200 MISS', 'without an age');
is(said(get('acme', '/assets/y')), '200 MISS', 'it is not kept');
is(said(get('acme', '/assets/z?cache=private,max-age=60')), '200 MISS', "one user's own");
is(said(get('acme', '/assets/z?cache=private,max-age=60')), '200 MISS', 'neither');


=== what a client says beside the key the origin does not hear
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
listening(9001);
my %evil = map { $_ => 'evil' } qw(X-Forwarded-Host X-Forwarded-For Forwarded
    X-Original-URL X-Host Origin Cookie Referer User-Agent X-Tenant
    X-Cache-Generation X-HTTP-Method-Override Authorization);
for my $path ('/assets/hand?evil=no', '/media/hand') {
    my $socket = Weir::raw_connect(port_of(8080));
    my %said = $path =~ /media/ ? (%evil, bearer($::ANN)) : %evil;
    syswrite $socket, "GET $path HTTP/1.1\r\nHost: acme.cdn.example\r\n"
        . "Accept-Language: de\r\n"
        . join('', map { "$_: $said{$_}\r\n" } sort keys %said) . "\r\n";
    my $heard = next_request();
    like($heard->{text}, qr{^GET \Q$path\E HTTP.*\r\nAccept-Language: de\r\n}s, $path);
    unlike($heard->{text} =~ s/.*\r\n//r, qr/evil/, 'nothing else');
}
is(get('acme', '/assets/x', Host => 'www.acme.cdn.example')->{status}, 421, 'of a host that is none');


=== who may not is refused, kept or not; a refusal neither fills nor reads
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
asked();
media('secret', 'a secret');
my $path = '/media/secret?cache=max-age=60';
is(get('acme', $path)->{status}, 401, 'nobody');
is(get('acme', $path, bearer($::EVE))->{status}, 403, 'no role');
is(get('acme', $path, bearer($::GUS))->{status}, 403, 'another tenant');
is(scalar(asked()), 0, 'the origin was not asked');
is(said(get('acme', $path, bearer($::ANN))), '200 MISS', 'so nothing is kept');
is(said(get('acme', $path, bearer($::ANN))), '200 HIT', 'now it is');
for ([401], [403, bearer($::EVE)], [403, bearer($::GUS)]) {
    my ($status, @who) = @$_;
    my $a = get('acme', $path, @who);
    is(said($a), "$status -", "refused: $status");
    unlike($a->{body}, qr/secret/, 'without a byte of it');
    is(get('acme', $path, @who, Range => 'bytes=0-3')->{status}, $status, 'nor of a range');
    is(at(8080, 'HEAD', $path, Host => 'acme.cdn.example', @who)->{status}, $status, 'nor its head');
}
my $a = get('acme', $path, bearer($::ANN));
is(said($a), '200 HIT', 'and it is still kept');
is(header($a, 'Cache-Control'), 'private, max-age=60', 'for her alone');
is(get('acme', $path, 'If-None-Match' => header($a, 'ETag'))->{status}, 401, 'not even "not modified"');
is(get('acme', $path, bearer($::ANN), 'If-None-Match' => header($a, 'ETag'))->{status}, 304, 'which she is told');
is(scalar(asked()), 1, 'the origin was asked once');


=== what is too old is served while one request fetches it anew, charged once
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
listening(9001);
my $first = send_get('/assets/hand');
reply(next_request(), 'one', 'max-age=1');
my $a = answer_of($first);
is(said($a) . " $a->{body}", '200 MISS one');

sleep 2.1;
my ($requests, $kb) = (charged('acme', 'per-address'), charged('acme', 'egress.month'));
my $stale = send_get('/assets/hand');
$a = answer_of($stale);
is(said($a) . " $a->{body}", '200 STALE one', 'too old, at once');
my $update = next_request();
like($update->{text}, qr{^GET /assets/hand HTTP/1.\d\r\n.*X-Tenant: acme\r\n}s, 'the origin is asked behind it, in the same name');

my $during = send_get('/assets/hand');
$a = answer_of($during);
is(said($a) . " $a->{body}", '200 UPDATING one', 'others have it, too');
ok(!next_request(0.3), 'and the origin is asked once');

reply($update, 'two', 'max-age=60');
ok(wait_for(sub { $a = get('acme', '/assets/hand'); $a->{body} eq 'two' }), 'then there is the new one');
is(said($a), '200 HIT');
my $n = charged('acme', 'per-address') - $requests;
my $tries = charged('acme', 'egress.month') - $kb;
is($n, $tries, 'each is charged as one request, and as one answer');
ok($n >= 3 && $n < 150, "$n requests");


=== as long as the origin fails, what there is is served
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $path = '/assets/frail?cache=max-age=1';
my $kept = get('acme', $path);
is(said($kept), '200 MISS');
Weir::Token::write_file("$::DIR/broken", '');
sleep 2.1;
my $a = get('acme', $path);
is("$a->{status} $a->{body}", "200 $kept->{body}", 'stale');
is(get('acme', "$path&other")->{status}, 503, 'what was never there is not');
unlink "$::DIR/broken";
ok(wait_for(sub { get('acme', $path)->{body} ne $kept->{body} }), 'until it is back');


=== one request fetches what is missing, others wait for it
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
listening(9001);
my @clients = map { send_get('/assets/hand?crowd') } 1 .. 5;
my $request = next_request();
ok(!next_request(0.3), 'the origin is asked once');
reply($request, 'all', 'max-age=60');
is(join(' ', sort map { answer_of($_)->{body} } @clients), 'all all all all all', 'for all');


=== slices: a range fetches what it needs, the whole is put together
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
asked();
my %ann = bearer($::ANN);
my $path = '/media/film?cache=max-age=60';
my ($requests, $kb) = (charged('acme', 'per-address'), charged('acme', 'egress.month'));

my $a = get('acme', $path, %ann, Range => 'bytes=1100-1199');
is("$a->{status} $a->{body}", '206 ' . substr($::FILM, 1100, 100), 'a range');
is(header($a, 'Content-Range'), 'bytes 1100-1199/2600');
is(join('|', asked()), "GET $path acme \"bytes=1024-2047\"", 'is one slice');

$a = get('acme', $path, %ann);
is("$a->{status} $a->{body}", "200 $::FILM", 'the whole');
is(header($a, 'Content-Length'), 2600);
is(join('|', asked()), join('|', map { "GET $path acme \"bytes=$_\"" } '0-1023', '2048-3071'), 'is the other two');

$a = get('acme', $path, %ann);
is("$a->{status} $a->{body}", "200 $::FILM", 'again');
is(join('|', asked()), '', 'is none');
is(charged('acme', 'per-address') - $requests, 3, 'three requests, whatever their slices');
is(charged('acme', 'egress.month') - $kb, 1 + 3 + 3, 'and what was sent');

$a = get('acme', $path, %ann, Range => 'bytes=-10');
is("$a->{status} $a->{body}", '206 ' . substr($::FILM, -10), 'the end');
is(get('acme', $path, %ann, Range => 'bytes=2000-2100')->{body}, substr($::FILM, 2000, 101), 'over two slices');
is(get('acme', $path, %ann, Range => 'bytes=0-0')->{body}, '0', 'one byte');
asked();

$a = get('acme', $path, %ann, Range => 'bytes=9999-');
is($a->{status}, 416, 'behind the end');
is(header($a, 'Content-Range'), 'bytes */2600', 'which it is told');
is(header($a, 'Cache-Control'), 'no-store', 'and does not keep');

asked();
$a = at(8080, 'HEAD', $path, Host => 'acme.cdn.example', %ann);
is("$a->{status} $a->{body}", '200 ', 'the head');
is(header($a, 'Content-Length'), 2600, 'of the whole');
is(header($a, 'Accept-Ranges'), 'bytes', 'of which there are ranges');
is(scalar(asked()), 0, 'of what is kept');

media('long', $::FILM);
$a = at(8080, 'HEAD', '/media/long?cache=max-age=60', Host => 'acme.cdn.example', %ann);
is("$a->{status} " . header($a, 'Content-Length'), '200 2600', 'or of what is not');
is(scalar(asked()), 1, 'which asks for one slice');
$a = get('acme', $path, %ann, Range => 'bytes=0-1,1500-1501');
is("$a->{status} $a->{body}", "200 $::FILM", 'several ranges are the whole');
asked();

$a = get('acme', '/media/none?cache=max-age=60', %ann);
is("$a->{status} " . header($a, 'Cache-Control'), '404 no-store', 'what is not there');


=== slices that are too old are updated in front, as one request
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my %ann = bearer($::ANN);
my $path = '/media/news?cache=max-age=1';
media('news', 'a' x 2500);
is(get('acme', $path, %ann)->{body}, 'a' x 2500);
sleep 2.1;
asked();
my $requests = charged('acme', 'per-address');
is(get('acme', $path, %ann)->{body}, 'a' x 2500);
is(scalar(asked()), 3, 'three slices were asked after');
is(charged('acme', 'per-address') - $requests, 1, 'by one request');


=== slices of two versions are not put together
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my %ann = bearer($::ANN);
my $path = '/media/changed?cache=max-age=60';
media('changed', 'a' x 2500);
is(get('acme', $path, %ann, Range => 'bytes=0-9')->{body}, 'a' x 10);
media('changed', 'b' x 2600);
my $text = http_raw("GET $path HTTP/1.1\r\nHost: acme.cdn.example\r\n"
    . "Authorization: Bearer $::ANN\r\nConnection: close\r\n\r\n", port_of(8080));
unlike($text =~ s/^.*?\r\n\r\n//sr, qr/b/, 'it breaks off');
media('renamed', 'b' x 2600);
is(get('acme', '/media/renamed?cache=max-age=60', %ann)->{body}, 'b' x 2600, 'a new name is whole');


=== languages and heads
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $path = '/assets/vary?cache=max-age=60';
my %de = ('Accept-Language' => 'de');
my %nl = ('Accept-Language' => 'nl');
like(get('acme', $path, %de)->{body}, qr/^de /);
like(get('acme', $path, %nl)->{body}, qr/^nl /, 'an answer that varies');
my $a = get('acme', $path, %de);
is(said($a), '200 HIT', 'is kept for each');
like($a->{body}, qr/^de /);

my $head = '/assets/head?cache=max-age=60';
$a = at(8080, 'HEAD', $head, Host => 'acme.cdn.example');
is(said($a) . $a->{body}, '200 MISS', 'a head fetches');
is(said(get('acme', $head)), '200 HIT', 'what others get');


=== a limit refuses what is kept as well
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $path = '/assets/often?cache=max-age=60';
is(said(get('acme', $path)), '200 MISS');
asked();
release('rate: 200/s' => 'rate: 1/m', 'burst: 400' => 'burst: 3');
my @statuses;
wait_for(sub { push @statuses, get('acme', $path)->{status}; $statuses[-1] == 429 });
is($statuses[-1], 429, 'refused');
my $a = get('acme', "$path&new");
is(said($a), '429 -', 'nor fetched');
ok(header($a, 'Retry-After'), 'with when to come again');
is(scalar(asked()), 0, 'the origin hears nothing of it');
release('rate: 1/m' => 'rate: 200/s', 'burst: 3' => 'burst: 400');
ok(wait_for(sub { said(get('acme', $path)) eq '200 HIT' }), 'it is still kept');


=== a tenant's generation drops what is kept of it, and no other's
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $path = '/assets/dropped?cache=max-age=60';
my %old = map { $_ => get($_, $path)->{body} } 'acme', 'globex';
is(get('acme', $path)->{body}, $old{acme}, 'kept');
release('acme: {attrs: {generation: 1}}' => 'acme: {attrs: {generation: 2}}');
ok(wait_for(sub { get('acme', $path)->{body} ne $old{acme} }), 'dropped');
is(said(get('acme', $path)), '200 HIT', 'and kept anew');
is(get('globex', $path)->{body}, $old{globex}, 'of another tenant it is still there');
release('generation: 2' => 'generation: 1');


=== only what is signed is served, and the last good policy outlives it
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $status = sub { JSON::PP::decode_json(at(8081, 'GET', '/status')->{body}) };
my $digest = $status->()->{digest};
my $was = $status->()->{rejected}{bad_signature} // 0;
edit('per-address, egress]', 'egress]');
compile();
ok(wait_for(sub { my $r = $status->()->{rejected}; grep { $r->{$_} } grep { /sign/ } keys %$r }), 'unsigned: refused');
is($status->()->{digest}, $digest, 'the old one serves');

my ($code, $said) = nginx_t($::HTTP =~ s/\$TEST_NGINX_RAND_PORT_(\d)/2000$1/gr);
is($code, 0, 'a node with that image starts');
like($said, qr/last good/, 'with the last good one') or diag($said);
release('limits: [egress]' => 'limits: [per-address, egress]');
ok(wait_for(sub { $status->()->{digest} ne $digest }), 'a signed one is taken');
