# TLS early data can be replayed: unsafe methods in it get 425.

use Weir 'no_plan';

tls();

our $POLICY = <<'END';
deny:
  - {id: nope, when: '"deny" in request.params', status: 451}
routes:
  - {id: all, match: {path: "/**"}, public: true}
END

our $HTTP = <<'END';
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_3 ssl;
        ssl_certificate     $TEST_NGINX_TLS/cert.pem;
        ssl_certificate_key $TEST_NGINX_TLS/key.pem;
        ssl_protocols       TLSv1.3;
        ssl_early_data      on;
        weir on;

        location / { return 200 "$request_method early=$ssl_early_data\n"; }
        location /off { weir off; return 200 "off\n"; }
        location /dry { weir dry_run; return 200 "dry\n"; }
    }
END

# The answer to a request that is sent as early data of a resumed session.  It
# is none where the handshake is over before nginx looks: then again.
sub early {
    my ($port, $request) = @_;
    my $answer;

    for (1 .. 20) {
        $answer = early_once($port, $request);
        last if $answer !~ /early=$/m;
    }

    return $answer;
}

sub early_once {
    my ($port, $request) = @_;
    my $dir = image_dir();
    my $client = "openssl s_client -connect 127.0.0.1:$port -tls1_3 -quiet"
                 . ' -ign_eof';

    open my $out, '>', "$dir/early" or die;
    print $out $request;
    close $out;

    unlink "$dir/session";
    open $out, '>', "$dir/first" or die;
    print $out "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    close $out;

    qx{$client -sess_out $dir/session < $dir/first 2>/dev/null};
    return qx{timeout 5 $client -sess_in $dir/session -early_data $dir/early < /dev/null 2>/dev/null};
}

sub port {
    my ($port) = read_file(server_root() . '/conf/nginx.conf')
                 =~ /listen 127.0.0.1:(\d+) ssl/;
    return $port;
}

run_tests();

__DATA__

=== safe methods are answered, unsafe ones get 425
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $end = "HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
for (['GET', '/', 200], ['HEAD', '/', 200], ['OPTIONS', '/', 200],
     ['POST', '/', 425], ['PUT', '/', 425], ['DELETE', '/', 425],
     ['PATCH', '/', 425], ['PURGE', '/', 425],
     ['GET', '/?deny', 451], ['POST', '/off', 200], ['POST', '/dry', 200])
{
    my ($method, $target, $status) = @$_;
    my $answer = early(port(), "$method $target $end" . ($method =~ /^P/ ? "Content-Length: 0\r\n" : '') . "\r\n");
    like($answer, qr/^HTTP\/1.1 $status/, "$method $target: $status");
    like($answer, qr/early=1/, 'it was early data') if $method eq 'GET' && $status == 200;
}
--- no_error_log
[alert]


=== after the handshake they are answered as ever
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $port = port();
is(qx{curl -sk -X POST -d x https://127.0.0.1:$port/}, "POST early=\n");


=== 425 is a refusal like others
--- policy eval: $::POLICY
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $answer = early(port(), "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\nAccept: application/json\r\n\r\n");
like($answer, qr/^HTTP\/1.1 425/);
like($answer, qr/\{"type":"about:blank","title":"Too Early","status":425\}/);
--- error_log
policy denies with 425
