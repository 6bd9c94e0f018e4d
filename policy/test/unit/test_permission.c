/*
 * test_permission.c: what is a permission, and what a wildcard covers.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "front/permission.h"
#include "image/bounds.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))

enum { NEITHER, GRANT, BOTH };

static const struct {
    const char  *text;
    unsigned     is;
} names[] = {
    { "orders", BOTH },
    { "orders:read", BOTH },
    { "a.b-c_d:E9:-", BOTH },
    { "*", GRANT },
    { "**", GRANT },
    { "orders:*", GRANT },
    { "*:read", GRANT },
    { "orders:*:read", GRANT },
    { "orders:**", GRANT },
    { "*:**", GRANT },
    { "", NEITHER },
    { ":", NEITHER },
    { "orders:", NEITHER },
    { ":read", NEITHER },
    { "orders::read", NEITHER },
    { "orders read", NEITHER },
    { "orders/read", NEITHER },
    { "ord*", NEITHER },
    { "*s:read", NEITHER },
    { "**:read", NEITHER },
    { "orders:**:read", NEITHER },
    { "***", NEITHER },
    { "orders:***", NEITHER },
    { "caf\xc3\xa9", NEITHER }
};

static const struct {
    const char  *grant;
    const char  *permission;
    bool         covers;
} covered[] = {
    { "orders:read", "orders:read", true },
    { "orders:read", "orders:reads", false },
    { "orders:read", "orders", false },
    { "orders", "orders:read", false },
    { "*", "orders", true },
    { "*", "orders:read", false },
    { "orders:*", "orders:read", true },
    { "orders:*", "orders", false },
    { "orders:*", "orders:lines:read", false },
    { "orders:*", "order:read", false },
    { "*:read", "orders:read", true },
    { "*:read", "orders:write", false },
    { "orders:*:read", "orders:lines:read", true },
    { "orders:*:read", "orders:read", false },
    { "**", "orders", true },
    { "**", "a:b:c:d", true },
    { "orders:**", "orders:read", true },
    { "orders:**", "orders:lines:read", true },
    { "orders:**", "orders", false },
    { "orders:**", "orders2:read", false },
    { "*:**", "orders", false },
    { "*:**", "orders:read", true }
};


static void
names_are_told(void **state)
{
    size_t      i;
    weir_str_t  s;

    (void) state;

    for (i = 0; i < N_OF(names); i++) {
        s = weir_cstr(names[i].text);

        if (weir_permission_is(s) != (names[i].is == BOTH)
            || weir_grant_is(s) != (names[i].is != NEITHER))
        {
            fail_msg("\"%s\"", names[i].text);
        }
    }
}


static void
names_have_a_bound(void **state)
{
    char  text[WEIR_MAX_PERMISSION + 1];

    (void) state;

    memset(text, 'x', sizeof(text));
    assert_true(weir_permission_is(weir_str(text, sizeof(text) - 1)));
    assert_false(weir_permission_is(weir_str(text, sizeof(text))));
    assert_false(weir_grant_is(weir_str(text, sizeof(text))));
}


static void
wildcards_cover_segments(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < N_OF(covered); i++) {

        if (weir_grant_covers(weir_cstr(covered[i].grant),
                              weir_cstr(covered[i].permission))
            != covered[i].covers)
        {
            fail_msg("%s of %s", covered[i].permission, covered[i].grant);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(names_are_told),
        cmocka_unit_test(names_have_a_bound),
        cmocka_unit_test(wildcards_cover_segments)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
