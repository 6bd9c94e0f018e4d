# Page.pm: the page that is read, and what is said of it.
#
# $page has {file, text, dir, real, shell, ...}.  A complaint is of a line of
# it; %count is of what was looked at.

package Snippets::Page;

use strict;
use warnings;

use base 'Exporter';

use Cwd qw(getcwd);
use File::Basename qw(dirname);
use File::Path qw(make_path);

our @EXPORT = qw($root $build $out $conf $page %count @complaints
                 complain here quoted said slurp spew);

chdir dirname(__FILE__) . '/../..' or die "snippets: $!\n";

our $root  = getcwd();
our $build = $ENV{BUILD} || 'build';

$build = "$root/$build" if $build !~ m{^/};

our $out  = "$build/snippets";
our $conf = "$build/nginx";

our ($page, %count, @complaints);


sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or die "snippets: $file: $!\n";
    local $/;

    return scalar(<$in>) // '';
}

sub spew {
    my ($file, $text) = @_;

    make_path(dirname($file));
    open my $to, '>:raw', $file or die "snippets: $file: $!\n";
    print $to $text;
    close $to or die "snippets: $file: $!\n";
}

sub quoted {
    my ($text) = @_;

    return "'" . $text =~ s/'/'\\''/gr . "'";
}

# The directory that the page's shell is in: named blocks are files of it.
sub here {
    my $shell = $page->{shell};

    return $shell ? readlink("/proc/$shell->{pid}/cwd") // $page->{dir}
                  : $page->{dir};
}

# What a command says, and how it ends.
sub said {
    my (@args) = @_;
    my $text = join ' ', map { quoted($_) } @args;

    $text = qx(cd @{[quoted(here())]} && { $text; } 2>&1 </dev/null);

    return ($text, $? >> 8 || $? & 127);
}

sub complain {
    my ($line, $text) = @_;

    $text =~ s/\s+\z//;
    $text =~ s/\n/\n    /g;
    push @complaints, "$page->{file}:$line: $text";
}

1;
