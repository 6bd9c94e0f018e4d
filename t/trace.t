# Traces: which ids a request has, and what its upstream gets of them.

use Weir 'no_plan';

our $POLICY = <<'END';
audit: {sample: {allow: 100%}}
deny:
  - {id: never, when: 'request.path.startsWith("/deny/")', status: 451}
routes:
  - {id: own, match: {path: "/own/**"}, public: true, transform: {request: {set: {traceparent: mine, tracestate: "a=b"}}}}
  - {id: without, match: {path: "/without/**"}, public: true, transform: {request: {remove: [traceparent, tracestate]}}}
  - {id: all, match: {path: "/**"}, public: true}
END

our $TELL = <<'END';
        underscores_in_headers on;
        location / { return 200 "$http_traceparent|$http_tracestate\n"; }
END

our $PROXY = <<'END';
    weir on;
    weir_trace on sample=100%;
    add_header X-Ids "$weir_trace_id $weir_span_id $weir_traceparent $weir_request_id" always;
    location / { proxy_pass http://orders; }
END

our $TRACE  = '0af7651916cd43dd8448eb211c80319c';
our $PARENT = 'b7ad6b7169203331';

# The upstream's traceparent, taken apart, and what variables said.
sub traced {
    my (@request) = @_;
    my $answer = http('GET', @request);
    my ($got, $state) = split /\|/, $answer->{body};
    my ($trace, $span, $parent, $id) = split / /, header($answer, 'X-Ids');
    my %t = (state => $state =~ s/\n//r, got => $got, id => $id,
             variables => "$trace $span $parent");

    @t{qw(trace span flags)} =
        $got =~ /^00-(?!0+-)([0-9a-f]{32})-(?!0+-)([0-9a-f]{16})-(0[01])$/
        or fail("a traceparent: $got");

    return \%t;
}

our %SEEN;

# It begins here: nothing of what the client sent is left.
sub begins {
    my ($name, @request) = @_;
    my $t = traced('/', tracestate => 'vendor=1', @request);

    ok(!$SEEN{$t->{trace}}++, "$name: a trace that there was not before");
    is($t->{state}, '', "$name: no tracestate");
    unlike($t->{got}, qr/0af765|b7ad6b/i, "$name: nothing is the client's");
}

sub goes_on {
    my ($name, $traceparent, $flags) = @_;
    my $t = traced('/', traceparent => $traceparent, tracestate => 'vendor=1');

    is($t->{trace}, $::TRACE, "$name: the trace is the client's");
    isnt($t->{span}, $::PARENT, "$name: the span is not");
    is($t->{state}, 'vendor=1', "$name: the tracestate is");
    is($t->{flags}, $flags, "$name: flags");
}

run_tests();

__DATA__

=== the upstream gets the trace of the client, and the span of the request
--- policy eval: $::POLICY
--- audit
--- upstream eval: $::TELL
--- config eval: $::PROXY
--- then
my $t = traced('/', traceparent => "00-$::TRACE-$::PARENT-01",
               tracestate => 'vendor=1,other=2');
is($t->{trace}, $::TRACE, 'the trace');
isnt($t->{span}, $::PARENT, 'a span of its own');
is($t->{flags}, '01', 'sampled');
is($t->{state}, 'vendor=1,other=2', 'and the tracestate as it came');
is($t->{variables}, "$::TRACE $t->{span} $t->{got}", 'variables say the same');
my ($line) = audit();
is("$line->{trace_id} $line->{span_id}", "$::TRACE $t->{span}",
   'the audit log says the same');

my $u = traced('/', traceparent => "00-$::TRACE-$::PARENT-01");
isnt($u->{span}, $t->{span}, 'the next request has another span');

$t = traced('/');
isnt($t->{trace}, $::TRACE, 'without one, the trace begins here');
isnt($t->{span}, substr($t->{trace}, 0, 16), 'and its span is something else');
isnt(traced('/')->{trace}, $t->{trace}, 'and another one with the next request');
is($t->{variables}, "$t->{trace} $t->{span} $t->{got}");


=== what is not strictly a traceparent is none, and the tracestate goes with it
--- policy eval: $::POLICY
--- upstream eval: $::TELL
--- config eval: $::PROXY
--- then
my $good = "00-$::TRACE-$::PARENT-01";
goes_on('whole', $good, '01');
goes_on('not sampled', "00-$::TRACE-$::PARENT-00", '00');
goes_on('other flags are not passed on', "00-$::TRACE-$::PARENT-ff", '01');
goes_on('other flags alone', "00-$::TRACE-$::PARENT-fe", '00');
goes_on('a later version', "01-$::TRACE-$::PARENT-01", '01');
goes_on('a later version with more', "cc-$::TRACE-$::PARENT-01-" . 'x' x 4000, '01');
goes_on('blanks around are no part of it', "  $good  ", '01');

begins('none');
begins('two', traceparent => [$good, $good]);
begins('two, one of them bad', traceparent => [$good, 'x']);
begins('empty', traceparent => '');
begins('more of version 00', traceparent => "$good-x");
begins('version ff', traceparent => "ff-$::TRACE-$::PARENT-01");
begins('a later version without a dash', traceparent => "01-$::TRACE-$::PARENT-01x");
begins('upper case', traceparent => "00-\U$::TRACE\E-$::PARENT-01");
begins('a span in upper case', traceparent => "00-$::TRACE-\U$::PARENT\E-01");
begins('no version', traceparent => "$::TRACE-$::PARENT-01");
begins('a version that is no number', traceparent => "0x-$::TRACE-$::PARENT-01");
begins('flags that are no number', traceparent => "00-$::TRACE-$::PARENT-0g");
begins('flags that are short', traceparent => "00-$::TRACE-$::PARENT-1");
begins('a trace of zeros', traceparent => '00-' . 0 x 32 . "-$::PARENT-01");
begins('a span of zeros', traceparent => "00-$::TRACE-" . 0 x 16 . '-01');
begins('blanks within', traceparent => "00 $::TRACE $::PARENT 01");
begins('a list', traceparent => "$good,$good");
begins('quotes', traceparent => "\"$good\"");



=== several tracestate headers go on as they came
--- policy eval: $::POLICY
--- upstream
    location / { return 200 "$http_traceparent|$http_tracestate\n"; }
--- config eval: $::PROXY
--- then
my $t = traced('/', traceparent => "00-$::TRACE-$::PARENT-01",
               tracestate => ['a=1', 'b=2']);
like($t->{state}, qr/^a=1(, ?b=2)?$/);


=== without weir_trace all goes on as it came, and there is no span
--- policy eval: $::POLICY
--- audit
--- upstream eval: $::TELL
--- config
    add_header X-Ids "$weir_trace_id+$weir_span_id+$weir_traceparent";
    location / { weir on; proxy_pass http://orders; }
    location /off/ { weir off; weir_trace on sample=100%; proxy_pass http://orders; }
--- then
for ("00-$::TRACE-$::PARENT-01", '00-x') {
    for my $path ('/', '/off/') {
        is(http('GET', $path, traceparent => $_, tracestate => 'a=1')->{body},
           "$_|a=1\n", "$path $_");
    }
}
is(header(http('GET', '/', traceparent => "00-$::TRACE-$::PARENT-01"), 'X-Ids'),
   "$::TRACE++", 'the trace is known, and no span');
my ($line) = audit();
ok(!exists $line->{span_id}, 'nor does the audit log have one');


=== what is sampled: by share where the trace begins, else as the client says
--- policy eval: $::POLICY
--- upstream eval: $::TELL
--- config
    weir on;
    weir_trace on sample=100%;
    add_header X-Ids "$weir_trace_id $weir_span_id $weir_traceparent $weir_request_id" always;
    location /all/   { proxy_pass http://orders; }
    location /none/  { weir_trace on sample=0%; proxy_pass http://orders; }
    location /half/  { weir_trace on sample=50.0%; proxy_pass http://orders; }
    location /few/   { weir_trace on sample=0.0001%; proxy_pass http://orders; }
    location /one/   { weir_trace on; proxy_pass http://orders; }
    location /alone/ { weir_trace on trust=off sample=100%; proxy_pass http://orders; }
    location /aloof/ { weir_trace on sample=0% trust=off; proxy_pass http://orders; }
    location /trust/ { weir_trace on trust=on sample=0%; proxy_pass http://orders; }
    location /off/   { weir_trace off; proxy_pass http://orders; }
--- then
my %n;
for my $path (qw(all none half few)) {
    $n{$path} = grep { traced("/$path/")->{flags} eq '01' } 1 .. 200;
}
is($n{all}, 200);
is($n{none}, 0);
cmp_ok($n{half}, '>', 50, 'some of a half');
cmp_ok($n{half}, '<', 150, 'and not all');
is($n{few}, 0);

my %flags = map {
    my $path = $_;
    map { ("$path $_" => traced("/$path/", traceparent =>
                                "00-$::TRACE-$::PARENT-$_")->{flags}) }
        '00', '01'
} qw(all none one alone aloof trust);

is_deeply(\%flags, {
    'all 00' => '00', 'all 01' => '01', 'none 00' => '00', 'none 01' => '01',
    'one 00' => '00', 'one 01' => '01', 'trust 00' => '00', 'trust 01' => '01',
    'alone 00' => '01', 'alone 01' => '01', 'aloof 00' => '00', 'aloof 01' => '00',
}, 'who decides');

is(traced('/alone/', traceparent => "00-$::TRACE-$::PARENT-00")->{trace}, $::TRACE,
   'without trust, it is still the same trace');
is(http('GET', '/off/', traceparent => 'as it is')->{body}, "as it is|\n");


=== one trace has one answer, in whatever server it is asked
--- policy eval: $::POLICY
--- upstream eval: $::TELL
--- config
    weir on;
    weir_trace on sample=50% trust=off;
    add_header X-Ids "$weir_trace_id $weir_span_id $weir_traceparent $weir_request_id" always;
    location / { proxy_pass http://orders; }
--- then
for my $i (1 .. 20) {
    my $trace = sprintf '%032x', $i * 7919;
    my %flags;
    $flags{traced('/', traceparent => "00-$trace-$::PARENT-00")->{flags}}++ for 1 .. 4;
    is(keys %flags, 1, "trace $trace");
}


=== a transform of the policy has the last word
--- policy eval: $::POLICY
--- upstream eval: $::TELL
--- config eval: $::PROXY
--- ask
GET /own/a                  -> 200 mine|a=b
GET /own/a traceparent:x    -> 200 mine|a=b
GET /without/a traceparent:x tracestate:y -> 200 |


=== what is refused has a span as well, and the page that it gets is in its trace
--- policy eval: $::POLICY
--- upstream eval: $::TELL
--- config
    weir on;
    weir_trace on sample=100%;
    add_header X-Ids "$weir_trace_id $weir_span_id $weir_traceparent $weir_request_id" always;
    error_page 451 = /page;
    location / { return 200 "never\n"; }
    location = /page { weir off; proxy_pass http://orders; }
--- then
my $t = traced('/deny/', traceparent => "00-$::TRACE-$::PARENT-01");
is($t->{trace}, $::TRACE);
is($t->{variables}, "$::TRACE $t->{span} $t->{got}");


=== dry_run traces, too
--- policy eval: $::POLICY
--- upstream eval: $::TELL
--- config eval: $::PROXY =~ s/weir on/weir dry_run/r
--- then
for my $path ('/deny/', '/') {
    my $t = traced($path, traceparent => "00-$::TRACE-$::PARENT-01");
    is($t->{variables}, "$::TRACE $t->{span} $t->{got}", $path);
}


=== one span: redirects, subrequests and nginx's mirrors have the same
--- policy eval: $::POLICY
--- upstream
    access_log logs/seen.log seen;
    location / { return 200 "$http_traceparent|$http_tracestate\n"; }
--- http_weir
    log_format seen '$uri $http_traceparent';
--- config
    weir on;
    weir_trace on sample=100%;
    add_header X-Ids "$weir_trace_id $weir_span_id $weir_traceparent $weir_request_id" always;
    location / { try_files /nothing /main/; }
    location /main/ {
        auth_request /auth;
        mirror /mirror;
        weir_trace off;
        proxy_pass http://orders;
    }
    location = /auth { internal; proxy_pass http://orders; }
    location = /mirror { internal; proxy_pass http://orders; }
--- then
my $t = traced('/a', traceparent => "00-$::TRACE-$::PARENT-01");
my @seen;
wait_for(sub {
    @seen = sort split /\n/, read_file(server_root() . '/logs/seen.log');
    return @seen == 3;
});
is_deeply(\@seen, [map { "$_ $t->{got}" } '/auth', '/main/', '/mirror']);
is($t->{variables}, "$::TRACE $t->{span} $t->{got}");


=== a header of the location may pass it on under another name
--- policy eval: $::POLICY
--- upstream
    location / { return 200 "$http_x_trace|$http_traceparent\n"; }
--- config
    weir on;
    weir_trace on sample=100%;
    if ($http_traceparent = "never") { return 200; }
    location / {
        proxy_set_header X-Trace $http_traceparent;
        proxy_pass http://orders;
    }
--- ask
GET / traceparent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 -> 200 ~00-0af7651916cd43dd8448eb211c80319c-(?!b7ad)([0-9a-f]{16})-01\|00-0af7651916cd43dd8448eb211c80319c-\1-01$


=== requests of one connection have a span each
--- policy eval: $::POLICY
--- upstream eval: $::TELL
--- config eval: $::PROXY
--- then
my $text = http_raw(join('', map { "GET / HTTP/1.1\r\nHost: localhost\r\ntraceparent: 00-$::TRACE-$::PARENT-01\r\n$_\r\n" } '', '', "Connection: close\r\n"));
my %spans = map { $_ => 1 } $text =~ /00-$::TRACE-([0-9a-f]{16})-01\|/g;
is(keys %spans, 3, 'three spans');
ok(!$spans{$::PARENT}, 'none of them the client\'s');


=== HTTP/0.9, which has no headers, has a trace as well
--- policy eval: $::POLICY
--- upstream eval: $::TELL
--- config eval: $::PROXY
--- then
like(http_raw("GET /\r\n"), qr/^00-[0-9a-f]{32}-[0-9a-f]{16}-01\|$/);
is(http('GET', '/')->{status}, 200, 'the worker lives');


=== bad parameters are refused with their line
--- then
my $image = compile_policy($::POLICY);
my @bad = (
    ["weir_trace on;\nweir_trace on;", 'directive is duplicate'],
    ['weir_trace;', 'invalid number of arguments in "weir_trace"'],
    ['weir_trace yes;', 'invalid value "yes" in "weir_trace" directive, it must be "on" or "off"'],
    ['weir_trace on sample=1;', 'invalid parameter "sample=1"'],
    ['weir_trace on sample=%;', 'invalid parameter "sample=%"'],
    ['weir_trace on sample=100.0001%;', 'invalid parameter'],
    ['weir_trace on sample=101%;', 'invalid parameter'],
    ['weir_trace on sample=-1%;', 'invalid parameter'],
    ['weir_trace on sample=0.00001%;', 'invalid parameter'],
    ['weir_trace on sample=1%%;', 'invalid parameter'],
    ['weir_trace on sample=1% sample=1%;', 'invalid parameter "sample=1%"'],
    ['weir_trace on trust=yes;', 'invalid parameter "trust=yes"'],
    ['weir_trace on trust=on trust=on;', 'invalid parameter "trust=on"'],
    ['weir_trace on percent=1%;', 'invalid parameter "percent=1%"'],
    ['weir_trace off sample=1%;', '"weir_trace" directive takes no parameters after "off"'],
);
for (@bad) {
    my ($code, $said) = nginx_t("weir_policy $image;\n$_->[0]");
    is($code, 1, $_->[0]);
    like($said, qr/\Q$_->[1]\E.* in \S+nginx\.conf:[23]/, $_->[0]);
}
for ('weir_trace on;', 'weir_trace off;', 'weir_trace on sample=0% trust=off;',
     'weir_trace on sample=100%;', 'server { weir_trace on; location / { weir_trace off; } }') {
    my ($code, $said) = nginx_t("weir_policy $image;\n$_");
    is($code, 0, $_) or diag($said);
}
my ($code, $said) = nginx_t("\nweir_trace on;");
like("$code $said", qr/^1 .*"weir_trace" in \S+nginx\.conf:2 needs a "weir_policy"/s);
($code) = nginx_t("\nweir_trace off;");
is($code, 0, 'off needs none');
