/*
 * write_splits.c: splits and what is in them.
 *
 * The id of a split is of a text that says all of it: a change of any of it
 * makes another split, which knows nothing of the one before it.
 */

#include "front/write.h"


typedef struct {
    weir_writer_t      *w;
    weir_vec_t(char)    text;
    bool                nomem;
} canon_t;


static void
put_bytes(canon_t *c, const char *bytes, size_t n)
{
    char    *slot;
    size_t   i;

    for (i = 0; i < n && !c->nomem; i++) {
        slot = weir_vec_push(c->w->arena, &c->text);

        if (slot == NULL) {
            c->nomem = true;
            return;
        }

        *slot = bytes[i];
    }
}


static void
put_number(canon_t *c, size_t number)
{
    char      bytes[4];
    unsigned  i;

    for (i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char) (number >> (8 * i) & 0xff);
    }

    put_bytes(c, bytes, sizeof(bytes));
}


/* What was not given is as empty text. */
static void
put_text(canon_t *c, weir_str_t text)
{
    put_number(c, text.len);
    put_bytes(c, text.data, text.len);
}


static void
put_arms(canon_t *c, const weir_split_t *s)
{
    size_t                     i;
    const weir_arm_t          *a;
    const weir_img_breaker_t  *b;

    put_number(c, s->arms.len);

    for (i = 0; i < s->arms.len; i++) {
        a = &s->arms.items[i];
        b = &a->breaker;
        put_text(c, a->name.text);
        put_text(c, a->upstream.text);
        put_number(c, a->weight);
        put_number(c, a->has_breaker);

        if (a->has_breaker) {
            put_number(c, b->failures);
            put_number(c, b->error_rate);
            put_number(c, b->window);
            put_number(c, b->min_requests);
            put_number(c, b->open);
            put_number(c, b->probes);
            put_number(c, b->fallback);
        }
    }
}


static void
put_guard(canon_t *c, const weir_split_t *s)
{
    size_t                   i;
    unsigned                 q;
    const weir_img_guard_t  *g;

    put_number(c, s->guarded);

    if (s->guarded) {
        g = &s->guard;
        put_number(c, g->arm);
        put_number(c, g->versus);
        put_number(c, g->window);
        put_number(c, g->min_requests);
        put_number(c, g->error_rate);
        put_number(c, g->hold);
        put_number(c, g->report);

        for (q = 0; q < WEIR_QUANTILE_COUNT; q++) {
            put_number(c, g->ratio[q]);
        }
    }

    put_number(c, s->steps.len);

    for (i = 0; i < s->steps.len; i++) {
        put_number(c, s->steps.items[i].share);
        put_number(c, s->steps.items[i].seconds);
    }
}


static weir_rc_t
split_uid(weir_writer_t *w, const weir_split_t *s, weir_id_t *uid)
{
    size_t                  i;
    canon_t                 c;
    const weir_override_t  *o;

    memset(&c, 0, sizeof(c));
    c.w = w;

    put_text(&c, s->name.text);
    put_text(&c, s->salt.text);
    put_text(&c, s->sticky_text.text);
    put_text(&c, s->cookie.text);
    put_number(&c, s->cookie_age);
    put_arms(&c, s);
    put_number(&c, s->overrides.len);

    for (i = 0; i < s->overrides.len; i++) {
        o = &s->overrides.items[i];
        put_number(&c, o->source);
        put_text(&c, o->name.text);
        put_text(&c, o->value.text);
        put_text(&c, o->text.text);
        put_number(&c, o->arm);
    }

    put_guard(&c, s);

    return c.nomem ? WEIR_NOMEM
           : weir_id_make("split", weir_str(c.text.items, c.text.len), uid);
}


static weir_range_t
write_arms(weir_writer_t *w, const weir_split_t *s)
{
    size_t               i;
    weir_range_t         out;
    weir_img_arm_t       rec;
    weir_img_breaker_t   breaker;
    const weir_arm_t    *a;

    out.first = weir_build_count(w->b, WEIR_S_ARMS);
    out.count = (uint32_t) s->arms.len;

    for (i = 0; i < s->arms.len; i++) {
        a = &s->arms.items[i];

        memset(&rec, 0, sizeof(rec));
        rec.name = weir_build_str(w->b, a->name.text);
        rec.upstream = weir_build_str(w->b, a->upstream.text);
        rec.weight = a->weight;
        rec.breaker = WEIR_NONE;

        if (a->has_breaker) {
            breaker = a->breaker;

            if (breaker.fallback != WEIR_NONE) {
                breaker.fallback += out.first;
            }

            rec.breaker = weir_build_records(w->b, WEIR_S_BREAKERS, &breaker,
                                             1);
        }

        weir_build_records(w->b, WEIR_S_ARMS, &rec, 1);
    }

    return out;
}


static weir_rc_t
write_overrides(weir_writer_t *w, const weir_split_t *s,
    weir_img_split_t *rec)
{
    size_t                  i;
    weir_rc_t               rc;
    weir_img_override_t     img;
    const weir_override_t  *o;

    if (s->overrides.len == 0) {
        return WEIR_OK;
    }

    rc = WEIR_OK;
    rec->overrides.first = weir_build_count(w->b, WEIR_S_OVERRIDES);
    rec->overrides.count = (uint32_t) s->overrides.len;

    for (i = 0; rc == WEIR_OK && i < s->overrides.len; i++) {
        o = &s->overrides.items[i];

        memset(&img, 0, sizeof(img));
        img.source = o->source;
        img.name = weir_build_str(w->b, o->name.text);
        img.value = weir_build_str(w->b, o->value.text);
        img.when = WEIR_NONE;
        img.arm = rec->arms.first + o->arm;

        if (o->when != NULL) {
            rc = weir_write_expr(w, o->when, &o->text, &img.when);
        }

        weir_build_records(w->b, WEIR_S_OVERRIDES, &img, 1);
    }

    return rc;
}


static void
write_guard(weir_writer_t *w, const weir_split_t *s, weir_img_split_t *rec)
{
    weir_img_guard_t   guard;
    weir_img_mirror_t  mirror;

    if (s->guarded) {
        guard = s->guard;
        guard.arm += rec->arms.first;
        guard.versus += rec->arms.first;
        rec->guard = weir_build_records(w->b, WEIR_S_GUARDS, &guard, 1);
    }

    if (s->steps.len > 0) {
        rec->steps.count = (uint32_t) s->steps.len;
        rec->steps.first = weir_build_records(w->b, WEIR_S_STEPS,
                                              s->steps.items,
                                              rec->steps.count);
    }

    if (s->shadow.text.data != NULL) {
        mirror = s->mirror;
        mirror.upstream = weir_build_str(w->b, s->shadow.text);
        rec->mirror = weir_build_records(w->b, WEIR_S_MIRRORS, &mirror, 1);
    }
}


static weir_rc_t
write_split(weir_writer_t *w, const weir_split_t *s)
{
    weir_rc_t         rc;
    weir_img_split_t  rec;

    memset(&rec, 0, sizeof(rec));
    rec.name = weir_build_str(w->b, s->name.text);
    rec.sticky = WEIR_NONE;
    rec.arms = write_arms(w, s);
    rec.cookie = weir_write_opt_str(w, &s->cookie);
    rec.cookie_age = s->cookie_age;
    rec.guard = WEIR_NONE;
    rec.mirror = WEIR_NONE;
    rec.file = weir_write_file(w, &s->name.span);
    rec.line = s->name.span.line;
    write_guard(w, s, &rec);

    rc = weir_id_make("salt", s->salt.text, &rec.salt);

    if (rc == WEIR_OK) {
        rc = split_uid(w, s, &rec.uid);
    }

    if (rc == WEIR_OK && s->sticky != NULL) {
        rc = weir_write_expr(w, s->sticky, &s->sticky_text, &rec.sticky);
    }

    if (rc == WEIR_OK) {
        rc = write_overrides(w, s, &rec);
    }

    weir_build_records(w->b, WEIR_S_SPLITS, &rec, 1);

    return rc;
}


weir_rc_t
weir_write_splits(weir_writer_t *w)
{
    size_t     i;
    weir_rc_t  rc;

    rc = WEIR_OK;

    for (i = 0; rc == WEIR_OK && i < w->model->splits.len; i++) {
        rc = write_split(w, &w->model->splits.items[i]);
    }

    return rc;
}
