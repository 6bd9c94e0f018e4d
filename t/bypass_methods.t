# No method is exempt.

use Weir 'no_plan';
use Digest::SHA qw(sha1_base64);

our $POLICY = <<'END';
deny:
  - {id: nope, when: '"deny" in request.params', status: 451}
routes:
  - {id: get, match: {path: "/get", methods: [GET]}, public: true}
  - {id: any, match: {path: "/any"}, public: true}
  - {id: ws,  match: {path: "/ws", methods: [GET]}, public: true}
  - {id: opt, match: {path: "/opt", methods: [OPTIONS, HEAD, TRACE, CONNECT]}, public: true}
END

run_tests();

__DATA__

=== OPTIONS and HEAD are decided as any method
--- policy eval: $::POLICY
--- config
    weir on;
    location / { return 200 "$request_method\n"; }
--- ask
GET /get          -> 200 GET
HEAD /get         -> 404 ""
OPTIONS /get      -> 404
OPTIONS /get Origin:https://a.example Access-Control-Request-Method:GET -> 404
OPTIONS /any?deny -> 451
HEAD /any?deny    -> 451 ""
OPTIONS /any      -> 200 OPTIONS
OPTIONS /opt      -> 200 OPTIONS
HEAD /opt         -> 200 ""
OPTIONS *         -> 400


=== methods of the caller's own making are decided, and case matters
--- policy eval: $::POLICY
--- config
    weir on;
    location / { return 200 "$request_method\n"; }
--- ask
PURGE /get        -> 404
PURGE /any        -> 200 PURGE
PURGE /any?deny   -> 451
M-SEARCH /any     -> 200 M-SEARCH
get /get          -> 400
Get /get          -> 400
GET_ /get         -> 404
GETX /get         -> 404


=== TRACE and CONNECT are refused
--- policy eval: $::POLICY
--- config
    weir on;
    location / { return 200 "$request_method\n"; }
--- ask
TRACE /opt                       -> 405
TRACE /any?deny                  -> 4xx
CONNECT localhost:80             -> 400
CONNECT /opt                     -> 4xx


=== a request that asks for an upgrade is decided before 101
--- policy eval: $::POLICY
--- config
    weir on;
    location /ws {
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_4;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
    }
    location = /status { weir off; weir_status; }
--- then
my ($port) = read_file(server_root() . '/conf/nginx.conf') =~ m{proxy_pass http://127.0.0.1:(\d+)};
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 5, ReuseAddr => 1) or die $!;
my $key = "dGhlIHNhbXBsZSBub25jZQ==";
my $upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
              . "Sec-WebSocket-Key: $key\r\nSec-WebSocket-Version: 13\r\n\r\n";

for (['GET', '/ws?deny', 451], ['GET', '/none', 404], ['POST', '/ws', 404], ['GET', '/ws/..;/ws', 400]) {
    my ($method, $target, $status) = @$_;
    my $client = raw_connect();
    syswrite $client, "$method $target HTTP/1.1\r\nHost: a\r\n$upgrade";
    sysread $client, my $answer, 65536;
    like($answer, qr/^HTTP\/1.1 $status/, "$method $target: $status");
}
ok(!IO::Select->new($listen)->can_read(0.1), 'nothing came to the upstream');

my $client = raw_connect();
syswrite $client, "GET /ws HTTP/1.1\r\nHost: a\r\n$upgrade";
ok(IO::Select->new($listen)->can_read(3), 'what is allowed does');
my $up = $listen->accept;
sysread $up, my $request, 65536;
like($request, qr/^Upgrade: websocket\r$/m);
(my $accept = sha1_base64("${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11") . '=');
syswrite $up, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: $accept\r\n\r\n";
sysread $client, my $answer, 65536;
like($answer, qr/^HTTP\/1.1 101/, 'switched');
is(status()->{workers}[0]{pins}, 0, 'and holds no policy any more');
is(status()->{decisions}{allowed}, 1, 'the decision is counted at once');
syswrite $client, "ping";
sysread $up, my $ping, 10;
is($ping, 'ping', 'to the upstream');
syswrite $up, "pong";
sysread $client, my $pong, 10;
is($pong, 'pong', 'and back');
close $up;
close $client;
is(status()->{decisions}{allowed}, 1, 'counted once');


=== an upgrade to HTTP/2 is not a way in
--- policy eval: $::POLICY
--- config
    weir on;
    location / { return 200 "ok\n"; }
--- ask
GET /none Upgrade:h2c "Connection:Upgrade, HTTP2-Settings" HTTP2-Settings:AAMAAABkAAQAAP__ -> 404


=== a request in the body of another is not seen
--- policy eval: $::POLICY
--- config
    weir on;
    location / { return 200 "ok\n"; }
--- then
my $inner = "GET /any HTTP/1.1\r\nHost: a\r\n\r\n";
my $answer = http_raw("POST /none HTTP/1.1\r\nHost: a\r\nContent-Length: " . length($inner)
                      . "\r\nConnection: close\r\n\r\n$inner");
is(join(' ', $answer =~ m{^HTTP/1.1 (\d+)}mg), '404');
