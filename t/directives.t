# Bad directives are refused by nginx -t, with file and line.

use Weir 'no_plan';

my $image = compile_policy(<<'END');
routes:
  - {id: all, match: {path: "/**"}, public: true}
END

my $dir = image_dir();

open my $out, '>', "$dir/garbage.weir" or die;
print $out 'x' x 1000;
close $out;

open $out, '>', "$dir/nokey.pem" or die;
print $out "no key\n";
close $out;

mkdir "$dir/folder.weir";

# what is wrong, directives (line 2 is the wrong one), what nginx says
my @refused = (
    ['another value of weir', "weir_policy $image;\nweir maybe;",
     'invalid value "maybe" in "weir" directive, it must be "on", "off" or "dry_run"'],
    ['case matters', "weir_policy $image;\nweir On;", 'invalid value "On"'],
    ['weir without a value', "weir_policy $image;\nweir;",
     'invalid number of arguments in "weir"'],
    ['weir with two values', "weir_policy $image;\nweir on off;",
     'invalid number of arguments in "weir"'],
    ['weir twice', "weir_policy $image; weir on;\nweir off;",
     '"weir" directive is duplicate'],
    ['weir inside of if of a location',
     "weir_policy $image; server { location / {\nif (\$arg_a) { weir off; } } }",
     '"weir" directive is not allowed here'],
    ['weir inside of if of a server',
     "weir_policy $image; server {\nif (\$arg_a) { weir off; } }",
     '"weir" directive is not allowed here'],
    ['weir inside of limit_except',
     "weir_policy $image; server { location / { limit_except GET {\nweir off; } } }",
     '"weir" directive is not allowed here'],
    ['weir without a policy', "server {\nweir on; }",
     '"weir" in .*/nginx.conf:2 needs a "weir_policy"'],
    ['weir dry_run without a policy', "server { location / {\nweir dry_run; } }",
     '"weir" in .*/nginx.conf:2 needs a "weir_policy"'],
    ['status without a policy', "server { location / {\nweir_status; } }",
     '"weir_status" in .*/nginx.conf:2 needs a "weir_policy"'],

    ['a mark of draining without a name', "\nweir_drain '';",
     '"weir_drain" directive needs a file'],
    ['a mark of draining twice', "weir_drain a;\nweir_drain b;",
     '"weir_drain" directive is duplicate'],
    ['a mark of draining in a server', "server {\nweir_drain a; }",
     '"weir_drain" directive is not allowed here'],
    ['a mark of draining without a policy', "\nweir_drain a;",
     '"weir_drain" in .*/nginx.conf:2 needs a "weir_policy"'],

    ['a policy without a file', "\nweir_policy;",
     'invalid number of arguments in "weir_policy"'],
    ['a policy with an empty name', "\nweir_policy '';",
     '"weir_policy" directive needs a file'],
    ['a policy twice', "weir_policy $image;\nweir_policy $image;",
     '"weir_policy" directive is duplicate'],
    ['a policy in a server', "server {\nweir_policy $image; }",
     '"weir_policy" directive is not allowed here'],
    ['a policy in a location', "server { location / {\nweir_policy $image; } }",
     '"weir_policy" directive is not allowed here'],
    ['an unknown parameter', "\nweir_policy $image colour=red;",
     'invalid parameter "colour=red"'],
    ['check=0', "\nweir_policy $image check=0;", 'invalid parameter "check=0"'],
    ['check=soon', "\nweir_policy $image check=soon;",
     'invalid parameter "check=soon"'],
    ['check=', "\nweir_policy $image check=;", 'invalid parameter "check="'],
    ['check=-1', "\nweir_policy $image check=-1;", 'invalid parameter "check=-1"'],
    ['max_size=big', "\nweir_policy $image max_size=big;",
     'invalid parameter "max_size=big"'],
    ['max_size=0', "\nweir_policy $image max_size=0;", '"max_size=0" is not between'],
    ['max_size=8g', "\nweir_policy $image max_size=8g;", 'max_size=8g'],
    ['verify_key=', "\nweir_policy $image verify_key=;",
     'invalid parameter "verify_key="'],
    ['a key that is not there', "\nweir_policy $image verify_key=$dir/none.pem;",
     'open\(\) "[^"]*none.pem" failed'],
    ['a key that is none', "\nweir_policy $image verify_key=$dir/nokey.pem;",
     'holds no Ed25519 public key in PEM'],
    ['last_good=', "\nweir_policy $image last_good=;",
     'invalid parameter "last_good="'],

    ['a zone in a server', "weir_policy $image; server {\nweir_zone 1m; }",
     '"weir_zone" directive is not allowed here'],
    ['a zone of what', "weir_policy $image;\nweir_zone lots;",
     'invalid zone size "lots"'],
    ['a zone too small', "weir_policy $image;\nweir_zone 4k;",
     'zone of "4k" is too small, it needs \d+ bytes'],
    ['a zone twice', "weir_policy $image; weir_zone 1m;\nweir_zone 1m;",
     '"weir_zone" directive is duplicate'],

    ['an audit log in a location',
     "weir_policy $image; server { location / {\nweir_audit_log a.log; } }",
     '"weir_audit_log" directive is not allowed here'],
    ['an audit log without a name', "weir_policy $image;\nweir_audit_log '';",
     '"weir_audit_log" directive needs a file'],
    ['an audit log twice', "weir_policy $image; weir_audit_log logs/a.log;\nweir_audit_log logs/b.log;",
     '"weir_audit_log" directive is duplicate'],
    ['an audit log in no format', "weir_policy $image;\nweir_audit_log a.log format=xml;",
     'invalid parameter "format=xml"'],
    ['an audit log with more than a format', "weir_policy $image;\nweir_audit_log a.log format=ecs x;",
     'invalid number of arguments in "weir_audit_log"'],
    ['no audit log, in a format', "weir_policy $image;\nweir_audit_log off format=ecs;",
     '"weir_audit_log" directive is "off" and has no format'],
    ['an audit log in two formats', "weir_audit_log logs/a.log; weir_policy $image; server {\nweir_audit_log logs/a.log format=ecs; }",
     '"weir_audit_log" directive has another format for this log elsewhere'],
    ['syslog without a server', "weir_policy $image;\nweir_audit_log syslog:;",
     'syslog'],

    ['status in a server', "weir_policy $image; server {\nweir_status; }",
     '"weir_status" directive is not allowed here'],
    ['status in if',
     "weir_policy $image; server { location / {\nif (\$arg_a) { weir_status; } } }",
     '"weir_status" directive is not allowed here'],
    ['status with a value', "weir_policy $image; server { location / {\nweir_status on; } }",
     'invalid number of arguments in "weir_status"'],
    ['status twice', "weir_policy $image; server { location / { weir_status;\nweir_status; } }",
     '"weir_status" directive is duplicate'],
    ['an unknown variable of ours', "weir_policy $image; server { location / { return 200 \$weir_nothing; } }",
     'unknown "weir_nothing" variable'],

    ['a policy that is not there', "\nweir_policy $dir/none.weir;", 'none.weir'],
    ['a policy that is garbage', "\nweir_policy $dir/garbage.weir;", 'garbage.weir'],
    ['a policy that is a folder', "\nweir_policy $dir/folder.weir;", 'folder.weir'],
    ['a policy larger than max_size', "\nweir_policy $image max_size=256;",
     'max_size'],
);

for (@refused) {
    my ($title, $http, $says) = @$_;
    my ($code, $said) = nginx_t($http);

    is($code, 1, "refused: $title");
    like($said, qr/\[emerg\].*$says/, "and why: $title");

    next if $http !~ /\n/;
    like($said, qr{nginx\.conf:2\b}, "and where: $title");
}

my @taken = (
    ['a policy alone', "weir_policy $image;"],
    ['every parameter', "weir_policy $image check=20ms max_size=1m last_good=logs/lg.weir;"],
    ['check in other units', "weir_policy $image check=1m;"],
    ['a zone before the policy', "weir_zone 2m; weir_policy $image;"],
    ['weir before the policy', "weir on; weir_policy $image;"],
    ['weir off without a policy', 'weir off; server { weir off; location / { weir off; } }'],
    ['an audit log', "weir_policy $image; weir_audit_log logs/a.log; server { weir_audit_log off; }"],
    ['formats', "weir_policy $image; weir_audit_log logs/a.log format=json; server { server_name a; weir_audit_log logs/b.log format=ecs; } server { server_name b; weir_audit_log logs/b.log format=ecs; } server { weir_audit_log logs/a.log; }"],
    ['syslog', "weir_policy $image; weir_audit_log syslog:server=127.0.0.1:5140,tag=weir; server { weir_audit_log syslog:server=127.0.0.1:5140,tag=ecs format=ecs; }"],
    ['variables without weir', "weir_policy $image; server { location / { return 200 \$weir_route; } }"],
    ['variables without a policy', 'server { location / { return 200 $weir_route; } }'],
    ['status', "weir_policy $image; server { location / { weir_status; } }"],
);

for (@taken) {
    my ($title, $http) = @$_;
    my ($code, $said) = nginx_t($http);

    is($code, 0, "taken: $title") or diag($said);
    unlike($said, qr/\[(?:warn|error|crit|alert|emerg)\]/, "in silence: $title");
}

# a policy that is relative is relative to the configuration's folder

{
    my ($code, $said) = nginx_t('weir_policy none.weir;');
    like($said, qr{/conf/none\.weir"}, 'a policy is sought beside nginx.conf');
}

run_tests();

__DATA__

=== nginx without any directive of ours serves
--- config
    location / { return 200 "plain [$weir_route$weir_decision]\n"; }
--- ask
GET / -> 200 plain []
