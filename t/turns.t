# Answers that take several turns of the loop: a worker that is to go, such as
# at a reload, gives them whole before it does.

use Weir 'no_plan';
use JSON::PP ();
use Weir::Live;
use Weir::Metrics;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'reloads by itself');
}

workers(1);

our $TENANTS = 400;

our $POLICY = <<"END";
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
@{[join "\n", map { "    t$_: {}" } 1 .. $TENANTS]}
routes:
  - {id: all, match: {path: "/**"}, public: true}
END

our $CONFIG = <<'END';
    keepalive_requests 10000;

    location / { weir on; return 200 "ok\n"; }
    location = /metrics { weir off; weir_metrics; }
    location = /usage { weir off; weir_usage all; }
    location = /dashboard { weir off; weir_dashboard; }
END

# What the old worker answers to a request that a reload cuts in two.
sub across_reload {
    my ($target) = @_;
    my ($old) = workers_of(master());
    my $client = raw_connect();

    syswrite $client, "GET $target HTTP/1.1\r\nHost: localhost\r\n";
    is(http('GET', '/')->{status}, 200, "$target: begun");
    ok(reload(1), "$target: reloaded");
    ok(wait_long(sub { count_of(qr/ $old#.* gracefully shutting down/) }),
       "$target: the old worker is to go");
    syswrite $client, "Connection: close\r\n\r\n";

    my $in = '';
    1 while sysread $client, $in, 65536, length $in;
    ok(wait_long(sub { gone($old) }), "$target: then it goes");

    return $in eq '' ? '' : parse_answer($in)->{body};
}

run_tests();

__DATA__

=== a worker that is to go ends its answers
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
http('GET', '/', Host => "t$_.shop.example") for 1 .. $TENANTS - 1;

my $samples = eval { parse_metrics(across_reload('/metrics')) } // {};
is(sum_of($samples, 'weir_http_requests_total', 'route="all"'),
   $TENANTS, 'each tenant is in the metrics');

for my $target ('/usage', '/dashboard?show=summary') {
    my $said = eval { JSON::PP->new->decode(across_reload($target)) } // {};
    ok(exists $said->{tenants}, "$target: is whole");
}
