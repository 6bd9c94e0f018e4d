# weir import: what manifests promised, nginx does with the files as written.
#
# The manifests are those of policy/test/cases/import-*.  Services are stand-ins
# that say who they are, the host and the path they got; the rest of what
# import wrote is served as it is, on ports of our own.

use Weir 'no_plan';

use File::Path qw(make_path);

sub imported {
    my ($name, @files) = @_;
    my $dir = image_dir() . "/$name";
    my $tls = tls();
    my $weir = weir();
    my $n = 0;

    @files = glob("policy/test/cases/import-$name/manifests*") if !@files;
    my $said = qx{$weir import @files -o $dir 2>&1};
    die "import of $name: $said" if ($? >> 8) != 0 && ($? >> 8) != 8;

    $said = qx{$weir compile $dir/policy.yaml -o $dir/policy.weir 2>&1};
    die "policy of $name: $said" if $? != 0;

    my $upstreams = read_file("$dir/upstreams.conf");
    my $stand_ins = '';

    $upstreams =~ s/^(upstream \S+ .\n    server )\S+;/
                    $1 . 'unix:' . image_dir() . '\/' . ++$n . '.sock;'/gme;

    while ($upstreams =~ /^upstream (\S+) .\n    server unix:(\S+);/gm) {
        unlink $2;
        $stand_ins .= "server {\n    listen unix:$2;\n"
            . "    default_type text/plain;\n"
            . "    location / {\n        return 200 \"$1 \$http_host "
            . "\$request_uri \$http_x_forwarded_prefix\$http_x_one|"
            . "\$http_upgrade\\n\";\n    }\n}\n";
    }

    my $http = read_file("$dir/server.conf");

    $http =~ s/^weir_policy policy\.weir;/weir_policy $dir\/policy.weir check=20ms;/m
        or die 'no weir_policy';
    $http =~ s/listen 8080/listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_1/g;
    $http =~ s/listen 8443/listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_2/g;
    $http =~ s{tls/\S+\.ca\.crt}{$tls/cert.pem}g;
    $http =~ s{tls/\S+\.crt}{$tls/cert.pem}g;
    $http =~ s{tls/\S+\.key}{$tls/key.pem}g;

    return $upstreams . $stand_ins . $http;
}

sub port {
    return $Test::Nginx::Util::RandPorts->{"TEST_NGINX_RAND_PORT_$_[0]"};
}

# "URL Header:value ..." to "STATUS who host path headers", or where it leads.
sub got {
    my ($host, $path, %more) = @_;
    my $a = http(delete $more{method} || 'GET', $path, Host => $host,
                 port => port(1), %more);
    my $to = header($a, 'Location');
    my $body = $a->{status} == 200 ? $a->{body} : '';

    $body =~ s/ *\|?\n\z//;

    return join ' ', $a->{status}, grep { defined && length } $to, $body;
}

our $SERVER = "    location / { return 204; }\n";

run_tests();

__DATA__

=== hosts and paths
--- http_config eval: main::imported('virtual-hosts')
--- config eval: $::SERVER
--- then
is(got('foo.bar.com', '/a?b=c'), '200 default_service1_80 foo.bar.com /a?b=c', 'an exact host');
is(got('x.bar.com', '/'), '200 default_service2_80 x.bar.com /', 'a wildcard');
is(got('elsewhere.org', '/'), '200 default_service3_80 elsewhere.org /', 'any other');
is(got('only.bar.com', '/x/y'), '200 default_service4_80 only.bar.com /x/y', 'a path');
is(got('only.bar.com', '/y'), '404', 'which is all that the host has');
is(got('foo.bar.com', '/', Upgrade => 'websocket', Connection => 'Upgrade'), '200 default_service1_80 foo.bar.com / |websocket', 'WebSockets go through');


=== types of paths
--- http_config eval: main::imported('path-types')
--- config eval: $::SERVER
--- then
my %who = ('/exact' => 'exact', '/exact/x' => 'root', '/p' => 'prefix', '/p/x' => 'prefix', '/p/q' => 'same-exact', '/p/q/r' => 'longer', '/p/qq' => 'prefix', '/pp' => 'root', '/%70/q/r' => 'longer', '/impl/a' => 'impl');
for my $path (sort keys %who) {
    like(got('t.example', $path), qr/^200 default_$who{$path}_80 /, $path);
}


=== a canary by header, by cookie and by weight
--- http_config eval: main::imported('canary-cookie')
--- config eval: $::SERVER
--- then
my $host = 'echo.prod.mydomain.com';
like(got($host, '/', h => 'always'), qr/canary/, 'a header');
like(got($host, '/', h => 'never'), qr/production/, 'the other way');
like(got($host, '/', Cookie => 'users_from_x=always'), qr/canary/, 'a cookie');
like(got($host, '/', Cookie => 'users_from_x=never'), qr/production/, 'the other way');
like(got($host, '/'), qr/canary/, 'all of the rest');


=== a canary by weight alone gets its share
--- http_config eval: main::imported('canary-weight')
--- config eval: $::SERVER
--- then
my $n = grep { got('echo.prod.mydomain.com', '/') =~ /canary/ } 1 .. 200;
cmp_ok($n, '>', 30, 'of 200, 60 are expected');
cmp_ok($n, '<', 95, 'give or take');


=== limits
--- http_config eval: main::imported('limits')
--- config eval: $::SERVER
--- then
my @all = map { got('rps.example', '/') =~ /^(\d+)/ } 1 .. 20;
is("@all[0 .. 10]", join(' ', (200) x 11), 'two a second, and five times that at once');
ok((grep { $_ == 503 } @all), 'no more');
is(got('rps.example', '/b'), '503', 'paths share it');
like(got('rpm.example', '/'), qr/^200/, 'hosts do not');


=== origins of pages
--- http_config eval: main::imported('cors')
--- config eval: $::SERVER
--- then
my %ask = (Host => 'some.example', Origin => 'https://a.foo.bar:8080', port => port(1));
my $a = http('OPTIONS', '/', %ask, 'Access-Control-Request-Method' => 'PUT');
is(header($a, 'Access-Control-Allow-Origin'), 'https://a.foo.bar:8080', 'a preflight');
like(header($a, 'Access-Control-Allow-Methods'), qr/PUT/, 'methods');
is(header($a, 'Access-Control-Max-Age'), 600, 'age');
$a = http('GET', '/', %ask);
is(header($a, 'Access-Control-Allow-Origin'), 'https://a.foo.bar:8080', 'an answer');
$a = http('GET', '/', %ask, Origin => 'https://evil.example');
is(header($a, 'Access-Control-Allow-Origin'), undef, 'another origin');


=== rewritten paths
--- http_config eval: main::imported('rewrite')
--- config eval: $::SERVER
--- then
is(got('rewrite.bar.com', '/something/new/x%20y?q=1'), '200 default_http-svc_80 rewrite.bar.com /new/x%20y?q=1', 'the rest');
is(got('rewrite.bar.com', '/something'), '200 default_http-svc_80 rewrite.bar.com /', 'nothing');
is(got('first.bar.com', '/user/Joe/x'), '200 default_user_80 first.bar.com /new/Joe', 'a segment');
is(got('fixed.bar.com', '/all/a'), '200 default_a_80 fixed.bar.com /', 'a constant');
is(got('query.bar.com', '/q/a'), '503', 'what is not translated is closed');


=== redirects
--- http_config eval: main::imported('redirects')
--- config eval: $::SERVER
--- then
is(got('old.example', '/a/b?c=d'), '308 https://www.example.com/a/b?c=d', 'for good, with its code');
is(got('temp.example', '/x/y'), '302 https://www.google.com', 'for now');
is(got('temp.example', '/y'), '404', 'not what has no path');
like(got('root.example', '/'), qr{^302 http://root.example(:\d+)?/app1$}, 'the root');
is(got('root.example', '/a'), '200 default_a_80 root.example /a', 'and nothing else');
is(got('site.example', '/a?b'), '308 http://www.site.example/a?b', 'to www');
is(got('evil.example', '/'), '503', 'text that would end the directive');


=== filters of HTTPRoutes
--- http_config eval: main::imported('gateway-rewrite')
--- config eval: $::SERVER
--- then
is(got('rewrite.example', '/foo/x?y'), '200 default_a_80 one.example /bar/x?y a ${request.host} b', 'path, host and header');
is(got('rewrite.example', '/foo'), '200 default_a_80 one.example /bar a ${request.host} b', 'the prefix alone');
is(got('rewrite.example', '/strip/x'), '200 default_a_80 rewrite.example /x', 'stripped');
is(got('rewrite.example', '/full/x?y'), '200 default_a_80 rewrite.example /x?y', 'the whole path');
is(got('rewrite.example', '/ext'), '500', 'a filter that nobody knows');
my $a = http('GET', '/foo', Host => 'rewrite.example', port => port(1));
is(header($a, 'X-R'), '"${1+1}"', 'text is no expression');


=== redirects of HTTPRoutes
--- http_config eval: main::imported('gateway-redirect')
--- config eval: $::SERVER
--- then
is(got('r.example', '/cayenne/x?y'), '302 http://r.example/paprika/x?y', 'a prefix');
is(got('r.example', '/all/x'), '301 https://redirect.example/here', 'a host and a path');
is(got('r.example', '/z?a'), '302 https://r.example:8443/z?a', 'a scheme and a port');
is(got('r.example', '/evil'), '500', 'text that would end the directive');


=== order of rules of HTTPRoutes
--- http_config eval: main::imported('gateway-precedence')
--- config eval: $::SERVER
--- then
like(got('p.example', '/', a => 1), qr/first/, 'one header');
like(got('p.example', '/', b => 2), qr/second/, 'the other');
like(got('p.example', '/', a => 1, b => 2), qr/first/, 'both: by name');
like(got('p.example', '/', a => 1, b => 2, c => 3), qr/three/, 'more headers');


=== http is redirected to https, where there is a certificate
--- http_config eval: main::imported('tls')
--- config eval: $::SERVER
--- then
is(got('https-example.foo.com', '/a?b'), '308 https://https-example.foo.com/a?b', 'by default');
is(got('plain.foo.com', '/a'), '200 default_service1_80 plain.foo.com /a', 'not where it says so');
is(got('lb.foo.com', '/', 'X-Forwarded-Proto' => 'http'), '308 https://lb.foo.com/', 'behind a balancer');
like(got('lb.foo.com', '/', 'X-Forwarded-Proto' => 'https'), qr/^200/, 'which had TLS');
my $said = qx{printf 'GET /a HTTP/1.0\r\nHost: https-example.foo.com\r\n\r\n' | openssl s_client -quiet -ign_eof -servername https-example.foo.com -connect 127.0.0.1:@{[port(2)]} 2>/dev/null};
like($said, qr/default_service1_80 https-example.foo.com \/a/, 'over TLS');


=== settings of nginx are those of the path
--- http_config eval: main::imported('proxy')
--- config eval: $::SERVER
--- then
my $body = 'x' x (2 << 20);
like(got('s.example', '/plain', method => 'POST', body => $body), qr/^413/, 'a megabyte, unless given');
unlike(got('s.example', '/up', method => 'POST', body => $body), qr/^413/, 'eight, where they are');
--- no_error_log
[emerg]


=== certificates are those of the host that a handshake is for
--- http_config eval: main::imported('guards')
--- config eval: $::SERVER
--- then
sub shown {
    my ($host, @name) = @_;
    my $pem = tls();
    my $said = qx{printf 'GET /a HTTP/1.0\r\nHost: $host\r\n\r\n' | openssl s_client -quiet -ign_eof @name -cert $pem/cert.pem -key $pem/key.pem -connect 127.0.0.1:@{[port(2)]} 2>/dev/null};
    return $said =~ m{^HTTP/1.1 (\d+)} ? $1 : $said;
}
is(shown('one.example', '-servername one.example'), '200', 'its own');
is(shown('one.example', '-servername two.example'), '421', 'of another');
is(shown('one.example', '-noservername'), '403', 'of whoever is first');
is(shown('none.example', '-servername two.example'), '421', 'a host without tls, behind another');
is(shown('none.example', '-noservername'), '503', 'a host without tls');
is(shown('two.example', '-servername two.example'), '503', 'two Secrets');
--- no_error_log
[emerg]


=== addresses, and who is asked in a way that is not translated
--- http_config eval: main::imported('addresses')
--- config eval: $::SERVER
--- then
is(got('a.example', '/'), '403', 'not listed');
like(got('d.example', '/'), qr/^200/, 'not denied');
is(got('x.example', '/'), '503', 'a list that is none');


=== hostile manifests are text at most
--- http_config eval: main::imported('hostile')
--- config eval: $::SERVER
--- then
is(got('h.example', '/'), '503', 'closed');
is(got('i.example', '/'), '403', 'nobody has a certificate');
like(got('j.example', '/', 'x-c' => '|| true ||'), qr/default_b_80/, 'a pattern that is none');


=== what a guard took, it has or nobody
--- http_config eval: main::imported('kept')
--- config eval: $::SERVER
--- then
is(got('regex.example', '/admin/x'), '403', 'not listed');
is(got('regex.example', "/$_"), '503', $_) for qw(ADMIN/x administrator %61DMIN a/../Admin api/secret inner/x);
is(got('regex.example', '/x/y'), '200 default_a_80 regex.example /x/y', 'what nobody guarded');
is(got('regex.example', '/admin/public'), '200 default_a_80 regex.example /admin/public', 'a longer path');
is(got('text.example', '/v1.2'), '503', 'the beginning of a text');
is(got('text.example', '/x?y'), '200 default_a_80 text.example /x?y', 'a path that is rewritten to itself');


=== an alias has the routes of its host
--- http_config eval: main::imported('aliases')
--- config eval: $::SERVER
--- then
for my $host (qw(shop.example www.shop.example a.alias.example)) {
    is(got($host, '/app/x?y'), "308 https://$host/app/x?y", "$host has the certificate");
    is(got($host, '/open/x'), "308 https://$host/open/x", "$host, for all paths");
    is(got($host, '/open/admin'), '403', "$host, for all guards");
}
is(got('other.example', '/app/x'), '200 default_other_80 other.example /app/x', 'rules of its own');
