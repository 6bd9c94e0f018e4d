/*
 * decision.c: a decision in the words of logs and tests.
 */

#include <inttypes.h>

#include "cli/json.h"
#include "cli/split_text.h"


cli_exit_t
weir_cli_decide(const cli_policy_t *p, cli_request_t *r,
    weir_trace_t *trace, weir_txn_t **txn, weir_decision_t *d)
{
    void  *mem;

    if (r->counting == NULL && p->image.n[WEIR_S_LIMITS] != 0) {
        r->counting = weir_cli_counting(r->arena, CLI_COUNT_ONE);

        if (r->counting == NULL) {
            return CLI_INTERNAL;
        }

        weir_cli_counting_begin(r->counting, r->time);
    }

    r->policy = p;
    r->req.identity = &weir_cli_identity;
    r->req.limiter = r->counting ? &weir_cli_limiter : NULL;
    mem = weir_arena_alloc(r->arena, weir_txn_size(&p->image, &r->req));

    if (mem == NULL) {
        return CLI_INTERNAL;
    }

    *txn = weir_txn_init(mem, &p->image, &r->req);
    weir_txn_eval(*txn)->trace = trace;
    r->txn = *txn;

    return weir_cli_counting_decide(*txn, d) == WEIR_OK ? CLI_OK
                                                       : CLI_INTERNAL;
}


static void
print_text(const weir_decision_t *d, weir_str_t why)
{
    printf("%-9s %s\n", "verdict", d->verdict == WEIR_ALLOW ? "allow" : "deny");

    if (d->status != 0) {
        printf("%-9s %u\n", "status", d->status);
    }

    printf("%-9s %s\n", "reason", weir_reason_name(d->reason));

    if (d->detail != NULL) {
        printf("%-9s %s\n", "detail", d->detail);
    }

#define T(name)                                                               \
    if (d->name.len) {                                                        \
        printf("%-9s ", #name);                                               \
        weir_cli_print(d->name, stdout);                                      \
        putchar('\n');                                                        \
    }

    CLI_DECISION_TEXTS(T)
#undef T

    if (why.len) {
        printf("%-9s ", "arm_why");
        weir_cli_print(why, stdout);
        putchar('\n');
    }

    if (d->limit.len) {
        printf("%-9s ", "limit");
        weir_cli_print(d->limit, stdout);
        printf("\n%-9s %" PRIu64 "\n", "left", d->left);
    }

    if (d->retry_after != 0) {
        printf("%-9s %" PRIu32 "\n", "retry_after", d->retry_after);
    }

    if (d->errors != 0) {
        printf("%-9s %u\n", "errors", d->errors);
    }

    if (d->dry_denied != 0) {
        printf("%-9s %u\n", "dry_run", d->dry_denied);
    }

    if (d->dry_limited != 0) {
        printf("%-9s %u\n", "dry_limited", d->dry_limited);
    }
}


json_t *
weir_cli_decision_json(const weir_decision_t *d)
{
    json_t  *o;

    o = json_pack("{s:s, s:I, s:s, s:I, s:I}",
                  "verdict", d->verdict == WEIR_ALLOW ? "allow" : "deny",
                  "status", (json_int_t) d->status,
                  "reason", weir_reason_name(d->reason),
                  "errors", (json_int_t) d->errors,
                  "dry_run", (json_int_t) d->dry_denied);

#define T(name)                                                               \
    json_object_set_new(o, #name, weir_cli_json_str(d->name));

    CLI_DECISION_TEXTS(T)
#undef T

    if (d->limit.len) {
        json_object_set_new(o, "limit", weir_cli_json_str(d->limit));
        json_object_set_new(o, "left", json_integer((json_int_t) d->left));
    }

    if (d->retry_after != 0) {
        json_object_set_new(o, "retry_after", json_integer(d->retry_after));
    }

    if (d->dry_limited != 0) {
        json_object_set_new(o, "dry_limited", json_integer(d->dry_limited));
    }

    if (d->detail != NULL) {
        json_object_set_new(o, "detail", json_string(d->detail));
    }

    return o;
}


void
weir_cli_print_decision(const cli_request_t *r, weir_txn_t *txn,
    const weir_decision_t *d, cli_format_t format)
{
    json_t      *o;
    weir_str_t   why;

    why = weir_cli_arm_why(r, txn);

    if (format != CLI_JSON) {
        print_text(d, why);
        return;
    }

    o = weir_cli_decision_json(d);

    if (why.len) {
        json_object_set_new(o, "arm_why", weir_cli_json_str(why));
    }

    weir_cli_json_print(o);
}
