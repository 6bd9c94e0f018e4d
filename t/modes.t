# weir on | off | dry_run, and how it is inherited.

use Weir 'no_plan';

our $POLICY = <<'END';
deny:
  - {id: nope, when: '"deny" in request.params', status: 451}
routes:
  - {id: all, match: {path: "/**"}, public: true}
audit: {sample: {allow: 100%}}
END

run_tests();

__DATA__

=== without weir there is no decision
--- policy eval: $::POLICY
--- config
    location / { return 200 "[$weir_decision]\n"; }
--- ask
GET /?deny -> 200 []


=== a location enforces, ignores, or only reports
--- policy eval: $::POLICY
--- config
    location /on  { weir on;      return 200 "[$weir_decision]\n"; }
    location /off { weir off;     return 200 "[$weir_decision]\n"; }
    location /dry { weir dry_run; return 200 "[$weir_decision $weir_rule]\n"; }
--- ask
GET /on       -> 200 [allow]
GET /on?deny  -> 451
GET /off?deny -> 200 []
GET /dry      -> 200 [allow ]
GET /dry?deny -> 200 [deny nope]


=== http is inherited by servers and locations, and each may say otherwise
--- policy eval: $::POLICY
--- http_weir
    weir on;
--- config
    location /on  { return 200 "[$weir_decision]\n"; }
    location /off { weir off; return 200 "[$weir_decision]\n"; }
    location /dry { weir dry_run; return 200 "[$weir_decision]\n"; }
--- ask
GET /on        -> 200 [allow]
GET /on?deny   -> 451
GET /off?deny  -> 200 []
GET /dry?deny  -> 200 [deny]


=== a server says otherwise than http
--- policy eval: $::POLICY
--- http_weir
    weir on;
--- config
    weir off;
    location /off { return 200 "[$weir_decision]\n"; }
    location /on  { weir on; return 200 "[$weir_decision]\n"; }
--- ask
GET /off?deny -> 200 []
GET /on?deny  -> 451
GET /on       -> 200 [allow]


=== nested locations inherit from the outer one
--- policy eval: $::POLICY
--- config
    location /a {
        weir on;

        location /a/off {
            weir off;
            location /a/off/in { return 200 "[$weir_decision]\n"; }
            location /a/off/on { weir on; return 200 "[$weir_decision]\n"; }
        }

        location /a/in { return 200 "[$weir_decision]\n"; }
        location ~ /a/(re) { return 200 "[$weir_decision]\n"; }
    }
--- ask
GET /a/in?deny     -> 451
GET /a/re?deny     -> 451
GET /a/in          -> 200 [allow]
GET /a/off/in?deny -> 200 []
GET /a/off/on?deny -> 451
GET /a/off/on      -> 200 [allow]


=== a named location has a mode of its own
--- policy eval: $::POLICY
--- config
    location /off { weir off; try_files /none @on; }
    location /on  { weir on; try_files /none @off; }
    location @on  { weir on; return 200 "[$weir_decision]\n"; }
    location @off { weir off; return 200 "[$weir_decision]\n"; }
--- ask
GET /off      -> 200 [allow]
GET /off?deny -> 451
GET /on       -> 200 [allow]
GET /on?deny  -> 451


=== inside of if the mode is the location's
--- policy eval: $::POLICY
--- config
    location / {
        weir on;
        if ($arg_x) { return 200 "[$weir_decision]\n"; }
        if ($arg_y) { set $y 1; }
        return 204;
    }
--- ask
GET /?x=1      -> 200 [allow]
GET /?x=1&deny -> 451
GET /?y=1&deny -> 451
GET /?y=1      -> 204


=== a location with its own return comes after the decision
--- policy eval: $::POLICY
--- config
    weir on;
    location /r { return 302 /x; }
    location /w { rewrite ^ /x last; }
    location /x { return 200 "x\n"; }
--- ask
GET /r      -> 302
GET /r?deny -> 451
GET /w      -> 200 x
GET /w?deny -> 451


=== a server's return comes before the policy, which then has nothing to say
--- policy eval: $::POLICY
--- config
    weir on;
    if ($arg_early) { return 418; }
    location / { return 200 "x\n"; }
--- ask
GET /?early=1&deny -> 418
GET /?deny         -> 451


=== a server's rewrite is after the snapshot: the policy sees what was sent
--- policy
routes:
  - {id: sent, match: {path: "/sent"}, public: true}
--- config
    weir on;
    rewrite ^/sent$ /rewritten;
    rewrite ^/other$ /sent;
    location / { return 200 "$uri $weir_route\n"; }
--- ask
GET /sent      -> 200 /rewritten sent
GET /other     -> 404
GET /rewritten -> 404


=== server rewrites run once
--- policy eval: $::POLICY
--- config
    weir on;
    rewrite ^(.*)$ $1x;
    set $n "${n}1";
    location / { return 200 "$uri $n\n"; }
--- ask
GET /a -> 200 /ax 1


=== server rewrites run once where no location matches
--- policy eval: $::POLICY
--- config
    weir on;
    rewrite ^(.*)$ $1x;
    location = /unused { return 204; }
    add_header X-Uri $uri always;
--- then
is(header(http('GET', '/a'), 'X-Uri'), '/ax');
is(http('GET', '/a?deny')->{status}, 451);
--- error_log
No such file


=== dry_run never acts: bad paths, unknown tenants, no route
--- policy
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list: {acme: {}}
deny:
  - {id: broken, when: 'request.headers["x"] == ""'}
routes:
  - {id: one, match: {path: /one}, public: true}
  - {id: two, match: {path: /two}}
audit: {sample: {allow: 0%}}
--- audit
--- config
    weir dry_run;
    location / { return 200 "$weir_decision\n"; }
    location = /status { weir off; weir_status; }
--- ask
GET /one x:1                       -> 200 allow
GET /one                           -> 200 deny
GET /two x:1                       -> 200 deny
GET /three x:1                     -> 200 deny
GET /a%3Bb                         -> 200 deny
GET / Host:nobody.shop.example     -> 200 deny
GET / Authorization:a Authorization:b -> 400
--- then
is(join(' ', map { ($_->{dry_run} ? 'would' : 'did') . ":$_->{reason}:" . ($_->{would_be} // '') }
             (audit(5))[0 .. 4]),
   'would:deny_error:403 would:default_deny:403 would:no_route:404 '
   . 'would:bad_request:400 would:unknown_tenant:404', 'the log tells');
my $d = status()->{decisions};
is($d->{dry_run}, 5, 'status counts what would have been refused');
is($d->{denied}{no_route}, 0, 'and not as refused');


=== dry_run forwards the request as it came
--- policy
lists: {lb: {cidr: [127.0.0.1]}}
tenants:
  resolve: [{header: x-tenant, trust: [lists.lb]}]
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- upstream
    underscores_in_headers on;
    location /headers { return 200 "$request_uri [$http_x_tenant]\n"; }
--- config
    underscores_in_headers on;
    location / { weir dry_run; proxy_pass http://orders; }
--- ask
GET /headers//a x_tenant:a -> 200 /headers//a [a]


=== a subrequest that is refused does not refuse a client request in dry_run
--- policy eval: $::POLICY
--- audit
--- upstream
--- config
    location / { weir dry_run; mirror /mirror; proxy_pass http://orders; }
    location = /mirror { weir on; internal; proxy_pass http://catalog/mirrored; }
--- ask
GET /a?deny -> 200 upstream GET /a?deny
--- then
my ($l) = audit(1);
ok($l->{dry_run}, 'reported');
is($l->{status}, 200, 'and answered');
unlike(read_file(server_root() . '/logs/upstream.log'), qr/mirrored/, 'the mirror was refused');


=== in what was refused, dry_run further on does not let through
--- policy eval: $::POLICY
--- config
    location / {
        weir on;
        error_page 451 = /dry;
        return 200 "x\n";
    }
    location /dry { weir dry_run; return 200 "dry\n"; }
    location /off { weir off; return 200 "off\n"; }
--- ask
GET /?deny -> 451 ""
GET /      -> 200 x
GET /dry?deny -> 200 dry


=== a request that began in a dry_run location is refused where weir is on
--- policy eval: $::POLICY
--- config
    location / { weir dry_run; rewrite ^/x(.*) /on$1; return 200 "dry\n"; }
    location /x { weir dry_run; rewrite ^ /on last; }
    location /on { weir on; return 200 "on\n"; }
--- ask
GET /y?deny -> 200 dry
GET /x?deny -> 451
GET /x      -> 200 on


=== servers of other names have modes of their own
--- policy eval: $::POLICY
--- http_config
    server {
        listen $TEST_NGINX_SERVER_PORT;
        server_name off.example;
        location / { return 200 "off [$weir_decision]\n"; }
    }
    server {
        listen $TEST_NGINX_SERVER_PORT;
        server_name on.example;
        weir on;
        location / { return 200 "on [$weir_decision]\n"; }
    }
--- config
    weir on;
    location / { return 200 "main\n"; }
--- ask
GET /?deny Host:off.example -> 200 off []
GET /?deny Host:on.example  -> 451
GET /      Host:on.example  -> 200 on [allow]
