/*
 * header.c: names and values of headers that a policy may write.
 */

#include "image/header.h"
#include "image/bounds.h"


static bool
is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
           || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}


bool
weir_header_is_name(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len && i <= WEIR_MAX_HEADER_NAME; i++) {
        if (!is_name_char(s.data[i])) {
            return false;
        }
    }

    return s.len > 0 && s.len <= WEIR_MAX_HEADER_NAME;
}


bool
weir_header_is_kept(weir_str_t name, bool response)
{
    size_t  i;

    static const char *const  kept[] = {
        "connection", "content-length", "expect", "host", "keep-alive", "te",
        "trailer", "transfer-encoding", "upgrade"
    };

    for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (weir_str_eq(name, weir_cstr(kept[i]))) {
            return true;
        }
    }

    return weir_str_starts(name, weir_string("proxy-"))
           || (response && weir_str_eq(name, weir_string("date")));
}


bool
weir_header_is_value(weir_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (!weir_header_is_byte(s.data[i])) {
            return false;
        }
    }

    return s.len <= WEIR_MAX_HEADER_VALUE;
}
