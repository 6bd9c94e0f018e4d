# Shell.pm: commands of a page, run in one shell of its own, what they print,
# and what they leave behind.

package Snippets::Shell;

use strict;
use warnings;

use base 'Exporter';

use IPC::Open2 qw(open2);
use Snippets::Page;
use Snippets::Policy qw(data);

our @EXPORT = qw(leftovers sh text wait_for_end);


use constant TIMEOUT => 240;

my $messages = messages();


# Everything that cases of the tests expect to be told.
sub messages {
    return join "\n", map { slurp($_) }
                      glob("$root/policy/test/cases/*/expect*");
}

sub shell {
    my %env = %ENV;
    my $pid;

    local %ENV = (PATH => $env{PATH}, HOME => $page->{dir}, TREE => $root,
                  PREFIX => $conf,
                  BUILD => $env{BUILD} // 'build', LC_ALL => 'C.UTF-8',
                  SHELL => '/bin/sh', TERM => 'dumb', USER => 'root');

    my ($from, $to);

    # as to a terminal
    spew("$page->{dir}/.curlrc", "silent\nshow-error\n");
    $pid = open2($from, $to, 'bash', '--norc', '--noprofile');
    print $to "cd @{[quoted($page->{dir})]}\nset -o pipefail\n"
              . "cd() { command cd -P \"\$@\"; }\n";
    $to->flush;

    return {pid => $pid, from => $from, to => $to};
}

# One command in the page's shell: what it printed, and its status.
sub command {
    my ($text) = @_;
    my $shell = $page->{shell} //= shell();
    my $file  = "$out/command";
    my $said  = "$out/said";
    my $status;

    spew($file, $text);
    print {$shell->{to}} ". $file >$said 2>&1 </dev/null; echo \$?\n";
    $shell->{to}->flush;

    eval {
        local $SIG{ALRM} = sub { die "timeout\n" };

        alarm TIMEOUT;
        $status = readline $shell->{from};
        alarm 0;
    };

    if (!defined $status) {
        kill KILL => $shell->{pid};
        waitpid $shell->{pid}, 0;
        delete $page->{shell};

        return (slurp($said) . "\nit did not end", 124);
    }

    return (slurp($said), 0 + $status);
}

# A block as the commands that it is of.
sub commands {
    my ($text) = @_;
    my ($part, @list) = ('');

    for (split /^/, $text) {
        next if $part eq '' && /^\s*(?:#.*)?$/;

        $part .= $_;
        next if /\\\n\z/;

        spew("$out/command", $part);

        if (qx(bash -n $out/command 2>&1) eq '') {
            push @list, $part;
            $part = '';
        }
    }

    push @list, $part if $part ne '';

    return @list;
}

sub sh {
    my ($block) = @_;
    my ($ends) = $block->{comment} =~ /^ends with (\d+)$/;
    my @list = commands($block->{text});
    my $printed = '';

    return complain($block->{line}, "a comment that says nothing: "
                                    . $block->{comment})
        if $block->{comment} ne '' && !defined $ends;
    return complain($block->{line}, 'no commands') if !@list;

    spew(here() . "/$block->{name}", $block->{text})
        if defined $block->{name};

    for my $i (0 .. $#list) {
        my $text = $list[$i];
        my $want = $i == $#list && defined $ends ? $ends : 0;
        my @words;

        if ($text =~ /^weir eval .*\s# ((?:allow|deny).*)$/m) {
            @words = split /, /, $1;
            $want  = 10 if $words[0] eq 'deny';
        }

        $text =~ s{(?<![\w.])(?:\$PWD/|\./)?build/}{$build/}g
            if $build ne "$root/build";

        my ($said, $status) = command($text);

        $count{commands}++ if !$block->{hidden};
        $printed .= $said;

        # what writes to a head that has seen enough
        $status = 0 if $text =~ /\|\s*head\b/
                       && ($status == 23 || $status == 141);

        my $bad = $status != $want ? "ended with $status, not $want" : undef;

        for (@words) {
            $bad //= "does not say \"$_\"" if $said !~ /\b\Q$_\E\b/;
        }

        if (defined $bad) {
            complain($block->{line}, "$bad: $list[$i]$said");
            last;
        }
    }

    $page->{printed} = $printed;

    # what a page has anyway need not end with it
    $page->{staged}{$_->[0]} = 1 for $block->{hidden} ? leftovers() : ();
}

# Text that is shown, against what was printed.
sub same {
    my ($shown, $printed) = @_;
    my $re = '';

    for (split /\n/, $shown) {
        if (/^\s*\.\.\.$/) {
            $re .= '(?:.*\n)*?';
        } else {
            my @parts = split /\.\.\.(?!\.)/, s/\s+$//r, -1;

            $re .= join('.*?', map { quotemeta } @parts) . '[ \t]*\n';
        }
    }

    $printed .= "\n" if $printed ne '' && $printed !~ /\n\z/;
    $printed =~ s/\r//g;

    return $printed =~ /\A$re\z/;
}

sub text {
    my ($block) = @_;
    my $shown = $block->{text};

    return data($block) if $block->{comment} eq 'data';

    if ($block->{comment} eq 'picture') {
        $count{pictures}++;
        return;
    }

    return complain($block->{line}, "a comment that says nothing: "
                                    . $block->{comment})
        if $block->{comment} ne '';

    if ($block->{behind} && defined $page->{printed}) {
        $count{outputs}++;
        complain($block->{line}, "it prints:\n$page->{printed}")
            if !same($shown, $page->{printed});
        return;
    }

    # the messages of a page, with empty lines between them
    $count{messages}++;

    for (split /\n\n/, $shown =~ s/\s+\z//r) {
        return complain($block->{line},
                        "nothing prints it, and no case expects it:\n$_")
            if index($messages, $_) < 0;
    }
}

# What a page began and did not end; the directory tells whose it is.
sub leftovers {
    my @left;

    for (glob '/proc/[0-9]*') {
        my $cwd = readlink("$_/cwd") // next;
        my ($pid) = /(\d+)/;

        next if "$cwd/" !~ m{^\Q$page->{real}\E/}
                || $page->{shell} && $pid == $page->{shell}{pid};

        # it may be gone by now
        my ($what, $of) = eval { (slurp("$_/cmdline"), slurp("$_/stat")) }
            or next;

        push @left, [$pid, $what =~ tr/\0/ /r, $of =~ /\) \S (\d+)/];
    }

    return @left;
}

# Those that are left after so many tenths of a second, but for some.
sub wait_for_end {
    my ($tenths, $but) = @_;
    my @left;

    while (@left = grep { !$but->{$_->[0]} && !$but->{$_->[2]} } leftovers()) {
        last if $tenths-- == 0;
        select undef, undef, undef, 0.1;
    }

    return @left;
}

1;
