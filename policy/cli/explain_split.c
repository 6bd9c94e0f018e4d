/*
 * explain_split.c: the arm of a request: the overrides that were looked at,
 * and why it is that one.
 */

#include <inttypes.h>

#include "cli/explain.h"
#include "cli/split_text.h"

#define PAD  "           "


/* An override that was looked at. */
typedef struct {
    uint32_t                    place;      /* from 0 */
    const weir_img_override_t  *rec;
    const cli_ruling_t         *when;       /* NULL: it was not run */
    const weir_expr_t          *expr;       /* NULL: there is no source */
    bool                        matches;
} look_t;


/* The source of the split; NULL: there is none. */
static const weir_split_t *
source_of(const cli_account_t *a, const weir_img_split_t *s)
{
    return a->policy->model == NULL
           ? NULL
           : &a->policy->model->splits.items[s - WEIR_REC(&a->policy->image,
                                                          SPLITS)];
}


/* How many overrides were looked at: none behind one that matches. */
static uint32_t
looked_at(const weir_routing_t *to)
{
    switch (to->why) {

    case WEIR_ARM_PINNED:
        return 0;

    case WEIR_ARM_OVERRIDE:
        return to->override + 1;

    default:
        return to->split->overrides.count;
    }
}


static look_t
look(const cli_account_t *a, const weir_routing_t *to, uint32_t i)
{
    look_t               l;
    const weir_split_t  *source;

    source = source_of(a, to->split);
    l.place = i;
    l.rec = &WEIR_REC(&a->policy->image, OVERRIDES)
            [to->split->overrides.first + i];
    l.when = l.rec->when != WEIR_NONE ? weir_cli_other(a->trace, l.rec->when)
                                      : NULL;
    l.expr = source ? source->overrides.items[i].when : NULL;
    l.matches = to->why == WEIR_ARM_OVERRIDE && i == to->override;

    return l;
}


static const char *
outcome(const look_t *l)
{
    return l->matches ? "matches"
           : l->when != NULL && l->when->value.kind == WEIR_T_ERR
             ? "fails, and so does not match" : "does not match";
}


static void
print_override(const cli_account_t *a, const look_t *l, FILE *out)
{
    weir_str_t  text;

    text = weir_cli_override_text(a->trace->arena, &a->policy->image, l->rec);
    fprintf(out, PAD "override %" PRIu32 ", ", l->place + 1);
    weir_cli_print(text, out);
    fprintf(out, ": %s\n", outcome(l));

    if (l->when == NULL) {
        return;
    }

    if (l->expr != NULL) {
        weir_cli_print_parts(a, l->expr, sizeof(PAD) + 1, out);

    } else if (a->policy->model == NULL) {
        weir_cli_print_steps(a, l->when, sizeof(PAD) + 1, out);
    }
}


void
weir_cli_print_split(const cli_account_t *a, FILE *out)
{
    look_t                   l;
    uint32_t                 i;
    weir_str_t               why;
    cli_place_t              place;
    const weir_routing_t    *to;

    to = weir_txn_routing(a->txn);

    if (to->split == NULL) {
        return;
    }

    place = weir_cli_image_place(a->policy, to->split->file, to->split->line,
                                 1);
    fputs("\nsplit    ", out);
    weir_cli_print(a->decision->split, out);
    fputs(", ", out);
    weir_cli_print(place.file, out);
    fprintf(out, ":%" PRIu32 "\n", place.line);

    for (i = 0; i < looked_at(to); i++) {
        l = look(a, to, i);
        print_override(a, &l, out);
    }

    why = weir_cli_arm_why(a->request, a->txn);
    fputs(PAD "arm ", out);
    weir_cli_print(a->decision->arm, out);
    fputs(": ", out);
    weir_cli_print(why, out);
    fputc('\n', out);
}


static json_t *
override_json(const cli_account_t *a, const look_t *l)
{
    json_t      *o;
    weir_str_t   text;

    text = weir_cli_override_text(a->trace->arena, &a->policy->image, l->rec);

    o = json_pack("{s:I, s:o, s:o, s:b}",
                  "override", (json_int_t) l->place + 1,
                  "is", weir_cli_json_str(text),
                  "arm", weir_cli_json_str(weir_cli_arm_name(
                             &a->policy->image, l->rec->arm)),
                  "matches", (int) l->matches);

    if (l->when != NULL && l->when->value.kind == WEIR_T_ERR) {
        json_object_set_new(o, "error", json_string(
            weir_eval_error_name((unsigned) l->when->value.i)));
    }

    if (l->when != NULL && l->expr != NULL) {
        json_object_set_new(o, "parts", weir_cli_parts_json(a, l->expr));
    }

    return o;
}


void
weir_cli_split_json(const cli_account_t *a, json_t *steps)
{
    look_t                 l;
    json_t                *o, *list;
    uint32_t               i;
    weir_str_t             why;
    cli_place_t            place;
    const weir_routing_t  *to;

    to = weir_txn_routing(a->txn);

    if (to->split == NULL) {
        return;
    }

    list = json_array();

    for (i = 0; i < looked_at(to); i++) {
        l = look(a, to, i);
        json_array_append_new(list, override_json(a, &l));
    }

    why = weir_cli_arm_why(a->request, a->txn);
    place = weir_cli_image_place(a->policy, to->split->file, to->split->line,
                                 1);
    o = json_pack("{s:s, s:o, s:o, s:I, s:o, s:o, s:s, s:o}",
                  "step", "split",
                  "split", weir_cli_json_str(a->decision->split),
                  "file", weir_cli_json_str(place.file),
                  "line", (json_int_t) place.line,
                  "overrides", list,
                  "arm", weir_cli_json_str(a->decision->arm),
                  "by", weir_arm_why_name(to->why),
                  "why", weir_cli_json_str(why));

    switch (to->why) {

    case WEIR_ARM_KEY:
    case WEIR_ARM_COOKIE:
    case WEIR_ARM_DRAWN:
    case WEIR_ARM_ROLLBACK:
        json_object_set_new(o, "bucket", json_integer(to->bucket));
        break;

    default:
        break;
    }

    json_array_append_new(steps, o);
}
