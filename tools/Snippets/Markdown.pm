# Markdown.pm: a page as the blocks of code in it, and its prose.

package Snippets::Markdown;

use strict;
use warnings;

use base 'Exporter';

use Snippets::Page;

our @EXPORT = qw(blocks);


# [line, text]... of a page become blocks: what is code, with what the page says
# of it; the rest is prose.
sub blocks {
    my ($text) = @_;
    my @lines = split /\n/, $text;
    my (@blocks, @prose, $comment, $list);
    my $before = '';                    # the paragraph before
    my $since  = 0;                     # paragraphs since the last block
    my $head   = 0;                     # was one of them a heading?

    my $add = sub {
        my (%block) = @_;
        my ($name) = $before =~ /`([\w.\/-]+)`:\s*\z/;

        # an ellipsis is no name, nor is a word of the language
        undef $name if defined $name && $name !~ m{[./]};

        push @blocks, {%block, name => $name, comment => $comment // '',
                       behind => !$head && ($since == 0 || $since == 1
                                            && $before =~ /:\s*\z/) ? 1 : 0};
        ($before, $comment, $since, $head) = ('', undef, 0, 0);
    };

    for (my $i = 0; $i < @lines; $i++) {
        local $_ = $lines[$i];

        if (/^(\s*)(```+|~~~+)\s*(\S*)/) {
            my ($indent, $fence, $lang) = ($1, $2, $3);
            my ($first, @code) = ($i + 2);

            while (++$i < @lines && $lines[$i] !~ /^\s*\Q$fence\E\s*$/) {
                push @code, $lines[$i] =~ s/^\Q$indent\E//r;
            }

            complain($first - 1, 'a block that does not end') if $i >= @lines;
            $add->(line => $first, lang => $lang,
                   text => join('', map { "$_\n" } @code));

        } elsif (/^<!-- snippet: run$/) {
            my ($first, @code) = ($i + 2);

            push @code, $lines[$i] while ++$i < @lines && $lines[$i] ne '-->';
            push @blocks, {line => $first, lang => 'sh', comment => '',
                           hidden => 1, behind => 0,
                           text => join('', map { "$_\n" } @code)};
            ($before, $since, $head) = ('', 0, 0);

        } elsif (/^\s*<!-- snippet: (.*?) -->$/) {
            complain($i + 1, "a comment of no block: $comment")
                if defined $comment;
            $comment = $1;

        } elsif (/^\s*<!-- snippet/) {
            complain($i + 1, "a comment of another form: $_");

        } elsif (/^    \s*\S/ && !$list && ($i == 0 || $lines[$i - 1] eq '')) {
            my ($first, @code) = ($i + 1);

            while ($i < @lines && $lines[$i] =~ /^(?:    .*|)$/) {
                push @code, $lines[$i++] =~ s/^    //r;
            }

            $i--;
            pop @code while @code && $code[-1] eq '';
            $add->(line => $first, lang => indented(\@code),
                   text => join('', map { "$_\n" } @code));

        } else {
            push @prose, [$i + 1, $_];

            if (/^\s*$/) {
                next;
            }

            complain($i, "a comment of no block: $comment")
                if defined $comment;
            undef $comment;

            my $new = $i == 0 || $lines[$i - 1] =~ /^\s*$|^\s*```|-->$/;

            $since++ if $new;
            $head = 1 if /^#/;
            $before = $new ? $_ : "$before $_";
            $list = 1 if /^\s*(?:[-*]|\d+\.)\s/;
            undef $list if /^\S/ && !/^(?:[-*]|\d+\.)\s/ && $new;
        }
    }

    complain(scalar(@lines), "a comment of no block: $comment")
        if defined $comment;

    return (\@blocks, \@prose);
}

# The language of an indented block.
sub indented {
    my ($code) = @_;
    my ($first) = $code->[0] =~ /^(?:\w+=\S* )*([\w.\/-]+)(?: |$)/;

    return 'directive' if $code->[0] =~ /^Syntax: /;
    return 'text' if !defined $first || $first !~ /^[a-z.\/]/;

    return -x "$build/bin/$first" || -x "$conf/sbin/$first"
           || $first =~ /^(?:source|export|cd|docker|helm|kubectl)$/
           || grep({ -x "$_/$first" } split /:/, $ENV{PATH})
           ? 'sh' : 'text';
}

1;
