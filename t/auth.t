# How routes ask who calls: methods together, second factors, permissions,
# tenants that bind, and what becomes of a credential.

use Weir 'no_plan';
use Weir::Token;
use Digest::SHA qw(sha256_hex);

our $KEYS = <<'END';
apikeys:
  list:
    cron: {sha256: %s, tenant: acme, roles: [clerk]}
    idle: {sha256: %s}
    late: {sha256: %s, not_after: 2020-01-01}
END

# The secret of each key is its id and "-secret".
sub keys_of {
    return sprintf $KEYS, map { sha256_hex("$_-secret") } qw(cron idle late);
}

sub issuer {
    my ($more) = @_;

    return "issuers:\n  main:\n    iss: https://id.example/\n"
           . '    jwks: {file: ' . jwks('ES256') . "}\n    alg: [ES256]\n"
           . ($more // '');
}

sub caller_is {
    my (%claims) = @_;

    return bearer(token('ES256', iss => 'https://id.example/', sub => 'ann',
                        -exp => '10m', %claims));
}

our $CONFIG = <<'END';
    location / {
        weir on;
        default_type text/plain;
        return 200 "$weir_tenant/$weir_subject/$weir_roles\n";
    }
END

our $PROXY = <<'END';
    location / {
        weir on;
        proxy_pass http://orders;
    }
END

our $HEADERS = <<'END';
    location / {
        return 200 "$http_authorization|$http_dpop|$http_x_api_key|$http_x_token|$http_cookie\n";
    }
END

run_tests();

__DATA__

=== an API key is its id and its secret
--- policy eval
    "policy: {name: shop}\n" . main::keys_of() . <<'END'
tenants: {list: {acme: {}}}
routes:
  - id: all
    match: {path: "/**"}
    auth: {any: [apikey]}
    allow: [{id: any, when: 'apikey.id == principal.sub'}]
END
--- config eval: $::CONFIG
--- ask
GET / x-api-key:cron.cron-secret -> 200 acme/cron/clerk
GET / x-api-key:idle.idle-secret -> 200 /idle/
GET /                            -> 401
GET / x-api-key:cron.idle-secret -> 401
GET / x-api-key:cron.cron-secreT -> 401
GET / x-api-key:cron.            -> 401
GET / x-api-key:cron             -> 401
GET / x-api-key:.cron-secret     -> 401
GET / x-api-key:none.cron-secret -> 401
GET / x-api-key:CRON.cron-secret -> 401
GET / x-api-key:late.late-secret -> 401
GET / x-api-key:cron.cron-secret x-api-key:cron.cron-secret -> 400
GET / Authorization:"Bearer cron.cron-secret" -> 401
--- then
is(header(http('GET', '/'), 'WWW-Authenticate'), undef,
   'no challenge where no scheme of HTTP is asked for');
is(http('GET', '/', 'x-api-key' => 'cron.' . 'x' x 5000)->{status}, 401,
   'a long secret');
unlike(read_file(server_root() . '/logs/error.log'), qr/cron-secret/,
       'no secret in the log');


=== any: the first method of the list that was sent decides, and it alone
--- policy eval
    "policy: {name: shop}\n" . main::issuer() . main::keys_of() . <<'END'
tenants: {list: {acme: {}}}
routes:
  - id: any
    match: {path: /any}
    auth: {any: [jwt: main, apikey]}
    allow: [{id: all, when: 'true'}]
  - id: all
    match: {path: /all}
    auth: {all: [jwt: main, apikey]}
    allow: [{id: all, when: 'true'}]
  - id: optional
    match: {path: /optional}
    auth: {optional: [jwt: main, apikey]}
    allow: [{id: all, when: 'true'}]
  - id: nobody
    match: {path: /nobody}
    auth: {optional: []}
    allow: [{id: all, when: 'principal.kind == "anonymous"'}]
  - id: default
    match: {path: /default}
    allow: [{id: all, when: 'true'}]
  - id: public
    match: {path: /public}
    public: true
END
--- config eval: $::CONFIG
--- then
my %jwt = caller_is();
my %bad = (Authorization => 'Bearer a.b.c');
my %key = ('x-api-key' => 'idle.idle-secret');
my %wrong = ('x-api-key' => 'idle.wrong');
my $ask = sub {
    my ($path, %headers) = @_;
    my $answer = http('GET', $path, %headers);
    return $answer->{status} == 200 ? $answer->{body} =~ s/\n//r
                                    : $answer->{status};
};
is($ask->('/any'), 401, 'any: nothing');
is($ask->('/any', %jwt), '/ann/', 'any: a token');
is($ask->('/any', %key), '/idle/', 'any: a key');
is($ask->('/any', %jwt, %key), '/ann/', 'any: both, the first counts');
is($ask->('/any', %bad, %key), 401, 'any: a bad token is not made up for');
is($ask->('/any', %jwt, %wrong), '/ann/', 'any: the second is not looked at');
is($ask->('/any', Authorization => 'Basic YTpi', %key), '/idle/',
   'any: another scheme is no token');
is($ask->('/all', %jwt), 401, 'all: a token alone');
is($ask->('/all', %key), 401, 'all: a key alone');
is($ask->('/all', %jwt, %key), '/ann/', 'all: both');
is($ask->('/all', %jwt, %wrong), 401, 'all: one is wrong');
is($ask->('/all', %bad, %key), 401, 'all: the other is wrong');
is($ask->('/optional'), '//', 'optional: nothing');
is($ask->('/optional', %jwt), '/ann/', 'optional: a token');
is($ask->('/optional', %bad), 401, 'optional: what is sent must be good');
is($ask->('/nobody', %bad), '//', 'nobody is asked');
is($ask->('/default'), 401, 'a route that says nothing asks');
is($ask->('/default', %key), '/idle/', 'for anything that is configured');
is($ask->('/public', %bad), '//', 'public');


=== a token in a cookie or a header; never in two places
--- policy eval
    "policy: {name: shop}\n" . main::issuer(<<'MORE') . <<'END'
    from: [{bearer: true}, {cookie: session}, {header: x-token}]
MORE
routes:
  - id: all
    match: {path: "/**"}
    allow: [{id: all, when: 'true'}]
END
--- config eval: $::CONFIG
--- then
my ($token) = (caller_is())[1] =~ /Bearer (.*)/;
my $status = sub { http('GET', '/', @_)->{status} };
is($status->(Cookie => "a=b; session=$token; c=d"), 200, 'cookie');
is($status->('X-Token' => $token), 200, 'header');
is($status->(Authorization => "Bearer $token"), 200, 'bearer');
is($status->(Authorization => "bearer $token"), 200, 'any case of the scheme');
is($status->(Authorization => "Bearer  $token"), 200, 'blanks behind it');
is($status->(Authorization => $token), 401, 'without a scheme');
is($status->(Authorization => "Bearer"), 401, 'without a token');
is($status->(Cookie => "session=$token", 'X-Token' => $token), 400,
   'cookie and header');
is($status->(Authorization => "Bearer $token", 'X-Token' => $token), 400,
   'bearer and header');
is($status->('X-Token' => [$token, $token]), 400, 'two headers');
is($status->(Authorization => ["Bearer $token", "Bearer $token"]), 400,
   'two Authorization headers');
is($status->(Cookie => "session=$token; session=$token"), 400,
   'two cookies of the name');


=== credentials end here, unless the route forwards them
--- policy eval
    "policy: {name: shop}\n" . main::issuer(<<'MORE') . main::keys_of() . <<'END'
    from: [{bearer: true}, {cookie: session}, {header: x-token}]
MORE
tenants: {list: {acme: {}}}
routes:
  - id: strip
    match: {path: /strip}
    auth: {any: [jwt: main, apikey]}
    allow: [{id: all, when: 'true'}]
    upstream: orders
  - id: keep
    match: {path: /keep}
    auth: {any: [jwt: main, apikey], forward: true}
    allow: [{id: all, when: 'true'}]
    upstream: orders
  - id: open
    match: {path: /open}
    public: true
    upstream: orders
END
--- config eval: $::PROXY
--- upstream eval: $::HEADERS
--- then
my %jwt = caller_is();
my ($token) = $jwt{Authorization} =~ /Bearer (.*)/;
my %key = ('X-Api-Key' => 'idle.idle-secret');
my $seen = sub { http('GET', @_)->{body} =~ s/\n//r };
is($seen->('/strip', %jwt), '||||', 'a token');
is($seen->('/strip', %jwt, %key), '||||', 'a token, and a key beside it');
is($seen->('/strip', %key), '||||', 'a key');
is($seen->('/strip', 'X-Token' => $token), '||||', 'a header');
is($seen->('/strip', Cookie => "a=b; session=$token; c=\"d e\"; f"),
   '||||a=b; c="d e"; f', 'a cookie, and the others stay as they are');
is($seen->('/strip', Cookie => ["a=b", "session=$token", "c=d"]),
   '||||a=b; c=d', 'a cookie of several headers');
is($seen->('/strip', Cookie => "session=$token"), '||||', 'the only cookie');
is($seen->('/strip', Cookie => join(';', ('a') x 2500), %key),
   '||||' . join('; ', ('a') x 2500), 'cookies that get longer');
is($seen->('/strip', Authorization => 'Basic YTpi', %key),
   'Basic YTpi||||', 'what is no token is not ours');
is($seen->('/keep', %jwt), "$jwt{Authorization}||||", 'forwarded');
is($seen->('/open', %jwt), "$jwt{Authorization}||||",
   'a public route looks at none, and takes none');


=== credentials end here that nobody looked at
--- policy eval
    "policy: {name: shop}\n" . main::issuer(<<'MORE')
    from: [{bearer: true}, {cookie: session}]
MORE
    . main::keys_of() =~ s/:\n/:\n  from: [{cookie: key}]\n/r . <<'END'
tenants: {list: {acme: {}}}
routes:
  - id: all
    match: {path: "/**"}
    auth: {any: [apikey, jwt]}
    allow: [{id: all, when: 'true'}]
    upstream: orders
END
--- config eval: $::PROXY
--- upstream eval: $::HEADERS
--- then
my $key = 'key=idle.idle-secret';
is(http('GET', '/', Cookie => "session=x; a=b; $key")->{body}, "||||a=b\n",
   'a token beside a key, in cookies');
for my $blanks (' ', '  ', "\t", " \t") {
    is(http('GET', '/', Cookie => $key, Authorization => "bearer${blanks}x")
       ->{body}, "||||\n", 'a token beside a key');
}


=== the tenant of a credential must be that of the request
--- policy eval
    "policy: {name: shop}\n" . main::issuer("    map: {tenant: org}\n")
    . main::keys_of() . <<'END'
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  bind: [claim.org, apikey.tenant]
  list: {acme: {}, globex: {}}
routes:
  - id: all
    match: {path: "/**"}
    allow: [{id: all, when: 'true'}]
END
--- config eval: $::CONFIG
--- then
my $ask = sub {
    my ($host, @headers) = @_;
    my $answer = http('GET', '/', Host => "$host.example", @headers);
    return $answer->{status} == 200 ? $answer->{body} =~ s/\n//r
                                    : $answer->{status};
};
is($ask->('acme.shop', caller_is(org => 'acme')), 'acme/ann/', 'agree');
is($ask->('globex.shop', caller_is(org => 'acme')), 403, 'differ');
is($ask->('acme.shop', caller_is()), 403, 'a token that names none');
is($ask->('acme.shop', caller_is(org => '')), 403, 'an empty one');
is($ask->('other', caller_is(org => 'globex')), 'globex/ann/',
   'the token alone names it');
is($ask->('other', caller_is(org => 'nobody')), 403, 'one that does not exist');
is($ask->('acme.shop', 'X-Api-Key' => 'cron.cron-secret'),
   'acme/cron/clerk', 'a key of the tenant');
is($ask->('globex.shop', 'X-Api-Key' => 'cron.cron-secret'), 403,
   'a key of another');
is($ask->('acme.shop', 'X-Api-Key' => 'idle.idle-secret'), 403,
   'a key of none');


=== a second factor is asked for as RFC 9470 says
--- policy eval
    "policy: {name: shop}\n" . main::issuer() . <<'END'
routes:
  - id: all
    match: {path: "/**"}
    auth: {all: [jwt: main]}
    mfa: {acr: ["urn:mfa", "urn:hw"], amr_any: [hwk, otp], max_auth_age: 15m}
    allow: [{id: all, when: 'principal.acr == "urn:mfa"'}]
END
--- config eval: $::CONFIG
--- then
my $now = time();
my $try = sub { http('GET', '/', caller_is(@_)) };
my @good = (acr => 'urn:mfa', amr => ['pwd', 'otp'], auth_time => $now);
is($try->(@good)->{status}, 200, 'good');
for my $case (['nothing'], ['acr', acr => 'urn:pwd'], ['amr', amr => ['pwd']],
              ['no amr', amr => []], ['old', auth_time => $now - 1000])
{
    my ($name, @more) = @$case;
    my $answer = $try->($name eq 'nothing' ? () : (@good, @more));
    is($answer->{status}, 401, "$name: status");
    my $challenge = header($answer, 'WWW-Authenticate');
    like($challenge, qr/^Bearer .*error="insufficient_user_authentication"/,
         "$name: error");
    like($challenge, qr/acr_values="urn:mfa urn:hw"/, "$name: acr_values");
    like($challenge, qr/max_age="?900"?/, "$name: max_age");
}


=== no role of a token looks like two
--- policy eval
    "policy: {name: shop}\n" . main::issuer() . <<'END'
routes:
  - id: all
    match: {path: "/**"}
    allow: [{id: all, when: '"a,manager" in principal.roles'}]
END
--- config eval: $::CONFIG
--- then
is(http('GET', '/', caller_is(roles => ['a,manager', 'clerk', ' manager',
                                        'manager ', 'in stock']))->{body},
   "/ann/clerk,in stock\n", 'those that could are in no list');
is(http('GET', '/', caller_is(roles => ['a,manager']))->{body}, "/ann/\n",
   'none is left');


=== permissions come from roles, the tenant's before the policy's
--- policy eval
    "policy: {name: shop}\n" . main::issuer() . <<'END'
roles:
  viewer:  {permissions: ["orders:read", "catalog:*"]}
  clerk:   {inherits: [viewer], permissions: ["orders:create"]}
  manager: {inherits: [clerk], permissions: ["refunds:**"]}
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list:
    acme: {roles: {viewer: {permissions: []}, auditor: {inherits: [clerk]}}}
    globex: {}
routes:
  - id: read
    match: {path: /read}
    require: {permission: "orders:read"}
  - id: both
    match: {path: /both}
    require: {permission: ["orders:create", "catalog:item"]}
  - id: refund
    match: {path: /refund}
    require: {permission: "refunds:big:approve", scope: refunds}
  - id: cel
    match: {path: /cel}
    allow: [{id: may, when: 'hasPermission("orders:create")'}]
  - id: maybe
    match: {path: /maybe}
    auth: {optional: [jwt: main]}
    require: {permission: "orders:read"}
  - id: rule
    match: {path: /rule}
    require: {when: 'request.params["n"] == "1"'}
END
--- config eval: $::CONFIG
--- then
my $ask = sub {
    my ($tenant, $path, @claims) = @_;
    return http('GET', $path, Host => "$tenant.shop.example",
                caller_is(@claims));
};
my $status = sub {
    my ($tenant, $path, @roles) = @_;
    return $ask->($tenant, $path, roles => \@roles)->{status};
};
is($status->('globex', '/read', 'viewer'), 200, 'viewer reads');
is($status->('globex', '/read', 'manager'), 200, 'inherited twice');
is($status->('globex', '/read'), 403, 'no role');
is($status->('globex', '/read', 'unknown'), 403, 'a role that nobody defined');
is($status->('globex', '/read', 'Viewer'), 403, 'another case');
is($status->('globex', '/both', 'viewer'), 403, 'one of two');
is($status->('globex', '/both', 'clerk'), 200, 'both');
is($status->('globex', '/both', 'viewer', 'clerk'), 200, 'of two roles');
is($status->('globex', '/cel', 'viewer'), 403, 'hasPermission: no');
is($status->('globex', '/cel', 'clerk'), 200, 'hasPermission: yes');
is($status->('globex', '/read', 'auditor'), 403, "another tenant's role");
is($status->('acme', '/read', 'auditor'), 200, "the tenant's own role");
is($status->('acme', '/read', 'viewer'), 403, 'a role that it redefines');
is($status->('globex', '/maybe', 'viewer'), 200, 'who need not, but did');
is($status->('globex', '/maybe'), 403, 'and may not');
my $nobody = http('GET', '/maybe', Host => 'globex.shop.example');
is($nobody->{status}, 401, 'nobody may, but somebody might');
is(header($nobody, 'WWW-Authenticate'), 'Bearer realm="shop"',
   'and is told how');
is($status->('globex', '/rule?n=1'), 200, 'a rule that holds');
is($status->('globex', '/rule?n=2'), 403, 'one that does not');
is($status->('globex', '/rule'), 403, 'one that fails');
my @manager = (roles => ['manager']);
is($ask->('globex', '/refund', @manager, scope => 'orders refunds')->{status},
   200, 'permission and scope');
my $answer = $ask->('globex', '/refund', @manager, scope => 'orders');
is($answer->{status}, 403, 'without the scope');
like(header($answer, 'WWW-Authenticate'),
     qr/^Bearer .*error="insufficient_scope".*scope="refunds"/,
     'and what is said of it');
$answer = $ask->('globex', '/read');
like(header($answer, 'WWW-Authenticate'),
     qr/^Bearer .*error="insufficient_scope"/, 'a permission that lacks');


=== claims are there for rules
--- policy eval
    "policy: {name: shop}\n" . main::issuer(<<'MORE') . <<'END'
    map: {sub: email, roles: realm.roles}
MORE
routes:
  - id: all
    match: {path: "/{what}"}
    allow:
      - {id: text, when: 'path.what == "text" && principal.claims.dept == "it"'}
      - {id: number, when: 'path.what == "number" && principal.claims.level > 3'}
      - {id: list, when: 'path.what == "list" && "x" in principal.claims.tags'}
      - {id: deep, when: 'path.what == "deep" && principal.claims.a.b.c == true'}
      - {id: iss, when: 'path.what == "iss" && principal.iss == "https://id.example/"'}
      - {id: absent, when: 'path.what == "absent" && principal.claims.?x.orValue(1) == 1'}
END
--- config eval: $::CONFIG
--- then
my @claims = (email => 'ann@x.example', realm => { roles => ['r1', 'r2'] },
              dept => 'it', level => 4, tags => ['y', 'x'],
              a => { b => { c => JSON::PP::true() } });
my %token = caller_is(@claims);
for my $turn (1 .. 2) {
    is(http('GET', "/$_", %token)->{body}, "/ann\@x.example/r1,r2\n",
       "$_, time $turn")
        for qw(text number list deep iss absent);
}
my %other = caller_is(@claims, dept => 'hr', level => 3, tags => [], a => {});
is(http('GET', "/$_", %other)->{status}, 403, $_) for qw(text number list deep);
