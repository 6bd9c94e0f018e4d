# conf.d/blue-green.*: a release is one line, and loses nothing.

use Weir 'no_plan';
use Time::HiRes qw(clock_gettime sleep CLOCK_MONOTONIC);
use Weir::Confd;
use Weir::Live qw(answer_of wait_long);
use Weir::Load;

workers(2);

our $DIR = image_dir();

our $HTTP = confd('blue-green', 'state/splits' => "$DIR/state/splits")
            . on_ports(join '', map { <<"END" } [9001, 'blue'], [9002, 'green']);
server {
    listen 127.0.0.1:$_->[0];
    add_header X-Version $_->[1] always;

    location / {
        set \$turn "";
        if (-f $DIR/frail-$_->[1]) { set \$turn \$request_id; }
        if (-f $DIR/broken-$_->[1]) { return 500; }
        if (\$turn ~ ^[0-4]) { return 500; }
        return 200 "$_->[1] [\$http_x_api_key]";
    }

    location /slow { proxy_pass http://127.0.0.1:9003; }
}
END

edit('open: 10s', 'open: 1s') for 1 .. 2;

our %TESTER = ('X-Api-Key' => new_key('tester'));

# What the policy's own words say a release is, with the colours given.
sub weights {
    my (%weight) = @_;

    for my $colour (sort keys %weight) {
        system('sed', '-i',
               "s/^\\( *$colour: {weight:\\) [0-9]*/\\1 $weight{$colour}/",
               "$DIR/blue-green.yaml") == 0 or die 'sed';
    }

    compile();
}

sub put {
    my ($path, $text) = @_;

    open my $out, '>', $path or die "$path: $!";
    print $out $text;
}

sub status_of {
    return JSON::PP::decode_json(at(8081, 'GET', '/status')->{body});
}

# Releases, and waits until it serves.
sub release {
    my $digest = status_of()->{digest};

    weights(@_);
    wait_long(sub { status_of()->{digest} ne $digest }) or die 'no swap';
}

sub colour {
    my $answer = at(8080, 'GET', '/cart', @_);

    return $answer->{body} =~ /^(\w+) \[/ ? $1 : $answer->{status};
}

# How many of so many requests which colour answered.
sub colours {
    my ($n) = @_;
    my %n;

    $n{colour()}++ for 1 .. $n;
    return join ' ', map { "$_ $n{$_}" } sort keys %n;
}

# A request that is on its way: its client, and the service's end.
sub on_its_way {
    my $client = Weir::raw_connect(port_of(8080));

    syswrite $client, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n";
    my ($service) = accepted() or die 'nobody asks';

    return [$client, $service];
}

sub arrives {
    my ($client, $socket) = @{$_[0]};

    syswrite $socket, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    close $socket;

    my $answer = answer_of($client);
    return "$answer->{status} " . header($answer, 'X-Version');
}

weights(blue => 100, green => 0);
run_tests();

__DATA__

=== the policy is sound, whichever colour serves
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
sound();
main::weights(blue => 0, green => 100);
is(qx{@{[weir()]} test --coverage-min 100 $::DIR/blue-green.yaml}
       =~ /^(\d+ passed, 0 failed)$/m ? 'passed' : 'failed', 'passed', 'green too');
is(qx{@{[weir()]} lint $::DIR/blue-green.yaml}, '', 'and there is no advice');
main::weights(blue => 100, green => 0);


=== one colour serves, testers see either
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
is(colours(50), 'blue 50', 'all of blue');
is(colour('X-Preview' => 'green'), 'blue', 'nobody else sees green');
is(colour('X-Preview' => 'green', %::TESTER), 'green', 'testers do');
is(colour('X-Preview' => 'blue', %::TESTER), 'blue');
is(colour(%::TESTER), 'blue', 'when they ask for it');
is(colour('X-Preview' => 'green', 'X-Api-Key' => 'tester.guess'), 401, 'a key that is none');
my $a = at(8080, 'GET', '/cart', 'X-Preview' => 'green', %::TESTER);
is($a->{body}, 'green []', 'the key does not go on');
is(header($a, 'X-Served-By'), 'green', 'and they are told which it was');


=== a release under load, with requests on their way, loses none
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
release(blue => 100, green => 0) if colour() ne 'blue';
listening(9003);
my @old  = map { on_its_way() } 1 .. 5;
my $load = Weir::Load->start(port => port_of(8080), clients => 4);
sleep 0.5;

my $before = clock_gettime(CLOCK_MONOTONIC);
release(blue => 0, green => 100);
my $after = clock_gettime(CLOCK_MONOTONIC);
my @new = map { on_its_way() } 1 .. 5;
sleep 0.5;
my $records = $load->stop;

ok(@$records > 100, scalar(@$records) . ' requests');
is(scalar(grep { $_->{status} != 200 } @$records), 0, 'none is lost');
is(join(' ', map { arrives($_) } @old), join(' ', ('200 blue') x 5), 'what was on its way ends where it began');
is(join(' ', map { arrives($_) } @new), join(' ', ('200 green') x 5), 'what came behind it does not');

my @was = grep { $_->{done} < $before } @$records;
my @is  = grep { $_->{sent} > $after } @$records;
ok(@was && @is);
is(scalar(grep { $_->{version} ne 'blue' } @was), 0, 'blue before it');
is(scalar(grep { $_->{version} ne 'green' } @is), 0, 'green from then on');
my ($first) = map { $_->{sent} } grep { $_->{version} eq 'green' } sort { $a->{sent} <=> $b->{sent} } @$records;
my ($last)  = map { $_->{sent} } grep { $_->{version} eq 'blue' } sort { $b->{sent} <=> $a->{sent} } @$records;
ok($last < $first + 0.05, 'all at once');

release(blue => 100, green => 0);
is(colours(20), 'blue 20', 'and back');


=== half and half: the guard takes back what fails
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
release(blue => 50, green => 50);
like(colours(60), qr/^blue \d+ green \d+$/, 'both serve');
put("$::DIR/frail-green", '');
ok(wait_long(sub { colours(40) eq 'blue 40' }, 20), 'green fails, and blue has all');
is(status_of()->{splits}{shop}{state}, 'rolled_back', 'as the state says');
is(header(at(8080, 'GET', '/', 'X-Preview' => 'green', %::TESTER), 'X-Served-By'), 'green', 'testers can look at what is wrong');
unlink "$::DIR/frail-green";
release(blue => 100, green => 0);


=== all of green, which breaks: the breaker sends them to blue
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
release(blue => 0, green => 100);
is(colours(10), 'green 10');
put("$::DIR/broken-green", '');
ok(wait_long(sub { colours(40) eq 'blue 40' }, 20), 'blue has all');
unlink "$::DIR/broken-green";
ok(wait_long(sub { colours(10) eq 'green 10' }), 'until green works again');
release(blue => 100, green => 0);


=== before any policy is compiled: an order
--- http_config eval: $::HTTP
--- config
    location / { return 204; }
--- then
release(blue => 0, green => 100);
is(colours(10), 'green 10');
my $server = 'http://127.0.0.1:' . port_of(8081) . '/control';
is(system("@{[weir()]} split pin shop blue --server $server >/dev/null"), 0, 'an order');
is(colours(10), 'blue 10', 'is followed at once');
release(blue => 100, green => 0);
is(colours(10), 'blue 10', 'and the policy says so as well');
