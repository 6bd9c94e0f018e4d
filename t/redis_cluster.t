# Redis Cluster: each key is counted where it lives, wherever that moves, and
# what requests get meanwhile is what their limits say.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Issuer;
use Weir::Live qw(count_of);
use Weir::Outage;
use Weir::Redis;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'masters that others have left');
}

workers(2);

our $six = Weir::Redis->cluster;

# one seed that stays, and one that never was
our $url = 'cluster://127.0.0.1:1,' . ($six->servers)[5]->host;

# The slot that the requests of a path are counted in.
sub slot_of {
    my ($path) = @_;
    my %old = map { $_ => 1 } $six->keys;

    serves($path);
    my ($key) = grep { /^weir:\{/ && !$old{$_} } $six->keys;

    return ($six->slot($key), $key);
}

sub harmless {
    my ($seen, @more) = @_;

    is(unharmed($seen, $_, @more), '', "$_: all pass") for sort keys %$seen;
    is(join(' ', $six->eternal), '', 'no key stays for ever');
}

our $tls;

# http {} of a cluster of its own with all that guards servers.
sub tls_conf {
    $tls = Weir::Redis->cluster(
        tls => 1,
        password => 'pw',
        acl => ["weir on >s%cret $Weir::Redis::RULES"]);

    # the seed by name, the others as the cluster tells them
    my ($seed) = $tls->servers;
    my $dns    = Weir::Issuer::dns(localhost => '127.0.0.1');

    return '    weir_trusted_certificate ' . Weir::Redis::ca() . ";\n"
           . "    resolver 127.0.0.1:$dns ipv6=off;\n"
           . '    weir_redis cluster://weir:s%25cret@localhost:' . $seed->port
           . " tls=on timeout=200ms;\n";
}

our $proxy;

# http {} of a proxy for all seeds; as many, and it is asked often.
sub proxy_conf {
    $proxy = ($six->servers)[5]->proxy;
    $proxy->garbage("*0\r\n");

    return '    weir_redis cluster://' . join(',', ($proxy->host) x 16)
           . " timeout=100ms;\n";
}

early(60);
run_tests();

__DATA__

=== keys are spread over all masters
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: "    weir_redis $main::url timeout=100ms;\n"
--- config eval: $Weir::Outage::CONFIG
--- then
serves('/deny/a');
my $before = [$six->keys];
my %status;
$status{http('GET', "/deny/$_")->{status}}++ for 1 .. 60;
is($status{200}, 60);
is(counted($six, $before), 60, 'each is counted, once');
my @masters = $six->masters;
is(scalar(@masters), 3);
cmp_ok(scalar(grep { /^weir:\{/ } $_->keys), '>', 5, 'keys of ' . $_->port) for @masters;
my $s = status()->{store};
is($s->{topology}, 'cluster');
is($s->{circuit}, 'closed');
is($s->{connections}, 3 * @{status()->{workers}}, 'each worker has one to each master');
is($s->{calls}{error_reply}, 0);
is(join(' ', map { $_->info('errorstat_MOVED') // () } @masters), '', 'nobody was asked for the keys of others');
is(join(' ', $six->eternal), '', 'no key stays for ever');


=== a slot moves to another master, and back, while it is counted in
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: "    weir_redis $main::url timeout=500ms;\n"
--- config eval: $Weir::Outage::CONFIG
--- then
my ($slot, $key) = main::slot_of('/deny/moves');
my $before = ($six->owner($slot))[0]->cli('GET', $key);
my $clients = clients('/deny/moves', '/deny/other');
for (1 .. 2) {
    my $move = $six->migrate_begin($slot);
    sleep 0.3;
    is($six->migrate_keys($move), 1, 'the key is moved');
    sleep 0.3;
    $six->migrate_end($move);
    sleep 0.5;
    is($move->{to}->cli('EXISTS', $key), 1, 'and lives there');
}
my $seen = $clients->();
main::harmless($seen);
cmp_ok($seen->{'/deny/moves'}{200}, '>', 100);
is(($six->owner($slot))[0]->cli('GET', $key) - $before, $seen->{'/deny/moves'}{200},
   'each request is counted, once');
is(status()->{store}{circuit}, 'closed');


=== a key that is not there yet is asked for where its slot is going
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: "    weir_redis $main::url timeout=500ms;\n"
--- config eval: $Weir::Outage::CONFIG
--- then
my ($slot, $key) = main::slot_of('/deny/asked');
my $move = $six->migrate_begin($slot);
$move->{from}->cli('DEL', $key);
is(http('GET', '/deny/asked')->{status}, 200) for 1 .. 4;
like($move->{from}->cli('EXISTS', $key), qr/^ASK /, 'it is not where the slot comes from');
$six->migrate_keys($move);
$six->migrate_end($move);
is($move->{to}->cli('GET', $key), 4);
cmp_ok($move->{to}->cli('TTL', $key), '>', 0);


=== a failover by command
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: "    weir_redis $main::url timeout=500ms;\n"
--- config eval: $Weir::Outage::CONFIG
--- then
my ($slot) = main::slot_of('/deny/fails');
my $clients = clients('/deny/fails', '/local/fails', '/allow/fails');
my ($old) = $six->owner($slot);
my $new = $six->failover($old);
serves('/deny/fails');
sleep 0.3;
my $seen = $clients->();
main::harmless({ map { $_ => $seen->{$_} } '/local/fails', '/allow/fails' });
main::harmless({ '/deny/fails' => $seen->{'/deny/fails'} }, 503);
cmp_ok($seen->{'/deny/fails'}{gap}, '<', 3);
is(($six->owner($slot))[0]->port, $new->port);


=== kill -9 of a master
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: "    weir_redis $main::url timeout=100ms;\n"
--- config eval: $Weir::Outage::CONFIG
--- then
my ($slot) = main::slot_of('/deny/dies');
my ($old)  = $six->owner($slot);
my $replica = $six->replica($old);
my $clients = clients('/deny/dies', '/local/dies', '/allow/dies');
$old->kill;
$six->wait_promoted($replica);
serves('/deny/dies');
sleep 0.3;
my $seen = $clients->();
main::harmless({ map { $_ => $seen->{$_} } '/local/dies', '/allow/dies' });
main::harmless({ '/deny/dies' => $seen->{'/deny/dies'} }, 503);
cmp_ok($seen->{'/deny/dies'}{503}, '>', 0, 'deny denies while there is no master');
cmp_ok($seen->{'/deny/dies'}{gap}, '<', 8, 'for some seconds');
$old->again;
$six->wait_ok;
is((grep { $_->port == $old->port } $six->masters) + 0, 0, 'it comes back as a replica');
serves('/deny/dies');


=== no seed is a cluster
--- policy eval: $Weir::Outage::POLICY
--- http_weir
    weir_redis cluster://127.0.0.1:1,127.0.0.1:2 timeout=100ms;
--- config eval: $Weir::Outage::CONFIG
--- ask
GET /local/a -> 200
GET /allow/a -> 200
GET /deny/a  -> 503
--- then
ok(Weir::Live::wait_long(sub { count_of(qr/\[warn\].*no map of the cluster: connecting to 127\.0\.0\.1:[12] failed/) }));
is(status()->{store}{circuit}, 'open');


=== answers about slots that are none
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: main::proxy_conf()
--- config eval: $Weir::Outage::CONFIG
--- then
my $node = "*3\r\n\$9\r\n127.0.0.1\r\n:7000\r\n\$1\r\nx\r\n";
for (["*0\r\n", 'a server knows of no slots'],
     [":1\r\n", 'in no known way'],
     ["\$-1\r\n", 'in no known way'],
     ["*1\r\n:1\r\n", 'in no known way'],
     ["*1\r\n*2\r\n:0\r\n:1\r\n", 'in no known way'],
     ["*1\r\n*3\r\n:0\r\n:1\r\n:2\r\n", 'in no known way'],
     ["*1\r\n*3\r\n:0\r\n:1\r\n*0\r\n", 'in no known way'],
     ["*1\r\n*3\r\n:0\r\n:1\r\n*2\r\n\$1\r\na\r\n\$1\r\nb\r\n", 'in no known way'],
     ["*1\r\n*3\r\n\$1\r\n0\r\n:1\r\n$node", 'in no known way'],
     ["*1\r\n*3\r\n:0\r\n:16384\r\n$node", 'slots that there are not'],
     ["*1\r\n*3\r\n:-1\r\n:5\r\n$node", 'slots that there are not'],
     ["*1\r\n*3\r\n:6\r\n:5\r\n$node", 'slots that there are not'],
     ["*1\r\n*3\r\n:0\r\n:5\r\n*2\r\n\$1\r\na\r\n:0\r\n", 'an address that is none'],
     ["*1\r\n*3\r\n:0\r\n:5\r\n*2\r\n\$1\r\na\r\n:65536\r\n", 'an address that is none'],
     ["*1\r\n*3\r\n:0\r\n:5\r\n*2\r\n\$3\r\na/b\r\n:1\r\n", 'an address that is none'],
     ["-ERR This instance has cluster support disabled\r\n", 'does not say whose the slots are'],
     ['garbage' x 20, 'broke the protocol|does not say whose'])
{
    my ($bytes, $says) = @$_;
    my $re  = qr/no map of the cluster: .*(?:$says)/;
    my $had = count_of($re);
    $main::proxy->garbage($bytes);
    ok(Weir::Live::wait_long(sub { count_of($re) > $had }), $bytes =~ s/\r\n/ /gr);
}
is(http('GET', '/local/a')->{status}, 200);
is(http('GET', '/deny/a')->{status}, 503);
$main::proxy->pass;
serves('/deny/a');
is(join(' ', $main::six->eternal), '', 'no key stays for ever');


=== with TLS, a seed that has a name, a user that may do only what is needed
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: main::tls_conf()
--- config eval: $Weir::Outage::CONFIG
--- then
serves('/deny/a');
my %status;
$status{http('GET', "/deny/$_")->{status}}++ for 1 .. 20;
is($status{200}, 20);
is(status()->{store}{calls}{error_reply}, 0, 'nothing was refused');
is(join(' ', $main::tls->eternal), '', 'no key stays for ever');
