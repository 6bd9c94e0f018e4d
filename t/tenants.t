# Whose request it is: host, path, trusted header, hosts of a tenant.

use Weir 'no_plan';

our $CONFIG = <<'END';
    location / {
        weir on;
        return 200 "$weir_tenant/$weir_plan\n";
    }
END

run_tests();

__DATA__

=== a label of the host names the tenant
--- policy
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
    acme:   {plan: pro}
    globex: {}
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- config eval: $::CONFIG
--- ask
GET / Host:acme.shop.example       -> 200 acme/pro
GET / Host:globex.shop.example     -> 200 globex/
GET / Host:ACME.Shop.Example       -> 200 acme/pro
GET / Host:acme.shop.example:8080  -> 200 acme/pro
GET / Host:acme.shop.example.      -> 200 acme/pro
GET / Host:acme.shop.example.:80   -> 200 acme/pro
GET / Host:nobody.shop.example     -> 404
GET / Host:shop.example            -> 200 /
GET / Host:a.acme.shop.example     -> 200 /
GET / Host:other.example           -> 200 /


=== an unknown tenant is 404, or what the settings say, on every route
--- policy
settings: {unknown_tenant: 421}
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list: {acme: {}}
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- config eval: $::CONFIG
--- ask
GET / Host:acme.shop.example   -> 200 acme/
GET / Host:nobody.shop.example -> 421
--- error_log
policy denies with 421: unknown_tenant


=== a host of a tenant is its own, whatever resolve says
--- policy
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
    acme:   {hosts: [api.acme.example, globex.shop.example]}
    globex: {}
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- config eval: $::CONFIG
--- ask
GET / Host:api.acme.example     -> 200 acme/
GET / Host:API.ACME.example:443 -> 200 acme/
GET / Host:x.acme.example       -> 200 /
GET / Host:globex.shop.example  -> 200 acme/


=== a parameter of the path names the tenant
--- policy
tenants:
  resolve: [{path: "/t/{tenant}/**"}]
  list: {acme: {}}
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- config eval: $::CONFIG
--- ask
GET /t/acme/x        -> 200 acme/
GET /t/acme/         -> 200 acme/
GET /t/%61cme/x      -> 200 acme/
GET /x/../t/acme/x   -> 200 acme/
GET /t/nobody/x      -> 404
GET /t/Acme/x        -> 404
GET /u/acme/x        -> 200 /


=== a trusted peer names the tenant by a header
--- policy
lists:
  lb: {cidr: [127.0.0.1]}
tenants:
  resolve: [{header: X-Tenant, trust: [lists.lb]}]
  list: {acme: {}}
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- config eval: $::CONFIG
--- ask
GET / x-tenant:acme              -> 200 acme/
GET / X-TENANT:acme              -> 200 acme/
GET / x-tenant:nobody            -> 404
GET / x-tenant:Acme              -> 404
GET /                            -> 200 /
GET / x-tenant:acme x-tenant:acme -> 400
GET / x-tenant:acme X-Tenant:b   -> 400
--- error_log
more than one header that names the tenant


=== from an untrusted peer the header is as if it were not there
--- policy
lists:
  lb: {cidr: [192.0.2.0/24]}
tenants:
  resolve: [{header: x-tenant, trust: [lists.lb]}]
  list: {acme: {}}
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- config eval: $::CONFIG
--- ask
GET / x-tenant:acme   -> 200 /
GET / x-tenant:nobody -> 200 /


=== trust is about the peer of the TCP connection, not about realip
--- policy
lists:
  lb:     {cidr: [192.0.2.0/24]}
  client: {cidr: [198.51.100.0/24]}
tenants:
  resolve: [{header: x-tenant, trust: [lists.lb]}]
  list: {acme: {}}
routes:
  - {id: all, match: {path: "/all"}, public: true}
  - id: source
    match: {path: "/source"}
    allow:
      - {id: client, when: lists.client.contains(source.ip)}
--- config
    set_real_ip_from 127.0.0.1;
    real_ip_header   X-Real-IP;

    location / {
        weir on;
        return 200 "$weir_tenant/$weir_plan\n";
    }
--- ask
GET /all x-tenant:acme X-Real-IP:192.0.2.1 -> 200 /
GET /source X-Real-IP:198.51.100.7         -> 200 /
GET /source                                -> 403


=== with realip a trusted peer stays trusted
--- policy
lists:
  lb: {cidr: [127.0.0.1]}
tenants:
  resolve: [{header: x-tenant, trust: [lists.lb]}]
  list: {acme: {}}
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- config
    set_real_ip_from 127.0.0.1;
    real_ip_header   X-Real-IP;

    location / {
        weir on;
        return 200 "$weir_tenant/$weir_plan\n";
    }
--- ask
GET / x-tenant:acme X-Real-IP:192.0.2.1 -> 200 acme/


=== the first way that applies decides
--- policy
lists:
  lb: {cidr: [127.0.0.1]}
tenants:
  resolve:
    - host: "{tenant}.shop.example"
    - {header: x-tenant, trust: [lists.lb]}
    - path: "/t/{tenant}/**"
  list: {one: {}, two: {}, three: {}}
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- config eval: $::CONFIG
--- ask
GET /t/three/ Host:one.shop.example x-tenant:two    -> 200 one/
GET /t/three/ x-tenant:two                          -> 200 two/
GET /t/three/                                       -> 200 three/
GET /t/three/ Host:nobody.shop.example x-tenant:two -> 404
GET /                                               -> 200 /


=== without ways to name one, there are no tenants
--- policy
tenants:
  list: {acme: {}}
routes:
  - {id: all, match: {path: "/**"}, public: true}
--- config eval: $::CONFIG
--- ask
GET / Host:acme.shop.example x-tenant:acme -> 200 /


=== rules see the tenant, its plan and attributes; an absent one is empty
--- policy
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
    acme:   {plan: pro, attrs: {state: ok, seats: 12, tags: [a, b]}}
    globex: {plan: free, attrs: {state: suspended}}
routes:
  - id: plan
    match: {path: /plan}
    allow: [{id: pro, when: 'tenant.plan == "pro"'}]
  - id: state
    match: {path: /state}
    allow: [{id: ok, when: 'tenant.attrs.?state.orValue("ok") == "ok"'}]
  - id: seats
    match: {path: /seats}
    allow: [{id: many, when: 'tenant.attrs.seats > 10 && "b" in tenant.attrs.tags'}]
  - id: none
    match: {path: /none}
    allow: [{id: none, when: 'tenant.id == "" && tenant.plan == "" && size(tenant.attrs) == 0'}]
--- config eval: $::CONFIG
--- ask
GET /plan  Host:acme.shop.example   -> 200 acme/pro
GET /plan  Host:globex.shop.example -> 403
GET /plan                           -> 403
GET /state Host:acme.shop.example   -> 200 acme/pro
GET /state Host:globex.shop.example -> 403
GET /state                          -> 200 /
GET /seats Host:acme.shop.example   -> 200 acme/pro
GET /seats Host:globex.shop.example -> 403
GET /none                           -> 200 /
GET /none  Host:acme.shop.example   -> 403


=== tenants come from a file of JSON lines, ten thousand of them
--- policy eval
open my $out, '>', Weir::image_dir() . '/tenants.ndjson';
print $out qq({"id": "t$_", "plan": "p$_", "hosts": ["own$_.example"]}\n) for 1 .. 10000;
close $out;
<<'END'
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list: {acme: {}}
  file: tenants.ndjson
routes:
  - {id: all, match: {path: "/**"}, public: true}
END
--- config eval: $::CONFIG
--- ask
GET / Host:acme.shop.example   -> 200 acme/
GET / Host:t1.shop.example     -> 200 t1/p1
GET / Host:t7777.shop.example  -> 200 t7777/p7777
GET / Host:own9999.example     -> 200 t9999/p9999
GET / Host:t10001.shop.example -> 404
GET / Host:own10001.example    -> 200 /


=== rules of a tenant hold for it alone
--- policy
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
    acme:
      deny:  [{id: no-delete, when: 'request.method == "DELETE"', status: 405}]
      allow: [{id: office, when: 'source.ip == ip("127.0.0.1")'}]
    globex:
      allow: [{id: never, when: 'false'}]
allow: [{id: all, when: 'true'}]
routes:
  - {id: all, match: {path: "/**"}}
--- config eval: $::CONFIG
--- ask
GET /    Host:acme.shop.example   -> 200 acme/
DELETE / Host:acme.shop.example   -> 405
GET /    Host:globex.shop.example -> 403
DELETE /                          -> 200 /
