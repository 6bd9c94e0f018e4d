# HTTP/2 is decided as HTTP/1.1 is.

use Weir 'no_plan';
use Weir::H2;

our $POLICY = <<'END';
lists: {lb: {cidr: [127.0.0.1]}}
tenants:
  resolve: [{header: x-tenant, trust: [lists.lb]}]
  list: {acme: {}}
deny:
  - {id: nope, when: '"deny" in request.params', status: 451, message: "no"}
routes:
  - {id: get,  match: {path: "/get/**", methods: [GET]}, public: true}
  - {id: all,  match: {path: "/all/**"}, public: true}
  - {id: h2,   match: {path: "/h2"}, allow: [{id: two, when: 'request.protocol == "HTTP/2.0"'}]}
audit: {sample: {allow: 100%}}
END

sub h2 {
    my ($method, $path, @more) = @_;
    return h2_request(h2_port(), ':method' => $method, ':scheme' => 'http',
                      ':authority' => 'localhost', ':path' => $path, @more);
}

run_tests();

__DATA__

=== routes, rules and paths
--- policy eval: $::POLICY
--- h2
--- config
    weir on;
    location / { return 200 "$weir_route $uri\n"; }
--- then
for (['GET', '/get/a', 200, "get /get/a\n"], ['POST', '/get/a', 404],
     ['GET', '/get/a?deny', 451], ['GET', '/x/../get/%61', 200, "get /get/a\n"],
     ['GET', '/get//a', 200, "get /get/a\n"], ['GET', '/get/%2F', 400],
     ['GET', '/get/..;/', 400], ['GET', '/get/%00', 400], ['GET', '/../get', 400],
     ['GET', '/h2', 200, "h2 /h2\n"], ['OPTIONS', '*', 400],
     ['TRACE', '/all/', 405], ['GET', 'get/a', 400], ['get', '/get/a', 400])
{
    my ($method, $path, $status, $body) = @$_;
    my $a = h2($method, $path);
    is($a->{status}, $status, "$method $path");
    is($a->{body}, $body) if $body;
}
like(h2('GET', '/get/a?deny', accept => 'application/json')->{body}, qr/^\{.*"detail":"no"\}$/, 'problem+json');


=== CONNECT and an extended CONNECT are refused
--- policy eval: $::POLICY
--- h2
--- config
    weir on;
    location / { return 200 "ok\n"; }
--- then
my $a = h2_request(h2_port(), ':method' => 'CONNECT', ':authority' => 'localhost:80');
like($a->{status}, qr/^4\d\d$/, 'CONNECT');
$a = h2('CONNECT', '/all/', ':protocol' => 'websocket');
like($a->{status}, qr/^4\d\d$/, 'extended CONNECT');


=== duplicates and aliases
--- policy eval: $::POLICY
--- h2
--- upstream
    underscores_in_headers on;
    location / { return 200 "[$http_x_tenant]\n"; }
--- config
    underscores_in_headers on;
    weir on;
    location / { proxy_pass http://orders; }
    location /all/tenant { return 200 "$weir_tenant\n"; }
--- then
is(h2('GET', '/all/', authorization => 'a', authorization => 'a')->{status}, 400, 'Authorization');
is(h2('GET', '/all/', 'x-tenant' => 'acme', 'x-tenant' => 'acme')->{status}, 400, 'tenant');
is(h2('GET', '/all/', 'x_tenant' => 'acme')->{body}, "[]\n", 'alias');
is(h2('GET', '/all/', 'x-tenant' => 'acme')->{body}, "[acme]\n", 'the header itself');
is(h2('GET', '/all/tenant', 'x_tenant' => 'acme')->{body}, "\n", 'is not from the alias');
is(h2('POST', '/all/', 'content-length' => 3, 'content-length' => 3, body => 'abc')->{status}, 400, 'Content-Length');


=== the size of a body
--- policy
routes:
  - id: small
    match: {path: "/**"}
    allow: [{id: small, when: 'request.content_length >= 0 && request.content_length <= 3'}]
--- h2
--- config
    weir on;
    location / { return 200 "ok\n"; }
--- then
is(h2('POST', '/', 'content-length' => 3, body => 'abc')->{status}, 200, 'declared');
is(h2('POST', '/', 'content-length' => 4, body => 'abcd')->{status}, 403, 'declared and larger');
is(h2('POST', '/', body => 'abc')->{status}, 403, 'not declared');
is(h2('GET', '/')->{status}, 200, 'none');


=== many streams of one connection are decided each for itself
--- policy eval: $::POLICY
--- h2
--- audit
--- config
    weir on;
    location / { return 200 "ok\n"; }
--- then
my $port = h2_port();
my $said = qx{h2load -n 200 -c 2 -m 20 http://127.0.0.1:$port/get/a 2>&1};
like($said, qr/200 2xx, 0 3xx, 0 4xx, 0 5xx/, 'allowed');
$said = qx{h2load -n 200 -c 2 -m 20 'http://127.0.0.1:$port/get/a?deny' 2>&1};
like($said, qr/0 2xx, 0 3xx, 200 4xx, 0 5xx/, 'refused');
is(scalar(my @l = audit(400)), 400, 'a line each');
