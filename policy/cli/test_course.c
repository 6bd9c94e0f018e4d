/*
 * test_course.c: what comes before the request of a test that is judged: the
 * same one, so often, and time.
 */

#include <errno.h>
#include <stdlib.h>

#include "base/time.h"
#include "cli/test.h"
#include "front/codes.h"

#define MOST_SECONDS  ((int64_t) 400 * 86400)   /* of "after" */


static bool
bad_value(cli_suite_t *s, const weir_node_t *node, const char *what)
{
    (void) weir_fail(&s->diags, WEIR_EVALUE, node->text.span,
                     "\"%.*s\" is not %s", WEIR_STR(node->text.text), what);

    return false;
}


static bool
read_repeat(cli_suite_t *s, const weir_node_t *node, unsigned *out)
{
    char           *end;
    weir_str_t      text;
    unsigned long   n;

    text = weir_arena_str(s->arena, node->text.text);
    errno = 0;
    n = text.data && text.len ? strtoul(text.data, &end, 10) : 0;

    if (n < 1 || n > CLI_MOST_REPEATS || text.data[0] == '-' || *end != '\0') {
        return bad_value(s, node, "how often a request is sent: 1 to 100000");
    }

    *out = (unsigned) n;

    return true;
}


static bool
read_after(cli_suite_t *s, const weir_node_t *node, int64_t *out)
{
    int32_t  nsec;
    int64_t  sec;

    if (weir_duration_parse(node->text.text, &sec, &nsec) != WEIR_OK
        || sec < 0 || nsec < 0 || sec > MOST_SECONDS)
    {
        return bad_value(s, node, "how much later the last request is sent: "
                         "90s, 1h30m, up to 9600h");
    }

    *out = sec * WEIR_NSEC + nsec;

    return true;
}


bool
weir_cli_course_read(cli_suite_t *s, const weir_node_t *test,
    cli_request_t *req, cli_course_t *c)
{
    bool                ok;
    const weir_node_t  *node;

    *c = (cli_course_t) { .repeat = 1, .time = req->time };
    node = weir_node_get(test, "repeat");
    ok = node == NULL || read_repeat(s, node, &c->repeat);
    node = weir_node_get(test, "after");
    ok = (node == NULL || read_after(s, node, &c->after)) && ok;
    node = weir_node_get(test, "response");

    if (node != NULL && node->kind != WEIR_T_MAP) {
        (void) weir_fail(&s->diags, WEIR_EKIND, node->text.span,
                         "\"response\" is not a map");
        return false;
    }

    if (node != NULL) {
        c->answered = true;
        weir_cli_response_read(&s->diags, node, req);
    }

    return ok;
}


bool
weir_cli_course_lead(cli_suite_t *s, cli_request_t *req,
    const cli_course_t *c)
{
    bool              ok;
    unsigned          i;
    weir_txn_t       *txn;
    weir_arena_t     *keep;
    weir_decision_t   d;

    if (s->counting == NULL) {
        return true;
    }

    req->counting = s->counting;
    req->time = c->time;
    weir_cli_counting_begin(s->counting, req->time);
    keep = req->arena;

    for (i = 1, ok = true; i < c->repeat && ok; i++) {
        req->arena = weir_arena_create();
        ok = req->arena != NULL
             && weir_cli_decide(s->policy, req, NULL, &txn, &d) == CLI_OK;

        if (ok && c->answered) {
            weir_cli_counting_end(s->counting, txn);
            weir_txn_charge(txn);
        }

        if (req->arena != NULL) {
            weir_arena_destroy(req->arena);
        }
    }

    req->arena = keep;
    req->time += c->after / WEIR_NSEC;
    weir_cli_counting_pass(s->counting, c->after);

    return ok;
}
