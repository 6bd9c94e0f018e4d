# What clients are told of the version of an interface (RFC 9745, RFC 8594).

use Weir 'no_plan';

our $POLICY = <<'END';
deny:
  - {id: nope, when: '"deny" in request.params', status: 451}
cors:
  any: {origins: ["*"], methods: [PUT]}
routes:
  - id: v1
    match: {path: "/v1/**"}
    public: true
    cors: any
    version: {name: v1, deprecated: 2026-12-01, sunset: 2027-06-01, link: "https://docs.example/v1"}
    transform: {request: {path: "/api${request.url_path.substring(3)}", set: {x-version: v1}}}
  - id: v2
    match: {path: "/v2/**"}
    public: true
    version: {name: v2}
  - id: v3
    match: {path: "/v3/**"}
    public: true
    version: {name: v3, sunset: 2030-01-01, link: "https://docs.example/v3"}
END

our $CONFIG = <<'END';
    location / { weir on; proxy_pass http://orders; }
    location /v1/off { weir off; proxy_pass http://orders; }
    location /v1/dry { weir dry_run; proxy_pass http://orders; }
END

our $UPSTREAM = <<'END';
        location / {
            add_header Link "</next>; rel=next" always;
            add_header Sunset never always;
            add_header Deprecation ?1 always;
            return 200 "$request_uri $http_x_version\n";
        }
END

sub told {
    my ($answer) = @_;

    return join '|', map { join ',', $answer->{head} =~ /^$_: ([^\r\n]*)/gmi }
           qw(Deprecation Sunset Link);
}

# 2026-12-01, the first second
our $V1 = '@1796083200|Tue, 01 Jun 2027 00:00:00 GMT|';
our $LINK = '<https://docs.example/v1>; rel="deprecation sunset"';

run_tests();

__DATA__

=== when it was deprecated, when it ends, and where to read of it
--- policy eval: $::POLICY
--- upstream eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $a = http('GET', '/v1/a?b');
is($a->{body}, "/api/a?b v1\n", 'and the upstream has one interface');
is(told($a), "$::V1</next>; rel=next,$::LINK");
is(told(http('HEAD', '/v1/a')), "$::V1</next>; rel=next,$::LINK", 'HEAD');


=== what is not known is not said, and then the upstream may
--- policy eval: $::POLICY
--- upstream eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(told(http('GET', '/v2/a')), '?1|never|</next>; rel=next');
is(told(http('GET', '/v3/a')), '?1|Tue, 01 Jan 2030 00:00:00 GMT|</next>; rel=next,<https://docs.example/v3>; rel="sunset"');


=== refusals say it, preflights and locations without a policy do not
--- policy eval: $::POLICY
--- upstream eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $a = http('GET', '/v1/a?deny');
is($a->{status}, 451);
is(told($a), "$::V1$::LINK");
$a = http('OPTIONS', '/v1/a', Origin => 'https://a.example', 'Access-Control-Request-Method' => 'PUT');
is($a->{status}, 204);
is(told($a), '||');
is(told(http('GET', $_)), '?1|never|</next>; rel=next', $_) for '/v1/off', '/v1/dry';
