# What clients are told of limits: on every answer, once, and exactly.

use Weir 'no_plan';

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'what is counted outlives a reload');
}

our $TWO = <<'END';
limits:
  per-user: {key: ['request.headers["x-user"]'], rate: 600/m, burst: 60}
  calls: {key: ['"all"'], quota: {day: 10000}}
  flight: {key: ['"all"'], concurrency: 5}
routes: [{id: all, match: {path: "/**"}, public: true, limits: [per-user, calls, flight]}]
END

our $ONE = <<'END';
limits:
  r: {key: ['request.headers["x-user"]'], rate: 2/h, burst: 2}
routes: [{id: all, match: {path: "/**"}, public: true, limits: [r]}]
END

our $CONFIG = <<'END';
    location / {
        weir on;
        return 200 "ok\n";
    }
END

# Headers of an answer that have to do with limits, sorted, names and all.
sub told {
    my ($answer) = @_;

    return join "\n", sort grep { /^(?:X-)?RateLimit|^Retry-After/i }
           split /\r\n/, $answer->{head};
}

run_tests();

__DATA__

=== the fields of the IETF, exactly
--- policy eval: $::TWO
--- config eval: $::CONFIG
--- then
my $a = http('GET', '/', 'x-user' => 'a');
like(told($a), qr/^RateLimit-Policy: "per-user";q=600;w=60, "calls\.day";q=10000;w=86400, "flight";q=5;qu="concurrent-requests"
RateLimit: "per-user";r=59;t=1, "calls\.day";r=9999;t=\d+, "flight";r=4$/);
my ($t) = told($a) =~ /r=9999;t=(\d+)/;
my $left = 86400 - time() % 86400;
cmp_ok(abs($t - $left), '<=', 2, 'until midnight');


=== the older headers tell of the limit with the smallest share left
--- policy eval: "settings: {limit_headers: legacy}\n$::TWO"
--- config eval: $::CONFIG
--- then
is(told(http('GET', '/', 'x-user' => 'a')), 'X-RateLimit-Limit: 5
X-RateLimit-Remaining: 4');


=== or of the one that refused, beside those of the IETF
--- policy eval: "settings: {limit_headers: both}\n$::ONE"
--- config eval: $::CONFIG
--- then
like(told(http('GET', '/', 'x-user' => 'a')), qr/^RateLimit-Policy: "r";q=2;w=3600
RateLimit: "r";r=1;t=1800
X-RateLimit-Limit: 2
X-RateLimit-Remaining: 1
X-RateLimit-Reset: 1800$/);
http('GET', '/', 'x-user' => 'a');
my $a = http('GET', '/', 'x-user' => 'a', Accept => 'application/json');
is($a->{status}, 429);
is(header($a, 'Content-Type'), 'application/problem+json');
like(told($a), qr/^RateLimit-Policy: "r";q=2;w=3600
RateLimit: "r";r=0;t=(3600|3599)
Retry-After: (1800|1799)
X-RateLimit-Limit: 2
X-RateLimit-Remaining: 0
X-RateLimit-Reset: (3600|3599)$/);


=== none but Retry-After, where the policy wants it so
--- policy eval: "settings: {limit_headers: none}\n$::ONE"
--- config eval: $::CONFIG
--- then
is(told(http('GET', '/', 'x-user' => 'a')), '') for 1 .. 2;
like(told(http('GET', '/', 'x-user' => 'a')), qr/^Retry-After: \d+$/);


=== requests that no limit was asked of are told nothing
--- policy
limits:
  r: {key: ['"all"'], rate: 2/h, burst: 2}
routes:
  - {id: some, match: {path: "/some"}, public: true, limits: [r]}
  - {id: all, match: {path: "/**"}, public: true}
--- config eval: $::CONFIG
--- then
is(told(http('GET', '/')), '');
like(told(http('GET', '/some')), qr/^RateLimit/);
is(told(http('GET', '/x%3By')), '', 'nor those that are bad');


=== what an upstream says of its own limits gives way
--- policy eval: $::ONE
--- upstream
        location / {
            add_header RateLimit '"theirs";r=7;t=7' always;
            add_header ratelimit-policy '"theirs";q=7;w=7' always;
            add_header Retry-After 99 always;
            return 404 "up\n";
        }
--- config
    location / { weir on; proxy_pass http://orders; }
    location /cached { weir on; proxy_pass http://orders; proxy_intercept_errors on; error_page 404 /own; }
    location /own { weir on; return 200 "own\n"; }
--- then
my $a = http('GET', '/', 'x-user' => 'a');
is($a->{status}, 404);
is(told($a), 'RateLimit-Policy: "r";q=2;w=3600
RateLimit: "r";r=1;t=1800
Retry-After: 99');
$a = http('GET', '/cached', 'x-user' => 'b');
is($a->{body}, "own\n");
is(told($a), 'RateLimit-Policy: "r";q=2;w=3600
RateLimit: "r";r=1;t=1800', 'after a redirect, once');
http('GET', '/', 'x-user' => 'a');
$a = http('GET', '/', 'x-user' => 'a');
is($a->{status}, 429);
like(told($a), qr/\nRetry-After: (1800|1799)$/);


=== static files, error pages, redirects and errors of nginx have them, too
--- policy eval: $::ONE
--- user_files
>>> file.txt
text
--- config
    root html;
    location / { weir on; root html; }
    location /moved { weir on; return 301 /file.txt; }
    location /denied { weir on; deny all; error_page 403 /why.html; }
    location /page { weir on; error_page 429 /page.html; return 200 "ok\n"; }
    location = /page.html { weir off; internal; return 200 "a page\n"; }
    location = /why.html { weir on; internal; return 200 "why\n"; }
    location /gif { weir on; empty_gif; }
    location /range { weir on; alias html/file.txt; }
--- then
my $n = 0;
for (['/file.txt', 200], ['/none', 404], ['/moved', 301], ['/denied', 403],
     ['/gif', 200]) {
    my $a = http('GET', $_->[0], 'x-user' => 'u' . ++$n);
    is($a->{status}, $_->[1], $_->[0]);
    is(told($a), 'RateLimit-Policy: "r";q=2;w=3600
RateLimit: "r";r=1;t=1800', "$_->[0]: once");
}
my $a = http('GET', '/file.txt', 'x-user' => 'm', 'If-Match' => '"x"');
is($a->{status}, 412, 'a filter made an error of it');
like(told($a), qr/\ARateLimit-Policy: .*\nRateLimit: "r";r=1;t=1800\z/);
$a = http('HEAD', '/file.txt', 'x-user' => 'h');
like(told($a), qr/\ARateLimit-Policy: .*\nRateLimit: "r";r=1;t=1800\z/, 'HEAD');
$a = http('GET', '/file.txt', 'x-user' => 'v', Range => 'bytes=0-1');
is($a->{status}, 206);
like(told($a), qr/\ARateLimit-Policy: .*\nRateLimit: "r";r=1;t=1800\z/);
http('GET', '/page', 'x-user' => 'p') for 1 .. 2;
$a = http('GET', '/page', 'x-user' => 'p');
is($a->{status}, 429);
is($a->{body}, "a page\n");
like(told($a), qr/\ARateLimit-Policy: .*\nRateLimit: "r";r=0;t=\d+\nRetry-After: \d+\z/);


=== what came before the credential is told with a 401
--- policy
apikeys:
  list:
    cron: {sha256: 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae}
limits:
  guesses: {key: [source.ip], rate: 3/h, burst: 3, phase: preauth}
routes:
  - id: all
    match: {path: "/**"}
    auth: {any: [apikey]}
    allow: [{id: any, when: 'true'}]
    limits: [guesses]
--- config eval: $::CONFIG
--- then
my $a = http('GET', '/');
is($a->{status}, 401);
like(told($a), qr/RateLimit: "guesses";r=2;/);

=== no more is left than the limit, also of a burst that is above it
--- policy eval: "settings: {limit_headers: both}\n" . $::ONE =~ s/burst: 2/burst: 9/r
--- config eval: $::CONFIG
--- then
like(told(http('GET', '/', 'x-user' => 'a')), qr/^RateLimit-Policy: "r";q=2;w=3600
RateLimit: "r";r=2;t=1800
X-RateLimit-Limit: 2
X-RateLimit-Remaining: 2
X-RateLimit-Reset: 1800$/);
