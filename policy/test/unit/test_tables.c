/*
 * test_tables.c: the tables as data say what their rows say.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "image/attrs.h"
#include "image/format.h"
#include "image/functions.h"
#include "image/types.h"


static void
names(void **state)
{
    (void) state;

    assert_string_equal(weir_kind_name(WEIR_T_UNSET), "unset");
    assert_string_equal(weir_kind_name(WEIR_T_REGEX), "weir.Regex");
    assert_string_equal(weir_kind_name(WEIR_T_COUNT), "unknown");
    assert_string_equal(weir_eval_error_name(WEIR_E_NO_SUCH_KEY),
                        "no_such_key");
    assert_string_equal(weir_eval_error_name(WEIR_E_COUNT), "unknown");
    assert_string_equal(weir_phase_name(WEIR_PHASE_LOG), "log");
    assert_string_equal(weir_phase_name(WEIR_PHASE_COUNT), "unknown");
    assert_string_equal(weir_op_name(WEIR_OP_RET), "RET");
    assert_string_equal(weir_op_name(WEIR_OP_ATTR_GET), "ATTR_GET");
    assert_string_equal(weir_op_name(WEIR_OP_COUNT), "unknown");
    assert_string_equal(weir_fn_name(WEIR_N_EQ), "_==_");
    assert_string_equal(weir_fn_name(WEIR_N_COUNT), "unknown");
    assert_string_equal(weir_fn_name(~0u), "unknown");
}


/* The arguments of a generic signature: commas outside of <>. */
static unsigned
count_args(const char *generic)
{
    unsigned     n, depth;
    const char  *p;

    n = generic[0] != ':';
    depth = 0;

    for (p = generic; *p != ':'; p++) {
        assert_int_not_equal(*p, '\0');
        depth += *p == '<';
        depth -= *p == '>';
        n += *p == ',' && depth == 0;
    }

    return n;
}


static void
functions(void **state)
{
    unsigned               i, k;
    const weir_fn_info_t  *f;

    (void) state;

    f = &weir_fns[WEIR_FN_EQ_STRING];
    assert_string_equal(f->id, "EQ_STRING");
    assert_int_equal(f->name, WEIR_N_EQ);
    assert_int_equal(f->result, WEIR_T_BOOL);
    assert_int_equal(f->nargs, 2);
    assert_int_equal(f->args[0], WEIR_T_STRING);
    assert_int_equal(f->args[1], WEIR_T_STRING);
    assert_int_equal(f->args[2], 0);
    assert_int_equal(f->cost, WEIR_COST_LEN);
    assert_int_equal(weir_fns[WEIR_FN_OPT_NONE_].nargs, 0);
    assert_int_equal(weir_fns[WEIR_FN_NOT_BOOL].nargs, 1);

    for (i = 0; i < WEIR_FN_COUNT; i++) {
        f = &weir_fns[i];

        for (k = 0; k < 4; k++) {
            assert_int_equal(f->args[k] != WEIR_T_UNSET, k < f->nargs);
        }

        if (f->generic[0] != '\0') {
            assert_int_equal(count_args(f->generic), f->nargs);
        }
    }
}


static void
attributes(void **state)
{
    const weir_attr_info_t  *a;

    (void) state;

    a = &weir_attrs[WEIR_A_REQUEST_HOST];
    assert_string_equal(a->name, "request.host");
    assert_string_equal(a->type, "string");
    assert_int_equal(a->kind, WEIR_T_STRING);
    assert_int_equal(a->phase, WEIR_PHASE_PREAUTH);
    assert_int_equal(a->max, 255);
    assert_int_equal(a->engine, 1);
    assert_int_equal(weir_attrs[WEIR_A_SOURCE_IP].engine, 0);
}


/* Each row of references lies inside of its record and fits its rule. */
static void
references(void **state)
{
    size_t                   i;
    const weir_image_ref_t  *r;

    (void) state;

    assert_string_equal(weir_sections[WEIR_S_ROUTES].name, "routes");
    assert_int_equal(weir_sections[WEIR_S_ROUTES].size,
                     sizeof(weir_img_route_t));

    for (i = 0; i < weir_image_nrefs; i++) {
        r = &weir_image_refs[i];
        assert_true(r->section < WEIR_S_COUNT);
        assert_true(r->offset + r->width <= weir_sections[r->section].size);

        switch (r->rule) {

        case WEIR_REF_RANGE:
        case WEIR_REF_REFS:
        case WEIR_REF_OPT_REFS:
        case WEIR_REF_ANY_REFS:
            assert_int_equal(r->width, sizeof(weir_range_t));
            break;

        case WEIR_REF_ZERO:
            break;

        default:
            assert_true(r->width <= 4);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(functions),
        cmocka_unit_test(attributes),
        cmocka_unit_test(references),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
