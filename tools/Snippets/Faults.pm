# Faults.pm: pages with a fault in them: what one has, and what is to be said of
# it, so that each check is known to see its own.

package Snippets::Faults;

use strict;
use warnings;

use base 'Exporter';

use Snippets::Page;

our @EXPORT = qw(unseen);


my $policy = <<'END';
`p.yaml`:

```yaml
weir: 1
policy: {name: p}
routes:
  - id: a
    match: {path: /a}
    public: true
    upstream: a
```

END

my @faults = (
    ["[a](nowhere.md)\n", qr/a link to nothing: nowhere\.md/],
    ["[a](policy.md#no-such-thing)\n", qr/no heading of that name/],
    ["[a](#nor-this)\n", qr/no heading of that name/],
    ["[a](../../..)\n", qr/a link out of here/],
    ["[a](https:/example.com)\n", qr/a URL that is none/],
    ["[a][b]\n", qr/no link is called b/],
    ["```\nx\n```\n", qr/a block of no language/],
    ["```perl\nx\n```\n", qr/what is "perl"/],
    ["```sh\ntrue\n", qr/a block that does not end/],
    ["<!-- snippet: needs it -->\n\nText.\n", qr/a comment of no block/],
    ["<!-- snippet: nonsense -->\n```sh\ntrue\n```\n", qr/says nothing/],
    ["<!-- snippet:needs it -->\n```sh\ntrue\n```\n", qr/of another form/],
    ["```sh\nfalse\n```\n", qr/ended with 1, not 0/],
    ["```sh\nfalse | true\n```\n", qr/ended with 1, not 0/],
    ["<!-- snippet: ends with 3 -->\n```sh\ntrue\n```\n",
     qr/ended with 0, not 3/],
    ["    weir nosuchverb\n", qr/ended with 2, not 0/],
    ["```sh\necho a b c\n```\n\n```text\na x\n```\n", qr/it prints:\s+a b c/],
    ["```sh\nprintf 'a\\nb\\n'\n```\n\n```text\na\n```\n", qr/it prints/],
    ["```sh\necho a b c\n```\n\n## A\n\n```text\na ... c\n```\n",
     qr/no case expects it/],
    ["```text\nno such message\n```\n", qr/no case expects it/],
    ["```sh\nsleep 60 &\n```\n", qr/it leaves sleep 60 running/],
    ["```yaml\nweir: 1\npolicy: {name: p}\nroutes: [{id: a}]\n```\n",
     qr/no policy/],
    ["```yaml\nlimits: {a: {key: [source.ip], rate: many}}\n```\n",
     qr/no policy/],
    ["```yaml\nkind: Other\n```\n", qr/neither a policy/],
    ["```yaml\napiVersion: v1\n```\n", qr/data without a name/],
    ["`x.yaml`:\n\n```yaml\napiVersion: v1\n```\n",
     qr/no command uses x\.yaml/],
    ["<!-- snippet: in routes -->\n```yaml\n- id: a\n```\n", qr/no policy/],
    ["$policy```yaml\n- name: t\n  request: {path: /b}\n"
     . "  expect: {verdict: allow}\n```\n", qr/tests that fail/],
    ["```yaml\n- name: t\n  request: {path: /b}\n```\n", qr/no policy before/],
    ["$policy```sh\nweir eval p.yaml GET http://x/a   # deny, 403\n```\n",
     qr/ended with 0, not 10/],
    ["$policy```sh\nweir eval p.yaml GET http://x/b   # deny, 403\n```\n",
     qr/does not say "403"/],
    ["```nginx\nweir_polic a;\n```\n", qr/nginx refuses it:.*unknown/s],
    ["```nginx\nlocation / { weir maybe; }\n```\n", qr/nginx refuses it/],
    ["```nginx\nhttp { server { listen 80 }\n```\n", qr/no statements/],
    ["```nginx\nhttp { server { listens 80; } }\n```\n", qr/unknown/],
    ["    Syntax:  weir_trace on;\n    Context: http, server\n",
     qr/weir_trace in location: the page says otherwise/],
    ["    Syntax:  weir_tracing on;\n    Context: http\n", qr/is unknown/],
    ["<!-- snippet: values -->\n```yaml\nnosuch: 1\n```\n",
     qr/no values of the chart/],
    ["```json\n{\"a\": 1,}\n```\n", qr/no JSON/],
    ["```promql\nsum by (a) (rate(x[5m])\n```\n", qr/no PromQL/],
    ["<!-- snippet: needs docker -->\n```sh\nif true; then\n```\n",
     qr/its syntax is wrong/],
    ["<!-- snippet: needs a cluster -->\n```yaml\na: [b\n```\n",
     qr/its syntax is wrong/],
    ["<!-- snippet: needs docker -->\n```dockerfile\nFORM a\n```\n",
     qr/its syntax is wrong/],
);

# Faults that nobody complains of when `read_page` reads them.
sub unseen {
    my ($read_page) = @_;
    my @bad;

    for (@faults) {
        my ($text, $says) = @$_;

        @complaints = ();
        $read_page->('docs/faulty.md', $text);
        push @bad, "nobody complains of this page, with $says:\n$text"
                   . join('', map { "    $_\n" } @complaints)
            if !grep { /$says/ } @complaints;
    }

    @complaints = ();

    return @bad;
}

1;
