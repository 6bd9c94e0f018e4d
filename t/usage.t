# weir_usage: what tenants used, as this node knows it, and to whom it is told.

use Weir 'no_plan';
use JSON::PP ();
use POSIX qw(strftime);

our $CONFIG = <<'END';
    location / {
        weir on;
        return 200 "hello\n";
    }

    location = /usage {
        weir off;
        weir_usage all;
    }

    location = /mine {
        weir on;
        weir_usage tenant;
    }

    location = /dry {
        weir dry_run;
        weir_usage all;
    }

    location = /dry/mine {
        weir dry_run;
        weir_usage tenant;
    }

    location = /off {
        weir off;
        weir_usage tenant;
    }
END

our $POLICY = <<'END';
tenants:
  resolve: [{host: "{tenant}.example"}]
  list: {acme: {}, globex: {}}
limits:
  calls: {key: [tenant.id], rate: 1000/s, burst: 1000, cost: "3"}
  few: {key: [tenant.id], rate: 2/d, burst: 2}
routes:
  - {id: mine, match: {path: /mine}, public: true}
  - {id: dry, match: {path: "/dry/**"}, public: true, deny: [{id: never, when: 'true'}]}
  - {id: few, match: {path: /few}, public: true, limits: [few]}
  - {id: all, match: {path: "/**"}, public: true, limits: [calls]}
END

sub usage {
    my ($target, %headers) = @_;
    my $answer = http('GET', $target, %headers);

    return { status => $answer->{status} } if $answer->{status} != 200;

    return JSON::PP->new->utf8->decode($answer->{body});
}

# The periods, as the answer names them.
sub today { strftime('%Y-%m-%d', gmtime) }
sub month { strftime('%Y-%m', gmtime) }

# A policy with so many tenants.
sub many {
    my ($n) = @_;
    my $list = join ', ', map { sprintf 't%05d: {}', $_ } 1 .. $n;

    return <<"END";
tenants:
  resolve: [{host: "{tenant}.example"}]
  list: {$list}
routes:
  - {id: quote, match: {path: "/quote"}, public: true}
  - {id: all, match: {path: "/**"}, public: true}
END
}

run_tests();

__DATA__

=== requests, bytes and units by route and limit, of a day and a month
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $request = "GET / HTTP/1.1\r\nHost: acme.example\r\nConnection: close\r\n\r\n";
my $out = 0;
$out += length http_raw($request) for 1 .. 5;
http('GET', '/few', Host => 'acme.example') for 1 .. 3;
http('GET', '/', Host => 'globex.example');
http('GET', '/', Host => 'localhost');

my $u = main::usage('/usage');
is(join(' ', sort keys %{$u->{tenants}}), 'acme globex', 'tenants, and not what has none');
is($u->{scope}, 'node', 'of this node');
is($u->{next}, undef, 'and that is all');
like($u->{node}, qr/^[0-9a-f]{32}$/, 'which has a name');
like($u->{$_}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, $_) for qw(time since);

for ([day => main::today()], [month => main::month()]) {
    my ($period, $name) = @$_;
    my $acme = $u->{tenants}{acme}{$period};
    is($acme->{period}, $name, "$period: its name");
    is($acme->{requests}, 7, "$period: requests");
    is($acme->{routes}{all}{requests}, 5, "$period: requests of a route");
    is($acme->{routes}{all}{bytes_in}, 5 * length $request, "$period: bytes in");
    is($acme->{routes}{all}{bytes_out}, $out, "$period: bytes out");
    is($acme->{routes}{few}{requests}, 2, "$period: what was refused is nobody's usage");
    is($acme->{units}{calls}, 15, "$period: units");
    is($acme->{units}{few}, 2, "$period: units of what was allowed");
    is($acme->{bytes_out}, $out + $acme->{routes}{few}{bytes_out}, "$period: all bytes");
    is($u->{tenants}{globex}{$period}{requests}, 1, "$period: another tenant");
}


=== a tenant is told its own, whatever it asks for
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
http('GET', '/', Host => 'acme.example') for 1 .. 4;
http('GET', '/', Host => 'globex.example');
my $u = main::usage('/mine', Host => 'acme.example');
is($u->{tenant}, 'acme');
is($u->{day}{routes}{all}{requests}, 4);
is($u->{month}{units}{calls}, 12);
ok($u->{complete}, 'there is no other node');
is($u->{scope}, 'node');
is(main::usage('/mine', Host => 'globex.example')->{day}{routes}{all}{requests}, 1);

is(main::usage('/mine', Host => 'localhost')->{status}, 403, 'no tenant');
is(main::usage('/off', Host => 'acme.example')->{status}, 403, 'no decision');
is(main::usage('/dry/mine', Host => 'acme.example')->{status}, 403, 'refused, if dry');
is(main::usage("/mine?$_", Host => 'acme.example')->{status}, 400, $_)
    for qw(tenant=globex after=a limit=3 show=x);


=== what a dry run would have refused is not told to anybody
--- policy
tenants:
  resolve: [{host: "{tenant}.example"}]
  list: {acme: {}}
routes:
  - {id: all, match: {path: "/**"}, public: true, deny: [{id: never, when: 'true'}]}
--- config eval: $::CONFIG
--- ask
GET /dry                          -> 403 {"error":"the policy does not allow it"}
GET /dry/mine Host:acme.example   -> 403 {"error":"the request was decided for no tenant"}


=== arguments
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
http('GET', '/', Host => "$_.example") for qw(acme globex);
my $u = main::usage('/usage?tenant=acme');
is($u->{tenant}, 'acme', 'one tenant');
is($u->{day}{requests}, 1);
is($u->{tenants}, undef);
is(main::usage('/usage?tenant=%61cme')->{day}{requests}, 1, 'decoded');
is(main::usage('/usage?tenant=' . 'x' x 1000)->{day}{requests}, 0, 'one that nobody is');
is(main::usage('/usage?show=usage')->{tenants}{acme}{day}{requests}, 1, 'of the dashboard');

$u = main::usage('/usage?tenant=acme&period=previous');
is($u->{day}{requests}, 0, 'the day before');
is($u->{day}{period}, POSIX::strftime('%Y-%m-%d', gmtime(time - 86400)));
isnt($u->{month}{period}, main::month());
is(join(' ', keys %{main::usage('/usage?period=previous')->{tenants}}), '', 'of all');
is(main::usage('/usage?period=current')->{tenants}{acme}{day}{requests}, 1);
--- ask
GET /usage?tenant=             -> 400
GET /usage?tenant=%00          -> 400
GET /usage?tenant=%ff          -> 400
GET /usage?tenant=a&tenant=b   -> 400 {"error":"an argument is no text, or given twice"}
GET /usage?what=1              -> 400
GET /usage?limit=0             -> 400
GET /usage?limit=1001          -> 400 {"error":"limit is from 1 to 1000"}
GET /usage?limit=x             -> 400
GET /usage?period=next         -> 400 {"error":"period is current or previous"}
POST /usage                    -> 405
GET /usage body=hello          -> 200


=== it is not kept by caches, and HEAD has its length
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
http('GET', '/', Host => 'acme.example');
for my $target ('/usage', '/usage?tenant=acme', '/usage?limit=x') {
    my $get  = http('GET', $target);
    my $head = http('HEAD', $target);
    is(header($get, 'Cache-Control'), 'no-store', $target);
    is(header($get, 'Content-Type'), 'application/json', $target);
    is(header($head, 'Content-Length'), length $get->{body}, "HEAD $target");
    is($head->{body}, '', "HEAD $target");
}
is(header(http('PUT', '/usage'), 'Allow'), 'GET, HEAD');


=== pages have all tenants once, in order
--- policy eval: main::many(300)
--- config eval: $::CONFIG
--- then
my $socket = Weir::raw_connect();
for (reverse 1 .. 250) {
    my $last = $_ == 1 ? "Connection: close\r\n" : '';
    syswrite $socket, sprintf "GET %s HTTP/1.1\r\nHost: t%05d.example\r\n$last\r\n",
                      $_ % 2 ? '/quote' : '/', $_;
}
1 while sysread $socket, my $ignored, 65536;
close $socket;
wait_for(sub { main::usage('/usage?tenant=t00001')->{day}{requests} });

my (@seen, $pages);
my $after = '';
while (defined $after) {
    my $answer = http('GET', '/usage?limit=40' . ($after && "&after=$after"));
    my $u = JSON::PP->new->utf8->decode($answer->{body});
    push @seen, $answer->{body} =~ /"(t\d{5})":/g;
    is(scalar keys %{$u->{tenants}}, 40, "page of $after") if ++$pages < 7;
    $after = $u->{next};
    last if $pages > 20;
}
is($pages, 7);
is(join(' ', @seen), join(' ', map { sprintf 't%05d', $_ } 1 .. 250));
is(scalar keys %{main::usage('/usage')->{tenants}}, 100, 'a hundred, unless told');
is(main::usage('/usage?limit=250')->{next}, undef, 'no page is empty');
is(main::usage('/usage?limit=249')->{next}, 't00249');
is(main::usage('/usage?after=t00250')->{next}, undef);
is(main::usage('/usage')->{tenants}{t00001}{day}{routes}{quote}{requests}, 1);


=== a client that leaves, and requests behind one another
--- policy eval: main::many(1000)
--- config eval: $::CONFIG
--- then
http('GET', '/', Host => sprintf 't%05d.example', $_) for 1 .. 50;
for (1 .. 30) {
    my $socket = Weir::raw_connect();
    syswrite $socket, "GET /usage HTTP/1.1\r\nHost: a\r\n\r\n";
    close $socket;
}
my $answers = http_raw("GET /usage HTTP/1.1\r\nHost: a\r\n\r\n" x 3
                       . "GET /usage HTTP/1.0\r\nHost: a\r\n\r\n");
is(scalar(() = $answers =~ m{^HTTP/1\.1 200}mg), 4, 'pipelined');
is(scalar(() = $answers =~ /"t00050":/g), 4);


=== what is counted, and what has a name, outlive a reload
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
use Weir::Live;
http('GET', '/', Host => 'acme.example') for 1 .. 3;
my $before = main::usage('/usage');
reload();
http('GET', '/', Host => 'acme.example');
my $u = main::usage('/usage');
is($u->{node}, $before->{node}, 'the same node');
is($u->{since}, $before->{since}, 'since when');
is($u->{tenants}{acme}{day}{requests}, 4);


=== directives
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
my $image = (Weir::read_file(Test::Nginx::Util::server_root() . '/conf/nginx.conf')
             =~ /weir_policy (\S+?)[ ;]/)[0];
for (['weir off; weir_usage some;',            qr/it must be "all" or "tenant"/],
     ['weir off; weir_usage all; weir_usage tenant;', qr/"weir_usage" directive is duplicate/],
     ['weir_usage all;',                       qr/weir_usage/],
     ['weir off; weir_usage;',                 qr/invalid number of arguments/])
{
    my ($code, $said) = nginx_t("weir_policy $image; server { location / { $_->[0] } }");
    is($code, 1, $_->[0]);
    like($said, $_->[1]);
}
is((nginx_t("weir_policy $image; server { location / { weir off; weir_usage all; } }"))[0], 0);
