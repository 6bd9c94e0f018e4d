# What a refused client gets.

use Weir 'no_plan';

our $POLICY = <<'END';
deny:
  - {id: secret-rule, when: '"deny" in request.params', status: 451, message: "not in your country"}
  - {id: plain, when: '"plain" in request.params'}
  - {id: odd, when: '"odd" in request.params', status: 499, message: "odd"}
  - {id: old, when: '"old" in request.params', status: 408}
  - {id: gone, when: '"gone" in request.params', status: 503}
routes:
  - {id: secret-route, match: {path: "/**"}, public: true}
END

our $CONFIG = <<'END';
    weir on;
    location / { return 200 "ok\n"; }
END

run_tests();

__DATA__

=== a client that takes JSON gets problem+json, else nginx's own page
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- ask
GET /?deny Accept:application/json         -> 451 {"type":"about:blank","title":"Unavailable For Legal Reasons","status":451,"detail":"not in your country"}
GET /?deny Accept:application/problem+json -> 451 ~\{
GET /?deny Accept:*/*                      -> 451 ~\{
GET /?deny Accept:application/*            -> 451 ~\{
GET /?deny "Accept:text/html, application/json"       -> 451 ~\{
GET /?deny "Accept:text/html;q=0.9, application/json" -> 451 ~\{
GET /?deny "Accept:Application/JSON;q=0.5"            -> 451 ~\{
GET /?deny "Accept:text/html, */*;q=0.8"              -> 451 ""
GET /?deny "Accept:text/html"                         -> 451 ""
GET /?deny "Accept:application/json;q=0, text/html"   -> 451 ""
GET /?deny "Accept:application/json;q=0, */*"         -> 451 ""
GET /?deny Accept:image/png                           -> 451 ""
GET /?deny                                            -> 451 ""
GET /?plain                                           -> 403 ~<html>
GET /?plain Accept:text/html                          -> 403 ~<html>.*403 Forbidden
GET /?plain Accept:application/json                   -> 403 {"type":"about:blank","title":"Forbidden","status":403}


=== the type of the body is said, and nothing of the policy
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $a = http('GET', '/?deny', Accept => 'application/json');
is(header($a, 'Content-Type'), 'application/problem+json');
is(header($a, 'Content-Length'), length $a->{body});
unlike("$a->{head}$a->{body}", qr/secret/, 'neither rule nor route');

$a = http('GET', '/?deny');
unlike("$a->{head}$a->{body}", qr/secret|country/, 'nor in a page');

$a = http('GET', '/?plain');
is(header($a, 'Content-Type'), 'text/html', "nginx's own page");


=== a message may hold anything
--- policy
deny:
  - {id: d, when: 'true', message: "\"quoted\" \\ tab\t line\n é 😀 </script> \x7f"}
routes:
  - {id: r, match: {path: /}, public: true}
--- config eval: $::CONFIG
--- then
my $a = http('GET', '/', Accept => 'application/json');
my $p = JSON::PP->new->utf8->decode($a->{body});
is($p->{detail}, qq("quoted" \\ tab\t line\n \x{e9} \x{1f600} </script> \x7f));


=== statuses that nginx keeps for itself are sent as they are
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- ask
GET /?odd Accept:application/json -> 499 {"type":"about:blank","title":"Client Error","status":499,"detail":"odd"}
GET /?odd  -> 499
GET /?old  -> 408
GET /?gone -> 503


=== 444 closes without a word, since a rule that says it means it
--- policy
deny:
  - {id: d, when: 'true', status: 444}
routes:
  - {id: r, match: {path: /}, public: true}
--- config eval: $::CONFIG
--- then
is(http_raw("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), '', 'no answer');
is(http_raw("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n"), '', 'no answer');


=== an error_page replaces the body, never the refusal
--- policy eval: $::POLICY
--- config
    weir on;
    error_page 451 /why.html;
    error_page 403 = /fine.html;
    location / { return 200 "ok\n"; }
    location = /why.html  { weir off; return 200 "because\n"; }
    location = /fine.html { weir off; return 200 "fine page\n"; }
--- ask
GET /?deny                         -> 451 because
GET /?deny Accept:application/json -> 451 because
GET /?plain                        -> 403 fine page
GET /?gone                         -> 503 ~<html>
GET /                              -> 200 ok


=== an error page that is under the policy itself is refused, once
--- policy eval: $::POLICY
--- config
    weir on;
    error_page 451 403 404 /why.html;
    location / { return 200 "ok\n"; }
    location = /why.html { return 200 "because\n"; }
--- ask
GET /?deny -> 451
GET /?deny Accept:application/json -> 451
GET /why.html -> 200 because
--- no_error_log
rewrite or internal redirection cycle
[alert]


=== nor does it go round in circles where error pages are recursive
--- policy eval: $::POLICY
--- config
    weir on;
    recursive_error_pages on;
    error_page 451 403 404 /why.html;
    location / { return 200 "ok\n"; }
    location = /why.html { return 200 "because\n"; }
--- ask
GET /?deny -> 451 ""
GET /?deny Accept:application/json -> 451 ~\{
GET /?plain -> 403 ~<html>
--- no_error_log
rewrite or internal redirection cycle
[alert]


=== an error_page to another site, or to a named location
--- policy eval: $::POLICY
--- config
    weir on;
    error_page 403 https://why.example/;
    error_page 451 @why;
    location / { return 200 "ok\n"; }
    location @why { weir off; return 451 "named\n"; }
--- ask
GET /?deny  -> 451 named
GET /?plain -> 302


=== HEAD has the headers of GET and no body
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $a = http('HEAD', '/?deny', Accept => 'application/json');
my $b = http('GET', '/?deny', Accept => 'application/json');
is($a->{status}, 451);
is($a->{body}, '');
is(header($a, 'Content-Length'), length $b->{body});
is(header($a, 'Content-Type'), 'application/problem+json');


=== HTTP/1.0 and HTTP/0.9 are refused alike
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- ask
GET /?plain HTTP/1.0 -> 403
GET /?plain HTTP/1.0 -Host -> 403
--- then
like(http_raw("GET /?plain\r\n"), qr/403 Forbidden/, 'HTTP/0.9');
unlike(http_raw("GET /?deny\r\n"), qr/ok/, 'HTTP/0.9');


=== a connection goes on after a refusal, whose body was discarded
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $body = 'b' x 100_000;
my $answer = http_raw(
    "POST /?deny HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n$body"
    . "POST /?plain HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n"
    . "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    . "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
is(join(' ', $answer =~ m{^HTTP/1.1 (\d+)}mg), '451 403 200', 'three answers');


=== a 400 ends the connection
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $answer = http_raw("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n"
                      . "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
is(join(' ', $answer =~ m{^HTTP/1.1 (\d+)}mg), '400', 'one answer');

$answer = http_raw("GET /%3b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
                   . "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
is(join(' ', $answer =~ m{^HTTP/1.1 (\d+)}mg), '400', 'one answer of ours');


=== Expect: 100-continue is not answered with 100 when refused
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $answer = http_raw("POST /?deny HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                      . "Expect: 100-continue\r\nConnection: close\r\n\r\n");
unlike($answer, qr/100 Continue/);
like($answer, qr/^HTTP\/1.1 451/);


=== nothing of a refused request reaches an upstream
--- policy eval: $::POLICY
--- upstream
--- config
    weir on;
    location / { proxy_pass http://orders; }
--- ask
POST /?deny body=abc   -> 451
GET /a%3Bb             -> 400
GET /there             -> 200 upstream GET /there
--- then
is(scalar(() = read_file(server_root() . '/logs/upstream.log') =~ /\n/g), 1);


=== headers that were added for a success are not sent, those for always are
--- policy eval: $::POLICY
--- config
    weir on;
    add_header X-Some some;
    add_header X-Always always always;
    location / { return 200 "ok\n"; }
--- then
my $a = http('GET', '/?deny', Accept => 'application/json');
is(header($a, 'X-Some'), undef);
is(header($a, 'X-Always'), 'always');
