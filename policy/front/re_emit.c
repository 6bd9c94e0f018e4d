/*
 * re_emit.c: the canonical PCRE2 pattern of a syntax tree.
 *
 * Written so that PCRE2 under the options of run/regex.c means what RE2
 * means: classes are spelled out, anchors are the ones that depend on no
 * option, case variants are a group (?i:...) around what has them.  Groups
 * capture nothing: policies ask whether, never where.
 */

#include "base/utf8.h"
#include "front/re.h"

typedef struct {
    weir_arena_t      *arena;
    weir_vec_t(char)   out;
    bool               nomem;
} writer_t;


static void
put(writer_t *w, const char *s, size_t len)
{
    char    *c;
    size_t   i;

    for (i = 0; i < len; i++) {
        c = weir_vec_push(w->arena, &w->out);

        if (c == NULL) {
            w->nomem = true;
            return;
        }

        *c = s[i];
    }
}


static void
text(writer_t *w, const char *s)
{
    put(w, s, strlen(s));
}


static void
put_number(writer_t *w, uint32_t n, unsigned base)
{
    size_t  i;
    char    digits[10];

    i = sizeof(digits);

    do {
        digits[--i] = "0123456789abcdef"[n % base];
        n /= base;
    } while (n != 0);

    put(w, digits + i, sizeof(digits) - i);
}


/* One set of escapes for both sides of a bracket. */
static void
put_char(writer_t *w, uint32_t c)
{
    char  ch;

    if (c < 0x20 || c > 0x7e) {
        text(w, "\\x{");
        put_number(w, c, 16);
        text(w, "}");
        return;
    }

    ch = (char) c;

    if (strchr("\\^$.[]|()?*+{}-", ch) != NULL) {
        text(w, "\\");
    }

    put(w, &ch, 1);
}


static bool
is_everything(const weir_re_class_t *cls)
{
    const weir_re_range_t  *r;

    r = cls->ranges.items;

    return cls->ranges.len == 2 && r[0].lo == 0 && r[0].hi == 0xd7ff
           && r[1].lo == 0xe000 && r[1].hi == WEIR_RE_MAX_CHAR;
}


static bool
is_literal(const weir_re_class_t *cls)
{
    return cls->ranges.len == 1 && cls->props.len == 0 && !cls->negated
           && cls->ranges.items[0].lo == cls->ranges.items[0].hi;
}


static void
emit_class(writer_t *w, const weir_re_class_t *cls)
{
    size_t                  i;
    const weir_re_use_t    *use;
    const weir_re_range_t  *r;

    if (is_literal(cls)) {
        put_char(w, cls->ranges.items[0].lo);
        return;
    }

    if (is_everything(cls)) {
        text(w, cls->negated ? "(?!)" : "(?s:.)");
        return;
    }

    if (cls->ranges.len == 0 && cls->props.len == 0) {
        text(w, cls->negated ? "(?s:.)" : "(?!)");
        return;
    }

    text(w, cls->negated ? "[^" : "[");

    for (i = 0; i < cls->ranges.len; i++) {
        r = &cls->ranges.items[i];
        put_char(w, r->lo);

        if (r->hi > r->lo) {
            text(w, r->hi > r->lo + 1 ? "-" : "");
            put_char(w, r->hi);
        }
    }

    for (i = 0; i < cls->props.len; i++) {
        use = &cls->props.items[i];
        text(w, use->negated ? use->prop->is_not : use->prop->is);
    }

    text(w, "]");
}


/* A character, or a repetition of one, that needs (?i: around it. */
static bool
folds(const weir_re_t *re)
{
    if (re->kind == WEIR_RE_REPEAT) {
        re = re->subs.items[0];
    }

    return re->kind == WEIR_RE_CLASS && re->cls->fold;
}


static void emit(writer_t *w, const weir_re_t *re);


static void
emit_counts(writer_t *w, const weir_re_t *re)
{
    if (re->max == WEIR_RE_NO_MAX && re->min <= 1) {
        text(w, re->min == 0 ? "*" : "+");

    } else if (re->min == 0 && re->max == 1) {
        text(w, "?");

    } else {
        text(w, "{");
        put_number(w, re->min, 10);

        if (re->max != re->min) {
            text(w, ",");
        }

        if (re->max != re->min && re->max != WEIR_RE_NO_MAX) {
            put_number(w, re->max, 10);
        }

        text(w, "}");
    }

    if (re->lazy) {
        text(w, "?");
    }
}


static void
emit_repeat(writer_t *w, const weir_re_t *re)
{
    const weir_re_t  *sub;

    sub = re->subs.items[0];

    if (sub->kind == WEIR_RE_CLASS) {
        emit_class(w, sub->cls);

    } else {
        text(w, "(?:");
        emit(w, sub);
        text(w, ")");
    }

    emit_counts(w, re);
}


/* Neighbours with case variants share one (?i: group. */
static void
emit_cat(writer_t *w, const weir_re_t *const *subs, size_t n)
{
    bool    open;
    size_t  i;

    open = false;

    for (i = 0; i < n; i++) {

        if (folds(subs[i]) != open) {
            text(w, open ? ")" : "(?i:");
            open = !open;
        }

        if (subs[i]->kind == WEIR_RE_CLASS) {
            emit_class(w, subs[i]->cls);

        } else if (subs[i]->kind == WEIR_RE_REPEAT) {
            emit_repeat(w, subs[i]);

        } else if (subs[i]->kind == WEIR_RE_ALT) {
            text(w, "(?:");
            emit(w, subs[i]);
            text(w, ")");

        } else {
            emit(w, subs[i]);
        }
    }

    if (open) {
        text(w, ")");
    }
}


/* As deep as the parser's groups. */
static void
emit(writer_t *w, const weir_re_t *re)
{
    size_t  i;

    switch (re->kind) {

    case WEIR_RE_EMPTY:
        text(w, "(?:)");
        break;

    case WEIR_RE_CLASS:
    case WEIR_RE_REPEAT:
        emit_cat(w, &re, 1);
        break;

    case WEIR_RE_BEGIN:
        text(w, "\\A");
        break;

    case WEIR_RE_END:
        text(w, "\\z");
        break;

    case WEIR_RE_BEGIN_LINE:
        text(w, "(?<![^\\x{a}])");
        break;

    case WEIR_RE_END_LINE:
        text(w, "(?![^\\x{a}])");
        break;

    case WEIR_RE_WORD:
        text(w, "\\b");
        break;

    case WEIR_RE_NOT_WORD:
        text(w, "\\B");
        break;

    case WEIR_RE_CAT:
        emit_cat(w, re->subs.items, re->subs.len);
        break;

    case WEIR_RE_ALT:
        for (i = 0; i < re->subs.len; i++) {
            text(w, i == 0 ? "" : "|");
            emit(w, re->subs.items[i]);
        }

        break;
    }
}


weir_str_t
weir_re_emit(weir_arena_t *a, const weir_re_t *re)
{
    writer_t  w = { 0 };

    w.arena = a;
    emit(&w, re);

    return w.nomem ? weir_str(NULL, 0) : weir_str(w.out.items, w.out.len);
}
