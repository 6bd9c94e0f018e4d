# nginx as a single process, as developers run it, goes on when it reads its
# configuration again.

use Weir;
use Test::More 'no_plan';

my $image = compile_policy(<<'END');
routes:
  - {id: all, match: {path: "/**"}, public: true}
END

my $dir   = Weir::write_conf("weir_policy $image check=20ms; weir_zone 2m;");
my $conf  = "$dir/conf/nginx.conf";
my $log   = "$dir/logs/error.log";
my $nginx = $ENV{TEST_NGINX_BINARY} || 'nginx';

sub said {
    my ($what) = @_;

    return wait_for(sub { read_file($log) =~ $what });
}

my $pid = fork // die;

if (!$pid) {
    exec $nginx, '-p', $dir, '-e', $log, '-g',
         'daemon off; master_process off;';
    die;
}

ok(said(qr/\[notice\].*nginx\//), 'it runs');

# two zones in other sizes, then one without them
for my $edit (sub { s/weir_zone 2m/weir_zone 4m/; s/check=/max_size=1m check=/ },
              sub { s/weir_policy.*;/ / })
{
    local $_ = read_file($conf);

    $edit->();

    open my $out, '>', $conf or die "$conf: $!";
    print $out $_;
    close $out;

    my $n = () = read_file($log) =~ /reconfiguring/g;

    kill 'HUP', $pid;
    ok(wait_for(sub { (() = read_file($log) =~ /reconfiguring/g) > $n }),
       'it reads its configuration');

    # timers of the old one would have come by now
    select undef, undef, undef, 1.5;
    is(waitpid($pid, 1), 0, 'and lives');
}

kill 'TERM', $pid;
waitpid $pid, 0;
is($?, 0, 'it ends well');
unlike(read_file($log), qr/\[(?:crit|alert|emerg)\]|Sanitizer/, 'in silence');
