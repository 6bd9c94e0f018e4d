# deny and allow: layers, phases, errors, statuses, default deny.

use Weir 'no_plan';

our $CONFIG = <<'END';
    location / {
        weir on;
        return 200 "$weir_route $weir_rule\n";
    }
END

run_tests();

__DATA__

=== without a rule that allows, a route is closed
--- policy
routes:
  - {id: closed, match: {path: /closed}}
  - {id: public, match: {path: /public}, public: true}
  - {id: denies, match: {path: /denies}, deny: [{id: nope, when: 'false'}]}
--- ask
GET /closed -> 403
GET /public -> 200 public
GET /denies -> 403
--- error_log
policy denies with 403: default_deny


=== a request needs one match in every layer that has any
--- policy
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
    acme: {allow: [{id: tenant, when: '"t" in request.params'}]}
    free: {}
allow:
  - {id: never, when: 'false'}
  - {id: global, when: '"g" in request.params'}
routes:
  - {id: both, match: {path: /r}, allow: [{id: route, when: '"r" in request.params'}]}
  - {id: only, match: {path: /o}}
--- config eval: $::CONFIG
--- ask
GET /r?g&t&r Host:acme.shop.example -> 200 both route
GET /r?t&r   Host:acme.shop.example -> 403
GET /r?g&r   Host:acme.shop.example -> 403
GET /r?g&t   Host:acme.shop.example -> 403
GET /r?g&r   Host:free.shop.example -> 200 both route
GET /r?g     Host:free.shop.example -> 403
GET /o?g                            -> 200 only global
GET /o                              -> 403
GET /o?g&t   Host:acme.shop.example -> 200 only tenant


=== any rule of a layer may allow
--- policy
routes:
  - id: r
    match: {path: "/**"}
    allow:
      - {id: first, when: '"a" in request.params'}
      - {id: second, when: '"b" in request.params'}
--- config eval: $::CONFIG
--- ask
GET /?a   -> 200 r first
GET /?b   -> 200 r second
GET /?a&b -> 200 r first
GET /?c   -> 403


=== deny is decided before allow, global before tenant before route
--- policy
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
    acme: {deny: [{id: tenant, when: '"t" in request.params', status: 452}]}
deny:
  - {id: global, when: '"g" in request.params', status: 451}
routes:
  - id: r
    match: {path: "/**"}
    deny: [{id: route, when: '"r" in request.params', status: 453}]
    allow: [{id: all, when: 'true'}]
--- ask
GET /?g&t&r Host:acme.shop.example -> 451
GET /?t&r   Host:acme.shop.example -> 452
GET /?r     Host:acme.shop.example -> 453
GET /       Host:acme.shop.example -> 200 r


=== deny holds on public routes as well
--- policy
deny: [{id: blocked, when: '"g" in request.params'}]
routes:
  - {id: r, match: {path: "/**"}, public: true}
--- ask
GET /?g -> 403
GET /   -> 200 r


=== a public route needs no allow rule of its own, and the other layers hold
--- policy
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
    acme: {allow: [{id: t, when: '"t" in request.params'}]}
allow: [{id: g, when: '"g" in request.params'}]
routes:
  - {id: open, match: {path: /open}, public: true}
  - {id: shut, match: {path: /shut}}
--- ask
GET /open?g&t Host:acme.shop.example -> 200 open
GET /open?g   Host:acme.shop.example -> 403
GET /open?t   Host:acme.shop.example -> 403
GET /open?g                          -> 200 open
GET /open                            -> 403
GET /shut?g                          -> 200 shut


=== an error in deny denies
--- policy
deny:
  - {id: broken, when: 'request.headers["x-number"] == "7"', status: 451}
routes:
  - {id: r, match: {path: "/**"}, public: true}
--- ask
GET / x-number:6 -> 200 r
GET / x-number:7 -> 451
GET /            -> 403
--- error_log
policy denies with 403: deny_error, rule "broken"


=== an error in allow does not allow, and the next rule may
--- policy
routes:
  - id: r
    match: {path: "/**"}
    allow:
      - {id: broken, when: 'int(request.params["n"]) > 3'}
      - {id: good, when: '"ok" in request.params'}
--- config eval: $::CONFIG
--- ask
GET /?n=4    -> 200 r broken
GET /?n=2    -> 403
GET /        -> 403
GET /?n=x    -> 403
GET /?n=x&ok -> 200 r good
GET /?ok     -> 200 r good


=== an error that the other side of || decides is none
--- policy
deny:
  - {id: left, when: 'request.headers["x-a"] == "1" || "deny" in request.params'}
  - {id: right, when: 'request.headers["x-b"] == "1" && false', status: 451}
routes:
  - {id: r, match: {path: "/**"}, public: true}
--- ask
GET /?deny       -> 403
GET / x-a:2      -> 200 r
GET /            -> 403


=== status and message are the rule's own
--- policy
deny:
  - {id: pay, when: '"pay" in request.params', status: 402, message: "pay first: \"now\""}
  - {id: plain, when: '"plain" in request.params'}
routes:
  - {id: r, match: {path: "/**"}, public: true}
--- ask
GET /?pay Accept:application/json   -> 402 {"type":"about:blank","title":"Payment Required","status":402,"detail":"pay first: \\"now\\""}
GET /?plain Accept:application/json -> 403 {"type":"about:blank","title":"Forbidden","status":403}


=== rules of the connect phase come before tenant and route
--- policy
lists:
  blocked: {cidr: [127.0.0.0/8]}
  free:    {cidr: [192.0.2.0/24]}
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list: {acme: {}}
deny:
  - {id: blocked, phase: connect, when: lists.blocked.contains(source.ip), status: 451}
routes:
  - {id: r, match: {path: /known}, public: true}
--- ask
GET /known                        -> 451
GET /unknown                      -> 451
GET / Host:nobody.shop.example    -> 451
GET /%00                          -> 400


=== a dry_run rule is counted and reported, and does not refuse
--- policy
deny:
  - {id: soon, when: '"s" in request.params', status: 451, dry_run: true}
  - {id: now, when: '"n" in request.params', status: 452}
routes:
  - {id: r, match: {path: "/**"}, public: true}
audit: {sample: {allow: 100%}}
--- audit
--- config
    location / { weir on; return 200 "$weir_route\n"; }
    location = /status { weir off; weir_status; }
--- ask
GET /     -> 200 r
GET /?s   -> 200 r
GET /?s&n -> 452
--- then
my @lines = audit(3);
is($lines[0]{dry_denied}, undef, 'no rule would have refused');
is($lines[1]{dry_denied}, 1, 'the audit line counts the rule');
is($lines[1]{verdict}, 'allow', 'and the verdict stands');
is($lines[2]{rule}, 'now', 'another rule refuses all the same');


=== memos are lazy, and a rule that is not reached costs nothing
--- policy
vars:
  number: 'int(request.headers["x-n"])'
routes:
  - id: r
    match: {path: "/**"}
    allow:
      - {id: first, when: '"ok" in request.params'}
      - {id: second, when: 'vars.number == 7'}
audit: {sample: {allow: 100%}}
--- audit
--- config eval: $::CONFIG
--- ask
GET /?ok      -> 200 r first
GET / x-n:7   -> 200 r second
GET / x-n:x   -> 403
--- then
my @lines = audit(3);
is($lines[0]{errors}, undef, 'the var was not evaluated');
is($lines[2]{errors}, 1, 'an error is counted once');


=== lists hold prefixes of both families, and files of them
--- policy eval
open my $out, '>', Weir::image_dir() . '/blocked.txt';
print $out "# comment\n203.0.113.0/24\n\n127.0.0.1  # us\n2001:db8::/32\n";
close $out;
<<'END'
lists:
  blocked: {cidr_file: blocked.txt}
  other:   {cidr: ["::1/128", 10.0.0.0/8]}
routes:
  - {id: a, match: {path: /a}, deny: [{id: b, when: lists.blocked.contains(source.ip)}], allow: [{id: x, when: 'true'}]}
  - {id: b, match: {path: /b}, deny: [{id: o, when: lists.other.contains(source.ip)}], allow: [{id: x, when: 'true'}]}
  - {id: c, match: {path: /c}, allow: [{id: x, when: 'lists.blocked.contains(ip("2001:db8::7")) && !lists.blocked.contains("198.51.100.1")'}]}
END
--- ask
GET /a -> 403
GET /b -> 200 b
GET /c -> 200 c


=== attributes of the request say what was sent
--- policy
routes:
  - id: r
    match: {path: "/x/**", methods: [POST]}
    allow:
      - id: all
        when: |
          request.path == "/x/a%20b?q=1&r=%41" &&
          request.url_path == "/x/a b" &&
          request.query == "q=1&r=%41" &&
          request.host == "shop.example" &&
          request.method == "POST" &&
          request.scheme == "http" &&
          request.protocol == "HTTP/1.1" &&
          request.headers["x-multi"] == "a, b" &&
          request.cookies["c"] == "1" &&
          request.params["q"] == "1" && request.params["r"] == "A" &&
          request.content_length == 3 &&
          request.referer == "http://r.example/" &&
          request.useragent == "agent/1" &&
          request.id.size() == 32 &&
          source.ip == ip("127.0.0.1") &&
          source.address.startsWith("127.0.0.1:") &&
          source.port > 0 && destination.port > 0 &&
          destination.address.startsWith("127.0.0.1:") &&
          !connection.mtls && connection.tls_version == "" &&
          connection.requested_server_name == "" &&
          principal.kind == "anonymous" && principal.sub == "" &&
          size(principal.roles) == 0 &&
          route.id == "r" &&
          request.time > timestamp("2024-01-01T00:00:00Z")
--- config
    location / { weir on; return 200 "$weir_route\n"; }
--- ask
POST /x/a%20b?q=1&r=%41 Host:Shop.Example:80 x-multi:a X-Multi:b "Cookie:c=1; d=2" Referer:http://r.example/ User-Agent:agent/1 body=abc -> 200 r
POST /x/a%20b?q=2 body=abc -> 403


=== headers are told apart by their names, and are one that came twice
--- policy
routes:
  - id: alike
    match: {path: /alike}
    allow:
      - id: all
        when: |
          size(request.headers.filter(h, h.startsWith("x-"))) == 2 &&
          request.headers["x-one"] == "1" &&
          request.headers["x-ane"] == "2" &&
          !("x-ine" in request.headers)
  - id: twice
    match: {path: /twice}
    allow:
      - id: all
        when: |
          size(request.headers.filter(h, h.startsWith("x-"))) == 2 &&
          request.headers["x-one"] == "1, 3" &&
          request.headers["x-ane"] == "2"
--- config
    location / { weir on; return 200 "$weir_route\n"; }
--- ask
GET /alike x-one:1 x-ane:2 -> 200 alike
GET /alike x-one:1 x-ane:2 x-ine:3 -> 403
GET /alike x-one:1 x-ane:2 X-One:3 -> 403
GET /twice x-one:1 x-ane:2 X-One:3 -> 200 twice
GET /twice x-one:1 x-ane:2 -> 403


=== a query that is no text is an error, not one without parameters
--- policy
routes:
  - id: get
    match: {path: "/get"}
    public: true
    deny: [{id: d, when: '"debug" in request.params', status: 451}]
  - id: all
    match: {path: "/all"}
    public: true
    deny: [{id: d, when: 'request.params.exists(k, k == "debug")', status: 451}]
--- ask
GET /get?debug           -> 451
GET /get?debug=%ff       -> 403
GET /get?debug=%zz       -> 403
GET /get?a=%00&debug     -> 403
GET /get?debug=%C3%A9    -> 451
GET /get?a=%C3%A9        -> 200 get
GET /all?debug=%ff       -> 403
GET /all?a=%2            -> 403
GET /all?a=1             -> 200 all
