# Weir::Metrics: what weir_metrics answers, strictly read.
#
# A sample is found by its line up to the value, such as
# weir_decisions_total{tenant="acme",route="shop",verdict="allow",...}.

package Weir::Metrics;

use strict;
use warnings;

use base 'Exporter';

use Test::More ();
use Weir ();

our @EXPORT = qw(check_metrics metrics parse_metrics promtool sum_of);

# Samples by their lines up to the value.  Dies where a line is none, where a
# head or a sample comes twice, or a sample without its head.
sub parse_metrics($;$) {
    my ($text, $openmetrics) = @_;
    my (%samples, %seen, $family, $type, $help);
    my $label = qr/[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"/;

    die "the last line does not end\n" if $text ne '' && $text !~ /\n\z/;

    if ($openmetrics) {
        $text =~ s/^# EOF\n\z//m or die "no # EOF at the end\n";
    }

    for my $line (split /\n/, $text) {

        if ($line =~ /^# HELP ([a-z_]+) \S/) {
            die "twice: $line\n" if $seen{$1}++;
            ($help, $family) = ($1, undef);

        } elsif ($line =~ /^# TYPE ([a-z_]+) (counter|gauge|histogram)$/) {
            ($family, $type) = ($1, $2);
            die "no HELP before: $line\n" if ($help // '') ne $family;

        } elsif ($line =~ /^# UNIT ([a-z_]+) ([a-z]+)$/) {
            die "wrong: $line\n" if !$openmetrics || $1 !~ /_$2$/;

        } elsif ($line =~ /^(([a-z_]+)(?:\{$label(?:,$label)*\})?) (\S+)$/) {
            my ($sample, $name, $value) = ($1, $2, $3);
            my $rest = $name =~ /^\Q$family\E(.*)$/ ? $1 : 'another';

            die "not of $family: $line\n"
                if $rest !~ ($type eq 'histogram' ? qr/^_(?:bucket|sum|count)$/
                             : $openmetrics && $type eq 'counter'
                             ? qr/^_total$/ : qr/^$/);
            die "no number: $line\n"
                if $value !~ /^[0-9]+(?:\.[0-9]+)?(?:e[-+][0-9]+)?$/;
            die "twice: $line\n" if exists $samples{$sample};

            $samples{$sample} = $value;

        } else {
            die "no line: $line\n";
        }
    }

    return \%samples;
}

sub metrics(@) {
    my ($target, @headers) = @_ % 2 ? @_ : ('/metrics', @_);

    return parse_metrics(Weir::http('GET', $target, @headers)->{body});
}

# Of samples of a name that have all these labels: each name="value".
sub sum_of($$@) {
    my ($samples, $name, @labels) = @_;
    my $sum = 0;

    for my $sample (keys %$samples) {
        next if $sample !~ /^\Q$name\E(?:\{|$)/;
        next if grep { $sample !~ /[{,]\Q$_\E[,}]/ } @labels;
        $sum += $samples->{$sample};
    }

    return $sum;
}

# Tests what holds of all samples, whatever they count.
sub check_metrics($) {
    my ($samples) = @_;
    my $duration = 'weir_http_request_duration_seconds';
    my @wrong;

    for my $sample (sort keys %$samples) {
        next if $sample !~ /^weir_http_requests_total(\{.*\})$/;

        my $labels = $1;
        my $count  = $samples->{"${duration}_count$labels"} // -1;
        my $last   = 0;
        my $le;

        push @wrong, "$labels: $samples->{$sample} requests, $count of them "
                     . 'took a time' if $samples->{$sample} != $count;

        for $le (qw(0.001 0.0025 0.005 0.01 0.025 0.05 0.1 0.25 0.5 1.0 2.5
                    5.0 10.0 +Inf))
        {
            my $bucket = $labels =~ s/\}$/,le="$le"}/r;
            my $n = $samples->{"${duration}_bucket$bucket"} // -1;

            push @wrong, "$bucket: $n after $last" if $n < $last;
            $last = $n;
        }

        push @wrong, "$labels: +Inf is $last, the count $count"
            if $last != $count;

        for my $name ("${duration}_sum", 'weir_http_received_bytes_total',
                      'weir_http_sent_bytes_total')
        {
            push @wrong, "no $name$labels"
                if !defined $samples->{"$name$labels"};
        }
    }

    my $requests  = sum_of($samples, 'weir_http_requests_total');
    my $decisions = sum_of($samples, 'weir_decisions_total');

    push @wrong, 'there are none' if !%$samples;
    push @wrong, "$requests requests, $decisions decisions"
        if $requests != $decisions;

    Test::More::is(join("\n", @wrong), '', 'samples agree');
}

# Tests a text with promtool.
sub promtool($$) {
    my ($text, $what) = @_;
    my $file = Weir::image_dir() . '/metrics.txt';

    open my $out, '>:raw', $file or die "$file: $!";
    print $out $text;
    close $out or die "$file: $!";

    my $said = qx{promtool check metrics <$file 2>&1};

    Test::More::is($? . $said, '0', "promtool: $what");
}

1;
