# No phase, redirect, subrequest or protocol of nginx is a way around the
# question who calls, and no credential gets out by one.

use Weir 'no_plan';
use Digest::SHA qw(sha256_hex);
use Weir::H2;
use Weir::Live qw(answer_of rand_port);
use Weir::Token;

our $KEY = 'x-api-key:cron.cron-secret';

our $POLICY = 'apikeys: {list: {cron: {sha256: ' . sha256_hex('cron-secret')
              . ", roles: [clerk]}}}\n"
              . 'issuers: {main: {iss: https://id.example, from: '
              . '[{bearer: true}, {cookie: session}], jwks: {file: '
              . jwks('ES256') . "}}}\n" . <<'END';
policy: {name: shop}
routes:
  - {id: login, match: {path: "/login"}, public: true}
  - id: all
    match: {path: "/**"}
    auth: {any: [jwt: main, apikey]}
    allow: [{id: any, when: 'true'}]
    upstream: orders
audit: {sample: {allow: 100%}}
END

our $HEADERS = <<'END';
    location / {
        return 200 "$uri|$http_authorization|$http_x_api_key|$http_cookie|$http_x_subject\n";
    }
END

our $CHALLENGE = qr/^Bearer realm="shop"$/;

sub good_token {
    return token('ES256', iss => 'https://id.example', sub => 'ann',
                 roles => ['clerk', 'viewer'], -exp => '10m');
}

# What nginx sends to a server of ours when it is asked with these headers.
sub sent {
    my ($target, %headers) = @_;
    my $listen = IO::Socket::INET->new(Listen => 4, ReuseAddr => 1,
                                       LocalAddr => '127.0.0.1',
                                       LocalPort => rand_port(2))
                 or die "listen: $!";
    my $client = raw_connect();
    my $bytes  = '';

    syswrite $client, "GET $target HTTP/1.1\r\nHost: localhost\r\n"
             . join('', map { "$_: $headers{$_}\r\n" } sort keys %headers)
             . "Connection: close\r\n\r\n";

    $listen->timeout(3);
    my $socket = $listen->accept or return '';

    while (IO::Select->new($socket)->can_read(0.3)) {
        last if !sysread $socket, $bytes, 65536, length $bytes;
    }

    return $bytes;
}

run_tests();

__DATA__

=== no other access rule lets in who has not said who calls
--- policy eval: $::POLICY
--- config
    location / { weir on; satisfy any; allow all; empty_gif; }
    location /yes/ { weir on; satisfy any; auth_request /204; empty_gif; }
    location /basic/ { weir on; satisfy any; allow all; auth_basic shop; auth_basic_user_file /dev/null; empty_gif; }
    location = /204 { weir off; return 204; }
--- ask eval
<<"END"
GET /a                                -> 401
GET /a $::KEY                         -> 200
GET /a x-api-key:cron.wrong           -> 401
GET /yes/a                            -> 401
GET /yes/a $::KEY                     -> 200
GET /basic/a                          -> 401
GET /basic/a Authorization:"Basic YTpi" -> 401
GET /basic/a Authorization:"Basic YTpi" $::KEY -> 200
END


=== nor does a subrequest, a redirect or a named location
--- policy eval: $::POLICY
--- user_files
>>> index.html
index
>>> page.html
[<!--# include virtual="/part" -->]
--- config
    root html;
    location / { weir on; try_files $uri @back; }
    location @back { weir on; return 200 "back\n"; }
    location = /login { weir on; try_files /none /index.html; }
    location = /off { weir off; auth_request /part; empty_gif; }
    location = /page.html { weir off; ssi on; }
    location = /part { weir on; return 200 "part"; }
    location = /x { weir off; rewrite ^ /index.html last; }
--- ask eval
<<"END"
GET /none            -> 401
GET /none $::KEY     -> 200 back
GET /index.html      -> 401
GET /login           -> 200 index
GET /off             -> 403
GET /off $::KEY      -> 403
GET /page.html       -> 200 ~\\[.*403 Forbidden
GET /x               -> 401
GET /x $::KEY        -> 200 index
END


=== an error page for 401 keeps status and challenge, wherever it comes from
--- policy eval: $::POLICY
--- upstream
--- config
    location / { weir on; error_page 401 /off.html; empty_gif; }
    location /named { weir on; error_page 401 @off; empty_gif; }
    location /proxied { weir on; error_page 401 = @proxied; empty_gif; }
    location /on { weir on; error_page 401 = /login; empty_gif; }
    location /away { weir on; error_page 401 =302 https://id.example/login; empty_gif; }
    location = /login { weir on; return 200 "login\n"; }
    location = /off.html { weir off; return 200 "off\n"; }
    location @off { weir off; return 200 "named\n"; }
    location @proxied { weir off; proxy_pass http://orders; }
--- then
for my $path ('/a', '/named') {
    my $answer = http('GET', $path);
    is($answer->{status}, 401, "$path: status");
    like(header($answer, 'WWW-Authenticate'), $::CHALLENGE, "$path: challenge");
}
is(http('GET', '/a')->{body}, "off\n");
is(http('GET', '/named')->{body}, "named\n");
like(http('GET', '/proxied')->{body}, qr/^upstream GET/, 'by an upstream');
like(header(http('GET', '/proxied'), 'WWW-Authenticate'), $::CHALLENGE, 'of ours');
is(http('GET', '/on')->{status}, 401, 'a page under the policy is refused');
like(header(http('GET', '/on'), 'WWW-Authenticate'), $::CHALLENGE);
is(header(http('GET', '/away'), 'Location'), 'https://id.example/login');


=== HEAD, HTTP/1.0 and HTTP/2 are asked alike
--- policy eval: $::POLICY
--- h2
--- config
    location / { weir on; return 200 "$weir_subject\n"; }
--- then
my $head = http('HEAD', '/');
is($head->{status}, 401);
like(header($head, 'WWW-Authenticate'), $::CHALLENGE);
is($head->{body}, '');
is(http('HEAD', '/', Accept => 'application/json')->{body}, '');
is(http('GET', '/', version => '1.0')->{status}, 401);
my @h2 = (':method' => 'GET', ':scheme' => 'http', ':authority' => 'localhost', ':path' => '/');
is(h2_request(h2_port(), @h2)->{status}, 401);
is(h2_request(h2_port(), @h2, 'x-api-key' => 'cron.cron-secret')->{body}, "cron\n");
is(h2_request(h2_port(), @h2, authorization => 'Bearer ' . good_token())->{body}, "ann\n");
is(h2_request(h2_port(), @h2, authorization => 'Bearer a', authorization => 'Bearer b')->{status}, 400);


=== a connection goes on after 401, and nothing of a caller stays on it
--- policy eval: $::POLICY
--- config
    location / { weir on; return 200 "$weir_subject|\n"; }
--- then
my $socket = raw_connect();
my $ask = sub {
    syswrite $socket, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20000\r\n$_[0]\r\n" . 'x' x 20000;
    return answer_of($socket);
};
is($ask->('')->{status}, 401);
is($ask->("X-Api-Key: cron.cron-secret\r\n")->{body}, "cron|\n");
is($ask->('')->{status}, 401, 'not the caller before');
is($ask->("X-Api-Key: cron.wrong\r\n")->{status}, 401);
is($ask->('Authorization: Bearer ' . good_token() . "\r\n")->{body}, "ann|\n");


=== tokens at the edge of nginx's header buffers
--- policy eval: $::POLICY
--- config
    location / { weir on; error_page 400 494 = /fine; return 200 "$weir_subject\n"; }
    location = /fine { weir on; return 200 "fine\n"; }
--- then
for my $n (1000, 1010, 1020, 1024, 1030, 8000, 8100, 8150 .. 8200) {
    my $answer = http('GET', '/', Authorization => 'Bearer ' . 'a' x $n);
    fail("$n: $answer->{status} $answer->{body}") if $answer->{status} !~ /^40[01]$/;
}
my ($h, $p, $s) = split /\./, good_token();
is(http('GET', '/', Authorization => "Bearer $h.$p.$s")->{body}, "ann\n");
is(http('GET', '/', Authorization => "Bearer $h.$p.$s", map { ("X-$_" => 'x' x 4000) } 1 .. 6)->{body}, "ann\n", 'in a buffer of many');


=== variables say who calls before and after the decision
--- policy eval: $::POLICY
--- upstream eval: $::HEADERS
--- http_config
    map $weir_subject $greeting { volatile; "" nobody; default "hello $weir_subject"; }
    log_format who '$weir_subject $weir_roles $greeting $status';
--- config
    access_log logs/who.log who;
    set $early "$weir_subject,$weir_roles,$greeting";
    location / { weir on; proxy_set_header X-Subject "$early/$weir_subject/$weir_roles/$greeting"; proxy_pass http://orders; }
    location = /dry { weir dry_run; return 200 "$weir_subject|$weir_roles|$greeting\n"; }
--- then
is(http('GET', '/a', bearer(good_token()))->{body}, "/a||||,,nobody/ann/clerk,viewer/hello ann\n");
is(http('GET', '/a', 'X-Api-Key' => 'cron.bad')->{status}, 401);
is(http('GET', '/dry', bearer(good_token()))->{body}, "ann|clerk,viewer|hello ann\n");
is(http('GET', '/dry', 'X-Api-Key' => 'cron.bad')->{body}, "||nobody\n");
my $log = wait_for(sub { my $l = read_file(server_root() . '/logs/who.log'); 4 == (() = $l =~ /\n/g) && $l });
is($log, "ann clerk,viewer hello ann 200\n- - nobody 401\nann clerk,viewer hello ann 200\n- - nobody 200\n");


=== a bad credential in dry_run is counted and said, and changes nothing
--- policy eval: $::POLICY
--- audit
--- upstream eval: $::HEADERS
--- config
    location / { weir dry_run; proxy_pass http://orders; }
    location = /status { weir off; weir_status; }
--- then
my $token = good_token();
is(http('GET', '/a', Authorization => 'Bearer not.a.token')->{body}, "/a|Bearer not.a.token|||\n");
is(http('GET', '/a', 'X-Api-Key' => 'cron.bad-secret')->{body}, "/a||cron.bad-secret||\n");
is(http('GET', '/a', Authorization => "Bearer $token")->{body}, "/a|Bearer $token|||\n", 'nor is a good one stripped');
is(header(http('GET', '/a'), 'WWW-Authenticate'), undef, 'no challenge');
is(status()->{decisions}{dry_run}, 3);
is(status()->{decisions}{denied}{unauthenticated}, 0);
is(join(' ', map { $_->{reason} // '' } (audit(4))[0, 1, 3]), 'invalid_token invalid_api_key unauthenticated');
unlike(read_file(server_root() . '/logs/audit.log'), qr/not\.a|bad-secret|\Q$token/, 'no credential in the audit log');
unlike(read_file(server_root() . '/logs/error.log'), qr/not\.a|bad-secret|\Q$token/, 'nor in the error log');


=== mirrors, rewritten requests and subrequests carry no credential
--- policy eval: $::POLICY
--- upstream
        location / { access_log logs/got.log got; return 200 "ok\n"; }
--- http_weir
    log_format got '$uri|$http_authorization|$http_x_api_key|$http_cookie';
--- config
    location / { weir on; mirror /mirror; proxy_pass http://orders; }
    location = /mirror { weir off; internal; proxy_pass http://catalog/mirrored; }
    location = /index { weir on; rewrite ^ /inner last; }
    location = /inner { weir off; proxy_pass http://orders; }
    location = /auth { weir on; auth_request /check; proxy_pass http://orders; }
    location = /check { weir off; internal; proxy_pass http://catalog/checked; }
--- then
my $token = good_token();
for my $path ('/a', '/index', '/auth') {
    is(http('GET', $path, Authorization => "Bearer $token", 'X-Api-Key' => 'cron.cron-secret', Cookie => "session=$token; a=b")->{status}, 400, "$path: a token in two places");
    is(http('GET', $path, Authorization => "Bearer $token", 'X-Api-Key' => 'cron.cron-secret', Cookie => 'a=b')->{status}, 200, $path);
    is(http('GET', $path, 'X-Api-Key' => 'cron.wrong')->{status}, 401, "$path: refused");
}
my $log = wait_for(sub { my $l = read_file(server_root() . '/logs/got.log'); 5 == (() = $l =~ /\n/g) && $l });
is(join(' ', sort split /\n/, $log), '/auth|-|-|a=b /a|-|-|a=b /checked|-|-|a=b /inner|-|-|a=b /mirrored|-|-|a=b');


=== what FastCGI, SCGI, uwsgi and gRPC servers get has no credential
--- policy eval: $::POLICY
--- config
    set $early "$http_x_api_key $http_authorization";
    set $http_x_mine "goes-on";
    location /fastcgi { weir on; fastcgi_pass 127.0.0.1:$TEST_NGINX_RAND_PORT_2; fastcgi_param REQUEST_URI $request_uri; fastcgi_param HTTP_AUTHORIZATION $http_authorization if_not_empty; }
    location /scgi { weir on; scgi_pass 127.0.0.1:$TEST_NGINX_RAND_PORT_2; scgi_param REQUEST_URI $request_uri; }
    location /uwsgi { weir on; uwsgi_pass 127.0.0.1:$TEST_NGINX_RAND_PORT_2; uwsgi_param REQUEST_URI $request_uri; }
    location /grpc { weir on; grpc_pass grpc://127.0.0.1:$TEST_NGINX_RAND_PORT_2; }
    location /proxy { weir on; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; proxy_set_header Authorization $http_authorization; }
    location /late { weir on; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_2; proxy_set_header X-Key "$http_x_api_key,$http_authorization,$http_x_mine,$http_x_other"; }
--- then
my $token = good_token();
for my $to ('fastcgi', 'scgi', 'uwsgi', 'grpc', 'proxy', 'late') {
    my $bytes = sent("/$to", Authorization => "Bearer $token", 'X-Api-Key' => 'cron.cron-secret', 'X-Other' => 'goes-on');
    like($bytes, qr/goes-on|grpc|PRI/, "$to: it arrives");
    unlike($bytes, qr/\Q$token\E|cron-secret|AUTHORIZATION/, "$to: without credentials");
    like($bytes, qr/^X-Key: ,,goes-on,goes-on\r$/m) if $to eq 'late';
}
