/*
 * request.c: a request from the command line or a test, served to the engine
 * as nginx would serve it.
 */

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "cli/given.h"
#include "run/path.h"
#include "run/query.h"


static weir_str_t
lower(weir_arena_t *a, weir_str_t s)
{
    char    *p;
    size_t   i;

    p = weir_arena_alloc(a, s.len + 1);

    if (p == NULL) {
        return weir_str(NULL, 0);
    }

    for (i = 0; i < s.len; i++) {
        p[i] = s.data[i];

        if (p[i] >= 'A' && p[i] <= 'Z') {
            p[i] = (char) (p[i] | 0x20);
        }
    }

    return weir_str(p, s.len);
}


/* RFC 9110, 5.6.2; nginx refuses other methods and names. */
static bool
is_token(weir_str_t s)
{
    char    c;
    size_t  i;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if ((c < '0' || c > '9') && ((c | 0x20) < 'a' || (c | 0x20) > 'z')
            && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
        {
            return false;
        }
    }

    return s.len != 0;
}


static weir_str_t
trim(weir_str_t s)
{
    while (s.len && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s.data++;
        s.len--;
    }

    while (s.len && (s.data[s.len - 1] == ' ' || s.data[s.len - 1] == '\t')) {
        s.len--;
    }

    return s;
}


static cli_pair_t *
find(const cli_pairs_t *pairs, weir_str_t name)
{
    size_t  i;

    for (i = 0; i < pairs->len; i++) {

        if (weir_str_eq(pairs->items[i].name, name)) {
            return &pairs->items[i];
        }
    }

    return NULL;
}


static weir_str_t
header(const cli_request_t *r, const char *name)
{
    cli_pair_t  *p;

    p = find(&r->headers, weir_cstr(name));

    return p ? p->value : weir_str("", 0);
}


/* The entries of a map attribute. */
static const cli_pairs_t *
entries(const cli_request_t *r, unsigned attr)
{
    static const cli_pairs_t  none;

    switch (attr) {

    case WEIR_A_REQUEST_HEADERS:
        return &r->headers;

    case WEIR_A_REQUEST_COOKIES:
        return &r->cookies;

    case WEIR_A_REQUEST_PARAMS:
        return &r->params;

    case WEIR_A_RESPONSE_HEADERS:
        return &r->response.headers;

    default:
        return &none;
    }
}


static weir_str_t
endpoint(const cli_request_t *r, const weir_ip_t *ip, int64_t port)
{
    char    text[WEIR_IP_STRLEN];
    size_t  len;

    len = weir_ip_print(ip, text);

    return weir_arena_printf(r->arena, ip->len == 16 ? "[%.*s]:%lld"
                                                     : "%.*s:%lld",
                             (int) len, text, (long long) port);
}


/* Path and query under the path that is decided on. */
static weir_str_t
target(const cli_request_t *r)
{
    char        *p;
    size_t       len;
    weir_str_t   path;

    path = weir_txn_path(r->txn);

    if (weir_str_eq(path, r->req.path)) {
        return r->target;
    }

    len = weir_target_print(path, r->query, NULL);
    p = weir_arena_alloc(r->arena, len);

    return weir_str(p, p ? weir_target_print(path, r->query, p) : 0);
}


static weir_str_t
text_attr(const cli_request_t *r, unsigned attr)
{
    switch (attr) {

    case WEIR_A_SOURCE_ADDRESS:
        return endpoint(r, &r->req.source, r->port);

    case WEIR_A_DESTINATION_ADDRESS:
        return endpoint(r, &r->destination, r->destination_port);

    case WEIR_A_CONNECTION_TLS_VERSION:
        return r->tls_version;

    case WEIR_A_CONNECTION_SNI:
        return r->sni;

    case WEIR_A_CONNECTION_SUBJECT:
    case WEIR_A_CONNECTION_DNS_SAN:
    case WEIR_A_CONNECTION_URI_SAN:
        return weir_cli_given_cert_attr(r, attr);

    case WEIR_A_REQUEST_PATH:
        return target(r);

    case WEIR_A_REQUEST_QUERY:
        return r->query;

    case WEIR_A_REQUEST_METHOD:
        return r->req.method;

    case WEIR_A_REQUEST_SCHEME:
        return r->scheme;

    case WEIR_A_REQUEST_PROTOCOL:
        return r->protocol;

    case WEIR_A_REQUEST_ID:
        return r->id;

    case WEIR_A_REQUEST_REFERER:
        return header(r, "referer");

    case WEIR_A_REQUEST_USERAGENT:
        return header(r, "user-agent");

    default:
        return weir_str("", 0);
    }
}


static int64_t
number_attr(const cli_request_t *r, unsigned attr)
{
    switch (attr) {

    case WEIR_A_SOURCE_PORT:
        return r->port;

    case WEIR_A_DESTINATION_PORT:
        return r->destination_port;

    case WEIR_A_REQUEST_CONTENT_LENGTH:
        return r->content_length;

    case WEIR_A_RESPONSE_CODE:
        return r->response.code;

    case WEIR_A_RESPONSE_SIZE:
        return r->response.size;

    case WEIR_A_REQUEST_SIZE:
        return r->response.request_size;

    default:
        return 0;
    }
}


static void
host_attr(void *host, unsigned attr, weir_value_t *out)
{
    const cli_time_t     *took;
    const cli_request_t  *r;

    r = host;

    switch (weir_attrs[attr].kind) {

    case WEIR_T_STRING:
        *out = weir_v_str(text_attr(r, attr));
        return;

    case WEIR_T_MAP:
        if (attr == WEIR_A_REQUEST_PARAMS && r->bad_query) {
            *out = weir_v_err(WEIR_E_CONVERSION);
            return;
        }

        *out = (weir_value_t) { .kind = WEIR_T_MAP, .rep = WEIR_REP_HOST,
                                .len = (uint32_t) entries(r, attr)->len,
                                .u.attr = attr };
        return;

    case WEIR_T_IP:
        *out = (weir_value_t) { .kind = WEIR_T_IP, .u.ip = &r->req.source };
        return;

    case WEIR_T_BOOL:
        *out = weir_v_bool(r->mtls || weir_cli_given_cert(r).len > 0);
        return;

    case WEIR_T_TIMESTAMP:
        *out = (weir_value_t) { .kind = WEIR_T_TIMESTAMP, .u.i = r->time };
        return;

    case WEIR_T_DURATION:
        took = attr == WEIR_A_REQUEST_DURATION ? &r->response.duration
                                               : &r->response.backend_latency;
        *out = (weir_value_t) { .kind = WEIR_T_DURATION,
                                .len = (uint32_t) took->nsec,
                                .u.i = took->sec };
        return;

    default:
        *out = weir_v_int(number_attr(r, attr));
    }
}


static weir_rc_t
host_get(void *host, unsigned attr, weir_str_t key, weir_value_t *out)
{
    const cli_pair_t  *p;

    p = find(entries(host, attr), key);

    if (p == NULL) {
        return WEIR_DECLINED;
    }

    *out = weir_v_str(p->value);

    return WEIR_OK;
}


static void
host_at(void *host, unsigned attr, uint32_t i, weir_value_t *key,
    weir_value_t *value)
{
    const cli_pair_t  *p;

    p = &entries(host, attr)->items[i];

    *key = weir_v_str(p->name);
    *value = weir_v_str(p->value);
}


static const weir_host_t  host_ops = { host_attr, host_get, host_at };


void
weir_cli_request_init(cli_request_t *r, weir_arena_t *a)
{
    memset(r, 0, sizeof(cli_request_t));

    r->arena = a;
    r->req.method = weir_string("GET");
    r->req.host = weir_string("localhost");
    r->req.path = weir_string("/");
    r->req.host_ops = &host_ops;
    r->req.host_data = r;
    r->req.router = &weir_cli_router;
    r->scheme = weir_string("http");
    r->target = weir_string("/");
    r->protocol = weir_string("HTTP/1.1");
    r->id = weir_string("00000000000000000000000000000000");
    r->port = 40000;
    r->destination_port = 80;
    r->time = (int64_t) time(NULL);

    (void) weir_ip_parse(weir_string("127.0.0.1"), &r->req.source);

    r->destination = r->req.source;
}


bool
weir_cli_request_url(cli_request_t *r, weir_str_t url)
{
    size_t       i;
    const char  *p, *end;

    end = url.data + url.len;
    p = url.data;

    for (i = 0; i + 2 < url.len && url.data[i] != '/'; i++) {

        if (memcmp(url.data + i, "://", 3) == 0) {
            r->scheme = weir_str(url.data, i);
            r->destination_port = i == 5 ? 443 : 80;
            p = url.data + i + 3;
            break;
        }
    }

    if (p != url.data) {
        url = weir_str(p, (size_t) (end - p));
        i = strcspn(p, "/?");
        r->req.host = weir_str(p, i);
        p += i;

        if (p == end) {
            p = "/";
            end = p + 1;
        }
    }

    if (*p != '/') {
        return false;
    }

    r->target = weir_str(p, (size_t) (end - p));

    i = strcspn(p, "?");
    r->req.path = weir_str(p, i);
    r->query = p + i < end ? weir_str(p + i + 1, r->target.len - i - 1)
                           : weir_str("", 0);

    return true;
}


static bool
add(cli_request_t *r, cli_pairs_t *pairs, weir_str_t name, weir_str_t value)
{
    cli_pair_t  *p;

    p = weir_vec_push(r->arena, pairs);

    if (p == NULL) {
        return false;
    }

    p->name = name;
    p->value = value;

    return true;
}


static bool
add_first(cli_request_t *r, cli_pairs_t *pairs, weir_str_t name,
    weir_str_t value)
{
    return find(pairs, name) != NULL || add(r, pairs, name, value);
}


/* A header each, as HTTP/2 may send them. */
static bool
add_cookies(cli_request_t *r, weir_str_t header)
{
    size_t      pos;
    weir_str_t  name, value;

    for (pos = 0;
         weir_cookie_next(header, &pos, &name, &value) == WEIR_OK; )
    {
        if (!add_first(r, &r->cookies, name, value)) {
            return false;
        }
    }

    return true;
}


static bool
split_header(cli_request_t *r, weir_str_t line, weir_str_t *name,
    weir_str_t *value)
{
    const char  *colon;

    colon = memchr(line.data, ':', line.len);

    if (colon == NULL
        || !is_token(weir_str(line.data, (size_t) (colon - line.data))))
    {
        return false;
    }

    *name = lower(r->arena, weir_str(line.data,
                                     (size_t) (colon - line.data)));
    *value = trim(weir_str(colon + 1, line.len - name->len - 1));

    return memchr(value->data, '\r', value->len) == NULL
           && memchr(value->data, '\n', value->len) == NULL
           && memchr(value->data, '\0', value->len) == NULL;
}


/* Behind those of its name that came before. */
static bool
add_joined(cli_request_t *r, cli_pairs_t *pairs, weir_str_t name,
    weir_str_t value)
{
    cli_pair_t  *same;

    same = find(pairs, name);

    if (same == NULL) {
        return add(r, pairs, name, value);
    }

    same->value = weir_arena_printf(r->arena, "%.*s, %.*s",
                                    WEIR_STR(same->value), WEIR_STR(value));

    return true;
}


bool
weir_cli_request_header(cli_request_t *r, weir_str_t line)
{
    weir_str_t  name, value;

    if (!split_header(r, line, &name, &value)) {
        return false;
    }

    if (!add(r, &r->sent, name, value)
        || (weir_str_eq(name, weir_string("cookie"))
            && !add_cookies(r, value)))
    {
        return false;
    }

    if (weir_str_eq(name, weir_string("host"))) {
        r->req.host = value;
    }

    if (weir_str_eq(name, weir_string("content-length"))) {
        r->content_length = strtoll(value.data, NULL, 10);
    }

    return add_joined(r, &r->headers, name, value);
}


bool
weir_cli_response_header(cli_request_t *r, weir_str_t line)
{
    weir_str_t  name, value;

    return split_header(r, line, &name, &value)
           && add_joined(r, &r->response.headers, name, value);
}


static bool
set_took(cli_time_t *took, weir_str_t value)
{
    int64_t  sec;
    int32_t  nsec;

    if (weir_duration_parse(value, &sec, &nsec) != WEIR_OK || sec < 0
        || nsec < 0)
    {
        return false;
    }

    *took = (cli_time_t) { sec, nsec };

    return true;
}


bool
weir_cli_response_set(cli_request_t *r, weir_str_t name, weir_str_t value)
{
    char       *end;
    int64_t     n;
    weir_str_t  text;

    if (weir_str_eq(name, weir_string("duration"))) {
        return set_took(&r->response.duration, value);
    }

    if (weir_str_eq(name, weir_string("backend_latency"))) {
        return set_took(&r->response.backend_latency, value);
    }

    text = weir_arena_str(r->arena, value);
    errno = 0;
    n = text.data ? strtoll(text.data, &end, 10) : -1;

    if (n < 0 || errno != 0 || end == text.data || *end != '\0') {
        return false;
    }

    if (weir_str_eq(name, weir_string("size"))) {
        r->response.size = n;
        return true;
    }

    if (weir_str_eq(name, weir_string("request_size"))) {
        r->response.request_size = n;
        return true;
    }

    if (weir_str_eq(name, weir_string("code")) && n >= 100 && n <= 999) {
        r->response.code = n;
        return true;
    }

    return false;
}


static bool
decode(cli_request_t *r, weir_str_t raw, weir_str_t *out)
{
    char  *p;

    p = weir_arena_alloc(r->arena, raw.len + 1);

    if (p == NULL || weir_query_decode(raw, p, &out->len) != WEIR_OK) {
        return false;
    }

    out->data = p;

    return true;
}


bool
weir_cli_request_finish(cli_request_t *r)
{
    size_t      pos;
    weir_str_t  name, value;

    if (r->req.host.len
        && !add_first(r, &r->headers, weir_string("host"), r->req.host))
    {
        return false;
    }

    if (r->req.peer.len == 0) {
        r->req.peer = r->req.source;
    }

    for (pos = 0;
         weir_query_next(r->query, &pos, &name, &value) == WEIR_OK; )
    {
        if (!decode(r, name, &name) || !decode(r, value, &value)) {
            r->bad_query = true;
            break;
        }

        if (!add_first(r, &r->params, name, value)) {
            return false;
        }
    }

    return true;
}


bool
weir_cli_request_set(cli_request_t *r, weir_str_t name, weir_str_t value)
{
    bool        ok;
    char       *end;
    uint32_t    nsec;
    weir_str_t  text;

    text = weir_arena_str(r->arena, value);

    if (text.data == NULL) {
        return false;
    }

    if (weir_str_eq(name, weir_string("source"))) {
        return weir_ip_parse(text, &r->req.source) == WEIR_OK;
    }

    if (weir_str_eq(name, weir_string("peer"))) {
        return weir_ip_parse(text, &r->req.peer) == WEIR_OK;
    }

    if (weir_str_eq(name, weir_string("time"))) {
        return weir_time_parse(text, &r->time, &nsec) == WEIR_OK && nsec == 0;
    }

    if (weir_str_eq(name, weir_string("content_length"))) {
        errno = 0;
        r->content_length = strtoll(text.data, &end, 10);
        return end != text.data && *end == '\0' && errno == 0
               && r->content_length >= -1;
    }

    if (weir_str_eq(name, weir_string("mtls"))) {
        r->mtls = weir_str_eq(text, weir_string("true"));
        return r->mtls || weir_str_eq(text, weir_string("false"));
    }

    ok = true;

    if (weir_str_eq(name, weir_string("method"))) {
        r->req.method = text;
        ok = is_token(text);

    } else if (weir_str_eq(name, weir_string("host"))) {
        r->req.host = text;

    } else if (weir_str_eq(name, weir_string("scheme"))) {
        r->scheme = text;

    } else if (weir_str_eq(name, weir_string("protocol"))) {
        r->protocol = text;

    } else if (weir_str_eq(name, weir_string("tls_version"))) {
        r->tls_version = text;

    } else if (weir_str_eq(name, weir_string("sni"))) {
        r->sni = text;

    } else if (weir_str_eq(name, weir_string("id"))) {
        r->id = text;

    } else {
        ok = false;
    }

    return ok;
}
