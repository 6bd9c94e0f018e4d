# Weir::Live: policies that change while nginx serves.
#
# A block's image lies in a directory of its own, so that a test can do with
# it what it likes:
#
#     --- http_config eval: Weir::Live::http('check=20ms')
#     --- config eval: $Weir::Live::CONFIG
#     --- then
#     place(version(2));
#     served(2);

package Weir::Live;

use strict;
use warnings;

use base 'Exporter';

use Digest::SHA qw(sha1_hex);
use File::Path qw(make_path);
use IO::Select ();
use Socket qw(MSG_DONTWAIT MSG_PEEK);
use Time::HiRes qw(sleep time);
use Weir ();
use Weir::Image ();
use Weir::Load ();

our @EXPORT = qw(answer_of count_of gone image_path lines_of load log_text
                 master mixed patterned place place_bytes put rand_port
                 rejected reload served slow_end slow_start threads_of version
                 wait_long wanted workers_of write_bytes);

our $CONFIG = <<'END';
    add_header X-Version "$weir_policy $weir_plan $weir_route $weir_rule"
               always;
    keepalive_requests 1000000000;

    location / {
        weir on;
        return 200 "ok\n";
    }

    location /up/ {
        weir on;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $http_connection;
        proxy_pass http://127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    location = /status {
        weir_status;
    }
END

our $UPSTREAM = <<'END';
    log_format versions '$weir_policy $weir_plan $weir_route $weir_rule';
    access_log logs/versions.log versions;

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        access_log off;
        location / { return 200 "up\n"; }
    }
END

my $blocks = 0;


# Sources and images

# `more` with so many patterns that no request compiles them.
sub patterned($) {
    my ($n) = @_;

    return "deny:\n" . join '', map {
        "  - id: x$_\n    when: >-\n"
            . "      request.path.matches(\"^/(a|b)*$_\\\\.[0-9]{1,50}z\")\n"
    } 1 .. $n;
}

# The image of a version, see Weir::Load; made once.
sub version($;%) {
    my ($n, %o) = @_;
    my $source = Weir::Load::source($n, %o);
    my $image  = Weir::image_dir() . '/' . sha1_hex($source) . '.weir';

    return -e $image ? $image : Weir::compile_policy($source, $image);
}

# http {} of a block that starts with version 1, or with another image.
sub http(;$$) {
    my ($options, $image) = @_;
    my $dir = Weir::image_dir() . '/live' . ++$blocks;

    make_path($dir);
    put($image // version(1), "$dir/policy.weir");

    return "weir_policy $dir/policy.weir max_size=1m "
           . ($options // 'check=20ms') . ";\n$UPSTREAM";
}

# The file that the running nginx looks at.
sub image_path() {
    my $conf = Weir::read_file(Test::Nginx::Util::server_root()
                               . '/conf/nginx.conf');

    return $conf =~ /weir_policy (\S+)/ ? $1 : die 'no weir_policy';
}

sub write_bytes($$) {
    my ($to, $bytes) = @_;

    open my $out, '>:raw', $to or die "$to: $!";
    print $out $bytes;
    close $out or die "$to: $!";

    return $to;
}

# A copy under another name.
sub put($$) {
    my ($from, $to) = @_;

    return write_bytes($to, Weir::read_file($from));
}

# Puts bytes where nginx looks, by rename.
sub place_bytes($) {
    my ($bytes) = @_;
    my $path = image_path();

    write_bytes("$path.next", $bytes);
    rename "$path.next", $path or die "$path: $!";
}

sub place($) {
    my ($image) = @_;

    place_bytes(Weir::read_file($image));
}


# What nginx does

sub wait_long($;$) {
    my ($test, $seconds) = @_;
    my $until = time() + ($seconds // 10);

    while (time() < $until) {
        my $value = $test->();
        return $value if $value;
        sleep 0.01;
    }

    return;
}

# Waits until a version, or an image, is what is served; its status.
sub served($) {
    my ($what) = @_;
    my $image  = $what =~ /^\d+$/ ? version($what) : $what;
    my $digest = Weir::Image->digest($image);
    my $status;

    wait_long(sub {
        $status = Weir::status();
        return $status->{digest} eq $digest;
    }) or die "\"$status->{policy}\" is served, not $what; "
              . ($status->{last_rejection}{reason} // 'nothing was refused');

    return $status;
}

# Waits until so many images were refused for a reason; the status.
sub rejected($;$) {
    my ($reason, $n) = @_;
    my $status;

    wait_long(sub {
        $status = Weir::status();
        return $status->{rejected}{$reason} >= ($n // 1);
    });

    return $status;
}

sub rand_port($) {
    my ($n) = @_;

    return $Test::Nginx::Util::RandPorts->{"TEST_NGINX_RAND_PORT_$n"};
}

sub log_text() {
    return Weir::read_file(Test::Nginx::Util::server_root()
                           . '/logs/error.log');
}

# Lines of the error log that match.
sub lines_of($) {
    my ($re) = @_;

    return grep { $_ =~ $re } split /\n/, log_text();
}

sub count_of($) {
    my @lines = lines_of($_[0]);

    return scalar @lines;
}

sub master() {
    my $pid = Weir::read_file(Test::Nginx::Util::server_root()
                              . '/logs/nginx.pid');

    # 0 would be this process and its group
    return $pid =~ /^([1-9]\d*)\s*$/ ? $1 : die 'no pid of nginx';
}

# What log phases saw that is not of one version; "-" under no policy.
sub mixed() {
    return grep { !m{^v(\d+)/(?:\d+|-)/\d+ p\1 r\1 [ad]\1$} && $_ ne '- - - -' }
           split /\n/, Weir::read_file(Test::Nginx::Util::server_root()
                                       . '/logs/versions.log');
}

# Whether a process has ended, be it that nobody has asked how.
sub gone($) {
    my ($pid) = @_;

    return Weir::read_file("/proc/$pid/stat") !~ /\) [^ZX] /;
}

# The children of a master.
sub workers_of($) {
    my ($master) = @_;

    return split ' ', Weir::read_file("/proc/$master/task/$master/children");
}

sub threads_of($) {
    my ($pid) = @_;
    my @tasks = glob "/proc/$pid/task/*";

    return scalar @tasks;
}

# Reloads and waits until new workers are there; without `keep`, also until
# the old ones are gone.
sub reload(;$) {
    my ($keep) = @_;
    my $master = master();
    my %old    = map { $_ => 1 } workers_of($master);

    kill 'HUP', $master;

    return wait_long(sub {
        my @now = workers_of($master);
        my $old = grep { $old{$_} } @now;
        return @now - $old >= keys %old && ($keep || $old == 0);
    });
}

sub load(;@) {
    return Weir::Load->start(port => Test::Nginx::Util::server_port(), @_);
}


# Requests in flight

# Waits until nginx wants the body of a request that says "Expect": it was
# allowed then, and is in flight.  False: it has another answer.
sub wanted($) {
    my ($socket) = @_;
    my $go   = "HTTP/1.1 100 Continue\r\n\r\n";
    my $text = '';

    wait_long(sub {
        $socket->recv($text, length $go, MSG_PEEK | MSG_DONTWAIT);
        return length $text == length $go;
    });

    return $text eq $go && defined $socket->recv($text, length $go);
}

# A request of whose body the first byte is sent: it holds its pin.
sub slow_start(;%) {
    my (%o) = @_;
    my $socket = Weir::raw_connect();
    my $length = $o{length} // 10;

    syswrite $socket, "POST /up/slow HTTP/1.1\r\nHost: acme.example\r\n"
             . "Expect: 100-continue\r\nContent-Length: $length\r\n\r\na";
    wanted($socket);

    return { socket => $socket, left => $length - 1 };
}

# Sends the rest; the answer.
sub slow_end($) {
    my ($slow) = @_;

    syswrite $slow->{socket}, 'c' x $slow->{left};

    return answer_of($slow->{socket});
}

# One answer with a Content-Length, from a connection that stays open.
sub answer_of($) {
    my ($socket) = @_;
    my $select = IO::Select->new($socket);
    my $text   = '';
    my $until  = time() + 10;

    while (time() < $until) {
        if ($text =~ /^(.*?\r\n\r\n)/s) {
            my $head = length $1;
            my ($n) = $text =~ /^Content-Length: (\d+)/mi;
            last if length($text) >= $head + ($n // 0);
        }

        next if !$select->can_read(0.1);
        last if !sysread $socket, $text, 65536, length $text;
    }

    return Weir::parse_answer($text);
}

1;
