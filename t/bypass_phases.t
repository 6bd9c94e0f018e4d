# No phase, redirect or subrequest of nginx is a way around the policy.

use Weir 'no_plan';

our $POLICY = <<'END';
deny:
  - {id: nope, when: '"deny" in request.params', status: 451}
routes:
  - {id: open, match: {path: "/open/**"}, public: true}
  - {id: file, match: {path: "/index.html"}, public: true}
audit: {sample: {allow: 100%}}
END

run_tests();

__DATA__

=== satisfy any with another allow does not let a refused request in
--- policy eval: $::POLICY
--- config
    location / {
        weir on;
        satisfy any;
        allow all;
        auth_basic closed;
        auth_basic_user_file /dev/null;
        return 200 "in\n";
    }
    location /open/empty {
        weir on;
        satisfy any;
        allow all;
        empty_gif;
    }
    location /gif {
        weir on;
        satisfy any;
        allow all;
        empty_gif;
    }
--- ask
GET /open/a          -> 200 in
GET /open/a?deny     -> 451
GET /closed          -> 404
GET /gif             -> 404
GET /open/empty      -> 200
GET /open/empty?deny -> 451


=== nor do allow, deny and basic auth come first
--- policy eval: $::POLICY
--- config
    location / { weir on; deny all; return 200 "in\n"; }
    location /open/gif { weir on; deny all; empty_gif; }
--- ask
GET /closed        -> 404
GET /open/gif?deny -> 451
GET /open/gif      -> 403


=== an auth_request that says yes does not overrule the policy
--- policy eval: $::POLICY
--- audit
--- config
    location /gif      { weir on; auth_request /yes; empty_gif; }
    location /open/gif { weir on; auth_request /yes; empty_gif; }
    location /open/no  { weir on; auth_request /no; empty_gif; }
    location = /yes    { weir off; return 204; }
    location = /no     { weir off; return 403; }
--- ask
GET /gif           -> 404
GET /open/gif      -> 200
GET /open/gif?deny -> 451
GET /open/no       -> 403
--- then
is(join(' ', map { $_->{path} } audit(4)), '/gif /open/gif /open/gif /open/no', 'one decision each');


=== a subrequest runs under the decision of its client request
--- policy eval: $::POLICY
--- audit
--- config
    location /open/gif { weir on; auth_request /sub; empty_gif; }
    location = /sub    { weir on; return 204; }
--- ask
GET /open/gif -> 200
GET /sub      -> 404
--- then
is(scalar(my @l = audit(2)), 2, 'no line for the subrequest');


=== a subrequest of an undecided request into weir on is 403
--- policy eval: $::POLICY
--- config
    location /off      { weir off; auth_request /sub; empty_gif; }
    location /off/page { weir off; auth_request /sub; error_page 403 = /fine; empty_gif; }
    location = /sub    { weir on; return 204; }
    location = /fine   { weir off; return 200 "fine\n"; }
--- ask
GET /off      -> 403
GET /off/page -> 200 fine
--- error_log
refused, since its client request was never decided


=== try_files leads to other locations, and what was refused stays refused
--- policy eval: $::POLICY
--- user_files
>>> index.html
index
--- config
    root html;
    location / { weir on; try_files $uri @back; }
    location @back { weir on; return 200 "back\n"; }
    location /open/t { weir on; try_files /none /index.html; }
    location /open/u { weir off; try_files /none /index.html; }
    location = /index.html { weir on; }
--- ask
GET /open/a          -> 200 back
GET /open/a?deny     -> 451
GET /closed          -> 404
GET /open/t          -> 200 index
GET /open/t?deny     -> 451
GET /open/u          -> 200 index
GET /open/u?deny     -> 451
GET /index.html      -> 200 index
GET /index.html?deny -> 451


=== a refused request goes on only into weir off, also through named locations
--- policy eval: $::POLICY
--- config
    location /a { weir on; error_page 451 404 = @on; return 200 "a\n"; }
    location /b { weir on; error_page 451 404 = @dry; return 200 "b\n"; }
    location /c { weir on; error_page 451 404 = @off; return 200 "c\n"; }
    location /d { weir on; error_page 451 404 = @chain; return 200 "d\n"; }
    location @on  { weir on; return 200 "on\n"; }
    location @dry { weir dry_run; return 200 "dry\n"; }
    location @off { weir off; return 200 "off\n"; }
    location @chain { weir off; rewrite ^ /a last; }
--- ask
GET /a -> 404 ~<html>
GET /b -> 404 ~<html>
GET /c -> 404 off
GET /d -> 404 ~<html>


=== a decision is made once: a redirect inside nginx does not buy another
--- policy eval: $::POLICY
--- audit
--- config
    weir on;
    location /open/go { rewrite ^ /elsewhere last; }
    location /elsewhere { return 200 "elsewhere\n"; }
    location /closed { rewrite ^ /open/a last; }
    location / { return 200 "other\n"; }
--- ask
GET /open/go   -> 200 elsewhere
GET /elsewhere -> 404
GET /closed    -> 404
--- then
is(join(' ', map { "$_->{path}:$_->{verdict}" } audit(3)),
   '/open/go:allow /elsewhere:deny /closed:deny');


=== X-Accel-Redirect goes on under the decision that was made
--- policy eval: $::POLICY
--- audit
--- upstream
    location /open/x { add_header X-Accel-Redirect /inner; return 200 "no\n"; }
    location /open/n { add_header X-Accel-Redirect @named; return 200 "no\n"; }
    location /off { add_header X-Accel-Redirect /inner; return 200 "no\n"; }
--- config
    location / { weir on; proxy_pass http://orders; }
    location /off { weir off; proxy_pass http://orders; }
    location = /inner { weir on; internal; return 200 "inner $weir_route\n"; }
    location @named { weir on; return 200 "named $weir_route\n"; }
--- ask
GET /open/x      -> 200 inner open
GET /open/n      -> 200 named open
GET /open/x?deny -> 451
GET /inner       -> 404
GET /off         -> 404
--- then
is(scalar(my @l = audit(4)), 4, "a line each, but for nginx's own 404");


=== an index and a directory are redirects under the same decision
--- policy
routes:
  - {id: root, match: {path: "/"}, public: true}
  - {id: dir, match: {path: "/dir/"}, public: true}
--- user_files
>>> index.html
index
>>> dir/index.html
dir index
>>> secret.html
secret
--- config
    root html;
    weir on;
--- ask
GET /            -> 200 index
GET /dir/        -> 200 dir index
GET /index.html  -> 404
GET /secret.html -> 404
GET /dir         -> 404


=== mirrors run under the decision, and none is sent of a refused request
--- policy eval: $::POLICY
--- audit
--- upstream
--- config
    location / { weir on; mirror /mirror; proxy_pass http://orders; }
    location = /mirror { weir on; internal; proxy_pass http://catalog/mirrored$request_uri; }
--- ask
GET /open/a      -> 200 upstream GET /open/a
GET /open/b?deny -> 451
GET /mirror      -> 404
--- then
my $log = wait_for(sub { my $l = read_file(server_root() . '/logs/upstream.log'); $l =~ /mirrored/ && $l });
like($log, qr{/mirrored/open/a});
unlike($log, qr{/open/b});
is(scalar(my @l = audit(2)), 2, 'no line for the mirror');


=== SSI includes run under the decision of the page
--- policy eval: $::POLICY
--- user_files
>>> open/page.html
[<!--# include virtual="/part" -->|<!--# include virtual="/offpart" -->]
>>> offpage.html
[<!--# include virtual="/part" -->|<!--# include virtual="/offpart" -->]
--- config
    root html;
    ssi on;
    ssi_types text/plain;
    location / { weir on; }
    location = /offpage.html { weir off; }
    location = /part { weir on; return 200 "part"; }
    location = /offpart { weir off; return 200 "offpart"; }
--- ask
GET /open/page.html      -> 200 [part|offpart]
GET /open/page.html?deny -> 451
GET /offpage.html        -> 200 ~\[.*403 Forbidden.*\|offpart\]
GET /part                -> 404


=== return and rewrite in a location come after the refusal
--- policy eval: $::POLICY
--- config
    weir on;
    location /r { return 200 "r\n"; }
    location /w { rewrite ^ /off break; return 200 "w\n"; }
    location /l { rewrite ^ /off last; }
    location /p { rewrite ^ https://elsewhere.example/ permanent; }
    location /i { if ($request_method = GET) { return 200 "i\n"; } }
    location /off { weir off; return 200 "off\n"; }
--- ask
GET /r -> 404 ~<html>
GET /w -> 404 ~<html>
GET /l -> 404 ~<html>
GET /p -> 404 ~<html>
GET /i -> 404 ~<html>


=== error_page after our refusal into a proxied location: refused again
--- policy eval: $::POLICY
--- upstream
--- config
    location / {
        weir on;
        error_page 404 451 = /proxied;
        proxy_pass http://orders;
    }
    location = /proxied { weir on; proxy_pass http://orders; }
--- ask
GET /closed      -> 404 ~<html>
GET /open/a?deny -> 451 ""
GET /open/a      -> 200 upstream GET /open/a
--- then
is(scalar(() = read_file(server_root() . '/logs/upstream.log') =~ /\n/g), 1, 'only what was allowed');


=== error_page after nginx's own 400 into a proxied location: refused
--- policy eval: $::POLICY
--- upstream
--- config
    weir on;
    error_page 400 414 494 = /open/proxied;
    location / { proxy_pass http://orders; }
--- then
for ("GET /open/ HTTP/1.1\r\n\r\n",
     "GET /open/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
     "GET /open/ HTTP/1.1\r\nHost: a/b\r\n\r\n",
     "GET /open/ HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
     "GET /open/ HTTP/1.1\r\nHost: a\r\nX: " . 'x' x 9000 . "\r\n\r\n",
     'GET /open/' . 'x' x 9000 . " HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET /open/proxied HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
     "GET /open/proxied HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
     "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
     "GET /../ HTTP/1.1\r\nHost: a\r\n\r\n",
     "nonsense\r\n\r\n")
{
    my $a = http_raw($_);
    like($a, qr{(?:^HTTP/1\.[01] |<title>)4\d\d}, 'a refusal: ' . substr $_, 0, 40);
    unlike($a, qr/upstream/, 'not from the upstream');
}
is(read_file(server_root() . '/logs/upstream.log'), '', 'nothing arrived');


=== after nginx's own 400, an error page with weir off is served
--- policy eval: $::POLICY
--- config
    weir on;
    error_page 400 /bad;
    location = /bad { weir off; return 200 "bad\n"; }
    location / { return 200 "ok\n"; }
--- then
like(http_raw("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), qr/^HTTP\/1.1 400.*\r\nbad\n/s);


=== what nginx made of an upstream's error stays under the first decision
--- policy eval: $::POLICY
--- upstream
    location /open/boom { return 502 "boom\n"; }
--- config
    location / {
        weir on;
        proxy_pass http://orders;
        proxy_intercept_errors on;
        error_page 502 = /fallback;
    }
    location = /fallback { weir on; return 200 "fallback $weir_route\n"; }
--- ask
GET /open/boom      -> 200 fallback open
GET /open/boom?deny -> 451
GET /fallback       -> 404


=== post_action runs under the decision as well
--- policy eval: $::POLICY
--- audit
--- upstream
--- config
    location / { weir on; post_action /after; proxy_pass http://orders; }
    location = /after { weir on; proxy_pass http://catalog/after; }
--- ask
GET /open/a -> 200
GET /open/a?deny -> 451
GET /after  -> 404
--- then
is(scalar(my @l = audit(3)), 3, 'a line each');


=== weir decides before limit_except, limit_req and access rules answer
--- policy eval: $::POLICY
--- config
    location / { weir on; limit_except GET { deny all; } return 200 "x\n"; }
    location /open/gif { weir on; limit_except GET { deny all; } empty_gif; }
--- ask
POST /closed        -> 404
POST /open/gif      -> 403
POST /open/gif?deny -> 451
