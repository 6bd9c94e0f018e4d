/*
 * test_ip.c: addresses and prefixes: what parses, how it prints, what is
 * refused.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/ip.h"

#define N_OF(a)  (sizeof(a) / sizeof((a)[0]))


static void
good_addresses_print_canonically(void **state)
{
    char                  text[WEIR_IP_STRLEN];
    size_t                i;
    weir_ip_t             ip;
    static const struct {
        const char  *in;
        const char  *out;
    }  t[] = {
        { "0.0.0.0", "0.0.0.0" },
        { "255.255.255.255", "255.255.255.255" },
        { "192.0.2.7", "192.0.2.7" },
        { "::", "::" },
        { "::1", "::1" },
        { "1::", "1::" },
        { "2001:DB8::1", "2001:db8::1" },
        { "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1" },
        { "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
        { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
        { "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
        { "1:0:0:4:0:0:0:8", "1:0:0:4::8" },
        { "1:0:0:4:0:0:7:8", "1::4:0:0:7:8" },
        { "1:0:3:0:5:0:7:0", "1:0:3:0:5:0:7:0" },
        { "0:0:3:4:5:6:0:0", "::3:4:5:6:0:0" },
        { "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::" },
        { "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
        { "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
        { "::1.2.3.4", "::102:304" },
        { "::ffff:192.0.2.1", "192.0.2.1" },
        { "::FFFF:c000:0201", "192.0.2.1" },
        { "0:0:0:0:0:ffff:10.0.0.1", "10.0.0.1" },
        { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
    };

    (void) state;

    for (i = 0; i < N_OF(t); i++) {
        assert_int_equal(weir_ip_parse(weir_cstr(t[i].in), &ip), WEIR_OK);
        assert_int_equal(weir_ip_print(&ip, text), strlen(t[i].out));
        assert_string_equal(text, t[i].out);
    }
}


static void
bad_addresses_are_refused(void **state)
{
    size_t                    i;
    weir_ip_t                 ip;
    static const char *const  t[] = {
        "", " ", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5", ".1.2.3.4",
        "1..2.3", "01.2.3.4", "1.2.3.04", "00.0.0.0", "256.0.0.1", "1.2.3.999",
        "1.2.3.4 ", " 1.2.3.4", "1.2.3.-4", "+1.2.3.4", "0x1.2.3.4", "1,2.3.4",
        "1.2.3.a", "99999999999.1.1.1", "4294967297.1.1.1", "127.1",
        ":", ":::", ":1", "1:", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:",
        ":2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:", "1:2:3:4:5:6:7:8:9",
        "1:2:3:4::5:6:7:8", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::",
        "1::2::3", "1:::2", "::1::", "12345::", "::00001", "g::", "::g",
        "::1%eth0", "[::1]", "::1/128", "::1.2.3", "::1.2.3.4.5",
        "::1.2.3.256", "::01.2.3.4", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4",
        "1.2.3.4::", "::1 ", "::ffff:1.2.3.4x", "2001:db8", "::-1",
    };

    (void) state;
    memset(&ip, 0x5a, sizeof(ip));

    for (i = 0; i < N_OF(t); i++) {
        assert_int_equal(weir_ip_parse(weir_cstr(t[i]), &ip), WEIR_ERROR);
        assert_int_equal(ip.len, 0x5a);
    }

    assert_int_equal(weir_ip_parse(weir_str("1.2.3.4\0", 8), &ip),
                     WEIR_ERROR);
    assert_int_equal(weir_ip_parse(weir_str("::1\0", 4), &ip), WEIR_ERROR);
    assert_int_equal(weir_ip_parse(weir_str("1.2.3.45", 7), &ip), WEIR_OK);
    assert_int_equal(ip.bytes[3], 4);
}


static void
good_prefixes(void **state)
{
    char                  text[WEIR_IP_STRLEN];
    size_t                i;
    weir_cidr_t           c;
    static const struct {
        const char  *in;
        const char  *ip;
        unsigned     bits;
    }  t[] = {
        { "0.0.0.0/0", "0.0.0.0", 0 },
        { "10.0.0.0/8", "10.0.0.0", 8 },
        { "192.168.1.128/25", "192.168.1.128", 25 },
        { "1.2.3.4/32", "1.2.3.4", 32 },
        { "1.2.3.4", "1.2.3.4", 32 },
        { "::/0", "::", 0 },
        { "fd00::/8", "fd00::", 8 },
        { "2001:db8::/33", "2001:db8::", 33 },
        { "::1/128", "::1", 128 },
        { "::1", "::1", 128 },
        { "::ffff:10.0.0.0/104", "10.0.0.0", 8 },
        { "::ffff:0:0/96", "0.0.0.0", 0 },
        { "::ffff:1.2.3.4", "1.2.3.4", 32 },
    };

    (void) state;

    for (i = 0; i < N_OF(t); i++) {
        assert_int_equal(weir_cidr_parse(weir_cstr(t[i].in), &c), WEIR_OK);
        weir_ip_print(&c.ip, text);
        assert_string_equal(text, t[i].ip);
        assert_int_equal(c.bits, t[i].bits);
    }
}


static void
bad_prefixes_are_refused(void **state)
{
    size_t                    i;
    weir_cidr_t               c;
    static const char *const  t[] = {
        "", "/", "/8", "10.0.0.0/", "10.0.0.0/ 8", "10.0.0.0/8 ",
        "10.0.0.0/08", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/33",
        "10.0.0.0/256", "10.0.0.0/4294967304", "10.0.0.0/8/8", "10.0.0.0/a",
        "10.0.0.0/255.0.0.0", "10.0.0.1/8", "10.0.0.1/31", "128.0.0.0/0",
        "10/8", "::/129", "::1/0", "::1/127", "fd00::1/8", "8000::/0",
        "::ffff:10.0.0.1/104", "::ffff:0:0/95", "::ffff:0:0/90",
        "::ffff:1.2.3.4/32",
    };

    (void) state;
    memset(&c, 0x5a, sizeof(c));

    for (i = 0; i < N_OF(t); i++) {
        assert_int_equal(weir_cidr_parse(weir_cstr(t[i]), &c), WEIR_ERROR);
        assert_int_equal(c.bits, 0x5a);
    }
}


static void
prefixes_contain(void **state)
{
    size_t                i;
    weir_ip_t             ip;
    weir_cidr_t           c;
    static const struct {
        const char  *cidr;
        const char  *ip;
        bool         in;
    }  t[] = {
        { "0.0.0.0/0", "203.0.113.9", true },
        { "10.0.0.0/8", "10.255.255.255", true },
        { "10.0.0.0/8", "11.0.0.0", false },
        { "10.0.0.0/9", "10.127.255.255", true },
        { "10.0.0.0/9", "10.128.0.0", false },
        { "1.2.3.4/31", "1.2.3.5", true },
        { "1.2.3.4/31", "1.2.3.6", false },
        { "1.2.3.4", "1.2.3.4", true },
        { "1.2.3.4", "1.2.3.5", false },
        { "10.0.0.0/8", "::ffff:10.1.2.3", true },
        { "0.0.0.0/0", "::1", false },
        { "::/0", "1.2.3.4", false },
        { "::/0", "fe80::1", true },
        { "2001:db8::/33", "2001:db8:7fff::1", true },
        { "2001:db8::/33", "2001:db8:8000::", false },
        { "::1", "::1", true },
        { "::1", "::2", false },
    };

    (void) state;

    for (i = 0; i < N_OF(t); i++) {
        assert_int_equal(weir_cidr_parse(weir_cstr(t[i].cidr), &c), WEIR_OK);
        assert_int_equal(weir_ip_parse(weir_cstr(t[i].ip), &ip), WEIR_OK);
        assert_int_equal(weir_cidr_contains(&c, &ip), t[i].in);
    }

    /* a unix socket has no address and is in no prefix */
    memset(&ip, 0, sizeof(ip));
    weir_cidr_parse(weir_string("0.0.0.0/0"), &c);
    assert_false(weir_cidr_contains(&c, &ip));
    memset(&c, 0, sizeof(c));
    assert_false(weir_cidr_contains(&c, &ip));
}


static void
addresses_of_other_origin_print(void **state)
{
    char       text[WEIR_IP_STRLEN];
    weir_ip_t  ip;

    (void) state;
    memset(&ip, 0, sizeof(ip));
    assert_int_equal(weir_ip_print(&ip, text), 0);
    assert_string_equal(text, "");

    ip.len = 16;
    ip.bytes[10] = ip.bytes[11] = 0xff;
    memset(ip.bytes + 12, 0xff, 4);
    weir_ip_print(&ip, text);
    assert_string_equal(text, "::ffff:255.255.255.255");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(good_addresses_print_canonically),
        cmocka_unit_test(bad_addresses_are_refused),
        cmocka_unit_test(good_prefixes),
        cmocka_unit_test(bad_prefixes_are_refused),
        cmocka_unit_test(prefixes_contain),
        cmocka_unit_test(addresses_of_other_origin_print),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
