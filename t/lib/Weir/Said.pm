# Weir::Said: what a tool that is run by hand has found, and how it ends.
#
#     say_that($good, FORMAT, VALUES...);
#     exit verdict();         0: all that was said is good, and there was some

package Weir::Said;

use strict;
use warnings;

use base 'Exporter';

use File::Basename qw(basename);

our @EXPORT = qw(say_that verdict);

my $name   = basename($0);
my $said   = 0;
my $failed = 0;

sub say_that {
    my ($good, $format, @values) = @_;

    printf "$name: %s$format\n", $good ? '' : 'FAILED: ', @values;
    $said++;
    $failed = 1 if !$good;
}

sub verdict {
    say_that(0, 'nothing was looked at') if !$said;

    return $failed;
}

1;
