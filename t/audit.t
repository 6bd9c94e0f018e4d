# The audit log: decisions as JSON lines.

use Weir 'no_plan';
use IO::Socket::UNIX ();
use Time::HiRes qw(sleep);

our $POLICY = <<'END';
policy: {name: edge, serial: 7}
tenants:
  resolve: [{host: "{tenant}.shop.example"}]
  list: {acme: {plan: pro}}
deny:
  - {id: nope, when: '"deny" in request.params', status: 451, message: "for the client"}
routes:
  - {id: read, match: {path: "/read/**"}, allow: [{id: all, when: 'true'}]}
  - {id: open, match: {path: "/open/**"}, public: true}
audit: {sample: {allow: 100%, deny: 100%}}
END

our $CONFIG = <<'END';
    weir on;
    location / { return 200 "ok\n"; }
END

run_tests();

__DATA__

=== an allowed request
--- policy eval: $::POLICY
--- audit
--- config
    weir on;
    location / { return 200 "$weir_request_id\n"; }
--- then
my $a = http('POST', '/read/a%20b?q=secret', Host => 'Acme.shop.example:99', body => 'x');
chomp $a->{body};
my ($l) = audit();
like(delete $l->{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
like(delete $l->{generation}, qr/^\d+$/);
is_deeply($l, {
    event => 'decision', request_id => $a->{body}, trace_id => $a->{body}, tenant => 'acme',
    route => 'read', subject => '', verdict => 'allow', reason => 'allowed',
    detail => '', rule => 'all', policy => 'edge', method => 'POST',
    host => 'acme.shop.example', path => '/read/a b', source => '127.0.0.1',
    serial => 7, status => 200,
}, 'every field');
unlike(read_file(server_root() . '/logs/audit.log'), qr/secret/, 'no query');


=== a refused request names the rule, and the status that was sent
--- policy eval: $::POLICY
--- audit
--- config eval: $::CONFIG
--- ask
GET /open/?deny        -> 451
GET /none              -> 404
GET /a%3Bb             -> 400
GET / Host:x.shop.example -> 404
GET / Host:a Host:b    -> 400
--- then
my @l = audit(4);
is(join(' ', map { "$_->{verdict}:$_->{reason}:$_->{rule}:$_->{status}" } @l),
   'deny:deny_rule:nope:451 deny:no_route::404 deny:bad_request::400 '
   . 'deny:unknown_tenant::404');
like($l[2]{detail}, qr/\w/, 'a bad request says why');
is($l[2]{path}, '/a%3Bb', 'and its path is what was sent');


=== hostile bytes never break a line
--- policy eval: $::POLICY
--- audit
--- config eval: $::CONFIG
--- then
my @bad = (
    qq(GET /open/%22,%22verdict%22:%22allow HTTP/1.1\r\nHost: a),
    qq(GET /open/\xff\xfe HTTP/1.1\r\nHost: a),
    qq(GET /open/%FF%C0%80 HTTP/1.1\r\nHost: a),
    qq(GET /open/%ED%A0%80 HTTP/1.1\r\nHost: a),
    qq(GET /open/%0a%0d%22%5c HTTP/1.1\r\nHost: a),
    qq(GET /open/%F0%9F%98%80%C3%A9 HTTP/1.1\r\nHost: a),
    qq(GET /open/"\\ HTTP/1.1\r\nHost: a),
    qq(GET /open/ HTTP/1.1\r\nHost: a"b),
    qq(GET /open/ HTTP/1.1\r\nHost: \xe9.example),
    qq(GET /open/ HTTP/1.1\r\nHost: a\r\ntraceparent: 00-"-"),
    qq(GET /open/\x7f HTTP/1.1\r\nHost: a),
    'GET /open/' . ('%22' x 900) . " HTTP/1.1\r\nHost: a",
    'GET /open/' . ('%F0%9F%98%80' x 500) . " HTTP/1.1\r\nHost: a",
    'GET /open/ HTTP/1.1' . "\r\nHost: " . ('a.' x 130),
);
for (@bad) {
    my $answer = http_raw("$_\r\nConnection: close\r\n\r\n");
    like($answer, qr{^HTTP/1.1 (200|400)}, 'answered');
}
wait_for(sub { read_file(server_root() . '/logs/access.log') =~ /(.*\n){14}/ });
my @lines = grep { /^\{"time":"[^"]*","event":"decision"/ }
            split /\n/, read_file(server_root() . '/logs/audit.log');
cmp_ok(scalar @lines, '>=', 10, 'there are lines');
for my $line (@lines) {
    my $o = eval { JSON::PP->new->utf8->decode($line) };
    ok($o, 'a line is JSON') or diag($line);
    is(scalar(grep { $_ eq 'verdict' } $line =~ /(?:^\{|,)"(\w+)":/g), 1, 'one verdict');
    cmp_ok(length $line, '<', 4096, 'short enough for one write');
    ok(utf8::decode(my $copy = $line), 'UTF-8');
}


=== the share of allowed requests is sampled
--- policy
routes:
  - {id: r, match: {path: "/**"}, public: true}
audit: {sample: {allow: 25%}}
--- audit
--- config eval: $::CONFIG
--- then
my $socket = raw_connect();
syswrite $socket, "GET / HTTP/1.1\r\nHost: a\r\n\r\n" x 400
                  . "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
my $answer = '';
while (sysread $socket, $answer, 65536, length $answer) { }
close $socket;
is(scalar(() = $answer =~ m{^HTTP/1.1 200}mg), 401, 'all were answered');
my $n = () = read_file(server_root() . '/logs/audit.log') =~ /\n/g;
cmp_ok($n, '>', 60, "$n of 401: a quarter, about");
cmp_ok($n, '<', 150, 'and no more');


=== unless the policy says otherwise, refusals are all logged and 1% of the rest
--- policy
routes:
  - {id: r, match: {path: "/yes"}, public: true}
--- audit
--- config eval: $::CONFIG
--- then
my $socket = raw_connect();
syswrite $socket, "GET /yes HTTP/1.1\r\nHost: a\r\n\r\n" x 200
                  . "GET /no HTTP/1.1\r\nHost: a\r\n\r\n" x 100
                  . "GET /no HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
my $answer = '';
while (sysread $socket, $answer, 65536, length $answer) { }
close $socket;      # nginx lingers, and logs when it stops
my @l;
wait_for(sub { @l = audit(101); 101 == grep { $_->{verdict} eq 'deny' } @l });
is(scalar(() = $answer =~ m{^HTTP/1.1 404}mg), 101, "all were answered");
is(scalar(grep { $_->{verdict} eq 'deny' } @l), 101);
cmp_ok(scalar(grep { $_->{verdict} eq 'allow' } @l), '<', 20);


=== 0% of refusals is none
--- policy
routes:
  - {id: r, match: {path: "/yes"}, public: true}
audit: {sample: {allow: 100%, deny: 0%}}
--- audit
--- config eval: $::CONFIG
--- ask
GET /no  -> 404
GET /yes -> 200
--- then
my @l = audit(1);
is(scalar @l, 1);
is($l[0]{verdict}, 'allow');


=== what the policy redacts is a hash, the same for the same value
--- policy
routes:
  - {id: r, match: {path: "/**"}, public: true}
audit: {sample: {allow: 100%}, redact: [source.ip, request.path]}
--- audit
--- config eval: $::CONFIG
--- ask
GET /secret -> 200
GET /secret -> 200
GET /other  -> 200
--- then
my @l = audit(3);
is($l[0]{source}, substr(Digest::SHA::sha256_hex('127.0.0.1'), 0, 32));
is($l[0]{path}, $l[1]{path});
isnt($l[0]{path}, $l[2]{path});
unlike(read_file(server_root() . '/logs/audit.log'), qr/secret|127\.0/);


=== one line a client request, whatever nginx does inside
--- policy eval: $::POLICY
--- audit
--- config
    weir on;
    location /open/redirect { rewrite ^ /open/file last; }
    location /open/ { return 200 "ok\n"; }
    location /open/auth { auth_request /open/sub; error_page 404 = /open/x; }
    location = /open/sub { return 204; }
--- ask
GET /open/redirect -> 200
GET /open/auth     -> 200
--- then
http('GET', '/open/last');
my @l = audit(3);
is(join(' ', map { $_->{path} } @l), '/open/redirect /open/auth /open/last');


=== what was never decided is not in it
--- policy eval: $::POLICY
--- audit
--- config
    location /off { return 200 "ok\n"; }
    location / { weir on; return 200 "ok\n"; }
--- ask
GET /off   -> 200
GET /open/ -> 200
--- then
my @l = audit(1);
is(scalar @l, 1);


=== a server may have a log of its own, or none
--- policy eval: $::POLICY
--- audit
--- http_config
    server {
        listen $TEST_NGINX_SERVER_PORT;
        server_name none.example;
        weir_audit_log off;
        weir on;
    }
    server {
        listen $TEST_NGINX_SERVER_PORT;
        server_name own.example;
        weir_audit_log logs/own.log;
        weir on;
    }
--- config eval: $::CONFIG
--- ask
GET /a Host:none.example -> 404
GET /b Host:own.example  -> 404
GET /c                   -> 404
--- then
is(join(' ', map { $_->{path} } audit(1)), '/c');
like(read_file(server_root() . '/logs/own.log'), qr{"path":"/b"});
unlike(read_file(server_root() . '/logs/own.log'), qr{"path":"/[ac]"});


=== USR1 opens the log anew
--- policy eval: $::POLICY
--- audit
--- config eval: $::CONFIG
--- then
my $log = server_root() . '/logs/audit.log';
http('GET', '/one');
audit(1);
rename $log, "$log.1" or die $!;
my ($pid) = read_file(server_root() . '/logs/nginx.pid') =~ /(\d+)/;
kill 'USR1', $pid;
wait_for(sub { -e $log });
sleep 0.3;
http('GET', '/two');
is(join(' ', map { $_->{path} } audit(1)), '/two', 'the new file');
unlike(read_file("$log.1"), qr/two/, 'not the old one');


=== by the names of the Elastic Common Schema
--- policy eval: $::POLICY
--- config
    weir_audit_log logs/audit.log format=ecs;
    weir on;
    location / { return 200 "$weir_request_id\n"; }
--- then
my $trace = '0af7651916cd43dd8448eb211c80319c';
my $a = http('GET', '/read/a?q=secret', Host => 'acme.shop.example', traceparent => "00-$trace-b7ad6b7169203331-01");
http('GET', '/open/?deny');
chomp $a->{body};
my @l = audit(2);
like(delete $l[0]{'@timestamp'}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
like(delete $l[0]{'weir.generation'}, qr/^\d+$/);
is_deeply($l[0], {
    'ecs.version' => '8.11.0', 'event.kind' => 'event', 'event.dataset' => 'weir.audit',
    'event.action' => 'decision', 'event.outcome' => 'success',
    'http.request.id' => $a->{body}, 'trace.id' => $trace, 'organization.id' => 'acme',
    'weir.route' => 'read', 'weir.verdict' => 'allow', 'weir.reason' => 'allowed',
    'rule.name' => 'all', 'weir.policy' => 'edge', 'http.request.method' => 'GET',
    'url.domain' => 'acme.shop.example', 'url.path' => '/read/a', 'client.ip' => '127.0.0.1',
    'weir.serial' => 7, 'http.response.status_code' => 200,
}, 'every field that is not empty');
is("$l[1]{'event.outcome'} $l[1]{'weir.verdict'} $l[1]{'rule.name'} $l[1]{'http.response.status_code'}",
   'failure deny nope 451');


=== syslog gets the same line
--- policy eval: $::POLICY
--- config
    weir_audit_log syslog:server=127.0.0.1:$TEST_NGINX_RAND_PORT_2,tag=weir,nohostname;
    weir on;
    location / { return 200 "ok\n"; }
--- then
my ($port) = read_file(server_root() . '/conf/nginx.conf') =~ /syslog:server=127.0.0.1:(\d+)/;
my $udp = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Proto => 'udp') or die $!;
http('GET', '/open/x');
ok(IO::Select->new($udp)->can_read(3), 'a datagram');
recv $udp, my $line, 65536, 0;
like($line, qr/^<\d+>.* weir: \{"time":.*"path":"\/open\/x".*\}$/);


=== syslog over a unix socket, by the names of ECS; a receiver that comes back
--- policy eval: $::POLICY
--- config
    weir_audit_log syslog:server=unix:$TEST_NGINX_SERVER_ROOT.policy/log.sock,tag=weir,nohostname format=ecs;
    weir on;
    location / { return 200 "ok\n"; }
    location = /status { weir off; weir_status; }
--- then
my $path = server_root() . '.policy/log.sock';
ok(wait_for(sub { status()->{decisions}{audit_errors} }), 'nobody listens yet');
http('GET', '/open/lost') for 1 .. 3;
is(status()->{decisions}{audit_errors}, 4, 'what is lost is counted');
my $log = read_file(server_root() . '/logs/error.log');
is(scalar(() = $log =~ /lost a line/g), 1, 'and said once');
cmp_ok(scalar(() = $log =~ /connect\(\) failed/g), '<', 4, 'nginx did not try each time');

my $receiver = sub {
    unlink $path;
    my $s = IO::Socket::UNIX->new(Local => $path, Type => IO::Socket::UNIX::SOCK_DGRAM()) or die "$path: $!";
    chmod 0777, $path;
    return $s;
};
my $get = sub { IO::Select->new($_[0])->can_read(3) or return ''; recv $_[0], my $line, 65536, 0; $line };

my $s = $receiver->();
sleep 1.1;
http('GET', '/open/one');
like($get->($s), qr/^<\d+>[^{]* weir: \{"\@timestamp":.*"url\.path":"\/open\/one".*\}$/);

close $s;
$s = $receiver->();
http('GET', '/open/two');
like($get->($s), qr/"url\.path":"\/open\/two"/, 'nothing is lost to who is back at once');
is(status()->{decisions}{audit_errors}, 4);
unlink $path;
--- no_error_log
[emerg]
Sanitizer


=== a log that cannot be written loses lines, counted, and nothing else
--- policy eval: $::POLICY
--- config
    weir_audit_log /dev/full;
    weir on;
    location / { return 200 "ok\n"; }
    location = /status { weir off; weir_status; }
--- ask
GET /open/ -> 200 ok
GET /open/ -> 200 ok
GET /none  -> 404
--- then
is(status()->{decisions}{audit_errors}, 4, 'three and that of the policy');
--- grep_error_log: the audit log "/dev/full" lost a line
--- grep_error_log_out
the audit log "/dev/full" lost a line
