# weir_dashboard: the page, and the JSON that it asks for.

use Weir 'no_plan';
use Digest::SHA qw(sha256_base64);
use JSON::PP ();
use Weir::Live qw(wait_long);

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'what is counted outlives a reload');
}

workers(2);

our $POLICY = <<'END';
policy: {name: edge, serial: 7}
lists:
  here: {cidr: [127.0.0.0/8]}
tenants:
  resolve: [{header: x-tenant, trust: [lists.here]}]
  list:
    acme: {plan: small}
    globex: {plan: large}
    __proto__: {plan: large}
plans:
  small: {quota: {day: 3}}
  large: {quota: {day: 100, month: 1000}}
limits:
  few: {key: ['request.headers["x-user"]'], rate: 1/h, burst: 1}
deny:
  - {id: robots, when: '"deny" in request.params', status: 451}
  - {id: soon, when: '"soon" in request.params', dry_run: true}
routes:
  - {id: open, match: {path: "/open/**"}, public: true}
  - {id: shop, match: {path: "/shop/**"}, allow: [{id: all, when: 'true'}]}
  - {id: few, match: {path: "/few/**"}, public: true, limits: [few]}
END

our $CONFIG = <<'END';
    location / { weir on; return 200 "ok\n"; }
    location /open/error { weir on; return 502; }
    location /open/slow { weir on; weir_test_delay 30ms; return 200 "ok\n"; }
    location /open/dry { weir dry_run; return 200 "ok\n"; }
    location = /dashboard { weir off; weir_dashboard; }
    location = /status { weir off; weir_status; }
END

# Three hundred tenants.
sub crowd {
    my $list = join '', map { "    t$_: {}\n" } 1 .. 300;

    return <<"END";
lists:
  here: {cidr: [127.0.0.0/8]}
tenants:
  resolve: [{header: x-tenant, trust: [lists.here]}]
  list:
${list}routes:
  - {id: open, match: {path: "/open/**"}, public: true}
END
}

# What it shows, decoded.
sub show {
    my ($what, @headers) = @_;

    return JSON::PP->new->utf8->decode(
        http('GET', "/dashboard?show=$what", @headers)->{body});
}

# The summary, once that holds of it: requests are counted when they are gone.
sub summary {
    my ($holds) = @_;
    my $s;

    wait_long(sub { $s = show('summary'); $holds->($s) });

    return $s;
}

# All requests of a tenant, or of all.
sub sent {
    my ($s, $tenant) = @_;
    my $n = 0;

    for my $one (@{$s->{tenants}}) {
        next if defined $tenant && $one->{tenant} ne $tenant;
        $n += $_ for values %{$one->{requests}};
    }

    return $n;
}

sub tenant {
    my ($s, $tenant) = @_;

    return (grep { $_->{tenant} eq $tenant } @{$s->{tenants}})[0];
}

sub reasons {
    my ($s) = @_;

    return join "\n", sort map {
        "$_->{verdict} $_->{reason} $_->{rule} $_->{limit} $_->{count} "
        . "$_->{most}{tenant}/$_->{most}{route} $_->{most}{count}"
    } @{$s->{reasons}};
}

# Requests on one connection.
sub pipeline {
    my ($n, $target, @headers) = @_;
    my $head = join '', map { "$_\r\n" } 'Host: localhost', @headers;
    my $text = join '', map { "GET $target HTTP/1.1\r\n$head\r\n" } 1 .. $n;

    $text =~ s/\r\n\r\n\z/\r\nConnection: close\r\n\r\n/;

    return http_raw($text);
}

run_tests();

__DATA__

=== the page carries all that it needs, and says that nothing else may run
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $a = http('GET', '/dashboard');
is($a->{status}, 200);
is(header($a, 'Content-Type'), 'text/html; charset=utf-8');
is(header($a, 'Content-Length'), length $a->{body});
is(header($a, 'Cache-Control'), 'no-cache');
is(header($a, 'X-Content-Type-Options'), 'nosniff');
is(header($a, 'Referrer-Policy'), 'no-referrer');

my ($style) = $a->{body} =~ /<style>(.*?)<\/style>/s;
my ($script) = $a->{body} =~ /<script>(.*)<\/script>/s;
$_ = sha256_base64($_) . '=' for $style, $script;
my $policy = "default-src 'none'; script-src 'sha256-$script'; "
             . "style-src 'sha256-$style'; connect-src 'self'; "
             . "img-src data:; base-uri 'none'; form-action 'none'";
is(header($a, 'Content-Security-Policy'), "$policy; frame-ancestors 'none'");
like($a->{body}, qr/"Content-Security-Policy" content="\Q$policy\E">/);
is(scalar(() = $a->{body} =~ /<(?:script|style)\b/g), 2, 'one of each');
unlike($a->{body}, qr/\@import|url\(/);
$a->{body} =~ s/<(style|script)>.*?<\/\1>//gs;
unlike($a->{body}, qr/\s(?:src|href)=(?!"data:,"|"#)/, 'no other file');
unlike($a->{body}, qr/\sstyle=|\son[a-z]+=/);


=== the page is sent once
--- policy eval: $::POLICY
--- config eval: $::CONFIG . 'gzip on; gzip_types application/json; gzip_http_version 1.0;'
--- then
my $a = http('GET', '/dashboard');
my $tag = header($a, 'ETag');
like($tag, qr/^"[0-9a-f]{16}"$/);
is(http('GET', '/dashboard', 'If-None-Match' => $tag)->{status}, 304);
is(http('GET', '/dashboard', 'If-None-Match' => '"a"')->{status}, 200);
is(http('HEAD', '/dashboard')->{body}, '');
is(header(http('HEAD', '/dashboard'), 'Content-Length'), length $a->{body});
is(http('GET', '/dashboard?theme=dark')->{body}, $a->{body});
is(http('GET', '/dashboard', version => '1.0')->{body}, $a->{body});
my $small = http('GET', '/dashboard', 'Accept-Encoding' => 'gzip');
is(header($small, 'Content-Encoding'), 'gzip');
cmp_ok(length $small->{body}, '<', length($a->{body}) / 2);
is(header(http('GET', '/dashboard?show=summary', 'Accept-Encoding' => 'gzip'),
          'Content-Encoding'), 'gzip');


=== it takes GET and HEAD, and shows what there is
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- ask
POST /dashboard body=ab        -> 405
DELETE /dashboard?show=summary -> 405
GET /dashboard?show=           -> 400
GET /dashboard?show=nothing    -> 400
GET /dashboard?show=SUMMARY    -> 400
GET /dashboard?show=summary%00 -> 400
HEAD /dashboard?show=summary   -> 200 ""
HEAD /dashboard?show=status    -> 200 ""
GET /dashboard?show=summary HTTP/1.0 -> 200 ~\{"time":\d+,.*\}$
--- then
for (qw(summary status usage)) {
    my $a = http('GET', "/dashboard?show=$_");
    is("$_ $a->{status}", "$_ 200");
    is(header($a, 'Content-Type'), 'application/json');
    is(header($a, 'Cache-Control'), 'no-store');
    is(header($a, 'Content-Length'), length $a->{body});
}
my ($a, $b) = (main::show('status'), status());
is_deeply([sort keys %$a], [sort keys %$b], 'the status of weir_status');
is($a->{digest}, $b->{digest});
is(header(http('GET', '/status'), 'Cache-Control'), undef);


=== who sends what, and what becomes of it
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
http('GET', '/open/', 'X-Tenant' => 'globex') for 1 .. 5;
http('GET', '/open/error', 'X-Tenant' => 'globex') for 1 .. 2;
http('GET', '/open/slow', 'X-Tenant' => 'globex') for 1 .. 3;
http('GET', '/open/', 'X-Tenant' => '__proto__') for 1 .. 2;
http('GET', '/open/');
http('GET', '/open/?soon', 'X-Tenant' => 'globex');
my $s = main::summary(sub { main::sent($_[0]) == 14 });
is(main::sent($s), 14, 'all, and not those of the dashboard');
is(join(' ', map { $_->{tenant} } @{$s->{tenants}}), 'globex __proto__  *',
   'the most first');
my $t = main::tenant($s, 'globex');
is_deeply($t->{requests}, {none => 0, '1xx' => 0, '2xx' => 9, '3xx' => 0, '4xx' => 0, '5xx' => 2});
is(scalar @{$t->{buckets}}, 14);
my $n = 0;
$n += $_ for @{$t->{buckets}};
is($n, 11, 'each in one bucket');
$n = 0;
$n += $_ for @{$t->{buckets}}[5 .. 13];
is($n, 3, 'the slow ones took over 25 ms');
cmp_ok($t->{sum_ms}, '>=', 90);
cmp_ok($t->{bytes_out}, '>', 500);
is($t->{quota}, undef, 'public routes have no quota');
is("$t->{refused} $t->{limited}", '0 0');
is(main::sent($s, '*'), 0);
like($s->{time}, qr/^\d{13}$/);
cmp_ok($s->{began}, '>', 1.7e9);
is("@{$s->{bounds}}", '0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1 2.5 5 10');
cmp_ok($s->{series}{series}, '<', $s->{series}{max});
is($s->{series}{folded}, 0);
is(main::reasons($s), '', 'and nothing was refused');


=== no tenant is taken for the rest
--- policy
lists:
  here: {cidr: [127.0.0.0/8]}
tenants:
  resolve: [{header: x-tenant, trust: [lists.here]}]
  list: {_rest: {}}
routes:
  - {id: open, match: {path: "/open/**"}, public: true}
--- config eval: $::CONFIG
--- then
http('GET', '/open/', 'X-Tenant' => '_rest');
my $s = main::summary(sub { main::sent($_[0]) == 1 });
is(join(' ', map { $_->{tenant} . ':' . main::sent($s, $_->{tenant}) } @{$s->{tenants}}), '_rest:1 *:0');


=== who is refused, and why
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
http('GET', '/shop/', 'X-Tenant' => 'acme') for 1 .. 5;
http('GET', '/shop/', 'X-Tenant' => 'globex') for 1 .. 10;
http('GET', '/few/', 'X-User' => 'ann', 'X-Tenant' => 'globex') for 1 .. 3;
http('GET', '/open/?deny', 'X-Tenant' => 'globex') for 1 .. 2;
http('GET', '/shop/?deny', 'X-Tenant' => 'acme');
http('GET', '/nowhere', 'X-Tenant' => 'globex');
http('GET', '/open/dry?deny');
http('GET', '/open/', 'X-Tenant' => 'nobody');
my $s = main::summary(sub { main::sent($_[0]) == 24 });
my ($acme, $globex) = map { main::tenant($s, $_) } qw(acme globex);
is("$acme->{refused} $acme->{limited}", '3 2');
is("$globex->{refused} $globex->{limited}", '5 2');
is_deeply($acme->{quota}, {limit => 'small.day', remaining => 0, capacity => 3});
is_deeply($globex->{quota}, {limit => 'large.day', remaining => 90, capacity => 100}, 'the fullest');
is(main::reasons($s), <<'END' =~ s/\n\z//r);
deny deny_rule robots  3 globex/open 2
deny limit  few 2 globex/few 2
deny limit  small.day 2 acme/shop 2
deny no_route   1 globex/ 1
deny unknown_tenant   1 / 1
dry_run deny_rule robots  1 /open 1
END


=== of many tenants, those with the most requests
--- policy eval: main::crowd()
--- http_weir
weir_metrics_zone 16m max_series=20000;
--- config eval: $::CONFIG
--- then
main::pipeline(1, '/open/', "X-Tenant: t$_") for 1 .. 300;
main::pipeline(1, '/open/error', "X-Tenant: t$_") for 101 .. 300;
main::pipeline(2, '/nowhere', "X-Tenant: t$_") for 250, 300;
my $s = main::summary(sub { main::sent($_[0]) == 504 });
is(scalar @{$s->{tenants}}, 201);
is(join(' ', sort map { $_->{tenant} } @{$s->{tenants}}[0, 1]), 't250 t300');
is(scalar(grep { $_->{tenant} =~ /^t([1-9]\d?|100)$/ } @{$s->{tenants}}), 0);
is(main::sent($s, '*'), 100, 'the rest is summed');
is(main::tenant($s, 't300')->{refused}, 2);
is(main::tenant($s, 't300')->{requests}{'5xx'}, 1);


=== it looks at some rows, serves others, and goes on; clients may leave
--- policy eval: main::crowd()
--- config eval: $::CONFIG
--- then
main::pipeline(1, '/open/', "X-Tenant: t$_") for 1 .. 300;
my $all = main::pipeline(20, '/dashboard?show=summary');
is(scalar(() = $all =~ /"time":/g), 20, 'one behind the other');
for (1 .. 20) {
    my $s = raw_connect();
    print $s "GET /dashboard?show=summary HTTP/1.1\r\nHost: localhost\r\n\r\n";
    close $s;
}
is(http('GET', '/open/', 'X-Tenant' => 't1')->{status}, 200);
is(main::sent(main::summary(sub { main::sent($_[0]) == 301 })), 301);


=== over HTTP/2
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- h2
--- then
my $url = 'http://127.0.0.1:' . h2_port() . '/dashboard';
like(scalar qx{nghttp --no-dep '$url' '$url?show=summary' '$url?show=status' 2>&1},
     qr/(?=.*<!doctype html>)(?=.*"tenants":\[)(?=.*"workers":\[)/s);


=== under the policy it is decided like any other location
--- policy eval: $::POLICY
--- config
    weir on;
    location = /open/dashboard { weir_dashboard; }
    location = /dashboard { weir_dashboard; }
--- ask
GET /open/dashboard                   -> 200 ~<!doctype html>
GET /open/dashboard?show=summary      -> 200 ~\{"time":
GET /open/dashboard?deny              -> 451
GET /open/dashboard?show=summary&deny -> 451
GET /open/dashboard?show=status&deny  -> 451
GET /dashboard                        -> 404
GET /dashboard?show=summary           -> 404


=== what a dry run would have refused is not told to anybody
--- policy eval: $::POLICY
--- config
    weir dry_run;
    location = /open/dashboard { weir_dashboard; }
--- ask
GET /open/dashboard                   -> 200 ~<!doctype html>
GET /open/dashboard?show=summary      -> 200 ~\{"time":
GET /open/dashboard?deny              -> 403
GET /open/dashboard?show=summary&deny -> 403
GET /open/dashboard?show=status&deny  -> 403


=== nginx guards it with allow and deny
--- policy eval: $::POLICY
--- config
    location = /dashboard { weir off; deny all; weir_dashboard; }
--- ask
GET /dashboard              -> 403
GET /dashboard?show=summary -> 403
GET /dashboard?show=status  -> 403


=== what is wrong in the configuration
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $image = compile_policy($POLICY);
my @cases = (
    'server { location / { weir_dashboard; } }'
        => qr/\[emerg\].*"weir_dashboard" in .*nginx\.conf:\d+ needs "weir on", or "weir off"/,
    'server { location / { weir off; weir_dashboard; weir_dashboard; } }'
        => qr/"weir_dashboard" directive is duplicate/,
    'server { weir_dashboard; }' => qr/"weir_dashboard" directive is not allowed here/,
    'server { location / { weir off; weir_dashboard now; } }' => qr/invalid number of arguments/,
);
while (my ($conf, $want) = splice @cases, 0, 2) {
    my ($code, $said) = nginx_t("weir_policy $image; $conf");
    is($code, 1);
    like($said, $want);
}
my ($code, $said) = nginx_t('server { location / { weir off; weir_dashboard; } }');
like($said, qr/"weir_dashboard" in .* needs a "weir_policy"/);
