# Links.pm: links of a page lead somewhere: to files, headings and URLs.

package Snippets::Links;

use strict;
use warnings;

use base 'Exporter';

use Cwd qw(realpath);
use File::Basename qw(dirname);
use Snippets::Page;

our @EXPORT = qw(links);


# A heading as it is linked to.
sub slug {
    my ($text) = @_;

    utf8::decode($text);
    $text =~ s/\[([^\]]*)\]\([^)]*\)/$1/g;
    $text =~ s/[*`]//g;
    $text = lc $text;
    $text =~ s/[^\w\- ]//g;
    $text =~ s/ /-/g;

    return $text;
}

sub anchors {
    my ($text) = @_;
    my (%anchors, %seen, $code);

    for (split /\n/, $text) {
        $code = !$code if /^\s*(?:```|~~~)/;
        next if $code;

        if (/^#{1,6} +(.*?) *#*$/) {
            my $slug = slug($1);
            my $n    = $seen{$slug}++;

            $anchors{$n ? "$slug-$n" : $slug} = 1;
        }

        $anchors{$1} = 1 while /<a (?:id|name)="([^"]+)"/g;
    }

    return \%anchors;
}

my %anchors;

sub links {
    my ($prose) = @_;
    my ($text, $last) = ('', 0);

    for (@$prose) {
        my ($line, $words) = @$_;

        # a link may be broken between lines; its end says which line it is of
        $text .= "\n" x ($line - $last) . $words;
        $last = $line;
    }

    $text =~ s/(`+)(?:(?!\1).)+?\1/'`' x 2 . "\n" x ($& =~ tr{\n}{})/gse;

    while ($text =~ /\]\(\s*<?([^()\s>]*(?:\([^()]*\)[^()\s]*)?)>?
                      (?:\s+"[^"]*")?\s*\)
                    |^\[[^\]]+\]:\s+<?([^\s>]+)
                    |<((?:https?|mailto):[^>]*)>
                    |\b(?:href|src)="([^"]*)"/xmg)
    {
        my $url  = $1 // $2 // $3 // $4;
        my $line = 1 + (substr($text, 0, $-[0]) =~ tr/\n//);

        $count{links}++;
        link_to($line - 1, $url);
    }

    while ($text =~ /\[[^\]\n]+\]\[([\w .-]+)\]/g) {
        complain(substr($text, 0, $-[0]) =~ tr/\n//, "no link is called $1")
            if $text !~ /^\[\Q$1\E\]:/mi;
    }
}

sub link_to {
    my ($line, $url) = @_;

    if ($url =~ /^[a-z][a-z0-9+.-]*:/) {
        complain($line, "a URL that is none: $url")
            if $url !~ m{^https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?
                          (/[\w\-.~:/?\#\[\]@!\$&'()*+,;=%]*)?$}xi
               && $url !~ /^mailto:[^@\s]+@[a-z0-9.-]+$/i;
        return;
    }

    my ($path, $anchor) = $url =~ /^([^#]*)(?:#(.*))?$/;

    if ($path eq '') {
        complain($line, "no heading of that name: $url")
            if !anchors($page->{text})->{$anchor};
        return;
    }

    my $file = "$root/" . dirname($page->{file}) . "/$path";
    my $real = realpath($file);

    if ($path =~ m{^/} || !defined $real || !-e $file) {
        return complain($line, "a link to nothing: $url");
    }

    if (index("$real/", realpath($root) . '/') != 0) {
        return complain($line, "a link out of here: $url");
    }

    return if !defined $anchor;

    return complain($line, "an anchor in what is no page: $url")
        if $real !~ /\.md$/;

    $anchors{$real} //= anchors(slurp($real));
    complain($line, "no heading of that name: $url")
        if !$anchors{$real}{$anchor};
}

1;
