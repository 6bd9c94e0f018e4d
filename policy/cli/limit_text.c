/*
 * limit_text.c: limits in words, for all verbs that print them.
 *
 * All of it comes from the image, so that a source and its image are told
 * alike.
 */

#include <inttypes.h>

#include "cli/limit_text.h"

#define SECOND  1000000000ull


uint64_t
weir_cli_seconds(int64_t ns)
{
    return ns > 0 ? ((uint64_t) ns + SECOND - 1) / SECOND : 0;
}


weir_str_t
weir_cli_duration(weir_arena_t *a, uint64_t ns)
{
    size_t  i;

    static const struct {
        uint64_t     ns;
        const char  *unit;
    } units[] = {
        { 86400 * SECOND, "d" }, { 3600 * SECOND, "h" }, { 60 * SECOND, "m" },
        { SECOND, "s" }, { SECOND / 1000, "ms" }
    };

    for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {

        if (ns >= units[i].ns && ns % units[i].ns == 0) {
            return weir_arena_printf(a, "%" PRIu64 "%s", ns / units[i].ns,
                                     units[i].unit);
        }
    }

    return weir_arena_printf(a, "%" PRIu64 "ns", ns);
}


weir_str_t
weir_cli_limit_text(weir_arena_t *a, const weir_image_t *img,
    const weir_img_limit_t *limit)
{
    weir_str_t  s;

    switch (limit->kind) {

    case WEIR_LIMIT_CONCURRENCY:
        return weir_arena_printf(a, "%" PRIu64 " at once", limit->limit);

    case WEIR_LIMIT_QUOTA:
        s = limit->zone == WEIR_NONE
            ? weir_string("UTC")
            : weir_img_str(img, WEIR_REC(img, ZONES)[limit->zone].name);
        s = weir_arena_printf(a, "%" PRIu64 " a %s in %.*s", limit->limit,
                              weir_period_name(limit->period), WEIR_STR(s));

        return limit->burst == 0
               ? s
               : weir_arena_printf(a, "%.*s, overage %" PRIu64, WEIR_STR(s),
                                   limit->burst);

    case WEIR_LIMIT_GCRA:
        s = weir_cli_duration(a, limit->window);

        return weir_arena_printf(a, "%" PRIu64 " in %.*s, burst %" PRIu64,
                                 limit->limit, WEIR_STR(s), limit->burst);

    default:
        s = weir_cli_duration(a, limit->window);

        return weir_arena_printf(a, "%" PRIu64 " in %.*s, %s", limit->limit,
                                 WEIR_STR(s),
                                 weir_limit_kind_name(limit->kind));
    }
}


static weir_str_t
join(weir_arena_t *a, weir_str_t s, weir_str_t t)
{
    return weir_arena_printf(a, "%.*s%s%.*s", WEIR_STR(s), s.len ? ", " : "",
                             WEIR_STR(t));
}


weir_str_t
weir_cli_prog_text(const weir_image_t *img, uint32_t prog)
{
    weir_str_t  s;

    s = weir_img_str(img, WEIR_REC(img, PROGS)[prog].text);

    while (s.len && s.data[s.len - 1] == '\n') {
        s.len--;
    }

    return s;
}


static weir_str_t
cost(weir_arena_t *a, const weir_image_t *img, const weir_img_limit_t *limit)
{
    weir_str_t   s;
    const char  *of;

    of = limit->response ? " of the response" : "";

    if (limit->cost_prog == WEIR_NONE) {
        return limit->cost > 1 || limit->response
               ? weir_arena_printf(a, "cost %" PRIu64 "%s", limit->cost, of)
               : weir_string("");
    }

    s = weir_cli_prog_text(img, limit->cost_prog);

    return weir_arena_printf(a, "cost%s %.*s", of, WEIR_STR(s));
}


weir_str_t
weir_cli_limit_more(weir_arena_t *a, const weir_image_t *img,
    const weir_img_limit_t *limit)
{
    weir_str_t  s, t;

    s = weir_string("");

    if (limit->cluster) {
        t = limit->lease == 0
            ? weir_string("of the cluster")
            : weir_arena_printf(a, "of the cluster, lease %" PRIu32,
                                limit->lease);
        s = join(a, s, t);

        if (limit->on_failure != WEIR_STORE_LOCAL) {
            t = weir_arena_printf(a, "on_store_failure %s",
                                  weir_store_failure_name(limit->on_failure));
            s = join(a, s, t);
        }
    }

    t = cost(a, img, limit);
    s = t.len ? join(a, s, t) : s;

    if (limit->phase == WEIR_PHASE_PREAUTH) {
        s = join(a, s, weir_string("before authentication"));
    }

    if (limit->on_full) {
        s = join(a, s, weir_string("on_full allow"));
    }

    if (limit->status != 429) {
        t = weir_arena_printf(a, "status %u", limit->status);
        s = join(a, s, t);
    }

    return limit->dry_run ? join(a, s, weir_string("on trial")) : s;
}


cli_place_t
weir_cli_image_place(const cli_policy_t *p, uint32_t file, uint32_t line,
    uint32_t col)
{
    size_t      i;
    weir_str_t  name, found;

    name = weir_img_str(&p->image, file);

    for (i = 0; i < p->diags.files.len; i++) {
        found = p->diags.files.items[i].name;

        if (weir_str_ends(found, name)
            && (found.len == name.len
                || found.data[found.len - name.len - 1] == '/'))
        {
            name = found;
            break;
        }
    }

    return (cli_place_t) { .file = name, .line = line, .col = col };
}


cli_place_t
weir_cli_limit_place(const cli_policy_t *p, const weir_img_limit_t *limit)
{
    return weir_cli_image_place(p, limit->file, limit->line, 1);
}


uint32_t
weir_cli_limit_parts(const weir_img_limit_t *limit)
{
    return limit->key.count != 0 ? limit->key.count : limit->plan;
}


weir_str_t
weir_cli_limit_part(const weir_image_t *img, const weir_img_limit_t *limit,
    uint32_t i)
{
    return limit->key.count == 0
           ? weir_string("tenant.id")
           : weir_cli_prog_text(img, WEIR_REC(img, REFS)[limit->key.first + i]);
}


weir_str_t
weir_cli_limit_key(weir_arena_t *a, const weir_image_t *img,
    const weir_img_limit_t *limit)
{
    uint32_t    i;
    weir_str_t  s;

    s = weir_string("");

    for (i = 0; i < weir_cli_limit_parts(limit); i++) {
        s = join(a, s, weir_cli_limit_part(img, limit, i));
    }

    return s;
}


weir_str_t
weir_cli_limit_value(weir_arena_t *a, weir_txn_t *txn,
    const weir_img_limit_t *limit, uint32_t i, bool quote)
{
    void                      *trace;
    cli_trace_t                t;
    cli_value_t                value;
    weir_eval_t               *e;
    weir_value_t               v;
    const weir_img_tenant_t   *tenant;

    memset(&t, 0, sizeof(t));
    t.arena = a;
    t.texts = true;
    e = weir_txn_eval(txn);

    if (limit->key.count == 0) {
        tenant = weir_txn_tenant(txn);
        v = weir_v_str(tenant ? weir_img_str(e->image, tenant->id)
                              : weir_string(""));

    } else {
        trace = e->trace;
        e->trace = NULL;
        weir_eval(e, WEIR_REC(e->image, REFS)[limit->key.first + i], &v);
        e->trace = trace;
    }

    value = weir_cli_value(&t, &v);

    return quote || v.kind != WEIR_T_STRING ? value.text : value.s;
}


weir_str_t
weir_cli_limit_values(weir_arena_t *a, weir_txn_t *txn,
    const weir_img_limit_t *limit)
{
    uint32_t    i;
    weir_str_t  s;

    s = weir_string("");

    for (i = 0; i < weir_cli_limit_parts(limit); i++) {
        s = join(a, s, weir_cli_limit_value(a, txn, limit, i, true));
    }

    return s;
}


const char *
weir_cli_hold_text(const weir_hold_t *h)
{
    if (h->dry) {
        return "would refuse, but is on trial";
    }

    if (h->free) {
        return "passes uncounted";
    }

    switch (h->state) {

    case WEIR_HOLD_OK:
        return "passes";

    case WEIR_HOLD_REFUSED:
        return "refuses";

    case WEIR_HOLD_FULL:
        return "has no room to count";

    case WEIR_HOLD_STORE:
        return "has no answer from the store";

    case WEIR_HOLD_ERROR:
        return "fails";

    default:
        return "was not asked";
    }
}
