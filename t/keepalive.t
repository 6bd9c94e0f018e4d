# Requests of one connection are decided each for itself.

use Weir 'no_plan';

our $POLICY = <<'END';
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list: {acme: {}, globex: {}}
deny:
  - {id: nope, when: '"deny" in request.params', status: 451}
routes:
  - {id: all, match: {path: "/**"}, public: true}
audit: {sample: {allow: 100%}}
END

our $CONFIG = <<'END';
    weir on;
    location / { return 200 "$weir_tenant $uri\n"; }
    location = /status { weir off; weir_status; }
END

# A pipeline of lines "target host".
sub pipeline {
    my @lines = @_;

    my $text = join '', map {
        my ($target, $host) = split ' ';
        "GET $target HTTP/1.1\r\nHost: $host\r\n\r\n"
    } @lines;

    $text =~ s/\r\n\r\n\z/\r\nConnection: close\r\n\r\n/;

    return http_raw($text);
}

run_tests();

__DATA__

=== pipelined requests
--- policy eval: $::POLICY
--- audit
--- config eval: $::CONFIG
--- then
my $answer = pipeline('/a acme.shop.example', '/b?deny globex.shop.example',
                      '/c nobody.shop.example', '/d other.example',
                      '/e globex.shop.example');
is(join(' ', $answer =~ m{^HTTP/1.1 (\d+)}mg), '200 451 404 200 200');
is(join('', $answer =~ m{^(\w* /\w)$}mg), 'acme /a /dglobex /e');
is(join(' ', map { "$_->{path}:$_->{tenant}:$_->{verdict}" } audit(5)),
   '/a:acme:allow /b:globex:deny /c::deny /d::allow /e:globex:allow');


=== one after the other, with pauses
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $socket = raw_connect();
for (['/a', 'acme', 200], ['/a?deny', 'acme', 451], ['/b', 'globex', 200], ['/c', 'nobody', 404], ['/d', 'acme', 200]) {
    my ($target, $tenant, $status) = @$_;
    syswrite $socket, "GET $target HTTP/1.1\r\nHost: $tenant.shop.example\r\n\r\n";
    my $answer = '';
    while ($answer !~ /\r\n\r\n/) { sysread $socket, $answer, 65536, length $answer or last }
    like($answer, qr/^HTTP\/1.1 $status/, "$target of $tenant: $status");
    select undef, undef, undef, 0.05;
}
is(status()->{workers}[0]{pins}, 0, 'an idle connection holds no policy');


=== a request that arrives byte by byte
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $socket = raw_connect();
for (split //, "GET /x/../a?deny HTTP/1.1\r\nHost: acme.shop.example\r\nConnection: close\r\n\r\n") {
    syswrite $socket, $_;
    select undef, undef, undef, 0.001;
}
local $/;
like(<$socket>, qr/^HTTP\/1.1 451/);


=== a client that goes away leaves nothing held
--- policy eval: $::POLICY
--- upstream
    location / { limit_rate 100; return 200 "$http_x_long\n"; }
--- config
    weir on;
    location / { proxy_pass http://orders; proxy_set_header X-Long $http_x_long; }
    location = /status { weir off; weir_status; }
--- then
for (1 .. 10) {
    my $socket = raw_connect();
    syswrite $socket, "GET /a HTTP/1.1\r\nHost: acme.shop.example\r\nX-Long: " . 'x' x 3000 . "\r\n\r\n";
    select undef, undef, undef, 0.02;
    close $socket;
}
ok(wait_for(sub { status()->{workers}[0]{pins} == 0 }), 'no pins');
is(status()->{decisions}{allowed}, 10, 'each was counted');


=== requests that end before a decision leave nothing held
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
for ("GET", "GET / HT", "GET / HTTP/1.1\r\nHo", "\r\n\r\n", '', "\x16\x03\x01\x02\x00\x01\x00") {
    my $socket = raw_connect();
    syswrite $socket, $_ if length;
    close $socket;
}
is(http('GET', '/a', Host => 'acme.shop.example')->{status}, 200, 'nginx serves on');
is(status()->{workers}[0]{pins}, 0);


=== upstream connections that are kept serve requests of many
--- policy eval: $::POLICY
--- http_config
    upstream kept {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_5;
        keepalive 4;
    }
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_5;
        location / { return 200 "$http_x_tenant $connection_requests\n"; }
    }
--- config
    weir on;
    location / {
        proxy_pass http://kept;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header X-Tenant $weir_tenant;
    }
--- ask
GET / Host:acme.shop.example       -> 200 acme 1
GET / Host:globex.shop.example     -> 200 globex 2
GET /?deny Host:acme.shop.example  -> 451
GET / Host:acme.shop.example       -> 200 acme 3
