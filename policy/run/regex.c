/*
 * regex.c: canonical patterns on PCRE2.
 *
 * The only file that knows PCRE2.  The options are those that front/regex.c
 * writes its patterns for: UTF without UCP, DOLLAR_ENDONLY, NEWLINE_LF.  A
 * handle belongs to one process and is used by one thread at a time: the
 * memory of a match is its own.  Where the machine has no JIT, PCRE2's
 * interpreter runs, and allocates.
 *
 * PCRE2's own limit counts anew at each place where a match may begin, and its
 * JIT goes over a repeated class, there and back, without counting at all:
 * [a-z]*[a-z]*9 takes minutes on 8 KB.  So it calls back before each item of a
 * pattern, which counts the calls and how far the match moved between them.
 * Patterns that take no longer than their length times the subject's go
 * without, and have that counted before.
 */

#define PCRE2_CODE_UNIT_WIDTH  8

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include "image/bounds.h"
#include "run/regex.h"
#include "run/regex_plain.h"

/*
 * A JIT match that needs more than the 32K it finds on the machine stack uses
 * this; its pages are touched only then.
 */
#define JIT_STACK_MIN   (32 * 1024)
#define JIT_STACK_MAX   (1024 * 1024)

/* Steps of a call back, and the binary logarithm of bytes gone over in one. */
#define CALL_STEPS      8
#define STEP_SHIFT      2

/* Bytes of a pattern that is matched without calls back, see is_linear() */
#define LINEAR_MAX      128

/* KiB that the interpreter may use */
#define HEAP_LIMIT      4096

/*
 * NO_START_OPTIMIZE: the JIT of PCRE2 10.42 remembers where a repetition
 * failed and carries that into another alternative: (?:k#|)\w*\b does not
 * match "k#" without this option.
 */
#define COMPILE_OPTIONS  (PCRE2_UTF | PCRE2_DOLLAR_ENDONLY                    \
                          | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C         \
                          | PCRE2_NO_AUTO_CAPTURE | PCRE2_NO_START_OPTIMIZE)

struct weir_regex_s {
    pcre2_code           *code;
    pcre2_match_data     *data;
    pcre2_match_context  *context;
    pcre2_jit_stack      *stack;
    weir_plain_t         *plain;    /* NULL: PCRE2 matches */
    uint32_t              linear;   /* bytes of the pattern; 0: it is not */
};


typedef struct {
    PCRE2_SIZE  at;                 /* in the subject */
    uint32_t    left;               /* steps */
} budget_t;


static int
count_steps(pcre2_callout_block *block, void *data)
{
    budget_t    *b;
    PCRE2_SIZE   at, n;

    b = data;
    at = block->current_position;
    n = at > b->at ? at - b->at : b->at - at;
    n = CALL_STEPS + (n >> STEP_SHIFT);
    b->at = at;

    if (n > b->left) {
        b->left = 0;
        return PCRE2_ERROR_MATCHLIMIT;
    }

    b->left -= (uint32_t) n;

    return 0;
}


static void
describe(int rc, PCRE2_SIZE offset, char *err, size_t errlen)
{
    PCRE2_UCHAR  text[128];

    if (errlen == 0) {
        return;
    }

    if (pcre2_get_error_message(rc, text, sizeof(text)) < 0) {
        text[0] = '\0';
    }

    (void) snprintf(err, errlen, "%s at byte %zu", (char *) text,
                    (size_t) offset);
}


/* Where (?i) or the like that begins at i ends; 0: it is something else. */
static size_t
flags_end(weir_str_t pattern, size_t i)
{
    if (pattern.len - i < 3 || pattern.data[i + 1] != '?') {
        return 0;
    }

    for (i += 2; i < pattern.len; i++) {
        if (pattern.data[i] == ')') {
            return i;
        }

        if (pattern.data[i] < 'a' || pattern.data[i] > 'z') {
            return 0;
        }
    }

    return 0;
}


/*
 * Whether it is alternatives of fixed length, without groups: at each place of
 * the subject each byte of the pattern is looked at once at most.  What stands
 * in a class or behind a backslash counts as if it did not.
 */
static bool
is_linear(weir_str_t pattern)
{
    size_t  i;

    if (pattern.len > LINEAR_MAX) {
        return false;
    }

    for (i = 0; i < pattern.len; i++) {

        switch (pattern.data[i]) {

        case '*':
        case '+':
        case '{':
        case '?':
            return false;

        case '(':
            i = flags_end(pattern, i);

            if (i == 0) {
                return false;
            }
        }
    }

    return true;
}


static weir_rc_t
compile_code(weir_str_t pattern, bool anchored, pcre2_code **code, char *err,
    size_t errlen)
{
    int                     rc;
    uint32_t                options;
    PCRE2_SIZE              offset;
    pcre2_compile_context  *context;

    context = pcre2_compile_context_create(NULL);

    if (context == NULL) {
        return WEIR_NOMEM;
    }

    (void) pcre2_set_newline(context, PCRE2_NEWLINE_LF);

    options = COMPILE_OPTIONS;

    if (!is_linear(pattern)) {
        options |= PCRE2_AUTO_CALLOUT;
    }

    if (anchored) {
        options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    }

    *code = pcre2_compile((PCRE2_SPTR) pattern.data, pattern.len, options, &rc,
                          &offset, context);

    pcre2_compile_context_free(context);

    if (*code == NULL) {
        describe(rc, offset, err, errlen);
        return WEIR_ERROR;
    }

    return WEIR_OK;
}


static weir_rc_t
prepare_match(weir_regex_t *re)
{
    re->data = pcre2_match_data_create(1, NULL);
    re->context = pcre2_match_context_create(NULL);

    if (re->data == NULL || re->context == NULL) {
        return WEIR_NOMEM;
    }

    (void) pcre2_set_match_limit(re->context, WEIR_REGEX_MATCH_LIMIT);
    (void) pcre2_set_depth_limit(re->context, WEIR_REGEX_DEPTH_LIMIT);
    (void) pcre2_set_heap_limit(re->context, HEAP_LIMIT);

    if (pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) != 0) {
        return WEIR_OK;             /* the interpreter will do */
    }

    re->stack = pcre2_jit_stack_create(JIT_STACK_MIN, JIT_STACK_MAX, NULL);

    if (re->stack == NULL) {
        return WEIR_NOMEM;
    }

    pcre2_jit_stack_assign(re->context, NULL, re->stack);

    return WEIR_OK;
}


weir_rc_t
weir_regex_compile(weir_str_t pattern, bool anchored, weir_regex_t **out,
    char *err, size_t errlen)
{
    weir_rc_t      rc;
    weir_regex_t  *re;

    if (errlen != 0) {
        err[0] = '\0';
    }

    re = calloc(1, sizeof(weir_regex_t));

    if (re == NULL) {
        return WEIR_NOMEM;
    }

    rc = compile_code(pattern, anchored, &re->code, err, errlen);

    if (rc == WEIR_OK) {
        rc = prepare_match(re);
    }

    if (rc != WEIR_OK) {
        weir_regex_free(re);
        return rc;
    }

    re->plain = weir_plain_compile(pattern, anchored);
    re->linear = is_linear(pattern) ? (uint32_t) pattern.len : 0;
    *out = re;

    return WEIR_OK;
}


void
weir_regex_free(weir_regex_t *re)
{
    if (re == NULL) {
        return;
    }

    /* each of these takes NULL */
    pcre2_jit_stack_free(re->stack);
    pcre2_match_context_free(re->context);
    pcre2_match_data_free(re->data);
    pcre2_code_free(re->code);
    free(re->plain);
    free(re);
}


weir_rc_t
weir_regex_match_within(const weir_regex_t *re, weir_str_t subject,
    uint32_t *left)
{
    int         rc;
    budget_t    b;
    uint64_t    n;
    weir_rc_t   plain;
    PCRE2_SPTR  text;

    if (re->plain != NULL) {
        plain = weir_plain_match(re->plain, subject);

        if (plain != WEIR_ERROR) {
            return plain;
        }
    }

    b.at = 0;
    b.left = *left;
    n = (uint64_t) re->linear * subject.len >> 1;

    if (n > b.left) {
        *left = 0;
        return WEIR_ERROR;
    }

    b.left -= (uint32_t) n;
    (void) pcre2_set_callout(re->context, count_steps, &b);

    text = (PCRE2_SPTR) (subject.len ? subject.data : "");
    rc = pcre2_match(re->code, text, subject.len, 0, 0, re->data, re->context);
    *left = b.left;

    if (rc >= 0) {
        return WEIR_OK;
    }

    return rc == PCRE2_ERROR_NOMATCH ? WEIR_DECLINED : WEIR_ERROR;
}


weir_rc_t
weir_regex_match(const weir_regex_t *re, weir_str_t subject)
{
    uint32_t  left;

    left = WEIR_MAX_WORK;

    return weir_regex_match_within(re, subject, &left);
}
