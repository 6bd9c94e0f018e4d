/*
 * import_settings.c: annotations that are directives of nginx.
 *
 * A value is written only where it is wholly of the form that its directive
 * takes.
 */

#include "cli/import.h"

#define MAX_BUFFERS  4096u
#define PROTOCOLS    "SSLv2 SSLv3 TLSv1 TLSv1.1 TLSv1.2 TLSv1.3"

/* Of two words, one alone is "off". */
typedef struct {
    const char  *directive;
    uint32_t     max;
    const char  *known;         /* NULL: any */
} form_t;

static const form_t  forms[] = {
    { "proxy_next_upstream", 16,
      "error timeout invalid_header http_500 http_502 http_503 http_504 "
      "http_403 http_404 http_429 non_idempotent off" },
    { "ssl_protocols", 6, PROTOCOLS },
    { "proxy_ssl_protocols", 6, PROTOCOLS },
    { "ssl_ciphers", 1, NULL },
    { "proxy_ssl_ciphers", 1, NULL },
    { "proxy_ssl_name", 1, NULL },
    { "proxy_cookie_domain", 2, NULL },
    { "proxy_cookie_path", 2, NULL },
};


/* Digits and one unit, if any. */
static bool
is_measure(weir_str_t s, const char *units)
{
    uint32_t  n;

    if (s.len > 1 && s.data[s.len - 1] != '\0'
        && strchr(units, s.data[s.len - 1]) != NULL)
    {
        s.len--;
    }

    return weir_imp_number(s, &n);
}


static bool
is_flag(weir_str_t s, weir_str_t *out)
{
    if (weir_str_eq(s, weir_string("on"))
        || weir_str_eq(s, weir_string("true")))
    {
        *out = weir_string("on");
        return true;
    }

    *out = weir_string("off");

    return weir_str_eq(s, weir_string("off"))
           || weir_str_eq(s, weir_string("false"));
}


/* As many words as the directive takes, and of those that it knows. */
static bool
are_words(const char *directive, weir_str_t s)
{
    size_t        i;
    uint32_t      n;
    weir_str_t    word;
    const form_t  *form;

    if (!weir_imp_is_words(s)) {
        return false;
    }

    for (i = 0; strcmp(forms[i].directive, directive) != 0; i++) {
        if (i == sizeof(forms) / sizeof(forms[0]) - 1) {
            return false;
        }
    }

    form = &forms[i];

    for (n = 0; weir_imp_word(&s, " ", &word); n++) {
        if (n == form->max
            || (form->known != NULL && !weir_imp_is_one_of(word, form->known))
            || (form->max == 2 && n == 0 && s.len == 0
                && !weir_str_eq(word, weir_string("off"))))
        {
            return false;
        }
    }

    return n > 0;
}


/* *out: the value as nginx has it. */
static bool
is_value(imp_t *imp, const imp_row_t *row, weir_str_t s, weir_str_t *out)
{
    uint32_t  n;

    *out = s;

    switch (row->who) {

    case IMP_TIME:
        return is_measure(s, "smh");

    case IMP_SIZE:
        return is_measure(s, "kKmMgG")
               && (s.data[0] != '0'
                   || strstr(row->directive, "buffer") == NULL);

    case IMP_KB:
        *out = weir_imp_printf(imp, "%.*sk", WEIR_STR(s));
        return weir_imp_number(s, &n);

    case IMP_COUNT:
        return weir_imp_number(s, &n);

    case IMP_FLAG:
        return is_flag(s, out);

    default:
        return are_words(row->directive, s);
    }
}


static void
add_line(imp_t *imp, weir_str_t *out, const char *directive, weir_str_t value)
{
    *out = weir_imp_printf(imp, "%.*s%s %.*s;\n", WEIR_STR(*out), directive,
                           WEIR_STR(value));
}


void
weir_imp_settings(imp_values_t *v, unsigned first, unsigned end,
    weir_str_t *out)
{
    unsigned          i;
    weir_str_t        value;
    const imp_row_t  *row;

    for (i = first; i < end; i++) {
        row = &weir_imp_rows[i];

        if (!v->v[i].set || row->directive[0] == '\0') {
            continue;
        }

        if (!is_value(v->imp, row, v->v[i].text, &value)) {
            weir_imp_tell(v, i, IMP_LEFT, "not a value that %s takes",
                          row->directive);
            continue;
        }

        add_line(v->imp, out, row->directive, value);
        weir_imp_tell(v, i, row->fate, "server.conf: %s %.*s",
                      row->directive, WEIR_STR(value));
    }
}


static void
buffers(imp_values_t *v, imp_traits_t *t)
{
    uint32_t    n;
    weir_str_t  size, value;

    if (!v->v[IMP_BUFFERS].set && !v->v[IMP_BUFFER].set) {
        return;
    }

    /* what one of them is alone, nginx may find too small for the other */
    n = 4;
    size = v->v[IMP_BUFFER].set ? v->v[IMP_BUFFER].text : weir_string("4k");

    if ((v->v[IMP_BUFFERS].set
         && !weir_imp_number(v->v[IMP_BUFFERS].text, &n))
        || n < 2 || n > MAX_BUFFERS || size.data[0] == '0'
        || !is_measure(size, "kKmM"))
    {
        weir_imp_tell(v, IMP_BUFFERS, IMP_LEFT,
                      "not a value that proxy_buffers takes");
        return;
    }

    value = weir_imp_printf(v->imp, "%u %.*s", n, WEIR_STR(size));
    add_line(v->imp, &t->settings, "proxy_buffers", value);
    weir_imp_tell(v, IMP_BUFFERS, IMP_DONE, "server.conf: proxy_buffers %.*s",
                  WEIR_STR(value));
}


static void
redirects(imp_values_t *v, imp_traits_t *t)
{
    weir_str_t  from, to, value;

    from = v->v[IMP_REDIRECT_FROM].text;
    to = v->v[IMP_REDIRECT_TO].text;

    /* default is not for a proxy_pass with variables, '~' begins a pattern */
    if (weir_str_eq(from, weir_string("off"))) {
        value = from;

    } else if (weir_imp_is_url(from) && weir_imp_is_url(to)
               && from.data[0] != '~'
               && !weir_str_eq(from, weir_string("default")))
    {
        value = weir_imp_printf(v->imp, "%.*s %.*s", WEIR_STR(from),
                                WEIR_STR(to));
    } else {
        weir_imp_tell(v, IMP_REDIRECT_FROM, IMP_LEFT,
                      "not a value that proxy_redirect takes");
        weir_imp_tell(v, IMP_REDIRECT_TO, IMP_LEFT,
                      "not a value that proxy_redirect takes");
        return;
    }

    add_line(v->imp, &t->settings, "proxy_redirect", value);
    weir_imp_tell(v, IMP_REDIRECT_FROM, IMP_DONE,
                  "server.conf: proxy_redirect %.*s", WEIR_STR(value));
    weir_imp_tell(v, IMP_REDIRECT_TO, IMP_DONE, "server.conf: proxy_redirect");
}


static void
protocol(imp_values_t *v, imp_traits_t *t)
{
    weir_str_t  s;

    s = weir_imp_lower(v->imp, v->v[IMP_PROTOCOL].text);

    if (weir_str_eq(s, weir_string("http"))
        || weir_str_eq(s, weir_string("auto_http")))
    {
        weir_imp_tell(v, IMP_PROTOCOL, IMP_DONE, "server.conf: proxy_pass");

    } else if (weir_str_eq(s, weir_string("https"))) {
        t->grpc = weir_string("https");
        weir_imp_tell(v, IMP_PROTOCOL, IMP_DONE,
                      "server.conf: the scheme of proxy_pass; certificates of "
                      "upstreams are not verified, as before");

    } else if (weir_str_eq(s, weir_string("grpc"))
               || weir_str_eq(s, weir_string("grpcs")))
    {
        t->grpc = s;
        weir_imp_tell(v, IMP_PROTOCOL, IMP_DONE, "server.conf: grpc_pass");

    } else {
        weir_imp_tell(v, IMP_PROTOCOL, IMP_LEFT,
                      "not translated: fastcgi_pass in nginx, in a location "
                      "of its own");
    }
}


static void
http_version(imp_values_t *v, imp_traits_t *t)
{
    weir_str_t  s;

    s = v->v[IMP_HTTP_VERSION].text;

    if (weir_str_eq(s, weir_string("1.0"))
        || weir_str_eq(s, weir_string("1.1")))
    {
        add_line(v->imp, &t->settings, "proxy_http_version", s);
        weir_imp_tell(v, IMP_HTTP_VERSION, IMP_DONE,
                      "server.conf: proxy_http_version %.*s", WEIR_STR(s));
    }

    weir_imp_tell(v, IMP_HTTP_VERSION, IMP_LEFT, "neither 1.0 nor 1.1");
}


static void
tracing(imp_values_t *v, imp_traits_t *t)
{
    if (weir_imp_is_true(v, IMP_OTEL, false)) {
        add_line(v->imp, &t->settings, "weir_trace", weir_string("on"));
        weir_imp_tell(v, IMP_OTEL, IMP_NEAR, "server.conf: weir_trace on; say "
                      "with weir_otlp where spans go");
    }

    weir_imp_tell(v, IMP_OTEL, IMP_DONE, "off, as it is unless given");

    if (!weir_imp_is_true(v, IMP_ACCESS_LOG, true)) {
        add_line(v->imp, &t->settings, "access_log", weir_string("off"));
    }

    weir_imp_tell(v, IMP_ACCESS_LOG, IMP_DONE, "server.conf: access_log");
}


static void
hash_by(imp_values_t *v)
{
    weir_str_t  s;

    s = v->v[IMP_HASH].text;

    if (!v->v[IMP_HASH].set) {
        return;
    }

    if (s.len < 2 || s.data[0] != '$'
        || !weir_imp_is_header(weir_str(s.data + 1, s.len - 1))
        || memchr(s.data, '-', s.len) != NULL)
    {
        weir_imp_tell(v, IMP_HASH, IMP_LEFT, "not one variable: `hash` in "
                      "the upstream block");
        return;
    }

    weir_imp_tell(v, IMP_HASH, IMP_NEAR, "by hand: `hash %.*s "
                  "consistent;` in the upstream block, with the addresses of "
                  "pods as a headless Service gives them", WEIR_STR(s));
}


void
weir_imp_proxy(imp_values_t *v, imp_traits_t *t)
{
    weir_imp_settings(v, 0, IMP_ROW_COUNT, &t->settings);
    buffers(v, t);
    http_version(v, t);
    tracing(v, t);
    hash_by(v);

    if (v->v[IMP_REDIRECT_FROM].set || v->v[IMP_REDIRECT_TO].set) {
        redirects(v, t);
    }

    if (v->v[IMP_PROTOCOL].set) {
        protocol(v, t);
    }

    weir_imp_tell(v, IMP_SERVICE, IMP_DONE,
                  "upstreams.conf: Services by name, always");

    if (v->v[IMP_RELATIVE].set) {
        add_line(v->imp, &t->settings, "absolute_redirect",
                 weir_imp_is_true(v, IMP_RELATIVE, false)
                 ? weir_string("off") : weir_string("on"));
        weir_imp_tell(v, IMP_RELATIVE, IMP_DONE,
                      "server.conf: absolute_redirect");
    }
}
