# Weir: Test::Nginx with policies.
#
# A block's section `policy` is compiled and loaded; without `config` every
# path of the server is under it.  A block fails when the error log has an
# alert, a crash or a report of a sanitizer, also while nginx shuts down,
# unless it says no_error_log itself.
#
#     --- policy          the source, without its first line `weir: 1`
#     --- policy_options  further arguments of weir_policy
#     --- http_weir       more directives of http {}, after weir_policy
#     --- audit           weir_audit_log logs/audit.log, for audit()
#     --- upstream        a server that tells what arrived, behind the blocks
#                         orders and catalog; its content is more directives
#     --- h2              the server takes HTTP/2 as well, on h2_port()
#     --- ask             requests and answers, one a line, each a test:
#
#         METHOD TARGET [HTTP/1.0] [Name:value ...] [body=TEXT] -> STATUS [BODY]
#
#     The host is "localhost" unless a Host: is given; -Host sends none.  A
#     word in quotes may have blanks, and \xHH \r \n \t stand for bytes.  The
#     STATUS may be 4xx, without a BODY; the BODY is the whole text but for a
#     newline at its end, "" for none, or ~REGEX.
#
#     --- then            Perl to run after that, while nginx runs

package Weir;

use strict;
use warnings;

use Test::Nginx::Socket -Base;
use Cwd qw(abs_path);
use Digest::SHA qw(sha1_hex);
use File::Path qw(make_path);
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Test::More ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(compile_policy image_dir weir
                 ask audit audit_events h2_port header http http_raw nginx_t
                 parse_answer raw_connect read_file status tls wait_for);

our $CONFIG = <<'END';
    location / {
        weir on;
        default_type text/plain;
        return 200 "$weir_route\n";
    }
END

our $UPSTREAM = <<'END';
    upstream orders {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    upstream catalog {
        server 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
    }

    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_1;
        access_log logs/upstream.log;
        %s
    }
END

our $ECHO = <<'END';
        location / {
            return 200 "upstream $request_method $request_uri\n";
        }
END

my @quiet = ('[alert]', '[emerg]', 'exited on signal', 'Sanitizer',
             'runtime error:');

# Test::Nginx wants to name files of ASan after numbered tests.
$SIG{__WARN__} = sub { warn @_ if $_[0] !~ /^unknown log name: / };

master_on();
log_level('info');
no_long_string();
no_root_location();
no_shuffle() if !$ENV{TEST_NGINX_SHUFFLE};


# Policies

# The weir command.
sub weir() {
    return $ENV{WEIR} || 'build/bin/weir';
}

# Where images of this test file lie; not in the server root, which is made
# anew for each block.
sub image_dir() {
    my $dir = server_root() . '.policy';
    make_path($dir);
    return abs_path($dir);
}

# The image of a source without its first line; dies with the errors.
sub compile_policy($;$) {
    my ($source, $image) = @_;
    my $base = image_dir() . '/' . sha1_hex($source);

    $image ||= "$base.weir";

    open my $out, '>', "$base.yaml" or die "$base.yaml: $!";
    print $out "weir: 1\n$source";
    close $out or die "$base.yaml: $!";

    my $errors = qx{@{[weir()]} compile $base.yaml -o $image 2>&1};
    die "the policy does not compile:\n$errors" if $? != 0;

    return $image;
}

# A folder with a certificate of localhost, $TEST_NGINX_TLS in configurations.
sub tls() {
    my $dir = image_dir() . '/tls';

    if (!-e "$dir/cert.pem") {
        make_path($dir);
        system('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
               'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost',
               '-days', '1', '-batch', '-keyout', "$dir/key.pem", '-out',
               "$dir/cert.pem") == 0 or die "openssl req failed";
    }

    return $ENV{TEST_NGINX_TLS} = $dir;
}


# Requests

sub raw_connect(;$) {
    my ($port) = @_;

    $port ||= server_port();

    return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
                                 Timeout => 5)
           || die "cannot connect to 127.0.0.1:$port: $!";
}

# Sends bytes and reads until the server closes, or for three seconds.
sub http_raw($;$) {
    my ($bytes, $port) = @_;
    my $socket = raw_connect($port);
    my $answer = '';
    my $until  = time() + timeout();

    local $SIG{PIPE} = 'IGNORE';

    syswrite $socket, $bytes;

    while (IO::Select->new($socket)->can_read($until - time())) {
        last if !sysread $socket, $answer, 65536, length $answer;
    }

    return $answer;
}

# Status, header block and body of an answer, its chunks joined.
sub parse_answer($) {
    my ($answer) = @_;
    my ($head, $body) = split /\r\n\r\n/, $answer, 2;

    $head //= '';
    $body //= '';

    if ($head =~ /^Transfer-Encoding:\s*chunked/mi) {
        my $joined = '';

        while ($body =~ s/^([0-9a-f]+)\r\n//i && hex $1) {
            $joined .= substr $body, 0, hex($1) + 2, '';
            $joined =~ s/\r\n\z//;
        }

        $body = $joined;
    }

    my ($code) = $head =~ m{^HTTP/1\.[01] (\d+)};

    return { status => $code // 0, head => $head, body => $body };
}

# The value of a header of an answer; undef where it has none.
sub header($$) {
    my ($answer, $name) = @_;

    return $answer->{head} =~ /^\Q$name\E:[ \t]*(.*?)\r?$/mi ? $1 : undef;
}

sub http(@) {
    my ($method, $target, %headers) = @_;
    my $body    = delete $headers{body};
    my $version = delete $headers{version} || '1.1';
    my $port    = delete $headers{port};
    my $text    = "$method $target HTTP/$version\r\n";

    $headers{Host} = 'localhost' if !exists $headers{Host};
    $headers{'Content-Length'} = length $body if defined $body;

    for my $name (sort keys %headers) {
        next if !defined $headers{$name};
        $text .= "$name: $_\r\n"
            for ref $headers{$name} ? @{$headers{$name}} : $headers{$name};
    }

    $text .= "Connection: close\r\n" if !defined $headers{Connection};

    return parse_answer(http_raw("$text\r\n" . ($body // ''), $port));
}

sub unescape($) {
    my ($s) = @_;
    my %c = (r => "\r", n => "\n", t => "\t", '\\' => '\\', '"' => '"');

    $s =~ s{\\(?:x([0-9a-fA-F]{2})|([rnt\\"]))}
           {defined $1 ? chr hex $1 : $c{$2}}ge;

    return $s;
}

# The request of one line of `ask`.
sub request_of($) {
    my ($line) = @_;
    my (@words, $body, $host, @headers);
    my $version = '1.1';

    while ($line =~ /\G\s*((?:"(?:[^"\\]|\\.)*"|[^\s"])+)/gc) {
        my $word = $1;
        $word =~ s/"((?:[^"\\]|\\.)*)"/$1/g;
        push @words, unescape($word);
    }

    my $method = shift @words;
    my $target = shift @words;

    for (@words) {
        if (m{^HTTP/(\S+)$})         { $version = $1 }
        elsif (/^-Host$/)            { $host = 0 }
        elsif (/^body=(.*)$/s)       { $body = $1 }
        elsif (/^([^:]+):(.*)$/s)    { push @headers, "$1: $2";
                                       $host = 1 if lc $1 eq 'host' }
        else                         { die "ask: what is \"$_\"?" }
    }

    unshift @headers, 'Host: localhost' if !defined $host;
    push @headers, 'Content-Length: ' . length $body if defined $body;
    push @headers, 'Connection: close' if !grep { /^connection:/i } @headers;

    return "$method $target HTTP/$version\r\n"
           . join('', map { "$_\r\n" } @headers) . "\r\n" . ($body // '');
}

# Asks each line of a text, and tests each answer.
sub ask($$) {
    my ($name, $text) = @_;
    my @lines = grep { !/^\s*(?:#|$)/ } split /\n/, $text;

    die "$name: nothing is asked" if !@lines;

    for my $line (@lines) {
        my ($request, $status, $body) =
            $line =~ /^\s*(.*?)\s+->\s+(\S+)(?:\s(.*))?$/
            or die "$name: an ask without an answer: $line";

        my $answer = parse_answer(http_raw(request_of($request)));
        my $found  = $answer->{body};
        chomp $found;

        if ($status =~ tr/x/./) {
            Test::More::like($answer->{status}, qr/^$status$/,
                             "$name: $request");

        } elsif (!defined $body) {
            Test::More::is($answer->{status}, $status, "$name: $request");

        } elsif ($body =~ s/^~//) {
            Test::More::like("$answer->{status} $found", qr/^$status $body/s,
                             "$name: $request");
        } else {
            $body =~ s/^"(.*)"$/$1/;
            Test::More::is("$answer->{status} $found",
                           "$status " . unescape($body), "$name: $request");
        }
    }
}

# What was counted before this block: under TEST_NGINX_USE_HUP counters live on.
my $before;

sub subtract($$);

sub subtract($$) {
    my ($counters, $from) = @_;

    for my $name (keys %$counters) {
        if (ref $counters->{$name}) {
            subtract($counters->{$name}, $from->{$name});
        } else {
            $counters->{$name} -= $from->{$name};
        }
    }
}

# The answer of a location with weir_status.
sub status(;$) {
    my ($target) = @_;
    my $status = JSON::PP->new->decode(
                     http('GET', $target || '/status')->{body});

    subtract($status->{decisions}, $before) if $before;

    return $status;
}


# What nginx wrote

sub read_file($) {
    my ($path) = @_;

    open my $in, '<:raw', $path or return '';
    local $/;

    return scalar(<$in>) // '';
}

# Waits until a test holds, up to three seconds; the value of the test.
sub wait_for($) {
    my ($test) = @_;
    my $value;

    for (1 .. 150) {
        $value = $test->();
        last if $value;
        sleep 0.02;
    }

    return $value;
}

sub h2_port() {
    my ($port) = read_file(server_root() . '/conf/nginx.conf')
                 =~ /listen 127\.0\.0\.1:(\d+) http2;/;
    return $port;
}

# The lines of the audit log, decoded, once there are that many: decisions, or
# what else happened.
sub audit_lines($$) {
    my ($decisions, $n) = @_;
    my @lines;

    wait_for(sub {
        @lines = grep { !!/"event(?:\.action)?":"decision"/ == !!$decisions }
                 split /\n/, read_file(server_root() . '/logs/audit.log');
        return @lines >= ($n // 1);
    });

    return map { JSON::PP->new->utf8->decode($_) } @lines;
}

sub audit(;$) { return audit_lines(1, $_[0]) }

sub audit_events(;$) { return audit_lines(0, $_[0]) }


# nginx without Test::Nginx

my $spawned = 0;

# A prefix whose nginx.conf has the directives of http {} from line 1 on; its
# workers are of the user who tests, or another one.
sub write_conf($;$) {
    my ($http, $user) = @_;
    my $dir = image_dir() . '/nginx' . ++$spawned;

    make_path("$dir/conf", "$dir/logs");
    unlink "$dir/logs/error.log";       # of another file of tests

    my $modules = join ' ', map { "load_module $_;" }
                  split ' ', $ENV{TEST_NGINX_LOAD_MODULES} // '';

    $user //= 'root' if $> == 0;
    $modules .= " user $user;" if defined $user;

    open my $out, '>', "$dir/conf/nginx.conf" or die "$dir: $!";
    print $out "$modules pid logs/nginx.pid; error_log logs/error.log info; ",
               "events {} http { access_log off; $http}\n";
    close $out or die "$dir: $!";

    return $dir;
}

# nginx -t on the directives of http {}: its exit code and all that it says.
sub nginx_t($;$) {
    my ($http, $user) = @_;
    my $dir = write_conf($http, $user);
    my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';
    my $said = qx{$nginx -t -p $dir -e $dir/logs/error.log 2>&1};

    return ($? >> 8, $said);
}


# Blocks

# Random ports stay below those that the kernel hands out to clients, who may
# have one by the time that nginx wants it.
{
    no warnings 'redefine';

    my $random = \&Test::Nginx::Util::gen_rand_port;
    my ($clients) = read_file('/proc/sys/net/ipv4/ip_local_port_range')
                    =~ /^(\d+)/;

    *Test::Nginx::Util::gen_rand_port = sub (;$$$) {
        my $port;

        for (1 .. 100) {
            $port = $random->(@_);
            last if !$port || $port < ($clients || 65536);
        }

        return $port;
    };
}

add_block_preprocessor(sub {
    my $block = shift;
    my $http  = $block->http_config // '';

    if (defined $block->upstream) {
        my $more = $block->upstream;
        $more .= $ECHO if $more !~ m{location / };
        $http = sprintf($UPSTREAM, $more) . $http;
    }

    # nginx before 1.25.1 knows http2 only here
    if (defined $block->h2) {
        $block->set_value('config',
            "    listen 127.0.0.1:\$TEST_NGINX_RAND_PORT_6 http2;\n"
            . $block->config);
    }

    if (defined $block->policy) {
        my $image   = compile_policy($block->policy);
        my $options = $block->policy_options // '';
        chomp $options;

        my $audit = defined $block->audit
                    ? "    weir_audit_log logs/audit.log;\n" : '';
        my $more  = $block->http_weir // '';

        $http = "    weir_policy $image $options;\n$audit$more$http";
        $block->set_value('config', $CONFIG) if !defined $block->config;
    }

    $block->set_value('http_config', $http) if $http ne '';

    if (!defined $block->no_error_log) {
        my $want = $block->error_log // '';
        my @no   = grep { index($want, $_) < 0 } @quiet;

        $block->set_value('no_error_log', join("\n", @no) . "\n");
    }

    if (!defined $block->no_shutdown_error_log && !defined $block->must_die) {
        $block->set_value('no_shutdown_error_log',
                          "[alert]\nexited on signal\n");
    }
});

# After a reload the first requests may still be decided by the policy before.
my $served = '';

sub settle($) {
    my ($block) = @_;
    my ($image) = ($block->http_config // '') =~ /weir_policy (\S+)/;

    $before = undef;

    return if !$ENV{TEST_NGINX_USE_HUP} || !defined $block->config;

    if ($image && $served && $image ne $served) {
        wait_for(sub {
            read_file(server_root() . '/logs/error.log')
                =~ /policy "\Q$image\E": serving generation/
        });
    }

    $served = $image // '';

    if ($block->config =~ m{location = /status \{ weir off}) {
        $before = eval { status()->{decisions} };
    }
}

my $run_request = $Test::Nginx::Util::RunTestHelper;

$Test::Nginx::Util::RunTestHelper = sub {
    my ($block, $dry_run, $repeated) = @_;

    settle($block);

    if (defined $block->request || defined $block->raw_request) {
        $run_request->(@_);

        if ($dry_run || (!defined $block->ask && !defined $block->then)) {
            return;
        }
    }

    if (!$dry_run) {
        ask($block->name, $block->ask) if defined $block->ask;

        if (defined $block->then) {
            eval "package main; no strict; no warnings;\n" . $block->then
                . "\n;1" or Test::More::fail($block->name . ": $@");
        }
    }

    $Test::Nginx::Util::CheckErrorLog->($block, undef, $dry_run, $repeated, 0);
};

1;
