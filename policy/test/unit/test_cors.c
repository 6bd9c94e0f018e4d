/*
 * test_cors.c: which origins may read an answer.
 */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "run/cors.h"
#include "test/kit.h"

/*
 * Lists of origins, as the compiler writes them: several records in a row.
 * "*" stands for ANY; what has a "*." in it for BELOW.
 */
static const char *const  lists[][4] = {
    { "https://app.example" },
    { "https://app.example:8443", "http://localhost:3000" },
    { "https://*.app.example" },
    { "https://*.app.example:8443" },
    { "null" },
    { "*" },
    { "https://[2001:db8::1]:8443", "http://192.0.2.1" },
    { "https://a.example", "https://b.example", "null",
      "chrome-extension://abcdef" },
};

enum { APP, PORTS, BELOW, BELOW_PORT, NUL, ANY, ADDRESSES, SEVERAL };

static const struct {
    unsigned     list;
    bool         allowed;
    const char  *origin;
} rows[] = {
    /* scheme, host and port must be the same; the former two in any case */
    { APP, true,  "https://app.example" },
    { APP, true,  "HTTPS://App.Example" },
    { APP, false, "http://app.example" },
    { APP, false, "https://app.example:443" },
    { APP, false, "https://app.example:8443" },
    { APP, false, "https://app.example." },
    { APP, false, "https://app.example/" },
    { APP, false, "https://app.example/path" },
    { APP, false, "https://app.example?" },
    { APP, false, "https://app.example#" },
    { APP, false, "https://app.exampl" },
    { APP, false, "https://app.example.evil.example" },
    { APP, false, "https://evilapp.example" },
    { APP, false, "https://x.app.example" },
    { APP, false, "https://user@app.example" },
    { APP, false, "https://app.example@evil.example" },
    { APP, false, " https://app.example" },
    { APP, false, "https://app.example " },
    { APP, false, "https:app.example" },
    { APP, false, "https://" },
    { APP, false, "https" },
    { APP, false, "app.example" },
    { APP, false, "//app.example" },
    { APP, false, "null" },
    { APP, false, "*" },
    { APP, false, "" },
    /* two of them, or a header that was sent twice, are not one */
    { APP, false, "https://app.example, https://app.example" },
    { APP, false, "https://app.example https://evil.example" },

    { PORTS, true,  "https://app.example:8443" },
    { PORTS, true,  "http://LOCALHOST:3000" },
    { PORTS, false, "https://app.example" },
    { PORTS, false, "https://app.example:08443" },
    { PORTS, false, "https://app.example:8443:8443" },
    { PORTS, false, "http://localhost" },
    { PORTS, false, "http://localhost:30000" },

    /* one label or several in the place of the star, never none */
    { BELOW, true,  "https://x.app.example" },
    { BELOW, true,  "https://x.y-z_1.app.example" },
    { BELOW, true,  "https://X.APP.EXAMPLE" },
    { BELOW, true,  "https://xn--bcher-kva.app.example" },
    { BELOW, false, "https://app.example" },
    { BELOW, false, "https://.app.example" },
    { BELOW, false, "https://x..app.example" },
    { BELOW, false, "https://.x.app.example" },
    { BELOW, false, "https://xapp.example" },
    { BELOW, false, "https://x.app.example:8443" },
    { BELOW, false, "https://x.app.example.evil.example" },
    { BELOW, false, "https://evil.example/.app.example" },
    { BELOW, false, "https://evil.example#.app.example" },
    { BELOW, false, "https://evil.example?.app.example" },
    { BELOW, false, "https://evil.example\\.app.example" },
    { BELOW, false, "https://u@x.app.example" },
    { BELOW, false, "https://evil.example:80.app.example" },
    { BELOW, false, "https://evil.example,x.app.example" },
    { BELOW, false, "https://evil.example x.app.example" },
    { BELOW, false, "https://*.app.example" },
    { BELOW, false, "https://x%2e.app.example" },
    { BELOW, false, "https://b\xc3\xbc.app.example" },
    { BELOW, false, "http://x.app.example" },
    { BELOW, false, "null" },

    { BELOW_PORT, true,  "https://x.app.example:8443" },
    { BELOW_PORT, false, "https://x.app.example" },
    { BELOW_PORT, false, "https://x.app.example:18443" },
    { BELOW_PORT, false, "https://x.app.example:84430" },

    /* what has no origin: sandboxed frames, files, redirects */
    { NUL, true,  "null" },
    { NUL, false, "NULL" },
    { NUL, false, "Null" },
    { NUL, false, "nul" },
    { NUL, false, "" },
    { NUL, false, "https://null" },
    { NUL, false, "null, null" },

    /* any origin, but an origin */
    { ANY, true,  "https://anybody.example" },
    { ANY, true,  "http://[::1]:65535" },
    { ANY, true,  "https://dot.example." },
    { ANY, true,  "moz-extension://0a1b2c-3d" },
    { ANY, true,  "null" },
    { ANY, false, "" },
    { ANY, false, "*" },
    { ANY, false, "https://a.example, https://b.example" },
    { ANY, false, "https://a.example\nset-cookie: a" },
    { ANY, false, "https://a.example:" },
    { ANY, false, "https://a.example:x" },
    { ANY, false, "https://a.example:123456" },
    { ANY, false, "https://:80" },
    { ANY, false, "https://." },
    { ANY, false, "https://[::1" },
    { ANY, false, "https://[]" },
    { ANY, false, "https://[::1]x" },
    { ANY, false, "1https://a.example" },
    { ANY, false, "://a.example" },

    { ADDRESSES, true,  "https://[2001:DB8::1]:8443" },
    { ADDRESSES, true,  "http://192.0.2.1" },
    { ADDRESSES, false, "https://[2001:db8::1]" },
    { ADDRESSES, false, "https://[2001:db8:0::1]:8443" },
    { ADDRESSES, false, "http://192.0.2.10" },

    { SEVERAL, true,  "https://a.example" },
    { SEVERAL, true,  "https://b.example" },
    { SEVERAL, true,  "chrome-extension://abcdef" },
    { SEVERAL, true,  "null" },
    { SEVERAL, false, "https://c.example" },
};


static weir_img_origin_t
origin(kit_t *k, const char *text)
{
    const char         *star;
    weir_str_t          head, tail;
    weir_img_origin_t   o;

    memset(&o, 0, sizeof(o));
    star = strchr(text, '*');
    head = weir_cstr(text);
    tail = weir_str("", 0);
    o.kind = WEIR_ORIGIN_EXACT;

    if (star != NULL) {
        head = weir_str(text, (size_t) (star - text));
        tail = weir_cstr(star + 1);
        o.kind = head.len ? WEIR_ORIGIN_BELOW : WEIR_ORIGIN_ANY;
    }

    o.text = weir_build_str(k->b, head);
    o.suffix = weir_build_str(k->b, tail);

    return o;
}


static void
origins(void **state)
{
    kit_t              k;
    bool               allowed;
    size_t             i, n;
    weir_str_t         bytes;
    weir_image_t       img;
    weir_refusal_t     why;
    weir_img_cors_t    cors[N_OF(lists)];
    weir_img_origin_t  o;

    (void) state;

    kit_open(&k);
    memset(cors, 0, sizeof(cors));

    for (i = 0; i < N_OF(lists); i++) {
        cors[i].origins.first = weir_build_count(k.b, WEIR_S_ORIGINS);

        for (n = 0; n < N_OF(lists[i]) && lists[i][n] != NULL; n++) {
            o = origin(&k, lists[i][n]);
            weir_build_records(k.b, WEIR_S_ORIGINS, &o, 1);
        }

        cors[i].origins.count = (uint32_t) n;
    }

    bytes = kit_write(&k);
    assert_int_equal(weir_image_open(&img, (const uint8_t *) bytes.data,
                                     k.arena, &why), WEIR_OK);

    for (i = 0; i < N_OF(rows); i++) {
        allowed = weir_cors_allows(&img, &cors[rows[i].list],
                                   weir_cstr(rows[i].origin));

        if (allowed != rows[i].allowed) {
            fail_msg("\"%s\" is %s of list %u", rows[i].origin,
                     allowed ? "one" : "none", rows[i].list);
        }
    }

    /* a NUL is no end */
    assert_false(weir_cors_allows(&img, &cors[APP],
                                  weir_string("https://app.example\0")));
    assert_false(weir_cors_allows(&img, &cors[NUL], weir_string("null\0")));

    weir_image_close(&img);
    kit_close(&k);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(origins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
