# Weir::Outage: what requests get while the servers that limits are counted on
# are in trouble.
#
#     --- policy eval: $Weir::Outage::POLICY
#     --- http_weir eval: "weir_redis $main::url timeout=100ms;"
#     --- config eval: $Weir::Outage::CONFIG
#     --- then
#     serves('/deny/a');
#     my $clients = clients('/deny/a', '/local/a');
#     ... trouble ...
#     serves('/deny/a');
#     my $seen = $clients->();
#     $seen->{'/deny/a'}{200}, {503}, {gap}
#
# /deny/, /local/ and /allow/ have limits that say so of a store that fails;
# every request is counted in the store, by its path; no limit is reached.

package Weir::Outage;

use strict;
use warnings;

use base 'Exporter';

use Time::HiRes qw(sleep time);
use Weir ();
use Weir::Live ();
use Weir::Load ();

our @EXPORT = qw(clients counted early serves unharmed);

my %limits = map {
    $_ => "  $_: {key: [request.path], rate: 100000/h, lease: 1, "
          . "algorithm: fixed_window, scope: cluster, on_store_failure: $_}\n"
} qw(allow deny local);

our $POLICY = "limits:\n" . join('', map { $limits{$_} } sort keys %limits)
              . "routes:\n" . join '', map {
    "  - {id: $_, match: {path: \"/$_/**\"}, public: true, limits: [$_]}\n"
} sort keys %limits;

our $CONFIG = <<'END';
    keepalive_requests 1000000;

    location / {
        weir on;
        return 200 "$weir_limit_remaining\n";
    }

    location = /status {
        weir_status;
    }
END

# Waits for a window that lasts so many seconds more.
sub early {
    my ($seconds) = @_;
    my $left = 3600 - time() % 3600;

    sleep $left + 1 if $left < $seconds;
}

# Waits until the store counts requests of a path again; seconds.
sub serves {
    my ($path, $seconds) = @_;
    my $from = time();

    Weir::Live::wait_long(sub {
        # both workers, as it may be
        20 == grep { Weir::http('GET', $path)->{status} == 200 } 1 .. 20;
    }, $seconds // 20)
        or die join "\n", "$path is not served",
                    Weir::Live::lines_of(qr/weir: (?:the )?store/);

    return time() - $from;
}

# Clients that ask for paths all the time; what they have seen, when called:
# of each path how many answers of a status there were, and as `gap` the
# seconds from the first that was not 200 to the last.
sub clients {
    my (@paths) = @_;
    my %loads = map {
        $_ => Weir::Load->start(port => Test::Nginx::Util::server_port(),
                                clients => 1, pause => 5000, target => $_)
    } @paths;

    # some answers from before the trouble
    sleep 0.3;

    return sub {
        my %seen;

        for my $path (@paths) {
            my $of = $seen{$path} = { 200 => 0, 503 => 0 };
            my ($first, $last);

            for (@{$loads{$path}->stop}) {
                $of->{$_->{status}}++;
                next if $_->{status} == 200;
                $first //= $_->{sent};
                $last = $_->{done};
            }

            $of->{gap} = defined $first ? $last - $first : 0;
        }

        return \%seen;
    };
}

# What is wrong with a path whose requests must all have passed, or with one
# that may also have been refused because of the store.
sub unharmed {
    my ($seen, $path, @more) = @_;
    my %other = %{$seen->{$path}};

    delete @other{200, 'gap', @more};

    return join ' ', map { "$_:$other{$_}" } grep { $other{$_} } keys %other;
}

# How often the store says that a path of one key was counted: the sum of the
# values of keys that are not there before.
sub counted {
    my ($group, $before) = @_;
    my %old = map { $_ => 1 } @$before;
    my $sum = 0;

    for my $master ($group->masters) {
        for (grep { /^weir:\{/ && !$old{$_} } $master->keys) {
            $sum += $master->cli('GET', $_);
        }
    }

    return $sum;
}

1;
