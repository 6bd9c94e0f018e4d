/*
 * diff_match.c: which requests a route takes, in words.
 */

#include "cli/diff.h"


static weir_str_t
join(diff_t *d, weir_str_t s, const char *sep, weir_str_t t)
{
    return weir_diff_text(d, "%.*s%s%.*s", WEIR_STR(s), s.len ? sep : "",
                          WEIR_STR(t));
}


static weir_str_t
place_text(diff_t *d, const diff_side_t *s, const diff_route_t *route,
    const diff_place_t *p)
{
    uint32_t                 i, param, name;
    weir_str_t               t, pattern;
    const diff_elem_t       *e;
    const weir_img_route_t  *r;

    r = &WEIR_REC(s->img, ROUTES)[route->index];
    t = weir_diff_text(d, "%s%.*s", p->host.len && p->host.data[0] == '.'
                                    ? "*" : "", WEIR_STR(p->host));
    param = 0;

    for (i = 0; i < p->n; i++) {
        e = &p->elems[i];

        if (e->literal.data != NULL) {
            t = weir_diff_text(d, "%.*s/%.*s", WEIR_STR(t),
                               WEIR_STR(e->literal));
            continue;
        }

        name = param < r->params.count
               ? WEIR_REC(s->img, REFS)[r->params.first + param++]
               : WEIR_NONE;
        pattern = e->regex == WEIR_NONE ? weir_str("", 0)
                  : weir_img_str(s->img, WEIR_REC(s->img, REGEXES)
                                         [e->regex].source);
        t = weir_diff_text(d, "%.*s/{%.*s%s%.*s}", WEIR_STR(t),
                           WEIR_STR(weir_img_str(s->img, name)),
                           pattern.len ? ":" : "", WEIR_STR(pattern));
    }

    return p->rest ? weir_diff_text(d, "%.*s/**", WEIR_STR(t)) : t;
}


static weir_str_t
header_test_text(diff_t *d, const diff_side_t *s,
    const weir_img_header_test_t *t)
{
    weir_str_t  name, value;

    name = weir_img_str(s->img, t->name);
    value = weir_img_str(s->img, t->value);

    return t->test == WEIR_TEST_PRESENT
           ? weir_diff_text(d, "%.*s", WEIR_STR(name))
           : weir_diff_text(d, "%.*s%s\"%.*s\"", WEIR_STR(name),
                            t->test == WEIR_TEST_EXACT ? "=" : "^=",
                            WEIR_STR(value));
}


weir_str_t
weir_diff_match_text(diff_t *d, const diff_side_t *s,
    const diff_route_t *route)
{
    size_t                         i;
    weir_str_t                     methods, places, headers;
    const weir_img_route_t        *r;
    const weir_img_header_test_t  *t;

    r = &WEIR_REC(s->img, ROUTES)[route->index];
    methods = places = headers = weir_str("", 0);

#define M(name, text)                                                         \
    if (r->methods & 1u << WEIR_METHOD_BIT_##name) {                          \
        methods = join(d, methods, ",", weir_string(text));                   \
    }

    WEIR_METHODS(M)
#undef M

    for (i = 0; i < r->other.count; i++) {
        methods = join(d, methods, ",",
                       weir_img_str(s->img, WEIR_REC(s->img, REFS)
                                            [r->other.first + i]));
    }

    for (i = 0; i < route->places.len; i++) {
        places = join(d, places, " ",
                      place_text(d, s, route, &route->places.items[i]));
    }

    for (i = 0; i < r->headers.count; i++) {
        t = &WEIR_REC(s->img, HEADER_TESTS)[r->headers.first + i];
        headers = join(d, headers, " ", header_test_text(d, s, t));
    }

    places = join(d, methods, " ", places);

    return headers.len ? weir_diff_text(d, "%.*s [%.*s]", WEIR_STR(places),
                                        WEIR_STR(headers))
                       : places;
}
