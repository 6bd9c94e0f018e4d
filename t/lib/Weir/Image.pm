# Weir::Image: take an image apart and put it together again, digests and all.
#
# What is changed here is well-formed on the outside, so that a test reaches
# the check that it is about.  The layout is that of policy/image/format.h;
# section names and numbers are read from its table.

package Weir::Image;

use strict;
use warnings;

use Digest::SHA qw(sha256 sha256_hex);
use File::Basename qw(dirname);

my $HEADER  = 'a8 v v V Q< Q< Q< Q< V V V V V V a32 a32 a8 a64 a48';
my @FIELDS  = qw(magic major minor flags required optional length serial
                 sections stack memo scratch name compiler source digest
                 key_id signature reserved);
my $SECTION = 'V V Q< Q< a32 Q<';
my @ENTRY   = qw(id flags offset length digest reserved);

my $HEADER_SIZE  = 256;
my $SECTION_SIZE = 64;

my %number = section_numbers();

sub section_numbers {
    my $file = dirname(__FILE__) . '/../../../policy/image/format.h';
    my ($n, %ids) = 0;

    open my $in, '<', $file or die "$file: $!";

    while (<$in>) {
        $ids{$1} = $n++ if /^ {4}S\(\w+,\s*\w+,\s*"(\w+)"\)/;
    }

    return %ids;
}

# An image of a file, in parts: {header}{FIELD}, {section}[N]{FIELD, bytes}.
sub read {
    my ($class, $file) = @_;

    open my $in, '<:raw', $file or die "$file: $!";
    local $/;
    my $bytes = <$in>;

    my (%h, @sections);
    @h{@FIELDS} = unpack $HEADER, $bytes;

    for my $i (0 .. $h{sections} - 1) {
        my %s;
        @s{@ENTRY} = unpack $SECTION,
                     substr $bytes, $HEADER_SIZE + $i * $SECTION_SIZE,
                            $SECTION_SIZE;
        $s{bytes} = substr $bytes, $s{offset}, $s{length};
        push @sections, \%s;
    }

    return bless { header => \%h, section => \@sections }, $class;
}

sub section {
    my ($self, $name) = @_;

    my ($s) = grep { $_->{id} == ($number{$name} // -1) } @{$self->{section}};

    return $s // die "no section \"$name\"";
}

# The digest of an image as weir_status shows it.
sub digest {
    my ($class, $file) = @_;

    return unpack 'H*', $class->read($file)->{header}{digest};
}

# The bytes, in the order of the table; nothing is made right.
sub bytes {
    my ($self) = @_;
    my $bytes = pack $HEADER, @{$self->{header}}{@FIELDS};

    $bytes .= pack $SECTION, @$_{@ENTRY} for @{$self->{section}};

    for my $s (@{$self->{section}}) {
        my $gap = $s->{offset} - length $bytes;
        $bytes .= "\0" x $gap if $gap > 0 && $gap < 4096;
        $bytes .= $s->{bytes};
    }

    return $bytes;
}

# Digests of the sections, then of header and table.
sub seal {
    my ($self) = @_;

    $_->{digest} = sha256($_->{bytes}) for @{$self->{section}};

    return $self->seal_header;
}

sub seal_header {
    my ($self) = @_;
    my $h = $self->{header};

    my %zeroed = (%$h, digest => "\0" x 32, signature => "\0" x 64);
    my $text   = pack $HEADER, @zeroed{@FIELDS};

    $text .= pack $SECTION, @$_{@ENTRY} for @{$self->{section}};
    $h->{digest} = sha256($text);

    return $self;
}

1;
