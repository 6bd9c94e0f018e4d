# A master that sentinels know: it is followed wherever it goes, and what
# requests get meanwhile is what their limits say.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live qw(count_of);
use Weir::Outage;
use Weir::Redis;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'masters that others have left');
}

workers(2);

our $set = Weir::Redis->sentinels;
our $url = $set->url;

my @all = ('/deny/a', '/local/a', '/allow/a');

# Trouble, while clients ask: what they have seen.
sub meanwhile(&) {
    my ($trouble) = @_;

    serves('/deny/a');
    my $clients = clients(@all);
    $trouble->();
    serves('/deny/a');
    sleep 0.3;
    my $seen = $clients->();

    is(unharmed($seen, '/local/a'), '', 'local: all pass');
    is(unharmed($seen, '/allow/a'), '', 'allow: all pass');
    is(unharmed($seen, '/deny/a', 503), '', 'deny: pass, or 503');
    cmp_ok($seen->{'/deny/a'}{200}, '>', 20, 'and some pass');
    is(join(' ', $set->eternal), '', 'no key stays for ever');

    return $seen->{'/deny/a'};
}

our $tls;

# http {} of a set of its own with all that guards servers.
sub tls_conf {
    my $dir = image_dir();

    $tls = Weir::Redis->sentinels(
        tls => 1,
        password => 'pw',
        acl => ["weir on >secret $Weir::Redis::RULES"],
        sentinel_password => 'sp',
        sentinel_acl => ["weir on >other $Weir::Redis::SENTINEL_RULES"]);

    Weir::Live::write_bytes("$dir/password", "secret\n");
    Weir::Live::write_bytes("$dir/other", "other\n");

    return '    weir_trusted_certificate ' . Weir::Redis::ca() . ";\n"
           . '    weir_redis ' . $tls->url . ' tls=on timeout=200ms user=weir '
           . "password_file=$dir/password sentinel_user=weir "
           . "sentinel_password_file=$dir/other;\n";
}

our $proxy;

# http {} of a proxy for all sentinels; as many, and it is asked often.
sub proxy_conf {
    $proxy = ($set->sentinel_servers)[0]->proxy;
    $proxy->garbage("*-1\r\n");

    return '    weir_redis sentinel://' . join(',', ($proxy->host) x 16)
           . "/mymaster timeout=100ms;\n";
}

early(60);
run_tests();

__DATA__

=== the master is found, and counts
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: "    weir_redis $main::url timeout=100ms;\n"
--- config eval: $Weir::Outage::CONFIG
--- then
serves('/deny/a');
my $s = status()->{store};
is($s->{topology}, 'sentinel');
is($s->{circuit}, 'closed');
is($s->{error}, '');
my $before = [$set->keys];
is(http('GET', '/deny/first')->{status}, 200) for 1 .. 5;
is(counted($set, $before), 5);
is(count_of(qr/the master "mymaster" is 127\.0\.0\.1:/), 2, 'said by each worker');


=== a failover by command is followed at once
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: "    weir_redis $main::url timeout=100ms;\n"
--- config eval: $Weir::Outage::CONFIG
--- then
my $old = $set->master;
my $deny = main::meanwhile(sub { $set->failover });
cmp_ok($deny->{gap}, '<', 3, 'within seconds');
my $new = $set->master;
isnt($new->port, $old->port);
ok(Weir::Live::wait_long(sub { count_of('is ' . $new->host) }), 'as the log says');


=== kill -9 of the master
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: "    weir_redis $main::url timeout=100ms;\n"
--- config eval: $Weir::Outage::CONFIG
--- then
my $old = $set->master;
my $deny = main::meanwhile(sub { $old->kill; $set->wait_other($old) });
cmp_ok($deny->{503}, '>', 0, 'deny denies while there is no master');
cmp_ok($deny->{gap}, '<', 6, 'for some seconds');
$old->again;
ok(Weir::Live::wait_long(sub { $old->info('role') eq 'slave' }, 15), 'it comes back as a replica');


=== a master that hangs, and wakes up as one that nobody wants any more
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: "    weir_redis $main::url timeout=100ms;\n"
--- config eval: $Weir::Outage::CONFIG
--- then
my $old = $set->master;
my $deny = main::meanwhile(sub {
    $old->stop;
    $set->wait_other($old);
    serves('/deny/a');
    $old->cont;
});
cmp_ok($deny->{503}, '>', 0, 'deny denies meanwhile');
cmp_ok($deny->{gap}, '<', 8, 'for some seconds');


=== sentinels that are gone are not needed, and one is enough to follow
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: "    weir_redis $main::url timeout=100ms;\n"
--- config eval: $Weir::Outage::CONFIG
--- then
my @sentinels = $set->sentinel_servers;
my $deny = main::meanwhile(sub { $sentinels[0]->kill; sleep 0.5; $set->{sentinels} = [@sentinels[1, 2]]; $set->failover });
cmp_ok($deny->{gap}, '<', 3, 'a failover without it');
$deny = main::meanwhile(sub { $_->kill for @sentinels[1, 2]; sleep 0.5 });
is($deny->{503}, 0, 'the master serves without any');
$_->again for @sentinels;
$set->{sentinels} = [@sentinels];


=== a name that sentinels do not know
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval
"    weir_redis " . ($main::url =~ s/mymaster/other/r) . " timeout=100ms;\n"
--- config eval: $Weir::Outage::CONFIG
--- ask
GET /local/a -> 200
GET /allow/a -> 200
GET /deny/a  -> 503
--- then
ok(Weir::Live::wait_long(sub { count_of(qr/\[warn\].*the master "other" is not found: a sentinel does not know the master/) }));


=== answers of sentinels that are none
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: main::proxy_conf()
--- config eval: $Weir::Outage::CONFIG
--- then
for (["*-1\r\n", 'does not know the master'],
     [":1\r\n", 'does not know the master'],
     ["*1\r\n\$1\r\na\r\n", 'does not know the master'],
     ["*2\r\n\$1\r\na\r\n\$1\r\n0\r\n", 'tells no address'],
     ["*2\r\n\$1\r\na\r\n\$5\r\n65536\r\n", 'tells no address'],
     ["*2\r\n\$3\r\na b\r\n\$4\r\n6379\r\n", 'tells no address'],
     ["*2\r\n\$0\r\n\r\n\$4\r\n6379\r\n", 'tells no address'],
     ["*2\r\n:1\r\n:2\r\n", 'tells no address'],
     ["*2\r\n\$9\r\n127.0.0.1\r\n\$1\r\n1\r\n", 'connecting to 127.0.0.1:1 failed'],
     ["*2\r\n\$9\r\n127.0.0.1\r\n\$5\r\n" . ($main::set->sentinel_servers)[1]->port . "\r\n",
      'the master is none|does not say its role'],
     ["*3\r\n\$7\r\nmessage\r\n\$14\r\n+switch-master\r\n\$11\r\nmymaster a \r\n",
      'tells no address|does not know the master'],
     ["-ERR no\r\n", 'a sentinel does not answer'],
     ['garbage' x 20, 'broke the protocol'])
{
    my ($bytes, $says) = @$_;
    my $re  = qr/the master "mymaster" is not found: .*(?:$says)/;
    my $had = count_of($re);
    $main::proxy->garbage($bytes);
    ok(Weir::Live::wait_long(sub { count_of($re) > $had }), $bytes =~ s/\r\n/ /gr);
}
is(http('GET', '/local/a')->{status}, 200);
is(http('GET', '/deny/a')->{status}, 503);
$main::proxy->pass;
serves('/deny/a');


=== with TLS, users that may do only what is needed, and passwords of sentinels
--- policy eval: $Weir::Outage::POLICY
--- http_weir eval: main::tls_conf()
--- config eval: $Weir::Outage::CONFIG
--- then
serves('/deny/a');
my $old = $main::tls->master;
my $new = $main::tls->failover;
isnt($new->port, $old->port);
serves('/deny/a');
is(join(' ', $main::tls->eternal), '', 'no key stays for ever');
is(status()->{store}{calls}{error_reply}, 0, 'and nothing was refused');
