# What `weir diff` says happens to a request, happens: each witness of the
# cases diff-* is sent to a server with the old policy and to one with the new.

use Weir 'no_plan';
use Weir::Live;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'an image may not follow that of another block');
}

our $sent = 0;
our @FOLDERS = glob 'policy/test/cases/diff-*';

# What `weir diff` found between the sources of a folder.
sub differences {
    my ($folder) = @_;
    my $url  = 'http://127.0.0.1:' . server_port();
    my $json = qx{@{[weir()]} diff --format json --url $url $folder/old.yaml $folder/new.yaml};

    return JSON::PP->new->decode($json);
}

# The image of a source is served, whatever was before: one that has no serial
# lets any follow.
sub serve {
    for my $source ("$FOLDERS[0]/old.yaml", @_) {
        my $image = image_dir() . '/' . $source =~ tr{/}{-}r . '.weir';

        system(weir(), 'compile', $source, '-o', $image) == 0
            or die "$source does not compile";
        place($image);
        served($image);
    }
}

# The command that a change is shown by; one that says where it comes from
# says so in a header that the server believes.  None where it says more.
sub command {
    my ($change) = @_;
    my $curl = 'curl -s -i --noproxy "*" --max-time 5';

    return $change->{curl} =~ s/curl -i/$curl/r if $change->{curl};

    my ($source, $headers, $method, $host, $target) = $change->{eval} =~
        m{^weir eval --set source=(\S+)((?: -H '[^']*')*) FILE (\S+) 'http://([^/']+)([^']*)'$}
        or return;

    return "$curl -X $method -H 'X-Source: $source' -H 'Host: $host'$headers"
           . " 'http://127.0.0.1:" . server_port() . "$target'";
}

our $CONFIG = <<'END';
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Source;
    large_client_header_buffers 4 32k;
    add_header X-Decision "$weir_decision|$weir_route|$weir_tenant" always;
    add_header X-Decision "$weir_rule|$weir_split|$weir_arm" always;

    location / {
        weir on;
        return 200 "ok\n";
    }

    location = /status {
        weir_status;
    }
END

# A decision in the words of the header X-Decision, and what the client is told.
sub words {
    my ($d) = @_;

    return join '|', $d->{status} || 200, $d->{verdict}, $d->{route},
                     $d->{tenant}, $d->{rule}, $d->{split}, $d->{arm},
                     $d->{message};
}

# What `weir eval` says, of a request that no client can send at will.
sub evaluated {
    my ($change, $source) = @_;
    my $weir = weir();
    my $eval = $change->{eval} =~ s/^weir eval/$weir eval --format json/r
                               =~ s/ FILE / $source /r;

    return words(JSON::PP->new->decode(scalar qx{$eval}));
}

# What the server says to the command.  Which arm came by chance is not said.
sub answer {
    my ($change, $d) = @_;
    my $answer = parse_answer(qx{@{[command($change)]}});
    my $decision = join '|', $answer->{head} =~ /^X-Decision: (.*?)\r?$/mg;
    my ($message) = $answer->{body} =~ /"detail":"([^"]*)"/;

    $decision =~ s/\|v\d$/|$d->{arm}/ if $d->{arm} eq '(by chance)';

    return join '|', $answer->{status}, $decision, $message // '';
}

# Both policies of a folder are served in turn.
sub reproduce {
    my ($folder) = @_;
    my $diff = differences($folder);
    my ($name) = $folder =~ m{diff-(.*)};

    for my $side ('old', 'new') {
        my $other = $side eq 'old' ? 'new' : 'old';

        serve("$folder/$side.yaml");

        for my $change (@{$diff->{changes}}) {
            my $command = command($change);
            my $answer  = $command ? answer($change, $change->{$side})
                                   : evaluated($change, "$folder/$side.yaml");

            is($answer, words($change->{$side}),
               "$name: $side: " . ($command // $change->{eval}));
            $sent++ if $command;

            # what is compared tells the two apart, but for the reason, and
            # for the upstream of an arm
            isnt($answer, words($change->{$other}),
                 "$name: not as under the $other policy")
                if ($change->{old}{reason} ne 'not_allowed'
                    || $change->{new}{reason} ne 'default_deny')
                   && (!$change->{old}{arm}
                       || $change->{old}{arm} ne $change->{new}{arm});
        }
    }

    return scalar @{$diff->{changes}};
}

master_on();
run_tests();

__DATA__

=== every witness gets the decisions that it was printed for
--- http_config eval: Weir::Live::http('check=10ms')
--- config eval: $::CONFIG
--- then
my $changes = 0;
$changes += reproduce($_) for @FOLDERS;
cmp_ok(scalar @FOLDERS, '>=', 10, 'there are pairs');
cmp_ok($changes, '>=', 10, 'there are changes');
cmp_ok($sent, '>=', 2 * ($changes - 3), 'nearly all were sent');


=== a witness that the policies do not bear out is seen
--- http_config eval: Weir::Live::http('check=10ms')
--- config eval: $::CONFIG
--- then
my $folder = 'policy/test/cases/diff-method-removed';
my ($change) = @{differences($folder)->{changes}};
serve("$folder/old.yaml");
is(answer($change, $change->{old}), words($change->{old}), 'as it was printed');
$change->{curl} =~ s/-X DELETE/-X GET/;
isnt(answer({%$change, curl => $change->{curl} =~ s{/items}{/other}r}, $change->{old}), words($change->{old}), 'another path is another answer');
serve("$folder/new.yaml");
is(answer($change, $change->{new}), '200|allow|item|||||', 'another method is no witness of it');
