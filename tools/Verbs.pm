# Verbs.pm: what the suites of the weir command share: the command, which WEIR
# names, and a directory of their own, in which they are from here on.

package Verbs;

use strict;
use warnings;

use base 'Exporter';

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);

our @EXPORT = qw($weir $gateway filter said slurp spew);

chdir dirname(__FILE__) . '/..' or die "Verbs.pm: $!\n";

my $build = $ENV{BUILD} || 'build';
my $dir   = tempdir(CLEANUP => 1);

our $weir    = abs_path($ENV{WEIR} || "$build/bin/weir");
our $gateway = abs_path('conf.d/gateway.yaml');

-x $weir or die "Verbs.pm: $weir is no command\n";
chdir $dir or die "Verbs.pm: $!\n";


# What a command says and how it ends; standard error comes first.
sub said {
    my $text = qx(@_ 2>&1);

    return $text, $? >> 8;
}


# All that one command prints, given some text.
sub filter {
    my ($input, $args) = @_;

    spew('input', $input);

    return said("$weir $args <input");
}


sub spew {
    my ($path, $text) = @_;

    open my $out, '>', "$path.new" or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
    rename "$path.new", $path or die "$path: $!\n";
}


sub slurp {
    open my $in, '<', $_[0] or return '';
    local $/;

    return scalar(<$in>) // '';
}

1;
