# What is turned away for a while.

use Weir 'no_plan';
use Weir::Live qw(place);
use Digest::SHA qw(sha256_hex);

# The text of `maintenance`, and routes.
sub policy {
    my ($maintenance, $more) = @_;

    return sprintf("apikeys: {list: {cron: {sha256: %s, roles: [admin]}}}\n", sha256_hex('cron-secret'))
           . "maintenance:\n$maintenance" . ($more // '') . <<'END';
limits:
  one: {key: ['"all"'], rate: 1/h}
cors:
  any: {origins: ["*"]}
routes:
  - {id: open, match: {path: "/open/**"}, public: true, cors: any}
  - {id: few, match: {path: "/few/**"}, public: true, limits: [one]}
  - id: closed
    match: {path: "/closed/**"}
    auth: {any: [apikey]}
    allow: [{id: all, when: 'true'}]
END
}

our $CONFIG = <<'END';
    location / { weir on; return 200 "ok\n"; }
    location = /status { weir_status; }
END

run_tests();

__DATA__

=== everybody is told to come back
--- policy eval: main::policy("  - {id: move, status: 503, retry_after: 300s, message: \"We are moving.\"}\n")
--- config eval: $::CONFIG
--- then
my $a = http('GET', '/open/x', Accept => 'application/json');
is($a->{status}, 503);
is(header($a, 'Retry-After'), 300);
is($a->{body}, qq({"type":"about:blank","title":"Service Unavailable","status":503,"detail":"We are moving."}\n));
is(header($a, 'Access-Control-Allow-Origin'), '*', 'pages can read it');
is(http('GET', '/closed/x')->{status}, 401, 'once it is known who they are');
is(http('GET', '/closed/x', 'X-API-Key' => 'cron.cron-secret')->{status}, 503);
is(http('GET', '/nowhere')->{status}, 404, 'and what they ask for');
is(http('OPTIONS', '/open/x', Origin => 'https://a.example', 'Access-Control-Request-Method' => 'GET')->{status}, 204, 'preflights are answered');
is(http('GET', '/few/x')->{status}, 503) for 1 .. 3;
is(status()->{decisions}{denied}{maintenance}, 5);


=== all but some, by a condition
--- policy eval
main::policy(<<'END')
  - {id: writes, when: 'request.method != "GET"', status: 409, message: "read only"}
  - {id: all, when: '!("admin" in principal.roles) && "off" in request.params', retry_after: 1m}
END
--- config eval: $::CONFIG
--- ask
GET /open/x                           -> 200 ok
POST /open/x body=a                   -> 409
GET /open/x?off                       -> 503
GET /closed/x?off X-API-Key:cron.cron-secret -> 200 ok
POST /closed/x X-API-Key:cron.cron-secret body=a -> 409
--- then
is(header(http('GET', '/open/x?off'), 'Retry-After'), 60);
is(header(http('POST', '/open/x'), 'Retry-After'), undef, 'where it is not said when');


=== one that cannot be told whether it holds, holds
--- policy eval: main::policy("  - {id: m, when: 'int(request.params[\"x\"]) > 5', retry_after: 7s}\n")
--- config eval: $::CONFIG
--- ask
GET /open/?x=5 -> 200 ok
GET /open/?x=6 -> 503
GET /open/?x=a -> 503
GET /open/     -> 503


=== an error page keeps status and Retry-After
--- policy eval: main::policy("  - {id: m, retry_after: 120s}\n")
--- upstream
    location / { add_header Retry-After 1 always; return 200 "page\n"; }
--- config
    weir on;
    error_page 503 @page;
    location / { return 200 "ok\n"; }
    location @page { weir off; proxy_pass http://orders; }
    location /open/dry { weir dry_run; return 200 "dry\n"; }
--- then
my $a = http('GET', '/open/x');
is("$a->{status} $a->{body}", "503 page\n");
is(join('|', $a->{head} =~ /^retry-after: (\d+)/gmi), 120);
$a = http('GET', '/open/dry');
is("$a->{status} $a->{body}", "200 dry\n");
is(header($a, 'Retry-After'), undef, 'where it is only reported');


=== a swap ends it
--- http_config eval
Weir::Live::http('check=20ms', Weir::compile_policy(main::policy("  - {id: m, when: '\"off\" in request.params'}\n")))
--- config eval: $::CONFIG
--- then
is(http('GET', '/open/x?off')->{status}, 503);
place(compile_policy(main::policy("  - {id: m, when: '\"other\" in request.params'}\n")));
ok(wait_for(sub { http('GET', '/open/x?off')->{status} == 200 }));
is(http('GET', '/open/x?other')->{status}, 503);
