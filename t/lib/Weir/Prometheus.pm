# Weir::Prometheus: a real one on loopback, for the length of a program of
# tools/; and metrics as they are read, by hand.
#
#     my $prometheus = Weir::Prometheus->start(
#         interval => '1s', targets => {weir => [$port, ...]},
#         rules => {'alerts.yml' => $text, ...}, labels => {name => $value});
#
#     $prometheus->query($promql)       [[{labels}, value], ...]
#     $prometheus->alerts               of /api/v1/alerts
#     $prometheus->targets              those that are active
#     $prometheus->stop
#
#     check($text)                      what `promtool check metrics` says
#     samples($text)                    {name => {'a="b",c="d"' => value}}

package Weir::Prometheus;

use strict;
use warnings;

use base 'Exporter';

use File::Temp qw(tempdir);
use HTTP::Tiny ();
use IPC::Open2 qw(open2);
use JSON::PP ();
use Time::HiRes qw(sleep time);
use Weir::Node ();

our @EXPORT_OK = qw(check samples);

my %running;
my $self = $$;

END {
    local $?;
    if ($$ == $self) {
        $_->stop for values %running;
    }
}

sub start {
    my ($class, %o) = @_;
    my $dir  = tempdir(CLEANUP => 1);
    my $port = Weir::Node::free_port();
    my $p    = bless { dir => $dir, port => $port,
                       http => HTTP::Tiny->new(timeout => 30) }, $class;

    my $conf = "global:\n  scrape_interval: $o{interval}\n"
               . "  scrape_timeout: $o{interval}\n"
               . "  evaluation_interval: $o{interval}\n";

    my %labels = %{$o{labels} // {}};
    $conf .= "  external_labels:\n" if %labels;
    $conf .= "    $_: '$labels{$_}'\n" for sort keys %labels;

    my %rules = %{$o{rules} // {}};
    $conf .= "rule_files:\n" if %rules;

    for (sort keys %rules) {
        $conf .= "  - $_\n";
        Weir::Node::spew("$dir/$_", $rules{$_});
    }

    $conf .= "scrape_configs:\n";

    for my $job (sort keys %{$o{targets}}) {
        $conf .= "  - job_name: $job\n    metrics_path: /metrics\n"
                 . "    static_configs:\n      - targets: ["
                 . join(', ', map { "'127.0.0.1:$_'" } @{$o{targets}{$job}})
                 . "]\n";
    }

    Weir::Node::spew("$dir/prometheus.yml", $conf);

    my $pid = fork // die "fork: $!";

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$dir/log";
        open STDERR, '>&', \*STDOUT;
        exec 'prometheus', "--config.file=$dir/prometheus.yml",
             "--storage.tsdb.path=$dir/data", '--log.level=warn',
             "--web.listen-address=127.0.0.1:$port";
        exit 1;
    }

    $p->{pid} = $pid;
    $running{$pid} = $p;

    my $until = time() + 30;
    until ($p->{http}->get($p->url('/-/ready'))->{success}) {
        die "prometheus does not start: " . Weir::Node::slurp("$dir/log")
            if time() > $until;
        sleep 0.1;
    }

    return $p;
}

sub url { "http://127.0.0.1:$_[0]{port}$_[1]" }

sub api {
    my ($p, $path, %args) = @_;
    my $said = $p->{http}->get($p->url("/api/v1/$path?")
                               . $p->{http}->www_form_urlencode(\%args));
    my $json = eval { JSON::PP::decode_json($said->{content}) };

    die "prometheus: $path: $said->{content}"
        if !$json || $json->{status} ne 'success';

    return $json->{data};
}

sub query {
    my ($p, $query) = @_;

    return [map { [$_->{metric}, $_->{value}[1]] }
            @{$p->api('query', query => $query)->{result}}];
}

sub alerts  { @{$_[0]->api('alerts')->{alerts}} }
sub targets { @{$_[0]->api('targets', state => 'active')->{activeTargets}} }

sub stop {
    my ($p) = @_;

    return if !delete $running{$p->{pid}};

    kill 'KILL', $p->{pid};
    waitpid $p->{pid}, 0;
}


# "": nothing is wrong.
sub check {
    my ($text) = @_;
    my $pid = open2(my $out, my $in, 'promtool check metrics 2>&1');

    print $in $text;
    close $in;
    local $/;
    my $said = <$out>;
    waitpid $pid, 0;

    return $said . ($? == 0 ? '' : "(status $?)");
}

# Both formats; a line that is none, or is there twice, is an error.
sub samples {
    my ($text) = @_;
    my $label = qr/[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"/;
    my %values;

    for (split /\n/, $text) {
        next if /^# (?:HELP|TYPE|UNIT) [a-zA-Z_:][\w:]* ?/ || $_ eq '# EOF';

        my ($name, $labels, $value) =
            /^([a-zA-Z_:][\w:]*)(?:\{($label(?:,$label)*)\})?[ ]
              (-?[0-9.]+(?:e[-+]?\d+)?)$/x
            or die "a line is none: $_\n";

        $labels //= '';
        die "a sample is there twice: $_\n"
            if defined $values{$name}{$labels};
        $values{$name}{$labels} = $value;
    }

    return \%values;
}

1;
