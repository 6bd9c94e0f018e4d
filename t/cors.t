# Which pages of other origins may read answers (the Fetch standard).

use Weir 'no_plan';
use Weir::H2;
use Weir::Token;

our $POLICY = <<'END';
cors:
  app:
    origins: ["https://app.example", "https://*.app.example", "https://dev.example:8443", "http://localhost:3000"]
    methods: [GET, PUT, DELETE]
    headers: [Authorization, Content-Type, X-Request-Id]
    expose: [RateLimit, Link]
    credentials: true
    max_age: 10m
  bare: {origins: ["https://app.example"]}
  anyone: {origins: ["*"], methods: ["*"], headers: ["*"], expose: ["*"]}
  sandbox: {origins: ["null"]}
deny:
  - {id: nope, when: '"deny" in request.params', status: 451}
limits:
  few: {key: ['"all"'], rate: 1/h, burst: 3}
routes:
  - {id: app,     match: {path: "/app/**", methods: [GET, HEAD, PUT]}, public: true, cors: app}
  - {id: options, match: {path: "/app/own", methods: [OPTIONS]}, public: true}
  - {id: bare,    match: {path: "/bare/**"}, public: true, cors: bare}
  - {id: anyone,  match: {path: "/anyone/**"}, public: true, cors: anyone}
  - {id: sandbox, match: {path: "/sandbox/**"}, public: true, cors: sandbox}
  - {id: few,     match: {path: "/few/**"}, public: true, cors: app, limits: [few]}
  - {id: none,    match: {path: "/none/**"}, public: true}
  - {id: closed,  match: {path: "/closed/**"}, auth: {any: [jwt: main]}, cors: app}
END

sub policy {
    return sprintf("issuers: {main: {iss: \"https://id.example/\", jwks: {file: \"%s\"}, alg: [ES256]}}\n",
                   jwks('ES256')) . $POLICY;
}

our $CONFIG = <<'END';
    location / { weir on; proxy_pass http://orders; }
    location = /status { weir_status; }
END

our $UPSTREAM = <<'END';
        location / {
            add_header Vary Accept-Language always;
            add_header Access-Control-Allow-Origin https://evil.example always;
            add_header access-control-allow-credentials true always;
            add_header Access-Control-Max-Age 1 always;
            return 200 "$request_method\n";
        }
END

# What an answer says of origins: name=value, sorted, names short.
sub told {
    my ($answer) = @_;
    my %h;

    for ($answer->{head} =~ /^((?:access-control-|vary:)[^\r\n]*)/gmi) {
        my ($name, $value) = /^(.*?): (.*)/;
        $name = lc $name;
        $name =~ s/^access-control-//;
        $h{$name} = defined $h{$name} ? "$h{$name}; $value" : $value;
    }

    return join ' ', map { "$_=$h{$_}" } sort keys %h;
}

sub preflight {
    my ($path, $origin, $method, @more) = @_;

    return http('OPTIONS', $path, Origin => $origin,
                'Access-Control-Request-Method' => $method, @more);
}

our $VARY = 'vary=Origin, Access-Control-Request-Method, Access-Control-Request-Headers';
our $ALLOWS = 'allow-credentials=true allow-headers=Authorization, Content-Type, X-Request-Id '
              . 'allow-methods=GET, PUT, DELETE allow-origin=%s max-age=600 ' . $VARY;

run_tests();

__DATA__

=== origins that may read, and those that look like them
--- policy eval: main::policy()
--- upstream eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
for (
    [1, 'https://app.example'], [1, 'https://www.app.example'], [1, 'https://a.b.app.example'],
    [1, 'https://dev.example:8443'], [1, 'http://localhost:3000'],
    [1, 'HTTPS://APP.EXAMPLE'], [1, 'https://WWW.App.Example'],
    [0, undef], [0, ''], [0, 'null'], [0, '*'], [0, 'app.example'], [0, '//app.example'],
    [0, 'http://app.example'], [0, 'https://app.example:8443'], [0, 'https://app.example:'],
    [0, 'https://app.example/'], [0, 'https://app.example/x'], [0, 'https://app.example.'],
    [0, 'https://evilapp.example'], [0, 'https://app.example.evil'], [0, 'https://app.example.evil.example'],
    [0, 'https://.app.example'], [0, 'https://a..app.example'], [0, 'https://www.app.example:444'],
    [0, 'https://www.app.example.evil'], [0, 'https://www.evilapp.example'],
    [0, 'https://evil.example/.app.example'], [0, 'https://evil.example#.app.example'],
    [0, 'https://evil.example?.app.example'], [0, 'https://evil.example@www.app.example'],
    [0, 'https://evil.example\\.app.example'], [0, 'https://evil.example%2f.app.example'],
    [0, "https://evil.example\t.app.example"], [0, 'https://*.app.example'],
    [0, 'https://dev.example'], [0, 'https://dev.example:08443'], [0, 'https://dev.example:8443:1'],
    [0, 'http://localhost'], [0, 'http://localhost:30000'], [0, 'http://127.0.0.1:3000'],
    [0, 'https://app.example https://app.example'], [0, 'https://app.example, https://app.example'],
    [0, ['https://app.example', 'https://evil.example']], [0, ['https://evil.example', 'https://app.example']],
    [0, ['https://app.example', 'https://app.example']],
    [0, "https://app.ex\xc3\xa4mple"], [0, 'file://'], [0, 'chrome-extension://app.example'],
) {
    my ($reads, $origin) = @$_;
    my $a = http('GET', '/app/x', Origin => $origin);
    my $name = ref $origin ? "@$origin twice" : $origin // 'none';
    is($a->{status} . " $a->{body}", "200 GET\n", $name);
    is(told($a), $reads ? "allow-credentials=true allow-origin=$origin expose-headers=RateLimit, Link vary=Accept-Language; Origin"
                        : 'vary=Accept-Language; Origin');
    next if ref $origin || !length($origin // '');
    $a = preflight('/app/x', $origin, 'PUT');
    is($a->{status}, 204, "preflight, $name");
    is(told($a), $reads ? sprintf $::ALLOWS, $origin : $::VARY);
}


=== an answer to a preflight has no body, and is not the upstream's
--- policy eval: main::policy()
--- upstream eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my $a = preflight('/app/x?y', 'https://app.example', 'PUT', 'Access-Control-Request-Headers' => 'authorization');
is($a->{status}, 204);
is($a->{body}, '');
is(header($a, $_), undef, $_) for 'Content-Length', 'Content-Type', 'Transfer-Encoding', 'RateLimit';
is(told($a), sprintf $::ALLOWS, 'https://app.example');
is(preflight('/app/x', 'https://app.example', 'PUT', body => 'x' x 100)->{status}, 204, 'with a body');
is(told(preflight('/bare/x', 'https://app.example', 'GET')), "allow-origin=https://app.example $::VARY",
   'what is not listed is not said');
is(() = read_file(server_root() . '/logs/upstream.log') =~ /OPTIONS/g, 0, 'and it knows of none');
my $raw = http_raw("OPTIONS /app/x HTTP/1.1\r\nHost: localhost\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: PUT\r\n\r\n"
                   . "GET /app/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
is(join(' ', $raw =~ m{^HTTP/1.1 (\d+)}gm), '204 200', 'the connection stays');


=== what is a preflight, and of what
--- policy eval: main::policy()
--- upstream eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
my @o = ('https://app.example');
is(preflight('/app/x', @o, 'GET')->{status}, 204);
is(preflight('/app/x', @o, 'DELETE')->{status}, 404, 'the route has no such method, nor OPTIONS');
is(preflight('/app/x', @o, $_)->{status}, 404, $_) for 'get', 'GET, PUT', '', 'G T';
is(preflight('/app/own', @o, 'GET')->{status}, 204, 'one that has a route of its own');
is(http('OPTIONS', '/app/own', Origin => $o[0])->{body}, "OPTIONS\n", 'without a method it is a request');
is(http('OPTIONS', '/app/own', 'Access-Control-Request-Method' => 'GET')->{body}, "OPTIONS\n", 'so it is without an origin');
is(preflight('/none/x', @o, 'GET')->{body}, "OPTIONS\n", 'and where the route says nothing of origins');
is(told(preflight('/none/x', @o, 'GET')), 'allow-credentials=true allow-origin=https://evil.example max-age=1 vary=Accept-Language',
   'which the upstream does');
is(http('GET', '/app/x', Origin => $o[0], 'Access-Control-Request-Method' => 'PUT')->{body}, "GET\n");
is(preflight('/nowhere', @o, 'GET')->{status}, 404);
is(preflight('/app/..;/x', @o, 'GET')->{status}, 400);


=== a preflight needs no credential, and counts for no limit
--- policy eval: main::policy()
--- upstream eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
for (1 .. 10) {
    is(preflight('/few/x', 'https://app.example', 'GET')->{status}, 204);
}
is(preflight('/closed/x', 'https://app.example', 'GET')->{status}, 204);
is(preflight('/app/x?deny', 'https://app.example', 'GET')->{status}, 204, 'nor do rules see it');
my $d = status()->{decisions};
cmp_ok($d->{allowed}, '>=', 12, 'each is an allow');


=== a page can read why it was refused
--- policy eval: main::policy()
--- upstream eval: $::UPSTREAM
--- config eval
$::CONFIG . <<'END';
    location /app/page { weir on; error_page 451 = @page; proxy_pass http://orders; }
    location /app/file { weir on; error_page 451 /page.html; proxy_pass http://orders; }
    location = /page.html { internal; weir off; return 200 "page\n"; }
    location @page { proxy_pass http://orders; }
    location /app/down { weir on; proxy_pass http://127.0.0.1:1; }
END
--- then
my $reads = 'allow-credentials=true allow-origin=https://app.example expose-headers=RateLimit, Link vary=%sOrigin';
my @o = (Origin => 'https://app.example');
for (['/closed/x', 401], ['/app/x?deny', 451], ['/app/page?deny', 451, 'Accept-Language; '], ['/app/file?deny', 451],
     ['/app/down', 502])
{
    my ($path, $status, $vary) = @$_;
    my $a = http('GET', $path, @o);
    is($a->{status}, $status, $path);
    is(told($a), sprintf $reads, $vary // '');
    is(told(http('GET', $path)), 'vary=' . ($vary // '') . 'Origin', 'and no other');
}
http('GET', '/few/x') for 1 .. 4;
my $a = http('GET', '/few/x', @o);
is($a->{status}, 429);
is(told($a), sprintf $reads, '');
ok(header($a, 'Retry-After'));
is(told(http('GET', '/nowhere', @o)), '', 'no route, no origins');


=== anyone may read without credentials
--- policy eval: main::policy()
--- upstream eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
for ('https://a.example', 'null', undef) {
    is(told(http('GET', '/anyone/x', Origin => $_)), 'allow-origin=* expose-headers=* vary=Accept-Language', $_ // 'none');
}
is(told(preflight('/anyone/x', 'https://a.example', 'PATCH')), "allow-headers=* allow-methods=* allow-origin=* $::VARY");


=== null is an origin only where it is named
--- policy eval: main::policy()
--- upstream eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
is(told(http('GET', '/sandbox/x', Origin => 'null')), 'allow-origin=null vary=Accept-Language; Origin');
is(told(http('GET', '/sandbox/x', Origin => $_)), 'vary=Accept-Language; Origin', $_) for 'NULL', 'https://null', 'nul';


=== answers of every kind say it once
--- policy eval: main::policy()
--- http_config
    proxy_cache_path cache keys_zone=c:1m;
--- upstream eval: $::UPSTREAM
--- user_files
>>> app/a.html
text
--- config
    weir on;
    location /app/ { root html; }
    location /app/cached { proxy_pass http://orders; proxy_ignore_headers Vary; proxy_cache c; proxy_cache_valid 1h; proxy_cache_key one;
                           add_header X-Cache $upstream_cache_status; }
    location /off { weir off; proxy_pass http://orders; proxy_cache c; proxy_cache_valid 1h; proxy_cache_key one; }
    location /app/204 { return 204; }
    location /app/301 { return 301 /x; }
    location /app/try { try_files /none @up; }
    location @up { proxy_pass http://orders; }
    location /app/sub { auth_request /app/204; return 200 "ok\n"; }
--- then
my $reads = 'allow-credentials=true allow-origin=https://app.example expose-headers=RateLimit, Link vary=%sOrigin';
my @o = (Origin => 'https://app.example');
my $etag = header(http('GET', '/app/a.html'), 'ETag');
for (['GET', '/app/a.html', 200], ['HEAD', '/app/a.html', 200], ['GET', '/app/a.html', 304, 'If-None-Match', $etag],
     ['GET', '/app/a.html', 206, 'Range', 'bytes=0-1'], ['GET', '/app/a.html', 412, 'If-Match', '"x"'],
     ['GET', '/app/none', 404], ['GET', '/app/204', 204], ['GET', '/app/301', 301], ['GET', '/app/sub', 200])
{
    my ($method, $path, $status, @more) = @$_;
    my $a = http($method, $path, @o, @more);
    is($a->{status}, $status, "$method $path");
    is(told($a), sprintf $reads, '');
}
is(told(http('GET', '/app/try', @o)), sprintf $reads, 'Accept-Language; ');
for (['MISS', @o], ['HIT', Origin => 'https://www.app.example'], ['HIT', @o], ['HIT']) {
    my ($cache, undef, $origin) = @$_;
    my $a = http('GET', '/app/cached', Origin => $origin);
    is(header($a, 'X-Cache'), $cache);
    is(told($a), $origin ? $reads =~ s/app\.example/$origin =~ s{https:..}{}r/er =~ s/%s/Accept-Language; /r : 'vary=Accept-Language; Origin');
}
like(told(http('GET', '/off', @o)), qr/allow-origin=https:\/\/evil.example /, 'the cache holds what the upstream sent');


=== where the policy is only reported, the upstream is asked
--- policy eval: main::policy()
--- upstream eval: $::UPSTREAM
--- config
    location / { weir dry_run; proxy_pass http://orders; }
    location /app/off { weir off; proxy_pass http://orders; }
--- then
for ('/app/x', '/app/off') {
    my $a = preflight($_, 'https://app.example', 'PUT');
    is($a->{body}, "OPTIONS\n", $_);
    is(told($a), 'allow-credentials=true allow-origin=https://evil.example max-age=1 vary=Accept-Language');
}


=== HTTP/2
--- policy eval: main::policy()
--- h2
--- config eval: $::CONFIG
--- upstream eval: $::UPSTREAM
--- then
sub h2 {
    return h2_request(h2_port(), ':method' => $_[0], ':scheme' => 'http', ':authority' => 'localhost', ':path' => '/app/x',
                      origin => 'https://app.example', @_[1 .. $#_]);
}
my $a = h2('OPTIONS', 'access-control-request-method' => 'PUT');
is($a->{status}, 204);
is($a->{body}, '');
$a = h2('GET');
is("$a->{status} $a->{body}", "200 GET\n");


=== the audit log calls a preflight what it is
--- policy eval: main::policy() . "audit: {sample: {allow: 100%}}\n"
--- upstream eval: $::UPSTREAM
--- config eval: "weir_audit_log logs/audit.log;\n$::CONFIG"
--- then
preflight('/app/x', 'https://app.example', 'PUT');
my ($line) = audit();
is("$line->{verdict} $line->{reason} $line->{status} $line->{route}", 'allow preflight 204 app');


=== a preflight reaches no upstream by post_action either
--- policy eval: main::policy()
--- upstream
    location / { return 200 "$request_uri\n"; }
--- config
    location / { weir on; post_action /after; proxy_pass http://orders; }
    location = /after { weir on; internal; proxy_pass http://orders/after-$request_method; }
--- then
is(main::preflight('/closed/x', 'https://app.example', 'GET')->{status}, 204);
is(http('GET', '/app/x')->{body}, "/app/x\n");
my $log;
wait_for(sub { ($log = read_file(server_root() . '/logs/upstream.log')) =~ /after-GET/ });
like($log, qr{/after-GET }, 'what was let on has its post_action');
unlike($log, qr{OPTIONS}, 'a preflight has none');
