# Weir::Node: nginx with the module, as a process of a program in tools/.
#
#     my $node = Weir::Node->start(policy => $yaml, main => '...',
#                                  http => 'weir_redis ...;',
#                                  server => 'location / {...}');
#     $node->{port}, $node->{pid}, $node->{dir}
#     $node->workers                    their pids
#     $node->status                     of weir_status, decoded
#     $node->stop, $node->again
#
# It takes BUILD/nginx-release, which Weir::Node::build() makes.  Nodes end
# with the program.

package Weir::Node;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use IO::Socket::INET ();
use JSON::PP ();
use Time::HiRes qw(sleep time);

my %nodes;
my $self = $$;

END {
    local $?;
    if ($$ == $self) {
        $_->stop for values %nodes;
    }
}

sub build {
    return abs_path($ENV{BUILD} || 'build');
}

sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or return '';
    local $/;

    return scalar(<$in>) // '';
}

sub spew {
    my ($file, $bytes) = @_;

    open my $out, '>:raw', $file or die "$file: $!";
    print $out $bytes;
    close $out or die "$file: $!";
}

sub free_port {
    return IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
           ->sockport;
}

sub start {
    my ($class, %o) = @_;
    my $build = build();
    my $dir   = tempdir(CLEANUP => 1);
    my $port  = free_port();
    my $node  = bless { dir => $dir, port => $port, wrap => $o{wrap} // [] },
                $class;

    chmod 0755, $dir;           # workers are not root
    mkdir "$dir/logs";
    spew("$dir/policy.yaml", $o{policy});
    system("$build/bin/weir", 'compile', "$dir/policy.yaml", '-o',
           "$dir/policy.weir") == 0 or die "the policy does not compile\n";

    my $main = $o{main} // 'worker_processes 1;';

    spew("$dir/nginx.conf", <<"END");
load_module $build/nginx-release/modules/ngx_http_weir_module.so;
$main
daemon off;
pid logs/nginx.pid;
error_log logs/error.log notice;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 100000000;
    weir_policy policy.weir;
    $o{http}

    server {
        listen 127.0.0.1:$port;
        weir on;
        $o{server}
        location = /status { weir off; weir_status; }
    }
}
END

    return $node->again;
}

# Once more, where it was, after a stop.
sub again {
    my ($node) = @_;
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        exec @{$node->{wrap}}, build() . '/nginx-release/sbin/nginx',
             '-p', $node->{dir}, '-c', 'nginx.conf';
        exit 1;
    }

    $node->{pid} = $pid;
    $nodes{$pid} = $node;

    my $until = time() + 10;
    until (eval { $node->status }) {
        die "nginx does not serve: " . $node->log if time() > $until;
        sleep 0.05;
    }

    return $node;
}

sub get {
    my ($node, $path, %headers) = @_;
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', Timeout => 5,
                                  PeerPort => $node->{port})
            or die "connect: $!";

    print $s "GET $path HTTP/1.1\r\nHost: a\r\nConnection: close\r\n",
          (map { "$_: $headers{$_}\r\n" } sort keys %headers), "\r\n";

    local $/;

    return scalar(<$s>) // '';
}

sub status {
    my ($node) = @_;
    my ($body) = $node->get('/status') =~ /\r\n\r\n(.*)/s;

    return JSON::PP::decode_json($body);
}

sub log {
    return slurp("$_[0]{dir}/logs/error.log");
}

# The master; what wraps it may stay in between.
sub master {
    my ($node) = @_;
    my ($pid) = slurp("$node->{dir}/logs/nginx.pid") =~ /^(\d+)/;

    return $pid // $node->{pid};
}

sub workers {
    my $pid = $_[0]->master;

    return split ' ', slurp("/proc/$pid/task/$pid/children");
}

sub stop {
    my ($node) = @_;
    my $master = $node->master;

    return if !delete $nodes{$node->{pid}};

    kill 'CONT', $master, $node->workers;
    kill 'TERM', $master;
    waitpid $node->{pid}, 0;
}

1;
