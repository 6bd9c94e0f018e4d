/*
 * test_template.c: path templates and hosts, good and refused.
 */

#include "test/unit/front.h"
#include "front/template.h"


static void
text_of(front_policy_t *p, const char *s, weir_text_t *text)
{
    uint32_t  file;

    memset(p, 0, sizeof(front_policy_t));
    memset(text, 0, sizeof(weir_text_t));
    p->arena = weir_arena_create();
    p->diags.arena = p->arena;
    assert_int_equal(weir_diags_add_file(&p->diags, weir_string("t"),
                                         weir_cstr(s), &file), WEIR_OK);
    text->text = weir_cstr(s);
    text->span = (weir_span_t) { file, 1, 1, (uint32_t) strlen(s) };
}


static void
show(const weir_template_t *t, char *out, size_t size)
{
    int                    n;
    size_t                 i;
    const weir_segment_t  *s;

    out[0] = '\0';
    n = 0;

    for (i = 0; i < t->nsegments; i++) {
        s = &t->segments[i];

        if (s->param.data == NULL) {
            n += snprintf(out + n, size - (size_t) n, "[%.*s]",
                          WEIR_STR(s->text));

        } else {
            n += snprintf(out + n, size - (size_t) n, "{%.*s~%.*s}",
                          WEIR_STR(s->param), WEIR_STR(s->source));
            assert_int_equal(s->regex != NULL, s->source.data != NULL);
            assert_int_equal(s->regex != NULL, s->pattern.data != NULL);
        }
    }

    snprintf(out + n, size - (size_t) n, "%s", t->rest ? "**" : "");
}


static void
paths(void **state)
{
    char             buf[1024];
    size_t           i;
    weir_rc_t        rc;
    weir_text_t      text;
    front_policy_t   p;
    weir_template_t  out;

    static const struct {
        const char  *text;
        const char  *shown;         /* NULL: refused */
        const char  *said;
    } t[] = {
        { "/", "[]", "" },
        { "/a", "[a]", "" },
        { "/a/", "[a][]", "" },
        { "/**", "**", "" },
        { "/a/**", "[a]**", "" },
        { "/{x}", "{x~}", "" },
        { "/v1/users/{user}/orders/{order:[0-9]+}",
          "[v1][users]{user~}[orders]{order~[0-9]+}", "" },
        { "/{x:a{2,3}}/b", "{x~a{2,3}}[b]", "" },
        { "/{x:[}]+}/b", "{x~[}]+}[b]", "" },
        { "/{x:[]}]+}/b", "{x~[]}]+}[b]", "" },
        { "/{x:[^]}]+}", "{x~[^]}]+}", "" },
        { "/{x:\\}+}", "{x~\\}+}", "" },
        { "/{x:[[:alpha:]}]{1}}", "{x~[[:alpha:]}]{1}}", "" },
        { "/{x:\\Q}{\\E}", "{x~\\Q}{\\E}", "" },
        { "/a b/caf\xc3\xa9/x=1,y:@!$&'()+~", "[a b][caf\xc3\xa9]"
          "[x=1,y:@!$&'()+~]", "" },
        { "/...", "[...]", "" },

        { "", NULL,
          "t:1:1+0: E0402: path template: it must begin with '/'\n" },
        { "a/b", NULL,
          "t:1:1+1: E0402: path template: it must begin with '/'\n" },
        { "/a//b", NULL, "t:1:4+1: E0402: path template: an empty segment; "
          "no canonical path has one\n" },
        { "//", NULL, "t:1:2+1: E0402: path template: an empty segment; no "
          "canonical path has one\n" },
        { "/a/../b", NULL, "t:1:4+2: E0402: path template: a dot segment; no "
          "canonical path has one\n" },
        { "/.", NULL, "t:1:2+1: E0402: path template: a dot segment; no "
          "canonical path has one\n" },
        { "/a%20b", NULL, "t:1:3+1: E0402: path template: '%'; a template is "
          "written decoded\n" },
        { "/a;b", NULL, "t:1:3+1: E0402: path template: ';'; no path with it "
          "reaches a route\n" },
        { "/a\\b", NULL, "t:1:3+1: E0402: path template: a backslash; no "
          "path with it reaches a route\n" },
        { "/a?b", NULL, "t:1:3+1: E0402: path template: a template has no "
          "query and no fragment\n" },
        { "/a#b", NULL, "t:1:3+1: E0402: path template: a template has no "
          "query and no fragment\n" },
        { "/a\nb", NULL, "t:1:3+1: E0402: path template: a control "
          "character\n" },
        { "/**/a", NULL, "t:1:2+1: E0402: path template: a star; only \"**\" "
          "as the last segment stands for the rest\n" },
        { "/a/*", NULL, "t:1:4+1: E0402: path template: a star; only \"**\" "
          "as the last segment stands for the rest\n" },
        { "/a{x}", NULL, "t:1:3+1: E0402: path template: a parameter is a "
          "whole segment\n" },
        { "/{x}a", NULL, "t:1:5+1: E0402: path template: a parameter is a "
          "whole segment\n" },
        { "/{x", NULL, "t:1:2+1: E0402: path template: this brace is not "
          "closed\n" },
        { "/{x:[}]", NULL, "t:1:2+1: E0402: path template: this brace is not "
          "closed\n" },
        { "/a}", NULL, "t:1:3+1: E0402: path template: a parameter is a "
          "whole segment\n" },
        { "/{}", NULL, "t:1:3+0: E0402: path template: the name of a "
          "parameter is lower case letters, digits and '_'\n" },
        { "/{User}", NULL, "t:1:3+4: E0402: path template: the name of a "
          "parameter is lower case letters, digits and '_'\n" },
        { "/{1a}/{a-b}", NULL,
          "t:1:3+2: E0402: path template: the name of a parameter is lower "
          "case letters, digits and '_'\n"
          "t:1:8+3: E0402: path template: the name of a parameter is lower "
          "case letters, digits and '_'\n" },
        { "/{x}/{x}", NULL, "t:1:7+1: E0402: path template: two parameters "
          "of the same name\n" },
        { "/{x:}", NULL, "t:1:4+1: E0402: path template: an empty "
          "pattern\n" },
        { "/{x:a/b}", NULL, "t:1:5+3: E0402: path template: no segment of a "
          "path matches the pattern\n" },
        { "/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b"
          "/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b/a/b"
          "/c", NULL,
          "t:1:130+1: E0402: path template: more than 64 segments\n" },
        { "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}"
          "/{q}", NULL,
          "t:1:66+3: E0402: path template: more than 16 parameters\n" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        text_of(&p, t[i].text, &text);
        memset(&out, 0, sizeof(out));
        rc = weir_template_parse(p.arena, &p.diags, &text, &out);
        p.said = front_said(&p.diags);

        front_expect(t[i].text, p.said, t[i].said);
        assert_int_equal(rc, t[i].shown ? WEIR_OK : WEIR_ERROR);

        if (t[i].shown != NULL) {
            show(&out, buf, sizeof(buf));
            front_expect(t[i].text, buf, t[i].shown);
        }

        front_free(&p);
    }
}


static void
hosts(void **state)
{
    size_t          i;
    weir_rc_t       rc;
    weir_name_t     out;
    weir_text_t     text;
    front_policy_t  p;

    static const struct {
        const char  *text;
        bool         wildcard;
        const char  *host;
        const char  *said;
    } t[] = {
        { "api.shop.example", true, "api.shop.example", "" },
        { "API.Shop.EXAMPLE", false, "api.shop.example", "" },
        { "*.Shop.example", true, "*.shop.example", "" },
        { "localhost", false, "localhost", "" },
        { "127.0.0.1", false, "127.0.0.1", "" },
        { "xn--caf-dma.example", false, "xn--caf-dma.example", "" },

        { "*.shop.example", false, NULL,
          "t:1:1+1: E0403: host: \"*.\" stands in front of a host only\n" },
        { "*", true, NULL,
          "t:1:1+1: E0403: host: \"*.\" stands in front of a host only\n" },
        { "*.", true, NULL, "t:1:3+0: E0403: host: an empty label\n" },
        { "a.*.b", true, NULL,
          "t:1:3+1: E0403: host: \"*.\" stands in front of a host only\n" },
        { "a..b", true, NULL, "t:1:3+1: E0403: host: an empty label\n" },
        { ".a", true, NULL, "t:1:1+1: E0403: host: an empty label\n" },
        { "a.", true, NULL, "t:1:3+0: E0403: host: an empty label\n" },
        { "", true, NULL, "t:1:1+0: E0403: host: an empty label\n" },
        { "a.example:8080", true, NULL,
          "t:1:10+1: E0403: host: a host without port is expected\n" },
        { "a_b.example", true, NULL,
          "t:1:2+1: E0403: host: a label is letters, digits, and '-' "
          "inside\n" },
        { "-a.example", true, NULL,
          "t:1:1+1: E0403: host: a label is letters, digits, and '-' "
          "inside\n" },
        { "a-.example", true, NULL,
          "t:1:2+1: E0403: host: a label is letters, digits, and '-' "
          "inside\n" },
        { "caf\xc3\xa9.example", true, NULL,
          "t:1:4+1: E0403: host: write the label in its ASCII form, "
          "xn--...\n" },
        { "{tenant}.example", true, NULL,
          "t:1:1+1: E0403: host: \"{tenant}\" is a whole label of "
          "\"resolve\"\n" },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
          true, NULL,
          "t:1:1+64: E0403: host: a label of more than 63 letters\n" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        text_of(&p, t[i].text, &text);
        rc = weir_host_parse(p.arena, &p.diags, &text, t[i].wildcard, &out);
        p.said = front_said(&p.diags);

        front_expect(t[i].text, p.said, t[i].said);
        assert_int_equal(rc, t[i].host ? WEIR_OK : WEIR_ERROR);

        if (t[i].host != NULL) {
            assert_true(weir_str_eq(out.text, weir_cstr(t[i].host)));
        }

        front_free(&p);
    }
}


static void
tenant_hosts(void **state)
{
    size_t          i;
    weir_rc_t       rc;
    weir_str_t      prefix, suffix;
    weir_text_t     text;
    front_policy_t  p;

    static const struct {
        const char  *text;
        const char  *prefix;
        const char  *suffix;
        const char  *said;
    } t[] = {
        { "{tenant}.Shop.example", "", ".shop.example", "" },
        { "api.{tenant}.example", "api.", ".example", "" },
        { "{tenant}", "", "", "" },
        { "api.{tenant}", "api.", "", "" },

        { "shop.example", NULL, NULL,
          "t:1:1+12: E0403: host: one label must be \"{tenant}\"\n" },
        { "a-{tenant}.example", NULL, NULL,
          "t:1:1+18: E0403: host: one label must be \"{tenant}\"\n" },
        { "{tenant}x.example", NULL, NULL,
          "t:1:1+17: E0403: host: one label must be \"{tenant}\"\n" },
        { "{tenant}.{tenant}.example", NULL, NULL,
          "t:1:10+1: E0403: host: \"{tenant}\" is a whole label of "
          "\"resolve\"\n" },
        { "{tenant}.*.example", NULL, NULL,
          "t:1:10+1: E0403: host: \"*.\" stands in front of a host only\n" },
        { "{user}.example", NULL, NULL,
          "t:1:1+14: E0403: host: one label must be \"{tenant}\"\n" },
        { ".{tenant}.example", NULL, NULL,
          "t:1:1+1: E0403: host: an empty label\n" },
    };

    (void) state;

    for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        text_of(&p, t[i].text, &text);
        rc = weir_tenant_host_parse(p.arena, &p.diags, &text, &prefix,
                                    &suffix);
        p.said = front_said(&p.diags);

        front_expect(t[i].text, p.said, t[i].said);
        assert_int_equal(rc, t[i].prefix ? WEIR_OK : WEIR_ERROR);

        if (t[i].prefix != NULL) {
            assert_true(weir_str_eq(prefix, weir_cstr(t[i].prefix)));
            assert_true(weir_str_eq(suffix, weir_cstr(t[i].suffix)));
        }

        front_free(&p);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(hosts),
        cmocka_unit_test(tenant_hosts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
