/*
 * users.c: which rules, routes, limits, splits and maintenance run a program.
 */

#include "cli/users.h"

/* in the order of their numbers */
typedef enum {
    BY_RULE,
    BY_REQUIRE,
    BY_LIMIT,
    BY_SPLIT,
    BY_TRANSFORM,
    BY_MAINTENANCE,
    BY_COUNT
} by_t;

static const weir_section_t  sections[BY_COUNT] = {
    [BY_RULE] = WEIR_S_RULES,
    [BY_REQUIRE] = WEIR_S_ROUTES,
    [BY_LIMIT] = WEIR_S_LIMITS,
    [BY_SPLIT] = WEIR_S_SPLITS,
    [BY_TRANSFORM] = WEIR_S_ROUTES,
    [BY_MAINTENANCE] = WEIR_S_MAINTENANCE
};

typedef struct {
    const weir_image_t  *img;
    weir_arena_t        *arena;
    cli_users_t         *users;     /* by program */
    uint32_t            *marks;     /* by program: the user that runs it, + 1 */
    uint32_t             user;
    bool                 nomem;
} find_t;


static void
add_user(find_t *f, uint32_t prog)
{
    uint32_t     *last;
    cli_users_t  *users;

    users = &f->users[prog];

    /* users come in their order, so the last tells whether it is there */
    if (users->len > 0 && users->items[users->len - 1] >= f->user) {
        return;
    }

    last = weir_vec_push(f->arena, users);

    if (last == NULL) {
        f->nomem = true;
        return;
    }

    *last = f->user;
}


/*
 * All programs that a user runs: its own and, since a MEMO names a program
 * before its own, those further down.
 */
static void
mark(find_t *f, uint32_t prog)
{
    uint32_t                 i;
    const weir_insn_t       *in;
    const weir_img_prog_t   *p;

    if (prog == WEIR_NONE) {
        return;
    }

    f->marks[prog] = f->user + 1;

    for (prog++; prog > 0; prog--) {

        if (f->marks[prog - 1] != f->user + 1) {
            continue;
        }

        add_user(f, prog - 1);

        p = &WEIR_REC(f->img, PROGS)[prog - 1];
        in = &WEIR_REC(f->img, CODE)[p->code.first];

        for (i = 0; i < p->code.count; i++) {

            if (in[i].op == WEIR_OP_MEMO) {
                f->marks[in[i].c] = f->user + 1;
            }
        }
    }
}


/* Of its key, and of its cost. */
static void
mark_limit(find_t *f, const weir_img_limit_t *limit)
{
    uint32_t         k;
    const uint32_t  *part;

    part = WEIR_REC(f->img, REFS) + limit->key.first;

    for (k = 0; k < limit->key.count; k++) {
        mark(f, part[k]);
    }

    mark(f, limit->cost_prog);
}


/* Of its key, and of its overrides. */
static void
mark_split(find_t *f, const weir_img_split_t *s)
{
    uint32_t                    k;
    const weir_img_override_t  *o;

    o = WEIR_REC(f->img, OVERRIDES) + s->overrides.first;

    for (k = 0; k < s->overrides.count; k++) {
        mark(f, o[k].when);
    }

    mark(f, s->sticky);
}


static void
mark_ops(find_t *f, weir_range_t ops)
{
    uint32_t                     k;
    const weir_img_header_op_t  *op;

    op = WEIR_REC(f->img, HEADER_OPS) + ops.first;

    for (k = 0; k < ops.count; k++) {
        mark(f, op[k].prog);
    }
}


static void
mark_record(find_t *f, by_t by, uint32_t i)
{
    const weir_img_route_t  *r;

    switch (by) {

    case BY_RULE:
        mark(f, WEIR_REC(f->img, RULES)[i].when);
        break;

    case BY_REQUIRE:
        mark(f, WEIR_REC(f->img, ROUTES)[i].require);
        break;

    case BY_LIMIT:
        mark_limit(f, &WEIR_REC(f->img, LIMITS)[i]);
        break;

    case BY_SPLIT:
        mark_split(f, &WEIR_REC(f->img, SPLITS)[i]);
        break;

    case BY_TRANSFORM:
        r = &WEIR_REC(f->img, ROUTES)[i];
        mark(f, r->path);
        mark_ops(f, r->request_ops);
        mark_ops(f, r->response_ops);
        break;

    default:
        mark(f, WEIR_REC(f->img, MAINTENANCE)[i].when);
    }
}


cli_users_t *
weir_cli_users(const weir_image_t *img, weir_arena_t *arena)
{
    by_t      by;
    find_t    f;
    uint32_t  i, n;

    n = img->n[WEIR_S_PROGS];
    f = (find_t) { .img = img, .arena = arena };
    f.users = weir_arena_array(arena, n + 1, sizeof(cli_users_t));
    f.marks = weir_arena_array(arena, n + 1, sizeof(uint32_t));

    if (f.users == NULL || f.marks == NULL) {
        return NULL;
    }

    for (by = BY_RULE; by < BY_COUNT; by++) {
        for (i = 0; i < img->n[sections[by]]; i++) {
            mark_record(&f, by, i);
            f.user++;
        }
    }

    return f.nomem ? NULL : f.users;
}


cli_user_t
weir_cli_user(const weir_image_t *img, uint32_t user)
{
    by_t                           by;
    const weir_img_limit_t        *l;
    const weir_img_route_t        *r;
    const weir_img_split_t        *s;
    const weir_img_maintenance_t  *m;

    for (by = BY_RULE; by + 1 < BY_COUNT && user >= img->n[sections[by]];
         by++)
    {
        user -= img->n[sections[by]];
    }

    switch (by) {

    case BY_RULE:
        return (cli_user_t) { .what = NULL };

    case BY_LIMIT:
        l = &WEIR_REC(img, LIMITS)[user];
        return (cli_user_t) { "limit", "limit", l->id, l->file, l->line };

    case BY_SPLIT:
        s = &WEIR_REC(img, SPLITS)[user];
        return (cli_user_t) { "split", "split", s->name, s->file, s->line };

    case BY_MAINTENANCE:
        m = &WEIR_REC(img, MAINTENANCE)[user];
        return (cli_user_t) { "maintenance", "maintenance", m->id, m->file,
                              m->line };

    default:
        r = &WEIR_REC(img, ROUTES)[user];
        return (cli_user_t) { "route", by == BY_REQUIRE ? "require"
                                                        : "transform",
                              r->id, r->file, r->line };
    }
}
