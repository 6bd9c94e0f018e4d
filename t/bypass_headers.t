# Headers that would speak for the policy do not, whoever sends them.

use Weir 'no_plan';

our $POLICY = <<'END';
lists: {lb: {cidr: [127.0.0.1]}}
tenants:
  resolve: [{header: x-tenant, trust: [lists.lb]}]
  list: {acme: {}, globex: {}}
routes:
  - {id: get, match: {path: "/**", methods: [GET]}, public: true}
END

run_tests();

__DATA__

=== x_tenant is not x-tenant, and does not reach the upstream
--- policy eval: $::POLICY
--- upstream
    underscores_in_headers on;
    location / { return 200 "[$http_x_tenant]\n"; }
--- config
    underscores_in_headers on;
    weir on;
    location / { proxy_pass http://orders; }
    location /tenant { return 200 "$weir_tenant\n"; }
--- ask
GET / x_tenant:acme                    -> 200 []
GET / x_tenant:acme x-tenant:globex    -> 200 [globex]
GET / X_Tenant:a X_TENANT:b            -> 200 []
GET /tenant x_tenant:acme              -> 200 ""
GET /tenant x_tenant:acme x-tenant:globex -> 200 globex


=== a header of many spellings is dropped in every one
--- policy
lists: {lb: {cidr: [127.0.0.1]}}
tenants:
  resolve: [{header: x-the-tenant, trust: [lists.lb]}]
  list: {acme: {}}
routes:
  - {id: get, match: {path: "/**"}, public: true}
--- upstream
    underscores_in_headers on;
    location / { return 200 "[$http_x_the_tenant]\n"; }
--- config
    underscores_in_headers on;
    weir on;
    location / { proxy_pass http://orders; }
--- ask
GET / x_the_tenant:a x-the_tenant:b x_the-tenant:c -> 200 []
GET / x-the-tenant:acme x-the_tenant:b             -> 200 [acme]


=== from a peer that is not trusted the header does not reach the upstream
--- policy
lists: {lb: {cidr: [192.0.2.0/24]}}
tenants:
  resolve: [{header: x-tenant, trust: [lists.lb]}]
  list: {acme: {}}
routes:
  - {id: get, match: {path: "/**"}, public: true}
--- upstream
    location / { return 200 "[$http_x_tenant]\n"; }
--- config
    weir on;
    location / { proxy_pass http://orders; }
--- ask
GET / x-tenant:acme -> 200 []
GET / X-TENANT:acme -> 200 []
GET /               -> 200 []


=== nor does one of a trusted peer that names another tenant than the host
--- policy
lists: {lb: {cidr: [127.0.0.1]}}
tenants:
  resolve: [{host: "{tenant}.shop.example"}, {header: x-tenant, trust: [lists.lb]}]
  list: {acme: {}, globex: {}}
routes:
  - {id: get, match: {path: "/**"}, public: true}
--- upstream
    location / { return 200 "[$http_x_tenant]\n"; }
--- config
    weir on;
    location / { proxy_pass http://orders; }
--- ask
GET / Host:acme.shop.example x-tenant:acme   -> 200 [acme]
GET / Host:acme.shop.example x-tenant:globex -> 200 []
GET / x-tenant:globex                        -> 200 [globex]


=== the other headers stay as they were, in their order
--- policy eval: $::POLICY
--- upstream
    underscores_in_headers on;
    location / { return 200 "$http_a $http_b $http_c $http_cookie $http_x_forwarded_for\n"; }
--- config
    underscores_in_headers on;
    weir on;
    location / { proxy_pass http://orders; }
--- ask
GET / a:1 x_tenant:x b:2 x_tenant:y Cookie:k=v x_tenant:z c:3 X-Forwarded-For:q -> 200 1 2 3 k=v q
--- then
my %h = map { ("h-$_" => $_) } 1 .. 100;
my $a = http('GET', '/', %h, a => 1, x_tenant => 'evil', c => 3);
is($a->{body}, "1  3  \n", 'also among a hundred');


=== method override headers are ignored
--- policy eval: $::POLICY
--- config
    weir on;
    location / { return 200 "$request_method\n"; }
--- ask
POST / X-HTTP-Method-Override:GET body=a -> 404
POST / X-HTTP-Method:GET body=a          -> 404
POST / X-Method-Override:GET body=a      -> 404
POST /?_method=GET body=_method=GET      -> 404
GET / X-HTTP-Method-Override:DELETE      -> 200 GET


=== headers that rewrite the address of a resource are ignored
--- policy
routes:
  - {id: open, match: {path: "/open"}, public: true}
--- config
    weir on;
    location / { return 200 "$uri\n"; }
--- ask
GET /closed X-Original-URL:/open         -> 404
GET /closed X-Rewrite-URL:/open          -> 404
GET /open X-Original-URL:/closed         -> 200 /open
GET /open X-Forwarded-Prefix:/closed     -> 200 /open


=== forwarded hosts and addresses do not name the tenant or the source
--- policy
lists: {office: {cidr: [192.0.2.0/24]}}
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list: {acme: {}}
routes:
  - {id: r, match: {path: "/**"}, deny: [{id: d, when: 'tenant.id != ""', status: 451}], allow: [{id: o, when: lists.office.contains(source.ip)}]}
--- config
    weir on;
    location / { return 200 "in\n"; }
--- ask
GET / X-Forwarded-Host:acme.shop.example      -> 403
GET / Forwarded:host=acme.shop.example        -> 403
GET / X-Forwarded-For:192.0.2.1               -> 403
GET / X-Real-IP:192.0.2.1                     -> 403
GET / Forwarded:for=192.0.2.1                 -> 403


=== a header that Connection names is not taken from the policy's eyes
--- policy
deny:
  - {id: d, when: '"x-deny" in request.headers', status: 451}
routes:
  - {id: r, match: {path: "/**"}, public: true}
--- config
    weir on;
    location / { return 200 "in\n"; }
--- ask
GET / x-deny:1                                      -> 451
GET / "Connection:close, x-deny" x-deny:1           -> 451
