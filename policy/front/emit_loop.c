/*
 * emit_loop.c: comprehensions, in the shape that ops.h asks for.
 */

#include "front/emit_code.h"

#define LOOP_LOCALS  4
#define VALUE        16u        /* bytes of a value in scratch */


/* The range into locals; its error goes to end. */
static uint32_t
loop_range(weir_code_t *p, const weir_ex_t *ex, weir_label_t *end)
{
    uint8_t    kind;
    uint32_t   slot, at;

    kind = ex->args[0]->kind;
    weir_emit_node(p, ex->args[0]);

    if (kind != WEIR_T_LIST && kind != WEIR_T_MAP && kind != WEIR_T_DYN) {
        weir_code_as(p, ex, kind, WEIR_T_LIST);
    }

    slot = weir_code_bind(p, ex, LOOP_LOCALS);
    at = weir_code_put(p, ex, WEIR_OP_LOOP, weir_cel_rounds(ex), slot, *end);
    *end = at + 1;
    p->depth--;

    return slot;
}


/*
 * From here on a round; *iter is where it begins.  A local that was set
 * before keeps its kind through the rounds: none of those is used in them.
 */
static void
loop_begin(weir_code_t *p, const weir_ex_t *ex, uint32_t slot, uint32_t *iter)
{
    if (p->rc == WEIR_OK) {
        p->binders.items[p->binders.len - 1].held = p->held;
        p->locals = p->held > p->locals ? p->held : p->locals;
    }

    p->rounds = weir_sat_mul(p->rounds, (uint64_t) 1 << weir_cel_rounds(ex));
    *iter = weir_code_put(p, ex, WEIR_OP_ITER, ex->nvars == 2, slot, 0);
}


static void
loop_end(weir_code_t *p, const weir_ex_t *ex, uint32_t slot, uint32_t iter)
{
    weir_code_put(p, ex, WEIR_OP_NEXT, 0, slot, iter);

    if (p->rc == WEIR_OK) {
        p->code.items[iter].c = weir_code_here(p);
        p->held = p->binders.items[p->binders.len - 1].held;
        p->locals = slot + LOOP_LOCALS;
    }

    p->rounds >>= weir_cel_rounds(ex);
    weir_code_unbind(p, LOOP_LOCALS);
}


/* all(), exists(): a row of && or || whose length the request has */
static void
loop_bool(weir_code_t *p, const weir_ex_t *ex)
{
    bool          all;
    uint32_t      slot, iter;
    weir_label_t  end;

    all = ex->loop == WEIR_LOOP_ALL;
    end = 0;
    slot = loop_range(p, ex, &end);

    weir_code_small(p, ex, WEIR_T_BOOL, all);
    loop_begin(p, ex, slot, &iter);
    weir_emit_as(p, ex->args[1], WEIR_T_BOOL);
    weir_code_put(p, ex, all ? WEIR_OP_AND : WEIR_OP_OR, 0, 0, 0);
    p->depth--;
    weir_code_jump(p, ex, all ? WEIR_OP_JNOT : WEIR_OP_JTRUE, &end);
    loop_end(p, ex, slot, iter);
    weir_code_place(p, end);
}


/* exists_one(): counts; one error is the result */
static void
loop_one(weir_code_t *p, const weir_ex_t *ex)
{
    uint32_t      slot, iter;
    weir_label_t  end, add, next;

    end = 0;
    add = 0;
    next = 0;
    slot = loop_range(p, ex, &end);

    weir_code_small(p, ex, WEIR_T_INT, 0);
    loop_begin(p, ex, slot, &iter);
    weir_emit_as(p, ex->args[1], WEIR_T_BOOL);
    weir_code_jump(p, ex, WEIR_OP_JERR, &add);
    weir_code_jump(p, ex, WEIR_OP_JFALSE, &next);
    p->depth--;
    weir_code_small(p, ex, WEIR_T_INT, 1);
    weir_code_place(p, add);
    weir_code_put(p, ex, WEIR_OP_CALL, 0, WEIR_FN_ADD_INT, 0);
    p->depth--;
    weir_code_jump(p, ex, WEIR_OP_JERR, &end);
    weir_code_place(p, next);
    loop_end(p, ex, slot, iter);

    weir_code_small(p, ex, WEIR_T_INT, 1);
    weir_code_put(p, ex, WEIR_OP_CALL, 0, WEIR_FN_EQ_INT, 0);
    p->depth--;
    weir_code_place(p, end);
}


/*
 * The entries of a map that each round makes: onto the map below it.  An error
 * among them, or in its place, goes to end.
 */
static void
merge(weir_code_t *p, const weir_ex_t *ex, weir_label_t failed,
    weir_label_t *next, weir_label_t *end)
{
    unsigned  log;
    uint32_t  slot, iter, i;

    log = weir_cel_merged(ex);
    weir_emit_as(p, ex->args[ex->n - 1], WEIR_T_MAP);
    slot = weir_code_bind(p, ex, LOOP_LOCALS);
    failed = weir_code_put(p, ex, WEIR_OP_LOOP, log, slot, failed) + 1;
    p->depth--;

    p->rounds = weir_sat_mul(p->rounds, (uint64_t) 1 << log);
    iter = weir_code_put(p, ex, WEIR_OP_ITER, 0, slot, 0);

    for (i = 0; i < 2; i++) {
        weir_code_put(p, ex, WEIR_OP_LOAD, 0, slot + 2 + i, 0);
        weir_code_push(p);
    }

    weir_code_put(p, ex, WEIR_OP_INSERT, 0, 0, 0);
    p->depth -= 2;
    weir_code_jump(p, ex, WEIR_OP_JERR, end);
    weir_code_put(p, ex, WEIR_OP_NEXT, 0, slot, iter);

    if (p->rc == WEIR_OK) {
        p->code.items[iter].c = weir_code_here(p);
    }

    p->rounds >>= log;
    weir_code_unbind(p, LOOP_LOCALS);
    weir_code_jump(p, ex, WEIR_OP_JMP, next);

    /* the error in the place of the key, and something for a value */
    weir_code_place(p, failed);
    weir_code_push(p);
    weir_code_small(p, ex, WEIR_T_BOOL, 0);
    weir_code_put(p, ex, WEIR_OP_INSERT, 0, 0, 0);
    p->depth -= 2;
    weir_code_jump(p, ex, WEIR_OP_JERR, end);
}


/* The variable that the first of a loop's is. */
static void
first_variable(weir_code_t *p, const weir_ex_t *ex, uint32_t slot)
{
    weir_code_put(p, ex, WEIR_OP_LOAD, 0, slot + 2, 0);
    weir_code_push(p);
}


/*
 * What a round adds: onto the stack, which has the condition, if there is
 * one, already taken.
 */
static void
addition(weir_code_t *p, const weir_ex_t *ex, uint32_t slot)
{
    uint32_t  next;

    next = 1 + ((ex->flags & WEIR_XF_WHEN) != 0);

    if (ex->loop == WEIR_LOOP_ENTRY) {
        weir_emit_node(p, ex->args[next++]);

    } else if (ex->loop == WEIR_LOOP_MAP || next == ex->n) {
        first_variable(p, ex, slot);
    }

    if (next < ex->n) {
        weir_emit_node(p, ex->args[next]);
    }
}


/* map(), filter(), transformList(), transformMap(), transformMapEntry() */
static void
loop_build(weir_code_t *p, const weir_ex_t *ex)
{
    bool          map;
    uint32_t      slot, iter, parts;
    weir_label_t  end, failed, add, next;

    map = ex->loop != WEIR_LOOP_LIST;
    parts = map ? 2 : 1;
    end = 0;
    failed = 0;
    add = 0;
    next = 0;
    slot = loop_range(p, ex, &end);

    weir_code_put(p, ex, WEIR_OP_BUILD, map ? WEIR_T_MAP : WEIR_T_LIST, slot,
                  0);
    weir_code_push(p);
    weir_code_builds(p, (uint64_t) parts * VALUE << weir_cel_rounds(ex));
    loop_begin(p, ex, slot, &iter);

    if (ex->flags & WEIR_XF_WHEN) {
        weir_emit_as(p, ex->args[1], WEIR_T_BOOL);
        weir_code_jump(p, ex, WEIR_OP_JERR, map ? &failed : &add);
        weir_code_jump(p, ex, WEIR_OP_JFALSE, &next);
        p->depth--;
    }

    if (ex->loop == WEIR_LOOP_MERGE) {
        merge(p, ex, failed, &next, &end);

    } else {
        addition(p, ex, slot);

        if (failed != 0) {
            /* the error in the place of the key, and something for a value */
            weir_code_jump(p, ex, WEIR_OP_JMP, &add);
            weir_code_place(p, failed);
            p->depth--;
            weir_code_small(p, ex, WEIR_T_BOOL, 0);
        }

        weir_code_place(p, add);
        weir_code_put(p, ex, map ? WEIR_OP_INSERT : WEIR_OP_APPEND, 0, 0, 0);
        p->depth -= parts;
        weir_code_jump(p, ex, WEIR_OP_JERR, &end);
    }

    weir_code_place(p, next);
    loop_end(p, ex, slot, iter);
    weir_code_place(p, end);
}


void
weir_emit_loop(weir_code_t *p, const weir_ex_t *ex)
{
    switch (ex->loop) {

    case WEIR_LOOP_ALL:
    case WEIR_LOOP_EXISTS:
        loop_bool(p, ex);
        return;

    case WEIR_LOOP_ONE:
        loop_one(p, ex);
        return;

    default:
        loop_build(p, ex);
    }
}
