/*
 * test_fn_net.c: addresses and prefixes as the library of Kubernetes has
 * them.
 */

#include "fn_cases.h"

#define IP6(...)  { 16, { __VA_ARGS__ } }

static const weir_ip_t  none;
static const weir_ip_t  host = { 4, { 10, 1, 2, 3 } };
static const weir_ip_t  net = { 4, { 10, 1, 0, 0 } };
static const weir_ip_t  zero = { 4, { 0, 0, 0, 0 } };
static const weir_ip_t  all = { 4, { 255, 255, 255, 255 } };
static const weir_ip_t  loop = { 4, { 127, 0, 0, 9 } };
static const weir_ip_t  link4 = { 4, { 169, 254, 1, 1 } };
static const weir_ip_t  near_link = { 4, { 169, 253, 1, 1 } };
static const weir_ip_t  multi = { 4, { 224, 0, 1, 1 } };
static const weir_ip_t  link_multi = { 4, { 224, 0, 0, 251 } };
static const weir_ip_t  zero6 = IP6(0);
static const weir_ip_t  loop6 = IP6([15] = 1);
static const weir_ip_t  host6 = IP6(0x20, 1, 0xd, 0xb8, [15] = 1);
static const weir_ip_t  link6 = IP6(0xfe, 0xbf, [15] = 1);
static const weir_ip_t  site6 = IP6(0xfe, 0xc0, [15] = 1);
static const weir_ip_t  multi6 = IP6(0xff, 0x05, [15] = 1);
static const weir_ip_t  link_multi6 = IP6(0xff, 0x12, [15] = 1);

#define IS(fn, want, v)  C(IS_##fn, want, IP(v))

static const fn_case_t  cases[] = {
    C(IP_STRING, "10.1.2.3", S("10.1.2.3"))
    C(IP_STRING, "!bad_conversion", S("::ffff:10.1.2.3"))
    C(IP_STRING, "!bad_conversion", S("::ffff:a01:203"))
    C(IP_STRING, "!bad_conversion", S("fe80::1%eth0"))
    C(IP_STRING, "!bad_conversion", S("010.1.2.3"))
    C(IP_STRING, "!bad_conversion", S("10.0.0.0/8"))
    C(CIDR_STRING, "10.1.2.3/16", S("10.1.2.3/16"))
    C(CIDR_STRING, "2001:db8::1/32", S("2001:db8::1/32"))
    C(CIDR_STRING, "0.0.0.0/0", S("0.0.0.0/0"))
    C(CIDR_STRING, "!bad_conversion", S("10.1.2.3"))
    C(CIDR_STRING, "!bad_conversion", S("10.1.2.3/33"))
    C(CIDR_STRING, "!bad_conversion", S("10.1.2.3/08"))
    C(CIDR_STRING, "!bad_conversion", S("10.1.2.3/"))
    C(CIDR_STRING, "!bad_conversion", S("::ffff:10.0.0.0/104"))

    C(IS_IP_S, "true", S("192.0.2.1"))
    C(IS_IP_S, "true", S("2001:DB8::1"))
    C(IS_IP_S, "false", S("::ffff:192.0.2.1"))
    C(IS_IP_S, "false", S("192.0.2"))
    C(IS_IP_S, "false", S("192.0.2.0/24"))
    C(IS_IP_S, "false", S(""))
    C(IS_CIDR_S, "true", S("192.0.2.1/24"))
    C(IS_CIDR_S, "true", S("::/0"))
    C(IS_CIDR_S, "false", S("192.0.2.1"))
    C(IS_CIDR_S, "false", S("::/129"))
    C(IS_CIDR_S, "false", S(""))
    C(IS_CANONICAL_S, "true", S("192.0.2.1"))
    C(IS_CANONICAL_S, "true", S("2001:db8::1"))
    C(IS_CANONICAL_S, "false", S("2001:DB8::1"))
    C(IS_CANONICAL_S, "false", S("2001:db8:0:0:0:0:0:1"))
    C(IS_CANONICAL_S, "!bad_conversion", S("192.0.2"))

    C(FAMILY_IP, "4", IP(host))
    C(FAMILY_IP, "6", IP(host6))
    C(FAMILY_IP, "0", IP(none))

    IS(UNSPECIFIED_IP, "true", zero)
    IS(UNSPECIFIED_IP, "true", zero6)
    IS(UNSPECIFIED_IP, "false", loop6)
    IS(UNSPECIFIED_IP, "false", none)
    IS(LOOPBACK_IP, "true", loop)
    IS(LOOPBACK_IP, "true", loop6)
    IS(LOOPBACK_IP, "false", zero6)
    IS(LOOPBACK_IP, "false", host)
    IS(LOOPBACK_IP, "false", none)
    IS(LINK_MULTICAST_IP, "true", link_multi)
    IS(LINK_MULTICAST_IP, "true", link_multi6)
    IS(LINK_MULTICAST_IP, "false", multi)
    IS(LINK_MULTICAST_IP, "false", multi6)
    IS(LINK_MULTICAST_IP, "false", none)
    IS(LINK_UNICAST_IP, "true", link4)
    IS(LINK_UNICAST_IP, "true", link6)
    IS(LINK_UNICAST_IP, "false", near_link)
    IS(LINK_UNICAST_IP, "false", site6)
    IS(LINK_UNICAST_IP, "false", none)
    /* networks of one's own are global too, as Go has it */
    IS(GLOBAL_UNICAST_IP, "true", host)
    IS(GLOBAL_UNICAST_IP, "true", host6)
    IS(GLOBAL_UNICAST_IP, "true", site6)
    IS(GLOBAL_UNICAST_IP, "false", zero)
    IS(GLOBAL_UNICAST_IP, "false", all)
    IS(GLOBAL_UNICAST_IP, "false", loop)
    IS(GLOBAL_UNICAST_IP, "false", multi)
    IS(GLOBAL_UNICAST_IP, "false", link4)
    IS(GLOBAL_UNICAST_IP, "false", loop6)
    IS(GLOBAL_UNICAST_IP, "false", multi6)
    IS(GLOBAL_UNICAST_IP, "false", link6)
    IS(GLOBAL_UNICAST_IP, "false", none)

    C(CONTAINS_IP_IP, "true", CIDR(host, 16), IP(net))
    C(CONTAINS_IP_IP, "false", CIDR(zero, 0), IP(host6))
    C(CONTAINS_IP_IP, "false", CIDR(zero, 0), IP(none))
    C(CONTAINS_IP_S, "true", CIDR(host, 16), S("10.1.255.255"))
    C(CONTAINS_IP_S, "false", CIDR(host, 16), S("10.2.0.0"))
    C(CONTAINS_IP_S, "!bad_conversion", CIDR(host, 16), S("10.1"))
    C(CONTAINS_IP_S, "!bad_conversion", CIDR(host, 16), S("::ffff:10.1.0.1"))
    C(CONTAINS_CIDR_CIDR, "true", CIDR(net, 16), CIDR(host, 32))
    C(CONTAINS_CIDR_CIDR, "true", CIDR(host, 16), CIDR(net, 16))
    C(CONTAINS_CIDR_CIDR, "false", CIDR(host, 16), CIDR(net, 15))
    C(CONTAINS_CIDR_CIDR, "false", CIDR(zero, 0), CIDR(zero6, 0))
    C(CONTAINS_CIDR_S, "true", CIDR(net, 16), S("10.1.2.0/24"))
    C(CONTAINS_CIDR_S, "false", CIDR(net, 16), S("10.2.2.0/24"))
    C(CONTAINS_CIDR_S, "!bad_conversion", CIDR(net, 16), S("10.1.2.0"))

    C(M_IP_CIDR, "10.1.2.3", CIDR(host, 16))
    C(PREFIX_LENGTH_CIDR, "16", CIDR(host, 16))
    C(PREFIX_LENGTH_CIDR, "128", CIDR(host6, 128))
    C(MASKED_CIDR, "10.1.0.0/16", CIDR(host, 16))
    C(MASKED_CIDR, "10.1.2.0/23", CIDR(host, 23))
    C(MASKED_CIDR, "0.0.0.0/0", CIDR(host, 0))
    C(MASKED_CIDR, "10.1.2.3/32", CIDR(host, 32))
    C(MASKED_CIDR, "2001:db8::/127", CIDR(host6, 127))
    C(STRING_CIDR, "\"10.1.2.3/16\"", CIDR(host, 16))
    C(EQ_ANY, "false", CIDR(host, 16), CIDR(net, 16))
};

static kit_t         kit;
static weir_image_t  image;
static weir_eval_t   eval;

static fn_cases_t  table = { &eval, cases, N_OF(cases), NULL, { NULL } };


static int
open_image(void **state)
{
    (void) state;
    fn_cases_open(&kit, &image, &eval);

    return 0;
}


static int
close_image(void **state)
{
    (void) state;
    weir_image_close(&image);
    kit_close(&kit);

    return 0;
}


static void
functions_do_as_kubernetes_does(void **state)
{
    (void) state;
    fn_cases_run(&table);
    fn_cases_no_scratch(&table);
}


static void
every_function_has_a_case(void **state)
{
    (void) state;
    fn_cases_cover(&table, WEIR_FN_IS_IP_S, WEIR_FN_PREFIX_LENGTH_CIDR);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(functions_do_as_kubernetes_does),
        cmocka_unit_test(every_function_has_a_case)
    };

    return cmocka_run_group_tests(tests, open_image, close_image);
}
