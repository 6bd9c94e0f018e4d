# Workers whose user cannot reach their files: said at start, by nginx -t, with
# the directory that keeps them out.

use Weir;
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use Test::More;

plan(skip_all => 'only root can be another user') if $> != 0;
plan('no_plan');

# where anybody may go, wherever this tree lies
my $dir   = tempdir(CLEANUP => 1, DIR => '/tmp');
my $image = compile_policy(<<'END', "$dir/all.weir");
routes:
  - {id: all, match: {path: "/**"}, public: true}
END

my ($nobody, $group) = (getpwnam 'nobody')[2, 3];
my $user = 'nobody ' . getgrgid $group;

# folder NAME, MODE, whether it is nobody's: made, with a policy in it
sub folder {
    my ($name, $mode, $theirs) = @_;

    mkdir "$dir/$name";
    copy($image, "$dir/$name/edge.weir") or die "$dir/$name: $!";
    chmod 0644, "$dir/$name/edge.weir";
    chown $nobody, $group, "$dir/$name" if $theirs;
    chmod $mode, "$dir/$name";

    return "$dir/$name";
}

sub file {
    my ($path, $mode) = @_;

    open my $out, '>>', $path or die "$path: $!";
    close $out;
    chmod $mode, $path;

    return $path;
}

chmod 0755, $dir;

my $open   = folder('open', 0755);
my $shut   = folder('shut', 0700);
my $theirs = folder('theirs', 0700, 1);
my $grouped = folder('grouped', 0750);

chown 0, $group, $grouped;
symlink "$shut/edge.weir", "$dir/link.weir";
mkdir "$shut/inner";
mkdir "$theirs/mine", 0755;
mkdir "$open/cache";

copy($image, "$open/secret.weir");
chmod 0600, "$open/secret.weir";

my $read  = 'a new one serves only once nginx is started anew';
my $kept  = 'no good policy is kept';
my $state = 'what becomes of splits is not kept';
my $past  = 'what became of splits is forgotten';

# what, directives, what is said: action, path, directive, what stops, effect
my @stopped = (
    ['a policy in a closed folder', "weir_policy $shut/edge.weir;",
     ['read', "$shut/edge.weir", 'weir_policy', $shut, $read]],
    ['a link into a closed folder', "weir_policy $dir/link.weir;",
     ['read', "$dir/link.weir", 'weir_policy', $shut, $read]],
    ['a policy that only root can read', "weir_policy $open/secret.weir;",
     ['read', "$open/secret.weir", 'weir_policy', "$open/secret.weir", $read]],
    ['a last good copy in a folder of root',
     "weir_policy $image last_good=$open/lg.weir;",
     ['write', "$open/lg.weir", 'last_good', $open, $kept]],
    ['a last good copy in a closed folder within',
     "weir_policy $image last_good=$shut/inner/lg.weir;",
     ['write', "$shut/inner/lg.weir", 'last_good', $shut, $kept]],
    ['a last good copy in no folder',
     "weir_policy $image last_good=$open/none/lg.weir;",
     ['write', "$open/none/lg.weir", 'last_good', "$open/none", $kept]],
    ['a state file in a folder of root',
     "weir_policy $image; weir_state_file $open/state;",
     ['write', "$open/state", 'weir_state_file', $open, $state]],
    ['a state file that root has left',
     "weir_policy $image; weir_state_file "
     . file("$theirs/state", 0600) . ';',
     ['read', "$theirs/state", 'weir_state_file', "$theirs/state", $past]],
    ['a cache in a closed folder',
     "weir_policy $image; weir_jwks_cache $shut/cache;",
     ['write', "$shut/cache", 'weir_jwks_cache', $shut,
      'no keys of issuers are kept']],
    ['a policy and its copy',
     "weir_policy $shut/edge.weir last_good=$open/lg.weir;",
     ['read', "$shut/edge.weir", 'weir_policy', $shut, $read],
     ['write', "$open/lg.weir", 'last_good', $open, $kept]],
);

for (@stopped) {
    my ($title, $http, @says) = @$_;
    my ($code, $said) = nginx_t($http, $user);
    my @warned = $said =~ /\[warn\] (weir: .*)/g;

    is($code, 0, "taken: $title") or diag($said);
    is(scalar @warned, scalar @says, "as much is said: $title") or diag($said);

    for (@says) {
        my ($action, $path, $directive, $stop, $effect) = @$_;

        my $what = "cannot $action \"$path\" of \"$directive\": \"$stop\"";

        like(shift @warned // '',
             qr/^weir: workers, user "nobody", \Q$what keeps them out, and $effect\E \(/,
             "and what: $title");
    }

    next if $title =~ /in no folder/;

    ($code, $said) = nginx_t($http);
    unlike($said, qr/\[warn\]/, "root can: $title");
}

my @reached = (
    ['a policy', "weir_policy $open/edge.weir;"],
    ['files in a folder of theirs',
     "weir_policy $theirs/edge.weir last_good=$theirs/lg.weir; "
     . "weir_state_file $theirs/new;"],
    ['a folder of their group', "weir_policy $grouped/edge.weir;"],
    ['folders that nginx makes',
     "weir_policy $image; weir_jwks_cache $open/cache; "
     . "weir_state_file $open/made/state;"],
);

for (@reached) {
    my ($title, $http) = @$_;
    my ($code, $said) = nginx_t($http, $user);

    is($code, 0, "taken: $title");
    unlike($said, qr/\[warn\]/, "in silence: $title");
}
