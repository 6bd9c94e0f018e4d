# Weir::Confd: what is in conf.d/, served as it is, on ports of our own.
#
#     our $HTTP = confd('edge', 'state/edge' => '$DIR/state');
#     ...
#     --- http_config eval: $::HTTP
#     --- config
#         location / { return 204; }
#     --- then
#     is(at(8080, 'GET', '/')->{status}, 200);
#
# The policy, with its tests and what else is beside it, lies in DIR, the
# image_dir() of Weir, where edit() and compile() change it while nginx serves.

package Weir::Confd;

use strict;
use warnings;

use base 'Exporter';

use File::Basename qw(basename);
use File::Copy qw(copy);
use IO::Select ();
use IO::Socket::INET ();
use Weir ();
use Weir::Token ();

our @EXPORT = qw(accepted at charged compile confd edit listening new_key
                 on_ports port_of sound);

my ($name, %ports, $hand);

sub dir() { return Weir::image_dir() }

sub put($$) {
    my ($path, $text) = @_;

    open my $out, '>', "$path.next" or die "$path: $!";
    print $out $text;
    close $out or die "$path: $!";
    rename "$path.next", $path or die "$path: $!";
}

# Puts one text in place of another in the policy.
sub edit($$) {
    my ($from, $to) = @_;
    my $path = dir() . "/$name.yaml";
    my $yaml = Weir::read_file($path);

    $yaml =~ s/\Q$from\E/$to/ or die "$name.yaml: no $from";
    put($path, $yaml);
}

# Compiles it where nginx looks, signed if there is a key; dies with what is
# wrong.
sub compile(;$) {
    my ($key) = @_;
    my $weir  = Weir::weir();
    my $base  = dir() . "/$name";
    my $sign  = $key ? "&& $weir sign -k $key $base.next" : '';
    my $said  = qx{{ $weir compile $base.yaml -o $base.next $sign; } 2>&1};

    die "$name.yaml: $said" if $? != 0;
    rename "$base.next", "$base.weir" or die "$base.weir: $!";
}

# A key that somebody has, in place of that of the policy which nobody has.
sub new_key($) {
    my ($id) = @_;
    my ($key, $line) = split /\n/, qx{@{[Weir::weir()]} apikey new $id};
    my ($sha256) = $line =~ /sha256: "(\w+)"/ or die "apikey: $line";
    my ($old) = Weir::read_file(dir() . "/$name.yaml")
                =~ /\b$id:\s+sha256: (\w+)/ or die "$name.yaml: no $id";

    edit($old, $sha256);
    return $key;
}

# Text of http {} that listens on ports of our own, each where it says another;
# also of a test that stands for an upstream.
sub on_ports($) {
    my ($http) = @_;

    $http =~ s{\b((?:listen|server|proxy_pass)\s+(?:http://)?)
               (?:127\.0\.0\.1:)?(\d{2,5})\b}
              {$1 . '127.0.0.1:$TEST_NGINX_RAND_PORT_'
               . ($ports{$2} //= 1 + keys %ports)}gex;

    return $http;
}

# The text of http {} of a configuration: its .conf, with ports of our own in
# place of its addresses and a policy that is looked at all the time.  More
# texts are put in place of others: each must be there.
sub confd($;@) {
    ($name, my @edits) = @_;
    my $dir  = dir();
    my $http = Weir::read_file("conf.d/$name.conf") or die "no $name.conf";

    for (glob("conf.d/$name.yaml conf.d/$name.*.yaml conf.d/$name.*.txt")) {
        copy($_, "$dir/" . basename($_)) or die "$_: $!";
    }

    while (my ($from, $to) = splice @edits, 0, 2) {
        $http =~ s/\Q$from\E/$to/g or die "$name.conf: no $from";
    }

    $http =~ s/^(weir_policy\s+)\S+ check=1s/$1$dir\/$name.weir check=20ms/m
        or die "$name.conf: no weir_policy";

    return on_ports($http);
}

# The port that stands for one of the configuration.
sub port_of($) {
    my ($port) = @_;

    return $Test::Nginx::Util::RandPorts->{
               "TEST_NGINX_RAND_PORT_$ports{$port}"};
}

# A request to one of its ports, see http() of Weir.
sub at($@) {
    my ($port, $method, $target, %more) = @_;

    return Weir::http($method, $target, port => port_of($port), %more);
}

# The test is the upstream at one of its ports, from here on.
sub listening($) {
    my ($port) = @_;

    undef $hand;
    $hand = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
                                  LocalPort => port_of($port), ReuseAddr => 1)
            or die "listen: $!";
}

# The next connection to it, and what it says at first; nothing: none comes.
sub accepted(;$) {
    my ($seconds) = @_;

    IO::Select->new($hand)->can_read($seconds // 5) or return;

    my $socket = $hand->accept;
    sysread $socket, my $text, 65536;

    return ($socket, $text);
}

# What a limit has charged a tenant, as the operators' metrics have it.
sub charged($$) {
    my ($tenant, $limit) = @_;
    my $series = 'weir_limit_charged_units_total' .
                 qq({tenant="$tenant",limit="$limit"});
    my ($n)    = at(8081, 'GET', '/metrics')->{body} =~ /^\Q$series\E (\d+)$/m;

    return $n // 0;
}

# The policy as it lies in conf.d: no advice, all of its tests pass, and all
# that decides is in one of them; and what nginx tells of a client.
sub sound(;$) {
    my ($covered) = @_;
    my $weir   = Weir::weir();
    my $policy = "conf.d/$name.yaml";
    my $min    = $covered // 100;

    for my $verb ('lint', 'fmt --check', "test --coverage-min $min") {
        my $said = qx{$weir $verb $policy 2>&1};
        Test::More::is($?, 0, "weir $verb $policy") or Test::More::diag($said);
    }

    Test::More::like(Weir::read_file("conf.d/$name.conf"),
                     qr/X-Forwarded-For \$remote_addr;|_request_headers off;/,
                     'upstreams do not hear who a client says it is');
}

1;
