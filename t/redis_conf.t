# weir_redis: every bad value is refused by nginx -t, with file and line and a
# sentence, and no password is ever told.

use Weir 'no_plan';

my $image = compile_policy(<<'END');
routes:
  - {id: all, match: {path: "/**"}, public: true}
END

my $dir    = image_dir();
my $secret = 'hunter2';

sub file {
    my ($name, $text) = @_;

    open my $out, '>:raw', "$dir/$name" or die "$dir/$name: $!";
    print $out $text;
    close $out;

    return "$dir/$name";
}

my $good  = file('good', "$secret\nanything\n");
my $bare  = file('bare', $secret);
my $crlf  = file('crlf', "$secret\r\n");
my $empty = file('empty', '');
my $blank = file('blank', "\n$secret\n");
my $long  = file('long', 'x' x 513 . "\n");
my $full  = file('full', 'x' x 512 . "\n");

mkdir "$dir/folder";

my $hosts = sub { join ',', map { "h$_" } 1 .. $_[0] };

# what is wrong, arguments, what nginx says after "weir_redis"
my @refused = (
    ['an empty URL', '""', 'begins with none of'],
    ['a word', 'localhost', 'begins with none of redis://, rediss://, unix:/'],
    ['another scheme', "http://u:$secret\@h", 'begins with none of'],
    ['a scheme in upper case', 'REDIS://h', 'begins with none of'],
    ['off', 'off', 'begins with none of'],

    ['no host', 'redis://', 'has no host'],
    ['no host but a port', 'redis://:6379', 'has no host'],
    ['no host but a db', 'redis:///1', 'has no host'],
    ['no host after the user', "redis://u:$secret\@", 'has no host'],
    ['a host that is none', 'redis://a\\b', 'character that no URL has'],
    ['a host with a blank', 'redis://a%20b', 'host is no name'],
    ['half an address', 'redis://127.1', 'neither a name nor an address'],
    ['a long host', 'redis://' . 'a' x 254, 'host is too long'],
    ['a long URL', 'redis://h/' . '0' x 2048, 'URL is too long'],
    ['IPv6 without brackets', 'redis://::1', 'has no host|port'],
    ['IPv6 without the last one', 'redis://[::1', 'not one of IPv6'],
    ['IPv4 in brackets', 'redis://[127.0.0.1]', 'not one of IPv6'],
    ['no IPv6 in brackets', 'redis://[::zz]', 'neither a name nor an address'],
    ['more after brackets', 'redis://[::1]6379', 'is no port'],

    ['port 0', 'redis://h:0', 'port of the URL is not a number from 1 to 65535'],
    ['port 65536', 'redis://h:65536', 'port of the URL'],
    ['no port', 'redis://h:', 'port of the URL'],
    ['a name for a port', "redis://u:$secret", 'port of the URL'],
    ['a slash in a password', "redis://u:$secret/x\@h",
     'slash of a password is %2F'],
    ['an @ in a password', "redis://u:\@$secret\@h",
     'empty password|host is no name'],
    ['another @', "redis://u:a\@$secret\@h", 'host is no name'],

    ['a db that is none', 'redis://h/a', 'db of the URL is not a number'],
    ['a negative db', 'redis://h/-1', 'db of the URL is not a number'],
    ['a db too high', 'redis://h/65536', 'from 0 to 65535'],
    ['two dbs', 'redis://h/1/2', 'db of the URL is not a number'],
    ['a query', "redis://u:$secret\@h?db=1", 'has a "\?" or "#"'],
    ['a fragment', 'redis://h/1#x', 'has a "\?" or "#"'],
    ['two hosts', 'redis://a,b', 'only sentinel:// and cluster://'],
    ['two hosts with TLS', 'rediss://a,b', 'only sentinel:// and cluster://'],

    ['a percent alone', "redis://u:$secret%\@h", '"%" of the URL is not'],
    ['a percent and one digit', "redis://u:$secret%2\@h", '"%" of the URL'],
    ['a percent and no digits', "redis://u:$secret%zz\@h", '"%" of the URL'],
    ['a percent and NUL', "redis://u:$secret%00\@h", '"%" of the URL'],
    ['a user alone', "redis://$secret\@h", 'user needs a password'],
    ['an empty password', 'redis://u:@h', 'empty password'],
    ['a long password', 'redis://u:' . 'x' x 513 . '@h', 'too long'],

    ['a socket without a path', 'unix:', 'does not begin with "/"'],
    ['a relative socket', 'unix:redis.sock', 'does not begin with "/"'],
    ['a socket of only a slash', 'unix:/', 'does not begin with "/"'],
    ['a socket with another query', 'unix:/r.sock?x=1', 'is not db=N'],
    ['a socket with no db', 'unix:/r.sock?db=', 'db of the URL'],
    ['a socket with a bad db', 'unix:/r.sock?db=x', 'db of the URL'],
    ['a long path', 'unix:/' . 'x' x 200, 'socket is too long'],
    ['TLS on a socket', 'unix:/r.sock tls=on', '"tls" is for sentinel://'],

    ['no master', 'sentinel://h', 'does not name the master'],
    ['an empty master', 'sentinel://h/', 'does not name the master'],
    ['only a db', 'sentinel://h//1', 'does not name the master'],
    ['a master and a bad db', 'sentinel://h/m/x', 'db of the URL'],
    ['an empty sentinel', 'sentinel://h,,i/m', 'has no host'],
    ['a comma at the end', 'sentinel://h,/m', 'has no host'],
    ['17 sentinels', 'sentinel://' . $hosts->(17) . '/m', 'more than 16 hosts'],
    ['17 seeds', 'cluster://' . $hosts->(17), 'more than 16 hosts'],
    ['a user before the second', "cluster://h,u:$secret\@i",
     'before the first host; a comma of theirs is %2C'],
    ['a db of a cluster', 'cluster://h/1', 'a cluster has no db'],
    ['db 0 of a cluster', 'cluster://h/0', 'a cluster has no db'],

    ['an unknown parameter', 'redis://h colour=red', 'has no parameter "colour"'],
    ['a password as a parameter', "redis://h password=$secret",
     'has no parameter "password"'],
    ['a word after the URL', "redis://u:a $secret", 'port of the URL'],
    ['another word', "redis://h $secret", 'not of the form NAME=VALUE'],
    ['half a name', 'redis://h time=1s', 'has no parameter "time"'],
    ['a parameter twice', 'redis://h timeout=1s timeout=2s',
     '"timeout" is given twice'],

    (map { my $name = $_; (
        ["$name=0", "redis://h $name=0", "\"$name\" is not a time from 1ms"],
        ["$name=0ms", "redis://h $name=0ms", "\"$name\" is not a time"],
        ["$name=11s", "redis://h $name=11s", "\"$name\" is not a time"],
        ["$name=10001ms", "redis://h $name=10001ms", "\"$name\" is not"],
        ["$name=-1", "redis://h $name=-1", "\"$name\" is not a time"],
        ["$name=soon", "redis://h $name=soon", "\"$name\" is not a time"],
        ["$name=", "redis://h $name=", "\"$name\" is empty"],
    ) } 'timeout', 'connect_timeout'),

    ['an empty prefix', 'redis://h prefix=', '"prefix" is empty'],
    ['a brace in the prefix', 'redis://h "prefix=a{"', '"prefix" has a char'],
    ['another brace', 'redis://h "prefix=a}"', '"prefix" has a character'],
    ['a blank in the prefix', 'redis://h "prefix=a b"', '"prefix" has a char'],
    ['UTF-8 in the prefix', "redis://h prefix=\xc3\xa9", '"prefix" has a char'],
    ['a long prefix', 'redis://h prefix=' . 'p' x 65, 'longer than 64'],

    ['a user without a password', 'redis://h user=me', 'user needs a password'],
    ['an empty user', 'redis://h user=', '"user" is empty'],
    ['two users', "redis://me:$secret\@h user=you", '"user" is given twice'],
    ['two passwords', "redis://me:$secret\@h password_file=$good",
     '"password_file" is given twice'],
    ['no password file', 'redis://h password_file=', '"password_file" is empty'],
    ['a file that is not there', "redis://h password_file=$dir/none",
     'open\(\) "[^"]*none" failed'],
    ['a file that is a folder', "redis://h password_file=$dir/folder",
     'is a file that cannot be read'],
    ['a file that is empty', "redis://h password_file=$empty",
     'first line is empty'],
    ['a file with an empty line', "redis://h password_file=$blank",
     'first line is empty'],
    ['a file with a long line', "redis://h password_file=$long",
     'first line is too long'],
    ['a relative file', 'redis://h password_file=none', '/conf/none" failed'],

    ['a sentinel user alone', 'sentinel://h/m sentinel_user=me',
     'needs a sentinel_password_file'],
    ['sentinel password without sentinels',
     "cluster://h sentinel_password_file=$good", 'is for sentinel://'],
    ['tls of what', 'cluster://h tls=maybe', '"tls" is neither "on" nor "off"'],
    ['tls on redis://', 'redis://h tls=on', 'rediss:// is TLS by itself'],
    ['tls off on rediss://', 'rediss://h tls=off', 'rediss:// is TLS'],
);

for (@refused) {
    my ($title, $args, $says) = @$_;
    my ($code, $said) = nginx_t("weir_policy $image;\nweir_redis $args;");

    is($code, 1, "refused: $title");
    like($said, qr/\[emerg\].*"weir_redis".*(?:$says).* in .*nginx\.conf:2\b/,
         "and why and where: $title");
    unlike($said, qr/$secret/, "and no secret is told: $title");
}

for (['without a URL', "weir_policy $image;\nweir_redis;",
      'invalid number of arguments in "weir_redis"'],
     ['twice', "weir_policy $image; weir_redis redis://h;\nweir_redis unix:/a;",
      '"weir_redis" directive is duplicate'],
     ['in a server', "weir_policy $image; server {\nweir_redis redis://h; }",
      '"weir_redis" directive is not allowed here'],
     ['in a location',
      "weir_policy $image; server { location / {\nweir_redis redis://h; } }",
      '"weir_redis" directive is not allowed here'],
     ['without a policy', "\nweir_redis redis://h;",
      '"weir_redis" in .*nginx.conf:2 needs a "weir_policy"'])
{
    my ($title, $http, $says) = @$_;
    my ($code, $said) = nginx_t($http);

    is($code, 1, "refused: $title");
    like($said, qr/\[emerg\].*$says/, "and why: $title");
    like($said, qr{nginx\.conf:2\b}, "and where: $title");
}

my @taken = (
    ['a host', 'redis://localhost'],
    ['an address', 'redis://127.0.0.1:6380/15'],
    ['IPv6', 'redis://[::1]:6380/0'],
    ['IPv6 without a port', 'redis://[::1]'],
    ['a slash at the end', 'redis://localhost/'],
    ['a password', "redis://:$secret\@127.0.0.1"],
    ['a user and a password', "redis://me:$secret\@127.0.0.1/3"],
    ['a password with all that is encoded',
     'redis://a%40b:%2f%3F%23%25%3a%40%20@127.0.0.1'],
    ['a colon in a password', 'redis://me:a:b@127.0.0.1'],
    ['TLS', 'rediss://127.0.0.1'],
    ['a socket', 'unix:/run/redis.sock'],
    ['a socket and a db', "unix:/run/redis.sock?db=3 password_file=$good"],
    ['sentinels', 'sentinel://a,b:26380,[::1],[::1]:26380/my-master/2'],
    ['a master with odd letters', 'sentinel://a/my%2Fmaster'],
    ['sentinels with passwords and TLS',
     "sentinel://a/m user=me password_file=$good sentinel_user=you "
     . "sentinel_password_file=$good tls=on"],
    ['16 sentinels', 'sentinel://' . $hosts->(16) . '/m'],
    ['a cluster', 'cluster://a,b:7000/'],
    ['a cluster with TLS', "cluster://me:$secret\@a,b:7000 tls=on"],
    ['a cluster without', 'cluster://a tls=off'],
    ['times', 'redis://127.0.0.1 timeout=1ms connect_timeout=10s'],
    ['a prefix', 'redis://127.0.0.1 prefix=' . 'p' x 64],
    ['a file without a newline', "redis://127.0.0.1 password_file=$bare"],
    ['a file of DOS', "redis://127.0.0.1 user=me password_file=$crlf"],
    ['a file with a line that is just short enough',
     "redis://127.0.0.1 password_file=$full"],
);

for (@taken) {
    my ($title, $args) = @$_;
    my ($code, $said) = nginx_t("weir_policy $image; weir_redis $args;");

    is($code, 0, "taken: $title") or diag($said);
    unlike($said, qr/\[(?:warn|error|crit|alert|emerg)\]/, "in silence: $title");
}
