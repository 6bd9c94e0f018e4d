/*
 * re.h: the syntax tree of a pattern, for the files that parse it (regex.c),
 * write it (re_emit.c) and compare two (re_common.c).
 */

#ifndef WEIR_FRONT_RE_H
#define WEIR_FRONT_RE_H

#include "base/arena.h"
#include "base/rc.h"
#include "front/regex.h"

#define WEIR_RE_MAX_CHAR  0x10ffffu

/* code points, inclusive; settled: sorted, disjoint, without surrogates */
typedef struct {
    uint32_t  lo;
    uint32_t  hi;
} weir_re_range_t;

typedef weir_vec_t(weir_re_range_t)  weir_re_ranges_t;

/* \p{name}: spelled for PCRE2, and spelled for \P{name} */
typedef struct {
    const char  *name;
    const char  *is;
    const char  *is_not;
} weir_re_prop_t;

typedef struct {
    const weir_re_prop_t  *prop;
    bool                   negated;
} weir_re_use_t;

/*
 * The union of ranges and properties, or what is outside of it.  fold: the
 * ranges stand for their case variants as well.
 */
typedef struct {
    weir_re_ranges_t           ranges;
    weir_vec_t(weir_re_use_t)  props;
    bool                       negated;
    bool                       fold;
} weir_re_class_t;

typedef enum {
    WEIR_RE_EMPTY,
    WEIR_RE_CLASS,
    WEIR_RE_BEGIN,              /* of the text */
    WEIR_RE_END,
    WEIR_RE_BEGIN_LINE,
    WEIR_RE_END_LINE,
    WEIR_RE_WORD,               /* a boundary of ASCII words, or none */
    WEIR_RE_NOT_WORD,
    WEIR_RE_CAT,
    WEIR_RE_ALT,
    WEIR_RE_REPEAT
} weir_re_kind_t;

#define WEIR_RE_NO_MAX  UINT32_MAX

struct weir_re_s {
    weir_re_kind_t                 kind;
    weir_re_class_t               *cls;
    weir_vec_t(const weir_re_t *)  subs;    /* of a repetition: one */
    uint32_t                       min;     /* of a repetition */
    uint32_t                       max;
    bool                           lazy;
    uint32_t                       repeat;  /* counts inside, multiplied */
    uint64_t                       size;    /* of PCRE2's code, at most */
};

/* false: memory is short. */
bool weir_re_add(weir_arena_t *a, weir_re_ranges_t *r, uint32_t lo,
    uint32_t hi);
void weir_re_settle(weir_re_ranges_t *r);
/* A settled set becomes its complement. */
bool weir_re_invert(weir_arena_t *a, weir_re_ranges_t *r);
/* Adds the case variants of ASCII letters, in both directions; settles. */
bool weir_re_fold(weir_arena_t *a, weir_re_ranges_t *r);

/*
 * Adds a class of ASCII characters: a POSIX name, or "d", "s", "w" for
 * Perl's; negated after folding.  WEIR_DECLINED: no such name.
 */
weir_rc_t weir_re_add_group(weir_arena_t *a, weir_re_ranges_t *r,
    weir_str_t name, bool negated, bool fold);

/* A general category or a script of Unicode 14; NULL: no such name. */
const weir_re_prop_t *weir_re_prop(weir_str_t name);

#endif
