# Weir::Strict: JSON as RFC 8259 has it and nothing more, for what others sent
# may be in it: UTF-8 without surrogates or overlong forms, no control
# character, no name twice in an object, one value and nothing behind it.
#
#     my $value = strict_json($bytes);      dies with the reason and the place

package Weir::Strict;

use strict;
use warnings;

use base 'Exporter';

use JSON::PP ();

our @EXPORT = qw(strict_json);

my $utf8 = qr/[\x20\x21\x23-\x5b\x5d-\x7f] | [\xc2-\xdf][\x80-\xbf]
            | \xe0[\xa0-\xbf][\x80-\xbf]
            | [\xe1-\xec\xee\xef][\x80-\xbf]{2} | \xed[\x80-\x9f][\x80-\xbf]
            | \xf0[\x90-\xbf][\x80-\xbf]{2} | [\xf1-\xf3][\x80-\xbf]{3}
            | \xf4[\x80-\x8f][\x80-\xbf]{2}/x;
my $high   = qr/\\u[dD][89abAB][0-9a-fA-F]{2}/;
my $low    = qr/\\u[dD][c-fC-F][0-9a-fA-F]{2}/;
my $escape = qr/\\["\\\/bfnrt] | $high$low
              | (?!$high|$low)\\u[0-9a-fA-F]{4}/x;
my $string = qr/"(?:$utf8|$escape)*+"/;
my $number = qr/-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/;
my $blank  = qr/[ \t\r\n]*/;

# Moves pos() behind one value.
sub value {
    my ($text, $depth) = @_;

    die "deeper than 100\n" if $depth > 100;

    $$text =~ /\G$blank/gc;

    return if $$text =~ /\G(?:$string|$number|true|false|null)/gc;

    if ($$text =~ /\G\[$blank/gc) {
        return if $$text =~ /\G\]/gc;

        do { value($text, $depth + 1) } while $$text =~ /\G$blank,/gc;

        return if $$text =~ /\G$blank\]/gc;

    } elsif ($$text =~ /\G\{$blank/gc) {
        my %seen;

        return if $$text =~ /\G\}/gc;

        do {
            $$text =~ /\G$blank($string)$blank:/gc or die "no name\n";
            my $name = JSON::PP->new->utf8->allow_nonref->decode($1);
            die "\"$name\" twice\n" if $seen{$name}++;
            value($text, $depth + 1);
        } while $$text =~ /\G$blank,/gc;

        return if $$text =~ /\G$blank\}/gc;
    }

    die "no value\n";
}

sub strict_json($) {
    my ($text) = @_;

    pos($text) = 0;

    eval {
        value(\$text, 0);
        $text =~ /\G$blank\z/gc or die "more behind it\n";
        1;
    } or die "not JSON at byte @{[pos($text) // 0]}: $@";

    return JSON::PP->new->utf8->decode($text);
}

1;
