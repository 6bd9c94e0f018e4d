/*
 * show.h: values as text, for tables of what is expected.
 *
 *     true 5 5u 2.5d "text" b"bytes" null int [1, 2] {"a": 1} some(1) none
 *     @SEC.NSEC (a timestamp) ~SEC.NSEC (a duration) 10.0.0.1 10.0.0.0/8
 *     !overflow (an error)
 */

#ifndef WEIR_TEST_SHOW_H
#define WEIR_TEST_SHOW_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "run/fn.h"

typedef struct {
    char    text[4096];
    size_t  len;
} shown_t;


static inline void
show_text(shown_t *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


static inline void
show_text(shown_t *s, const char *fmt, ...)
{
    int      n;
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(s->text + s->len, sizeof(s->text) - s->len, fmt, args);
    va_end(args);

    s->len += (size_t) n;

    if (s->len >= sizeof(s->text)) {
        s->len = sizeof(s->text) - 1;
    }
}


static inline void
show_time(shown_t *s, char mark, int64_t sec, int32_t nsec)
{
    show_text(s, "%c%s%" PRId64 ".%09d", mark, nsec < 0 && sec == 0 ? "-" : "",
              sec, nsec < 0 ? -nsec : nsec);
}


static inline void
show_ip(shown_t *s, const weir_value_t *v)
{
    char    text[WEIR_IP_STRLEN];
    size_t  n;

    n = v->u.ip->len ? weir_ip_print(v->u.ip, text) : 0;
    show_text(s, "%.*s", (int) n, text);

    if (v->kind == WEIR_T_CIDR) {
        show_text(s, "/%u", v->len);
    }
}


/* Nested at most depth deep. */
static inline void
show(shown_t *s, weir_eval_t *e, const weir_value_t *v, unsigned depth)
{
    uint32_t      i;
    weir_value_t  key, value;

    if (depth == 0) {
        show_text(s, "...");
        return;
    }

    switch (v->kind) {

    case WEIR_T_ERR:
        show_text(s, "!%s", weir_eval_error_name(v->len));
        return;

    case WEIR_T_NULL:
        show_text(s, "null");
        return;

    case WEIR_T_BOOL:
        show_text(s, v->u.b ? "true" : "false");
        return;

    case WEIR_T_INT:
        show_text(s, "%" PRId64, v->u.i);
        return;

    case WEIR_T_UINT:
        show_text(s, "%" PRIu64 "u", v->u.u);
        return;

    case WEIR_T_DOUBLE:
        show_text(s, "%.17gd", v->u.d);
        return;

    case WEIR_T_STRING:
        show_text(s, "\"%.*s\"", WEIR_STR(weir_v_text(v)));
        return;

    case WEIR_T_BYTES:
        show_text(s, "b\"%.*s\"", WEIR_STR(weir_v_text(v)));
        return;

    case WEIR_T_TYPE:
        show_text(s, "%s", weir_kind_name((unsigned) v->u.i));
        return;

    case WEIR_T_TIMESTAMP:
        show_time(s, '@', v->u.i, (int32_t) v->len);
        return;

    case WEIR_T_DURATION:
        show_time(s, '~', v->u.i, (int32_t) v->len);
        return;

    case WEIR_T_IP:
    case WEIR_T_CIDR:
        show_ip(s, v);
        return;

    case WEIR_T_OPTIONAL:
        if (v->len == 0) {
            show_text(s, "none");
            return;
        }

        weir_optional_get(e, v, &value);
        show_text(s, "some(");
        show(s, e, &value, depth - 1);
        show_text(s, ")");
        return;

    case WEIR_T_LIST:
        show_text(s, "[");

        for (i = 0; i < v->len; i++) {
            weir_list_at(e, v, i, &value);
            show_text(s, i ? ", " : "");
            show(s, e, &value, depth - 1);
        }

        show_text(s, "]");
        return;

    case WEIR_T_MAP:
        show_text(s, "{");

        for (i = 0; i < v->len; i++) {
            weir_map_at(e, v, i, &key, &value);
            show_text(s, i ? ", " : "");
            show(s, e, &key, depth - 1);
            show_text(s, ": ");
            show(s, e, &value, depth - 1);
        }

        show_text(s, "}");
        return;

    default:
        show_text(s, "%s %u", weir_kind_name(v->kind), v->u.index);
    }
}

#endif
