# Who a client is by its address, whatever socket it comes by.

use Weir 'no_plan';
use Weir::Live qw(rand_port);
use IO::Socket::IP ();
use IO::Socket::UNIX ();

if (!IO::Socket::IP->new(LocalHost => '::', Listen => 1)) {
    plan(skip_all => 'no IPv6');
}

our $POLICY = <<'END';
lists:
  bad: {cidr: [127.0.0.66, "2001:db8::/32", "::1/128"]}
  lb:  {cidr: [127.0.0.7]}
tenants:
  resolve: [{header: x-tenant, trust: [lists.lb]}]
  list: {acme: {}}
deny: [{id: bad, phase: connect, when: lists.bad.contains(source.ip)}]
limits: {two: {key: [source.ip], rate: 2/1h, burst: 2}}
routes:
  - {id: two, match: {path: /two}, public: true, limits: [two]}
  - {id: all, match: {path: "/**"}, public: true}
END

our $CONFIG = <<'END';
    listen [::]:$TEST_NGINX_RAND_PORT_2 ipv6only=off;
    listen unix:$TEST_NGINX_UNIX;
    default_type text/plain;
    location / { weir on; return 200 "$weir_tenant\n"; }
END

$ENV{TEST_NGINX_UNIX} = Weir::image_dir() . '/nginx.sock';

# The answer to GET PATH over a socket, as "STATUS BODY".
sub get {
    my ($socket, $path, @headers) = @_;

    print $socket "GET $path HTTP/1.1\r\nHost: a\r\nConnection: close\r\n",
          (map { "$_\r\n" } @headers), "\r\n";

    my $text = do { local $/; <$socket> };
    my ($status, $body) = $text =~ m{^HTTP/1\.1 (\d+).*?\r\n\r\n(.*?)\n?\z}s;

    return $status == 200 ? "$status $body" : $status;
}

# From an address, by the socket of IPv4, or by that of both families.
sub by {
    my ($port, $from, $to) = @_;

    return IO::Socket::IP->new(LocalHost => $from, PeerPort => $port,
                               PeerHost => $to // '127.0.0.1')
           || die "$from: $@";
}

sub four { by($Test::Nginx::Util::ServerPortForClient, @_) }
sub both { by(rand_port(2), @_) }
sub unix { IO::Socket::UNIX->new(Peer => $ENV{TEST_NGINX_UNIX}) || die $! }

run_tests();

__DATA__

=== one of IPv4 is the same by a socket of both families
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
is(main::get(main::four('127.0.0.66'), '/'), '403', 'denied by one');
is(main::get(main::both('127.0.0.66'), '/'), '403', 'and by the other');
is(main::get(main::both('127.0.0.67'), '/'), '200 ', 'another is not');
is(main::get(main::both('::1', '::1'), '/'), '403', 'one of IPv6 is')
    if IO::Socket::IP->new(LocalHost => '::1', Listen => 1);
is(main::get(main::both('127.0.0.7'), '/', 'X-Tenant: acme'), '200 acme', 'trusted');
is(main::get(main::both('127.0.0.8'), '/', 'X-Tenant: acme'), '200 ', 'not trusted');
is(join('|', map { main::get($_, '/two') } main::four('127.0.0.5'),
        main::both('127.0.0.5'), main::four('127.0.0.5'), main::both('127.0.0.5')),
   '200 |200 |429|429', 'one budget');


=== with realip, too
--- policy eval: $::POLICY
--- config eval
$::CONFIG . '    set_real_ip_from 127.0.0.7; set_real_ip_from unix:; real_ip_header X-Real-IP;'
--- then
for my $socket (\&main::four, \&main::both) {
    is(main::get($socket->('127.0.0.7'), '/', "X-Real-IP: $_"), '403', "$_ is denied")
        for '127.0.0.66', '::ffff:127.0.0.66', '2001:db8::9';
    is(main::get($socket->('127.0.0.7'), '/', 'X-Real-IP: 192.0.2.1', 'X-Tenant: acme'),
       '200 acme', 'who is believed names the tenant');
    is(main::get($socket->('127.0.0.8'), '/', 'X-Real-IP: 127.0.0.7', 'X-Tenant: acme'),
       '200 ', 'who says that it is, does not');
}
is(main::get(main::unix(), '/', 'X-Real-IP: 127.0.0.66'), '403', 'by a unix socket');
is(main::get(main::unix(), '/', 'X-Real-IP: 127.0.0.7', 'X-Tenant: acme'), '200 ',
   'a unix socket is trusted by no list');


=== who comes by a unix socket has no address, and is in no list
--- policy eval: $::POLICY
--- config eval: $::CONFIG
--- then
is(main::get(main::unix(), '/', 'X-Tenant: acme'), '200 ', 'neither denied nor trusted');
is(join('|', map { main::get(main::unix(), '/two') } 1 .. 3), '200 |200 |429',
   'all of them have one budget');
