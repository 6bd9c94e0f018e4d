/*
 * model_cors.c: pages of which origins may read answers, and how they may ask
 * (the Fetch standard, 3.3; origins as RFC 6454 and the URL standard write
 * them).
 */

#include "front/load.h"
#include "front/codes.h"
#include "front/template.h"

#define LONGEST_HOST  253u
#define MAX_AGE       31536000u         /* seconds */
#define MAX_PORT      65535u


/* The parts of an origin, each within its text. */
typedef struct {
    weir_str_t  scheme;
    weir_str_t  host;           /* of a wildcard what is behind the star */
    weir_str_t  port;           /* empty: none, or the scheme's own */
    bool        below;
} origin_t;


static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}


/* RFC 3986, 3.1, in lower case */
static bool
is_scheme(weir_str_t s)
{
    char    c;
    size_t  i;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if (!((c >= 'a' && c <= 'z')
              || (i > 0 && (is_digit(c) || c == '+' || c == '-'
                            || c == '.'))))
        {
            return false;
        }
    }

    return s.len > 0;
}


/* A port that a browser leaves out. */
static bool
is_own_port(weir_str_t scheme, weir_str_t port)
{
    size_t  i;

    static const struct {
        const char  *scheme;
        const char  *port;
    } own[] = {
        { "ftp", "21" }, { "http", "80" }, { "https", "443" }, { "ws", "80" },
        { "wss", "443" }
    };

    for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (weir_str_eq(scheme, weir_cstr(own[i].scheme))
            && weir_str_eq(port, weir_cstr(own[i].port)))
        {
            return true;
        }
    }

    return false;
}


static const char *
take_port(weir_str_t s, origin_t *o)
{
    size_t    i;
    unsigned  port;

    port = 0;

    for (i = 0; i < s.len && is_digit(s.data[i]) && port <= MAX_PORT; i++) {
        port = port * 10 + (unsigned) (s.data[i] - '0');
    }

    if (i == 0 || i < s.len || port == 0 || port > MAX_PORT
        || s.data[0] == '0')
    {
        return "its port is no number from 1 to 65535";
    }

    if (!is_own_port(o->scheme, s)) {
        o->port = s;
    }

    return NULL;
}


/* Where the last label is a number, a browser takes all of it for IPv4. */
static bool
ends_in_number(weir_str_t s)
{
    size_t  i;

    for (i = s.len; i > 0 && is_digit(s.data[i - 1]); i--) { }

    return i < s.len && (i == 0 || s.data[i - 1] == '.');
}


static const char *
check_name(weir_str_t s, bool below)
{
    char       c;
    size_t     i;
    weir_ip_t  ip;

    for (i = 0; i < s.len; i++) {
        c = s.data[i];

        if ((unsigned char) c >= 0x80) {
            return "browsers send such a name in ASCII, as xn--...";
        }

        if (c == '*') {
            return "a * stands for the first labels of a host, as "
                   "https://*.app.example";
        }

        if (!((c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_'
              || (c == '.' && i > 0 && s.data[i - 1] != '.')))
        {
            return "its host is neither a name nor an address";
        }
    }

    if (s.len == 0 || s.len > LONGEST_HOST || s.data[s.len - 1] == '.'
        || (ends_in_number(s)
            && (below || weir_ip_parse(s, &ip) != WEIR_OK)))
    {
        return "its host is neither a name nor an address";
    }

    return NULL;
}


/* "[v6]"; what a browser makes of it stands in buf. */
static const char *
check_v6(weir_str_t s, char buf[WEIR_IP_STRLEN + 2], weir_str_t *host)
{
    size_t     n;
    weir_ip_t  ip;

    if (weir_ip_parse(weir_str(s.data + 1, s.len - 2), &ip) != WEIR_OK
        || ip.len != 16)
    {
        return "its host is no IPv6 address";
    }

    buf[0] = '[';
    n = 1 + weir_ip_print(&ip, buf + 1);
    buf[n++] = ']';
    *host = weir_str(buf, n);

    return NULL;
}


/* What stands behind "://"; else what is wrong with it. */
static const char *
take_authority(weir_str_t s, char buf[WEIR_IP_STRLEN + 2], origin_t *o)
{
    size_t       n;
    const char  *why;

    for (n = 0; n < s.len; n++) {
        if (strchr("/?#", s.data[n]) != NULL) {
            return "it ends with its host or port, without a path or a slash";
        }
    }

    if (weir_str_starts(s, weir_string("*."))) {
        o->below = true;
        s = weir_str(s.data + 2, s.len - 2);
    }

    for (n = 0; n < s.len && s.data[n] != (s.data[0] == '[' ? ']' : ':');
         n++) { }

    if (s.len > 0 && s.data[0] == '[' && n < s.len) {
        n++;
        o->host = weir_str(s.data, n);
        why = o->below ? "an address has nothing below it"
                       : check_v6(o->host, buf, &o->host);

    } else {
        o->host = weir_str(s.data, n);
        why = check_name(o->host, o->below);
    }

    if (why != NULL || n == s.len) {
        return why;
    }

    return s.data[n] == ':' ? take_port(weir_str(s.data + n + 1,
                                                 s.len - n - 1), o)
                            : "its port is no number from 1 to 65535";
}


/* NULL: *out is the origin, as a browser writes it. */
static const char *
parse_origin(weir_load_t *l, weir_str_t s, weir_page_t *out)
{
    char         buf[WEIR_IP_STRLEN + 2];
    size_t       n;
    origin_t     o;
    weir_str_t   rest;
    const char  *why, *colon;

    out->text = weir_str("", 0);
    out->suffix = weir_str("", 0);
    out->kind = WEIR_ORIGIN_ANY;

    if (weir_str_eq(s, weir_string("*"))) {
        return NULL;
    }

    out->kind = WEIR_ORIGIN_EXACT;
    out->text = s;

    if (weir_str_eq(s, weir_string("null"))) {
        return NULL;
    }

    s = weir_lower(l->arena, s);

    if (s.data == NULL) {
        l->nomem = true;
        return NULL;
    }

    memset(&o, 0, sizeof(o));
    o.port = weir_str("", 0);

    for (n = 0; n < s.len && s.data[n] != ':'; n++) { }

    o.scheme = weir_str(s.data, n);
    rest = weir_str(s.data + n, s.len - n);

    if (!is_scheme(o.scheme) || !weir_str_starts(rest, weir_string("://"))) {
        return "it begins with a scheme, as https://";
    }

    why = take_authority(weir_str(rest.data + 3, rest.len - 3), buf, &o);

    if (why != NULL) {
        return why;
    }

    colon = o.port.len != 0 ? ":" : "";

    if (o.below) {
        out->kind = WEIR_ORIGIN_BELOW;
        out->text = weir_str(s.data, n + 3);
        out->suffix = weir_arena_printf(l->arena, ".%.*s%s%.*s",
                                        WEIR_STR(o.host), colon,
                                        WEIR_STR(o.port));
    } else {
        out->text = weir_arena_printf(l->arena, "%.*s://%.*s%s%.*s",
                                      WEIR_STR(o.scheme), WEIR_STR(o.host),
                                      colon, WEIR_STR(o.port));
    }

    l->nomem |= out->text.data == NULL || out->suffix.data == NULL;

    return NULL;
}


static bool
is_known(const weir_cors_t *cors, const weir_page_t *page)
{
    size_t  i;

    for (i = 0; i < cors->origins.len; i++) {
        if (weir_str_eq(cors->origins.items[i].text, page->text)
            && weir_str_eq(cors->origins.items[i].suffix, page->suffix))
        {
            return true;
        }
    }

    return false;
}


static void
add_origin(weir_load_t *l, const weir_node_t *node, weir_cors_t *cors)
{
    const char   *why;
    weir_page_t   page, *slot;

    why = parse_origin(l, node->text.text, &page);

    if (l->nomem) {
        return;
    }

    if (why != NULL) {
        (void) weir_fail(l->diags, WEIR_EORIGIN, node->text.span,
                         "\"%.*s\" is no origin: %s",
                         WEIR_STR(node->text.text), why);
        return;
    }

    if (is_known(cors, &page)) {
        (void) weir_fail(l->diags, WEIR_ETWICE, node->text.span,
                         "\"%.*s\" stands twice in \"origins\" of cors "
                         "\"%.*s\"", WEIR_STR(node->text.text),
                         WEIR_STR(cors->name.text));
        return;
    }

    slot = weir_load_push(l, &cors->origins);

    if (slot != NULL) {
        *slot = page;
        slot->span = node->text.span;
    }
}


static void
load_origins(weir_load_t *l, const weir_node_t *node, weir_cors_t *cors)
{
    uint32_t            i;
    const weir_node_t  *n;

    for (i = 0; node != NULL && i < node->n; i++) {
        n = &node->u.items[i];

        if (n->kind == WEIR_T_UNSET) {
            continue;
        }

        add_origin(l, n, cors);

        if (!weir_str_eq(n->text.text, weir_string("*"))) {
            continue;
        }

        if (node->n > 1) {
            (void) weir_fail(l->diags, WEIR_EPLACE, n->text.span,
                             "\"*\" is any origin, and stands alone");
        }

        if (cors->credentials) {
            (void) weir_fail(l->diags, WEIR_EPLACE, n->text.span,
                             "\"*\" does not go with \"credentials\": name "
                             "the origins that may have them");
        }
    }
}


/* The value of a header that lists names; *out stays where none are given. */
static void
load_names(weir_load_t *l, const weir_node_t *map, const char *key,
    const weir_cors_t *cors, weir_str_t *out)
{
    uint32_t              i;
    weir_str_t            text, lower;
    weir_names_t          seen;
    const weir_node_t    *list, *n;
    weir_names_entry_t   *e;

    seen = (weir_names_t) { .arena = l->arena };
    list = weir_node_get(map, key);
    text = weir_str(NULL, 0);

    for (i = 0; list != NULL && i < list->n && !l->nomem; i++) {
        n = &list->u.items[i];

        if (n->kind == WEIR_T_UNSET) {
            continue;
        }

        if (cors->credentials
            && weir_str_eq(n->text.text, weir_string("*")))
        {
            (void) weir_fail(l->diags, WEIR_EPLACE, n->text.span,
                             "\"*\" in \"%s\" does not go with "
                             "\"credentials\": there it is a name like any "
                             "other", key);
        }

        lower = weir_lower(l->arena, n->text.text);

        if (lower.data != NULL
            && weir_names_add(&seen, lower, n->text.span, 0, &e)
               == WEIR_DECLINED)
        {
            (void) weir_fail(l->diags, WEIR_ETWICE, n->text.span,
                             "\"%.*s\" stands twice in \"%s\" of cors "
                             "\"%.*s\"", WEIR_STR(n->text.text), key,
                             WEIR_STR(cors->name.text));
        }

        text = weir_arena_printf(l->arena, "%.*s%s%.*s", WEIR_STR(text),
                                 text.len != 0 ? ", " : "",
                                 WEIR_STR(n->text.text));
        l->nomem |= text.data == NULL || lower.data == NULL;
    }

    if (text.len > WEIR_MAX_HEADER_VALUE) {
        (void) weir_fail(l->diags, WEIR_EBOUND, list->text.span,
                         "\"%s\" makes a header of %zu bytes, the most is %d",
                         key, text.len, WEIR_MAX_HEADER_VALUE);
    }

    *out = text;
}


static void
load_cors(weir_load_t *l, const weir_name_t *name, const weir_node_t *node)
{
    weir_cors_t         cors, *slot;
    const weir_node_t  *n;

    memset(&cors, 0, sizeof(cors));
    cors.name = *name;
    cors.max_age = WEIR_NONE;

    n = weir_node_get(node, "credentials");
    cors.credentials = n != NULL && n->u.b;

    load_origins(l, weir_node_get(node, "origins"), &cors);
    load_names(l, node, "methods", &cors, &cors.methods);
    load_names(l, node, "headers", &cors, &cors.headers);
    load_names(l, node, "expose", &cors, &cors.expose);
    weir_load_duration(l, node, "max_age", 0, MAX_AGE, 1000, &cors.max_age);

    slot = weir_load_push(l, &l->model->cors);

    if (slot != NULL) {
        *slot = cors;
    }
}


void
weir_load_cors(weir_load_t *l, const weir_node_t *node)
{
    uint32_t             i;
    weir_name_t          name;
    const weir_entry_t  *e;

    for (i = 0; i < node->n; i++) {
        e = &node->u.entries[i];

        if (e->key.kind == WEIR_T_UNSET) {
            continue;
        }

        name = weir_load_name(&e->key);

        if (l->model->cors.len == WEIR_MAX_CORS) {
            (void) weir_fail(l->diags, WEIR_EBOUND, name.span,
                             "more than %d items of \"cors\"", WEIR_MAX_CORS);
            return;
        }

        /* a route may name one that is wrong: its index leads nowhere then */
        if (weir_load_unique(l, &l->cors, "cors", &name,
                             (uint32_t) l->model->cors.len)
            && e->value.kind != WEIR_T_UNSET)
        {
            load_cors(l, &name, &e->value);
        }
    }
}


void
weir_load_route_cors(weir_load_t *l, const weir_node_t *node, weir_route_t *r)
{
    weir_name_t                name;
    const weir_names_entry_t  *e;

    r->cors = WEIR_NONE;

    if (node == NULL) {
        return;
    }

    name = weir_load_name(node);
    e = weir_names_find(&l->cors, name.text);

    if (e == NULL) {
        weir_load_unknown(l, "cors", &name, &l->cors);

    } else if (e->value < l->model->cors.len) {
        l->model->cors.items[e->value].used = true;
        r->cors = e->value;
    }
}
