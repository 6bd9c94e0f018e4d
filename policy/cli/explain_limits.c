/*
 * explain_limits.c: each limit that was asked: whom it counts, what it took
 * and what it has left.
 */

#include <inttypes.h>

#include "cli/limit_text.h"


static weir_str_t
id_of(const cli_account_t *a, const weir_hold_t *h)
{
    return weir_img_str(&a->policy->image, h->take.limit->id);
}


/* Whether it refused the request. */
static bool
decides(const cli_account_t *a, const weir_hold_t *h)
{
    return a->decision->verdict == WEIR_DENY
           && weir_str_eq(id_of(a, h), a->decision->limit)
           && h->state != WEIR_HOLD_OK && h->state != WEIR_HOLD_NONE
           && !h->dry && !h->free;
}


bool
weir_cli_limited_early(const cli_account_t *a)
{
    uint32_t            i, n;
    const weir_hold_t  *h;

    h = weir_txn_limits(a->txn, &n);

    for (i = 0; i < n; i++) {

        if (h[i].take.limit != NULL && decides(a, &h[i])) {
            return h[i].take.limit->phase == WEIR_PHASE_PREAUTH;
        }
    }

    return false;
}


static void
print_key(const cli_account_t *a, const weir_hold_t *h, FILE *out)
{
    uint32_t                 i;
    weir_str_t               text;
    const weir_image_t      *img;
    const weir_img_limit_t  *limit;

    limit = h->take.limit;
    img = &a->policy->image;

    for (i = 0; i < weir_cli_limit_parts(limit); i++) {
        fputs(i == 0 ? "    key   " : "          ", out);
        weir_cli_print(weir_cli_limit_part(img, limit, i), out);
        fputs(" = ", out);
        text = weir_cli_limit_value(a->trace->arena, a->txn, limit, i, true);
        weir_cli_print(text, out);
        fputc('\n', out);
    }
}


/* "9h20m15s", rounded up */
static void
print_wait(int64_t ns, FILE *out)
{
    uint64_t  s;

    s = weir_cli_seconds(ns);

    if (s >= 3600) {
        fprintf(out, "%" PRIu64 "h", s / 3600);
    }

    if (s >= 60 && s % 3600 != 0) {
        fprintf(out, "%" PRIu64 "m", s / 60 % 60);
    }

    if (s < 60 || s % 60 != 0) {
        fprintf(out, "%" PRIu64 "s", s % 60);
    }
}


static void
print_count(const weir_hold_t *h, FILE *out)
{
    if (h->take.limit->response) {
        fputs("    cost  of the response, when it is out", out);
    } else {
        fprintf(out, "    cost  %" PRIu64, h->take.cost);
    }

    fprintf(out, "; left %" PRIu64, h->left.left);

    if (h->state == WEIR_HOLD_REFUSED && h->left.retry > 0) {
        fputs("; to be had in ", out);
        print_wait(h->left.retry, out);

    } else if (h->left.reset > 0) {
        fputs("; all of it in ", out);
        print_wait(h->left.reset, out);
    }

    fputc('\n', out);
}


static void
print_limit(const cli_account_t *a, const weir_hold_t *h, FILE *out)
{
    weir_str_t               text, more;
    cli_place_t              place;
    const weir_img_limit_t  *limit;

    limit = h->take.limit;
    place = weir_cli_limit_place(a->policy, limit);

    fputs("  ", out);
    weir_cli_print(id_of(a, h), out);
    fputs(", ", out);
    weir_cli_print(place.file, out);
    fprintf(out, ":%" PRIu32 ": %s", place.line, weir_cli_hold_text(h));

    if (decides(a, h)) {
        fprintf(out, " with status %u", a->decision->status);
    }

    text = weir_cli_limit_text(a->trace->arena, &a->policy->image, limit);
    more = weir_cli_limit_more(a->trace->arena, &a->policy->image, limit);
    fputs("\n    ", out);
    weir_cli_print(text, out);
    fputs(more.len ? "; " : "", out);
    weir_cli_print(more, out);
    fputc('\n', out);

    print_key(a, h, out);

    if (h->state != WEIR_HOLD_ERROR) {
        print_count(h, out);
    }
}


void
weir_cli_print_limits(const cli_account_t *a, unsigned phase, FILE *out)
{
    bool                any;
    uint32_t            i, n;
    const weir_hold_t  *h;

    any = false;
    h = weir_txn_limits(a->txn, &n);

    for (i = 0; i < n; i++) {

        if (h[i].take.limit == NULL || h[i].take.limit->phase != phase) {
            continue;
        }

        if (!any) {
            fprintf(out, "\nlimits%s\n", phase == WEIR_PHASE_PREAUTH
                                         ? ", before authentication" : "");
            any = true;
        }

        print_limit(a, &h[i], out);
    }

    if (any && phase == WEIR_PHASE_PREAUTH && !weir_cli_limited_early(a)
        && weir_txn_route(a->txn)->auth != WEIR_AUTH_NONE)
    {
        fputc('\n', out);
    }
}


static json_t *
key_json(const cli_account_t *a, const weir_img_limit_t *limit)
{
    uint32_t  i;
    json_t   *list;

    list = json_array();

    for (i = 0; i < weir_cli_limit_parts(limit); i++) {
        json_array_append_new(list, json_pack("{s:o, s:o}",
            "part", weir_cli_json_str(
                weir_cli_limit_part(&a->policy->image, limit, i)),
            "value", weir_cli_json_str(
                weir_cli_limit_value(a->trace->arena, a->txn, limit, i,
                                     false))));
    }

    return list;
}


static json_t *
limit_json(const cli_account_t *a, const weir_hold_t *h)
{
    json_t                  *o;
    cli_place_t              place;
    weir_str_t               text;
    const weir_img_limit_t  *limit;

    limit = h->take.limit;
    place = weir_cli_limit_place(a->policy, limit);
    text = weir_cli_limit_text(a->trace->arena, &a->policy->image, limit);

    o = json_pack("{s:s, s:o, s:o, s:I, s:o, s:o, s:s, s:b, s:b}",
                  "step", "limit",
                  "id", weir_cli_json_str(id_of(a, h)),
                  "file", weir_cli_json_str(place.file),
                  "line", (json_int_t) place.line,
                  "limit", weir_cli_json_str(text),
                  "key", key_json(a, limit),
                  "outcome", weir_cli_hold_text(h),
                  "dry_run", (int) limit->dry_run,
                  "decides", (int) decides(a, h));

    if (h->state == WEIR_HOLD_ERROR) {
        return o;
    }

    json_object_set_new(o, "cost", json_integer((json_int_t) h->take.cost));
    json_object_set_new(o, "left", json_integer((json_int_t) h->left.left));
    json_object_set_new(o, "reset", json_integer((json_int_t)
        weir_cli_seconds(h->left.reset)));

    if (h->state == WEIR_HOLD_REFUSED && h->left.retry > 0) {
        json_object_set_new(o, "retry_after", json_integer((json_int_t)
            weir_cli_seconds(h->left.retry)));
    }

    return o;
}


void
weir_cli_limits_json(const cli_account_t *a, unsigned phase, json_t *steps)
{
    uint32_t            i, n;
    const weir_hold_t  *h;

    h = weir_txn_limits(a->txn, &n);

    for (i = 0; i < n; i++) {

        if (h[i].take.limit != NULL && h[i].take.limit->phase == phase) {
            json_array_append_new(steps, limit_json(a, &h[i]));
        }
    }
}


weir_str_t
weir_cli_limit_refused(const cli_account_t *a)
{
    uint32_t            i, n;
    weir_str_t          text;
    cli_place_t         place;
    const weir_hold_t  *h;

    h = weir_txn_limits(a->txn, &n);

    for (i = 0; i < n && (h[i].take.limit == NULL || !decides(a, &h[i])); i++)
    { }

    if (i == n) {
        return weir_string("a limit");
    }

    place = weir_cli_limit_place(a->policy, h[i].take.limit);
    text = weir_cli_limit_text(a->trace->arena, &a->policy->image,
                               h[i].take.limit);

    return weir_arena_printf(a->trace->arena, "limit \"%.*s\" (%.*s) %s, "
                             "%.*s:%" PRIu32, WEIR_STR(id_of(a, &h[i])),
                             WEIR_STR(text), weir_cli_hold_text(&h[i]),
                             WEIR_STR(place.file), place.line);
}
