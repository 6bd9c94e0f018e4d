# Two spellings of a path are decided alike, or refused; what is forwarded is
# what was decided.

use Weir 'no_plan';

our $POLICY = <<'END';
deny:
  - {id: admin, when: 'request.url_path.startsWith("/admin")', status: 451}
routes:
  - {id: all, match: {path: "/**"}, public: true}
END

run_tests();

__DATA__

=== dot segments, slashes and escapes are resolved before the decision
--- policy eval: $::POLICY
--- config
    location / { weir on; return 200 "$uri\n"; }
--- ask
GET /admin                   -> 451
GET /a/../admin              -> 451
GET /a/%2e%2e/admin          -> 451
GET /a/%2E%2e/admin          -> 451
GET /a/.%2e/admin            -> 451
GET /./admin                 -> 451
GET /%2e/admin               -> 451
GET //admin                  -> 451
GET ///admin//x              -> 451
GET /%61dmin                 -> 451
GET /a/..//admin             -> 451
GET /a/b/../../admin         -> 451
GET /admin?/../ok            -> 451
GET /ok?/../admin            -> 200 /ok
GET /ok/..                   -> 200 /
GET /ok/.                    -> 200 /ok/
GET /%6f%6B                  -> 200 /ok
GET /ok%3f/../admin          -> 451
GET /a%20b                   -> 200 /a b
GET /%C3%A9                  -> 200 /\xc3\xa9
GET /...                     -> 200 /...
GET /..a                     -> 200 /..a


=== what upstreams read in different ways is 400
--- policy eval: $::POLICY
--- config
    location / { weir on; return 200 "$uri\n"; }
--- ask
GET /..                      -> 400
GET /../admin                -> 400
GET /a/../../admin           -> 400
GET /%2e%2e/admin            -> 400
GET /a%2Fb                   -> 400
GET /a%2fb                   -> 400
GET /a%2F..%2Fadmin          -> 400
GET /a%5Cb                   -> 400
GET /a%5cb                   -> 400
GET /a\\b                    -> 400
GET /a\\..\\admin            -> 400
GET /..;x=y/admin            -> 400
GET /a/..;/admin             -> 400
GET /admin;x=y               -> 400
GET /ok;admin                -> 400
GET /ok%3Bx                  -> 400
GET /%00                     -> 400
GET /admin%00.css            -> 400
GET /%                       -> 400
GET /%a                      -> 400
GET /%zz                     -> 400
GET /a%2                     -> 400
GET /%25%32%65%25%32%65/x    -> 400
GET /%252e%252e/admin        -> 400
GET /a%0Ab                   -> 400
GET /a%0D%0AX:y              -> 400
GET /a%7Fb                   -> 400
GET /a%01b                   -> 400
GET /%FF                     -> 400
GET /%C0%AE%C0%AE/admin      -> 400
GET /%ED%A0%80               -> 400
GET admin                    -> 400
GET *                        -> 400


=== raw bytes that are no text are 400
--- policy eval: $::POLICY
--- config
    location / { weir on; return 200 "$uri\n"; }
--- ask
GET /\xff        -> 400
GET /\x7f        -> 400
GET /a\x00b      -> 400
GET /a\x01b      -> 400
GET /\xc3\xa9    -> 200 /\xc3\xa9


=== a fragment is never part of the path
--- policy eval: $::POLICY
--- upstream
--- config
    location / { weir on; return 200 "$uri\n"; }
    location /up { weir on; proxy_pass http://orders; }
--- ask
GET /ok#/../admin   -> 200 /ok
GET /admin#ok       -> 451
GET /ok#?x          -> 200 /ok
GET /up/a#b         -> 200 upstream GET /up/a
GET /up/a?q#b       -> 200 ~upstream GET /up/a\?q
GET /up/a#b?q       -> 200 upstream GET /up/a


=== what is forwarded is the canonical form where the raw one differs
--- policy eval: $::POLICY
--- upstream
--- config
    location / { weir on; proxy_pass http://orders; }
--- ask
GET /a/./b             -> 200 upstream GET /a/b
GET /a//b              -> 200 upstream GET /a/b
GET /x/../b?q=%2F..    -> 200 upstream GET /b?q=%2F..
GET /%61/%62           -> 200 upstream GET /a/b
GET /a%20b             -> 200 upstream GET /a%20b
GET /%C3%A9            -> 200 ~upstream GET /(\xc3\xa9|%C3%A9)$
GET /a%3Fb?c           -> 200 upstream GET /a%3Fb?c
GET /a%23b?c           -> 200 upstream GET /a%23b?c
GET /a%25b             -> 200 upstream GET /a%25b
GET /a/b?              -> 200 ~upstream GET /a/b\??
GET /a+b&c=d           -> 200 upstream GET /a+b&c=d


=== also by $request_uri, which may have been read before
--- policy eval: $::POLICY
--- http_weir
    map $request_uri $early { default ""; ~x 1; }
--- upstream
--- config
    weir on;
    if ($early) { set $seen 1; }
    location / { proxy_pass http://orders$request_uri; }
    location /var { return 200 "$request_uri\n"; }
--- ask
GET /a/b?c                -> 200 upstream GET /a/b?c
GET /a/./b?c=%2F..        -> 200 upstream GET /a/b?c=%2F..
GET /admin/../b           -> 200 upstream GET /b
GET //a//b                -> 200 upstream GET /a/b
GET /%61/%62              -> 200 upstream GET /a/b
GET /a%3Fb?c              -> 200 upstream GET /a%3Fb?c
GET /a%3fb?c              -> 200 upstream GET /a%3Fb?c
GET /var#?x               -> 200 /var
GET /var/./x?             -> 200 /var/x


=== a location is chosen by the same form that was decided
--- policy eval: $::POLICY
--- config
    location / { weir on; return 200 "root\n"; }
    location /admin { weir off; return 200 "admin\n"; }
    location = /exact { weir on; return 200 "exact\n"; }
    location ~ \.php$ { weir on; return 200 "php\n"; }
--- ask
GET /exact       -> 200 exact
GET /x/../exact  -> 200 exact
GET /%65xact     -> 200 exact
GET /a%2Ephp     -> 200 php
GET /a.php/b     -> 200 root


=== request.path is the path that was decided, however it was spelt
--- policy
deny:
  - {id: admin, when: 'request.path.startsWith("/admin")', status: 451}
  - {id: spaced, when: 'request.path == "/a%20b%3Fc?q=%61"', status: 410}
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- config
    location / { weir on; return 200 "ok\n"; }
--- ask
GET /admin            -> 451
GET //admin           -> 451
GET /./admin/         -> 451
GET /x/../admin?a     -> 451
GET /%61dmin          -> 451
GET /a%20b%3fc?q=%61  -> 410
GET /a%20b%3Fc?q=%61  -> 410
GET /%61%20b%3Fc?q=a  -> 200 ok
GET /open?/admin      -> 200 ok


=== a server that does not merge slashes as the policy does is refused
--- policy eval: $::POLICY
--- config
    merge_slashes off;
    location / { weir on; return 200 "$uri\n"; }
--- ask
GET /a/b         -> 200 /a/b
GET //admin      -> 400
GET /a//b        -> 400
GET /admin       -> 451
--- error_log
nginx and the policy normalise the path in different ways


=== the longest path that is taken is 8192 bytes
--- policy eval: $::POLICY
--- config
    large_client_header_buffers 4 32k;
    location / { weir on; return 200 "ok\n"; }
--- then
is(http('GET', '/' . 'a' x 8191)->{status}, 200);
is(http('GET', '/' . 'a' x 8192)->{status}, 400);
is(http('GET', '/' . 'a/../' x 4000)->{status}, 400);
is(http('GET', '/?' . 'a' x 20000)->{status}, 200, 'a query may be longer');
is(http('GET', '/' . '%61' x 2730)->{status}, 200);
