/*
 * test_front_regex.c: RE2's syntax: what is taken, what it becomes, what it
 * means, what is refused and where; what two patterns have in common.
 */

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "front/codes.h"
#include "front/regex.h"
#include "image/bounds.h"
#include "run/regex.h"

typedef struct {
    weir_arena_t  *arena;
    weir_diags_t   diags;
    weir_text_t    text;
} room_t;

typedef struct {
    const char  *pattern;
    const char  *emitted;
} emit_row_t;

static const emit_row_t  emits[] = {
    { "",                   "(?:)" },
    { "abc",                "abc" },
    { "/v1/a.b",            "/v1/a[^\\x{a}]b" },
    { "(?s).",              "(?s:.)" },
    { "(?s:.).",            "(?s:.)[^\\x{a}]" },
    { "^a$",                "\\Aa\\z" },
    { "(?m)^a$",            "(?<![^\\x{a}])a(?![^\\x{a}])" },
    { "\\A\\z\\b\\B",       "\\A\\z\\b\\B" },
    { "a|b|",               "a|b|(?:)" },
    { "|a",                 "(?:)|a" },
    { "a(b|c)d",            "a(?:b|c)d" },
    { "a(?:b)d",            "abd" },
    { "(?P<n>a)(?<m>b)",    "ab" },
    { "()",                 "(?:)" },
    { "a*b+?c??d{2}e{2,}f{2,3}?", "a*b+?c??d{2}e{2,}f{2,3}?" },
    { "(?U)a*b+?",          "a*?b+" },
    { "(ab)*",              "(?:ab)*" },
    { "(a*)*",              "(?:a*)*" },
    { "(a|b){2,3}",         "(?:a|b){2,3}" },
    { "(?:ab){0}c",         "(?:)c" },
    { "^*",                 "(?:\\A)*" },
    { "a{,2}",              "a\\{,2\\}" },
    { "a{",                 "a\\{" },
    { "a{x}",               "a\\{x\\}" },
    { "}]",                 "\\}\\]" },
    { "\\.\\/\\-\\_\\ \\\"", "\\./\\-_ \"" },
    { "\\a\\f\\n\\r\\t\\v",
      "\\x{7}\\x{c}\\x{a}\\x{d}\\x{9}\\x{b}" },
    { "\\x41\\x{42}\\103\\012\\0", "ABC\\x{a}\\x{0}" },
    { "\\x{10FFFF}",        "\\x{10ffff}" },
    { "\xc3\xa9\xf0\x9f\x98\x80", "\\x{e9}\\x{1f600}" },
    { "\\Qa+b\\E+",         "a\\+b+" },
    { "\\Q\\d",             "\\\\d" },
    { "\\Qa|b",             "a\\|b" },
    { "[abc]",              "[a-c]" },
    { "[ac]",               "[ac]" },
    { "[ab]",               "[ab]" },
    { "[a]",                "a" },
    { "[^a]",               "[^a]" },
    { "[]a]",               "[\\]a]" },
    { "[^]a]",              "[^\\]a]" },
    { "[a-]",               "[\\-a]" },
    { "[-a]",               "[\\-a]" },
    { "[a\\-z]",            "[\\-az]" },
    { "[--/]",              "[\\--/]" },
    { "[a-cb-e]",           "[a-e]" },
    { "[[:alpha:]_]",       "[A-Z_a-z]" },
    { "[[:^alpha:]]",
      "[\\x{0}-@\\[-`\\{-\\x{d7ff}\\x{e000}-\\x{10ffff}]" },
    { "[[:space:]]",        "[\\x{9}-\\x{d} ]" },
    { "[[:word:]]",         "[0-9A-Z_a-z]" },
    { "[[:alpha]",          "[:\\[ahlp]" },
    { "[:alpha:]",          "[:ahlp]" },
    { "\\d\\w",             "[0-9][0-9A-Z_a-z]" },
    { "\\s",                "[\\x{9}\\x{a}\\x{c}\\x{d} ]" },
    { "[^\\d]",             "[^0-9]" },
    { "\\D", "[\\x{0}-/:-\\x{d7ff}\\x{e000}-\\x{10ffff}]" },
    { "[\\d\\-x]",          "[\\-0-9x]" },
    { "[^\\x00-\\x{10FFFF}]", "(?!)" },
    { "[\\x{d000}-\\x{e000}]", "[\\x{d000}-\\x{d7ff}\\x{e000}]" },
    { "\\pL\\p{Lu}\\PN",    "[\\p{L}][\\p{Lu}][\\P{N}]" },
    { "\\p{Greek}",         "[\\p{sc:Greek}]" },
    { "\\P{Greek}\\p{^Greek}\\P{^Greek}",
      "[\\P{sc:Greek}][\\P{sc:Greek}][\\p{sc:Greek}]" },
    { "[^\\pLx]",           "[^x\\p{L}]" },
    { "\\pC",               "[\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}]" },
    { "\\p{Any}",           "(?s:.)" },
    { "\\P{Any}",           "(?!)" },
    { "(?i)a1b",            "(?i:a)1(?i:b)" },
    { "(?i)ab*c",           "(?i:ab*c)" },
    { "(?i:a)b",            "(?i:a)b" },
    { "a(?i)b|c",           "a(?i:b)|(?i:c)" },
    { "(a(?i)b)c",          "a(?i:b)c" },
    { "(?i)(?-i)a",         "a" },
    { "(?i)[a-z]+",         "(?i:[a-z]+)" },
    { "(?i)(ab)+",          "(?:(?i:ab))+" },
    { "(?i)\\w", "[0-9A-Z_a-z\\x{17f}\\x{212a}]" },
    { "(?)a",               "a" },
    { "(?i-i)a",            "a" },
};


typedef struct {
    const char  *pattern;
    bool         whole;
    const char  *subject;
    bool         matches;
} mean_row_t;

static const mean_row_t  means[] = {
    { "a$",                  false, "a\n",             false },
    { "(?m)a$",              false, "a\nb",            true },
    { "(?m)^$",              false, "a\n",             true },
    { "(?m)^b",              false, "a\nb",            true },
    { "(?m)^b",              false, "a\rb",            false },
    { "a.b",                 true,  "a\rb",            true },
    { "a.b",                 true,  "a\nb",            false },
    { "(?s)a.b",             true,  "a\nb",            true },
    { "a.b",                 true,  "a\xe2\x80\xa8" "b", true },
    { "\\s",                 true,  "\v",              false },
    { "[[:space:]]",         true,  "\v",              true },
    { "\\s",                 true,  "\xc2\xa0",        false },
    { "\\d",                 true,  "\xd9\xa3",        false },
    { "\\w",                 true,  "\xc3\xa9",        false },
    { "\\W",                 true,  "\xc3\xa9",        true },
    { "\\b\xc3\xa9",         false, "\xc3\xa9",        false },
    { "a\\b\xc3\xa9",        true,  "a\xc3\xa9",       true },
    { "[^a]",                true,  "\n",              true },
    { "\\D",                 true,  "\n",              true },
    { "(?i)k",               true,  "\xe2\x84\xaa",    true },
    { "(?i)[^k]",            true,  "\xe2\x84\xaa",    false },
    { "(?i)\\W",             true,  "\xc5\xbf",        false },
    { "(?i)\xc3\xa9",        true,  "\xc3\x89",        true },
    { "(?i)stra\xc3\x9f" "e", true, "STRASSE",         false },
    { "\\p{Greek}",          true,  "\xce\xb1",        true },
    { "\\p{Lu}",             true,  "a",               false },
    { "[\\P{Lu}]",           true,  "a",               true },
    { "\\pC",                true,  "\xcd\xb8",        false },
    { "\\PC",                true,  "\xcd\xb8",        true },
    { "a{,2}",               true,  "a{,2}",           true },
    { "a{,2}",               true,  "aa",              false },
    { "(|a)+b",              true,  "aaab",            true },
    { "(?:\\Ax){0}i",        false, "Ki",              true },
    { "(k#|)\\w*\\b",        false, "k#",              true },
    { "a++b|a",              true,  NULL,              false },
    { "[0-9]{1000}",         true,  "1",               false },
};


typedef struct {
    const char  *pattern;
    const char  *text;
    unsigned     col;           /* of the pattern at column 10 */
    unsigned     len;
} bad_row_t;

#define NOT_RE2  "which RE2 does not have"

static const bad_row_t  bads[] = {
    { "a\\1",       "\"\\1\" is a back-reference, " NOT_RE2, 11, 2 },
    { "\\8",        "\"\\8\" is a back-reference", 10, 2 },
    { "\\g1",       "\"\\g\" is a back-reference", 10, 2 },
    { "\\k<n>",     "\"\\k\" is a back-reference", 10, 2 },
    { "(?P=n)",     "\"(?P=\" is a back-reference", 10, 4 },
    { "x(?=a)",     "\"(?=\" is a look-ahead", 11, 3 },
    { "(?!a)",      "\"(?!\" is a look-ahead", 10, 3 },
    { "(?<=a)",     "\"(?<=\" is a look-behind", 10, 4 },
    { "(?<!a)",     "\"(?<!\" is a look-behind", 10, 4 },
    { "(?>a)",      "\"(?>\" is an atomic group", 10, 3 },
    { "a*+",        "\"*+\" is a possessive repetition", 11, 2 },
    { "a{2}+",      "\"{2}+\" is a possessive repetition", 11, 4 },
    { "(?R)",       "\"(?R\" is a recursion", 10, 3 },
    { "(?1)",       "\"(?1\" is a recursion", 10, 3 },
    { "(?-1)",      "\"(?-\" is a recursion", 10, 3 },
    { "(?&n)",      "\"(?&\" is a recursion", 10, 3 },
    { "(?P>n)",     "\"(?P>\" is a recursion", 10, 4 },
    { "(?(1)a|b)",  "\"(?(\" is a conditional", 10, 3 },
    { "(?|a)",      "\"(?|\" is a branch reset", 10, 3 },
    { "(?#x)",      "\"(?#\" is a comment", 10, 3 },
    { "(?x)a",      "\"(?x\" is extended syntax", 10, 3 },
    { "(*FAIL)",    "\"(*F\" is a verb", 10, 3 },
    { "\\C",        "\"\\C\" is a single byte", 10, 2 },
    { "a\\K",       "\"\\K\" is a reset of the match's start", 11, 2 },
    { "\\R",        "\"\\R\" is a line break of any kind", 10, 2 },
    { "\\G",        "\"\\G\" is the place of the last match", 10, 2 },
    { "a\\Z",       "\"\\Z\" is an end before a last newline", 11, 2 },
    { "\\X",        "\"\\X\" is a grapheme cluster", 10, 2 },
    { "a\\E",       "\"\\E\" is an end without \\Q", 11, 2 },
    { "\\q",        "an unknown escape: \"\\q\"", 10, 2 },
    { "\\\xc3\xa9", "an unknown escape", 10, 3 },
    { "a\\",        "a backslash at the end", 11, 1 },
    { "[\\b]",      "an unknown escape: \"\\b\"", 11, 2 },
    { "[\\A]",      "an unknown escape: \"\\A\"", 11, 2 },
    { "\\x4",       "a malformed \\x", 10, 3 },
    { "\\x{}",      "a malformed \\x", 10, 4 },
    { "\\x{41",     "a malformed \\x", 10, 5 },
    { "\\x{110000}", "no Unicode character", 10, 10 },
    { "\\x{FFFFFFFF}", "no Unicode character", 10, 12 },
    { "\\x{D800}",  "no Unicode character", 10, 8 },
    { "\\p{greek}", "an unknown Unicode class: \"\\p{greek}\"", 10, 9 },
    { "\\p{Cn}",    "an unknown Unicode class", 10, 6 },
    { "\\pQ",       "an unknown Unicode class: \"\\pQ\"", 10, 3 },
    { "\\p",        "an unknown Unicode class", 10, 2 },
    { "\\p{L",      "a Unicode class without its }", 10, 4 },
    { "(?i)\\pL",   "a Unicode class under (?i)", 14, 3 },
    { "[[:foo:]]",  "an unknown class: \"[:foo:]\"", 11, 7 },
    { "[[:d:]]",    "an unknown class: \"[:d:]\"", 11, 5 },
    { "ab[cd",      "a class without its ]", 12, 3 },
    { "[",          "a class without its ]", 10, 1 },
    { "[]",         "a class without its ]", 10, 2 },
    { "[z-a]",      "a range that ends before it begins: \"z-a\"", 11, 3 },
    { "[a-\\d]",    "an unknown escape", 13, 2 },
    { "*a",         "a repetition of nothing: \"*\"", 10, 1 },
    { "a|+",        "a repetition of nothing: \"+\"", 12, 1 },
    { "(?i){2}",    "a repetition of nothing: \"{2}\"", 14, 3 },
    { "(*)",        "a repetition of nothing", 11, 1 },
    { "a**",        "a repetition of a repetition: \"**\"", 11, 2 },
    { "a+?{2}",     "a repetition of a repetition: \"+?{2}\"", 11, 5 },
    { "a{2,1}",     "bad counts of a repetition: \"{2,1}\"", 11, 5 },
    { "a{1001}",    "bad counts of a repetition", 11, 6 },
    { "a{99999999999}", "bad counts of a repetition", 11, 13 },
    { "a{1,1001}",  "bad counts of a repetition", 11, 8 },
    { "(a{40}){40}", "more than 1000 repeats in all: \"{40}\"", 17, 4 },
    { "((a{10}){10}){11,}", "more than 1000 repeats in all", 23, 5 },
    { "(abcdefghijklmn){999}", "the pattern grows too large", 26, 5 },
    { "(a",         "a group without its ): \"(\"", 10, 1 },
    { "a)",         "a ) without its (", 11, 1 },
    { "(?P<n>a)(?<n>b)", "two groups have one name", 18, 5 },
    { "(?P<>a)",    "a malformed name of a group", 10, 5 },
    { "(?P<a-b>c)", "a malformed name of a group", 10, 6 },
    { "(?Pn)",      "an unknown kind of group: \"(?P\"", 10, 3 },
    { "(?i-)",      "an unknown kind of group", 10, 5 },
    { "(?",         "an unknown kind of group", 10, 2 },
    { "a\xff",      "not UTF-8", 11, 1 },
};


typedef struct {
    const char  *x;             /* NULL: every text */
    const char  *y;
    weir_rc_t    rc;
    const char  *witness;
} common_row_t;

static const common_row_t  commons[] = {
    { NULL,            NULL,         WEIR_OK,       "a" },
    { "[0-9]+",        NULL,         WEIR_OK,       "0" },
    { "[0-9]+",        "[a-z]+",     WEIR_DECLINED, NULL },
    { "[0-9]+",        "[a-f0-9]{2,}", WEIR_OK,     "00" },
    { "abc",           "ab.",        WEIR_OK,       "abc" },
    { "abc",           "abd",        WEIR_DECLINED, NULL },
    { "a*b",           "ab*",        WEIR_OK,       "ab" },
    { "(ab)+",         "a(ba)+b",    WEIR_OK,       "abab" },
    { "(aa)+",         "(aaa)+",     WEIR_OK,       "aaaaaa" },
    { "(aa)+",         "a(aa)*",     WEIR_DECLINED, NULL },
    { "a{3,5}",        "a{5,9}",     WEIR_OK,       "aaaaa" },
    { "a{3,5}",        "a{6}",       WEIR_DECLINED, NULL },
    { "x|y|zz",        "z.",         WEIR_OK,       "zz" },
    /* a segment is not empty, has no slash and is no dot segment */
    { "a*",            "b*",         WEIR_DECLINED, NULL },
    { "",              NULL,         WEIR_DECLINED, NULL },
    { "/",             NULL,         WEIR_DECLINED, NULL },
    { "a/?b|[;\\n]|\\\\", NULL,      WEIR_OK,       "ab" },
    { "\\.{1,2}",      NULL,         WEIR_DECLINED, NULL },
    { "\\.+",          NULL,         WEIR_OK,       "..." },
    { "\\.|\\.a",      "..?",        WEIR_OK,       ".a" },
    /* anchors and boundaries */
    { "^a$",           "\\Aa\\z",    WEIR_OK,       "a" },
    { "a^b",           NULL,         WEIR_DECLINED, NULL },
    { "a$b",           NULL,         WEIR_DECLINED, NULL },
    { "(?m)a$.^b",     NULL,         WEIR_DECLINED, NULL },
    { "a\\b.",         "..",         WEIR_OK,       "a-" },
    { "a\\b.",         "\\w+",       WEIR_DECLINED, NULL },
    { "a\\B.",         "[^b-z]+",    WEIR_OK,       "aa" },
    { ".+\\b",         "-+",         WEIR_DECLINED, NULL },
    { "\\b.+",         "-+",         WEIR_DECLINED, NULL },
    { "\\B-+",         NULL,         WEIR_OK,       "-" },
    /* case variants */
    { "(?i)abc",       "ABC",        WEIR_OK,       "ABC" },
    { "(?i)k",         "[^kK]",      WEIR_OK,       "\xe2\x84\xaa" },
    { "[^a]",          "(?i)A",      WEIR_OK,       "A" },
    { "(?i)\xc3\xa9",  "\xc3\x89",   WEIR_ERROR,    NULL },
    { "(?i)\xc3\xa9",  "a",          WEIR_DECLINED, NULL },
    { "(?i)[^\xc3\xa9]", "a",        WEIR_OK,       "a" },
    /* Unicode classes are not known */
    { "\\p{Greek}+",   "\\p{Latin}+", WEIR_ERROR,   NULL },
    { "\\pL+|x1",      "[a-z0-9]+1", WEIR_OK,       "x1" },
    { "\\pLb",         "ac",         WEIR_DECLINED, NULL },
    { "\xc3\xa9",      "[^a-z]",     WEIR_OK,       "\xc3\xa9" },
    /* too many pairs: there may be one */
    { "(a{997})+",     "(a{991})+",  WEIR_ERROR,    NULL },
    { "(a{97})+b",     "(a{89})+b",  WEIR_OK,       NULL },
};


static void
enter(room_t *r, const char *pattern)
{
    uint32_t  file;

    memset(r, 0, sizeof(room_t));

    r->arena = weir_arena_create();
    assert_non_null(r->arena);
    r->diags.arena = r->arena;
    r->text.text = weir_cstr(pattern);

    assert_int_equal(weir_diags_add_file(&r->diags, weir_cstr("p"),
                                         r->text.text, &file), WEIR_OK);

    r->text.span = (weir_span_t) { file, 3, 10, (uint32_t) strlen(pattern) };
}


static const weir_re_t *
parse(room_t *r, const char *pattern)
{
    const weir_re_t  *re;

    r->text.text = weir_cstr(pattern);

    if (weir_re_parse(r->arena, &r->diags, &r->text, 0, strlen(pattern), &re)
        != WEIR_OK)
    {
        return NULL;
    }

    return re;
}


static void
emitted(void **state)
{
    size_t            i;
    room_t            r;
    weir_str_t        s;
    const weir_re_t  *re;

    (void) state;

    for (i = 0; i < sizeof(emits) / sizeof(emits[0]); i++) {
        enter(&r, emits[i].pattern);
        re = parse(&r, emits[i].pattern);

        if (re == NULL) {
            weir_diags_print(&r.diags, stderr, false);
            fail_msg("/%s/", emits[i].pattern);
        }

        s = weir_re_emit(r.arena, re);

        if (!weir_str_eq(s, weir_cstr(emits[i].emitted))) {
            fail_msg("/%s/ became /%.*s/, not /%s/", emits[i].pattern,
                     WEIR_STR(s), emits[i].emitted);
        }

        weir_arena_destroy(r.arena);
    }
}


static void
meant(void **state)
{
    size_t             i;
    room_t             r;
    char               err[80];
    weir_rc_t          rc;
    weir_regex_t      *code;
    const weir_re_t   *re;
    const mean_row_t  *t;

    (void) state;

    for (i = 0; i < sizeof(means) / sizeof(means[0]); i++) {
        t = &means[i];

        enter(&r, t->pattern);
        re = parse(&r, t->pattern);

        if (t->subject == NULL) {
            assert_null(re);
            weir_arena_destroy(r.arena);
            continue;
        }

        assert_non_null(re);

        if (weir_regex_compile(weir_re_emit(r.arena, re), t->whole, &code, err,
                               sizeof(err)) != WEIR_OK)
        {
            fail_msg("/%s/: %s", t->pattern, err);
        }

        rc = weir_regex_match(code, weir_cstr(t->subject));

        if (rc != (t->matches ? WEIR_OK : WEIR_DECLINED)) {
            fail_msg("/%s/ on \"%s\"", t->pattern, t->subject);
        }

        weir_regex_free(code);
        weir_arena_destroy(r.arena);
    }
}


static void
refused(void **state)
{
    size_t              i;
    room_t              r;
    const bad_row_t    *t;
    const weir_diag_t  *d;

    (void) state;

    for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        t = &bads[i];

        enter(&r, t->pattern);

        if (parse(&r, t->pattern) != NULL) {
            fail_msg("/%s/ is taken", t->pattern);
        }

        assert_int_equal(r.diags.list.len, 1);
        d = &r.diags.list.items[0];

        if (!weir_str_starts(d->text, weir_cstr(t->text))
            || d->span.col != t->col || d->span.len != t->len
            || d->code != WEIR_EREGEX || d->span.line != 3)
        {
            fail_msg("/%s/ at %u+%u: %.*s", t->pattern, d->span.col,
                     d->span.len, WEIR_STR(d->text));
        }

        weir_arena_destroy(r.arena);
    }
}


/* A part of a text; bounds of length, depth and growth. */
static void
bounds(void **state)
{
    int               i;
    char              big[WEIR_MAX_REGEX + 2], err[80];
    room_t            r;
    weir_str_t        s;
    weir_regex_t     *code;
    const weir_re_t  *re;

    (void) state;

    enter(&r, "{id:[0-9]+}");
    assert_int_equal(weir_re_parse(r.arena, &r.diags, &r.text, 4, 6, &re),
                     WEIR_OK);
    s = weir_re_emit(r.arena, re);
    assert_true(weir_str_eq(s, weir_string("[0-9]+")));

    assert_int_equal(weir_re_parse(r.arena, &r.diags, &r.text, 4, 4, &re),
                     WEIR_ERROR);
    assert_int_equal(r.diags.list.items[0].span.col, 14);
    weir_arena_destroy(r.arena);

    /* with a NUL */
    enter(&r, "a");
    assert_int_equal(weir_re_parse(r.arena, &r.diags, &r.text, 0, 2, &re),
                     WEIR_ERROR);
    weir_arena_destroy(r.arena);

    /* length */
    memset(big, 'a', sizeof(big));
    big[WEIR_MAX_REGEX + 1] = '\0';
    enter(&r, big);
    assert_null(parse(&r, big));
    assert_non_null(parse(&r, big + 1));
    weir_arena_destroy(r.arena);

    /* depth */
    memset(big, '(', WEIR_MAX_REGEX_DEPTH + 1);
    memset(big + WEIR_MAX_REGEX_DEPTH + 1, ')', WEIR_MAX_REGEX_DEPTH + 1);
    big[2 * WEIR_MAX_REGEX_DEPTH + 2] = '\0';
    enter(&r, big);
    assert_null(parse(&r, big));
    big[2 * WEIR_MAX_REGEX_DEPTH + 1] = '\0';
    assert_non_null(parse(&r, big + 1));
    weir_arena_destroy(r.arena);

    /* what the bound on growth lets through, PCRE2 takes */
    for (i = 0; i < 6; i++) {
        static const char  *grown[] = {
            "(?:a|b|){800}", "(?:[^a-y\xc3\xa9])+(?:[a-c]){700}",
            "(?i)(?:[\xc3\x80-\xf0\x90\x80\x80]x){140}",
            "(?:(?:a?){9}|\\pL){90}", "(?m)(?:^$){650}",
            "(?:\\w\\W){290}"
        };

        enter(&r, grown[i]);
        re = parse(&r, grown[i]);

        if (re == NULL) {
            weir_diags_print(&r.diags, stderr, false);
            fail_msg("/%s/", grown[i]);
        }

        assert_int_equal(weir_regex_compile(weir_re_emit(r.arena, re), true,
                                            &code, err, sizeof(err)), WEIR_OK);
        weir_regex_free(code);
        weir_arena_destroy(r.arena);
    }
}


static void
common(void **state)
{
    size_t               i;
    room_t               r;
    weir_rc_t            rc;
    weir_str_t           s;
    const weir_re_t     *x, *y;
    const common_row_t  *t;

    (void) state;

    for (i = 0; i < 2 * sizeof(commons) / sizeof(commons[0]); i++) {
        t = &commons[i / 2];

        enter(&r, "");
        x = t->x ? parse(&r, t->x) : NULL;
        y = t->y ? parse(&r, t->y) : NULL;
        assert_int_equal(r.diags.errors, 0);

        /* in both orders */
        rc = i % 2 ? weir_re_common(r.arena, y, x, &s)
                   : weir_re_common(r.arena, x, y, &s);

        if (rc != t->rc) {
            fail_msg("/%s/ and /%s/: %d", t->x ? t->x : "", t->y ? t->y : "",
                     rc);
        }

        if (rc == WEIR_OK && t->witness != NULL
            && !weir_str_eq(s, weir_cstr(t->witness)))
        {
            fail_msg("/%s/ and /%s/: \"%.*s\"", t->x ? t->x : "",
                     t->y ? t->y : "", WEIR_STR(s));
        }

        weir_arena_destroy(r.arena);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(emitted),
        cmocka_unit_test(meant),
        cmocka_unit_test(refused),
        cmocka_unit_test(bounds),
        cmocka_unit_test(common),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
