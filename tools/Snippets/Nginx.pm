# Nginx.pm: nginx takes configurations of a page, and directives where the page
# says.

package Snippets::Nginx;

use strict;
use warnings;

use base 'Exporter';

use File::Basename qw(dirname);
use File::Path qw(make_path);
use Snippets::Page;

our @EXPORT = qw(directive nginx statements);


# Statements at the outside of a text: [first line, last line, text]...
sub statements {
    my ($text) = @_;
    my (@list, $start, $depth);
    my $line = 1;
    my $from = 0;

    $depth = 0;

    while ($text =~ /\G(\s+|\#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'
                      |\\.|\$\{\w+\}|[;{}]|[^\s;{}"'\\]+)/gxs)
    {
        my ($token, $at) = ($1, $-[0]);

        if ($token !~ /^[\s#]/ && !defined $start) {
            ($start, $from) = ($line, $at);
        }

        $line += $token =~ tr/\n//;
        $depth++ if $token eq '{';
        $depth-- if $token eq '}';
        return if $depth < 0;

        if ($depth == 0 && $token =~ /^[;}]$/) {
            push @list, [$start, $line,
                         substr($text, $from, pos($text) - $from)];
            undef $start;
        }
    }

    return if defined $start || $depth != 0 || !@list;

    return @list;
}

# What nginx would have found: files that a configuration names, and where.
sub furnish {
    my ($text) = @_;
    my $dir = here();

    $text =~ s{(?<=[\s=:"])(/(?:etc|run|var|srv)/[^\s;:"]*)}{$dir$1}g;
    $text =~ s{load_module\s+\S*?([\w-]+\.so)}{load_module modules/$1}g;
    make_path(map { dirname($_) } $text =~ m{(\Q$dir\E/[^\s;:"]*)}g);

    my $path = sub { $_[0] =~ m{^/} ? $_[0] : "$dir/$_[0]" };

    for ($text =~ /\bssl_certificate(_key)?\s+[^\s;]+/g ? 1 : ()) {
        system("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=snippet"
               . " -days 2 -keyout $out/key.pem -out $out/cert.pem"
               . " >/dev/null 2>&1") if !-e "$out/key.pem";
    }

    my @files = (
        [qr/\bssl_certificate_key\s+([^\s;\$]+)/, "$out/key.pem"],
        [qr/\b(?:ssl_(?:client_|trusted_)?certificate
             |weir_trusted_certificate|proxy_ssl_trusted_certificate)
             \s+([^\s;\$]+)/x, "$out/cert.pem"],
        [qr/\bverify_key=([^\s;]+)/, "$out/sign.pub"],
        [qr/\b(?:password_file|headers)=([^\s;]+)/, "$out/line"],
        [qr/\bweir_policy\s+([^\s;]+)/, "$out/snippet.weir"],
    );

    for (@files) {
        my ($names, $from) = @$_;

        while ($text =~ /$names/g) {
            my $file = $path->($1);

            next if -e $file;
            make_path(dirname($file));
            link $from, $file or symlink $from, $file;
            push @{$page->{furniture}}, $file;
        }
    }

    make_path(map { $path->($_) } $text =~ /\bproxy_cache_path\s+([^\s;]+)/g);

    return $text;
}

sub nginx {
    my ($block) = @_;
    my $text = furnish($block->{text});
    my @list = statements($text);

    $count{nginx}++;

    if (!@list) {
        complain($block->{line}, 'no statements of nginx');

    } elsif (grep { $_->[2] =~ /^(?:http|stream)\s*\{/ } @list) {
        $text .= "\nevents {}\n" if !grep { $_->[2] =~ /^events\b/ } @list;
        $text = "pid logs/snippet.pid;\n$text" if $text !~ /^\s*pid\s/m;
        $text = "load_module modules/ngx_http_weir_module.so;\n$text"
            if $text !~ /^\s*load_module\s/m && $text =~ /\bweir(?:_\w+)?\s/;
        spew(here() . "/snippet.conf", $text);

        my ($said, $status) = nginx_t();

        complain($block->{line}, "nginx refuses it:\n$said") if $status != 0;

    } else {
        my $said = nginx_part($text, @list);

        complain($block->{line}, "nginx refuses it:\n$said") if defined $said;
    }

    unlink splice @{$page->{furniture} //= []};
    unlink here() . "/snippet.conf";
}

sub nginx_t {
    make_path(here() . "/logs");
    symlink "$conf/modules", here() . "/modules"
        if !-e here() . "/modules";

    return said('nginx', '-t', '-q', '-p', here(), '-c', 'snippet.conf');
}

# Statements, each in the outermost context that takes it; undef is good.
sub nginx_part {
    my ($text, @list) = @_;
    my @names = qw(http server location);
    my @at    = map { $_->[2] =~ /^location\b/ ? 1 : 0 } @list;
    my ($add, %stubs) = ('');

    if ($text =~ /\bweir_|\bweir\s/ && $text !~ /\bweir_policy\s/) {
        $add = "weir_policy $out/snippet.weir;\n";
    }

    for my $try (1 .. 3 * @list + 10) {
        my ($conf, @of) = ("load_module modules/ngx_http_weir_module.so;\n"
                           . "pid logs/snippet.pid;\nevents {}\nhttp {\n$add");
        my $put = sub {
            my ($level) = @_;

            for my $i (grep { $at[$_] == $level } 0 .. $#list) {
                push @of, [1 + ($conf =~ tr/\n//), $i];
                $conf .= "$list[$i][2]\n";
            }
        };

        $conf .= "upstream $_ { server 127.0.0.1:9; }\n" for sort keys %stubs;
        $put->(0);
        $conf .= "server {\nlisten 127.0.0.1:19;\n";
        $put->(1);
        $conf .= "location /snippet/ {\n" if grep { $_ == 2 } @at;
        $put->(2);
        $conf .= "}\n" if grep { $_ == 2 } @at;
        $conf .= "}\n}\n";
        spew(here() . "/snippet.conf", $conf);

        my ($said, $status) = nginx_t();

        return if $status == 0;

        if ($said =~ /host not found in upstream "([\w-]+)"/ && !$stubs{$1}) {
            $stubs{$1} = 1;
            next;
        }

        my ($line) = $said =~ /directive is not allowed here in \S+:(\d+)/
            or return $said;
        my ($i) = map { $_->[1] } grep { $_->[0] <= $line } reverse @of;

        # the last of those that begin before it
        ($i) = map { $_->[1] }
               sort { $b->[0] <=> $a->[0] } grep { $_->[0] <= $line } @of;

        return $said if !defined $i || ++$at[$i] > 2;
    }

    return 'no context takes it';
}

# A directive of docs/nginx.md: where it may stand, and where not.
sub directive {
    my ($block) = @_;
    my ($name) = $block->{text} =~ /^Syntax:\s+(\w+)/;
    my ($contexts) = $block->{text} =~ /^Context:\s+(.*)$/m;
    my %in = map { $_ => 1 } split /, /, $contexts // '';
    my %of = (
        http     => ["http {\n", "}\n"],
        server   => ["http { server {\n", "}}\n"],
        location => ["http { server { location / {\n", "}}}\n"],
    );

    $count{directives}++;

    for (sort keys %of) {
        my ($open, $close) = @{$of{$_}};

        spew(here() . "/snippet.conf",
             "load_module modules/ngx_http_weir_module.so;\nevents {}\n"
             . "$open$name a b c d e f g h i;\n$close");

        my ($said) = nginx_t();

        complain($block->{line}, "$name is unknown to nginx")
            if $said =~ /unknown directive/;
        complain($block->{line}, "$name in $_: the page says otherwise")
            if ($said =~ /not allowed here/ ? 1 : 0) == ($in{$_} ? 1 : 0);
    }
}

1;
