# Images that must not be served: each is refused with its reason in the log
# and in weir_status, and the running policy serves on.

use Weir 'no_plan';
use Time::HiRes qw(sleep time);
use Weir::Live;

if ($ENV{TEST_NGINX_USE_HUP}) {
    plan(skip_all => 'an image may not follow that of another block');
}

our $KEYS = image_dir();

for my $name ('key', 'other') {
    next if -e "$KEYS/$name";
    system(weir(), 'keygen', '-o', "$KEYS/$name") == 0 or die 'keygen';
}

# A copy of a version, signed.
sub signed {
    my ($key, $n, %o) = @_;
    my $image = put(version($n, %o), "$KEYS/signed-$key-$n.weir");

    system(weir(), 'sign', '-k', "$KEYS/$key", $image) == 0 or die 'sign';

    return $image;
}

sub image { Weir::Image->read(version(@_ ? @_ : 2)) }

# Does what puts a bad file there, and looks at what comes of it.
sub refused {
    my ($what, $reason, $text, $do) = @_;
    my $path   = image_path();
    my $before = status();
    my $lines  = lines_of(qr/"\Q$path\E" refused/);

    ref $do ? $do->($path) : place_bytes($do);

    my $after = rejected($reason, $before->{rejected}{$reason} + 1);
    my @new   = lines_of(qr/"\Q$path\E" refused/);
    splice @new, 0, $lines;

    is($after->{rejected}{$reason}, $before->{rejected}{$reason} + 1,
       "$what: $reason is counted");
    like($after->{last_rejection}{reason}, qr/^$reason: $text/,
         "$what: status says why");
    is(scalar @new, 1, "$what: one line in the log");
    like($new[0] // '', qr/\[error\].* refused: $reason: $text.*; serving generation $before->{generation}\b/,
         "$what: it says why");
    is($after->{generation}, $before->{generation}, "$what: nothing changed");
    is(http('GET', '/', Host => 'acme.example')->{status}, 200,
       "$what: it serves on");
}

sub sealed {
    my ($change) = @_;
    my $image = image();

    $change->($image);

    return $image->seal->bytes;
}

# Records of a section, each changed at an offset.
sub records {
    my ($name, $size, $offset, $bytes) = @_;

    return sealed(sub {
        my $s = $_[0]->section($name);
        die "no $name" if $s->{length} < $size;
        substr $s->{bytes}, $offset, length $bytes, $bytes;
    });
}

master_on();
run_tests();

__DATA__

=== no file, or none that can be read
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $link = sub { my ($to) = @_; sub { symlink $to, "$_[0].next"; rename "$_[0].next", $_[0] } };
refused('a pipe', 'unreadable', 'it is not a regular file',
        sub { system('mkfifo', "$_[0].next"); rename "$_[0].next", $_[0] });
refused('a device', 'unreadable', 'it is not a regular file', $link->('/dev/zero'));
refused('a loop of links', 'unreadable', 'stat\(\) failed \(40: ', $link->(image_path()));
refused('a missing file', 'unreadable', 'stat\(\) failed \(2: No such file',
        sub { unlink $_[0] });
refused('a directory', 'unreadable', 'it is not a regular file',
        sub { mkdir $_[0] });
rmdir image_path();
is(status()->{policy}, 'v1');
place(version(2));
is(served(2)->{generation}, 2, 'and a good one is taken');


=== a file that the worker may not read
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
my (undef, undef, $nobody, $group) = getpwnam 'nobody';
my $may = 0;
if ($> == 0 && defined $nobody) {
    local $> = $nobody;
    $may = -r image_path();
}
if ($may) {
    my $conf = server_root() . '/conf/nginx.conf';
    write_bytes($conf, read_file($conf) =~ s/user root;/"user nobody " . getgrgid($group) . ';'/er);
    ok(reload());
    refused('mode 0', 'unreadable', 'open\(\) failed \(13: Permission',
            sub {
                my ($path) = @_;
                put(version(2), "$path.next");
                chmod 0, "$path.next";
                rename "$path.next", $path;
            });
    chmod 0644, image_path();
    is(served(2)->{policy}, 'v2', 'it is read when it may be');
}


=== a frame that is no whole image of ours
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $bytes = read_file(version(2));
my $n = length $bytes;
refused('an empty file', 'truncated', '0 bytes, less than a header', '');
refused('5 bytes', 'truncated', '5 bytes, less than a header', substr $bytes, 0, 5);
refused('100 bytes', 'truncated', '100 bytes, less than a header', substr $bytes, 0, 100);
refused('a byte less', 'truncated', "@{[$n - 1]} bytes of $n", substr $bytes, 0, -1);
refused('half', 'truncated', "\\d+ bytes of $n", substr $bytes, 0, $n / 2);
refused('a byte more', 'bad_length', "@{[$n + 1]} bytes, the header says $n", "$bytes\0");
refused('text', 'bad_magic', 'this is no policy image', "weir: 1\n" x 100);
refused('a lost bit', 'bad_magic', 'this is no policy image', $bytes =~ s/^\211/\011/r);
refused('line ends', 'bad_magic', 'this is no policy image', $bytes =~ s/\r\n/\n/r);
refused('too large', 'too_large', 'it has 1048577 bytes, more than max_size, 1048576',
        "\0" x (1024 * 1024 + 1));
refused('a length of 2^40', 'too_large', '1099511627776 bytes, at most',
        sealed(sub { $_[0]{header}{length} = 1 << 40 }));
refused('a longer length', 'truncated', "$n bytes of @{[$n + 8]}",
        sealed(sub { $_[0]{header}{length} += 8 }));
refused('a shorter length', 'bad_length', "$n bytes, the header says @{[$n - 8]}",
        sealed(sub { $_[0]{header}{length} -= 8 }));
refused('a major version', 'unsupported_version', 'format 2\.0, this reader knows 1',
        sealed(sub { $_[0]{header}{major} = 2 }));
refused('no major version', 'unsupported_version', 'format 0\.0',
        sealed(sub { $_[0]{header}{major} = 0 }));
refused('a required feature', 'unsupported_feature', 'requires features 0x4 ',
        sealed(sub { $_[0]{header}{required} = 4 }));
refused('an unknown flag', 'unsupported_feature', 'unknown flags 0x80 ',
        sealed(sub { $_[0]{header}{flags} |= 0x80 }));
is(status()->{policy}, 'v1');


=== digests that do not fit
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $image = image();
$image->{header}{stack} ^= 1;
refused('the header', 'bad_digest', 'the header does not have', $image->bytes);
$image = image();
$image->{header}{digest} ^= "\1" . "\0" x 31;
refused('the digest', 'bad_digest', 'the header does not have', $image->bytes);
$image = image();
$image->section('bytes')->{bytes} =~ tr/r/s/;
refused('a section', 'bad_digest', 'section 0 does not have', $image->bytes);
$image = image();
$image->section('policy')->{digest} ^= "\1" . "\0" x 31;
refused('the table', 'bad_digest', 'the header does not have', $image->bytes);
refused('the table, under a good digest', 'bad_digest', 'section \d+ does not have',
        $image->seal_header->bytes);


=== good digests over bad content
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
refused('bytes that must be zero', 'bad_record', 'the header has bytes',
        sealed(sub { $_[0]{header}{reserved} = 'x' . "\0" x 47 }));
refused('a serial without its flag', 'bad_record', 'the header has bytes',
        sealed(sub { $_[0]{header}{serial} = 1 }));
refused('a key without its flag', 'bad_record', 'the header has bytes',
        sealed(sub { $_[0]{header}{key_id} = 'x' x 8 }));
refused('too much stack', 'bad_record', 'needs 4096 values of stack',
        sealed(sub { $_[0]{header}{stack} = 4096 }));
refused('no section', 'bad_section', 'there is no section policy',
        sealed(sub {
            my ($image) = @_;
            my $s = pop @{$image->{section}};
            $image->{header}{sections}--;
            $image->{header}{length} -= $s->{length} + 64;
            $_->{offset} -= 64 for @{$image->{section}};
        }));
refused('too many sections', 'bad_section', 'a table of 65535 sections',
        sealed(sub { $_[0]{header}{sections} = 65535; }));
refused('a section twice', 'bad_section', 'section bytes twice',
        sealed(sub { $_[0]->section('strs')->{id} = 0 }));
refused('an unknown section', 'bad_section', 'section of unknown kind 99',
        sealed(sub { $_[0]->section('policy')->{id} = 99 }));
refused('a section behind the end', 'bad_section', 'section \d+ ends behind the image',
        sealed(sub { $_[0]->section('policy')->{length} = 1 << 40 }));
refused('an offset behind the end', 'bad_section', 'section \d+ ends behind the image',
        sealed(sub { $_[0]->section('policy')->{offset} = 2 ** 63 }));
refused('sections that overlap', 'bad_section', 'section \d+ begins at',
        sealed(sub { $_[0]->section('strs')->{offset} -= 8 }));
refused('half a record', 'bad_section', 'section routes of \d+ bytes, records are of',
        sealed(sub {
            my $s = $_[0]->section('routes');
            $s->{length} -= 4;
            substr $s->{bytes}, -4, 4, '';
        }));
refused('a string out of bounds', 'bad_record', 'strs\[',
        records('strs', 8, 0, pack 'VV', 0xffffff00, 0x1000));
refused('a string that is no UTF-8', 'bad_record', 'strs\[',
        records('bytes', 1, 0, "\xff"));
refused('a route with a wild id', 'bad_record', 'routes\[0\]',
        records('routes', 20, 16, pack 'V', 0xfffffff0));
refused('a rule with a wild program', 'bad_record', 'rules\[0\]',
        records('rules', 24, 20, pack 'V', 0xfffffff0));
refused('a program of no instruction', 'bad_program', 'progs\[0\]',
        records('code', 8, 0, "\xff" . "\0" x 7));
refused('a program that runs on', 'bad_program', 'progs\[0\]',
        records('code', 8, 0, "\0" x 8));
is(status()->{policy}, 'v1');


=== a pattern that PCRE2 does not take
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $image = Weir::Image->read(version(2, more => qq(deny: [{id: x, when: 'request.path.matches("^a[bc]d")'}])));
ok($image->section('bytes')->{bytes} =~ s/\[bc\]/(bc(/g, 'the pattern is there');
refused('a pattern', 'bad_regex', 'regexes\[0\]', $image->seal->bytes);


=== a section that a reader may skip is skipped
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $image = image();
push @{$image->{section}}, { id => 1000, flags => 1, length => 16, reserved => 0,
                             bytes => 'what this may be', digest => "\0" x 32 };
$_->{offset} += 64 for @{$image->{section}};
my $last = $image->{section}[-2];
my $end = $last->{offset} + $last->{length};
$image->{section}[-1]{offset} = $end + -$end % 8;
$image->{header}{sections}++;
$image->{header}{optional} = 1 << 40;
$image->{header}{minor} = 7;
$image->{header}{length} = $image->{section}[-1]{offset} + 16;
my $file = write_bytes($KEYS . '/skipped.weir', $image->seal->bytes);
place($file);
is(served($file)->{policy}, 'v2');
is(http('GET', '/', Host => 'acme.example')->{status}, 200);


=== signatures, where a key is configured
--- http_config eval
Weir::Live::http("check=20ms verify_key=$::KEYS/key.pub", ::signed('key', 1))
--- config eval: $Weir::Live::CONFIG
--- then
refused('unsigned', 'unsigned', 'a key is configured', read_file(version(2)));
refused('another key', 'bad_signature', 'signed with another key',
        read_file(signed('other', 2)));
my $image = Weir::Image->read(signed('key', 2));
$image->{header}{signature} ^= "\1" . "\0" x 63;
refused('a bad signature', 'bad_signature', 'the signature is not of this image',
        $image->bytes);
$image = Weir::Image->read(signed('key', 2));
$image->section('bytes')->{bytes} =~ tr/r/s/;
refused('another content', 'bad_signature', 'the signature is not of this image',
        $image->seal->bytes);
$image = Weir::Image->read(signed('other', 2));
$image->{header}{key_id} = Weir::Image->read(signed('key', 2))->{header}{key_id};
refused('another key under our name', 'bad_signature', 'the signature is not of this image',
        $image->seal->bytes);
$image = Weir::Image->read(signed('key', 2));
$image->{header}{flags} &= ~2;
refused('a signature without its flag', 'unsigned', 'a key is configured',
        $image->seal->bytes);
my $good = signed('key', 2);
place($good);
is(served($good)->{policy}, 'v2', 'a signed one is taken');


=== without a key, a signature is not looked at
--- http_config eval: Weir::Live::http('check=20ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $good = signed('other', 2);
place($good);
is(served($good)->{policy}, 'v2');


=== serials go forward
--- http_config eval
Weir::Live::http('check=20ms', Weir::Live::version(1, serial => 5))
--- config eval: $Weir::Live::CONFIG
--- then
my $bytes = sub { read_file(version(shift, serial => shift)) };
refused('an older serial', 'older_serial', 'its serial is 4, that of the running policy 5',
        $bytes->(2, 4));
my $zero = Weir::Image->read(version(2, serial => 1));
$zero->{header}{serial} = 0;
refused('serial 0', 'older_serial', 'its serial is 0, that of the running policy 5',
        $zero->seal->bytes);
refused('the same serial', 'same_serial_other_content', 'its serial is 5, that of the running policy 5',
        $bytes->(2, 5));
place(version(1, serial => 5));
sleep 0.2;
is(status()->{generation}, 1, 'the same content is the same policy');
place(version(2, serial => 6));
is(served(version(2, serial => 6))->{serial}, 6, 'a newer one is taken');
refused('the one before', 'older_serial', 'its serial is 5, that of the running policy 6',
        $bytes->(1, 5));
place(version(3));
is(served(3)->{serial}, undef, 'one without a serial has no order');
place(version(2, serial => 2));
is(served(version(2, serial => 2))->{serial}, 2, 'nor has one that follows it');
place(version(3, serial => '9223372036854775807'));
is(served(version(3, serial => '9223372036854775807'))->{policy}, 'v3', 'the largest');


=== a bad file is one line, however often it is looked at
--- http_config eval: Weir::Live::http('check=5ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $path = image_path();
my $lines = sub { count_of(qr/"\Q$path\E" refused/) };
refused('text', 'bad_magic', '', 'x' x 100);
sleep 0.5;
is($lines->(), 1, 'bad content');
refused('the same text, written again', 'bad_magic', '', 'x' x 100);
refused('no file', 'unreadable', '', sub { unlink $path });
sleep 0.5;
is($lines->(), 3, 'no file');
my $good = read_file(version(1));
place_bytes($good);
sleep 0.2;
is(status()->{generation}, 1);
refused('no file again', 'unreadable', '', sub { unlink $path });
sleep 0.5;
is($lines->(), 4, 'no file, after a good one');


=== bytes that flip, and files that end: a sample in the worker
--- http_config eval: Weir::Live::http('check=5ms')
--- config eval: $Weir::Live::CONFIG
--- then
my $bytes = read_file(version(2));
my ($refused, $served) = (0, 0);
srand 20240607;
for my $i (1 .. 40) {
    my $bad = $bytes;
    if ($i % 4) {
        substr($bad, rand length $bad, 1) ^= chr(1 << rand 8);
    } else {
        substr($bad, rand length $bad) = '';
    }
    my $sum = sub { my $s = shift; my $n = $s->{swaps}; $n += $_ for values %{$s->{rejected}}; $n };
    my $before = $sum->(status());
    place_bytes($bad);
    wait_long(sub { $sum->(status()) > $before }) or fail('nothing came of it');
    my $s = status();
    $s->{generation} == 1 ? $refused++ : $served++;
    is(http('GET', '/', Host => 'acme.example')->{status}, 200) if $i % 10 == 0;
}
is($refused, 40, 'each was refused');
is($served, 0);
place(version(3));
is(served(3)->{policy}, 'v3', 'and a good one is taken');


=== nginx does not start with a bad image
--- http_config eval
Weir::Live::http('check=20ms', ::write_bytes(::image_dir() . '/bad.weir', 'x' x 300))
--- config eval: $Weir::Live::CONFIG
--- must_die
--- no_error_log
[alert]
exited on signal
--- error_log eval
qr/\[emerg\].* weir: policy ".*policy.weir" refused: bad_magic: this is no policy image/


=== nor without one
--- http_config
weir_policy /nonexistent/policy.weir;
--- config eval: $Weir::Live::CONFIG
--- must_die
--- no_error_log
[alert]
exited on signal
--- error_log eval
qr/\[emerg\].* weir: policy "\/nonexistent\/policy.weir" refused: unreadable: open\(\) failed \(2: No such file/


=== nor with an unsigned one where a key is configured
--- http_config eval
Weir::Live::http("verify_key=$::KEYS/key.pub")
--- config eval: $Weir::Live::CONFIG
--- must_die
--- no_error_log
[alert]
exited on signal
--- error_log eval
qr/\[emerg\].* refused: unsigned: a key is configured/


=== with a last good copy it starts, and says so
--- http_config eval
my $bad = ::write_bytes(::image_dir() . '/bad.weir', 'x' x 300);
my $copy = ::put(::version(3), ::image_dir() . '/copy.weir');
Weir::Live::http("check=20ms last_good=$copy", $bad)
--- config eval: $Weir::Live::CONFIG
--- then
my $s = status();
is($s->{policy}, 'v3');
ok($s->{from_last_good}, 'status says so');
is($s->{generation}, 1);
is($s->{rejected}{bad_magic}, 1, 'and counts the bad one');
like($s->{last_rejection}{reason}, qr/^bad_magic/);
is(count_of(qr/bad_magic/), 1, 'one line');
is(http('GET', '/', Host => 'acme.example')->{status}, 200);
place(version(4));
$s = served(4);
ok(!$s->{from_last_good}, 'until there is a good one');
ok(wait_long(sub { read_file(image_dir() . '/copy.weir') eq read_file(version(4)) }),
   'which is kept in turn');
--- error_log eval
qr/\[warn\].* weir: policy ".*" refused: bad_magic: .*; serving the last good copy ".*copy.weir"/


=== also where the file is the copy
--- http_config eval
my $copy = ::put(::version(3), ::image_dir() . '/copy2.weir');
Weir::Live::http("check=20ms last_good=$copy", ::write_bytes(::image_dir() . '/bad.weir', ''))
--- config eval: $Weir::Live::CONFIG
--- then
ok(status()->{from_last_good});
place(version(3));
ok(wait_long(sub { !status()->{from_last_good} }), 'the file is served now');
is(status()->{generation}, 1, 'with no swap');


=== a bad last good copy does not help
--- http_config eval
my $bad = ::write_bytes(::image_dir() . '/bad.weir', 'x' x 300);
my $copy = ::write_bytes(::image_dir() . '/copy3.weir', substr ::read_file(::version(3)), 0, -1);
Weir::Live::http("check=20ms last_good=$copy", $bad)
--- config eval: $Weir::Live::CONFIG
--- must_die
--- no_error_log
[alert]
exited on signal
--- error_log eval
qr/\[emerg\].* refused: bad_magic: .*; last good copy ".*copy3.weir" refused: truncated: /


=== a good image is kept, a bad one is not
--- http_config eval
unlink ::image_dir() . '/kept.weir';
Weir::Live::http('check=20ms last_good=' . ::image_dir() . '/kept.weir')
--- config eval: $Weir::Live::CONFIG
--- then
my $file = image_dir() . '/kept.weir';
my $kept = sub { my ($n) = @_; wait_long(sub { read_file($file) eq read_file(version($n)) }) };
ok($kept->(1), 'what it starts with');
is((stat $file)[2] & 0777, 0600, 'for nobody else');
place(version(2));
served(2);
ok($kept->(2), 'what follows');
my $inode = (stat $file)[1];
refused('a bad one', 'bad_magic', '', 'x' x 100);
sleep 0.2;
is((stat $file)[1], $inode, 'is not');
is_deeply([glob "$file.*"], [], 'nothing is left over');


=== a copy that cannot be kept is one line
--- http_config eval
Weir::Live::http('check=20ms last_good=/nonexistent/kept.weir')
--- config eval: $Weir::Live::CONFIG
--- then
ok(wait_long(sub { lines_of(qr/not kept/) }));
sleep 0.2;
is(count_of(qr/\[error\].* weir: generation 1 was not kept as last good copy "\/nonexistent\/kept.weir" \(2: /), 1);
place(version(2));
is(served(2)->{policy}, 'v2', 'swaps go on');


=== nginx -t looks at the image and touches nothing that runs
--- no_error_log
[alert]
exited on signal
--- http_config eval
Weir::Live::http('check=20ms last_good=' . ::image_dir() . '/tested.weir')
--- config eval: $Weir::Live::CONFIG
--- then
my $test = sub {
    my $said = qx{$ENV{TEST_NGINX_BINARY} -t -p @{[server_root()]} -c conf/nginx.conf 2>&1};
    return ($? >> 8, $said);
};
my $copy = image_dir() . '/tested.weir';
ok(wait_long(sub { -e $copy }));
my ($code, $said) = $test->();
is($code, 0, $said);
refused('a bad one', 'bad_magic', '', 'x' x 300);
my $before = status();
my @kept = stat $copy;
($code, $said) = $test->();
is($code, 0, 'with a copy nginx would start');
like($said, qr/\[warn\].*refused: bad_magic.*serving the last good copy/, 'and says so');
rename $copy, "$copy.away";
($code, $said) = $test->();
is($code, 1, 'without it, it would not');
like($said, qr/\[emerg\].*refused: bad_magic.*last good copy.*refused: unreadable/);
rename "$copy.away", $copy;
my $after = status();
is(count_of(qr/\[emerg\]/), 1, 'the log has what it said');
delete $_->{pid}, delete $_->{workers} for $before, $after;
is_deeply($after, $before, 'what runs is as it was');
is((stat $copy)[9], $kept[9], 'and so is the copy');
place(version(2));
is(served(2)->{generation}, 2);
