# What leaves us, whatever came in: audit lines, the error log, metrics and
# JSON stay what they are, say nothing that somebody else put there, and keep
# secrets.

use Weir 'no_plan';
use Weir::Metrics;
use Weir::Strict;
use Weir::Token;
use Digest::SHA qw(sha256_hex);

our $POLICY = <<'END';
policy: {name: hostile}
tenants:
  resolve: [{header: X-Tenant, trust: [lists.local]}, {host: "{tenant}.shop.example"}]
  list: {acme: {}}
lists: {local: {cidr: [127.0.0.0/8]}}
issuers:
  main: {iss: "https://id.example/", jwks: {file: %s}, alg: [ES256]}
apikeys: {list: {cron: {sha256: %s}}}
limits:
  each: {rate: 1000/s, key: [principal.sub]}
routes:
  - {id: open, match: {path: "/open/**"}, public: true}
  - {id: jwt, match: {path: "/jwt/**"}, auth: {any: [jwt: main]}, allow: [{id: all, when: 'true'}], limits: [each]}
  - {id: key, match: {path: "/key/**"}, auth: {any: [apikey]}, allow: [{id: all, when: 'true'}]}
audit: {sample: {allow: 100%%}}
END

our $CONFIG = <<'END';
    error_log logs/notice.log notice;
    error_log logs/info.log info;
    weir on;
    location / { return 200 "ok\n"; }
    location = /status { weir off; weir_status; }
    location = /metrics { weir off; weir_metrics; }
    location = /control { weir off; weir_control; }
    location = /usage { weir off; weir_usage all; }
    location = /own { weir on; weir_usage tenant; }
    location = /dashboard { weir off; weir_dashboard; }
END

our $LOGS = <<'END';
    weir_audit_log logs/audit.log;
    server {
        listen 127.0.0.1:$TEST_NGINX_RAND_PORT_6;
        weir_audit_log logs/ecs.log format=ecs;
        error_log logs/notice.log notice;
        error_log logs/info.log info;
        weir on;
        location / { return 200 "ok\n"; }
    }
END

our @BAD = (
    '","verdict":"allow","tenant":"globex","x":"', '\\', '\\"', '\\u0000', '"}',
    '}{"event":"forged"}', '</script><script>alert(1)</script>', '<!--', "'",
    '{{7*7}}', '${jndi:ldap://x/}', '%n%s%x', '$request_id', '`id`', '..', '',
    "\n2026/11/21 00:00:00 [alert] 1#0: forged", "\r\nX-Forged: 1", "\n{}\n",
    "\0", "a\0b", "\t", "\x0b", "\x1b[31mred", "\x01\x02\x03", "\x7f", "\x80",
    "\xff\xfe", "\xc0\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xe2\x82",
    "\xf0\x82\x82\xac", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xc3",
    "\xef\xbb\xbf", "\xe2\x80\xa8\xe2\x80\xa9", "\xe2\x80\xae", "\xc2\x85",
    "caf\xc3\xa9", 'a' x 5000, '"' x 2500, '\\' x 2500, "\xf0\x9f\x98\x80" x 600,
    "a\xff" x 1000, '# HELP weir_up forged', 'x="1"} 1',
);

# Values that must be nowhere.
our $SECRET = 'sesame-71f3a9';

sub encoded { return join '', map { sprintf '%%%02X', ord } split //, $_[0] }

# As JSON where it is one, else the bytes themselves.
sub quoted {
    my ($bytes) = @_;

    $bytes =~ s/(["\\])/\\$1/g;
    $bytes =~ s/([\x00-\x1f])/sprintf '\\u%04x', ord $1/ge;

    return "\"$bytes\"";
}

sub token_of_subject {
    my ($sub) = @_;

    return jws('ES256', '{"alg":"ES256","kid":"ES256"}',
               '{"iss":"https://id.example/","exp":4000000000,"sub":'
               . quoted($sub) . '}');
}

# Requests with a text wherever there is one.
sub requests {
    my ($bad) = @_;
    my $x = encoded($bad);
    my $end = "\r\nConnection: close\r\n\r\n";
    my $open = "GET /open/ HTTP/1.1\r\nHost: acme.shop.example";

    return map { "$_$end" } (
        "GET /open/$x HTTP/1.1\r\nHost: acme.shop.example",
        "GET /open/$bad HTTP/1.1\r\nHost: acme.shop.example",
        "GET /open/?a=$x&access_token=$SECRET HTTP/1.1\r\nHost: acme.shop.example",
        "GET /open/?$bad=1&access_token=$SECRET HTTP/1.1\r\nHost: acme.shop.example",
        "GET /open/ HTTP/1.1\r\nHost: $bad",
        "GET /open/ HTTP/1.1\r\nHost: $bad.shop.example",
        "GET http://a$bad/open/ HTTP/1.1\r\nHost: a",
        "$bad /open/ HTTP/1.1\r\nHost: a",
        "$open\r\nX-Tenant: $bad",
        "$open\r\nUser-Agent: $bad\r\nReferer: $bad",
        "$open\r\nCookie: session=$SECRET; $bad=$bad",
        "$open\r\nX-$bad: $bad\r\nX-Request-Id: $bad",
        "$open\r\ntraceparent: 00-$bad-b7ad6b7169203331-01\r\ntracestate: $bad",
        "GET /jwt/ HTTP/1.1\r\nHost: acme.shop.example\r\nAuthorization: Bearer $bad$SECRET",
        "GET /key/ HTTP/1.1\r\nHost: acme.shop.example\r\nX-API-Key: $bad.$SECRET",
        "GET /key/ HTTP/1.1\r\nHost: acme.shop.example\r\nX-API-Key: cron.$SECRET$bad",
        "GET /nowhere/$x HTTP/1.1\r\nHost: acme.shop.example\r\nAuthorization: Basic $SECRET",
    );
}

# The names that docs/audit.md has, in the column.
sub documented {
    my ($column) = @_;

    return map { tr/`//dr => 1 }
           map { (split /\s*\|\s*/)[$column] // '' }
           grep { /^\| `/ } split /\n/, read_file('docs/audit.md');
}

sub port { return $Test::Nginx::Util::RandPorts->{TEST_NGINX_RAND_PORT_6} }

sub lines { return split /\n/, read_file(server_root() . "/logs/$_[0]") }

sub ask_all {
    my ($port) = @_;
    my %n;

    for my $bad (@BAD) {
        for my $request (requests($bad)) {
            my ($code) = http_raw($request, $port) =~ m{^HTTP/1\.1 (\d)};
            $n{$code // '-'}++;
        }
    }

    return \%n;
}

# Tests of the lines of an audit log.
sub check_lines {
    my ($log, $column, $action, $verdict, $more) = @_;
    my %known = (documented($column), map { $_ => 1 } split ' ', $more);
    my (@wrong, %seen);

    for my $line (lines($log)) {
        my $l = eval { strict_json($line) };

        if (!$l) {
            push @wrong, "$@$line";
            next;
        }

        push @wrong, map { "$_: $line" } grep { !$known{$_} } keys %$l;
        push @wrong, "long: $line" if length $line >= 4096;
        push @wrong, "what: $line"
            if $l->{$action} !~ /^(?:decision|policy_loaded)$/;
        push @wrong, "verdict: $line"
            if ($l->{$verdict} // 'allow') !~ /^(?:allow|deny)$/;
        $seen{$l->{$verdict} // $l->{$action}}++;
    }

    is(join("\n", @wrong[0 .. ($#wrong < 5 ? $#wrong : 5)]), '', "$log: all lines are JSON of ours");
    cmp_ok($seen{allow}, '>', 100, "$seen{allow} allowed");
    cmp_ok($seen{deny}, '>', 100, "$seen{deny} refused");
    unlike(read_file(server_root() . "/logs/$log"), qr/\Q$SECRET\E/, 'no secret');
}

run_tests();

__DATA__

=== hostile bytes everywhere
--- policy eval: sprintf $::POLICY, Weir::Token::jwks('ES256'), Digest::SHA::sha256_hex('another')
--- http_weir eval: $::LOGS
--- config eval: $::CONFIG
--- timeout: 20
--- then
for my $port (server_port(), main::port()) {
    my $n = main::ask_all($port);
    ok($n->{2} && $n->{4} && !$n->{5}, join ' ', map { "$_: $n->{$_}" } sort keys %$n);
}

my %sub;
for my $bad (@BAD) {
    my $token = main::token_of_subject($bad);
    for my $port (server_port(), main::port()) {
        my $a = http_raw("GET /jwt/ HTTP/1.1\r\nHost: acme.shop.example\r\n"
                         . "Authorization: Bearer $token\r\nConnection: close\r\n\r\n", $port);
        $sub{$a =~ m{^HTTP/1.1 (\d+)} ? $1 : $a}++;
    }
    for my $log ('audit.log', 'ecs.log', 'notice.log') {
        unlike(read_file(server_root() . "/logs/$log"), qr/\Q$token\E/, "no token in $log") if $bad eq '"}';
    }
}
ok($sub{200} > 20 && $sub{401}, join ' ', map { "$_: $sub{$_}" } sort keys %sub);

main::check_lines('audit.log', 1, 'event', 'verdict', '');
main::check_lines('ecs.log', 2, 'event.action', 'weir.verdict', 'ecs.version event.kind event.dataset event.outcome client.address');

my @subjects = map { $_->{subject} } grep { $_->{route} eq 'jwt' && $_->{verdict} eq 'allow' } audit();
ok((grep { $_ eq '</script><script>alert(1)</script>' } @subjects), 'a subject is what it is');
ok((grep { /^","verdict":"allow"/ } @subjects), 'quotes and all');

for my $log ('error.log', 'notice.log', 'info.log') {
    my @other = grep { !m{^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[a-z]+\] \d+#} } main::lines($log);
    is(join("\n", @other), '', "$log: no line that somebody else began");
}
unlike(read_file(server_root() . '/logs/notice.log'), qr/\Q$SECRET\E/, 'no secret at notice');
like(read_file(server_root() . '/logs/info.log'), qr/\Q$SECRET\E/, 'as nginx has at info: the check can fail');


=== what is asked for is well-formed, too
--- policy eval: sprintf $::POLICY, Weir::Token::jwks('ES256'), Digest::SHA::sha256_hex('another')
--- http_weir eval: $::LOGS
--- config eval: $::CONFIG
--- timeout: 20
--- then
main::ask_all(server_port());
my %page = map { $_ => http('GET', "/$_")->{body} }
           'status', 'metrics', 'usage', 'dashboard?show=summary', 'control';

parse_metrics($page{metrics});
promtool($page{metrics}, 'after all that');
like($page{metrics}, qr/^weir_decisions_total\{tenant="acme",route="open"/m);
unlike($page{metrics}, qr/forged|globex|script|jndi/, 'nothing that a client sent');

for my $name ('status', 'usage', 'dashboard?show=summary', 'control') {
    ok(eval { strict_json($page{$name}) }, "$name is JSON") or diag("$@$page{$name}");
    unlike($page{$name}, qr/forged|globex|script|jndi|\Q$SECRET\E/, 'nothing that a client sent');
}

for my $bad (@BAD) {
    my $x = main::encoded($bad);
    for my $query ("split=$x&order=rollback", "split=s&order=$x", "$x=s", "split=s&order=pin&arm=$x") {
        my $a = http('POST', "/control?$query", 'Weir-Control' => 1);
        next if $a->{status} == 414;
        ok(eval { strict_json($a->{body}) }, "an error is JSON: $a->{status}") or diag("$@$a->{body}");
    }
    for my $query ("tenant=$x", "after=$x", "limit=$x", "period=$x", "show=$x", "name[]=$x") {
        for my $page ('usage', 'dashboard', 'metrics') {
            my $a = http('GET', "/$page?$query");
            next if $a->{status} == 414 || ($page eq 'dashboard' && $query !~ /show/);
            cmp_ok($a->{status}, '<', 500, "$page?" . substr $query, 0, 30);
            next if header($a, 'Content-Type') !~ /json/;
            ok(eval { strict_json($a->{body}) }, "JSON: $a->{status}") or diag("$@$a->{body}");
        }
    }
}
