# conf.d/ai-gateway.*: budgets of tokens and of money, and streams.

use Weir 'no_plan';
use IO::Select ();
use Time::HiRes qw(sleep time);
use Weir::Confd;

our %KEYS;

our $HTTP = confd('ai-gateway') . on_ports(<<'END');

# The models: they say who asks, and what they took.
server {
    listen 127.0.0.1:9001;
    add_header X-Usage-Tokens $http_x_want;
    return 200 "small: $http_x_tenant $http_x_key [$http_x_api_key]";
}

server {
    listen 127.0.0.1:9003;
    return 502;
}
END

$KEYS{$_} = new_key($_) for qw(acme-app acme-batch globex-app);

compile();

sub chat {
    my ($id, %more) = @_;
    my $path = delete $more{path} // '/v1/chat/completions';

    return at(8080, 'POST', $path, 'X-Api-Key' => $KEYS{$id}, body => '{}',
              Accept => '*/*', %more);
}

# What is left of a limit, as an answer tells.
sub left {
    my ($answer, $limit) = @_;

    return (header($answer, 'RateLimit') // '') =~ /"\Q$limit\E";r=(\d+)/
           ? $1 : undef;
}

# The large model is the test: it has the prompt, and answers when told to.
sub asked {
    my ($socket, $text) = accepted() or die 'nobody asks';

    while ($text !~ /\r\n\r\n\{\}/) {
        sysread $socket, $text, 65536, length $text or last;
    }

    return $socket;
}

our $SSE = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
           . "Transfer-Encoding: chunked\r\n\r\n";

# An event of so many octets, as a chunk.
sub event {
    my ($n, $size) = @_;
    my $text = "data: $n " . 'x' x (($size // 200) - 9 - length $n) . "\n\n";

    return sprintf "%x\r\n%s\r\n", length $text, $text;
}

# A client of the large model; and the model's end.
sub stream {
    my ($id) = @_;
    my $client = Weir::raw_connect(port_of(8080));

    syswrite $client, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        . "X-Model: large\r\nX-Api-Key: $KEYS{$id}\r\nContent-Length: 2\r\n\r\n{}";

    return ($client, asked());
}

# Reads until a text is there, for a second at most.
sub reads {
    my ($socket, $want, $seconds) = @_;
    my $until = time() + ($seconds // 2);
    my $text  = '';

    while (index($text, $want) < 0 && time() < $until) {
        IO::Select->new($socket)->can_read($until - time()) or last;
        sysread $socket, $text, 65536, length $text or last;
    }

    return $text;
}

# Waits until the end comes.
sub ended {
    my ($socket) = @_;
    my $until = time() + 5;

    while (IO::Select->new($socket)->can_read($until - time())) {
        return 1 if !sysread $socket, my $text, 65536;
    }

    return 0;
}

run_tests();

__DATA__

=== the policy is sound
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
sound();


=== who asks which model
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $a = chat('acme-app', 'X-Want' => 1);
is("$a->{status} $a->{body}", '200 small: acme acme-app []', 'the small one; it does not see the key');
$a = chat('acme-app', 'X-Tenant' => 'globex', 'X-Key' => 'root');
is($a->{body}, 'small: acme acme-app []', 'whatever the caller says of itself');

is(at(8080, 'POST', '/v1/chat/completions', body => '{}')->{status}, 401, 'nobody');
is(chat('acme-app', 'X-Api-Key' => 'acme-app.wrong')->{status}, 401, 'a wrong key');
$a = chat('globex-app', 'X-Model' => 'large');
is($a->{status}, 403, 'not in the plan');
like($a->{body}, qr/your plan does not have this model/);
is(chat('acme-app', 'X-Model' => 'huge')->{status}, 403, 'no such model');
is(chat('acme-app', path => '/v1/other')->{status}, 404, 'no such route');

$a = at(8080, 'GET', '/v1/usage', 'X-Api-Key' => $::KEYS{'acme-app'});
is($a->{status}, 200, 'an owner sees what was used');
is(JSON::PP::decode_json($a->{body})->{tenant}, 'acme');
is(at(8080, 'GET', '/v1/usage', 'X-Api-Key' => $::KEYS{'acme-batch'})->{status}, 403, 'others do not');


=== tokens are charged as the model tells, to the key and to its tenant
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
my $before = left(chat('acme-batch', 'X-Want' => 0), 'key-tokens');
my ($tokens, $spent) = (charged('acme', 'tenant-tokens'), charged('acme', 'spend-pro.month'));
is(chat('acme-batch', 'X-Want' => 700)->{status}, 200);
my $a = chat('acme-batch', 'X-Want' => 0);
is($before - left($a, 'key-tokens'), 700, 'what is left of the key');
is(charged('acme', 'tenant-tokens') - $tokens, 700, 'and of the tenant');
is(charged('acme', 'spend-pro.month') - $spent, 700, 'and of the month');
is(charged('acme', 'spend-free.month'), 0, 'which is not that of the free plan');
like(header($a, 'RateLimit-Policy'), qr/"key-tokens";q=60000;w=60/, 'of how many it says');

is(chat('acme-batch', path => '/v1/embeddings')->{status}, 502, 'a failure');
is(charged('acme', 'tenant-tokens') - $tokens, 700, 'costs nothing');
is(chat('acme-batch', 'X-Want' => 'many')->{status}, 200, 'what is no number');
is(charged('acme', 'tenant-tokens') - $tokens, 1700, 'costs what the policy says');
is(chat('acme-batch', 'X-Want' => -700)->{status}, 200, 'less than nothing');
is(charged('acme', 'tenant-tokens') - $tokens, 2700, 'costs the same');

my $text = http_raw("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
    . "X-Api-Key: $::KEYS{'acme-batch'}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    . "2\r\n{}\r\n0\r\n\r\n", port_of(8080));
like($text, qr{^HTTP/1.1 411 }, 'a prompt without a length');
is(charged('acme', 'tenant-tokens') - $tokens, 2700, 'goes to no model');


=== a stream: each event comes when it is sent, and is charged by its length
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
listening(9002);
my $tokens = charged('acme', 'key-tokens');
my ($client, $model) = stream('acme-batch');
syswrite $model, $::SSE . event(1);
my $got = reads($client, "\n\n", 5);
like($got, qr{^HTTP/1.1 200 .*Content-Type: text/event-stream.*data: 1 }s, 'the first one, while the model thinks');
unlike($got, qr/data: 2 /);
syswrite $model, event($_) for 2 .. 9;
like(reads($client, 'data: 9 '), qr/data: 9 /, 'the ninth, before the last');
is(charged('acme', 'key-tokens'), $tokens, 'nothing is charged yet');
syswrite $model, event(10) . "0\r\n\r\n";
like(reads($client, "0\r\n\r\n"), qr/data: 10 .*\r\n0\r\n\r\n/s, 'the end');
ok(wait_for(sub { charged('acme', 'key-tokens') > $tokens }), 'then it is');
my $n = charged('acme', 'key-tokens') - $tokens;
is($n, 10, 'a token for each 200 bytes');

close $model;
($client, $model) = stream('acme-batch');
syswrite $model, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n";
like(reads($client, 'data: first'), qr/data: first\n\n/, 'a model that ends by closing streams, too');
close $model;
like(reads($client, "0\r\n\r\n"), qr/0\r\n\r\n$/);


=== a client that leaves has paid for what was sent, and its place is free
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
edit('pro: {concurrency: 50}', 'pro: {concurrency: 1}');
compile();
listening(9002);
my $tokens = charged('acme', 'tenant-tokens');
ok(wait_for(sub { my $a = chat('acme-batch', 'X-Want' => 0);
                  ($a->{head} =~ /"pro.concurrency";r=0/) }), 'one stream at once');
my ($client, $model) = stream('acme-batch');
syswrite $model, $::SSE . join('', map { event($_, 2000) } 1 .. 5);
like(reads($client, 'data: 5 '), qr/data: 5 /);
my $a = chat('acme-batch', 'X-Want' => 0);
is($a->{status}, 429, 'no other one');
is(header($a, 'Retry-After'), 1);
my $before = charged('acme', 'tenant-tokens');
close $client;
ok(ended($model), 'the model is told');
ok(wait_for(sub { chat('acme-batch', 'X-Want' => 0)->{status} == 200 }), 'the place is free');
is(charged('acme', 'tenant-tokens') - $before, 50, 'what was sent is charged');
edit('pro: {concurrency: 1}', 'pro: {concurrency: 50}');
compile();


=== a model that goes away, or never begins
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
listening(9002);
my $tokens = charged('acme', 'tenant-tokens');
my ($client, $model) = stream('acme-batch');
syswrite $model, $::SSE . event(1);
reads($client, 'data: 1 ');
close $model;
ok(ended($client), 'in the midst of a stream: so it ends');
close $client;
ok(wait_for(sub { charged('acme', 'tenant-tokens') > $tokens }), 'what came is charged');
$tokens = charged('acme', 'tenant-tokens');
($client, $model) = stream('acme-batch');
close $model;
like(reads($client, "\r\n\r\n"), qr{^HTTP/1.1 502 }, 'before it');
is(charged('acme', 'tenant-tokens'), $tokens, 'costs nothing');
ok(!accepted(0.2), 'and nobody is asked twice');


=== a budget that is used up
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
is(chat('acme-app', 'X-Want' => 70000)->{status}, 200, 'one may go beyond it');
my $a = chat('acme-app');
is($a->{status}, 429, 'and then there is no more');
ok(header($a, 'Retry-After') >= 1, 'until then');
is(left($a, 'key-tokens'), 0);
like(header($a, 'RateLimit-Policy'), qr/"key-tokens";q=60000;w=60/);
like($a->{body}, qr/this key has used its tokens of the minute/);
is(chat('acme-batch', 'X-Want' => 140000)->{status}, 200, 'another key has its own');
like(chat('acme-batch')->{body}, qr/tokens of the minute/, 'and of the tenant there is no more either');

is(chat('globex-app', 'X-Want' => 5000000)->{status}, 200, "a month's");
$a = chat('globex-app');
ok($a->{status} == 402 || $a->{status} == 429, "no more: $a->{status}");
