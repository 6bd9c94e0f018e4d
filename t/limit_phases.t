# A client request is charged once, whatever nginx makes of it; and limits
# stand beside those of nginx.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'reloads by itself');
}

workers(2);

our $POLICY = <<'END';
limits:
  r: {key: ['request.headers["x-user"]'], rate: 100/h, burst: 100}
routes: [{id: all, match: {path: "/**"}, public: true, limits: [r]}]
END

our $STATUS = '    location = /status { weir_status; }';

# Units of a user that are used, by one more request.
sub used {
    my ($user, $path) = @_;
    my $a = http('GET', $path // '/probe', 'x-user' => $user);
    my ($left) = (header($a, 'RateLimit') // '') =~ /^"r";r=(\d+)/;

    return 100 - 1 - $left;
}

run_tests();

__DATA__

=== redirects, error pages, subrequests and mirrors cost nothing more
--- policy eval: $::POLICY
--- http_config
    limit_req_zone $http_x_user zone=req:1m rate=1000r/s;
    limit_conn_zone $http_x_user zone=conn:1m;
--- upstream
        location / { return 200 "up\n"; }
--- config
    weir on;
    location / { return 200 "ok\n"; }
    location /moved { rewrite ^ /elsewhere last; }
    location /page { error_page 404 /elsewhere; root html; }
    location /named { error_page 404 = @named; root html; }
    location @named { proxy_pass http://orders; }
    location /try { try_files /none /elsewhere; }
    location /auth { auth_request /sub; proxy_pass http://orders; }
    location /sub { proxy_pass http://orders; }
    location /mirror { mirror /sub; proxy_pass http://orders; }
    location /ssi { ssi on; ssi_types text/plain; default_type text/plain; alias html/ssi.txt; }
    location /limited { limit_req zone=req burst=10; limit_conn conn 10; limit_req_dry_run off; proxy_pass http://orders; }
    location /index/ { alias html/dir/; index index.txt; }
--- user_files
>>> ssi.txt
<!--# include virtual="/sub" --><!--# include virtual="/sub" -->
>>> dir/index.txt
index
--- then
for my $path (qw(/moved /page /named /try /auth /mirror /ssi /limited /index/)) {
    my $user = $path =~ tr/a-z//cdr;
    for my $n (1 .. 3) {
        my $a = http('GET', $path, 'x-user' => $user);
        is(scalar(() = $a->{head} =~ /^RateLimit:/mg), 1, "$path: told once");
        is(header($a, 'RateLimit') =~ s/;t=.*//r, '"r";r=' . (100 - $n), "$path: one unit");
    }
    is(used($user), 3, $path);
}


=== what nginx limits itself is refused by nginx, after the policy
--- policy eval: $::POLICY
--- http_config
    limit_req_zone $http_x_user zone=req:1m rate=1r/m;
    limit_conn_zone $http_x_user zone=conn:1m;
--- upstream
        location / { return 200 "up\n"; }
--- config
    location / { weir on; limit_req zone=req; limit_conn conn 1; proxy_pass http://orders; }
    location /probe { weir on; return 200 "ok\n"; }
--- ask
GET / x-user:a -> 200 up
GET / x-user:a -> 503
GET / x-user:a -> 503
GET / x-user:b -> 200 up
--- then
is(main::used('a'), 3, 'the policy counted each');
like(header(http('GET', '/', 'x-user' => 'a'), 'RateLimit'), qr/"r";r=95/, 'and tells');


=== what is counted outlives a policy that changes, and a reload
--- http_config eval: Weir::Live::http('check=20ms', Weir::compile_policy($::POLICY))
--- config eval
"location / { weir on; return 200 \"ok\\n\"; }\n$::STATUS"
--- then
is(main::used('a'), $_) for 0 .. 4;
my $next = Weir::compile_policy("policy: {name: next}\ndeny: [{id: x, when: '\"x\" in request.params'}]\n$::POLICY");
place($next);
served($next);
is(main::used('a'), 5, 'the same limit of another policy');
ok(reload());
is(main::used('a'), 6, 'and of other workers');
my $other = Weir::compile_policy($::POLICY =~ s/burst: 100/burst: 99/r);
place($other);
served($other);
like(header(http('GET', '/', 'x-user' => 'a'), 'RateLimit'), qr/^"r";r=91;/,
     'with another burst it is the same');
$other = Weir::compile_policy($::POLICY =~ s{100/h}{200/2h}r);
place($other);
served($other);
like(header(http('GET', '/', 'x-user' => 'a'), 'RateLimit'), qr/^"r";r=99;/,
     'with another window it is another');


=== a client that leaves before the answer has paid
--- policy eval: $::POLICY
--- config
    location / { weir on; proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1; }
    location /probe { weir on; return 200 "ok\n"; }
--- then
my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => rand_port(1),
                                   Listen => 16, ReuseAddr => 1, Timeout => 5) or die $!;
my $socket = raw_connect();
syswrite $socket, "GET / HTTP/1.1\r\nHost: a\r\nx-user: a\r\n\r\n";
my $up = $listen->accept;
close $socket;
ok(wait_long(sub { main::used('a') >= 1 }));
