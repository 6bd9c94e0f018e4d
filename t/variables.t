# $weir_*: in rewrites, maps, logs, headers and upstreams.

use Weir 'no_plan';

our $POLICY = <<'END';
policy: {name: edge, serial: 42}
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list: {acme: {plan: pro}}
deny:
  - {id: nope, when: '"deny" in request.params', status: 451}
routes:
  - {id: read, match: {path: "/read/**"}, allow: [{id: all, when: 'true'}], upstream: orders}
  - {id: lost, match: {path: "/lost/**"}, public: true, upstream: nowhere}
  - {id: bare, match: {path: "/bare/**"}, public: true}
END

run_tests();

__DATA__

=== each says what was decided
--- policy eval: $::POLICY
--- upstream
--- config
    location / {
        weir on;
        return 200 "tenant=$weir_tenant plan=$weir_plan route=$weir_route upstream=$weir_upstream decision=$weir_decision rule=$weir_rule\n";
    }
    location /bare/more {
        weir on;
        return 200 "subject=$weir_subject roles=$weir_roles arm=$weir_arm limit=$weir_limit remaining=$weir_limit_remaining\n";
    }
    location /bare/policy { weir on; return 200 "$weir_policy\n"; }
    location /bare/id { weir on; return 200 "$weir_request_id $request_id $weir_trace_id\n"; }
--- ask
GET /read/ Host:acme.shop.example -> 200 tenant=acme plan=pro route=read upstream=orders decision=allow rule=all
GET /bare/  -> 200 tenant= plan= route=bare upstream= decision=allow rule=
GET /bare/more -> 200 subject= roles= arm= limit= remaining=
GET /bare/policy -> 200 ~edge/42/\d+$
GET /bare/id -> 200 ~([0-9a-f]{32}) \1 \1$
--- no_error_log
[error]
[alert]


=== a policy without a serial has a dash for it
--- policy
policy: {name: gateway}
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- config
    location / { weir on; return 200 "$weir_policy\n"; }
--- ask
GET / -> 200 ~gateway/-/\d+


=== a refusal has variables in the log, and for the error page
--- policy eval: $::POLICY
--- http_config
    log_format weir '$weir_decision $weir_rule $weir_route $weir_tenant $status';
--- config
    access_log logs/weir.log weir;
    location / {
        weir on;
        error_page 451 /why;
        add_header X-Rule "$weir_rule" always;
        return 200 "x\n";
    }
    location = /why { weir off; return 200 "$weir_decision by $weir_rule\n"; }
--- ask
GET /read/x?deny Host:acme.shop.example -> 451 deny by nope
GET /none Host:acme.shop.example -> 404
--- then
my $log = wait_for(sub { my $l = read_file(server_root() . '/logs/weir.log'); $l =~ /404/ && $l });
is($log, "deny nope read acme 451\ndeny - - acme 404\n", 'the access log');
--- no_error_log
[alert]


=== map and if see the decision, wherever the map was read first
--- policy eval: $::POLICY
--- http_config
    map $weir_route $kind {
        default none;
        read    reader;
        bare    barer;
    }
--- config
    set $early "$kind/$weir_route";
    location / {
        weir on;
        if ($weir_route = read) { return 200 "read: $kind\n"; }
        return 200 "$early then $weir_route\n";
    }
--- ask
GET /read/x -> 200 ~read:
GET /bare/x -> 200 none/ then bare


=== a map that is read after the decision says what it says
--- policy eval: $::POLICY
--- http_config
    map $weir_tenant $kind {
        default none;
        acme    ours;
    }
--- config
    location / { weir on; return 200 "$kind\n"; }
--- ask
GET /bare/ Host:acme.shop.example -> 200 ours
GET /bare/ -> 200 none


=== a rewrite may use them, and the second pass of a complex value is the same
--- policy eval: $::POLICY
--- config
    location / {
        weir on;
        rewrite ^/bare/(.*)$ /to/$weir_route/$1/$weir_tenant last;
        return 200 "no\n";
    }
    location /to/ { weir on; return 200 "$uri$is_args$args\n"; }
--- ask
GET /bare/x?a=b Host:acme.shop.example -> 200 /to/bare/x/acme?a=b


=== an upstream and headers by variables
--- policy eval: $::POLICY
--- upstream
    location /read/ { return 200 "$request_uri $http_x_tenant $http_x_route\n"; }
--- config
    location / {
        weir on;
        proxy_pass http://$weir_upstream;
        proxy_set_header X-Tenant $weir_tenant;
        proxy_set_header X-Route $weir_route;
        add_header X-Plan $weir_plan;
    }
--- then
my $a = http('GET', '/read/x?y', Host => 'acme.shop.example', 'X-Tenant' => 'evil');
is($a->{body}, "/read/x?y acme read\n", 'headers of ours, not of the client');
is(header($a, 'X-Plan'), 'pro', 'a response header');


=== an upstream that the configuration lacks is an error that says so
--- policy eval: $::POLICY
--- upstream
--- config
    location / { weir on; proxy_pass http://$weir_upstream; }
--- ask
GET /lost/x -> 500
--- error_log
route "lost" of the policy names upstream "nowhere", and the configuration has no such upstream block


=== a resolver does not make an unknown upstream a host to connect to
--- policy
routes:
  - {id: all, match: {path: "/**"}, public: true, upstream: localhost}
--- upstream
--- config
    resolver 127.0.0.1:1;
    location / { weir on; proxy_pass http://$weir_upstream; }
--- ask
GET /lost/x -> 500
--- error_log
names upstream "localhost"
--- no_error_log
could not be resolved
[alert]


=== the trace id is the client's, where its traceparent is well-formed
--- policy eval: $::POLICY
--- config
    location / { weir on; return 200 "$weir_trace_id\n"; }
--- ask
GET /bare/ traceparent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 -> 200 0af7651916cd43dd8448eb211c80319c
GET /bare/ traceparent:cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x -> 200 0af7651916cd43dd8448eb211c80319c
GET /bare/ traceparent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x -> 200 ~(?!0af7)[0-9a-f]{32}$
GET /bare/ traceparent:ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 -> 200 ~(?!0af7)[0-9a-f]{32}$
GET /bare/ traceparent:00-00000000000000000000000000000000-b7ad6b7169203331-01 -> 200 ~(?!0{32})[0-9a-f]{32}$
GET /bare/ traceparent:00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01 -> 200 ~(?!0AF7)[0-9a-f]{32}$
GET /bare/ traceparent:00-0af7 -> 200 ~[0-9a-f]{32}$


=== the cache key differs where the policy saw a difference
--- policy eval: $::POLICY
--- config
    location / { weir on; return 200 "$weir_cache_key\n"; }
--- ask
GET /bare/a?q Host:acme.shop.example -> 200 acme bare  acme.shop.example q /bare/a
GET /bare/%61?q Host:ACME.shop.example:80 -> 200 acme bare  acme.shop.example q /bare/a
GET /bare//a Host:x.example -> 200 " bare  x.example  /bare/a"


=== in a subrequest they are those of the client request
--- policy eval: $::POLICY
--- config
    location / {
        weir on;
        auth_request /auth;
        auth_request_set $seen $upstream_http_x_seen;
        add_header X-Seen $seen;
        return 204;
    }
    location /bare/ok {
        weir on;
        auth_request /auth;
        auth_request_set $seen $sent_http_x_seen;
        empty_gif;
    }
    location = /auth {
        weir off;
        internal;
        proxy_pass http://127.0.0.1:$server_port/echo;
        proxy_set_header X-Route $weir_route;
    }
    location = /echo { weir off; add_header X-Seen "$http_x_route"; return 200 "ok\n"; }
--- ask
GET /bare/ok -> 200
--- then
like(wait_for(sub { read_file(server_root() . '/logs/access.log') }), qr{GET /echo }, 'auth ran');


=== where weir is off they are empty
--- policy eval: $::POLICY
--- config
    location / { return 200 "[$weir_tenant$weir_route$weir_decision$weir_policy$weir_cache_key$weir_upstream]\n"; }
--- ask
GET /bare/a Host:acme.shop.example -> 200 []
