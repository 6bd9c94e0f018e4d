/*
 * diff_probe.c: one request, decided by both policies, and the commands that
 * make it again.
 */

#include <stdio.h>

#include "cli/diff.h"
#include "run/path.h"


/* Properties of weir_cli_request_set() */

static bool
apply_set(const diff_text_t *t, cli_request_t *out)
{
    return weir_cli_request_set(out, t->name, t->value);
}


/* Percent-encodes what is no unreserved character (RFC 3986, 2.3). */
static weir_str_t
encode(weir_arena_t *a, weir_str_t s)
{
    char           *p;
    size_t          i, n;
    unsigned char   c;

    static const char  hex[] = "0123456789ABCDEF";

    p = weir_arena_alloc(a, 3 * s.len + 1);

    if (p == NULL) {
        return weir_str(NULL, 0);
    }

    for (i = 0, n = 0; i < s.len; i++) {
        c = (unsigned char) s.data[i];

        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
            || (c >= 'A' && c <= 'Z') || (c && strchr("-._~", c)))
        {
            p[n++] = (char) c;

        } else {
            p[n++] = '%';
            p[n++] = hex[c >> 4];
            p[n++] = hex[c & 15];
        }
    }

    return weir_str(p, n);
}


static weir_str_t
query_of(const diff_request_t *r, weir_arena_t *a)
{
    size_t      i;
    weir_str_t  s, name, value;

    s = r->query;

    for (i = 0; i < r->nparams; i++) {
        name = encode(a, r->params[i].name);
        value = encode(a, r->params[i].value);
        s = weir_arena_printf(a, "%.*s%s%.*s=%.*s", WEIR_STR(s),
                              s.len ? "&" : "", WEIR_STR(name),
                              WEIR_STR(value));
    }

    return s;
}


static weir_str_t
target_of(const diff_request_t *r, weir_arena_t *a)
{
    char        *p;
    size_t       n;
    weir_str_t   query;

    query = query_of(r, a);

    if (r->raw) {
        return weir_arena_printf(a, "%.*s%s%.*s", WEIR_STR(r->path),
                                 query.len ? "?" : "", WEIR_STR(query));
    }

    n = weir_target_print(r->path, query, NULL);
    p = weir_arena_alloc(a, n + 1);

    if (p != NULL) {
        (void) weir_target_print(r->path, query, p);
    }

    return weir_str(p, p ? n : 0);
}


static weir_str_t
cookies_of(const diff_request_t *r, weir_arena_t *a)
{
    size_t      i;
    weir_str_t  s;

    s = weir_str("", 0);

    for (i = 0; i < r->ncookies; i++) {
        s = weir_arena_printf(a, "%.*s%s%.*s=%.*s", WEIR_STR(s),
                              s.len ? "; " : "",
                              WEIR_STR(r->cookies[i].name),
                              WEIR_STR(r->cookies[i].value));
    }

    return s;
}


bool
weir_diff_request(const diff_request_t *r, weir_arena_t *a,
    cli_request_t *out)
{
    bool        ok;
    size_t      i;
    weir_str_t  s;

    weir_cli_request_init(out, a);
    out->time = DIFF_TIME;
    s = target_of(r, a);
    ok = s.data != NULL && weir_cli_request_url(out, s);
    out->req.method = r->method;
    out->req.host = r->host;

    for (i = 0; ok && i < r->nheaders; i++) {
        s = weir_arena_printf(a, "%.*s: %.*s", WEIR_STR(r->headers[i].name),
                              WEIR_STR(r->headers[i].value));
        ok = weir_cli_request_header(out, s);
    }

    s = cookies_of(r, a);

    if (ok && s.len) {
        ok = weir_cli_request_header(out, weir_arena_printf(a, "cookie: %.*s",
                                                            WEIR_STR(s)));
    }

    for (i = 0; ok && i < r->nsets; i++) {
        ok = apply_set(&r->sets[i], out);
    }

    return ok && weir_cli_request_finish(out);
}


bool
weir_diff_differ(const weir_decision_t d[DIFF_SIDES])
{
#define T(name)                                                               \
    if (!weir_str_eq(d[DIFF_OLD].name, d[DIFF_NEW].name)) {                   \
        return true;                                                          \
    }

    CLI_DECISION_TEXTS(T)
#undef T

    if (d[DIFF_OLD].reason == WEIR_REASON_LIMIT
        && !weir_str_eq(d[DIFF_OLD].limit, d[DIFF_NEW].limit))
    {
        return true;
    }

    return d[DIFF_OLD].verdict != d[DIFF_NEW].verdict
           || d[DIFF_OLD].status != d[DIFF_NEW].status
           || d[DIFF_OLD].reason != d[DIFF_NEW].reason;
}


bool
weir_diff_counting(diff_t *d, size_t size)
{
    size_t        i;
    diff_side_t  *s;

    for (i = 0; i < DIFF_SIDES; i++) {
        s = &d->side[i];

        if (s->img->n[WEIR_S_LIMITS] == 0) {
            continue;
        }

        s->counting = weir_diff_pushed(d, weir_cli_counting(d->arena, size));

        if (s->counting == NULL) {
            return false;
        }
    }

    return true;
}


/* Limits are as of that time, or as if nothing was counted before. */
static void
set_time(const diff_side_t *s, cli_request_t *r, int64_t ns)
{
    r->counting = s->counting;
    r->req.limiter = s->counting ? &weir_cli_limiter : NULL;

    if (s->counting == NULL) {
        return;
    }

    if (ns == DIFF_UNCOUNTED) {
        weir_cli_counting_begin(s->counting, r->time);

    } else {
        weir_cli_counting_until(s->counting, ns);
    }
}


/* No command makes a request again that has its arm by chance. */
static void
hide_chance(const weir_image_t *img, const weir_txn_t *txn,
    weir_decision_t *out)
{
    uint32_t               weights[WEIR_MAX_ARMS];
    const weir_routing_t  *to;

    to = weir_txn_routing(txn);

    if (to->split == NULL || to->why != WEIR_ARM_DRAWN) {
        return;
    }

    weir_splits_weights(img, to->split, 0, weights);

    if (weights[to->arm] != WEIR_BUCKETS) {
        out->arm = weir_string("(by chance)");
        out->upstream = weir_string("(by chance)");
    }
}


bool
weir_diff_both(diff_t *d, weir_arena_t *a, cli_request_t *r, int64_t ns,
    weir_decision_t out[DIFF_SIDES])
{
    void               *mem;
    size_t              i;
    weir_txn_t         *txn;
    const diff_side_t  *s;

    for (i = 0; i < DIFF_SIDES; i++) {
        s = &d->side[i];
        set_time(s, r, ns);
        mem = weir_arena_alloc(a, weir_txn_size(s->img, &r->req));

        if (mem == NULL) {
            d->nomem = true;
            return false;
        }

        txn = weir_txn_init(mem, s->img, &r->req);
        r->txn = txn;

        if (weir_cli_counting_decide(txn, &out[i]) != WEIR_OK) {
            return false;
        }

        if (!d->logged) {
            hide_chance(s->img, txn, &out[i]);
        }

        if (s->counting != NULL) {
            weir_cli_counting_end(s->counting, txn);
            weir_txn_charge(txn);
        }
    }

    d->probes++;

    return weir_diff_differ(out);
}


bool
weir_diff_decide(diff_t *d, weir_arena_t *a, const diff_request_t *r,
    weir_decision_t out[DIFF_SIDES])
{
    cli_request_t  req;

    memset(out, 0, DIFF_SIDES * sizeof(weir_decision_t));

    /* false: no such request can be made */

    return weir_diff_request(r, a, &req)
           && weir_diff_both(d, a, &req, DIFF_UNCOUNTED, out);
}


/* What drives a terminal: C1 as UTF-8 has it, too. */
static bool
is_control(weir_str_t s, size_t i)
{
    unsigned char  c, next, before;

    c = (unsigned char) s.data[i];
    next = (unsigned char) (i + 1 < s.len ? s.data[i + 1] : 0xff);
    before = (unsigned char) (i > 0 ? s.data[i - 1] : 0);

    return c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0)
           || (before == 0xc2 && c < 0xa0);
}


/* As $'' of a shell, of what is not for people's eyes. */
static weir_str_t
quote_control(diff_t *d, weir_str_t s)
{
    char    *p;
    size_t   i, n;

    static const char  hex[] = "0123456789abcdef";

    p = weir_diff_alloc(d, 4 * s.len + 4);

    if (p == NULL) {
        return weir_str("", 0);
    }

    n = 0;
    p[n++] = '$';
    p[n++] = '\'';

    for (i = 0; i < s.len; i++) {

        if (is_control(s, i)) {
            p[n++] = '\\';
            p[n++] = 'x';
            p[n++] = hex[(unsigned char) s.data[i] >> 4];
            p[n++] = hex[s.data[i] & 15];
            continue;
        }

        if (s.data[i] == '\'' || s.data[i] == '\\') {
            p[n++] = '\\';
        }

        p[n++] = s.data[i];
    }

    p[n++] = '\'';

    return weir_str(p, n);
}


/* As one word of a shell. */
static weir_str_t
quote(diff_t *d, weir_str_t s)
{
    char    *p;
    size_t   i, n;

    for (i = 0; i < s.len; i++) {

        if (is_control(s, i)) {
            return quote_control(d, s);
        }
    }

    p = weir_diff_alloc(d, 4 * s.len + 3);

    if (p == NULL) {
        return weir_str("", 0);
    }

    n = 0;
    p[n++] = '\'';

    for (i = 0; i < s.len; i++) {

        if (s.data[i] == '\'') {
            memcpy(p + n, "'\\'", 3);
            n += 3;
        }

        p[n++] = s.data[i];
    }

    p[n++] = '\'';

    return weir_str(p, n);
}


static bool
has_header(const diff_request_t *r, weir_str_t name)
{
    size_t  i;

    for (i = 0; i < r->nheaders; i++) {

        if (weir_str_eq(r->headers[i].name, name)) {
            return true;
        }
    }

    return false;
}


static weir_str_t
headers_of(diff_t *d, const diff_request_t *r, bool curl)
{
    size_t              i;
    weir_str_t          s, line;
    const diff_text_t  *h;

    s = weir_str("", 0);

    for (i = 0; i < r->nheaders; i++) {
        h = &r->headers[i];
        line = curl && h->value.len == 0
               ? weir_diff_text(d, "%.*s;", WEIR_STR(h->name))
               : weir_diff_text(d, "%.*s: %.*s", WEIR_STR(h->name),
                                WEIR_STR(h->value));
        line = quote(d, line);
        s = weir_diff_text(d, "%.*s -H %.*s", WEIR_STR(s), WEIR_STR(line));
    }

    for (i = 0; curl && r->bare && i < 2; i++) {
        line = weir_cstr(i == 0 ? "accept" : "user-agent");

        if (!has_header(r, line)) {
            s = weir_diff_text(d, "%.*s -H %.*s:", WEIR_STR(s),
                               WEIR_STR(line));
        }
    }

    line = cookies_of(r, d->arena);

    if (line.len) {
        line = quote(d, weir_diff_text(d, "Cookie: %.*s", WEIR_STR(line)));
        s = weir_diff_text(d, "%.*s -H %.*s", WEIR_STR(s), WEIR_STR(line));
    }

    return s;
}


static weir_str_t
set_of(const diff_request_t *r, const char *name)
{
    size_t  i;

    for (i = 0; i < r->nsets; i++) {

        if (weir_str_eq(r->sets[i].name, weir_cstr(name))) {
            return r->sets[i].value;
        }
    }

    return weir_str(NULL, 0);
}


weir_str_t
weir_diff_curl(diff_t *d, const diff_request_t *r, const char *url)
{
    weir_str_t   s, host, target, length;
    const char  *body, *before;

    length = set_of(r, "content_length");
    before = body = "";

    if (r->nsets > (length.data != NULL)) {
        return weir_str(NULL, 0);
    }

    if (length.data != NULL && length.data[0] != '-') {
        before = weir_diff_text(d, "head -c %.*s /dev/zero | ",
                                WEIR_STR(length)).data;
        body = " -H Expect: -H Content-Type: --data-binary @-";

    } else if (length.data != NULL) {
        body = " -H 'Transfer-Encoding: chunked' -H Content-Type: -d x";
    }

    s = weir_diff_text(d, "%scurl -i%s", before, body);

    if (weir_str_eq(r->method, weir_string("HEAD"))) {
        s = weir_diff_text(d, "%.*s -I", WEIR_STR(s));

    } else if (*body || !weir_str_eq(r->method, weir_string("GET"))) {
        s = weir_diff_text(d, "%.*s -X %.*s", WEIR_STR(s),
                           WEIR_STR(r->method));
    }

    if (r->raw) {
        s = weir_diff_text(d, "%.*s --path-as-is", WEIR_STR(s));
    }

    host = quote(d, weir_diff_text(d, "Host: %.*s", WEIR_STR(r->host)));
    target = target_of(r, d->arena);
    target = quote(d, weir_diff_text(d, "%s%.*s", url, WEIR_STR(target)));
    length = headers_of(d, r, true);

    return weir_diff_text(d, "%.*s -H %.*s%.*s %.*s", WEIR_STR(s),
                          WEIR_STR(host), WEIR_STR(length),
                          WEIR_STR(target));
}


weir_str_t
weir_diff_eval(diff_t *d, const diff_request_t *r, const char *file)
{
    size_t      i;
    weir_str_t  s, headers, target;

    s = weir_diff_text(d, "weir eval");

    for (i = 0; i < r->nsets; i++) {
        s = weir_diff_text(d, "%.*s --set %.*s=%.*s", WEIR_STR(s),
                           WEIR_STR(r->sets[i].name),
                           WEIR_STR(r->sets[i].value));
    }

    headers = headers_of(d, r, false);
    target = target_of(r, d->arena);
    target = quote(d, weir_diff_text(d, "http://%.*s%.*s", WEIR_STR(r->host),
                                     WEIR_STR(target)));

    return weir_diff_text(d, "%.*s%.*s %s %.*s %.*s", WEIR_STR(s),
                          WEIR_STR(headers), file, WEIR_STR(r->method),
                          WEIR_STR(target));
}


weir_str_t
weir_diff_outcome(diff_t *d, const weir_decision_t *x)
{
    weir_str_t  s;

    s = x->verdict == WEIR_ALLOW ? weir_diff_text(d, "allow")
                                 : weir_diff_text(d, "deny %u", x->status);

    if (x->rule.len) {
        return weir_diff_text(d, "%.*s by %s \"%.*s\"%s", WEIR_STR(s),
                              x->reason == WEIR_REASON_MAINTENANCE
                              ? "maintenance" : "rule", WEIR_STR(x->rule),
                              x->reason == WEIR_REASON_DENY_ERROR
                              ? " that fails" : "");
    }

    if (x->verdict == WEIR_DENY && x->limit.len) {
        return weir_diff_text(d, "%.*s (%s \"%.*s\")", WEIR_STR(s),
                              weir_reason_name(x->reason),
                              WEIR_STR(x->limit));
    }

    return weir_diff_text(d, "%.*s (%s)", WEIR_STR(s),
                          weir_reason_name(x->reason));
}
