/*
 * cel_ast.h: expressions between the stages of the CEL front.
 *
 * The parser makes a tree and expands macros; the checker puts what names
 * mean in their place and gives every node a type; folding replaces constant
 * parts; sharing gives equal parts one identity; the emitter reads the rest.
 */

#ifndef WEIR_FRONT_CEL_AST_H
#define WEIR_FRONT_CEL_AST_H

#include "base/ip.h"
#include "front/cel.h"
#include "front/cel_type.h"
#include "front/codes.h"
#include "front/names.h"
#include "front/zones.h"
#include "image/attrs.h"
#include "image/bounds.h"
#include "image/functions.h"
#include "image/ops.h"

/* A constant. */
typedef struct weir_cval_s  weir_cval_t;

struct weir_cval_s {
    uint8_t             kind;
    uint8_t             depth;  /* of a LIST or MAP: 1 and more */
    uint32_t            n;      /* nanoseconds; elements, pairs; prefix */
    uint32_t            total;  /* elements of elements included */

    union {
        bool            b;
        int64_t         i;      /* INT; seconds; TYPE: kind; CIDRS: list */
        uint64_t        u;
        double          d;
    } u;

    weir_str_t          s;      /* STRING, BYTES; REGEX: canonical; INT: the
                                   permission whose index it is, or empty */
    weir_str_t          source; /* REGEX: as written */
    weir_ip_t           ip;     /* IP, CIDR */
    const weir_cval_t  *items;  /* LIST; MAP: key, value, ... */
};

typedef enum {
    WEIR_X_ERROR,               /* wrong, and reported */
    WEIR_X_CONST,               /* value */
    WEIR_X_CALL,                /* name, then fn; a method's receiver first */
    WEIR_X_OR,                  /* two arguments or more */
    WEIR_X_AND,
    WEIR_X_COND,                /* condition, then, else */
    WEIR_X_LIST,
    WEIR_X_MAP,                 /* key, value, ... */
    WEIR_X_LOOP,                /* range, [condition], [key], [result]; a
                                   list without result takes the element */
    WEIR_X_BIND,                /* value of the variable, body */
    WEIR_X_HAS,                 /* operand, name */

    /* only before the checker */
    WEIR_X_IDENT,               /* name */
    WEIR_X_SELECT,              /* operand, name */
    WEIR_X_MESSAGE,             /* name; field's name, value, ... */

    /* only behind it */
    WEIR_X_ATTR,                /* u.attr */
    WEIR_X_PARAM,               /* name */
    WEIR_X_VAR,                 /* u.var */
    WEIR_X_LOCAL,               /* u.binder, var */
    WEIR_X_AS                   /* operand; u.kind */
} weir_x_t;

enum {
    WEIR_XF_METHOD   = 1,       /* of CALL */
    WEIR_XF_ROOT     = 2,       /* of IDENT, CALL, MESSAGE: leading dot */
    WEIR_XF_OPTIONAL = 4,       /* of SELECT: .?name */
    WEIR_XF_QUOTED   = 8,       /* of SELECT: `name`; never part of a name */
    WEIR_XF_WHEN     = 16,      /* of LOOP: it has a condition */
    WEIR_XF_ABSENT   = 32,      /* an element, a map's value: [?x] {?k: x} */
    WEIR_XF_NESTED   = 64       /* of LOOP: it has WEIR_MAX_NESTED rounds */
};

/* what a comprehension makes of its rounds */
typedef enum {
    WEIR_LOOP_ALL,
    WEIR_LOOP_EXISTS,
    WEIR_LOOP_ONE,
    WEIR_LOOP_LIST,             /* map, filter, transformList */
    WEIR_LOOP_MAP,              /* transformMap: the first variable is key */
    WEIR_LOOP_ENTRY,            /* transformMapEntry: key and result */
    WEIR_LOOP_MERGE             /* the same: a map whose entries are added */
} weir_loop_t;

#define WEIR_MAX_MATCHED  24    /* overloads of one name */

typedef struct weir_ex_s    weir_ex_t;
typedef struct weir_uniq_s  weir_uniq_t;
typedef struct weir_var_ref_s  weir_cel_var_t;

struct weir_ex_s {
    uint8_t             x;      /* weir_x_t */
    uint8_t             flags;
    uint8_t             loop;   /* weir_loop_t */
    uint8_t             nvars;  /* of LOOP: 1 or 2 */
    uint8_t             var;    /* of LOCAL: 0 or 1 */
    uint8_t             kind;   /* that the verifier sees; DYN = any */
    uint8_t             nmatched;
    uint16_t            height; /* a leaf has 1 */
    uint32_t            off;    /* bytes of the text it covers */
    uint32_t            len;
    uint32_t            op;     /* offset of its operator or name */
    uint32_t            n;      /* args */
    weir_ex_t         **args;
    weir_str_t          name;
    weir_str_t          vars[2];        /* of LOOP, BIND */
    uint8_t             kinds[2];       /* of them */
    const weir_cval_t  *value;
    const weir_type_t  *type;
    unsigned            fn;             /* weir_fn_name_t */
    const uint16_t     *matched;        /* weir_fn_t: overloads that fit */
    unsigned            row;            /* of them, or WEIR_FN_COUNT: CALLD */

    union {
        unsigned        attr;
        unsigned        kind;
        weir_cel_var_t *var;
        weir_ex_t      *binder;
    } u;

    uint64_t            cost;   /* at most, in steps; its parts included */
    uint32_t            size;   /* bytes or entries at most */
    uint32_t            part;   /* the same of an entry */
    uint32_t            text;   /* bytes that %s makes of it at most */
    uint32_t            numbers;        /* doubles among that */
    weir_uniq_t        *uniq;
};

_Static_assert(WEIR_FN_COUNT <= UINT16_MAX, "matched holds two bytes each");

/* Equal expressions have one of these. */
struct weir_uniq_s {
    const weir_ex_t    *ex;     /* the first of them, and where it stands */
    const weir_expr_t  *expr;
    uint64_t            hash;
    uint32_t            id;     /* dense */
    uint32_t            uses;
    uint32_t            free;   /* binders around it that it looks at */
    uint32_t            level;  /* vars inside vars */
    bool                var;    /* a var of the policy */
    uint8_t             phase;
};

/* vars.NAME, or flags.NAME */
struct weir_var_ref_s {
    const char         *group;  /* "vars" or "flags" */
    bool                flag;
    weir_str_t          name;
    weir_span_t         span;
    const weir_text_t  *text;   /* of a flag: its key's */
    weir_id_t           salt;   /* of a flag, as share */
    uint32_t            share;
    weir_expr_t        *expr;   /* NULL until it was checked */
    uint8_t             state;  /* WEIR_VAR_* */
};

enum { WEIR_VAR_NEW, WEIR_VAR_OPEN, WEIR_VAR_DONE, WEIR_VAR_BAD };

#define WEIR_MAX_VAR_LEVEL  7   /* 2 * level + 1 programs inside a program */

typedef struct {
    weir_str_t          name;
    uint32_t            index;
} weir_cel_list_t;

typedef struct {
    weir_str_t          name;
    const weir_type_t  *type;
    uint32_t            nvars;
} weir_cel_decl_t;

/* An overload's row, its signature as types. */
typedef struct {
    const weir_type_t  *args[4];
    const weir_type_t  *result;
    uint32_t            nvars;
    uint32_t            nargs;
} weir_sig_t;

typedef struct {
    weir_str_t          name;
    weir_sig_t          sig;
} weir_cel_fdecl_t;

struct weir_cel_env_s {
    weir_arena_t                 *arena;
    weir_diags_t                 *diags;
    weir_vec_t(weir_cel_list_t)   lists;
    weir_vec_t(weir_cel_var_t *)  vars;
    weir_names_t                  names;    /* of both, as written in CEL */
    weir_names_t                  permissions;  /* value: index */
    weir_vec_t(weir_cel_var_t *)  open;     /* vars being checked */
    weir_vec_t(weir_cel_decl_t)   decls;
    weir_vec_t(weir_cel_fdecl_t)  fdecls;
    weir_cel_mode_t               mode;
    weir_sig_t                    sigs[WEIR_FN_COUNT];  /* result NULL: not
                                                           asked for yet */
    uint16_t                      rows[WEIR_N_COUNT];   /* first of a name */
    uint16_t                      behind[WEIR_FN_COUNT];    /* the next one; of
                                                   both, WEIR_FN_COUNT: none */
    const weir_type_t            *attrs[WEIR_A_COUNT];
    weir_uniq_t                 **uniq;     /* hash table */
    size_t                        uniq_size;
    uint32_t                      nuniq;
    weir_zones_t                 *zones;
    bool                          nomem;
};

/* A name that an expression depends on, and who in it needs it. */
typedef struct {
    weir_str_t       name;
    weir_cel_var_t  *via;       /* NULL: the expression itself */
} weir_need_t;

struct weir_expr_s {
    weir_cel_env_t                *env;
    const weir_text_t             *text;
    weir_ex_t                     *root;
    weir_kind_t                    kind;
    const weir_type_t             *type;
    weir_phase_t                   phase;
    weir_str_t                     latest;  /* the attribute that sets it */
    uint64_t                       cost;
    uint32_t                       level;   /* of vars inside vars */
    weir_vec_t(weir_need_t)        params;
    weir_vec_t(weir_cel_var_t *)   vars;    /* that it names itself */
};

/* What the stages share while one expression is compiled. */
typedef struct {
    weir_cel_env_t         *env;
    weir_arena_t           *arena;
    weir_diags_t           *diags;
    const weir_text_t      *text;
    const weir_cel_site_t  *site;   /* NULL: a var, which may use anything */
    const weir_cel_var_t   *flag;   /* whose key it is; or NULL */
    weir_expr_t            *expr;
    weir_infer_t            infer;
    uint32_t                nodes;
    bool                    failed; /* something was reported */
    bool                    nomem;
    weir_ex_t               sink;   /* stands for nodes without memory */
} weir_cel_t;

/* Reports at bytes [off, off + len) of the expression. */
#define weir_cel_fail_at(c, code, off, len, ...)                              \
    ((c)->failed = true,                                                      \
     (void) weir_fail((c)->diags, (code),                                     \
                      weir_text_span((c)->text, (off), (len)), __VA_ARGS__))

#define weir_cel_fail(c, code, ex, ...)                                       \
    weir_cel_fail_at(c, code, (ex)->off, (ex)->len, __VA_ARGS__)

#define weir_cel_warn(c, code, ex, ...)                                       \
    weir_warn((c)->diags, (code),                                             \
              weir_text_span((c)->text, (ex)->off, (ex)->len), __VA_ARGS__)

/* cel_node.c: never NULL; a node in sink when memory or nodes are short */
weir_ex_t *weir_ex_new(weir_cel_t *c, weir_x_t x, uint32_t off, uint32_t len);
/* With n arguments, copied; height is one more than theirs. */
weir_ex_t *weir_ex_make(weir_cel_t *c, weir_x_t x, uint32_t off, uint32_t len,
    weir_ex_t *const *args, uint32_t n);
weir_ex_t *weir_ex_const(weir_cel_t *c, const weir_cval_t *v, uint32_t off,
    uint32_t len);
/* A call of a function by its name in the table, as if at ex. */
weir_ex_t *weir_ex_call(weir_cel_t *c, const char *name, const weir_ex_t *at,
    weir_ex_t *const *args, uint32_t n);

/* cel_lex.c */
typedef enum {
    WEIR_TOK_END,
    WEIR_TOK_IDENT,
    WEIR_TOK_QUOTED,            /* `name` */
    WEIR_TOK_INT,               /* value.u.u: the magnitude */
    WEIR_TOK_UINT,
    WEIR_TOK_DOUBLE,
    WEIR_TOK_STRING,
    WEIR_TOK_BYTES,
    WEIR_TOK_TRUE,
    WEIR_TOK_FALSE,
    WEIR_TOK_NULL,
    WEIR_TOK_IN,
    WEIR_TOK_EQ,
    WEIR_TOK_NE,
    WEIR_TOK_LE,
    WEIR_TOK_GE,
    WEIR_TOK_AND,
    WEIR_TOK_OR,
    WEIR_TOK_PUNCT              /* its character is in the text */
} weir_tok_kind_t;

typedef struct {
    weir_tok_kind_t  kind;
    char             punct;
    bool             skipped;   /* behind what was reported and left out */
    uint32_t         off;
    uint32_t         len;
    weir_str_t       text;      /* decoded, of IDENT to BYTES */
    uint64_t         u;
    double           d;
} weir_tok_t;

/* The token at or behind *off, which moves behind it. */
void weir_cel_lex(weir_cel_t *c, uint32_t *off, weir_tok_t *tok);
bool weir_cel_reserved(weir_str_t name);

/* cel_literal.c: false when no string literal begins at off */
bool weir_cel_lex_string(weir_cel_t *c, uint32_t off, weir_tok_t *tok);
/*
 * The text of the string literal that begins at off, decoded, whose places
 * are those of the letters in the source.
 */
weir_rc_t weir_cel_literal(weir_cel_t *c, uint32_t off, weir_text_t *out);

/* cel_parse.c: the root; c->failed when something was reported */
weir_ex_t *weir_cel_parse(weir_cel_t *c);
/*
 * The expression that begins at *off, behind the "${" of a template, which
 * moves behind its "}".
 */
weir_ex_t *weir_cel_parse_part(weir_cel_t *c, uint32_t *off);

/* cel_template.c: the root, checked: a string; c->failed as above */
weir_ex_t *weir_cel_template(weir_cel_t *c);

/* cel_macro.c: what a call expands to; itself when it is no macro */
weir_ex_t *weir_cel_macro(weir_cel_t *c, weir_ex_t *call);

/* cel_overload.c */
void weir_cel_rows(weir_cel_env_t *env);
/* Of args:result; false: malformed, or memory is short. */
bool weir_cel_sig(weir_arena_t *a, const char *text, weir_sig_t *sig);
/* Whether a declared function fits; then call has its type. */
bool weir_cel_resolve_declared(weir_cel_t *c, weir_ex_t *call,
    weir_str_t name);
/*
 * Chooses the overloads of call->fn that fit the types of its arguments, and
 * gives call its type; reports when none does.
 */
void weir_cel_resolve(weir_cel_t *c, weir_ex_t *call);
/* The weir_fn_name_t of a function or method; WEIR_N_COUNT: there is none. */
unsigned weir_cel_fn(weir_str_t name, bool method);
/* The function that a name means in the container of the environment. */
unsigned weir_cel_fn_within(weir_cel_t *c, weir_str_t name);
void weir_cel_unknown_fn(weir_cel_t *c, const weir_ex_t *call);
/* Whether names of functions begin with space and a dot. */
bool weir_cel_is_space(weir_str_t space);
/* Reports space.name(), which is no function. */
void weir_cel_unknown_in(weir_cel_t *c, const weir_ex_t *call,
    weir_str_t name);

/*
 * cel_permission.c: of hasPermission(text), which was resolved, makes what
 * runs: a look at the caller's roles, with the permission as its index.
 */
void weir_cel_has_permission(weir_cel_t *c, weir_ex_t *call);

/* cel_flag.c: of a flag's key, which was checked, the flag */
weir_ex_t *weir_cel_rollout(weir_cel_t *c, weir_ex_t *key);

/* cel_name.c */
/* Makes of a name what it stands for; false: it stands for nothing. */
bool weir_cel_name(weir_cel_t *c, weir_ex_t *ex, weir_str_t name);
/*
 * The names that a name may mean in the container, the innermost first:
 * starts with *level 0; false: there is none left.
 */
bool weir_cel_within(weir_cel_t *c, weir_str_t name, size_t *level,
    weir_str_t *full);
/* The names of a chain of selects, a.b.c; 0 where it is no name. */
uint32_t weir_cel_chain(const weir_ex_t *ex);
/* The part of it with k names, k > 0, and how it is written. */
weir_ex_t *weir_cel_prefix(weir_ex_t *ex, uint32_t k);
weir_str_t weir_cel_dotted(weir_cel_t *c, weir_ex_t *ex, uint32_t k);

/* cel_suggest.c */
/* Reports a chain of which nothing is known; locals are candidates. */
void weir_cel_undeclared(weir_cel_t *c, weir_ex_t *ex,
    const weir_str_t *locals, size_t nlocals);

/* cel_env.c: compiles a var, if that was not done; its state says how */
void weir_cel_open_var(weir_cel_env_t *env, weir_cel_var_t *var);

/* cel_check.c, cel_check_make.c: types and meanings, all errors reported */
void weir_cel_check(weir_cel_t *c, weir_ex_t *root);

/* cel_format.c: reports arguments that a constant text does not take */
void weir_cel_format(weir_cel_t *c, const weir_ex_t *call);

/* cel_fold.c */
weir_ex_t *weir_cel_fold(weir_cel_t *c, weir_ex_t *root);
/* cel_const.c: a call of constants; WEIR_DECLINED: it waits for the request */
weir_rc_t weir_cel_eval(weir_cel_t *c, const weir_ex_t *call,
    weir_cval_t *out, weir_eval_error_t *error);
bool weir_cval_same(const weir_cval_t *a, const weir_cval_t *b);

/* cel_zone.c: the time zones that a call needs */
typedef enum {
    WEIR_ZONE_NONE,
    WEIR_ZONE_ONE,              /* the string constant args[1] */
    WEIR_ZONE_EVERY             /* it is known when there is a request */
} weir_zone_need_t;

weir_zone_need_t weir_cel_zone(const weir_ex_t *ex);
/* Reports a constant zone that there is not, and tables that are missing. */
void weir_cel_check_zone(weir_cel_t *c, const weir_ex_t *ex);

/* cel_cost.c: fills cost, size and part; reports what is over the budget */
void weir_cel_cost(weir_cel_t *c, weir_ex_t *root);

/* cel_size.c: fills size and part of a node whose parts have theirs */
void weir_cel_size(weir_ex_t *ex);
/* cel_text.c: fills text and numbers of a node that has its size */
void weir_cel_text(weir_ex_t *ex);
/* Bytes that format() makes at most; how many numbers with all digits. */
uint64_t weir_cel_text_format(const weir_ex_t *call, uint64_t *numbers);
/* Entries of a list at most; of what may be one too. */
uint32_t weir_cel_entries(const weir_ex_t *list);
/* Entries of what a loop goes over. */
uint32_t weir_cel_range(const weir_ex_t *ex);
/* How often replace() and split() find their second argument at most. */
uint64_t weir_cel_times(const weir_ex_t *ex);
/* Binary logarithm of the most rounds of a LOOP. */
unsigned weir_cel_rounds(const weir_ex_t *loop);
/* The same of the entries that a round of WEIR_LOOP_MERGE adds. */
unsigned weir_cel_merged(const weir_ex_t *loop);

#define WEIR_SIZE_TEXT    4096u     /* bytes of a claim */
#define WEIR_SIZE_DOUBLE  448u      /* of %f: 309 digits, the precision */

static inline uint32_t
weir_at_least(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}


static inline uint32_t
weir_at_most(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}


/* A loop that gives entries of its range: it has no result. */
static inline bool
weir_cel_is_filter(const weir_ex_t *loop)
{
    return loop->loop == WEIR_LOOP_LIST
           && loop->n == 1u + ((loop->flags & WEIR_XF_WHEN) != 0);
}


/* cel_plan.c: fills kind and row: what will run */
void weir_cel_plan(weir_ex_t *root);

/* One instruction about an attribute and a constant in the place of a call. */
typedef struct {
    unsigned            op;     /* weir_op_t */
    unsigned            attr;
    const weir_cval_t  *value;
    bool                negate; /* NOT_BOOL follows */
} weir_fused_t;

bool weir_cel_fused(const weir_ex_t *ex, weir_fused_t *out);
/* "key" in map, which is the instruction HAS. */
bool weir_cel_is_has(const weir_ex_t *ex);

/* cel_share.c: gives every node its weir_uniq_t */
void weir_cel_share(weir_cel_t *c, weir_ex_t *root);
/* Counts where it is used, now that it is. */
void weir_cel_count(const weir_ex_t *root);
/* Whether a program of its own may be worth it. */
bool weir_cel_is_worth(const weir_uniq_t *u);

#endif
