# What upstreams are told instead of what clients sent, and clients instead of
# what upstreams sent.

use Weir 'no_plan';
use Weir::H2;
use Weir::Live qw(place rand_port);
use Weir::Token;
use IO::Socket::INET ();

# One public route with this transform.
sub transform {
    my ($transform, $more) = @_;

    return "tenants:\n  resolve: [{host: \"{tenant}.shop.example\"}]\n"
           . "  list:\n    acme: {plan: pro, attrs: {note: \"a\\r\\nx-evil: 1\"}}\n"
           . "    globex: {attrs: {note: fine}}\n"
           . ($more // '')
           . "routes:\n"
           . "  - {id: plain, match: {path: \"/plain/**\"}, public: true}\n"
           . "  - id: all\n    match: {path: \"/**\"}\n    public: true\n"
           . "    transform:\n$transform";
}

our $PROXY = <<'END';
    weir on;
    location / { proxy_pass http://orders; }
END

our $TELL = <<'END';
        underscores_in_headers on;
        location / { return 200 "$request_uri\n"; }
END

our $NAMES = <<'END';
      request:
        remove: [x-debug]
        set: {x-user: "${tenant.id}", user-agent: weir, cookie: "a=1", x-forwarded-for: "${string(source.ip)}"}
        add: {x-tag: "t-${request.method}"}
END

# Server by its index and "nginx", as HTTP/2 has it.
our $H2_SERVER = qr/\x76\x84\xaa\x63\x55\xe7/;

run_tests();

__DATA__

=== headers are removed, set and added, in this order
--- policy eval: main::transform($::NAMES)
--- upstream
    location / { return 200 "$http_x_debug|$http_x_user|$http_user_agent|$http_x_tag|$http_a\n"; }
--- config eval: $::PROXY
--- ask
GET / Host:acme.shop.example                        -> 200 |acme|weir|t-GET|
GET / Host:acme.shop.example X-Debug:1 A:2          -> 200 |acme|weir|t-GET|2
GET / Host:acme.shop.example X-Debug:1 x-debug:2    -> 200 |acme|weir|t-GET|
GET / Host:acme.shop.example x-user:root            -> 200 |acme|weir|t-GET|
GET / Host:acme.shop.example x-user:a X-User:b User-Agent:c -> 200 |acme|weir|t-GET|
POST / Host:acme.shop.example body=x                -> 200 |acme|weir|t-POST|
GET /plain/ Host:acme.shop.example X-Debug:1 x-user:root -> 200 ~1\|root\|
--- then
# before 1.23 nginx told the first one of a name
my $both = $ENV{TEST_NGINX_VERSION_NUM} < 1023000 ? '' : ', ?t-GET';
like(http('GET', '/', Host => 'acme.shop.example', 'X-Tag' => 'client')->{body},
     qr/^\|acme\|weir\|client$both\|/);


=== HTTP/0.9, which has no headers, gets those of the policy as well
--- policy
routes:
  - id: all
    match: {path: "/**"}
    public: true
    transform: {request: {remove: [x-debug], set: {x-user: a}, add: {x-tag: b}}}
--- upstream
    location / { return 200 "$http_x_user|$http_x_tag\n"; }
--- config eval: $::PROXY
--- then
is(http_raw("GET /\r\n"), "a|b\n");
is(http('GET', '/')->{body}, "a|b\n", 'the worker lives');


=== another spelling of a name that is set or removed does not reach the upstream
--- policy eval: main::transform($::NAMES)
--- upstream
    underscores_in_headers on;
    location / { return 200 "$http_x_debug|$http_x_user\n"; }
--- config eval: "underscores_in_headers on;\n$::PROXY"
--- ask
GET / Host:acme.shop.example x_user:root           -> 200 |acme
GET / Host:acme.shop.example X_USER:root x_debug:1 -> 200 |acme
GET / Host:acme.shop.example X_Debug:1 x-user:b    -> 200 |acme


=== variables of nginx have the new values, also those that were read before
--- policy eval: main::transform($::NAMES)
--- config
    weir on;
    set $before $http_x_user;
    set $cookie $cookie_a;
    location / {
        return 200 "$before>$http_x_user $cookie>$cookie_a $http_user_agent $proxy_add_x_forwarded_for $remote_user\n";
    }
--- ask
GET / Host:acme.shop.example x-user:root Cookie:a=0 X-Forwarded-For:1.1.1.1 -> 200 "root>acme 0>1 weir 127.0.0.1, 127.0.0.1 "


=== what nginx decoded of a header that is replaced is not believed
--- policy eval: main::transform("      request: {set: {authorization: \"Basic Ym9iOnB3\"}}\n")
--- config
    weir on;
    set $before $remote_user;
    location / { return 200 "$before>$http_authorization $remote_user\n"; }
--- ask
GET / "Authorization:Basic YW5uOnB3" -> 200 ~ann>Basic Ym9iOnB3 bob$


=== rules have what the client sent
--- policy eval
main::transform($::NAMES, <<'END')
deny: [{id: root, when: '"x-user" in request.headers && request.headers["x-user"] == "root"'}]
END
--- config
    weir on;
    location / { return 200 "$http_x_user\n"; }
--- ask
GET / Host:acme.shop.example x-user:root -> 403
GET / Host:acme.shop.example x-user:ann  -> 200 acme


=== nothing is changed where the policy is only reported, or off
--- policy eval: main::transform("$::NAMES        path: /new\n      response: {set: {x-out: \"1\"}, remove: [server]}\n")
--- upstream eval: $::TELL =~ s/request_uri/request_uri \$http_x_debug/r
--- config
    weir dry_run;
    location / { proxy_pass http://orders; }
    location /off { weir off; proxy_pass http://orders; }
    location /on { weir on; proxy_pass http://orders; }
--- ask
GET /dry x-debug:1 -> 200 /dry 1
GET /off x-debug:1 -> 200 /off 1
GET /on x-debug:1  -> 200 ~/new ?$
--- then
for (['/dry', undef], ['/off', undef], ['/on', 1]) {
    my $a = http('GET', $_->[0]);
    is(header($a, 'x-out'), $_->[1], $_->[0]);
    is(defined header($a, 'Server'), !$_->[1], 'Server');
}


=== the path is another one for every way to the upstream
--- policy
routes:
  - id: old
    match: {path: "/v1/**"}
    public: true
    transform: {request: {path: "/api${request.url_path.substring(3)}"}}
--- upstream eval: $::TELL
--- config
    weir on;
    location /v1/plain/    { proxy_pass http://orders; }
    location /v1/prefix/   { proxy_pass http://orders/base/; }
    location /v1/longer/prefix/than/the/new/path/ { proxy_pass http://orders/b/; }
    location /v1/uri/      { set $to orders; proxy_pass http://$to$request_uri; }
    location /v1/vars/     { set $to orders; proxy_pass http://$to; }
    location /v1/try/      { try_files /none @named; }
    location @named        { proxy_pass http://orders; }
    location ~ ^/v1/re/    { proxy_pass http://orders; }
    location /v1/rewrite/  { rewrite ^/api/(.*)$ /again/$1 break; proxy_pass http://orders; }
    location /v1/last/     { rewrite ^/api/(.*)$ /svc/$1 last; }
    location /v1/moved/    { rewrite ^/api/(.*)$ /off/$1 last; }
    location /svc/         { proxy_pass http://orders/base/; }
    location /off/         { weir off; proxy_pass http://orders/base/; }
    location /v1/local/    { return 200 "$uri $request_uri $document_uri $is_args$args\n"; }
    location /v1/error/    { error_page 418 = @named; return 418; }
--- ask
GET /v1/plain/a          -> 200 /api/plain/a
GET /v1/plain/a?q=%2F&r  -> 200 /api/plain/a?q=%2F&r
GET /v1/plain/a%20b      -> 200 /api/plain/a%20b
GET /v1/plain/%C3%BC%25%3F%23 -> 200 /api/plain/%C3%BC%25%3F%23
GET /v1/plain//a/./b/../c -> 200 /api/plain/a/c
GET /v1/prefix/a%20b?x=1 -> 200 /api/prefix/a%20b?x=1
GET /v1/longer/prefix/than/the/new/path/a -> 200 /api/longer/prefix/than/the/new/path/a
GET /v1/uri/a%20b?x=1    -> 200 /api/uri/a%20b?x=1
GET /v1/vars/a%20b?x=1   -> 200 /api/vars/a%20b?x=1
GET /v1/try/a%20b?x=1    -> 200 /api/try/a%20b?x=1
GET /v1/re/a%20b?x=1     -> 200 /api/re/a%20b?x=1
GET /v1/rewrite/a%20b?x=1 -> 200 /again/rewrite/a%20b?x=1
GET /v1/last/a%20b?x=1   -> 200 /base/last/a%20b?x=1
GET /v1/moved/a%20b?x=1  -> 200 /base/moved/a%20b?x=1
GET /v1/error/a%20b      -> 200 /api/error/a%20b
GET /v1/local/a%20b?x=1  -> 200 /api/local/a b /api/local/a%20b?x=1 /api/local/a b ?x=1


=== a path that is shorter than the location's, with and without a query
--- policy eval: main::transform("      request: {path: /n}\n")
--- upstream eval: $::TELL
--- config
    weir on;
    location /a/long/location/ { proxy_pass http://orders/base/uri/; }
    location /cached/long/ {
        proxy_pass http://orders/base/;
        proxy_cache c;
        proxy_cache_valid 1h;
        add_header X-Cache $upstream_cache_status;
    }
    location /file/long/ { root html; }
--- http_config
    proxy_cache_path cache keys_zone=c:1m;
--- ask
GET /a/long/location/x        -> 200 /n
GET /a/long/location/?q       -> 200 /n?q
GET /cached/long/1            -> 200 /n
GET /cached/long/2            -> 200 /n
GET /file/long/x              -> 404
--- no_error_log
[crit]
[alert]


=== a path that the client has a hand in is checked as one
--- policy eval: main::transform("      request: {path: \"/f/\${request.params['f']}\"}\n")
--- upstream eval: $::TELL
--- config eval: $::PROXY
--- ask
GET /?f=a             -> 200 /f/a?f=a
GET /?f=a/b           -> 200 /f/a/b?f=a/b
GET /?f=a%20%3F%23%25 -> 200 /f/a%20%3F%23%25?f=a%20%3F%23%25
GET /?f=/             -> 200 /f/?f=/
GET /?f=..            -> 400
GET /?f=../../etc     -> 400
GET /?f=a/../b        -> 400
GET /?f=%2e%2e/x      -> 400
GET /?f=a%0d%0ax:1    -> 400
GET /?f=a%00b         -> 500
GET /?f=%ff           -> 500
GET /?f=a%5cb         -> 400
GET /                 -> 500
GET /?f=%2561         -> 200 /f/%2561?f=%2561


=== policy, variables and the log speak of the path that was asked for
--- policy eval: main::transform("      request: {path: \"/new/path\"}\n", "audit: {sample: {allow: 100%}}\n")
--- upstream eval: $::TELL
--- config
    weir on;
    weir_audit_log logs/audit.log;
    location /old { add_header X-Route $weir_route; proxy_pass http://orders; }
    location /new { return 500; }
--- ask
GET /old/a?b -> 200 /new/path?b
--- then
is((audit())[0]{path}, '/old/a');
is(header(http('GET', '/old'), 'X-Route'), 'all');


=== a cache keeps apart what upstreams were asked for
--- policy eval: main::transform("      request: {path: \"/u/\${request.headers['x-user']}\"}\n")
--- http_config
    proxy_cache_path cache keys_zone=c:1m;
--- upstream eval: $::TELL
--- config
    weir on;
    location / {
        proxy_pass http://orders;
        proxy_cache c;
        proxy_cache_key $weir_cache_key;
        proxy_cache_valid 1h;
    }
--- ask
GET /me x-user:ann -> 200 /u/ann
GET /me x-user:bob -> 200 /u/bob
GET /me x-user:ann -> 200 /u/ann


=== HTTP/2: headers, path and answer
--- policy eval: main::transform("$::NAMES        path: \"/p\${request.url_path}\"\n      response: {set: {x-a: b}}\n")
--- h2
--- upstream
    location / { return 200 "$request_uri $http_x_user $http_x_debug $http_user_agent\n"; }
--- config eval: "server_tokens off;\n$::PROXY"
--- then
my $a = h2_request(h2_port(), ':method' => 'GET', ':scheme' => 'http', ':authority' => 'acme.shop.example',
                   ':path' => '/a%20b?c', 'x-debug' => 1, 'x-user' => 'root', 'user-agent' => 'me');
is($a->{body}, "/p/a%20b?c acme  weir\n");
like($a->{block}, $::H2_SERVER, 'nginx says its name');


=== headers of an answer are removed, set and added
--- policy eval
main::transform(<<'END')
      response:
        remove: [x-powered-by, X-Secret]
        set: {x-code: "${response.code}", x-was: "${response.headers['x-was']}+", cache-control: no-store}
        add: {x-list: mine, set-cookie: "c=3"}
END
--- upstream
    location / {
        add_header X-Powered-By php;
        add_header X-Secret 1;
        add_header x-secret 2;
        add_header X-Was a;
        add_header Cache-Control public;
        add_header Cache-Control "max-age=60";
        add_header X-List theirs;
        add_header Set-Cookie a=1;
        add_header Set-Cookie b=2;
        return 200 "up\n";
    }
--- config eval: $::PROXY
--- then
my $a = http('GET', '/');
is(header($a, $_), undef, $_) for 'X-Powered-By', 'X-Secret';
is(header($a, 'x-code'), 200);
is(header($a, 'x-was'), 'a+');
is(join('|', $a->{head} =~ /^cache-control: (.*?)\r?$/gmi), 'no-store');
is(join('|', $a->{head} =~ /^x-list: (.*?)\r?$/gmi), 'theirs|mine');
is(join('|', $a->{head} =~ /^set-cookie: (.*?)\r?$/gmi), 'a=1|b=2|c=3');
is($a->{body}, "up\n");


=== an answer tells its arm, and how long the upstream took
--- policy
splits:
  s:
    sticky: request.params["k"]
    salt: s
    arms: {old: {weight: 100, upstream: orders}, new: {weight: 0, upstream: catalog}}
    override: [{header: x-new, equals: "1", use: new}]
routes:
  - id: s
    match: {path: /split}
    public: true
    split: s
    transform:
      response: {set: {x-arm: "${split.arm}", x-took: '${string(response.backend_latency)}'}}
  - id: r
    match: {path: /none}
    public: true
    transform:
      response: {set: {x-arm: "<${split.arm}>", x-took: '${string(response.backend_latency)}'}}
--- upstream
    location / { return 200 "up\n"; }
--- config
    location / { weir on; proxy_pass http://$weir_upstream; }
    location /none { weir on; return 200 "here\n"; }
--- then
is(header(http('GET', '/split?k=1'), 'x-arm'), 'old', 'by weight');
is(header(http('GET', '/split?k=1', 'x-new' => 1), 'x-arm'), 'new', 'by an override');
like(header(http('GET', '/split?k=1'), 'x-took'), qr/^0(?:\.\d+)?s$/, 'a time');
is(header(http('GET', '/none'), 'x-arm'), '<>', 'no split');
is(header(http('GET', '/none'), 'x-took'), '0s', 'no upstream');


=== headers that nginx itself writes can be removed and set
--- policy eval
main::transform(<<'END')
      response:
        remove: [server, etag, last-modified, accept-ranges, expires]
        set: {content-type: application/x-mine, cache-control: private}
END
--- h2
--- user_files
>>> a.html
text
--- config
    weir on;
    server_tokens off;
    location /a.html { charset utf-8; expires 1h; }
    location / { expires 1h; return 200 "text\n"; }
    location /off { weir off; root html; try_files /a.html =404; }
--- then
for ('/a.html', '/other') {
    my $a = http('GET', $_);
    is($a->{status}, 200);
    is(header($a, $_), undef, $_)
        for 'Server', 'ETag', 'Last-Modified', 'Accept-Ranges';
    is(header($a, 'Cache-Control'), 'max-age=3600', 'nginx has the last word');
    like(header($a, 'Content-Type'), qr{^application/x-mine(?:; charset=utf-8)?$});
    is($a->{body}, "text\n");
    is(http('GET', $_, Range => 'bytes=0-0')->{status}, 200, 'no ranges');
}
is(header(http('GET', '/a.html', 'If-Modified-Since' => 'Fri, 31 Dec 2100 00:00:00 GMT'), 'Server'), undef, 'of a 304');
is(header(http('HEAD', '/a.html'), 'Server'), undef, 'HEAD');
is(header(http('GET', '/off'), 'Server'), 'nginx', 'and else they are there');
my @h2 = (':method' => 'GET', ':scheme' => 'http', ':authority' => 'localhost');
unlike(h2_request(h2_port(), @h2, ':path' => '/a.html')->{block}, $::H2_SERVER);
like(h2_request(h2_port(), @h2, ':path' => '/off')->{block}, $::H2_SERVER);


=== those of an upstream as well
--- policy eval
main::transform(<<'END')
      response:
        remove: [server, www-authenticate, link, cache-control]
        set: {location: /elsewhere, last-modified: "Thu, 01 Jan 2015 00:00:00 GMT", etag: '"w"'}
END
--- http_config
    log_format sent '$sent_http_cache_control|$sent_http_link';
--- upstream
    location / {
        add_header Cache-Control no-store always;
        add_header WWW-Authenticate Basic always;
        add_header Link "<a>; rel=next" always;
        return 301 /there;
    }
--- config
    weir on;
    absolute_redirect off;
    access_log logs/sent.log sent;
    location / { proxy_pass_header Server; proxy_pass http://orders; }
--- then
my $a = http('GET', '/');
is(header($a, $_), undef, $_)
    for 'Server', 'WWW-Authenticate', 'Link', 'Cache-Control';
my $sent = server_root() . '/logs/sent.log';
wait_for(sub { -s $sent });
is(read_file($sent), "-|-\n", 'nor do variables tell them');
is(join('|', $a->{head} =~ /^location: (.*?)\r?$/gmi), '/elsewhere');
is(header($a, 'Last-Modified'), 'Thu, 01 Jan 2015 00:00:00 GMT');
is(header($a, 'ETag'), '"w"');


=== answers of every kind
--- policy eval: main::transform("      response: {set: {x-code: \"\${response.code}\"}, remove: [x-up]}\n")
--- http_config
    proxy_cache_path cache keys_zone=c:1m;
--- upstream
    location / { add_header X-Up 1 always; return 200 "up\n"; }
    location /404 { add_header X-Up 1 always; return 404 "none\n"; }
--- user_files
>>> a.html
text
--- config
    weir on;
    location / { proxy_pass http://orders; }
    location = /a.html { }
    location /down { proxy_pass http://127.0.0.1:1; }
    location /page { error_page 404 = @page; proxy_intercept_errors on; proxy_pass http://orders/404; }
    location @page { return 203 "page\n"; }
    location /none { return 204; }
    location /cached {
        proxy_pass http://orders; proxy_cache c; proxy_cache_valid 1h;
    }
--- then
for (['/', 200], ['/404', 404], ['/a.html', 200], ['/down', 502], ['/page', 203],
     ['/none', 204], ['/cached', 200], ['/cached', 200])
{
    my ($path, $status) = @$_;
    my $a = http('GET', $path);
    is($a->{status}, $status, $path);
    is(header($a, 'x-code'), $status);
    is(header($a, 'x-up'), undef);
    is(header(http('HEAD', $path), 'x-code'), $status, 'HEAD') if $path ne '/page';
}
my $a = http('GET', '/a.html');
$a = http('GET', '/a.html', 'If-None-Match' => header($a, 'ETag'));
is($a->{status}, 304);
is(header($a, 'x-code'), 200, 'before it was found unchanged');
$a = http('GET', '/a.html', 'If-Match' => '"x"');
is($a->{status}, 412);
is(join('|', $a->{head} =~ /^x-code: (\d+)/gm), 412, 'once');
is($a->{head} =~ /^server:/mi, 1);


=== what the answer costs is of the answer that was sent
--- policy eval
main::transform("      response: {set: {x-code: \"\${response.code}\"}}\n", <<'END') =~ s/(    public: true\n)(?=    transform)/$1    limits: [l]\n/r
limits:
  l: {key: ['"all"'], rate: 100/h, burst: 100, charge: response, cost: 'response.code == 304 ? 0 : 10'}
settings: {limit_headers: legacy}
END
--- user_files
>>> a.html
text
--- config
    weir on;
    location = /a.html { }
    location = /now { return 200 "now\n"; }
--- then
my $a = http('GET', '/a.html');
is(header($a, 'X-RateLimit-Remaining'), 100);
for (1, 2) {
    $a = http('GET', '/a.html', 'If-None-Match' => header($a, 'ETag'));
    is($a->{status}, 304);
    is(header($a, 'X-RateLimit-Remaining'), 90);
}


=== what an upstream says of the cost counts, and is not told
--- policy eval
main::transform("      response: {remove: [x-cost]}\n", <<'END') =~ s/(    public: true\n)(?=    transform)/$1    limits: [told]\n/r
limits:
  told: {key: ['"all"'], rate: 100/h, burst: 100, charge: response, cost: 'int(response.headers["x-cost"])'}
settings: {limit_headers: legacy}
END
--- upstream
    location / { add_header X-Cost 40; return 200 "up\n"; }
--- config eval: $::PROXY
--- then
for (100, 60, 20) {
    my $a = http('GET', '/');
    is(header($a, 'X-RateLimit-Remaining'), $_);
    is(header($a, 'X-Cost'), undef);
}


=== a cache holds what the upstream sent, not what was told one client
--- policy eval
main::transform(<<'END')
      response: {set: {x-for: "${request.headers['x-user']}"}, remove: [x-up]}
END
--- http_config
    proxy_cache_path cache keys_zone=c:1m;
--- upstream
    location / { add_header X-Up 1; return 200 "up\n"; }
--- config
    weir on;
    location / {
        proxy_pass http://orders; proxy_cache c; proxy_cache_valid 1h;
        add_header X-Cache $upstream_cache_status;
    }
    location /off {
        weir off;
        proxy_pass http://orders/; proxy_cache c; proxy_cache_valid 1h; proxy_cache_key one;
    }
    location /on {
        proxy_pass http://orders/; proxy_cache c; proxy_cache_valid 1h; proxy_cache_key one;
    }
--- then
for (['ann', 'MISS'], ['bob', 'HIT'], ['ann', 'HIT']) {
    my $a = http('GET', '/', 'X-User' => $_->[0]);
    is(header($a, 'X-Cache') . ' ' . header($a, 'x-for'), "$_->[1] $_->[0]");
}
is(header(http('GET', '/on', 'X-User' => 'ann'), 'x-up'), undef);
my $a = http('GET', '/off');
is(header($a, 'x-up'), 1, 'kept as sent');
is(header($a, 'x-for'), undef);


=== subrequests get neither; refusals get no transform
--- policy eval
main::transform(<<'END', "deny: [{id: d, when: '\"deny\" in request.params'}]\n")
      request: {set: {x-in: "1"}}
      response: {set: {x-out: "${response.code}"}}
END
--- config
    weir on;
    location / { auth_request /auth; auth_request_set $out $sent_http_x_out; return 200 "$out\n"; }
    location /auth { internal; return 204; }
--- ask
GET / -> 200 ""
--- then
is(header(http('GET', '/'), 'x-out'), 200);
is(header(http('GET', '/?deny'), 'x-out'), undef, 'a refusal');


=== a request header with a byte that splits headers is refused
--- policy eval
main::transform(<<'END')
      request:
        set: {x-q: "q=${request.params['q']}", x-p: "${request.path}", x-note: "${string(tenant.attrs.note)}"}
END
--- upstream
    location / { return 200 "$http_x_q $http_x_evil\n"; }
--- config eval: $::PROXY
--- ask
GET /?q=a Host:globex.shop.example                 -> 200 "q=a "
GET /?q=a%09b Host:globex.shop.example             -> 200 "q=a\tb "
GET /?q=%C3%BC Host:globex.shop.example            -> 200 "q=ü "
GET /?q=a%0d%0ax-evil:1 Host:globex.shop.example   -> 400
GET /?q=a%0ax-evil:1 Host:globex.shop.example      -> 400
GET /?q=a%0dx-evil:1 Host:globex.shop.example      -> 400
GET /?q=a%00 Host:globex.shop.example              -> 500
GET /?q=%1b Host:globex.shop.example               -> 400
GET /?q=a Host:acme.shop.example                   -> 400
GET /a%0d%0ax-evil:1?q=a Host:globex.shop.example  -> 400
GET / Host:globex.shop.example                     -> 500
--- error_log
weir: policy denies with 400: transform


=== of an answer it is left out, and so is what the upstream sent by that name
--- policy eval
main::transform(<<'END')
      response:
        set: {x-q: "q=${request.params['q']}", x-note: "${string(tenant.attrs.note)}", x-fine: "1"}
END
--- upstream
    location / { add_header X-Q up; add_header X-Note up; return 200 "up\n"; }
--- config
    weir on;
    location / { proxy_pass http://orders; }
    location /status { weir off; weir_status; }
--- then
my @hosts = (Host => 'globex.shop.example');
my $a = http('GET', '/?q=a', @hosts);
is(header($a, 'x-q'), 'q=a');
is(header($a, 'x-note'), 'fine');
my $errors = status()->{decisions}{errors};
for (['/?q=a%0d%0ax-evil:1', @hosts], ['/?q=a%0ax-evil:1', @hosts], ['/?q=a%0dx-evil:1', @hosts],
     ['/?q=a%00b', @hosts], ['/', @hosts])
{
    my $a = http('GET', @$_);
    is($a->{status}, 200, $_->[0]);
    is(header($a, $_), undef, $_) for 'x-q', 'x-evil';
    is(header($a, 'x-fine'), 1);
    is(() = $a->{head} =~ /^x-evil/gmi, 0);
}
$a = http('GET', '/?q=a', Host => 'acme.shop.example');
is(header($a, $_), undef, $_) for 'x-note', 'x-evil';
is(status()->{decisions}{errors} - $errors, 6);
is(() = read_file(server_root() . '/logs/error.log') =~ /\[warn\].*response header "x-q" of route "all"/g, 1, 'said once');
--- error_log
the value of response header "x-q" of route "all" fails to evaluate


=== claims of a token are no better
--- policy eval
sprintf <<'END', main::jwks('ES256')
issuers: {main: {iss: "https://id.example/", jwks: {file: "%s"}, alg: [ES256]}}
routes:
  - id: all
    match: {path: "/**"}
    auth: {any: [jwt: main]}
    allow: [{id: known, when: 'principal.kind == "jwt"'}]
    transform:
      request: {set: {x-name: "${string(principal.claims.name)}"}}
      response: {set: {x-sub: "${principal.sub}"}}
END
--- upstream
    location / { return 200 "$http_x_name $http_x_evil $http_authorization\n"; }
--- config eval: $::PROXY
--- then
sub as { main::http('GET', '/', bearer(token('ES256', iss => 'https://id.example/', -exp => '10m', @_))) }
my $a = as(sub => 'ann', name => 'Ann');
is($a->{body}, "Ann  \n");
is(header($a, 'x-sub'), 'ann');
for ("Ann\r\nX-Evil: 1", "Ann\nX-Evil: 1", "Ann\rx") {
    is(as(sub => 'ann', name => $_)->{status}, 400);
}
$a = as(sub => "ann\r\nX-Evil: 1", name => 'Ann');
unlike($a->{head}, qr/evil/i);


=== an upgraded connection is told the same, and outlives the policy
--- policy eval
main::transform(<<'END')
      request: {set: {x-in: "${request.method}"}}
      response: {set: {x-out: "${response.code}-${request.headers['x-user']}"}, remove: [server]}
END
--- config
    location / {
        weir on;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
    }
--- then
my $up = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => rand_port(1), Listen => 1, ReuseAddr => 1) or die $!;
my $client = raw_connect();
syswrite $client, "GET / HTTP/1.1\r\nHost: a\r\nX-User: ann\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n";
my $server = $up->accept;
sysread $server, my $request, 65536;
like($request, qr/^x-in: GET\r$/m);
syswrite $server, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: test\r\nConnection: Upgrade\r\n\r\n";
sysread $client, my $answer, 65536;
like($answer, qr/^HTTP\/1.1 101 .*^x-out: 101-ann\r$/ms);
unlike($answer, qr/^server:/mi);


=== an answer is changed by the policy that let its request on
--- http_config eval
Weir::Live::http('check=20ms', Weir::compile_policy(main::transform("      response: {set: {x-v: \"1\${request.method}\"}, remove: [x-old]}\n")))
--- config
    weir on;
    location / { proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    location /v { return 200 "v\n"; }
--- then
my $up = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => rand_port(2), Listen => 1, ReuseAddr => 1) or die $!;
my $client = raw_connect();
syswrite $client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
my $server = $up->accept;
sysread $server, my $request, 65536;
is(header(http('GET', '/v'), 'x-v'), '1GET');
place(compile_policy(main::transform("      response: {set: {x-v: \"2\"}}\n")));
ok(wait_for(sub { header(http('GET', '/v'), 'x-v') eq '2' }));
syswrite $server, "HTTP/1.1 200 OK\r\nX-Old: 1\r\nContent-Length: 0\r\n\r\n";
local $/;
my $answer = <$client>;
like($answer, qr/^x-v: 1GET\r$/m);
unlike($answer, qr/x-old/i);
