# Series of tenants are bounded, and nothing that was counted is lost; names
# that would break a line do not.

use Weir 'no_plan';
use Weir::Image ();
use Weir::Live;
use Weir::Metrics;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'what is counted outlives a reload');
}

workers(2);

our $TENANTS = 150;

our $POLICY = <<"END";
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
@{[join "\n", map { "    t$_: {plan: pro}" } 1 .. $TENANTS]}
plans:
  pro: {quota: {day: 100}}
deny:
  - {id: robots, when: '"deny" in request.params'}
routes:
  - {id: open, match: {path: "/open/**"}, public: true}
  - {id: shop, match: {path: "/shop/**"}, allow: [{id: all, when: 'true'}]}
END

our $CONFIG = <<'END';
    keepalive_requests 10000;
    location / { weir on; return 200 "ok\n"; }
    location = /metrics { weir off; weir_metrics; }
    location = /off { weir off; return 200 "off\n"; }
END

# Requests of tenants, so many of each, by both workers.
sub send_all {
    my ($target, $n, @tenants) = @_;

    @tenants = 1 .. $TENANTS if !@tenants;

    for my $turn (1 .. $n) {
        my $in = http_raw(join('', map {
            "GET $target HTTP/1.1\r\nHost: t$_.shop.example\r\n\r\n"
        } @tenants) . "GET /off HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

        is(() = $in =~ /^HTTP/mg, 1 + @tenants, "$target of all");
    }
}

# Lines of the exposition that tell of tenants.
sub series {
    my ($samples) = @_;

    return scalar grep { /^weir_(?:http|decisions|limit_(?:decisions|charged|remaining|capacity))/ }
           keys %$samples;
}

# The configuration of the running nginx, changed.
sub configure {
    my ($change) = @_;
    my $file = Test::Nginx::Util::server_root() . '/conf/nginx.conf';

    local $_ = read_file($file);
    $change->();

    open my $out, '>', $file or die "$file: $!";
    print $out $_;
    close $out or die "$file: $!";

    ok(reload(), 'reloaded');
}

# The image of a policy whose names a compiler would not let pass.
sub hostile {
    my $image = Weir::Image->read(compile_policy(<<'END'));
policy: {name: name-of-the-policy}
limits:
  limit-of-nobody: {key: ['"all"'], rate: 1/h, burst: 1}
deny:
  - {id: rule-of-nobody, when: '"deny" in request.params'}
routes:
  - {id: route-of-nobody, match: {path: "/open/**"}, public: true, limits: [limit-of-nobody]}
END
    my %names = ('rule-of-nobody'     => qq~"\\\n\x7f\xc3\xa9\n~,
                 'route-of-nobody'    => qq~\\"} 1\r\n\n# EOF\n~,
                 'limit-of-nobody'    => qq~\\\\"\n",a="b~,
                 'name-of-the-policy' => qq~"} 1\n# TYPE \\n~);

    for my $section (@{$image->{section}}) {
        for my $name (keys %names) {
            my $other = $names{$name} . 'x' x (length($name) - length $names{$name});
            $section->{bytes} =~ s/$name/$other/g;
        }
    }

    return write_bytes(image_dir() . '/hostile.weir', $image->seal->bytes);
}

our $HOSTILE = hostile();

run_tests();

__DATA__

=== above max_series tenants are counted together, and a reload may raise it
--- policy eval: $::POLICY
--- http_weir
    weir_metrics_zone 8m max_series=1000;
--- config eval: $::CONFIG
--- then
send_all('/open/', 2);
my $m = metrics();
check_metrics($m);
is(sum_of($m, 'weir_http_requests_total', 'route="open"'), 2 * $TENANTS, 'nothing is lost');
is(sum_of($m, 'weir_decisions_total', 'route="open"'), 2 * $TENANTS);
cmp_ok($m->{weir_series}, '<=', 1000);
cmp_ok(series($m), '<=', 1000, 'lines');
cmp_ok($m->{weir_series}, '>', 800, 'there are some');
is($m->{weir_series_max}, 1000);
my $other = sum_of($m, 'weir_http_requests_total', 'tenant="_other"');
cmp_ok($other, '>', $TENANTS, 'many have no series of their own');
is($m->{weir_series_folded_total}, $other + sum_of($m, 'weir_decisions_total', 'tenant="_other"'), 'that is counted');
is($m->{'weir_http_requests_total{tenant="t1",route="open",code="2xx"}'}, 2, 'the first have');

send_all('/shop/', 1);
$m = metrics();
check_metrics($m);
is(sum_of($m, 'weir_http_requests_total', 'route="shop"', 'tenant="_other"'), $TENANTS, 'by route still');
is(sum_of($m, 'weir_limit_decisions_total', 'limit="pro.day"'), $TENANTS, 'limits');
is(sum_of($m, 'weir_limit_charged_units_total'), $TENANTS, 'units');
is(sum_of($m, 'weir_limit_remaining_units', 'tenant="_other"'), 0, 'no gauge of many tenants');
cmp_ok(series($m), '<=', 1000, 'lines');

send_all('/open/', 1, 1);
is(metrics()->{'weir_http_requests_total{tenant="t1",route="open",code="2xx"}'}, 3, 'those that are there go on');

configure(sub { s/max_series=1000/max_series=20000/ });
like(log_text(), qr/\[notice\].* weir: tenants may have 20000 series now, not 1000; they have \d+/);
send_all('/open/', 1);
$m = metrics();
check_metrics($m);
is(sum_of($m, 'weir_http_requests_total', 'tenant="_other"'), $other + $TENANTS, 'nobody is folded any more');
is($m->{"weir_http_requests_total{tenant=\"t$TENANTS\",route=\"open\",code=\"2xx\"}"}, 1);
is($m->{weir_series_max}, 20000);

configure(sub { s/max_series=20000/max_series=1000/ });
send_all('/open/', 1);
$m = metrics();
check_metrics($m);
is($m->{"weir_http_requests_total{tenant=\"t$TENANTS\",route=\"open\",code=\"2xx\"}"}, 2, 'what is there stays');
is(sum_of($m, 'weir_http_requests_total', 'route="open"'), 4 * $TENANTS + 1);

configure(sub { s/weir_metrics_zone 8m/weir_metrics_zone 9m/ });
is(sum_of(metrics(), 'weir_http_requests_total'), 0, 'another size begins anew');
send_all('/open/', 1, 1);
is(sum_of(metrics(), 'weir_http_requests_total'), 1);


=== a zone with room for less than max_series folds, too
--- policy eval: $::POLICY
--- http_weir
    weir_metrics_zone 256k max_series=100000;
--- config eval: $::CONFIG
--- then
send_all('/open/', 1);
send_all('/shop/', 1);
send_all('/open/?deny', 1);
send_all('/shop/?deny', 1);
my $m = metrics();
check_metrics($m);
is(sum_of($m, 'weir_http_requests_total'), 4 * $TENANTS, 'nothing is lost');
is(sum_of($m, 'weir_limit_charged_units_total'), $TENANTS);
cmp_ok(sum_of($m, 'weir_http_requests_total', 'tenant="_other"'), '>', 0);
cmp_ok($m->{weir_series_folded_total}, '>', 0);
is(sum_of($m, 'weir_decisions_total', 'rule="robots"'), 2 * $TENANTS, 'rules still');


=== a zone that is small for max_series is said when it is read
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $image = compile_policy($::POLICY);
my ($code, $said) = nginx_t("weir_policy $image; weir_metrics_zone 1m;");
is($code, 0);
like($said, qr/\[warn\].*a metrics zone of 1048576 bytes has room for about 8192 series, "max_series" is 100000/);
for (['1m max_series=8000', 0, qr/successful/], ['64m', 0, qr/successful/],
     ['1k', 1, qr/invalid size "1k", it must be at least 262144 bytes/],
     ['x', 1, qr/invalid size "x"/],
     ['64m max_series=999', 1, qr/"max_series=999" is not between 1000 and 100000000/],
     ['64m max_series=x', 1, qr/"max_series=x" is not between/],
     ['64m flush=1ms', 1, qr/"flush=1ms" is not between 100ms and 1h/],
     ['64m colour=red', 1, qr/invalid parameter "colour=red"/],
     ['64m; weir_metrics_zone 64m', 1, qr/"weir_metrics_zone" directive is duplicate/]) {
    my ($args, $want, $text) = @$_;
    ($code, $said) = nginx_t("weir_policy $image; weir_metrics_zone $args;");
    is($code, $want, $args);
    like($said, $text);
    unlike($said, qr/has room for about/);
}
for (['location / { weir_metrics; }', qr/"weir_metrics" in .*:1 needs "weir on", or "weir off" where something else guards it/],
     ['location / { weir off; weir_metrics; weir_metrics; }', qr/"weir_metrics" directive is duplicate/],
     ['weir_metrics;', qr/"weir_metrics" directive is not allowed here/],
     ['location / { weir off; weir_metrics all; }', qr/invalid number of arguments in "weir_metrics"/]) {
    ($code, $said) = nginx_t("weir_policy $image; server { $_->[0] }");
    is($code, 1, $_->[0]);
    like($said, $_->[1]);
}
($code, $said) = nginx_t('server { location / { weir off; weir_metrics; } }');
like($said, qr/"weir_metrics" in .*:1 needs a "weir_policy"/);
($code, $said) = nginx_t('weir_metrics_zone 64m;');
like($said, qr/"weir_metrics_zone" in .*:1 needs a "weir_policy"/);


=== names that no compiler lets pass stay within their line
--- http_config eval: "weir_policy $::HOSTILE;"
--- config eval: $::CONFIG
--- ask
GET /open/       -> 200
GET /open/       -> 429
GET /open/?deny  -> 403
--- then
for my $accept ('text/plain', 'application/openmetrics-text') {
    my $a = http('GET', '/metrics', Accept => $accept);
    my $m = eval { parse_metrics($a->{body}, $accept =~ /open/) };
    is($@, '', $accept);
    is(sum_of($m, 'weir_http_requests_total'), 3);
    is(sum_of($m, 'weir_decisions_total'), 3);
    check_metrics($m) if $accept eq 'text/plain';
    is(grep({ /rule="\\"\\\\\\n/ } keys %$m), 1, 'the rule is escaped');
    promtool($a->{body}, 'names') if $accept eq 'text/plain';
}
