# What is counted of arms: what their upstreams answered, and nothing else.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::H2 ();
use Weir::Live;
use Weir::Splits;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'what is counted outlives a reload');
}

workers(2);

our $CONFIG = $Weir::Splits::CONFIG;
our $UPSTREAM = $Weir::Splits::UPSTREAM;

# All requests go to v2, which is that upstream.
sub only {
    my ($upstream) = @_;

    return policy_of($Weir::Splits::STICKY, weight => 100,
                     upstream => $upstream // 'v2');
}

# Requests to v2, which then has so many requests, errors, clients gone.
sub counts_after {
    my ($want, $status, $target, %headers) = @_;
    my $a = http('GET', $target, %headers);

    is($a->{status}, $status, "$target: the client");
    is(counted('v2', $want), $want, "$target: the guard");

    return $a;
}

run_tests();

__DATA__

=== answers below 500 are good, others are errors
--- policy eval: main::only()
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
counts_after('1 0 0', 200, '/');
counts_after('2 1 0', 500, '/bad');
is(counts('v1'), '0 0 0');


=== a 404 is an answer like others
--- policy eval: main::only()
--- http_config eval
$::UPSTREAM =~ s/return 200 "v2\\n"/return 404 "v2\\n"/r
--- config eval: $::CONFIG
--- then
counts_after('1 0 0', 404, '/');


=== error_page and proxy_intercept_errors hide nothing
--- policy eval: main::only()
--- http_config eval: $::UPSTREAM
--- config eval
$::CONFIG . <<'END';
    location /bad/hidden {
        weir on;
        proxy_intercept_errors on;
        error_page 500 =200 /sorry;
        proxy_pass http://$weir_upstream;
    }
    location /bad/again {
        weir on;
        proxy_intercept_errors on;
        error_page 500 = @other;
        proxy_pass http://$weir_upstream;
    }
    location @other { weir off; proxy_pass http://v1; }
    location = /sorry { internal; weir off; return 200 "sorry\n"; }
END
--- then
is(counts_after('1 1 0', 200, '/bad/hidden')->{body}, "sorry\n");
is(counts_after('2 2 0', 200, '/bad/again')->{body}, "v1\n");


=== another attempt that succeeds is a success
--- policy eval: main::only('two')
--- http_config eval
$::UPSTREAM . <<'END';
    upstream two {
        server 127.0.0.1:1 max_fails=0;
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_5;
    }
END
--- config eval: $::CONFIG
--- then
my $a;
for (1 .. 4) {
    $a = http('GET', '/');
    is($a->{status}, 200);
}
is(counts('v2'), '4 0 0');
--- error_log
connect() failed


=== and so is one after a bad answer
--- policy eval: main::only('two')
--- http_config eval
$::UPSTREAM . <<'END';
    upstream two {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_5 max_fails=0;
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_4;
    }
END
--- config eval
$::CONFIG =~ s/weir on;/weir on; proxy_next_upstream http_500;/r
--- then
is(http('GET', '/bad')->{status}, 200) for 1 .. 4;
is(counts('v2'), '4 0 0');


=== no answer is an error
--- policy eval: main::only('dead')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
counts_after('1 1 0', 502, '/');


=== nor a late or malformed one
--- policy eval: main::only('hand')
--- http_config eval: $::UPSTREAM
--- config eval
$::CONFIG =~ s/weir on;/weir on; proxy_read_timeout 200ms;/r
--- then
by_hand();
my ($client, $upstream) = by_hand(request_text('/late'));
is(answer_of($client)->{status}, 504);
is(counts('v2'), '1 1 0', 'late');
close $upstream;

($client, $upstream) = by_hand(request_text('/cut'));
tell($upstream, "HTTP/1.1 200 OK\r\nContent-Le");
close $upstream;
is(answer_of($client)->{status}, 502);
is(counts('v2'), '2 2 0', 'cut in its head');

($client, $upstream) = by_hand(request_text('/half'));
tell($upstream, "HTTP/1.1 200 OK\r\nContent-Le");
is(answer_of($client)->{status}, 504);
is(counts('v2'), '3 3 0', 'late in its head');
close $upstream;

($client, $upstream) = by_hand(request_text('/bad'));
tell($upstream, "HTTP/1.1 200 OK\r\nConte\0nt: 1\r\n\r\n");
is(answer_of($client)->{status}, 502);
is(counts('v2'), '4 4 0', 'malformed');
close $upstream;


=== a client that does not wait is neither
--- policy eval: main::only('hand')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
by_hand();
my ($client, $upstream) = by_hand(request_text('/'));
close $client;
is(counted('v2', '0 0 1'), '0 0 1', 'before the head');
close $upstream;

($client, $upstream) = by_hand(request_text('/'));
tell($upstream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n");
close $client;
is(counted('v2', '0 0 2'), '0 0 2', 'in it');
close $upstream;

($client, $upstream) = by_hand(request_text('/'));
tell($upstream, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
is(counted('v2', '1 0 2'), '1 0 2', 'once the head is there, it counts');
close $client;
close $upstream;
wait_long(sub { count_of(qr/upstream prematurely|client prematurely/) >= 2 });
is(counts('v2'), '1 0 2', 'and only that');


=== nor is one that resets its stream of HTTP/2
--- policy eval: main::only('hand')
--- h2
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG
--- then
by_hand();
my $client = raw_connect(h2_port());
my %headers = (':method' => 'GET', ':scheme' => 'http', ':path' => '/',
               ':authority' => 'localhost');
syswrite $client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    . Weir::H2::frame(4, 0, 0, '')
    . Weir::H2::frame(1, 5, 1, join '', map {
          "\0" . Weir::H2::string($_) . Weir::H2::string($headers{$_})
      } sort keys %headers);
my $upstream = accepted();
syswrite $client, Weir::H2::frame(3, 0, 1, pack 'N', 8);
is(counted('v2', '0 0 1'), '0 0 1');


=== where nginx waits for the answer in the client's place, it counts
--- policy eval: main::only('hand')
--- http_config eval: $::UPSTREAM
--- config eval
$::CONFIG =~ s/weir on;/weir on; proxy_ignore_client_abort on;/r
--- then
by_hand();
for (['200 OK', '1 0 0'], ['500 No', '2 1 0']) {
    my ($client, $upstream) = by_hand(request_text('/'));
    close $client;
    tell($upstream, "HTTP/1.1 $_->[0]\r\nContent-Length: 1\r\n\r\nx");
    is(counted('v2', $_->[1]), $_->[1]);
}


=== a stream counts when its head arrives, and once
--- policy eval: main::only('hand')
--- http_config eval: $::UPSTREAM
--- config eval: $::CONFIG =~ s/weir on;/weir on; proxy_buffering off;/r
--- then
by_hand();
my ($client, $upstream) = by_hand(request_text('/'));
tell($upstream, "HTTP/1.0 200 OK\r\n\r\nx");
is(counted('v2', '1 0 0'), '1 0 0', 'while it goes on');
tell($upstream, 'y');
close $upstream;
ok(wait_long(sub { sysread $client, my $text, 4096; $text =~ /0\r\n\r\n$/ }));
close $client;
is(counts('v2'), '1 0 0', 'when it is over');


=== what does not get there is not counted
--- policy eval
main::only() =~ s/public: true/public: true, deny: [{id: d, when: 'request.path == "\/refused"'}]/r
--- http_config eval
"log_format up '\$weir_upstream \$weir_arm';\n$::UPSTREAM"
--- config eval
"access_log logs/up.log up;\n$::CONFIG" . <<'END';
    location /denied { weir on; deny all; proxy_pass http://$weir_upstream; }
    location /returned { weir on; return 200 "$weir_upstream\n"; }
    location /fixed { weir on; proxy_pass http://v2; }
    location /big {
        weir on;
        client_max_body_size 1;
        proxy_pass http://$weir_upstream;
    }
END
--- ask
GET /refused        -> 403
GET /denied         -> 403
GET /returned       -> 200 v2
GET /fixed          -> 200 v2
POST /big body=abc  -> 413
--- then
is(counts('v2'), '0 0 0');
http('GET', '/');
is(counts('v2'), '1 0 0', 'what does, is');


=== an answer from a cache is none of the arm
--- policy eval: main::only('hand')
--- http_config eval
"proxy_cache_path cache keys_zone=c:1m;\n$::UPSTREAM"
--- config eval
$::CONFIG =~ s/weir on;/weir on; proxy_cache c; proxy_cache_valid 200 1h;
    proxy_cache_valid 201 1s; proxy_cache_use_stale http_500;
    proxy_cache_key \$weir_cache_key;/r
--- then
by_hand();
my ($client, $upstream) = by_hand(request_text('/'));
tell($upstream, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
answer_of($client);
is(counts('v2'), '1 0 0', 'it was asked');
is(http('GET', '/')->{body}, 'x') for 1 .. 3;
is(counts('v2'), '1 0 0', 'once');

($client, $upstream) = by_hand(request_text('/stale'));
tell($upstream, "HTTP/1.1 201 OK\r\nContent-Length: 1\r\n\r\ny");
answer_of($client);
is(counts('v2'), '2 0 0', 'another');
sleep 2.1;
($client, $upstream) = by_hand(request_text('/stale'));
tell($upstream, "HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nz");
is(answer_of($client)->{body}, 'y', 'a stale answer');
is(counts('v2'), '3 1 0', 'hides no error');


=== an error page in place of the arm is none of it
--- policy eval: main::only('hand')
--- http_config eval
"proxy_cache_path cache keys_zone=c:1m;\n$::UPSTREAM"
--- config eval
$::CONFIG . <<'END';
    location /cached {
        weir on;
        proxy_cache c;
        proxy_cache_valid 404 1h;
        proxy_intercept_errors on;
        error_page 404 = /bad/other;
        proxy_pass http://$weir_upstream;
    }
    location /asks {
        weir on;
        set $to $weir_upstream;
        auth_request /auth;
        error_page 401 = /bad/other;
        proxy_pass http://$to;
    }
    location /file {
        weir on;
        set $to $weir_upstream;
        error_page 404 = @arm;
    }
    location /bad/other { internal; weir off; proxy_pass http://v2; }
    location = /auth { internal; return 401; }
    location @arm { weir off; proxy_pass http://$to; }
END
--- then
is(http('GET', '/asks')->{status}, 500, 'of the error page');
is(counts('v2'), '0 0 0');

by_hand();
my ($client, $upstream) = by_hand(request_text('/cached'));
tell($upstream, "HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx");
is(answer_of($client)->{status}, 500, 'after the arm');
is(counts('v2'), '1 0 0', 'the arm counts');
is(http('GET', '/cached')->{status}, 500, 'without it');
is(counts('v2'), '1 0 0');

($client, $upstream) = by_hand(request_text('/file'));
tell($upstream, "HTTP/1.1 500 No\r\nContent-Length: 1\r\n\r\nx");
is(answer_of($client)->{status}, 500);
is(counts('v2'), '2 1 0', 'an error page that is the arm');
--- error_log
No such file or directory


=== X-Accel-Redirect: the first upstream counts, whatever comes of it
--- policy eval: main::only('hand')
--- http_config eval: $::UPSTREAM
--- config eval
$::CONFIG . <<'END';
    location /inside/ { internal; weir off; proxy_pass http://v2; }
    location /inside/none { internal; weir off; return 500; }
END
--- then
by_hand();
for (['ok', 200], ['bad', 404], ['none', 500]) {
    my ($client, $upstream) = by_hand(request_text('/'));
    tell($upstream, "HTTP/1.1 200 OK\r\nX-Accel-Redirect: /inside/$_->[0]\r\n"
         . "Content-Length: 0\r\n\r\n");
    ok(answer_of($client)->{status}, $_->[0]);
}
is(counts('v2'), '3 0 0');


=== a subrequest is not the request
--- policy eval: main::only()
--- http_config eval: $::UPSTREAM
--- config eval
$::CONFIG . <<'END';
    location /asks {
        weir on;
        auth_request /bad/auth;
        proxy_pass http://$weir_upstream;
    }
    location /asks/ok {
        weir on;
        auth_request /auth;
        proxy_pass http://$weir_upstream;
    }
    location /asks/elsewhere {
        weir on;
        auth_request /auth;
        proxy_pass http://v1;
    }
    location /auth { internal; proxy_pass http://$weir_upstream; }
    location /bad/auth { internal; proxy_pass http://$weir_upstream; }
END
--- then
counts_after('1 0 0', 200, '/asks/ok');
http('GET', '/asks');
is(counts('v2'), '1 0 0', 'it never went there itself');
is(http('GET', '/asks/elsewhere')->{body}, "v1\n");
is(counts('v2'), '1 0 0', 'it went elsewhere');
