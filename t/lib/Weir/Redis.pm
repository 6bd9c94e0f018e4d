# Weir::Redis: real servers on loopback, for the length of a test.
#
#     our $redis = Weir::Redis->start(password => 'x', acl => [...]);
#     our $set   = Weir::Redis->sentinels;     a master, two replicas, three
#     our $six   = Weir::Redis->cluster;       three masters, three replicas
#
#     $redis->url, ->host (127.0.0.1:PORT), ->cli('GET', 'key'), ->config(...)
#     $redis->stop, ->cont        SIGSTOP, SIGCONT
#     $redis->kill, ->again       SIGKILL; started again with what it has kept
#
# Options of a server: password (of the user "default"), acl => [lines of
# users], socket => 1 (->socket is its path), tls => 1 (no plain port;
# Weir::Redis::ca() is the authority, names are localhost and 127.0.0.1),
# lines => [more of redis.conf].
#
# Everything ends with the test, however it ends.  Data and logs lie in a
# directory of each server, see ->dir.

package Weir::Redis;

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use IO::Select ();
use IO::Socket::INET ();
use IPC::Open3 qw(open3);
use POSIX ();
use Time::HiRes qw(sleep time);
use Weir ();
use Weir::RedisProxy ();

# What Weir asks of a server, and nothing more: a user of these rules serves.
our $RULES = '~weir:* resetchannels -@all +set +get +incrby +decrby +expire '
             . '+zadd +zrem +zremrangebyscore +zcard +sscan +hset +hscan '
             . '+time +ping +select +asking +role +cluster|slots';
# The same of a sentinel.
our $SENTINEL_RULES = 'resetkeys resetchannels &+switch-master -@all +ping '
                      . '+sentinel|get-master-addr-by-name +subscribe';

my $servers = 0;
my $parent  = $$;
my (%running, $keeper, $keeper_pid);

END {
    if ($$ == $parent) {
        my $status = $?;
        end($_) for keys %running;

        # it would wait for all who have its pipe

        if ($keeper_pid) {
            CORE::kill 'KILL', $keeper_pid;
            waitpid $keeper_pid, 0;
        }

        $? = $status;
    }
}


# Processes

# A process that ends what we have started when we are gone, even by SIGKILL.
sub keep {
    my ($line) = @_;

    if (!$keeper) {
        pipe my $read, $keeper or die "pipe: $!";
        $keeper_pid = fork // die "fork: $!";

        if ($keeper_pid == 0) {
            setpgrp;
            $SIG{$_} = 'IGNORE' for qw(INT TERM HUP PIPE);
            close $keeper;
            open STDOUT, '>', '/dev/null';
            open STDERR, '>', '/dev/null';
            keeper($read);
            POSIX::_exit(0);
        }

        close $read;
        $keeper->autoflush(1);
    }

    print $keeper "$line\n";
}

sub keeper {
    my ($read) = @_;
    my $select = IO::Select->new($read);
    my ($text, %pids) = ('');

    while (getppid() == $parent) {
        next if !$select->can_read(0.5);
        sysread $read, $text, 4096, length $text or last;

        while ($text =~ s/^([+-])(\d+)\n//) {
            $1 eq '+' ? $pids{$2} = 1 : delete $pids{$2};
        }
    }

    kill 'KILL', keys %pids if %pids;
}

sub begun {
    my ($pid) = @_;

    $running{$pid} = 1;
    keep("+$pid");
}

sub end {
    my ($pid) = @_;

    return if !delete $running{$pid};

    kill 'CONT', $pid;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    keep("-$pid");
}

# A port that is free now, below those that the kernel hands out to clients
# and above those of tools/t.
sub free_port {
    for (1 .. 1000) {
        my $port = 30100 + int rand 2600;

        return $port if IO::Socket::INET->new(LocalAddr => '127.0.0.1',
                                              LocalPort => $port,
                                              Listen    => 1);
    }

    die 'no free port';
}

# What a test returns, once it is true.
sub wait_until(&;$$) {
    my ($test, $what, $seconds) = @_;
    my $until = time() + ($seconds // 15);

    while (1) {
        my $value = $test->();
        return $value if $value;
        die +($what // 'what a test waits for') . ' does not happen'
            if time() > $until;
        sleep 0.02;
    }
}

# Runs a command; all that it says.
sub run {
    my ($input, @command) = @_;
    my $pid = open3(my $in, my $out, undef, 'timeout', '20', @command);

    local $SIG{PIPE} = 'IGNORE';
    print $in $input if defined $input;
    close $in;
    local $/;
    my $said = <$out> // '';
    waitpid $pid, 0;
    $said =~ s{\n\z}{};

    return $said;
}


# Certificates

my $tls;

# A folder with ca.pem, cert.pem, key.pem.
sub certificates {
    return $tls if $tls;

    my $dir = Weir::image_dir() . '/redis-tls';
    make_path($dir);

    my $key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2';

    open my $out, '>', "$dir/names" or die "$dir/names: $!";
    print $out "subjectAltName=DNS:localhost,IP:127.0.0.1\n";
    close $out;

    for ("req -x509 $key -subj /CN=authority -keyout ca.key -out ca.pem",
         "req $key -subj /CN=localhost -keyout key.pem -out cert.csr",
         'x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -CAcreateserial '
         . '-days 2 -extfile names -out cert.pem')
    {
        my $said = qx{cd '$dir' && openssl $_ 2>&1};
        die "openssl $_: $said" if $? != 0;
    }

    return $tls = $dir;
}

sub ca { certificates() . '/ca.pem' }


# One server

sub start {
    my ($class, %o) = @_;
    my $self = bless { %o, kind => $o{kind} // 'server' }, $class;

    $self->{dir} = Weir::image_dir() . '/redis' . ++$servers;
    remove_tree($self->{dir});
    make_path($self->{dir});

    # another test may have taken the port in the meantime

    for (1 .. 5) {
        $self->{port} = free_port();
        $self->{bus}  = free_port() if $self->{cluster};
        $self->write_conf;
        return $self if eval { $self->again };
    }

    die "redis does not start: $@\n" . $self->log;
}

sub conf_lines {
    my ($self) = @_;
    my $dir  = $self->{dir};
    my $port = $self->{port};
    my @lines = ("dir $dir", 'bind 127.0.0.1', 'daemonize no',
                 "logfile $dir/log", 'protected-mode no');

    if ($self->{tls}) {
        my $certs = certificates();
        push @lines, 'port 0', "tls-port $port",
             "tls-cert-file $certs/cert.pem", "tls-key-file $certs/key.pem",
             "tls-ca-cert-file $certs/ca.pem", 'tls-auth-clients no',
             'tls-replication yes';
        push @lines, 'tls-cluster yes' if $self->{cluster};
    } else {
        push @lines, "port $port";
    }

    if ($self->{kind} eq 'server') {
        push @lines, 'save ""', 'appendonly no', 'repl-diskless-sync-delay 0',
             'repl-ping-replica-period 1', 'repl-timeout 5';
        push @lines, "masterauth $self->{password}"
            if defined $self->{password};
    }

    if ($self->{cluster}) {
        push @lines, 'cluster-enabled yes', "cluster-port $self->{bus}",
             'cluster-config-file nodes.conf', 'cluster-node-timeout 1000',
             'cluster-replica-validity-factor 0';
    }

    push @lines, "unixsocket $dir/socket", 'unixsocketperm 777'
        if $self->{socket};
    push @lines, "requirepass $self->{password}" if defined $self->{password};
    push @lines, map { "user $_" } @{$self->{acl} // []};

    return @lines, @{$self->{lines} // []};
}

sub write_conf {
    my ($self) = @_;

    open my $out, '>', "$self->{dir}/redis.conf" or die "$self->{dir}: $!";
    print $out map { "$_\n" } $self->conf_lines;
    close $out;
}

# Starts it on its port, and waits until it answers.
sub again {
    my ($self) = @_;
    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        setpgrp;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/out";
        open STDERR, '>&', \*STDOUT;
        exec "redis-$self->{kind}", "$self->{dir}/redis.conf"
            or POSIX::_exit(1);
    }

    begun($pid);
    $self->{pid} = $pid;

    my $ready = eval {
        wait_until {
            die "ended\n" if waitpid($pid, POSIX::WNOHANG()) == $pid;
            $self->cli('INFO', 'server') =~ /^process_id:$pid\r?$/m;
        } 'an answer';
    };

    return $self if $ready;

    my $why = $@;
    $self->kill;
    die $why;
}

sub kill {
    my ($self) = @_;

    end(delete $self->{pid}) if $self->{pid};
}

sub stop { CORE::kill 'STOP', $_[0]{pid} }
sub cont { CORE::kill 'CONT', $_[0]{pid} }

sub up   { defined $_[0]{pid} }
sub pid  { $_[0]{pid} }
sub dir  { $_[0]{dir} }
sub port { $_[0]{port} }
sub host { "127.0.0.1:$_[0]{port}" }
sub log  { Weir::read_file("$_[0]{dir}/log") }

sub socket { "$_[0]{dir}/socket" }

# For weir_redis, without user and password.
sub url { ($_[0]{tls} ? 'rediss://' : 'redis://') . $_[0]->host }

sub cli_command {
    my ($self) = @_;

    return ('redis-cli', '-h', '127.0.0.1', '-p', $self->{port},
            $self->{tls} ? ('--tls', '--cacert', ca()) : (),
            defined $self->{password}
                ? ('--no-auth-warning', '-a', $self->{password}) : ());
}

# What redis-cli says.
sub cli {
    my ($self, @args) = @_;

    return run(undef, $self->cli_command, @args);
}

sub config {
    my ($self, $name, $value) = @_;
    my $said = $self->cli('CONFIG', 'SET', $name, $value);

    die "CONFIG SET $name: $said" if $said ne 'OK';
}

# A field of INFO.
sub info {
    my ($self, $field) = @_;

    return $self->cli('INFO', 'everything') =~ /^\Q$field\E:([^\r\n]*)/m
           ? $1 : undef;
}

sub keys {
    my ($self) = @_;

    return split /\n/, $self->cli('--scan');
}

# Keys that stay forever.
sub eternal {
    my ($self) = @_;
    my @keys = $self->keys or return;
    my @ttls = split /\n/, run(join('', map { "TTL $_\n" } @keys),
                               $self->cli_command);

    return map { $keys[$_] } grep { ($ttls[$_] // '') eq '-1' } 0 .. $#keys;
}

sub flush { $_[0]->cli('FLUSHALL') }

# Proxies of this server that do harm, see Weir::RedisProxy.
sub proxy {
    my ($self) = @_;
    my $proxy = Weir::RedisProxy->start($self->{port});

    begun($proxy->pid);

    return $proxy;
}


# A master with replicas and sentinels

sub sentinels {
    my ($class, %o) = @_;
    my $set = bless { name => $o{name} // 'mymaster' }, 'Weir::Redis::Set';
    my %one = map { exists $o{$_} ? ($_ => $o{$_}) : () }
              qw(password acl tls lines);

    my $master = $class->start(%one);
    my @lines  = ("replicaof 127.0.0.1 " . $master->port);

    $set->{servers} = [$master, map {
        $class->start(%one, lines => [@lines, @{$o{lines} // []}])
    } 1 .. 2];

    $set->wait_replicas($master, 2);

    my $name = $set->{name};

    $set->{sentinels} = [map {
        $class->start(
            kind => 'sentinel', tls => $o{tls},
            password => $o{sentinel_password}, acl => $o{sentinel_acl},
            lines => ["sentinel monitor $name 127.0.0.1 "
                      . $master->port . ' 2',
                      "sentinel down-after-milliseconds $name 500",
                      "sentinel failover-timeout $name 3000",
                      "sentinel parallel-syncs $name 2",
                      defined $o{password}
                          ? "sentinel auth-pass $name $o{password}" : (),
                      defined $o{sentinel_password}
                          ? "sentinel sentinel-pass $o{sentinel_password}"
                          : ()]);
    } 1 .. 3];

    $set->wait_known;

    return $set;
}


# A cluster

sub cluster {
    my ($class, %o) = @_;
    my $six = bless {}, 'Weir::Redis::Cluster';

    $six->{servers} = [map { $class->start(%o, cluster => 1) } 1 .. 6];

    my @first = $six->{servers}[0]->cli_command;
    my $said  = run(undef, @first, '--cluster', 'create',
                    (map { $_->host } @{$six->{servers}}),
                    '--cluster-replicas', '1', '--cluster-yes');

    die "redis-cli --cluster create: $said"
        if $said !~ /All 16384 slots covered/;

    $six->wait_ok;
    wait_until {
        6 == grep { ($_->info('role') // '') eq 'master'
                    || ($_->info('master_link_status') // '') eq 'up' }
             @{$six->{servers}};
    } 'replication';

    return $six;
}


package Weir::Redis::Group;

sub servers { @{$_[0]{servers}} }
sub up      { grep { $_->up } $_[0]->servers }

# The server of a port.
sub at {
    my ($self, $port) = @_;
    my ($server) = grep { $_->port == $port } $self->servers;

    return $server;
}

sub masters {
    my ($self) = @_;

    return grep { ($_->info('role') // '') eq 'master' } $self->up;
}

sub eternal { map { $_->eternal } $_[0]->masters }
sub keys    { map { $_->keys } $_[0]->masters }
sub flush   { $_->flush for $_[0]->masters }


package Weir::Redis::Set;

our @ISA;
BEGIN { @ISA = ('Weir::Redis::Group') }

sub sentinel_servers { @{$_[0]{sentinels}} }

sub url {
    my ($self, $db) = @_;

    return 'sentinel://' . join(',', map { $_->host } $self->sentinel_servers)
           . "/$self->{name}" . (defined $db ? "/$db" : '');
}

# The master that most sentinels speak of.
sub master {
    my ($self) = @_;
    my %said;

    for ($self->sentinel_servers) {
        next if !$_->up;
        my (undef, $port) = split /\n/,
            $_->cli('SENTINEL', 'get-master-addr-by-name', $self->{name});
        $said{$port}++ if defined $port;
    }

    my ($port) = sort { $said{$b} <=> $said{$a} } CORE::keys %said;

    return defined $port ? $self->at($port) : undef;
}

sub wait_replicas {
    my ($self, $master, $n) = @_;

    Weir::Redis::wait_until {
        my @online = $master->cli('INFO', 'replication') =~ /state=online/g;
        @online >= $n;
    } 'replication';
}

# Sentinels know each other and the replicas: they can fail over.
sub wait_known {
    my ($self) = @_;

    for my $sentinel ($self->sentinel_servers) {
        Weir::Redis::wait_until {
            my %is = split /\r?\n/,
                     $sentinel->cli('SENTINEL', 'MASTER', $self->{name});

            ($is{'num-slaves'} // 0) == 2
                && ($is{'num-other-sentinels'} // 0) == 2
                && ($is{flags} // '') eq 'master';
        } 'what sentinels know of each other';
    }

    Weir::Redis::wait_until {
        ($self->sentinel_servers)[0]->cli('SENTINEL', 'CKQUORUM',
                                          $self->{name}) =~ /^OK/;
    } 'a quorum';
}

# By command; returns once the sentinels agree upon another master.
sub failover {
    my ($self) = @_;
    my $old = $self->master;

    Weir::Redis::wait_until {
        ($self->sentinel_servers)[0]->cli('SENTINEL', 'FAILOVER',
                                          $self->{name}) eq 'OK';
    } 'a failover that may begin';

    return $self->wait_other($old);
}

# Waits until the master is another one that says so itself.
sub wait_other {
    my ($self, $old) = @_;

    return Weir::Redis::wait_until {
        my $now = $self->master;

        $now && $now->port != $old->port && $now->up
            && ($now->info('role') // '') eq 'master' ? $now : undef;
    } 'another master', 30;
}


package Weir::Redis::Cluster;

BEGIN { our @ISA = ('Weir::Redis::Group') }

sub url {
    my ($self, $n) = @_;
    my @hosts = map { $_->host } $self->servers;

    return 'cluster://' . join ',', @hosts[0 .. ($n // @hosts) - 1];
}

# Of CLUSTER NODES as seen by a live one: port => {id, flags, slots}.
sub nodes {
    my ($self, $by) = @_;
    my ($seen) = $by // ($self->up)[0];
    my %nodes;

    for (split /\n/, $seen->cli('CLUSTER', 'NODES')) {
        my ($id, $at, $flags, $master, undef, undef, undef, undef, @slots)
            = split / /;
        my ($port) = $at =~ /:(\d+)@/ or next;

        $nodes{$port} = { id => $id, flags => $flags, slots => \@slots,
                          master => $master };
    }

    return \%nodes;
}

sub slot {
    my ($self, $key) = @_;

    return ($self->up)[0]->cli('CLUSTER', 'KEYSLOT', $key);
}

# The master of a slot, and some other master.
sub owner {
    my ($self, $slot) = @_;
    my $nodes = $self->nodes;
    my ($mine, $other);

    for my $port (sort { $a <=> $b } CORE::keys %$nodes) {
        my $node = $nodes->{$port};
        next if $node->{flags} !~ /master/ || $node->{flags} =~ /fail/;

        my $has = grep { /^(\d+)(?:-(\d+))?$/
                         && $1 <= $slot && $slot <= ($2 // $1) }
                  @{$node->{slots}};

        $has ? $mine = $self->at($port) : ($other //= $self->at($port));
    }

    return ($mine, $other);
}

# Moves a slot in three steps; in the midst of them keys are found by ASK.
sub migrate_begin {
    my ($self, $slot) = @_;
    my $nodes = $self->nodes;
    my ($from, $to) = $self->owner($slot);

    $to->cli('CLUSTER', 'SETSLOT', $slot, 'IMPORTING',
             $nodes->{$from->port}{id});
    $from->cli('CLUSTER', 'SETSLOT', $slot, 'MIGRATING',
               $nodes->{$to->port}{id});

    return { slot => $slot, from => $from, to => $to,
             id => $nodes->{$to->port}{id} };
}

sub migrate_keys {
    my ($self, $move) = @_;
    my ($from, $to) = @$move{qw(from to)};
    my $moved = 0;

    while (my @keys = split /\n/, $from->cli('CLUSTER', 'GETKEYSINSLOT',
                                             $move->{slot}, 100))
    {
        my $said = $from->cli('MIGRATE', '127.0.0.1', $to->port, '', 0, 5000,
                              defined $to->{password}
                                  ? ('AUTH', $to->{password}) : (),
                              'KEYS', @keys);
        die "MIGRATE: $said" if $said !~ /^(?:OK|NOKEY)/;
        $moved += @keys;
    }

    return $moved;
}

sub migrate_end {
    my ($self, $move) = @_;

    for my $server ($move->{to}, $move->{from},
                    grep { $_ != $move->{to} && $_ != $move->{from} }
                    $self->masters)
    {
        $server->cli('CLUSTER', 'SETSLOT', $move->{slot}, 'NODE', $move->{id});
    }
}

sub migrate {
    my ($self, $slot) = @_;
    my $move = $self->migrate_begin($slot);

    $self->migrate_keys($move);
    $self->migrate_end($move);

    return $move;
}

sub wait_ok {
    my ($self) = @_;

    for my $server ($self->up) {
        Weir::Redis::wait_until {
            my $info = $server->cli('CLUSTER', 'INFO');

            $info =~ /cluster_state:ok/ && $info =~ /cluster_slots_ok:16384/;
        } 'a cluster that is well', 30;
    }
}

# The replica of a master, by what others say.
sub replica {
    my ($self, $master) = @_;
    my $nodes = $self->nodes;
    my $id    = $nodes->{$master->port}{id};
    my ($port) = grep { $nodes->{$_}{master} eq $id } CORE::keys %$nodes;

    return $self->at($port);
}

# By command of the replica; returns once it is done.
sub failover {
    my ($self, $master) = @_;
    my $replica = $self->replica($master);

    $replica->cli('CLUSTER', 'FAILOVER');
    Weir::Redis::wait_until {
        ($replica->info('role') // '') eq 'master';
    } 'a failover';
    $self->wait_ok;

    return $replica;
}

# Waits until a dead master's replica has taken its place.
sub wait_promoted {
    my ($self, $replica) = @_;

    Weir::Redis::wait_until {
        ($replica->info('role') // '') eq 'master';
    } 'a promotion', 30;
    $self->wait_ok;
}

1;
