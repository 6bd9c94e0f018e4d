# conf.d/elk/ serves as it is: two logs, each line of which is JSON.

use Weir 'no_plan';
use Weir::Strict;
use Cwd qw(abs_path);

our $POLICY = <<'END';
policy: {name: shop, serial: 7}
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list: {acme: {}}
deny:
  - {id: nope, when: '"deny" in request.params', status: 451, message: "no"}
routes: [{id: open, match: {path: "/open/**"}, public: true}]
audit: {sample: {allow: 100%}, redact: [source.ip]}
END

our $INCLUDE = 'include ' . abs_path('conf.d/elk/weir.conf') . ';';

sub logged {
    my ($log, $n) = @_;
    my @lines;

    wait_for(sub {
        @lines = split /\n/, read_file(server_root() . "/logs/$log.ecs.json");
        return @lines >= $n;
    });

    return @lines;
}

run_tests();

__DATA__

=== what the logs have of a request
--- policy eval: $::POLICY
--- http_weir eval: $::INCLUDE
--- config
    location / { weir on; return 200 "$weir_request_id\n"; }
--- then
my $a = http('GET', '/open/a%20b?access_token=sesame', Host => 'acme.shop.example',
             'User-Agent' => 'curl/8 "x"', Authorization => 'Bearer sesame', Cookie => 'sesame=sesame');
http('GET', '/open/?deny', Host => 'acme.shop.example');
chomp(my $id = $a->{body});
my ($e, $refused) = map { strict_json($_) } logged('access', 2);
like(delete $e->{'@timestamp'}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d$/);
like(delete $e->{'weir.request_time'}, qr/^0(?:\.\d+)?$/);
cmp_ok(delete $e->{'http.request.bytes'}, '>', 100);
is_deeply($e, {
    'ecs.version' => '8.11.0', 'event.kind' => 'event', 'event.dataset' => 'nginx.access',
    'http.request.id' => $id, 'trace.id' => $id, 'span.id' => '', 'client.address' => '127.0.0.1',
    'http.version' => '1.1', 'http.request.method' => 'GET', 'url.domain' => 'acme.shop.example',
    'url.path' => '/open/a%20b', 'user_agent.original' => 'curl/8 "x"',
    'http.response.status_code' => 200, 'http.response.body.bytes' => 33, 'organization.id' => 'acme',
    'weir.route' => 'open', 'weir.verdict' => 'allow', 'rule.name' => '', 'weir.limit' => '',
    'weir.split' => '', 'weir.arm' => '', 'weir.upstream' => '',
});
is("$refused->{'http.response.status_code'} $refused->{'weir.verdict'} $refused->{'rule.name'}", '451 deny nope');

my ($policy, $audit) = map { strict_json($_) } logged('audit', 3);
is($policy->{'event.action'}, 'policy_loaded');
is("$audit->{'event.action'} $audit->{'http.request.id'}", "decision $id", 'found by its id');
like($audit->{'client.address'}, qr/^[0-9a-f]{32}$/, 'redacted there');
unlike(read_file(server_root() . "/logs/$_.ecs.json"), qr/sesame/, 'no secret') for 'access', 'audit';


=== whatever clients send
--- policy eval: $::POLICY
--- http_weir eval: $::INCLUDE
--- config
    location / { weir on; return 200 "ok\n"; }
    location /off { return 200 "ok\n"; }
--- then
my @bad = ('","x":"', '\\', '\\"', "\n{\"event.dataset\":\"forged\"}", "\r\n", "\0", "\x01", "\t", "\x1b[0m", "\x7f",
           "\xff", "\xc0\x80", "\xed\xa0\x80", "\xe2\x82", "\xc2\x85", "caf\xc3\xa9", '"' x 3000, "\xf0\x9f\x98\x80" x 500);
my $end = "\r\nConnection: close\r\n\r\n";
my $n = 0;
for my $bad (@bad) {
    my $x = join '', map { sprintf '%%%02X', ord } split //, $bad;
    for my $path ('/open', '/off') {
        for my $request ("GET $path/$bad HTTP/1.1\r\nHost: acme.shop.example",
                         "GET $path/$x HTTP/1.1\r\nHost: acme.shop.example",
                         "GET $path/?$bad HTTP/1.1\r\nHost: acme.shop.example",
                         "GET $path/ HTTP/1.1\r\nHost: $bad",
                         "GET $path/ HTTP/1.1\r\nHost: acme.shop.example\r\nUser-Agent: $bad",
                         "GET $path/ HTTP/1.1\r\nHost: a\r\ntraceparent: $bad\r\nX-Forwarded-For: $bad",
                         "$bad $path/ HTTP/1.1\r\nHost: a",
                         "GET $path/ HTTP/1.$bad\r\nHost: a",
                         "GET $path/$bad")
        {
            http_raw("$request$end");
            $n++;
        }
    }
}
my @lines = logged('access', $n);
cmp_ok(scalar @lines, '>=', $n, scalar(@lines) . " lines of $n requests");
my @wrong = grep { !eval { strict_json($_) } } @lines;
is(join("\n", @wrong), '', 'all are JSON');
my %names = map { $_ => 1 } map { keys %{strict_json($_)} } @lines;
is(scalar keys %names, 25, 'with no name more');
@wrong = grep { !eval { strict_json($_) } } logged('audit', 10);
is(join("\n", @wrong), '', 'and of the other log');


=== filebeat reads what is written
--- policy eval: $::POLICY
--- http_weir eval: $::INCLUDE
--- config
    location / { weir on; return 200 "ok\n"; }
--- then
http('GET', '/open/');
my @paths = read_file('conf.d/elk/filebeat.yml') =~ m{paths: \[/etc/nginx/(logs/\S+)\]}g;
is(scalar @paths, 2);
for my $path (@paths) {
    ok(wait_for(sub { read_file(server_root() . "/$path") ne '' }), $path);
}
